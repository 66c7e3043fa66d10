/**
 * Logging in, the same verbs for the portal, the API and SSH. Rule: a stranger learns nothing: unknown name, wrong password, locked and
 * disabled read alike and cost alike; every answer writes its event in the transaction that decided it.
 */
import { Fault } from "../kernel/fault.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Actor, EventName } from "../domain/audit.ts";
import { sha256Hex } from "../crypto/envelope.ts";
import { needsTotp, type Person } from "../domain/person.ts";
import * as people from "../store/people.ts";
import type { Tx } from "../store/db.ts";
import type { From, IdentityDeps } from "./deps.ts";
import type { Login } from "./recall.ts";
import { checkPassword, COST, totpCounter } from "./secrets.ts";
import { endSession, findSession, openSession, sessionIn, type Opened } from "./sessions.ts";

export const LOCK_AFTER = 5;
const WRONG = "Name or password is wrong, or this login is locked for a while.";
const WRONG_CODE = "This code is wrong or was used before. Codes change every 30 seconds; wait for the next one.";
const GONE = "This login took too long. Start again.";
const CROWDED = "Too many logins are being judged at this moment. Try again in a few seconds.";
const BUSY = "Too many failed logins from your address. Wait a quarter of an hour.";

export type LoginResult =
  /** `session` is null for SSH and the command line: there is no cookie to keep. */
  | { readonly outcome: "ok"; readonly person: Person; readonly session: Opened | null }
  /** A code is to come; or, with `enrol`, a second factor must be set up first (portal only). */
  | { readonly outcome: "totp"; readonly person: Person; readonly ticket: Opened }
  | { readonly outcome: "enrol"; readonly person: Person; readonly ticket: Opened }
  | { readonly outcome: "refused"; readonly why: string };
export const refused = (why: string): Extract<LoginResult, { outcome: "refused" }> => ({ outcome: "refused", why });

export const actorOf = (p: Person, from: From): Actor => ({ kind: "person", id: p.id, name: p.name, ...from });
const stranger = (name: string, from: From): Actor => ({ kind: "stranger", name: name.slice(0, 64), ...from });

/** One failure: counted for the person and the address, told in the log with the true reason. */
const fail = async (deps: IdentityDeps, from: From, person: Person | null, name: string, why: string): Promise<void> => {
  const closed = await deps.gate.failed(from.address);
  await deps.db.transaction(async (tx) => {
    const who = person ? actorOf(person, from) : stranger(name, from);
    const about: Record<string, string> = person ? { person: person.id } : {};
    const event = (what: EventName, reason: string) => deps.record(tx, { what, who, about, outcome: "refused", why: reason });
    await event("login.refused", why);
    if (closed) await event("login.locked_out", "too many failures from this address");
    if (!person || why === "locked") return;
    const until = new Date(tx.now.getTime() + deps.times.lockout + deps.random.int(Math.ceil(deps.times.lockout / 4)));
    if (await people.loginFailed(tx, person.id, LOCK_AFTER, until) === LOCK_AFTER) await event("login.locked_out", "too many failures of this person");
  });
};

/** Every factor was given: the failures are forgotten and, in a browser, a new session begins. */
export const welcome = async (deps: IdentityDeps, tx: Tx, person: Person, from: From, factors: string): Promise<LoginResult> => {
  await people.loginWorked(tx, person.id);
  await deps.record(tx, { what: "login.ok", who: actorOf(person, from), about: { person: person.id }, outcome: "ok", facts: { factors } });
  const session = from.means === "portal" ? await openSession(deps, tx, person.id, from.address, true) : null;
  return { outcome: "ok", person, session };
};

/** The first factor was right. Failures stay counted: a known password must not buy endless guesses at the code. */
export const firstFactor = (deps: IdentityDeps, person: Person, from: From, factor: string): Promise<LoginResult> => deps.db.transaction(async (tx) => {
  // Another node may have locked it since: what was guessed rightly then is no login.
  if (factor === "password" && await people.isLocked(tx, person.id)) return refused(WRONG);
  if (!person.totp && !needsTotp(person)) return welcome(deps, tx, person, from, factor);
  if (!person.totp && from.means !== "portal") {
    await deps.record(tx, { what: "login.refused", who: actorOf(person, from), about: { person: person.id }, outcome: "refused", why: "second factor not set up" });
    return refused("Your role needs a second factor. Log in to the portal once and set it up.");
  }
  const ticket = await openSession(deps, tx, person.id, from.address, false);
  return { outcome: person.totp ? "totp" : "enrol", person, ticket };
});

type ByPassword = { readonly name: string; readonly password: Secret } & From;
export const passwordLogin = async (deps: IdentityDeps, by: ByPassword): Promise<LoginResult> =>
  await deps.turns.take(`name/${by.name.slice(0, 64)}`, by.address, () => judgePassword(deps, by)) ?? refused(CROWDED);
const judgePassword = async (deps: IdentityDeps, { name, password, ...from }: ByPassword): Promise<LoginResult> => {
  if (!await deps.gate.open(from.address)) return refused(BUSY);
  const person = await people.named(deps.db, name);
  const known = person ? await people.credentialsOf(deps.db, person.id) : null;
  const right = await checkPassword(known?.passwordHash ?? null, password, deps.cost ?? COST);
  const locked = known?.lockedUntil && known.lockedUntil > deps.clock.now();
  const why = !person ? "unknown name" : locked ? "locked" : !right ? "wrong password" : person.disabled ? "disabled" : null;
  if (person && why === null) return firstFactor(deps, person, from, "password");
  await fail(deps, from, person, name, why ?? "unknown name");
  return refused(WRONG);
};

