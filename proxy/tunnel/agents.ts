/**
 * The agents that are there. Rules: one connection an agent, the newest; nothing is carried or called before its pinned key was proven on this
 * very connection (law agent-key-pinned); what it says is parsed as what it was asked.
 */
import type { Duplex } from "node:stream";
import type { Clock } from "../../src/kernel/clock.ts";
import { Fault } from "../../src/kernel/fault.ts";
import type { Secret } from "../../src/kernel/secret.ts";
import type { Times } from "../../src/kernel/times.ts";
import { AGENT, Failed, LONGEST, LONGEST_HELLO, REPLIES, type Ask, type Hello, type Reply, type Verb } from "../../src/wires/agent-words.ts";
import { SshFailure, carried, connectOver, exec, hostKeyOf, keyUsed, publicPart, type Client } from "../../src/wires/ssh.ts";
import type { Seen, UpReply } from "./words.ts";

export type Voice = {
  who(agent: string, address: string): Promise<{ hostKeys: string[] }>;
  enrol(hostKey: string, brokerKey: string, hello: Hello, address: string): Promise<{ agent: string }>;
  up(seen: Seen): Promise<UpReply>;
  beat(agent: string): void;
  down(agent: string, why: string): void;
};
export type AgentsDeps = { readonly voice: Voice; /** The broker's, in the order in which they are shown. */ readonly keys: readonly Secret[]; readonly clock: Clock; readonly times: Times; log(level: "info" | "warn" | "error", what: string, fields?: Record<string, string>): void };
export type Arrived = { readonly stream: Duplex; readonly address: string; refuse(sentence: string): void };
/** `no`: why it may not be used now; a line nobody has judged yet is not used. */
type Line = { readonly agent: string; readonly client: Client; readonly address: string; over: boolean; no: string | null };
/** In milliseconds, either way: an agent says of its clock whatever it likes. */
const SKEW_MOST = 2 ** 31 - 1;
/** Settles when `work` does, or `until` is over; it never fails. */
const waited = (work: Promise<unknown>, until: AbortSignal): Promise<void> => new Promise((resolve) => {
  const done = (): void => { until.removeEventListener("abort", done); resolve(); };
  if (until.aborted) return resolve();
  until.addEventListener("abort", done, { once: true });
  work.then(done, done);
});
export type Patience = { readonly limit: number; readonly signal?: AbortSignal };

/** The broker's key that the far end has pinned: the one it let us in by. */
const brokerKeyOf = (client: Client): string => { const { type = "", blob = "" } = publicPart(keyUsed(client)) ?? {}; return `${type} ${blob}`; };

/** The ask has left us: what became of it nobody knows, and so no failure from here on is "unavailable". */
const call = async <V extends Verb>(client: Client, verb: V, ask: Ask<V>, { limit, signal }: Patience): Promise<Reply<V>> => {
  const until = AbortSignal.any([AbortSignal.timeout(limit), ...(signal ? [signal] : [])]);
  const said = await exec(client, `${AGENT.command} ${verb}`, { signal: until, timeoutMs: limit, input: Buffer.from(JSON.stringify(ask)), keep: verb === "hello" ? LONGEST_HELLO : LONGEST })
    .catch((cause: unknown) => { throw new Fault("upstream", until.aborted ? `the agent did not answer to "${verb}" in time` : `the agent did not do "${verb}": ${cause instanceof Error ? cause.message : "it was cut off"}`, { cause }); });
  let body: unknown;
  try { body = JSON.parse(said.stdout); } catch { throw new Fault("upstream", `the agent was cut off in "${verb}", or answered in another language`); }
  const failed = Failed.safeParse(body);
  if (failed.success) throw new Fault(failed.data.fault.code === "unavailable" ? "upstream" : failed.data.fault.code, failed.data.fault.message);
  const reply = REPLIES[verb].safeParse(body);
  if (said.code !== 0 || !reply.success) throw new Fault("upstream", `the agent's answer to "${verb}" is not as agreed: it is of another version than this broker`);
  return reply.data as Reply<V>;
};

