/** What the tunnel process asks its broker, and the answers. Rule: every question ends: answered, refused, or in `limit` milliseconds. */
import { Fault } from "../../src/kernel/fault.ts";
import type { Down, Up } from "./words.ts";

type Waiting = { resolve(body: unknown): void; reject(fault: Fault): void };
export const questions = (tell: (message: Up) => void, limit: number) => {
  const waiting = new Map<number, Waiting>();
  let n = 0;
  const take = (re: number): Waiting | undefined => { const one = waiting.get(re); waiting.delete(re); return one; };
  return {
    ask: (message: (n: number) => Up): Promise<unknown> => new Promise((resolve, reject) => {
      const mine = ++n, late = setTimeout(() => take(mine)?.reject(new Fault("upstream", "the broker did not answer in time")), limit);
      waiting.set(mine, { resolve: (body) => { clearTimeout(late); resolve(body); }, reject: (fault) => { clearTimeout(late); reject(fault); } });
      tell(message(mine));
    }),
    hear: (m: Extract<Down, { kind: "reply" | "fault" }>): void => {
      const one = take(m.re);
      if (m.kind === "reply") one?.resolve(m.body); else one?.reject(new Fault(m.code, m.message));
    },
  };
};
