/** The page that is typed into. Rule: a key is pressed when nothing of the one before is on its way any more; what counts is the first picture after it. */
import { isDrawn, sit, type Seat } from "./rdp-crowd.ts";

export type KeyPage = { bytes(): number; /** Milliseconds from a key to the first picture after it; NaN: none came in a second. */ press(): Promise<number>; close(): void };

/** xorgxrdp draws 25 times a second at most: a key sooner after the last picture would measure its patience. */
const REST = 60, PATIENCE = 1_000, K = "k".codePointAt(0)!;
const after = (ms: number): Promise<void> => new Promise((done) => { setTimeout(done, ms); });

/** When its terminal is drawn and has the keyboard. */
export const pageAt = async (seat: Seat): Promise<KeyPage> => {
  let bytes = 0, wake: (() => void) | undefined, failed = "";
  const ws = sit(seat, (text, n) => { bytes += n; if (wake !== undefined && isDrawn(text)) wake(); }, (why) => { failed = why; });
  const picture = (ms: number): Promise<boolean> => new Promise((resolve) => {
    const late = setTimeout(() => { wake = undefined; resolve(false); }, ms);
    wake = () => { wake = undefined; clearTimeout(late); resolve(true); };
  });
  const press = async (): Promise<number> => {
    const begun = performance.now(), came = picture(PATIENCE);
    ws.send(`3.key,3.${K},1.1;`);
    ws.send(`3.key,3.${K},1.0;`);
    return await came ? performance.now() - begun : NaN;
  };
  if (!await picture(30_000)) throw new Error(`the desktop that is typed into was not drawn: ${failed}`);
  ws.send("5.mouse,3.300,3.300,1.0;");
  // Until the terminal is up, a key draws nothing.
  for (let tries = 0; Number.isNaN(await press()); tries++) if (tries > 20) throw new Error(`the desktop that is typed into does not answer: ${failed}`);
  await after(PATIENCE);
  return { bytes: () => bytes, press, close: () => ws.terminate() };
};

/** Keys for so long. Throws when one in twenty drew nothing. */
export const keys = async (page: KeyPage, ms: number): Promise<number[]> => {
  const took: number[] = [];
  let lost = 0;
  for (const end = performance.now() + ms; performance.now() < end; await after(REST + 20 * Math.random())) {
    const one = await page.press();
    if (Number.isNaN(one)) lost += 1; else took.push(one);
  }
  if (lost * 20 > took.length) throw new Error(`${lost} of ${took.length + lost} keys drew nothing`);
  return took;
};
