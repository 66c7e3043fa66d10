/**
 * A recorded terminal as asciicast v2 (what asciinema plays) and as text. Rule: pure; output only as it was recorded, input only where
 * it was recorded. Masking of vault passwords is the caller's next step.
 */
import { StringDecoder } from "node:string_decoder";
import type { Frame, Manifest } from "./frame.ts";

/** What an `opened` frame says. */
export type ChannelOpened = { readonly kind: string; readonly command?: string; readonly term?: string; readonly cols?: number; readonly rows?: number };

const json = <T>(frame: Frame): T => JSON.parse(frame.data.toString("utf8")) as T;
const CODE: Partial<Record<Frame["type"], "o" | "i" | "r" | "m">> = { output: "o", error: "o", input: "i", resize: "r", mark: "m" };

const header = (manifest: Manifest | undefined, opened: ChannelOpened): string => JSON.stringify({
  version: 2, width: opened.cols ?? 80, height: opened.rows ?? 24,
  ...(manifest === undefined ? {} : { timestamp: Math.floor(Date.parse(manifest.started) / 1000), title: `${manifest.person} as ${manifest.account} on ${manifest.target}` }),
  ...(opened.command === undefined ? {} : { command: opened.command }),
  env: { TERM: opened.term ?? "xterm" },
});

/** The lines of one channel (the first is 1; marks of channel 0 belong to all), without line ends. A UTF-8 character split over two frames comes out whole. */
export function* toAsciicast(frames: Iterable<Frame>, channel = 1): Generator<string> {
  let manifest: Manifest | undefined, started = false, zero = 0;
  const decoders = { o: new StringDecoder("utf8"), i: new StringDecoder("utf8") };
  for (const frame of frames) {
    if (frame.type === "manifest") manifest = json<Manifest>(frame);
    if (frame.channel !== channel && !(frame.type === "mark" && frame.channel === 0)) continue;
    if (frame.type === "opened") { yield header(manifest, json<ChannelOpened>(frame)); started = true; zero = frame.time; }
    const code = CODE[frame.type];
    if (code === undefined || !started) continue;
    const text = code === "o" || code === "i" ? decoders[code].write(frame.data) : frame.data.toString("utf8");
    if (text !== "") yield JSON.stringify([Math.round(frame.time - zero) / 1000, code, text]);
  }
}

// eslint-disable-next-line no-control-regex
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]*[0-~])/g;

/** What was on the screen, roughly: output without escape sequences, with backspaces applied and lines ended by \n. */
export const transcript = (frames: Iterable<Frame>, channel = 1): string => {
  const decoder = new StringDecoder("utf8");
  let text = "";
  for (const frame of frames) if (frame.channel === channel && (frame.type === "output" || frame.type === "error")) text += decoder.write(frame.data);
  let plain = text.replace(ESCAPES, "").replace(/\r+\n/g, "\n");
  // eslint-disable-next-line no-control-regex
  for (let before = ""; before !== plain;) { before = plain; plain = plain.replace(/[^\n\x08]\x08/g, ""); }
  // eslint-disable-next-line no-control-regex
  return plain.replace(/[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]/g, "");
};
