/**
 * Letting a machine in the first time. Rule: law agent-key-pinned: the token is spent in the transaction that stores the key its holder showed on
 * that very connection; whoever guesses hears one sentence, whatever was wrong.
 */
import { EnrolmentInput, legibleFacts, ServerName, spendable, type Agent, type Enrolment, type Mode } from "../domain/agent.ts";
import { may } from "../domain/may.ts";
import { plainLine } from "../domain/notice.ts";
import { has, type Person } from "../domain/person.ts";
import { later } from "../domain/rotation.ts";
import { fingerprintOf, sha256Hex } from "../crypto/envelope.ts";
import { Fault } from "../kernel/fault.ts";
import { newId, type AgentId, type EnrolmentId } from "../kernel/ids.ts";
import { Secret } from "../kernel/secret.ts";
import * as agents from "../store/agents.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as people from "../store/people.ts";
import type { Deps } from "./deps.ts";
import { stillMet } from "./broker-keys.ts";
import { actor, broker, record, type Caller } from "./record.ts";

type Small = Pick<Deps, "db" | "random" | "eventJournal" | "bus" | "times" | "passive">;

/** `lsa_` and 128 random bits. */
const newEnrolmentToken = (deps: Pick<Deps, "random">): { token: Secret; hash: string } => {
  const text = `lsa_${deps.random.bytes(16).toString("base64url")}`;
  return { token: Secret.of(text), hash: sha256Hex(text) };
};
/** A machine belongs to somebody who manages targets. */
export const ownerNamed = async (db: Reader, name: string): Promise<Person> => {
  const p = await people.named(db, name);
  if (!p || p.disabled || !(has(p, "owner") || has(p, "admin")))
    throw new Fault("invalid", "The owner must be an active person with the role owner or admin.");
  return p;
};
const MANY_HOURS = 24,
  MANY_USES = 1_000;

/** The token is shown once: the caller wipes it. */
export type MadeEnrolment = { readonly enrolment: Enrolment; readonly token: Secret };
export const newEnrolment = async (deps: Small, caller: Caller, raw: EnrolmentInput): Promise<MadeEnrolment> => {
  const i = EnrolmentInput.parse(raw);
  if (!may(caller.person, "agent.enrol")) throw new Fault("forbidden", "Only admins and owners let machines in.");
  if (deps.passive.why) throw new Fault("unavailable", `This broker is passive: ${deps.passive.why}`);
  const owner = i.owner === undefined ? caller.person : await ownerNamed(deps.db, i.owner);
  if (!may(caller.person, "agent.manage", { owner: owner.id }))
    throw new Fault("forbidden", "An owner lets machines in for themselves; an admin does it for others.");
  const { token, hash } = newEnrolmentToken(deps);
  return deps.db.transaction(async (tx) => {
    const many = i.kind === "many",
      expiresAt = later(tx.now, many ? deps.times.agentHour * (i.hours ?? MANY_HOURS) : deps.times.agentToken);
    const enrolment: Enrolment = {
      id: newId("enrolment", deps.random),
      kind: i.kind,
      mode: i.mode,
      owner: owner.id,
      by: caller.person.id,
      at: tx.now,
      expiresAt,
      maxUses: many ? (i.uses ?? MANY_USES) : 1,
      used: 0,
      endedAt: null,
    };
    await agents.addEnrolment(tx, enrolment, hash);
    await record(deps, tx, {
      what: "agent.token_made",
      who: actor(caller),
      about: { enrolment: enrolment.id, person: owner.id },
      outcome: "ok",
      facts: { kind: i.kind, mode: i.mode, owner: owner.name, uses: enrolment.maxUses, until: expiresAt.toISOString() },
    });
    tx.onCommit(() => deps.bus.publish("agents"));
    return { enrolment, token };
  });
};
/** Nobody comes in by it any more; who is in stays. */
export const endEnrolment = (deps: Small, caller: Caller, id: EnrolmentId): Promise<void> =>
  deps.db.transaction(async (tx) => {
    const e = await agents.findEnrolment(tx, id);
    if (!e || !may(caller.person, "agent.manage", { owner: e.owner })) throw new Fault("not_found", "No such enrolment.");
    if (!(await agents.endEnrolment(tx, id))) throw new Fault("conflict", "It has ended already.");
    await record(deps, tx, {
      what: "agent.token_ended",
      who: actor(caller),
      about: { enrolment: id, person: e.owner },
      outcome: "ok",
      facts: { used: e.used },
    });
    tx.onCommit(() => deps.bus.publish("agents"));
  });

/** What a machine says when it asks to be let in, and what was seen of it. `hostKey`: proven on that connection. */
export type Arrival = {
  readonly hostKey: string;
  /** Of this broker, accepted on that connection: the line of a key that the machine has pinned. */
  readonly brokerKey: string;
  readonly address: string;
  readonly token: string;
  readonly mode: Mode;
  readonly serverName: string;
  readonly userName: string;
  readonly version: string;
  readonly boxKey: string;
  readonly facts: Agent["facts"];
};
const NOT_IN =
  "This token lets nobody in: it is unknown, was used already, or its time is over. Make a new one in the portal, or by: lockstep agent enroll --new";
