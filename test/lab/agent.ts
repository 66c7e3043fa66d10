/**
 * An agent for tests that are about its connection: the program's own dial, serve and carry, in this process, with verbs that answer at once. Rule:
 * what it was asked and told is kept for the test; the whole program is tested as a process of its own elsewhere.
 */
import { carrier, type Carrier } from "../../agent/carry.ts";
import { dial, keepTrying, outcomeOf, type Dialling, type Outcome } from "../../agent/dial.ts";
import { pin, pinnedKeys, pinnedLines } from "../../agent/pins.ts";
import { serve, type Served, type Serving } from "../../agent/serve.ts";
import type { Pins, State } from "../../agent/state.ts";
import { newBoxKey } from "../../src/crypto/box.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { boxText, type Deeds, type SignedList, type Verb } from "../../src/wires/agent-words.ts";
import { newSshKey, publicLine, signText } from "../../src/wires/ssh.ts";

export type AgentOptions = {
  readonly origin: string; readonly brokerKeys: readonly string[]; readonly mode?: "agent" | "gateway"; readonly name?: string; readonly userName?: string;
  readonly token?: string | undefined; readonly id?: string; readonly hostKey?: string; readonly narrowed?: readonly string[] | null;
  readonly resolve?: (host: string) => Promise<readonly string[]>; readonly verbs?: Partial<Deeds>; readonly proxy?: Dialling["proxy"]; readonly trust?: Dialling["trust"];
  /** What it learned in an earlier life of the broker's keys. */
  readonly pins?: Pins | undefined;
  /** Of its pauses and signs of life, in milliseconds. */
  readonly pause?: number; readonly most?: number; readonly beat?: number;
};
export type TestAgent = AsyncDisposable & {
  id: string | undefined;
  readonly hostKey: string; readonly publicLine: string; readonly carry: Carrier;
  /** What it has learned of the broker's keys; and the lines that were proven, one a connection. */
  readonly kept: Pick<State, "pins" | "keepPins" | "brokerKeys" | "agent">; readonly proofs: string[];
  readonly asked: Verb[]; readonly standings: { state: string; why?: string | undefined }[]; readonly refused: string[];
  /** How its connections ended, oldest first. */
  readonly ends: string[];
  /** Starts anew with another token, key or name for the broker. */
  token: string | undefined;
  served(): Served | undefined;
  /** This connection is its last. */
  last(): void;
  stop(): Promise<void>;
};

const deedsOf = (o: AgentOptions, a: TestAgent, boxKey: string): Deeds => {
  const said = <V extends Verb>(verb: V, reply: Deeds[V]): Deeds[V] =>
    ((ask: never, signal: AbortSignal) => { a.asked.push(verb); return (reply as unknown as (ask: never, signal: AbortSignal) => Promise<never>)(ask, signal); }) as unknown as Deeds[V];
  const own: Deeds = {
    hello: () => Promise.resolve({
      ...(a.id === undefined && a.token !== undefined ? { token: a.token } : {}), mode: o.mode ?? "agent", userName: o.userName ?? "operator", serverName: o.name ?? "dmz-1", version: "0.1.0", now: Date.now(), boxKey,
      allowNo: a.carry.no(), boxProof: signText(Secret.of(a.hostKey), boxText(a.id ?? "", boxKey)), facts: { os: "linux" }, sshKeys: [],
    }),
    enrolled: ({ agent }) => { a.id = agent; return Promise.resolve({ done: true as const }); },
    standing: ({ state, why }) => { a.standings.push({ state, why }); return Promise.resolve({ done: true as const }); },
    accounts: () => Promise.resolve({ accounts: [], facts: {} }), verify: () => Promise.resolve("none" as const), change: () => Promise.resolve({ unknown: "this agent changes nothing" }), orders: () => Promise.resolve({ orders: [] }), "end-logins": () => Promise.resolve({ ended: 0 }), rules: () => Promise.resolve({ rules: {} }),
    doctor: () => Promise.resolve({ checks: [] }),
    "update-key": async (ask) => { await Promise.resolve(); return "broker" in ask ? { pinned: pin({ BrokerKey: [...o.brokerKeys] }, a.kept as State, ask) } : { hostKey: a.publicLine, next: null }; }, allow: (signed) => Promise.resolve(a.carry.take(signed)), ...o.verbs,
  };
  return Object.fromEntries(Object.entries(own).map(([verb, reply]) => [verb, said(verb as Verb, reply as never)])) as unknown as Deeds;
};

const urlOf = (origin: string) => { const url = new URL(origin); return { tls: url.protocol === "https:", server: { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port) } }; };

export const testAgent = (o: AgentOptions): TestAgent => {
  const hostKey = o.hostKey ?? newSshKey(), stopped = new AbortController(), { tls, server } = urlOf(o.origin);
  let kept: SignedList | undefined, served: Served | undefined, pins = o.pins;
  const conf = { BrokerKey: [...o.brokerKeys] };
  const carry = carrier({ agent: () => a.id, own: (o.mode ?? "agent") === "agent", brokerKeys: () => pinnedLines(conf, a.kept), narrowed: o.narrowed ?? null, kept, keep: (signed) => { kept = signed; }, ...(o.resolve ? { resolve: o.resolve } : {}) });
  const serving = (): Serving => ({
    hostKeys: [hostKey], brokerKeys: pinnedKeys(conf, a.kept), verbs: deedsOf(o, a, boxKey), mayCarry: (host, port) => carry.mayCarry(host, port),
    log: (_level, what) => { a.refused.push(what); }, handshake: 10_000, verbLimit: 10_000, dial: 5_000, beat: o.beat ?? 5_000,
  });
  let last = false;
  const once = async (signal: AbortSignal): Promise<Outcome> => {
    if (last) await new Promise((over) => { signal.addEventListener("abort", over, { once: true }); });
    const limit = AbortSignal.any([signal, AbortSignal.timeout(10_000)]);
    try {
      const stream = await dial({ server, trust: o.trust ?? (tls ? "whoever" : null), agent: a.id, proxy: o.proxy }, limit), mine = served = serve(stream, serving());
      signal.addEventListener("abort", () => mine.close(), { once: true });
      const worked = await mine.proven.then((line) => { a.proofs.push(line); return "worked" as const; }, (e: Error) => { a.ends.push(e.message); return "failed" as const; });
      await mine.over;
      a.ends.push(stream.farWords() ?? "over");
      return worked;
    } catch (e) { a.ends.push(e instanceof Error ? e.message : "failed"); return outcomeOf(e); }
  };
  const boxKey = newBoxKey().publicKey, a: TestAgent = {
    id: o.id, token: o.token, hostKey, proofs: [], kept: { pins: () => pins, keepPins: (p) => { pins = p; }, brokerKeys: () => [...new Set(a.proofs)], agent: () => a.id }, publicLine: publicLine(hostKey), carry, asked: [], standings: [], refused: [], ends: [], served: () => served, last: () => { last = true; },
    stop: async () => { stopped.abort(); await life; }, [Symbol.asyncDispose]: () => a.stop(),
  };
  const wait = (ms: number, signal: AbortSignal): Promise<void> => new Promise((done) => {
    const end = (): void => { clearTimeout(timer); signal.removeEventListener("abort", end); done(); }, timer = setTimeout(end, ms);
    signal.addEventListener("abort", end, { once: true });
  });
  const life = keepTrying({ pauses: { first: o.pause ?? 20, most: o.most ?? (o.pause ?? 20) * 20 }, random: systemRandom, signal: stopped.signal, once, wait });
  return a;
};
