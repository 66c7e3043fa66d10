/** What happened, as a value. Rule: a closed list of events, canonical bytes, never a secret. */
import type { PersonId } from "../kernel/ids.ts";

export const EVENTS = [
  "person.added", "person.changed", "person.disabled", "group.changed", "token.made", "token.revoked",
  "login.ok", "login.refused", "login.locked_out", "logout", "terminal.asked", "terminal.approved", "terminal.denied", "connection.refused",
  "target.added", "target.changed", "target.identity_changed", "target.identity_accepted", "target.locked", "target.unlocked", "target.tested",
  "account.added", "account.adopted", "account.changed", "account.blocked", "account.unblocked", "account.verified", "account.preflight", "account.drift", "account.quarantined",
  "discovery.started", "discovery.done", "discovery.failed", "discovery.daily", "discovery.ignored", "discovery.rule_added", "discovery.rule_ended", "discovery.rule_applied",
  "policy.added", "policy.changed", "change.confirmed", "collection.changed", "collection.removed", "import.run", "bulk.run", "bulk.opened", "bulk.step", "bulk.item",
  "schedule.added", "schedule.changed", "schedule.paused", "schedule.resumed", "schedule.ended", "schedule.told", "schedule.run",
  "request.submitted", "vote.cast", "request.approved", "request.denied", "request.cancelled", "request.expired", "request.revoked",
  "queue.offered", "checkout.idle_warned", "break_glass.opened", "request.reviewed", "healer.paused",
  "checkout.started", "checkout.closed", "password.released", "password.typed", "password.refused", "password_policy.changed", "password_policy.removed", "password_policy.bound",
  "session.opening", "session.live", "session.ended", "session.cut", "session.event", "session.mark", "session.played", "session.rejoined", "session.watched", "session.unwatched",
  "rotation.opened", "rotation.intent", "rotation.step", "rotation.committed", "rotation.refused", "rotation.dead_letter", "rotation.closure",
  "key.made", "vault.passive", "vault.take_over", "backup.made", "restore.done", "lock.set", "lock.lifted", "broker.started",
  "webhook.added", "webhook.changed", "webhook.removed", "webhook.off", "notice.tested", "notice.redelivered", "notice.rule_changed", "notice.chosen",
  "audit.checked", "audit.exported", "exposure.rotated", "session.searched", "session.read", "session.raw",
  "command_set.proposed", "command_set.accepted", "platform.tried",
  "dependent.added", "dependent.accepted", "dependent.moved", "dependent.removed", "dependent.tested", "dependent.begun", "dependent.done", "dependent.put_off", "dependent.failed", "dependent.settled",
  "demonstration.asked", "demonstration.allowed", "demonstration.dropped", "demonstration.begun", "demonstration.line", "demonstration.over",
  "agent.token_made", "agent.token_ended", "agent.enrolled", "agent.refused", "agent.up", "agent.down", "agent.gone", "agent.paused", "agent.resumed", "agent.revoked", "agent.deleted", "agent.mapped", "agent.owner_changed",
  "agent.key_announced", "agent.key_turned", "agent.allow_changed", "agent.broker_key_made", "agent.broker_key_told", "agent.broker_key_retired", "order.placed", "order.withdrawn", "order.done", "order.expired",
] as const;
export type EventName = (typeof EVENTS)[number];
export const OUTCOMES = ["ok", "refused", "failed", "intent"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Who did it: a person by some means of login, or the broker itself. */
export type Actor =
  | { readonly kind: "person"; readonly id: PersonId; readonly name: string; readonly address: string; readonly means: "portal" | "api" | "ssh" | "cli" }
  | { readonly kind: "stranger"; readonly name: string; readonly address: string; readonly means: "portal" | "api" | "ssh" | "cli" }
  | { readonly kind: "broker"; readonly part: string };

export type Fact = string | number | boolean | null;
export type AuditEvent = {
  readonly what: EventName;
  readonly who: Actor;
  /** Ids of what it is about, by noun: `{ request, account, session, … }`. */
  readonly about: Readonly<Record<string, string>>;
  readonly outcome: Outcome;
  readonly why?: string;
  readonly facts?: Readonly<Record<string, Fact>>;
};

/** RFC 8785 for what our events hold (strings, safe integers, booleans, null, plain objects): sorted keys, no white space. */
export const canonical = (value: unknown): string => {
  if (typeof value === "string" && !value.isWellFormed()) throw new TypeError("canonical JSON holds whole characters only");
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TypeError("canonical JSON holds finite numbers only");
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value === "object") {
    // A Date or a Secret would otherwise become {}.
    if (![Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null)) throw new TypeError("canonical JSON holds plain objects only");
    const entries = Object.entries(value).filter(([, v]) => v !== undefined).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([k, v]) => `${canonical(k)}:${canonical(v)}`).join(",")}}`;
  }
  throw new TypeError(`canonical JSON cannot hold a ${typeof value}`);
};
