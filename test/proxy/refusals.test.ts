import { afterEach, beforeEach, expect, test, vi } from "vitest";
import fc from "fast-check";
import { REFUSALS, upSchema } from "../../proxy/channel.ts";
import { waits } from "../../proxy/limits.ts";
import { Refusals } from "../../proxy/ssh/refusals.ts";
import { times } from "../../src/kernel/times.ts";

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

type Act = { readonly add: string } | "wait" | "open" | "close";
const act: fc.Arbitrary<Act> = fc.oneof({ weight: 6, arbitrary: fc.string({ maxLength: 400 }).map((add) => ({ add })) }, fc.constantFrom<Act>("wait", "open", "close"));

test("whatever a client does: every message is of the protocol, no kind is told twice, and a connection tells no more than its bound", () => {
  fc.assert(fc.property(fc.array(act, { maxLength: 80 }), (acts) => {
    const told: string[] = [], w = waits(times(1));
    const refusals = new Refusals({ login: "tok_1", to: () => ({ account: "root", target: "web-1" }) }, { waits: w, tell: (kind, message) => {
      const { what } = upSchema.parse({ kind, n: 1, ...message }) as { what: string[] };
      told.push(...what);
    } });
    for (const a of acts) {
      if (a === "wait") vi.advanceTimersByTime(w.refusal);
      else if (a === "open") refusals.take();
      else if (a === "close") refusals.tell();
      else refusals.add(a.add);
    }
    refusals.tell();
    expect(new Set(told).size).toBe(told.length);
    expect(told.length).toBeLessThanOrEqual(REFUSALS);
    expect(vi.getTimerCount()).toBe(0);
  }));
});

test("what a session takes over is not told; what it does not is told after the wait, without a close", () => {
  const told: unknown[] = [], w = waits(times(1)), make = () => new Refusals({ login: "tok_1", to: () => undefined }, { waits: w, tell: (kind, message) => { told.push([kind, message]); } });
  const taken = make(), left = make();
  taken.add("agent"); taken.add("agent"); left.add("sftp");
  expect(taken.take()).toEqual(["agent", "agent"]);
  vi.advanceTimersByTime(w.refusal - 1);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(told).toEqual([["refused", { login: "tok_1", to: null, what: ["sftp"] }]]);
});
