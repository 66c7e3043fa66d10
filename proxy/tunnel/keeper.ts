/**
 * The tunnel process as the broker sees it: started with an empty environment, watched, replaced. Rule: its keys go over the pipe between the two,
 * never through argv or the environment; while it is away every call says so at once, and agents come back by themselves.
 */
import { fork, type ChildProcess } from "node:child_process";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { Fault, toFault } from "../../src/kernel/fault.ts";
import type { Ask, Reply, Verb } from "../../src/wires/agent-words.ts";
import { REPLIES } from "../../src/wires/agent-words.ts";
import type { Log } from "../log.ts";
import { words } from "../log.ts";
import { numbered, upSchema, type Down, type Seen, type TunnelCalls, type TunnelPlane, type TunnelSetup, type Up } from "./words.ts";

export type TunnelOptions = { readonly setup: Omit<TunnelSetup, "kind">; readonly plane: TunnelPlane; readonly log: Log; /** Before a dead one is replaced, in milliseconds. */ readonly pause: number };
export type Tunnel = TunnelCalls & {
  /** A stream for one agent's WebSocket, unread. undefined: there is no tunnel right now. */
  door(): Socket | undefined;
  pid(): number | undefined;
  close(): Promise<void>;
};

const SOURCE = import.meta.url.endsWith(".ts");
const ENTRY = fileURLToPath(new URL(SOURCE ? "./main.ts" : "./main.js", import.meta.url));
/** As for session processes (proxy/crew.ts): carried bytes die young and live outside V8's heap. */
const COLLECTOR = ["--external-memory-accounted-in-global-limit", "--initial-old-space-size=96", "--max-semi-space-size=4"];
const AWAY = "the tunnel to agents and gateways is starting again: try again in a moment";

