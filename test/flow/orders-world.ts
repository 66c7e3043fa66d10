/**
 * A machine with an agent, as its broker sees it through the tunnel: the agent's own book of orders (agent/orders.ts), real boxes, and a table in
 * the place of /etc/shadow. Rule: it decides nothing that the agent's book does not; the agent itself runs in test/agent and test/e2e.
 */
import { begin, done, drop, dueNow, fenceOf, place, put, raise, reportOf, tidy, type Entry, type Placed } from "../../agent/orders.ts";
import { older, type Fence } from "../../agent/state.ts";
import { linuxAgent } from "../../src/connectors/linux-agent.ts";
import { newBoxKey, openBox } from "../../src/crypto/box.ts";
import { addAccount } from "../../src/flow/accounts.ts";
import { enrolAgent, newEnrolment } from "../../src/flow/agent-enrol.ts";
import { agentUp } from "../../src/flow/agents.ts";
import { leaveOrder } from "../../src/flow/order.ts";
import { takeReports } from "../../src/flow/order-reports.ts";
import { putPolicy } from "../../src/flow/people.ts";
import type { Caller } from "../../src/flow/record.ts";
import { claim, drive } from "../../src/flow/rotate.ts";
import type { Policy, Preset } from "../../src/domain/policy.ts";
import { EnrolmentInput } from "../../src/domain/agent.ts";
import { Fault } from "../../src/kernel/fault.ts";
import type { AccountId, AgentId, TargetId } from "../../src/kernel/ids.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as agents from "../../src/store/agents.ts";
import type { Db } from "../../src/store/db.ts";
import * as targets from "../../src/store/targets.ts";
import { boxText, CONTEXT, type Ask } from "../../src/wires/agent-words.ts";
import { newSshKey, publicLine, signText } from "../../src/wires/ssh.ts";
import { PASSWORD, worldOn, type Managed, type World } from "./world.ts";

type Mode = "here" | "away" | "deaf" | "lost ack" | "old";
/** deaf: an ask gets there and nothing comes back; lost ack: it is done, and nothing comes back. old: it keeps nothing for later. */
export class Machine {
  mode: Mode = "here";
  readonly box = newBoxKey();
  readonly passwords = new Map<string, string>();
  readonly asked: string[] = [];
  book: readonly Entry[] = [];
  ahead = 0;
  readonly #fences = new Map<string, Fence>();
  agent = "" as AgentId;
  /** What happens elsewhere while the next order is on its way. */
  meanwhile: (() => Promise<void>) | undefined;
  now = (): number => Date.now() + this.ahead;

