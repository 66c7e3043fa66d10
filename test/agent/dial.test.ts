/** When an agent comes again. Rule: it is asked of the very loop the program runs, and of a real port that answers as a crowded broker does. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { dial, DialFailure, keepTrying, outcomeOf, type Outcome } from "../../agent/dial.ts";
import { systemRandom } from "../../src/kernel/clock.ts";

const FIRST = 1_000, MOST = 30_000;
/** The pauses between the connections that came to this, one after the other. */
const pausesAfter = async (outcomes: readonly Outcome[]): Promise<number[]> => {
  const stop = new AbortController(), waited: number[] = [], left = [...outcomes];
  await keepTrying({
    pauses: { first: FIRST, most: MOST }, random: systemRandom, signal: stop.signal, once: () => Promise.resolve(left.shift()!),
    wait: (ms) => { waited.push(ms); if (left.length === 0) stop.abort(); return Promise.resolve(); },
  });
  return waited;
};
const between = (ms: number, whole: number): void => { expect(ms).toBeGreaterThanOrEqual(Math.floor(whole / 2)); expect(ms).toBeLessThanOrEqual(whole); };

test("failures double the pause up to half a minute, one that worked begins anew", async () => {
  const waited = await pausesAfter(["failed", "failed", "failed", "failed", "failed", "failed", "worked", "failed"]);
  for (const [i, whole] of [2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 1_000, 2_000].entries()) between(waited[i]!, whole);
});

test("who is told when comes then, however often, and their pause does not grow by it", async () => {
  const waited = await pausesAfter([...Array.from({ length: 20 }, () => ({ after: 4_000 })), "failed"]);
  for (const ms of waited.slice(0, 20)) between(ms, 4_000);
  between(waited[20]!, 2_000);
});

test("whatever was told, the pause stays within the agent's own bounds", () => fc.assert(fc.asyncProperty(fc.double({ min: 0, noNaN: true }), async (after) => {
  const [ms] = await pausesAfter([{ after }]);
  expect(ms).toBeGreaterThanOrEqual(FIRST / 2);
  expect(ms).toBeLessThanOrEqual(MOST);
})));

test("a port that says Retry-After is understood; one that says none, or nonsense, is a failure", async () => {
  let says: Record<string, string> = {};
  const server = createServer().on("upgrade", (_q, socket) => socket.end(`HTTP/1.1 429 No\r\n${Object.entries(says).map(([k, v]) => `${k}: ${v}\r\n`).join("")}Content-Length: 5\r\n\r\nfull\n`));
  await new Promise<void>((up) => { server.listen(0, "127.0.0.1", up); });
  const { port } = server.address() as AddressInfo;
  const asked = async (headers: Record<string, string>): Promise<Outcome> => {
    says = headers;
    const e: unknown = await dial({ server: { host: "127.0.0.1", port }, trust: null }, AbortSignal.timeout(5_000)).then(() => undefined, (no: unknown) => no);
    expect(e).toBeInstanceOf(DialFailure);
    expect(e).toMatchObject({ step: "portal", why: "full", final: false });
    return outcomeOf(e);
  };
  try {
    expect(await asked({ "Retry-After": "4" })).toEqual({ after: 4_000 });
    for (const headers of [{}, { "Retry-After": "soon" }, { "Retry-After": "-1" }, { "Retry-After": "999999" }, { "Retry-After": "1.5" }]) expect(await asked(headers), JSON.stringify(headers)).toBe("failed");
  } finally { server.closeAllConnections(); server.close(); }
});
