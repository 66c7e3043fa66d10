/**
 * The broker's end of the tunnel: its questions -> verbs, and what it tells -> who is there. Rule: decisions are the verbs'; who is connected is
 * kept here in memory, where it cannot outlive the process that knows.
 */
import { Fault } from "../kernel/fault.ts";
import type { AgentId } from "../kernel/ids.ts";
import type { Heard } from "../domain/agent.ts";
import type { Deps, Tunnel } from "../flow/deps.ts";
import { agentDown, agentsSeen, agentUp, whoIs } from "../flow/agents.ts";
import { enrolAgent, shutOut } from "../flow/agent-enrol.ts";
import { agentDidNotPin, agentPinned, rollOn } from "../flow/broker-keys.ts";
import { fingerprints, pinAsk, signedList } from "../flow/broker-key-words.ts";
import type { Gate } from "../identity/deps.ts";
import { takeReports } from "../flow/order-reports.ts";
import { standing, standings, type Standing } from "../flow/agent-standings.ts";
import type { TunnelCalls, TunnelPlane, UpReply } from "../../proxy/tunnel/words.ts";

const NOT_IN = "This agent is not known here (any more): it was revoked, or belongs to another broker. Enroll it again.";
const MANY_TOKENS = "Too many wrong enrolment tokens from this address. Wait a quarter of an hour.";
/**
 * `behind`: it did not take its newest list, or the keys. `pinned`: fingerprints of our keys that it knows. `told`: those that it was told of on this
 * connection; one telling after the other, or an older one could come last.
 */
type Here = { beatAt: Date; allowNo: number; seen: boolean; behind: boolean; orders: boolean; pinned: readonly string[]; told: string; telling: boolean };

