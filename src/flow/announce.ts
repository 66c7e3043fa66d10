/** From an event to the people who are told. Rule: whatever writes the event tells, so no verb can forget to; nothing here decides anything. */
import type { AccountId, PersonId, PolicyId, RequestId, RotationId, TargetId } from "../kernel/ids.ts";
import type { AuditEvent, EventName } from "../domain/audit.ts";
import { KINDS, plainLine, type Audience, type NoticeKind } from "../domain/notice.ts";
import { has, samePerson, type Person } from "../domain/person.ts";
import { entitled, type Policy } from "../domain/policy.ts";
import type { Request } from "../domain/request.ts";
import type { Target } from "../domain/target.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as people from "../store/people.ts";
import * as policies from "../store/policies.ts";
import * as requests from "../store/requests.ts";
import * as rotations from "../store/rotations.ts";
import * as targets from "../store/targets.ts";
import type { Deps } from "./deps.ts";
import { tell } from "./tell.ts";

/** What the event is about, with names. `who`: as a person reads it. */
type Seen = {
  readonly e: AuditEvent; readonly who: string; readonly account: string; readonly target: Target | null; readonly request: Request | null;
  readonly policy: Policy | null;
  /** Whose request or session it is, or who asked for the change. */
  readonly person: Person | null; readonly everyone: readonly Person[];
};
type Said = { readonly kind: NoticeKind; readonly subject: string; readonly lines?: readonly (string | null)[]; readonly path: string | null };
const factOf = (e: AuditEvent, name: string): string => String(e.facts?.[name] ?? "");
const fact = (s: Seen, name: string): string => factOf(s.e, name);
const clock = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
const because = (s: Seen): string | null => (s.e.why ? `Reason: ${s.e.why}` : null);
const requestPath = (s: Seen): string => `/requests/${s.request?.id ?? ""}`;
const sessionPath = (s: Seen): string => `/sessions/${s.e.about["session"] ?? ""}`;
const accountPath = (s: Seen): string => `/accounts/${s.e.about["account"] ?? ""}`;
const asked = (s: Seen): (string | null)[] => [
  `Who: ${s.person?.fullName ?? ""} (${s.person?.name ?? ""})`, `Account: ${s.account}`, `Time: ${s.request?.terms.minutes ?? "?"} minutes`,
  s.request?.terms.window ? `Window: ${clock(s.request.terms.window.from)} to ${clock(s.request.terms.window.to)}` : null,
  s.request?.terms.reason ? `Reason: ${s.request.terms.reason}` : null, s.request?.terms.ticket ? `Ticket: ${s.request.terms.ticket}` : null,
];

/** What of a listing somebody should hear, the worst first. */
const FOUND = [["became_privileged", "became privileged"], ["new_keys", "with new keys"], ["new", "new"], ["back", "back"], ["gone", "gone"]] as const;

type Say = { readonly when?: (e: AuditEvent) => boolean; readonly say: (s: Seen) => Said | null };
/** Bulk changes and schedules tell of all their accounts in one mail of their own. */
const alone = (e: AuditEvent): boolean => !["bulk", "schedule"].includes(factOf(e, "trigger"));
const doubt = (word: "unverified" | "in quarantine") => (s: Seen): Said => ({
  kind: "account_in_doubt", subject: `${s.account} is ${word}`, path: accountPath(s),
  lines: [because(s), word === "unverified"
    ? "A change was sent and its outcome is not known yet. The broker asks the target and settles it; nobody is let in meanwhile."
    : "The broker could not find out which password is in force. Nobody is let in but by break-glass. The account's page says what to do."],
});
const result = (word: string) => (s: Seen): Said => ({
  kind: "voted", subject: `Your request for ${s.account} was ${word}`, path: requestPath(s),
  lines: [s.e.who.kind === "person" ? `By: ${s.who}` : null, fact(s, "minutes") ? `Time: ${fact(s, "minutes")} minutes, from your first use` : null,
    because(s)],
});
const drift = (s: Seen): Said => ({
  kind: "drift_found", subject: `${s.account}: the target does not take the vault's password`, path: accountPath(s),
  lines: ["Somebody or something changed it on the target. The broker is settling which password is in force; nobody is let in meanwhile."],
});
const state = (subject: string): Say => ({ say: (s) => ({ kind: "broker_state", subject, lines: [because(s)], path: "/audit" }) });