const refused = async (deps: Small, a: Arrival, why: string): Promise<void> =>
  deps.db.transaction((tx) =>
    record(deps, tx, {
      what: "agent.refused",
      who: broker("tunnel"),
      about: {},
      outcome: "refused",
      why,
      facts: { address: a.address, name: a.serverName, fingerprint: fingerprintOf(a.hostKey) },
    }),
  );

/** Said once, when an address had its tries: the ones after it are not looked at. */
export const shutOut = (deps: Small, address: string): Promise<void> =>
  deps.db.transaction(async (tx) => {
    await record(deps, tx, { what: "agent.refused", who: broker("tunnel"), about: {}, outcome: "refused", why: "too many wrong tokens from this address", facts: { address } });
  });

/** What its sender may be told is wrong with what it brought beside a token that is good; the token is not spent. */
const objection = async (tx: Tx, e: Enrolment, a: Arrival): Promise<Fault | null> => {
  const owner = await people.find(tx, e.owner);
  if (!owner || owner.disabled || !may(owner, "target.add"))
    return new Fault("forbidden", "Whom this token was made for may own no machines any more.");
  if (owner.name !== a.userName.trim().toLowerCase())
    return new Fault(
      "invalid",
      `UserName=${a.userName} is not whom this token was made for. Write the name in agent.conf that the portal printed beside it.`,
    );
  if (!ServerName.safeParse(a.serverName).success)
    return new Fault("invalid", `${a.serverName} is no name of a machine. Write HostName in agent.conf: letters, digits, dots and dashes, up to 63.`);
  return e.mode === a.mode ? null : new Fault("invalid", `This token is for a machine in the mode ${e.mode}, and agent.conf says Mode=${a.mode}.`);
};
/**
 * Let in already, and it never heard: the key it proves on this connection is the one that was let in, by this token or for the same person. What it
 * is asked to write down is the same as before.
 */
const unheard = async (tx: Tx, e: Enrolment | null, a: Arrival): Promise<Agent | null> => {
  const there = e ? await agents.ofKey(tx, a.hostKey) : null;
  return there?.state === "enrolled" && there.mode === a.mode && (there.enrolment === e!.id || (there.owner === e!.owner && spendable(e, tx.now))) ? there : null;
};
const OLD_KEY = "The broker has another key since that line was made. Make a new one.";
const letIn = async (deps: Small, tx: Tx, e: Enrolment, a: Arrival): Promise<AgentId> => {
  if (!(await stillMet(tx, a.brokerKey, [fingerprintOf(a.brokerKey)]))) throw new Fault("unavailable", OLD_KEY);
  if (!(await agents.spend(tx, e.id))) throw new Fault("forbidden", NOT_IN);
  const allow = a.mode === "agent" ? ["localhost:22"] : [],
    id = newId("agent", deps.random);
  await agents.add(tx, {
    id,
    state: "enrolled",
    mode: a.mode,
    name: a.serverName,
    owner: e.owner,
    enrolment: e.id,
    enrolledAt: tx.now,
    hostKey: a.hostKey,
    nextHostKey: null,
    brokerKeys: [fingerprintOf(a.brokerKey)],
    boxKey: a.boxKey,
    target: null,
    allow,
    allowNo: 1,
    version: a.version,
    skewMs: null,
    facts: a.facts,
    seenAt: null,
  });
  await record(deps, tx, {
    what: "agent.enrolled",
    who: broker("tunnel"),
    about: { agent: id, enrolment: e.id, person: e.owner },
    outcome: "ok",
    facts: { name: a.serverName, mode: a.mode, address: a.address, fingerprint: fingerprintOf(a.hostKey), version: a.version },
  });
  tx.onCommit(() => deps.bus.publish("agents"));
  return id;
};
/** Nothing of what a stranger says gets into the log as it came. */
const legible = (a: Arrival): Arrival => ({
  ...a,
  serverName: plainLine(a.serverName, 80),
  userName: plainLine(a.userName, 80),
  version: plainLine(a.version, 40),
  facts: legibleFacts(a.facts),
});
export const enrolAgent = async (deps: Small, came: Arrival): Promise<AgentId> => {
  const a = legible(came);
  if (deps.passive.why) throw new Fault("unavailable", `This broker is passive: ${deps.passive.why}`);
  const said = await deps.db.transaction(async (tx): Promise<AgentId | Fault> => {
    const e = await agents.lockEnrolment(tx, sha256Hex(a.token));
    const before = await unheard(tx, e, a);
    if (before) {
      if (before.enrolment !== e!.id) await agents.spend(tx, e!.id);
      return before.id;
    }
    if (!spendable(e, tx.now)) return new Fault("forbidden", NOT_IN);
    return (await objection(tx, e, a)) ?? letIn(deps, tx, e, a);
  });
  if (typeof said === "string") return said;
  await refused(deps, a, said.message);
  throw said;
};
