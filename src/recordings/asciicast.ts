/** A recorded channel as asciicast v2, which asciinema plays. Rule: pure; output only as it was recorded, input of terminals only. Masking is the caller's step before this. */
import { channelsIn, type Channel } from "./channels.ts";
import type { Frame, Manifest } from "./frame.ts";
import { linesOf } from "./lines.ts";

export type { ChannelOpened } from "./channels.ts";

const header = (manifest: Manifest | undefined, { opened }: Channel): string => JSON.stringify({
  version: 2, width: opened.cols ?? 80, height: opened.rows ?? 24,
  ...(manifest === undefined ? {} : { timestamp: Math.floor(Date.parse(manifest.started) / 1000), title: `${manifest.person} as ${manifest.account} on ${manifest.target}` }),
  ...(opened.command === undefined ? {} : { command: opened.command }),
  env: { TERM: opened.term ?? "xterm" },
});
/** The lines, without line ends. */
export function* castOf(manifest: Manifest | undefined, c: Channel): Generator<string> {
  yield header(manifest, c);
  for (const p of c.pieces) yield JSON.stringify([p.at / 1000, p.code, p.text]);
  if (c.shortened) yield JSON.stringify([(c.pieces.at(-1)?.at ?? 0) / 1000, "m", "shortened here: the rest is in the raw recording"]);
}
/** Of one channel (the first is 1). */
export function* toAsciicast(frames: Iterable<Frame>, channel = 1): Generator<string> {
  const { manifest, channels } = channelsIn(frames), c = channels.find((x) => x.no === channel);
  if (c) yield* castOf(manifest, c);
}
/** What was on the screen, roughly. */
export const transcript = (frames: Iterable<Frame>, channel = 1): string => {
  const c = channelsIn(frames).channels.find((x) => x.no === channel);
  return c ? linesOf(c).map((l) => l.text + (l.ended ? "\n" : "")).join("") : "";
};