const SAID: Partial<Record<EventName, Say>> = {
  "request.submitted": { when: (e) => factOf(e, "preset") !== "break-glass", say: (s) => ({
    kind: "request_waiting", subject: `${s.person?.name ?? ""} asks for ${s.account}`, path: requestPath(s),
    lines: [...asked(s), "", "The link opens the request. Nothing is decided until you press a button there."],
  }) },
  "request.approved": { when: (e) => factOf(e, "by") !== "rule", say: result("approved") }, "request.denied": { say: result("denied") },
  "request.revoked": { say: result("revoked") },
  "request.expired": { say: (s) => ({ kind: "voted", subject: `Your request for ${s.account} ran out`, path: requestPath(s), lines: [because(s)] }) },
  "queue.offered": { say: (s) => ({ kind: "your_turn", subject: `${s.account} is free for you`, path: requestPath(s),
    lines: ["It is yours to begin before anybody else, for a few minutes."] }) },
  "checkout.idle_warned": { say: (s) => ({
    kind: "expiring", subject: `${s.account} is given back soon, because somebody waits`, path: requestPath(s),
    lines: [`Use it before ${clock(fact(s, "back_at"))}, or it is given back.`],
  }) },
  "session.live": { say: (s) => ({ kind: "session_started", subject: `${s.person?.name ?? ""} began a session on ${s.account}`,
    path: sessionPath(s) }) },
  "session.ended": { when: (e) => factOf(e, "ended") === "killed", say: (s) => ({
    kind: "session_killed", subject: `The session of ${s.person?.name ?? ""} on ${s.account} was ended`, path: sessionPath(s),
    lines: [fact(s, "cut_by") ? `By: ${fact(s, "cut_by")}` : null, because(s)],
  }) },
  "rotation.committed": { when: (e) => factOf(e, "trigger") === "manual",
    say: (s) => ({ kind: "password_changed", subject: `The password of ${s.account} was changed by hand`, path: accountPath(s) }) },
  "rotation.refused": { when: alone,
    say: (s) => ({ kind: "rotation_failed", subject: `The password of ${s.account} could not be changed`, path: accountPath(s),
      lines: [because(s), "The vault keeps the password it had."] }) },
  "rotation.step": { when: (e) => factOf(e, "credential") === "unverified" && alone(e), say: doubt("unverified") },
  "rotation.dead_letter": { say: doubt("in quarantine") }, "account.quarantined": { say: doubt("in quarantine") },
  "account.drift": { say: drift }, "rotation.closure": { when: (e) => factOf(e, "new") === "refused", say: drift },
  "account.blocked": { when: (e) => e.why?.startsWith("admin_refused") === true,
    say: (s) => ({ kind: "rotation_failed", subject: `${s.account}: the target refused the administrative account`, path: accountPath(s),
      lines: [because(s)] }) },
  "dependent.failed": { when: (e) => factOf(e, "phase") === "after", say: (s) => ({
    kind: "dependent_failed", path: `/rotations/${s.e.about["rotation"] ?? ""}`,
    subject: `${s.account}: its password was changed, and "${fact(s, "does")}" on ${fact(s, "on")} ${fact(s, "state") === "unknown" ? "is in doubt" : "failed"}`,
    lines: [because(s), "The new password is in force and in the vault. The page of the change says what to do."],
  }) },
  "discovery.done": { when: (e) => e.facts?.["first"] === false && FOUND.some(([name]) => Number(e.facts?.[name] ?? 0) > 0), say: (s) => ({
    kind: "accounts_found", path: `/targets/${s.target?.id ?? ""}/found`,
    subject: `${s.target?.name ?? "A target"}: ${FOUND.filter(([n]) => Number(fact(s, n)) > 0).map(([n, word]) => `${fact(s, n)} ${word}`).join(", ")}`,
    lines: [...FOUND.map(([n, word]) => fact(s, `names_${n}`) ? `${word}: ${fact(s, `names_${n}`)}` : null),
      "By the target's own list of its accounts, compared with the list before. Nothing was changed on it."],
  }) },
  "agent.gone": { say: (s) => ({
    kind: "agent_gone", path: `/agents/${s.e.about["agent"] ?? ""}`, subject: `The ${fact(s, "mode")} ${fact(s, "name")} is gone`,
    lines: [fact(s, "seen_at") ? `Last heard: ${clock(fact(s, "seen_at"))}` : null,
      "Passwords and sessions that go by it wait. On the machine itself, as root: lockstep-agent doctor"],
  }) },
  "target.identity_changed": { say: (s) => ({
    kind: "identity_changed", subject: `${s.target?.name ?? "A target"} shows another identity`, path: `/targets/${s.target?.id ?? ""}`,
    lines: [because(s), "No password is sent there before the owner or a second admin has accepted it."],
  }) },
  "demonstration.asked": { say: (s) => ({
    kind: "record_waiting", subject: `${s.person?.name ?? ""} asks to record a change of ${s.account}`, path: `/demonstrations/${s.e.about["demonstration"] ?? ""}`,
    lines: [`Reason: ${s.e.why ?? ""}`, `Logged in as: ${fact(s, "login")}`, "Another admin lets them, or denies it. Nothing is decided until you press a button there."],
  }) },
  "demonstration.allowed": { say: (s) => ({ kind: "voted", subject: `You may record a change of ${s.account}`, path: `/demonstrations/${s.e.about["demonstration"] ?? ""}`,
    lines: [`Let by: ${s.who}`, "Begin it within eight hours."] }) },
  // One password for many accounts is told once, when it was given (bulk-tell.ts).
  "password.typed": { when: (e) => e.about["bulk"] === undefined, say: (s) => ({
    kind: "password_typed", subject: `${s.who} typed a password for ${s.account}`, path: accountPath(s),
    lines: ["Whoever typed it knows it. The broker changes it some hours after it was typed, and at once when it was handed out meanwhile."],
  }) },
  "break_glass.opened": { say: (s) => ({
    kind: "break_glass", subject: `${s.person?.name ?? s.who} broke the glass for ${s.account}`, path: requestPath(s),
    lines: [...asked(s), "", "Nobody voted. Somebody else must review it afterwards."],
  }) },
  "webhook.off": { say: (s) => ({
    kind: "webhook_off", subject: `The webhook ${fact(s, "name")} was turned off`, path: "/notices/settings",
    lines: [because(s), "Nothing is sent there until an admin turns it on again."],
  }) },
  "vault.passive": state("The broker is passive"), "vault.take_over": state("The broker took over"),
  "restore.done": state("The broker was restored from a backup"),
};

