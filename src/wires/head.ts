/**
 * The first words on a stream that is handed on afterwards: a line, or the head of an HTTP message. Rule: what comes after them stays in the stream,
 * and the stream is given back as it was: nobody has read of it, and it is not paused.
 */
import type { Duplex } from "node:stream";

export type Until = { readonly end: "\n" | "\r\n\r\n"; /** Bytes at most, the end included. */ readonly most: number };

/** Without the end. Rejects where the stream ends, fails, talks too long, or `signal` fires; it is the caller's to destroy. */
export const headOf = (stream: Duplex, { end, most }: Until, signal: AbortSignal): Promise<string> => new Promise((resolve, reject) => {
  let held = Buffer.alloc(0);
  // "readable" and not "data": a stream that was paused by hand does not flow for whoever listens to it next.
  const done = (): void => { signal.removeEventListener("abort", late); stream.off("readable", hear).off("end", lost).off("error", lost).off("close", lost); };
  const fail = (why: string, cause?: unknown): void => { done(); reject(new Error(why, { cause })); };
  const lost = (cause?: unknown): void => fail("it ended before it had said anything whole", cause), late = (): void => fail("it said nothing in time", signal.reason);
  const hear = (): void => {
    for (let part = stream.read() as Buffer | null; part !== null; part = stream.read() as Buffer | null) {
      held = Buffer.concat([held, part]);
      const at = held.indexOf(end);
      if (at < 0 && held.length <= most) continue;
      if (at < 0) return fail("it says more than it may");
      done();
      if (held.length > at + end.length) stream.unshift(held.subarray(at + end.length));
      return resolve(held.subarray(0, at).toString("utf8"));
    }
  };
  if (signal.aborted) return late();
  signal.addEventListener("abort", late, { once: true });
  stream.on("readable", hear).once("end", lost).once("error", lost).once("close", lost);
});
