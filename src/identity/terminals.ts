/**
 * Logging a terminal in from the browser. Rules: the code is on the terminal's screen and nowhere else, so whoever types it has that screen before
 * them; it works once, within minutes, for one connection, one name and one address; nobody but the person of that name can approve.
 */
import { sha256Hex } from "../crypto/envelope.ts";
import { Fault } from "../kernel/fault.ts";
import { newId, type TerminalId } from "../kernel/ids.ts";
import type { Actor } from "../domain/audit.ts";
import type { Person } from "../domain/person.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as people from "../store/people.ts";
import * as terminals from "../store/terminals.ts";
import type { From, IdentityDeps } from "./deps.ts";
import { actorOf, BUSY_HERE, refused, welcome, type LoginResult } from "./login.ts";

export type Waiting = Pick<terminals.Terminal, "id" | "address" | "askedAt" | "expiresAt">;
/** No vowels and nothing that looks like something else: it is read from one screen and typed on another. */
const LETTERS = "BCDFGHJKLMNPQRSTVWXZ", LENGTH = 8, HALF = 4;
/** Terminals that may wait for one name, or from one address; wrong codes after which all of a name are kept out. */
const PER_NAME = 3, PER_ADDRESS = 5, WRONG_CODES = 3;
const NO_SUCH = "No terminal of yours shows this code. Look at its screen; a code is good for two minutes and a half.";

/** "bcdf ghjk" and "BCDF-GHJK" are one. */
const plainCode = (text: string): string => text.toUpperCase().replace(/[^A-Z]/g, "");
const hashOf = (id: TerminalId, name: string, code: string): string => sha256Hex(`terminal\n${id}\n${name}\n${plainCode(code)}`);
const stranger = (name: string, from: From): Actor => ({ kind: "stranger", name: name.slice(0, 64), ...from });

export type Begun = { readonly outcome: "begun"; readonly id: TerminalId; readonly code: string } | Extract<LoginResult, { outcome: "refused" }>;

/** Any name gets a code: a stranger learns nothing, and a code that nobody can approve lets nobody in. */
export const beginTerminal = async (deps: IdentityDeps, { name, ...from }: { name: string } & From): Promise<Begun> => {
  if (!await deps.gate.open(from.address)) return BUSY_HERE;
  const letters = Array.from({ length: LENGTH }, () => LETTERS[deps.random.int(LETTERS.length)]!).join(""), id = newId("terminal", deps.random);
  return deps.db.transaction(async (tx) => {
    await terminals.forget(tx, new Date(tx.now.getTime() - deps.times.loginIdle));
    const crowded = await terminals.crowd(tx, { name }, tx.now) >= PER_NAME
      || await terminals.crowd(tx, { address: from.address }, tx.now) >= PER_ADDRESS;
    if (crowded) return refused("Too many terminals wait for a code already. Try again in a few minutes.");
    const expiresAt = new Date(tx.now.getTime() + deps.times.terminalCode), person = await people.named(tx, name);
    await terminals.add(tx, { id, name, address: from.address, codeHash: hashOf(id, name, letters), askedAt: tx.now, expiresAt });
    const who = person ? actorOf(person, from) : stranger(name, from);
    await deps.record(tx, { what: "terminal.asked", who, about: { terminal: id, ...(person ? { person: person.id } : {}) }, outcome: "intent" });
    return { outcome: "begun", id, code: `${letters.slice(0, HALF)}-${letters.slice(HALF)}` };
  });
};

export const terminalState = async (db: Reader, id: TerminalId, now: Date): Promise<terminals.State | "expired"> => {
  const t = await terminals.find(db, id);
  return t === null || (t.state === "waiting" && t.expiresAt <= now) ? "expired" : t.state;
};

/** The approved terminal comes in, once. The browser's login gave every factor, so nothing more is asked. */
export const spendTerminal = (deps: IdentityDeps, { id, name, ...from }: { id: TerminalId; name: string } & From): Promise<LoginResult> =>
  deps.db.transaction(async (tx) => {
  const t = await terminals.find(tx, id), person = await people.named(tx, name);
  if (t?.state === "denied") return refused("This login was refused in the browser.");
  if (t?.state !== "approved" || t.name !== name || t.address !== from.address
    || t.expiresAt <= tx.now) return refused("Nobody typed the code in time.");
  if (!person || person.disabled || person.id !== t.by || !await terminals.move(tx, id, "approved",
    "spent")) return refused("This login cannot be used.");
  return welcome(deps, tx, person, from, "browser");
});

export const terminalsOf = (deps: Pick<IdentityDeps, "db" | "clock">, person: Person): Promise<Waiting[]> =>
  terminals.waiting(deps.db, person.name, deps.clock.now());

const keepOut = async (deps: IdentityDeps, tx: Tx, person: Person, from: From, t: terminals.Terminal, why: string): Promise<boolean> => {
  if (!await terminals.move(tx, t.id, "waiting", "denied")) return false;
  await deps.record(tx, { what: "terminal.denied", who: actorOf(person, from), about: { terminal: t.id, person: person.id }, outcome: "refused", why,
    facts: { terminal_address: t.address } });
  return true;
};

/** A code nobody shows: it counts, and the third keeps every terminal of this person out. */
const wrong = (deps: IdentityDeps, person: Person, from: From): Promise<void> => deps.db.transaction(async (tx) => {
  const open = await terminals.waiting(tx, person.name, tx.now);
  await terminals.missed(tx, open.map((t) => t.id));
  for (const t of open) if (t.tries + 1 >= WRONG_CODES) await keepOut(deps, tx, person, from, t, "too many wrong codes");
});

/** Throws Fault("invalid") for a code that no waiting terminal of this person shows. */
export const approveTerminal = async (deps: IdentityDeps, person: Person, code: string, from: From): Promise<void> => {
  if (!await deps.gate.open(from.address)) throw new Fault("too_many", "Too many wrong codes from your address. Wait a quarter of an hour.");
  const found = await deps.db.transaction(async (tx) => {
    const t = (await terminals.waiting(tx, person.name, tx.now)).find((x) => x.codeHash === hashOf(x.id, x.name, code));
    if (t === undefined || !await terminals.move(tx, t.id, "waiting", "approved", person.id)) return false;
    await deps.record(tx, { what: "terminal.approved", who: actorOf(person, from), about: { terminal: t.id, person: person.id }, outcome: "ok",
      facts: { terminal_address: t.address } });
    return true;
  });
  if (found) return;
  await deps.gate.failed(from.address);
  await wrong(deps, person, from);
  throw new Fault("invalid", NO_SUCH);
};

export const denyTerminal = (deps: IdentityDeps, person: Person, id: TerminalId, from: From): Promise<void> => deps.db.transaction(async (tx) => {
  const t = (await terminals.waiting(tx, person.name, tx.now)).find((x) => x.id === id);
  if (t === undefined || !await keepOut(deps, tx, person, from, t, "refused in the browser")) throw new Fault("not_found",
    "This terminal waits no more.");
});
