/** One agent that says nonsense, or whose coming never ends, delays nobody else: each wait for it has an end, and each question an answer. */
import { EventEmitter, once } from "node:events";
import { createServer, type AddressInfo, type Server } from "node:net";
import { duplexPair, type Duplex } from "node:stream";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { serve } from "../../agent/serve.ts";
import { Agents, type Voice } from "../../proxy/tunnel/agents.ts";
import { questions } from "../../proxy/tunnel/questions.ts";
import { upSchema, type Seen, type TunnelPlane, type Up } from "../../proxy/tunnel/words.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { times } from "../../src/kernel/times.ts";
import { newSshKey, publicLine } from "../../src/wires/ssh.ts";

const A = `agt_${"a".repeat(20)}`, B = `agt_${"b".repeat(20)}`, never = new Promise<never>(() => undefined), broker = newSshKey();
const IN = { name: "dmz", state: "active", owner: "operator", no: null, allow: null } as const;
let target: Server, port: number;
beforeAll(async () => {
  target = createServer((s) => { s.on("error", () => undefined).pipe(s); });
  await once(target.listen(0, "127.0.0.1"), "listening");
  port = (target.address() as AddressInfo).port;
});
afterAll(() => { target.close(); });

const streams: Duplex[] = [];
afterEach(() => { for (const s of streams.splice(0)) s.destroy(); });
const tunnel = (up: Voice["up"]) => {
  const downs: string[] = [], voice: Voice = { who: () => never, enrol: () => never, up, beat: () => undefined, down: (agent, why) => { downs.push(`${agent} ${why}`); } };
  return { downs, agents: new Agents({ voice, keys: [Secret.of(broker)], clock: systemClock, times: { ...times(1), targetDial: 2_000 }, log: () => undefined }) };
};
/** A whole agent at the other end of a pair of streams. */
const comes = (agents: Agents, id: string, now = Date.now()): Promise<void> => {
  const key = newSshKey(), [near, far] = duplexPair(), done = () => Promise.resolve({ done: true as const });
  streams.push(near, far);
  const hello = () => Promise.resolve({ mode: "agent", userName: "operator", serverName: "dmz", version: "0.1.0", now, boxKey: "b".repeat(43), allowNo: 0, boxProof: "p", facts: {}, sshKeys: [] });
  serve(far, { hostKeys: [key], brokerKeys: [publicLine(broker)], verbs: { hello, standing: done, doctor: () => Promise.resolve({ checks: [] }) } as never, mayCarry: (host: string, at: number) => Promise.resolve([{ host, port: at }]) as never, log: () => undefined, handshake: 10_000, verbLimit: 10_000, dial: 5_000, beat: 5_000 } as never);
  return agents.welcome(id, [publicLine(key)], { stream: near, address: "192.0.2.1", refuse: () => undefined });
};
const took = async <T>(work: Promise<T>): Promise<{ ms: number; got: T | string }> => {
  const begun = performance.now(), got = await work.catch((e: Error) => e.message);
  return { ms: performance.now() - begun, got };
};

describe("an agent of which the broker does not say how it stands", () => {
  test("has its share of a dialler's time, and the next one carries; a call of it ends when its caller's patience does", async () => {
    const { agents } = tunnel((seen) => (seen.agent === A ? never : Promise.resolve(IN)));
    void comes(agents, A).catch(() => undefined);
    await comes(agents, B);
    const dialled = await took(agents.dial([A, B], "127.0.0.1", port, AbortSignal.timeout(30_000)));
    expect(dialled.got).toMatchObject({ via: B });
    expect(dialled.ms).toBeLessThan(4_000);
    const patient = await took(agents.call(A, "doctor", {}, { limit: 500 })), called = await took(agents.call(A, "doctor", {}, { limit: 60_000, signal: AbortSignal.timeout(500) }));
    for (const one of [patient, called]) { expect(one.got).toBe("it has only just come, and is not ready"); expect(one.ms).toBeLessThan(4_000); }
  }, 30_000);
  test("is let go when its connection ends, and is said to be gone", async () => {
    const { agents, downs } = tunnel(() => never), coming = took(comes(agents, A));
    await new Promise((done) => { setTimeout(done, 1_000); });
    for (const s of streams) s.destroy();
    expect((await coming).got).toBe("its connection ended while it came");
    expect(downs.at(-1)).toBe(`${A} its connection ended while it came`);
    await expect(agents.call(A, "doctor", {}, { limit: 5_000 })).rejects.toThrow("it is not connected");
  }, 30_000);
});

test.each([1e300, -1e300, 0])("a clock that says %d is far off, and the broker reads it all the same", async (now) => {
  const seen: Seen[] = [], { agents } = tunnel((s) => { seen.push(s); return Promise.resolve(IN); });
  await comes(agents, A, now);
  const skew = now === 1e300 ? 2 ** 31 - 1 : 1 - 2 ** 31;
  expect([seen[0]!.skewMs, upSchema.safeParse({ kind: "up", n: 1, ...seen[0] }).success]).toEqual([skew, true]);
});

test("a question that the broker never answers ends in its limit; one that it answers late is over", async () => {
  const asked: Up[] = [], q = questions((m) => { asked.push(m); }, 100);
  await expect(q.ask((n) => ({ kind: "who", n, agent: A, address: "192.0.2.1" }))).rejects.toMatchObject({ code: "upstream", message: "the broker did not answer in time" });
  q.hear({ kind: "reply", re: 1, body: {} });
  const two = q.ask((n) => ({ kind: "who", n, agent: A, address: "192.0.2.1" }));
  q.hear({ kind: "reply", re: 2, body: "yes" });
  expect([await two, asked.length]).toEqual(["yes", 2]);
});

class Child extends EventEmitter {
  connected = true;
  exitCode = 0;
  readonly sent: Record<string, unknown>[] = [];
  send(message: Record<string, unknown>): boolean { this.sent.push(message); return true; }
}
const child = new Child();
vi.mock("node:child_process", async (real) => ({ ...await real<object>(), fork: () => child }));
test("what the broker cannot read is answered where somebody waits for it, on either side", async () => {
  const { startTunnel } = await import("../../proxy/tunnel/keeper.ts"), said: string[] = [];
  const starting = startTunnel({ setup: { door: "", exchange: "", passes: "0".repeat(64), agentKeys: [""], timescale: 1 }, plane: {} as TunnelPlane, log: (_l: string, what: string) => { said.push(what); }, pause: 1 } as never);
  child.emit("message", { kind: "ready" });
  const keeper = await starting, calling = keeper.call(A, "doctor", {}, 60_000);
  child.emit("message", { kind: "up", n: 7, agent: A, skewMs: 1e300 });
  child.emit("message", { kind: "reply", re: 1, body: {}, more: true });
  for (const odd of [null, "up", { kind: "up" }, { kind: "up", n: -1 }, { n: "7" }]) child.emit("message", odd);
  await expect(calling).rejects.toMatchObject({ code: "internal", message: "the tunnel's answer is not of this protocol" });
  expect(child.sent.filter((m) => m["kind"] === "fault")).toEqual([{ kind: "fault", re: 7, code: "invalid", message: "What was said of this agent is not of this protocol." }]);
  expect(said).toEqual(Array(7).fill("the tunnel said something that is not of this protocol"));
  await keeper.close();
});
