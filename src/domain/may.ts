/** law: authorisation is one function over (person, act, thing). Rule: no route, command or verb asks about roles anywhere else. */
import type { PersonId } from "../kernel/ids.ts";
import { has, type Person } from "./person.ts";

/** What the act is about, as far as the rule needs it. */
export type Thing = {
  readonly requester?: PersonId;
  readonly owner?: PersonId | null;
  /** The policy of the request names this person as an approver. */
  readonly entitled?: boolean;
  /** Some policy lets this person ask for it. */
  readonly offered?: boolean;
};

const admin = (p: Person) => has(p, "admin"), auditor = (p: Person) => has(p, "auditor");
const mine = (p: Person, t: Thing) => t.requester === p.id;
const owns = (p: Person, t: Thing) => has(p, "owner") && t.owner === p.id;

const RULES = {
  "account.see":     (p: Person, t: Thing) => admin(p) || auditor(p) || owns(p, t) || t.offered === true,
  "account.ask":     (p: Person, t: Thing) => has(p, "user") && t.offered === true,
  "account.manage":  (p: Person, t: Thing) => admin(p) || owns(p, t),
  "account.rotate":  (p: Person, t: Thing) => admin(p) || owns(p, t),
  "account.cut":     (p: Person, t: Thing) => admin(p) || owns(p, t),
  "account.verify":  (p: Person, t: Thing) => admin(p) || owns(p, t),
  "account.history": (p: Person, t: Thing) => admin(p) || auditor(p) || owns(p, t),
  "target.manage":   (p: Person, t: Thing) => admin(p) || owns(p, t),
  "discovery.see":  (p: Person, t: Thing) => admin(p) || auditor(p) || owns(p, t),
  "discovery.run":  (p: Person, t: Thing) => admin(p) || owns(p, t),
  "discovery.rule": (p: Person) => admin(p) || has(p, "owner"),
  "discovery.rules": (p: Person) => admin(p) || auditor(p) || has(p, "owner"),
  "target.add":      (p: Person) => admin(p) || has(p, "owner"),
  "agent.list":     (p: Person) => admin(p) || auditor(p) || has(p, "owner"),
  "agent.see":      (p: Person, t: Thing) => admin(p) || auditor(p) || owns(p, t),
  "agent.enrol":    (p: Person) => admin(p) || has(p, "owner"),
  "agent.manage":   (p: Person, t: Thing) => admin(p) || owns(p, t),
  "agent.broker_key": (p: Person) => admin(p),
  "bulk.open":       (p: Person) => admin(p) || has(p, "owner"),
  "bulk.see":        (p: Person, t: Thing) => admin(p) || auditor(p) || mine(p, t),
  "bulk.move":       (p: Person, t: Thing) => admin(p) || mine(p, t),
  "schedule.see":    (p: Person, t: Thing) => admin(p) || auditor(p) || mine(p, t),
  "schedule.manage": (p: Person, t: Thing) => admin(p) || mine(p, t),
  "request.see":     (p: Person, t: Thing) => mine(p, t) || t.entitled === true || admin(p) || auditor(p),
  "request.cancel":  (p: Person, t: Thing) => mine(p, t),
  "request.vote":    (_p: Person, t: Thing) => t.entitled === true,
  "request.revoke":  (p: Person, t: Thing) => t.entitled === true || admin(p),
  "request.review":  (p: Person, t: Thing) => t.entitled === true || auditor(p),
  "checkout.use":    (p: Person, t: Thing) => mine(p, t),
  "checkout.close":  (p: Person, t: Thing) => mine(p, t) || admin(p),
  "password.show":   (p: Person, t: Thing) => mine(p, t),
  "session.list":    (p: Person, t: Thing) => mine(p, t) || admin(p) || auditor(p),
  "session.play":    (p: Person) => auditor(p),
  "session.watch":   (p: Person) => auditor(p),
  "session.end":     (p: Person, t: Thing) => mine(p, t) || admin(p) || auditor(p),
  "audit.read":      (p: Person) => auditor(p) || admin(p),
  "audit.check":     (p: Person) => auditor(p) || admin(p),
  "audit.export":    (p: Person) => auditor(p) || admin(p),
  "session.search":  (p: Person) => auditor(p),
  "session.raw":     (p: Person) => auditor(p),
  "exposure.see":    (p: Person) => auditor(p) || admin(p),
  "exposure.rotate": (p: Person) => admin(p),
  "person.manage":   (p: Person) => admin(p),
  "policy.manage":   (p: Person) => admin(p),
  "password_policy.see": (p: Person) => admin(p) || auditor(p) || has(p, "owner"),
  "platform.see":    (p: Person) => admin(p) || auditor(p) || has(p, "owner"),
  "platform.write":  (p: Person) => admin(p) || has(p, "owner"),
  "platform.accept": (p: Person) => admin(p),
  "dependent.see":    (p: Person, t: Thing) => admin(p) || auditor(p) || owns(p, t),
  "dependent.write":  (p: Person) => admin(p),
  "dependent.accept": (p: Person) => admin(p),
  "demonstration.see": (p: Person, t: Thing) => admin(p) || auditor(p) || mine(p, t),
  "demonstration.allow": (p: Person) => admin(p),
  "demonstration.drop": (p: Person, t: Thing) => admin(p) || mine(p, t),
  "demonstration.show": (p: Person, t: Thing) => mine(p, t),
  "policy.see":      (p: Person) => admin(p) || auditor(p),
  "change.confirm":  (p: Person) => admin(p) || auditor(p),
  "lock.set":        (p: Person) => admin(p),
  "lock.see":        (p: Person) => admin(p) || auditor(p),
  "notice.see":      (p: Person) => admin(p) || auditor(p),
  "notice.manage":   (p: Person) => admin(p),
  "broker.backup":   (p: Person) => admin(p),
  "broker.health":   (p: Person) => admin(p) || auditor(p),
} as const;
export type Act = keyof typeof RULES;
export const ACTS = Object.keys(RULES) as Act[];

/** Whoever owns the broker's process on its machine. No person: it asks for nothing, votes on nothing, sees no password and no name. */
export type Operator = "operator";
const OPERATES: readonly Act[] = ["broker.backup", "broker.health"];

export const may = (who: Person | Operator, act: Act, thing: Thing = {}): boolean =>
  (who === "operator" ? OPERATES.includes(act) : !who.disabled && RULES[act](who, thing));
