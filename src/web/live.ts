/** "Something changed", as a stream. Rule: it carries no facts; the page asks again and is authorised again. */
import { streamSSE } from "hono/streaming";
import type { Ctx, WebDeps } from "./deps.ts";

/** Ends after the idle time at the latest: the browser comes back, and its login is checked again. */
export const live = (c: Ctx, { flow }: WebDeps, topic: string): Response => {
  const { times } = flow;
  c.header("Cache-Control", "no-store");
  c.header("X-Accel-Buffering", "no");
  return streamSSE(c, async (stream) => {
    let wake: () => void = () => {}, changed = false, over = false;
    const stop = flow.bus.subscribe(topic, () => { changed = true; wake(); });
    const end = setTimeout(() => { over = true; wake(); }, times.loginIdle);
    stream.onAbort(() => { over = true; wake(); });
    try {
      await stream.write(": open\n\n");
      while (!over) {
        const beat = await new Promise<boolean>((done) => {
          const timer = setTimeout(() => done(true), times.sessionRenew);
          wake = () => { clearTimeout(timer); done(false); };
          if (changed || over) wake();
        });
        if (over) break;
        if (beat) { await stream.write(": beat\n\n"); continue; }
        changed = false;
        await stream.writeSSE({ event: "changed", data: "1" });
      }
    } finally { stop(); clearTimeout(end); }
  });
};
