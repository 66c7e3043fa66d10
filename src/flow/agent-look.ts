/** Agents as people see them. Rule: read-only; whether one is there is asked of the tunnel at that moment. */
import { presence, type Agent, type Enrolment, type Presence } from "../domain/agent.ts";
import { may } from "../domain/may.ts";
import type { Target } from "../domain/target.ts";
import { fingerprintOf } from "../crypto/envelope.ts";
import { Fault } from "../kernel/fault.ts";
import type { AgentId } from "../kernel/ids.ts";
import * as agents from "../store/agents.ts";
import type { Reader } from "../store/db.ts";
import * as people from "../store/people.ts";
import * as targets from "../store/targets.ts";
import type { Deps } from "./deps.ts";
import type { Caller } from "./record.ts";

type Small = Pick<Deps, "db" | "clock" | "times" | "tunnel">;
export type AgentCard = {
  readonly agent: Agent;
  readonly presence: Presence;
  readonly beatAt: Date | null;
  readonly ownerName: string;
  readonly target: Target | null;
  readonly movedBy: string | null;
  readonly fingerprint: string;
  readonly nextFingerprint: string | null;
  readonly manages: boolean;
};
type Names = Awaited<ReturnType<typeof people.byId>>;
const cardOf = (deps: Small, caller: Caller, a: Agent, everyone: Names, on: ReadonlyMap<string, Target>): AgentCard => {
  const heard = deps.tunnel.heard(a.id);
  return {
    agent: a,
    presence: presence(a, heard, deps.clock.now(), deps.times),
    beatAt: heard?.beatAt ?? a.seenAt,
    ownerName: everyone.get(a.owner)?.name ?? "",
    target: a.target ? (on.get(a.target) ?? null) : null,
    movedBy: "by" in a ? (everyone.get(a.by)?.name ?? null) : null,
    fingerprint: fingerprintOf(a.hostKey),
    nextFingerprint: a.nextHostKey ? fingerprintOf(a.nextHostKey) : null,
    manages: may(caller.person, "agent.manage", { owner: a.owner }),
  };
};
const ground = async (db: Reader): Promise<[Names, ReadonlyMap<string, Target>]> => [
  await people.byId(db),
  new Map((await targets.all(db)).map((t) => [t.id, t])),
];

/** Those this caller may see, by name. */
export const agentList = async (deps: Small, caller: Caller): Promise<AgentCard[]> => {
  if (!may(caller.person, "agent.list")) throw new Fault("forbidden", "Your roles do not allow this.");
  const [everyone, on] = await ground(deps.db);
  return (await agents.all(deps.db))
    .filter((a) => may(caller.person, "agent.see", { owner: a.owner }))
    .map((a) => cardOf(deps, caller, a, everyone, on));
};
/** By id or name; a name that two have is none. */
export const agentCard = async (deps: Small, caller: Caller, text: string): Promise<AgentCard> => {
  const found = (await agents.all(deps.db)).filter((x) => (x.id === text || x.name === text) && may(caller.person, "agent.see", { owner: x.owner }));
  if (found.length > 1)
    throw new Fault("conflict", `${found.length} agents are called ${text}. Name it by its id: ${found.map((x) => x.id).join(", ")}.`);
  if (!found[0]) throw new Fault("not_found", "No such agent.");
  return cardOf(deps, caller, found[0], ...(await ground(deps.db)));
};
export type OpenEnrolment = Enrolment & { readonly ownerName: string; readonly byName: string };
/** Tokens that still let somebody in. */
export const enrolmentList = async (deps: Pick<Deps, "db" | "clock">, caller: Caller): Promise<OpenEnrolment[]> => {
  if (!may(caller.person, "agent.list")) throw new Fault("forbidden", "Your roles do not allow this.");
  const everyone = await people.byId(deps.db),
    name = (id: Enrolment["by"]): string => everyone.get(id)?.name ?? "";
  return (await agents.openEnrolments(deps.db, deps.clock.now()))
    .filter((e) => may(caller.person, "agent.see", { owner: e.owner }))
    .map((e) => ({ ...e, ownerName: name(e.owner), byName: name(e.by) }));
};

export type Check = { readonly check: string; readonly ok: boolean; readonly says: string; readonly hint?: string | undefined };
export type Doctored = { readonly checks: readonly Check[]; readonly unreachable: string | null };
/** The troubleshooting list, gone through on the machine itself; where it cannot be asked, what can be known from here. */
export const askDoctor = async (deps: Small, caller: Caller, id: AgentId): Promise<Doctored> => {
  const { agent, presence: seen } = await agentCard(deps, caller, id);
  if (!may(caller.person, "agent.manage", { owner: agent.owner })) throw new Fault("forbidden", "Its owner, or an admin, has it examined.");
  try {
    return {
      checks: ((await deps.tunnel.call(id, "doctor", {}, AbortSignal.timeout(deps.times.agentCall))) as { checks: Check[] }).checks,
      unreachable: null,
    };
  } catch (e) {
    return {
      checks: [],
      unreachable: `${e instanceof Fault ? e.message : "It did not answer."} It is ${seen} now. On the machine itself, as root: lockstep-agent doctor`,
    };
  }
};
