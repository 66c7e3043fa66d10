/** Opening a bulk change: who is affected, then one row an account. Rule: nothing is cut that was not looked at, and a given password is in sealed versions alone. */
import { sha256Hex } from "../crypto/envelope.ts";
import { Fault } from "../kernel/fault.ts";
import { newId, type AccountId, type BulkId, type PersonId, type ScheduleId, type VersionId } from "../kernel/ids.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Hold, Standing } from "../domain/account.ts";
import type { Actor } from "../domain/audit.ts";
import { looked, stands } from "../domain/bulk-decide.ts";
import { open, type BulkTerms, type Choice, type How, type Recipients } from "../domain/bulk.ts";
import { later } from "../domain/rotation.ts";
import { may } from "../domain/may.ts";
import type { Person } from "../domain/person.ts";
import * as accounts from "../store/accounts.ts";
import * as bulks from "../store/bulks.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as passwordPolicies from "../store/password-policies.ts";
import * as rotations from "../store/rotations.ts";
import * as sessions from "../store/sessions.ts";
import { tellGiven } from "./bulk-tell.ts";
import { choose, nameOf, type Chosen } from "./choose.ts";
import type { Deps } from "./deps.ts";
import { brokenFor } from "./password-check.ts";
import { knownRecipients } from "./recipients.ts";
import { actor, record, type Caller } from "./record.ts";
import { keepForAll } from "./secrets.ts";

export const MOST = 10_000;
/** What is common to the preview and the press. */
export type BulkWish = { readonly choice: Choice; readonly how: How; /** Wiped by the caller. */ readonly password?: Secret | undefined; readonly apply: boolean; readonly cut: boolean };
export type BulkInput = BulkWish & { readonly reason: string; readonly terms: BulkTerms; readonly notify: Recipients; /** `digest` of the preview; needed where sessions are to be cut. */ readonly seen?: string | undefined };

/** `stops`: why it would be left alone; `waits`: what it would wait for; `broken`: the rules of its policy that password breaks. */
export type AffectedAccount = {
  readonly id: AccountId; readonly name: string; readonly standing: Standing; readonly holds: readonly Hold[]; readonly liveSessions: number; readonly administers: string | null;
  readonly stops: string | null; readonly waits: string | null; readonly broken: readonly string[];
};
/** `users`: of each account whose users would be cut, what its digest stands for. */
export type Blast = { readonly list: readonly AffectedAccount[]; readonly digest: string; readonly users: Users };
type Users = ReadonlyMap<AccountId, readonly string[]>;

const refuseWish = (deps: Deps, person: Person, w: BulkWish): void => {
  if (!may(person, "bulk.open")) throw new Fault("forbidden", "Only admins and owners change passwords in bulk.");
  if (deps.passive.why) throw new Fault("unavailable", `This broker is passive: ${deps.passive.why}`);
  if (w.how === "unique" && !w.apply) throw new Fault("invalid", "Without changing the targets there is nothing to generate: give the password that is in force on them already.");
  if (w.how === "shown" && !w.apply) throw new Fault("invalid", "A password generated here is in force nowhere yet: it has to be applied to the targets.");
  if ((w.how === "unique") !== (w.password === undefined)) throw new Fault("invalid", w.how === "unique" ? "Each account gets its own password here: none is given." : "The password is missing.");
  if (w.password && !deps.keyring.sendable(w.password)) throw new Fault("invalid", "A password cannot hold line breaks or control characters: most targets would read them as the end of it.");
};
const chosen = async (db: Reader, person: Person, choice: Choice): Promise<Chosen[]> => {
  const list = await choose(db, person, choice);
  if (list.length === 0) throw new Fault("invalid", "No account that you may change was found. Choose others, or look at the search on the accounts page.");
  if (list.length > MOST) throw new Fault("invalid", `${list.length} accounts are more than one bulk change takes (${MOST}).`);
  return list;
};