  call(verb: string, ask: unknown): Promise<unknown> {
    this.asked.push(verb === "orders" ? `orders ${(ask as { do: string }).do}` : verb);
    if (this.mode === "away") throw new Fault("unavailable", "it is not connected");
    if (this.mode === "old" && verb === "orders") throw new Fault("upstream", 'the agent did not do "orders"');
    if (this.mode === "deaf") throw new Fault("upstream", "the agent did not answer in time");
    const said = this.#do(verb, ask);
    if (this.mode === "lost ack") throw new Fault("upstream", "the agent was cut off");
    return Promise.resolve(said);
  }
  #do(verb: string, ask: unknown): unknown {
    if (verb === "verify") return this.#verify(ask as Ask<"verify">);
    if (verb === "change") return this.#change(ask as Ask<"change">);
    if (verb === "orders") return { orders: this.#orders(ask as Ask<"orders">).map(reportOf) };
    return verb === "end-logins" ? { ended: 0 } : { unknown: "not here" };
  }
  #open(context: string, box: string): string { using s = openBox(this.box.privateKey, context, box); return reveal(s); }
  #verify({ account, boxes }: Ask<"verify">): unknown {
    const match = boxes.findIndex((b) => this.#open(CONTEXT.verify(this.agent, account), b) === this.passwords.get(account));
    return match < 0 ? "none" : { match };
  }
  #change(o: Ask<"change">): unknown {
    const mine: Fence = [o.epoch, o.no, o.fence], newest = this.#fences.get(o.account);
    if (newest !== undefined && older(mine, newest)) return { refused: "a newer change of this account came before this one" };
    this.book = raise(this.book, o);
    this.#fences.set(o.account, mine);
    this.passwords.set(o.account, this.#open(CONTEXT.change(this.agent, o.rotation, o.account, o.fence), o.box));
    this.book = drop(this.book, o.rotation);
    return "done";
  }
  #tidied(): readonly Entry[] { return (this.book = tidy(this.book, (a) => this.#fences.get(a), this.now())); }
  #orders(ask: Ask<"orders">): readonly Entry[] {
    if (ask.do === "list") return this.#tidied();
    if (ask.do === "withdraw") {
      const mine = this.#tidied().filter((e) => e.rotation === ask.rotation);
      for (const e of mine) this.#fences.set(e.account, [e.epoch, e.no, e.fence + 1]);
      this.book = drop(this.book, ask.rotation);
      return mine;
    }
    const placed = place(this.#tidied(), ask satisfies Placed, this.#fences.get(ask.account), this.now());
    if (typeof placed === "string") throw new Fault("conflict", placed);
    this.#fences.set(ask.account, fenceOf(ask));
    return (this.book = placed);
  }
  /** Its own timer, `ahead` ms from now. */
  fire(ahead: number): void {
    this.ahead = ahead;
    for (let e = dueNow(this.#tidied(), this.now(), 0); e; e = dueNow(this.#tidied(), this.now(), 0)) {
      this.passwords.set(e.account, this.#open(CONTEXT.order(this.agent, { ...e, fence: e.sealed }), e.box!));
      this.book = put(this.book, done(begin(e), "logins ended: 0"));
    }
  }
}

export type OrderWorld = World & {
  readonly machine: Machine; readonly agent: AgentId; readonly target: TargetId;
  account(preset: Preset): Promise<Managed>;
  /** The broker's jobs, until there is nothing to do now. */
  work(): Promise<void>;
  /** The agent comes (again). */
  comes(): Promise<void>;
  leave(id: AccountId): Promise<boolean>;
};
export const orderWorld = async (db: Db): Promise<OrderWorld> => {
  const machine = new Machine(), hostKey = newSshKey(), line = publicLine(hostKey);
  const w = await worldOn(db, {
    connectors: new Map([["linux-agent", linuxAgent() as never]]), link: () => ({ address: { host: "127.0.0.1", port: 9 }, connect: () => Promise.reject(new Error("nobody dials here")) }),
    tunnel: {
      call: async (_id, verb, ask) => {
        const { meanwhile } = machine;
        if (verb === "orders" && (ask as { do: string }).do === "place") { machine.meanwhile = undefined; await meanwhile?.(); }
        return machine.call(verb, ask);
      },
      heard: () => (machine.mode === "away" ? null : { beatAt: new Date(), orders: machine.mode !== "old" }), drop: () => undefined,
    },
  });
  const { token } = await newEnrolment(w.deps, w.operator, EnrolmentInput.parse({}));
  const agent = machine.agent = await enrolAgent(w.deps, { hostKey: line, brokerKey: w.deps.brokerKeys.lines()[0] ?? "", address: "192.0.2.9", token: reveal(token), mode: "agent", serverName: "web-1", userName: "operator", version: "0.1.0", boxKey: machine.box.publicKey, facts: {} });
  const up = () => agentUp(w.deps, agent, {
    hostKey: line, brokerKey: w.deps.brokerKeys.lines()[0] ?? "", version: "0.1.0", boxKey: machine.box.publicKey, boxProof: signText(Secret.of(hostKey), boxText(agent, machine.box.publicKey)), allowNo: 0, facts: {}, sshKeys: ["ssh-ed25519 AAAA"], skewMs: 0,
  });
  await up();
  const target = (await agents.find(db, agent))!.target!, t = (await targets.find(db, target))!;
  let made = 0;
  const account = async (preset: Preset): Promise<Managed> => {
    const a = await addAccount(w.deps, w.operator, { target, name: `app${++made}` });
    await w.inSync(a);
    machine.passwords.set(a.name, PASSWORD);
    const policy: Policy = await putPolicy(w.deps, w.second, { name: `pol ${a.name} ${preset}`, terms: { preset, ...(preset === "session" ? { reconnectGraceSeconds: 0 } : {}) }, binding: { requesters: [w.requester.person.id, w.operator.person.id], approvers: [w.approver.person.id], targets: [t.name], accountNames: [a.name] } });
    return { account: (await accounts.find(db, a.id))!, policy, target, targetName: t.name, name: `${a.name}@${t.name}`, now: async () => (await accounts.find(db, a.id))! };
  };
  const work = async (): Promise<void> => { for (let r = await claim(w.deps, []); r; r = await claim(w.deps, [])) await drive(w.deps, r); };
  return {
    ...w, machine, agent, target, account, work, leave: (id) => leaveOrder(w.deps, id),
    comes: async () => { machine.mode = "here"; await up(); await takeReports(w.deps, agent); },
  };
};
export type { Caller };