export class Agents {
  /** The one in use of each agent; and with them those that have only just come. */
  readonly #lines = new Map<string, Line>();
  readonly #all = new Set<Line>();
  /** Whoever asks for one that is coming waits for it: what it wakes at the broker asks at once. */
  readonly #coming = new Map<string, Promise<void>>();
  /** As people call them, also after they have gone. */
  readonly #names = new Map<string, string>();
  readonly #d: AgentsDeps;
  #keys: readonly Secret[];
  constructor(deps: AgentsDeps) { this.#d = deps; this.#keys = deps.keys; }
  /** From here on; connections that are there stay as they were proven. */
  prove(keys: readonly Secret[]): void { this.#keys = keys; }

  get #patience(): Patience { return { limit: this.#d.times.agentCall }; }

  /** What it says of itself, and how far its clock is from ours: half the way there and back is taken off. */
  async #hello(client: Client): Promise<{ hello: Hello; skewMs: number }> {
    const begun = this.#d.clock.mono(), hello = await call(client, "hello", {}, this.#patience);
    const skew = Math.round(hello.now - this.#d.clock.now().getTime() + (this.#d.clock.mono() - begun) / 2);
    return { hello, skewMs: Math.max(-SKEW_MOST, Math.min(SKEW_MOST, skew)) };
  }

  #connect({ stream }: Arrived, hostKeys: readonly string[] | "any"): Promise<Client> {
    return connectOver({ stream, username: AGENT.user, keys: this.#keys, hostKeys, timeoutMs: this.#d.times.handshake, signal: AbortSignal.timeout(this.#d.times.handshake) });
  }

  /** An agent that says it is known. Resolves when it is in; rejects with why it is not. */
  async welcome(agent: string, hostKeys: readonly string[], arrived: Arrived): Promise<void> {
    const client = await this.#connect(arrived, hostKeys).catch((e: unknown) => {
      if (e instanceof SshFailure && e.kind === "identity") arrived.refuse("The key this agent showed is not the one it enrolled with. Enroll it again.");
      throw e;
    });
    client.on("error", (error) => this.#d.log("warn", "an agent's connection failed", { agent, error: error.message.slice(0, 200) }));
    const line: Line = { agent, client, address: arrived.address, over: false, no: "it has only just come" };
    this.#all.add(line);
    client.once("close", () => this.#lost(line, "its connection ended"));
    const gone = new Promise<never>((_, reject) => { client.once("close", () => reject(new Fault("upstream", "its connection ended while it came"))); });
    const coming = Promise.race([this.#settle(line), gone]).then(() => this.#use(line));
    this.#coming.set(agent, coming);
    try { await coming; } catch (e) {
      await this.#refuse(client, e);
      this.#end(line, "it was not let in");
      // The broker may have taken it for here already.
      if (!this.#lines.has(agent)) this.#d.voice.down(agent, e instanceof Error ? e.message : "it said nothing");
      throw e;
    } finally { if (this.#coming.get(agent) === coming) this.#coming.delete(agent); }
  }
  #use(line: Line): void {
    const { agent, address } = line, before = this.#lines.get(agent);
    this.#lines.set(agent, line);
    if (before) { this.#d.log("warn", "an agent came again while it was here: the older connection ends", { agent, address }); this.#end(before, "it came again"); }
    void this.#beat(line);
  }

  /** What it says of itself, how it stands, and the list it goes by: in this order. */
  async #settle(line: Line): Promise<void> {
    const seen = await this.#seen(line), { name, state, owner, no, allow } = await this.#d.voice.up(seen);
    line.no = no;
    this.#names.set(line.agent, name);
    await call(line.client, "standing", { state, owner, ...(no === null ? {} : { why: no.slice(0, 1_000) }), now: this.#now() }, this.#patience);
    if (allow !== null) await call(line.client, "allow", allow, this.#patience);
    if (line.over) throw new Fault("upstream", "its connection ended while it came");
  }
  #now(): number { return this.#d.clock.now().getTime(); }

  /** Told inside, so that no relay writes it; that it cannot be told changes nothing. */
  async #refuse(client: Client, e: unknown): Promise<void> {
    // Whoever said nothing, or something else, is not waited for once more.
    if (!(e instanceof Fault) || e.code === "internal" || e.code === "upstream") return;
    await call(client, "standing", { state: "refused", why: e.message.slice(0, 1_000), now: this.#now() }, this.#patience).catch(() => undefined);
  }

  /** Somebody who has no way in: told why, over a connection on which the broker has proven itself, and let go. */
  async turnAway(arrived: Arrived, fault: Fault): Promise<void> {
    const client = await this.#connect(arrived, "any");
    client.on("error", () => undefined);
    await this.#refuse(client, fault);
    client.end();
  }

  /** Somebody who wants to become one: the token is said inside, to whoever has proven the broker's key. */
  async enrol(arrived: Arrived): Promise<void> {
    const client = await this.#connect(arrived, "any");
    client.on("error", () => undefined);
    try {
      const { hello } = await this.#hello(client), { agent } = await this.#d.voice.enrol(hostKeyOf(client), brokerKeyOf(client), hello, arrived.address);
      await call(client, "enrolled", { agent }, this.#patience);
    } catch (e) { await this.#refuse(client, e); throw e; } finally { client.end(); }
  }

  async #seen(line: Line): Promise<Seen> {
    return { agent: line.agent, address: line.address, hostKey: hostKeyOf(line.client), brokerKey: brokerKeyOf(line.client), ...await this.#hello(line.client) };
  }

  async #beat(line: Line): Promise<void> {
    for (let missed = 0; !line.over;) {
      await new Promise((resolve) => { setTimeout(resolve, this.#d.times.agentBeat); });
      if (line.over) return;
      try { await this.#hello(line.client); this.#d.voice.beat(line.agent); missed = 0; } catch (e) {
        if (++missed >= 2) this.#end(line, `it gives no sign of life: ${e instanceof Error ? e.message : "nothing"}`);
      }
    }
  }

  #lost(line: Line, why: string): void {
    if (line.over) return;
    line.over = true;
    this.#all.delete(line);
    if (this.#lines.get(line.agent) !== line) return;
    this.#lines.delete(line.agent);
    // One that has just come says so itself, when it is in or when it is not.
    if (![...this.#all].some((other) => other.agent === line.agent)) this.#d.voice.down(line.agent, why);
  }
  #end(line: Line, why: string): void { this.#lost(line, why); line.client.destroy(); }
  drop(agent: string, why: string): void { for (const line of this.#all) if (line.agent === agent) this.#end(line, why); }

  /** Null: it may be used. */
  use(agent: string, no: string | null): void { for (const line of this.#all) if (line.agent === agent) line.no = no; }

  /** Of one that is coming no longer than `until`: others may be there. `even`: also where it may not be used now. */
  async #line(agent: string, until: AbortSignal, even = false): Promise<Line> {
    const coming = this.#lines.has(agent) ? undefined : this.#coming.get(agent);
    if (coming) await waited(coming, until);
    const line = this.#lines.get(agent);
    if (!line && coming && until.aborted) throw new Fault("unavailable", "it has only just come, and is not ready");
    if (!line) throw new Fault("unavailable", "it is not connected");
    if (line.no !== null && !even) throw new Fault("unavailable", line.no);
    return line;
  }
  async call<V extends Verb>(agent: string, verb: V, ask: Ask<V>, { limit, signal }: Patience): Promise<Reply<V>> {
    const until = AbortSignal.any([AbortSignal.timeout(limit), ...(signal ? [signal] : [])]);
    // A list, and keys, are told also to one that is paused.
    const line = await this.#line(agent, until, verb === "allow" || verb === "update-key");
    return call(line.client, verb, ask, { limit, signal: until });
  }

  /** The first of these that carries it there; a silent one leaves the others their share of the time. */
  async dial(via: readonly string[], host: string, port: number, signal: AbortSignal): Promise<{ stream: Duplex; via: string }> {
    const failures: Fault[] = [];
    for (const agent of via) {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(this.#d.times.targetDial / via.length))]);
      try { return { stream: await carried((await this.#line(agent, limit)).client, host, port, limit), via: agent }; } catch (e) {
        failures.push(e instanceof Fault ? e : new Fault("internal", "it could not be carried", { cause: e }));
        if (signal.aborted) break;
      }
    }
    const said = failures.map((f, i) => `${this.#names.get(via[i]!) ?? via[i]!}: ${f.message}`).join("; ");
    throw new Fault(failures.every((f) => f.code === "forbidden") ? "forbidden" : "upstream", `${host}:${port} cannot be reached through ${via.length === 1 ? "its agent" : "any of its agents"} (${said})`);
  }
}