type SignedList = NonNullable<UpReply["allow"]>;
/** `gate`: of wrong enrolment tokens. */
export type TunnelDeps = { readonly flow: Deps; readonly gate: Gate };
export class TunnelDesk {
  readonly #d: TunnelDeps;
  readonly #here = new Map<AgentId, Here>();
  #process: TunnelCalls | undefined;
  #looking: Promise<void> | undefined;
  #again = false;
  constructor(deps: TunnelDeps) { this.#d = deps; }

  #signed(agent: AgentId, pinned: readonly string[], { allow, allowNo }: Standing): SignedList {
    return signedList(this.#d.flow, pinned, JSON.stringify({ v: 1, agent, no: allowNo, allow }));
  }

  readonly plane: TunnelPlane = {
    who: async (id) => {
      const hostKeys = await whoIs(this.#d.flow, id);
      if (hostKeys === null) throw new Fault("forbidden", NOT_IN);
      return { hostKeys };
    },
    enrol: async (hostKey, brokerKey, hello, address) => {
      const { token = "", userName = "", mode, serverName, version, boxKey, facts } = hello;
      if (!await this.#d.gate.open(address)) throw new Fault("too_many", MANY_TOKENS);
      return { agent: await enrolAgent(this.#d.flow, { hostKey, brokerKey, address, token, mode, serverName, userName, version, boxKey, facts }).catch(async (e: unknown) => {
        if (e instanceof Fault && e.code === "forbidden" && await this.#d.gate.failed(address)) await shutOut(this.#d.flow, address);
        throw e;
      }) };
    },
    up: async ({ agent, hostKey, brokerKey, hello, skewMs }) => {
      const id = agent as AgentId, { state, owner, brokerKeys: pinned } = await agentUp(this.#d.flow, id, { hostKey, brokerKey, version: hello.version, boxKey: hello.boxKey, boxProof: hello.boxProof, allowNo: hello.allowNo, facts: hello.facts, sshKeys: hello.sshKeys, skewMs });
      const now = await standing(this.#d.flow, id);
      if (!now?.let) throw new Fault("forbidden", NOT_IN);
      this.#here.set(id, { beatAt: this.#d.flow.clock.now(), allowNo: now.allowNo, seen: true, behind: false, orders: hello.orders === true, pinned, told: "", telling: false });
      this.#lookSoon();
      // Not before it is in: the call waits for that, and its coming does not wait for the answer.
      if (hello.orders === true) void this.#reports(id);
      return { name: now.name, state, owner, no: now.no, allow: this.#signed(id, pinned, now) };
    },
    beat: (agent) => {
      const here = this.#here.get(agent as AgentId);
      if (here) Object.assign(here, { beatAt: this.#d.flow.clock.now(), seen: false });
      if (here?.behind) this.#lookSoon();
      return Promise.resolve();
    },
    down: async (id, why) => { if (this.#here.delete(id as AgentId)) await agentDown(this.#d.flow, id as AgentId, why); },
    lost: async () => {
      const gone = [...this.#here.keys()];
      this.#here.clear();
      for (const id of gone) await agentDown(this.#d.flow, id, "the broker's tunnel process died");
    },
  };

  /** What the rest of the broker asks of agents. */
  readonly tunnel: Tunnel = {
    call: async (agent, verb, ask, signal) => {
      if (!this.#process) throw new Fault("unavailable", "Agents cannot be reached: the broker's tunnel does not run.");
      return this.#process.call(agent, verb as "doctor", ask as never, this.#d.flow.times.changeLimit, signal);
    },
    heard: (agent): Heard | null => this.#here.get(agent) ?? null,
    drop: (agent) => { this.#process?.drop(agent, "the broker ended it"); },
  };

  /** What an agent was left and did meanwhile. Lost, it is told again at its next coming. */
  #reports(id: AgentId): Promise<void> {
    return takeReports(this.#d.flow, id).catch((e: unknown) => this.#d.flow.log("warn", "an agent's orders were not taken in", { agent: id, error: e instanceof Error ? e.message : "" }));
  }

  /** Looks at everybody again whenever an agent changed, and now and then, because another node may have changed one; and writes down who was there. */
  attend(process: TunnelCalls): () => void {
    const { flow } = this.#d;
    this.#process = process;
    const deaf = flow.bus.subscribe("agents", () => this.#lookSoon()), roll = flow.bus.subscribe("broker-keys", () => process.keys(flow.brokerKeys.privates())), every = setInterval(() => { void this.#writeSeen(); this.#lookSoon(); }, flow.times.sessionLease);
    const doubted = flow.bus.subscribe("orders-doubted", () => { for (const [id, here] of this.#here) if (here.orders) void this.#reports(id); });
    this.#lookSoon();
    return () => { deaf(); roll(); doubted(); clearInterval(every); this.#process = undefined; };
  }
  /** One look at a time, and one more where something changed meanwhile. */
  #lookSoon(): void {
    if (this.#looking) { this.#again = true; return; }
    this.#again = false;
    this.#looking = this.#look().catch((e: unknown) => this.#d.flow.log("warn", `agents were not looked at: ${e instanceof Error ? e.message : String(e)}`))
      .finally(() => { this.#looking = undefined; if (this.#again) this.#lookSoon(); });
  }
  async #look(): Promise<void> {
    const all = await standings(this.#d.flow);
    for (const [id, here] of this.#here) {
      const now = all.get(id);
      if (!now?.let) { this.#process?.drop(id, "it is not let in any more"); continue; }
      this.#process?.use(id, now.no);
      if (now.allowNo > here.allowNo) void this.#give(id, here, now);
      this.#keep(id, here, fingerprints(this.#d.flow));
    }
    await rollOn(this.#d.flow);
  }
  /** Whether it is told which keys we prove ourselves by: in the time of an overlap on each connection once, because a machine may have been set back. */
  #keep(id: AgentId, here: Here, keys: readonly string[]): void {
    if (this.#d.flow.passive.why !== null) return;
    // It was named when the one it goes by was retired: it will not know us again, and is used no more.
    if (!here.pinned.some((one) => keys.includes(one))) return this.#process?.drop(id, "it has pinned a key that this broker no longer has");
    const all = keys.join(" ");
    if (here.telling || here.told === all || (keys.length === 1 && here.pinned.join(" ") === all)) return;
    void this.#tell(id, here, all);
  }
  async #tell(id: AgentId, here: Here, keys: string): Promise<void> {
    const { flow } = this.#d;
    Object.assign(here, { telling: true, behind: false });
    try {
      const said = await this.#process!.call(id, "update-key", pinAsk(flow, id), flow.times.agentCall);
      if (!("pinned" in said)) throw new Fault("upstream", "it did not say which keys it has pinned");
      here.pinned = said.pinned;
      await agentPinned(flow, id, said.pinned);
      here.told = keys;
    } catch (e) {
      await this.#untold(id, here, keys, e);
    }
    here.telling = false;
    if (!here.behind) this.#lookSoon();
  }
  /** What it refused it is not told again on this connection; where it did not answer, it is. */
  async #untold(id: AgentId, here: Here, keys: string, e: unknown): Promise<void> {
    const { flow } = this.#d, error = e instanceof Error ? e.message : "";
    if (e instanceof Fault && ["invalid", "forbidden", "conflict"].includes(e.code)) {
      here.told = keys;
      await agentDidNotPin(flow, id, error).catch(() => undefined);
    } else here.behind = true;
    flow.log("warn", "an agent did not pin the keys that it was told of", { agent: id, error });
  }
  async #give(id: AgentId, here: Here, now: Standing): Promise<void> {
    const before = here.allowNo;
    Object.assign(here, { allowNo: now.allowNo, behind: false });
    try { await this.#process?.call(id, "allow", this.#signed(id, here.pinned, now), this.#d.flow.times.agentCall); } catch (e) {
      Object.assign(here, { allowNo: before, behind: true });
      this.#d.flow.log("warn", "an agent did not take its list of destinations", { agent: id, error: e instanceof Error ? e.message : "" });
    }
  }
  async #writeSeen(): Promise<void> {
    const beaten = [...this.#here].filter(([, here]) => !here.seen);
    try { await agentsSeen(this.#d.flow, beaten.map(([id]) => id)); for (const [, here] of beaten) here.seen = true; } catch { /* the next minute has it */ }
  }
}
