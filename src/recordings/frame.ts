/**
 * What a recording says, before it is sealed. Rule: a frame is {seq, monotonic ms since the start, type, channel, data}; one layout, both ways.
 *
 * seq u48 · time f64 · type u8 · channel u16 · length u32 · data
 */
import { CHUNK } from "../crypto/frames.ts";

/** Numbers are on disk for ever: add, never renumber. */
export const FRAME = { manifest: 0, input: 1, output: 2, error: 3, resize: 4, mark: 5, opened: 6, closed: 7, end: 8, event: 9 } as const;
export type FrameType = keyof typeof FRAME;
const NAMES = Object.fromEntries(Object.entries(FRAME).map(([name, no]) => [no, name])) as Record<number, FrameType>;

export type Frame = { readonly seq: number; readonly time: number; readonly type: FrameType; readonly channel: number; readonly data: Buffer };

/** Written by the caller as the first frame: whose session this is. `started` is wall time, ISO 8601. */
export type Manifest = {
  readonly session: string; readonly person: string; readonly account: string; readonly target: string;
  readonly address: string; readonly protocol: "ssh" | "rdp" | "vnc"; readonly started: string;
};

export const FRAME_HEAD = 21;
/** The most data one frame holds; longer data is split over several. */
export const FRAME_DATA = CHUNK - FRAME_HEAD;

/** Writes the head at `at`; the data follows it. Returns where the data goes. */
export const writeHead = (into: Buffer, at: number, frame: Omit<Frame, "data">, length: number): number => {
  into.writeUIntBE(frame.seq, at, 6);
  into.writeDoubleBE(frame.time, at + 6);
  into[at + 14] = FRAME[frame.type];
  into.writeUInt16BE(frame.channel, at + 15);
  into.writeUInt32BE(length, at + 17);
  return at + FRAME_HEAD;
};

/** The frames of one opened chunk. A body that does not add up was written by something else: RangeError. */
export function* framesOf(body: Buffer): Generator<Frame> {
  for (let at = 0; at < body.length;) {
    const length = body.readUInt32BE(at + 17), from = at + FRAME_HEAD, type = NAMES[body[at + 14] ?? -1];
    if (type === undefined || from + length > body.length) throw new RangeError("a chunk holds something that is not a frame");
    yield { seq: body.readUIntBE(at, 6), time: body.readDoubleBE(at + 6), type, channel: body.readUInt16BE(at + 15), data: body.subarray(from, from + length) };
    at = from + length;
  }
}