const look = async (db: Reader, e: AuditEvent): Promise<Seen> => {
  const { about } = e, request = about["request"] ? await requests.find(db, about["request"] as RequestId) : null;
  const account = about["account"] ? await accounts.find(db, about["account"] as AccountId) : null,
    where = account?.target ?? about["target"] as TargetId | undefined;
  const target = where ? await targets.find(db, where) : null, everyone = await people.all(db);
  const whose = request?.requester ?? about["person"] as PersonId | undefined
    ?? (about["rotation"] ? (await rotations.find(db, about["rotation"] as RotationId))?.by : null);
  const policy = request ? await policies.find(db, request.terms.policy) : about["policy"] ? await policies.find(db, about["policy"] as PolicyId)
    : null;
  return {
    e, request, target, policy, everyone, person: everyone.find((p) => p.id === whose) ?? null,
    who: e.who.kind === "broker" ? "the broker" : e.who.name,
    account: account ? `${account.name}@${target?.name ?? "?"}` : "an account",
  };
};

const AUDIENCE: Record<Audience, (p: Person, s: Seen) => boolean> = {
  approvers: (p, { policy, person }) => policy !== null && entitled(policy, p) && !(person !== null && samePerson(p, person)),
  person: (p, s) => p.id === s.person?.id, owner: (p, s) => p.id === s.target?.owner,
  admins: (p) => has(p, "admin"), auditors: (p) => has(p, "auditor"),
};

/** In the transaction of the event. */
export const announce = async (deps: Pick<Deps, "random" | "bus">, tx: Tx, event: AuditEvent): Promise<void> => {
  const entry = SAID[event.what];
  if (!entry || entry.when?.(event) === false) return;
  const seen = await look(tx, event), said = entry.say(seen);
  if (said === null) return;
  const audience = seen.everyone.filter((p) => KINDS[said.kind].to.some((a) => AUDIENCE[a](p, seen))).map((p) => p.id);
  const lines = [...(said.lines ?? []).filter((l): l is string => l !== null).map((l) => plainLine(l, 1_000)),
    ...(event.who.kind === "broker" ? [] : [`From address: ${event.who.address}`]), `At: ${tx.now.toISOString()}`];
  await tell(deps, tx, { kind: said.kind, subject: said.subject, lines, path: said.path,
    about: { ...event.about, ...(seen.target ? { target: seen.target.id } : {}) }, to: {}, audience });
};
