/**
 * Telnet over a stream somebody else opened (RFC 854). Rules: every option is refused, once; nothing proves who the other end is and
 * everybody on the way can read along, so whoever uses this says so to people.
 */
import type { Duplex } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { incoming, type Line } from "./line.ts";

const IAC = 255, DONT = 254, DO = 253, WONT = 252, WILL = 251, SB = 250, SE = 240, CR = 13;
/** A peer that asks for more than there are options is not spoken to any longer. */
const ASKS = 512;

export type Heard = { readonly data: Buffer; readonly reply: Buffer };
type State = "data" | "iac" | "option" | "sub" | "sub-iac";

/** Bytes in as they come, however they are cut; out the data among them and what is to be answered. */
export const telnetReader = (): ((part: Buffer) => Heard) => {
  let state: State = "data", verb = 0;
  const answered = new Set<number>();
  /** A wish to leave an option off is what we do anyway; answering it would be a loop of two. */
  const refusal = (option: number): number[] => {
    if ((verb !== DO && verb !== WILL) || answered.has(verb * 256 + option)) return [];
    answered.add(verb * 256 + option);
    return [IAC, verb === DO ? WONT : DONT, option];
  };
  return (part) => {
    const data: number[] = [], reply: number[] = [];
    for (const byte of part) {
      if (state === "data") { if (byte === IAC) state = "iac"; else data.push(byte); }
      else if (state === "iac") {
        if (byte === IAC) { data.push(IAC); state = "data"; } else if (byte >= WILL) { verb = byte; state = "option"; } else state = byte === SB ? "sub" : "data";
      } else if (state === "option") { reply.push(...refusal(byte)); state = "data"; }
      else if (state === "sub") { if (byte === IAC) state = "sub-iac"; }
      else state = byte === SE ? "data" : "sub";
    }
    return { data: Buffer.from(data), reply: Buffer.from(reply) };
  };
};

/** As it goes over the wire: IAC doubled, a return that is not a line's end followed by NUL. */
export const telnetBytes = (bytes: Buffer): Buffer => {
  const out: number[] = [];
  bytes.forEach((byte, i) => { out.push(byte); if (byte === IAC) out.push(IAC); if (byte === CR && bytes[i + 1] !== 10) out.push(0); });
  return Buffer.from(out);
};

/** What is said first: SSH's own greeting, something else, or null where nobody says anything in time. The stream is not used any further. */
export const greeting = (stream: Duplex, signal: AbortSignal): Promise<"ssh" | "other" | null> => new Promise((resolve) => {
  let heard = Buffer.alloc(0);
  const done = (answer: "ssh" | "other" | null): void => { signal.removeEventListener("abort", late); stream.destroy(); resolve(answer); };
  const late = (): void => done(heard.length > 0 ? "other" : null);
  stream.on("error", late).on("close", late).on("data", (part: Buffer) => {
    heard = Buffer.concat([heard, part]);
    if (heard.length >= 4) done(heard.subarray(0, 4).toString("latin1") === "SSH-" ? "ssh" : "other");
  });
  if (signal.aborted) return late();
  signal.addEventListener("abort", late, { once: true });
});

export const telnetLine = (stream: Duplex): Line => {
  const read = telnetReader(), text = new StringDecoder("utf8"), side = incoming();
  let asks = 0;
  stream.on("data", (part: Buffer) => {
    const { data, reply } = read(part);
    asks += reply.length / 3;
    if (reply.length > 0 && asks <= ASKS && !stream.destroyed) stream.write(reply);
    side.heard(text.write(data));
  });
  stream.on("error", () => side.ended({ exit: null, cut: "the connection was lost" })).on("end", () => side.ended({ exit: null })).on("close", () => side.ended({ exit: null }));
  return { enter: "\r\n", write: (bytes) => { if (!stream.destroyed) stream.write(telnetBytes(bytes)); }, listen: side.listen, close: () => stream.destroy() };
};