class Keeper implements Tunnel {
  readonly #o: TunnelOptions;
  #child: ChildProcess | undefined;
  #ready = false;
  #closing = false;
  /** It has run once: from here on a dead one is replaced, however often. */
  #begun = false;
  #n = 0;
  readonly #calls = new Map<number, { verb: Verb; resolve(body: never): void; reject(fault: Fault): void }>();
  /** Those of now: a process that replaces a dead one is set up with them. */
  #agentKeys: readonly string[];
  constructor(o: TunnelOptions) { this.#o = o; this.#agentKeys = o.setup.agentKeys; }

  start(): Promise<void> {
    const child = fork(ENTRY, [], { execArgv: SOURCE ? [...COLLECTOR, "--import", "tsx"] : COLLECTOR, env: {}, stdio: ["ignore", "ignore", "inherit", "ipc"] });
    this.#child = child;
    return new Promise((resolve, reject) => {
      child.on("error", (error) => this.#o.log("error", "the tunnel process failed", { error: error.message }));
      child.on("message", (raw) => this.#hear(raw, resolve));
      child.once("exit", (code, signal) => { this.#bury(`${signal ?? code ?? ""}`); reject(new Error("the tunnel process died at its start")); });
      this.#send({ kind: "setup", ...this.#o.setup, agentKeys: [...this.#agentKeys] });
    });
  }

  #send(message: Down): boolean { return this.#child?.connected === true && (this.#child.send(message), true); }

  #hear(raw: unknown, ready: () => void): void {
    const parsed = upSchema.safeParse(raw);
    if (!parsed.success) return this.#unread(raw);
    const m = parsed.data, { plane } = this.#o;
    switch (m.kind) {
      case "ready": this.#ready = true; return ready();
      case "log": return this.#o.log(m.level, m.what, m.fields);
      case "who": return this.#answer(m.n, plane.who(m.agent, m.address));
      case "enrol": return this.#answer(m.n, plane.enrol(m.hostKey, m.brokerKey, m.hello, m.address));
      case "up": { const { n, ...seen } = m; return this.#answer(n, plane.up(bare(seen))); }
      case "beat": return this.#told(m, plane.beat(m.agent));
      case "down": return this.#told(m, plane.down(m.agent, m.why));
      case "reply": case "fault": return this.#settle(m);
    }
  }

  /** Whoever waits for an answer gets one all the same, there and here. */
  #unread(raw: unknown): void {
    this.#o.log("error", "the tunnel said something that is not of this protocol");
    const { n, re } = numbered.safeParse(raw).data ?? {};
    if (n !== undefined) this.#send({ kind: "fault", re: n, code: "invalid", message: "What was said of this agent is not of this protocol." });
    if (re !== undefined) this.#settle({ kind: "fault", re, code: "internal", message: "the tunnel's answer is not of this protocol" });
  }
  #answer(re: number, work: Promise<unknown>): void {
    work.then((body) => void this.#send({ kind: "reply", re, body }), (e: unknown) => {
      const { code, message } = toFault(e);
      if (code === "internal") this.#o.log("error", "an agent's question failed", { error: words(e) });
      this.#send({ kind: "fault", re, code, message });
    });
  }
  #told(m: Up, work: Promise<void>): void { work.catch((e: unknown) => this.#o.log("warn", `an agent's ${m.kind} was not taken`, { error: words(e) })); }
  #settle(m: Extract<Up, { kind: "reply" | "fault" }>): void {
    const one = this.#calls.get(m.re);
    this.#calls.delete(m.re);
    if (m.kind === "fault") return one?.reject(new Fault(m.code, m.message));
    const body = one && REPLIES[one.verb].safeParse(m.body);
    if (body?.success) one?.resolve(body.data as never); else one?.reject(new Fault("internal", "the tunnel's answer is not of this protocol"));
  }

  #bury(how: string): void {
    const was = this.#ready;
    this.#child = undefined;
    this.#ready = false;
    for (const one of this.#calls.values()) one.reject(new Fault("upstream", AWAY));
    this.#calls.clear();
    if (this.#closing || !(this.#begun ||= was)) return;
    this.#o.log("error", "the tunnel process died", { how });
    this.#o.plane.lost().catch((e: unknown) => this.#o.log("warn", "agents that are gone were not written down", { error: words(e) }));
    setTimeout(() => { if (!this.#closing) this.start().catch(() => undefined); }, this.#o.pause);
  }

  door(): Socket | undefined { return this.#ready ? connect({ path: this.#o.setup.door }) : undefined; }
  call<V extends Verb>(agent: string, verb: V, ask: Ask<V>, limit: number, signal?: AbortSignal): Promise<Reply<V>> {
    return new Promise((resolve, reject) => {
      const n = ++this.#n, forget = (): void => void this.#send({ kind: "forget", re: n });
      if (signal?.aborted === true) return reject(new Fault("unavailable", "it was called off before it was asked"));
      const settle = <T>(then: (value: T) => void) => (value: T): void => { signal?.removeEventListener("abort", forget); then(value); };
      this.#calls.set(n, { verb, resolve: settle(resolve) as (body: never) => void, reject: settle(reject) });
      if (this.#ready && this.#send({ kind: "call", n, agent, verb, ask, limit })) return signal?.addEventListener("abort", forget, { once: true });
      this.#calls.delete(n);
      reject(new Fault("unavailable", AWAY));
    });
  }
  use(agent: string, no: string | null): void { this.#send({ kind: "use", agent, no: no?.slice(0, 1_000) ?? null }); }
  drop(agent: string, why: string): void { this.#send({ kind: "drop", agent, why: why.slice(0, 1_000) }); }
  keys(agentKeys: readonly string[]): void {
    this.#agentKeys = agentKeys;
    this.#send({ kind: "keys", agentKeys: [...agentKeys] });
  }
  pid(): number | undefined { return this.#child?.pid; }
  async close(): Promise<void> {
    this.#closing = true;
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.disconnect();
    const late = setTimeout(() => child.kill("SIGKILL"), this.#o.pause);
    await gone;
    clearTimeout(late);
  }
}
const bare = ({ kind: _kind, ...seen }: Seen & { kind: string }): Seen => seen;

/** Resolves when agents are taken. Rejects where the process does not start. */
export const startTunnel = async (o: TunnelOptions): Promise<Tunnel> => {
  const keeper = new Keeper(o);
  await keeper.start();
  return keeper;
};