/** A factor that proves itself and did not fit. Not counted for the person: clients offer every key they have, and nobody guesses one. */
type Misfit = { readonly person: Person | null; readonly name: string; readonly from: From; readonly why: string; readonly fingerprint: string };
export const factorRefused = async (deps: IdentityDeps, { person, name, from, why, fingerprint }: Misfit): Promise<LoginResult> => {
  await deps.db.transaction((tx) => deps.record(tx, {
    what: "login.refused", who: person ? actorOf(person, from) : stranger(name, from), about: person ? { person: person.id } : {}, outcome: "refused", why, facts: { fingerprint },
  }));
  return refused(WRONG);
};
export const BUSY_HERE = refused(BUSY);

/** By SSH key, whose signature the caller has checked. A key is one factor; roles that need two still give a code. */
export const publicKeyLogin = async (deps: IdentityDeps, { name, fingerprint, ...from }: { name: string; fingerprint: string } & From): Promise<LoginResult> => {
  if (!await deps.gate.open(from.address)) return refused(BUSY);
  const person = await people.named(deps.db, name), owner = await people.keyOwner(deps.db, fingerprint);
  if (person && !person.disabled && owner === person.id) return firstFactor(deps, person, from, "key");
  return factorRefused(deps, { person, name, from, fingerprint, why: !person ? "unknown name" : person.disabled ? "disabled" : "unknown key" });
};

export type Ticketed = { readonly person: Person; readonly credentials: people.Credentials };
/** Whose ticket this is; a disabled or locked person's is void. */
export const ticketOwner = async (deps: IdentityDeps, tx: Tx, ticket: string): Promise<Ticketed | null> => {
  const session = await sessionIn(deps, tx, ticket);
  const person = session && !session.strong ? await people.find(tx, session.person) : null;
  if (!person || person.disabled) return null;
  const credentials = await people.credentialsOf(tx, person.id);
  return credentials.lockedUntil && credentials.lockedUntil > tx.now ? null : { person, credentials };
};

/** law: replay-safe. The counter is spent in the transaction that accepts it, so a code works once. */
const spend = async (deps: IdentityDeps, tx: Tx, { person, credentials }: Ticketed, code: string): Promise<boolean> => {
  if (!credentials.totp) return false;
  using key = deps.vaulted.open("sessions", `totp/${person.id}`, credentials.totp);
  const counter = totpCounter(key, code, tx.now);
  return counter !== null && await people.spendTotp(tx, person.id, counter);
};

type ByCode = { readonly ticket: string; readonly code: string } & From;
/** By person, not by ticket: each right password gives another ticket. */
export const totpLogin = async (deps: IdentityDeps, by: ByCode): Promise<LoginResult> => {
  const owner = await deps.db.transaction((tx) => ticketOwner(deps, tx, by.ticket));
  if (!owner) return refused(GONE);
  return await deps.turns.take(`code/${owner.person.id}`, by.address, () => judgeCode(deps, by)) ?? refused(CROWDED);
};
const judgeCode = async (deps: IdentityDeps, { ticket, code, ...from }: ByCode): Promise<LoginResult> => {
  if (!await deps.gate.open(from.address)) return refused(BUSY);
  const done = await deps.db.transaction(async (tx): Promise<LoginResult | Person | null> => {
    const owner = await ticketOwner(deps, tx, ticket);
    if (!owner || await people.isLocked(tx, owner.person.id)) return null;
    if (!await spend(deps, tx, owner, code.replaceAll(" ", ""))) return owner.person;
    return await endSession(tx, ticket) ? welcome(deps, tx, owner.person, from, "password and code") : null;
  });
  if (done === null) return refused(GONE);
  if ("outcome" in done) return done;
  await fail(deps, from, done, done.name, "wrong code");
  return refused(WRONG_CODE);
};

export const logout = (deps: IdentityDeps, cookie: string, person: Person, from: From): Promise<void> => deps.db.transaction(async (tx) => {
  if (await endSession(tx, cookie)) await deps.record(tx, { what: "logout", who: actorOf(person, from), about: { person: person.id }, outcome: "ok" });
});

/** The person behind a session that is still good today; a disabled person's sessions are void at once. */
export const personOf = async (deps: Pick<IdentityDeps, "db">, id: Person["id"]): Promise<Person> => {
  const person = await people.find(deps.db, id);
  if (!person || person.disabled) throw new Fault("unauthenticated", "Please log in.");
  return person;
};

export type LoggedIn = { readonly person: Person; readonly login: Login };
/** Whose cookie this is, every factor given. Null: nobody's, over, or a ticket. */
export const loggedIn = async (deps: IdentityDeps, cookie: string): Promise<LoggedIn | null> => {
  const mark = deps.recall?.mark() ?? 0, login = await findSession(deps, cookie);
  const person = login?.strong ? await people.find(deps.db, login.person) : null;
  if (!login || !person || person.disabled) { deps.recall?.drop(sha256Hex(cookie)); return null; }
  deps.recall?.keep(sha256Hex(cookie), { person, login }, mark);
  return { person, login };
};
/** The same while the database is away: who was here a moment ago. */
export const recalledLogin = ({ recall }: Pick<IdentityDeps, "recall">, cookie: string): LoggedIn | null => {
  const found = recall?.find(sha256Hex(cookie));
  return found && "login" in found ? found : null;
};