const affected = async (deps: Deps, db: Reader, list: readonly Chosen[], w: BulkWish): Promise<Blast> => {
  const live = await sessions.openByAccount(db), known = await passwordPolicies.known(db), platforms = await passwordPolicies.platforms(db), dead = new Map((await rotations.openOfAll(db)).map((r) => [r.account, { origin: r.origin, dead: r.state === "dead_letter" }]));
  const lines = list.map(({ account: a, target: t, holds, standing }): AffectedAccount => {
    const open = dead.get(a.id) ?? null, connector = deps.connectors.get(t.platform), why = stands(w, { credential: a.credential, block: a.block, targetLocked: t.locked, open }), n = live.get(a.id)?.length ?? 0;
    return {
      id: a.id, name: nameOf({ account: a, target: t }), standing, holds, liveSessions: n, administers: t.administrative === a.id || t.reconcile === a.id ? t.name : null, stops: why?.why ?? null,
      waits: why || !w.apply || w.cut || (holds.length === 0 && n === 0) ? null : "the end of its hold", broken: w.password && connector ? brokenFor(connector, w.password, passwordPolicies.among(a, t, known, platforms).policy, a.name) : [],
    };
  });
  const users: Users = new Map(lines.filter((l) => l.stops === null && (l.liveSessions > 0 || l.holds.length > 0)).map((l) => [l.id, looked({ sessions: live.get(l.id) ?? [], holds: l.holds })]));
  return { list: lines, digest: sha256Hex([...users].map(([id, u]) => `${id} ${u.join(",")}`).sort().join("\n")).slice(0, 32), users };
};
/** Who would be affected, and by what. */
export const bulkPreview = async (deps: Deps, caller: Caller, w: BulkWish): Promise<Blast> => {
  refuseWish(deps, caller.person, w);
  return affected(deps, deps.db, await chosen(deps.db, caller.person, w.choice), w);
};

/** A person's press. */
export const openBulk = async (deps: Deps, caller: Caller, input: BulkInput): Promise<BulkId> => {
  refuseWish(deps, caller.person, input);
  if (input.reason.trim().length < 3) throw new Fault("invalid", "Say why, in three or more characters: it stands in every event and mail of this change.");
  return deps.db.transaction(async (tx) => {
    const list = await chosen(tx, caller.person, input.choice);
    let users: Users = new Map();
    if (input.cut) {
      const { digest, users: now } = await affected(deps, tx, list, { ...input, password: undefined });
      if (input.seen !== digest) throw new Fault("conflict", input.seen ? "Since you looked, sessions or holds of these accounts changed. Look at who would be cut once more." : "Cutting sessions needs a look at who would be cut first: ask for the preview.");
      users = now;
    }
    return write(deps, tx, list, { ...input, users, person: caller.person.id, who: actor(caller), trigger: "bulk", schedule: null, until: later(tx.now, input.terms.minutes * 60_000) });
  });
};

export type Written = BulkInput & { readonly person: PersonId; readonly who: Actor; readonly trigger: "bulk" | "schedule"; readonly schedule: ScheduleId | null; readonly until: Date; /** Who may be cut: they were looked at. */ readonly users?: Users };
/** The rows; the job does the rest. */
export const write = async (deps: Deps, tx: Tx, list: readonly Chosen[], w: Written): Promise<BulkId> => {
  const id = newId("bulk", deps.random), notify = await knownRecipients(tx, w.notify);
  const kept: ReadonlyMap<AccountId, VersionId> = w.password
    ? await keepForAll(deps, tx, await accounts.lockAll(tx, list.map((c) => c.account.id)), { secret: w.password, status: "candidate", origin: `typed ${id}`, by: w.person }) : new Map<AccountId, VersionId>();
  const b = open({ id, by: w.person, reason: w.reason.trim(), trigger: w.trigger, schedule: w.schedule, how: w.how, apply: w.apply, cut: w.cut, terms: w.terms, notify, at: tx.now, until: w.until });
  await bulks.open(tx, b, list.map(({ account: a, target: t }) => ({ account: a.id, target: t.id, version: kept.get(a.id) ?? null, seen: w.users?.get(a.id) ?? [] })));
  if (w.password) await tellGiven(deps, tx, b, list);
  await record(deps, tx, {
    what: "bulk.opened", who: w.who, about: { bulk: id, person: w.person, ...(w.schedule ? { schedule: w.schedule } : {}) }, outcome: "intent", why: w.reason.trim(),
    facts: { accounts: list.length, how: w.how, apply: w.apply, cut: w.cut, until: w.until.toISOString() },
  });
  tx.onCommit(() => deps.bus.publish("bulks"));
  return id;
};
