/**
 * Login sessions of the portal; the only importer of lucia. Rule: the database knows sha-256 of the cookie alone; a session ends
 * after `loginIdle` unused and after `loginAbsolute` whatever happens, and a new one is made at login and at step-up.
 */
import { Lucia, TimeSpan, type Adapter, type DatabaseSession } from "lucia";
import type { PersonId } from "../kernel/ids.ts";
import { sha256Hex } from "../crypto/envelope.ts";
import type { Tx } from "../store/db.ts";
import * as logins from "../store/logins.ts";
import type { IdentityDeps } from "./deps.ts";

type Facts = { readonly csrf: string; readonly address: string; readonly strong: boolean; readonly absoluteAt: Date };
declare module "lucia" { interface Register { Lucia: Lucia<Facts>; DatabaseSessionAttributes: Facts } }

/** Who the cookie says it is. `strong`: every factor was given. */
export type LoginSession = { readonly person: PersonId; readonly csrf: string; readonly address: string; readonly strong: boolean; readonly absoluteAt: Date };
export type Opened = { readonly cookie: string; readonly csrf: string };
type Deps = Pick<IdentityDeps, "db" | "clock" | "random" | "times">;

const toDatabase = (id: string, l: logins.Login): DatabaseSession =>
  ({ id, userId: l.userId, expiresAt: l.expiresAt, attributes: { csrf: l.csrf, address: l.address, strong: l.strong, absoluteAt: l.absoluteAt } });

/** Inside a transaction when one is given: the row and its event stand or fall together. */
const adapter = ({ db, clock }: Deps, tx?: Tx): Adapter => {
  const write = async (work: (t: Tx) => Promise<unknown>): Promise<void> => void await (tx ? work(tx) : db.transaction(work));
  const reader = tx ?? db;
  return {
    getSessionAndUser: async (id) => {
      const found = await logins.find(reader, sha256Hex(id), clock.now());
      return found ? [toDatabase(id, found), { id: found.userId, attributes: {} }] : [null, null];
    },
    getUserSessions: async (user) => (await logins.ofPerson(reader, user, clock.now())).map((l) => toDatabase(l.id, l)),
    setSession: (s) => write((t) => logins.add(t, { id: sha256Hex(s.id), userId: s.userId as PersonId, expiresAt: s.expiresAt, ...s.attributes })),
    updateSessionExpiration: (id, at) => write((t) => logins.renew(t, sha256Hex(id), at)),
    deleteSession: (id) => write((t) => logins.end(t, sha256Hex(id))),
    deleteUserSessions: (user) => write((t) => logins.endAllOf(t, user)),
    deleteExpiredSessions: () => write((t) => logins.endExpired(t)),
  };
};

const lucia = (deps: Deps, tx?: Tx): Lucia<Facts> =>
  new Lucia(adapter(deps, tx), { sessionExpiresIn: new TimeSpan(deps.times.loginIdle, "ms"), getSessionAttributes: (facts) => facts });

const TICKET_SHARE = 1 / 3;

/** `strong: false` is the ticket between password and second factor: a third of the idle time, and good for nothing else. */
export const openSession = async (deps: Deps, tx: Tx, person: PersonId, address: string, strong: boolean): Promise<Opened> => {
  const csrf = deps.random.bytes(32).toString("base64url");
  const lives = strong ? deps.times.loginAbsolute : deps.times.loginIdle * TICKET_SHARE;
  const session = await lucia(deps, tx).createSession(person, { csrf, address, strong, absoluteAt: new Date(tx.now.getTime() + lives) });
  return { cookie: session.id, csrf };
};
/** Null: unknown, idle too long, or past its absolute end. Using it renews the idle time. */
export const findSession = async (deps: Deps, cookie: string): Promise<LoginSession | null> => {
  if (!/^[a-z0-9]{20,80}$/.test(cookie)) return null;
  const { session } = await lucia(deps).validateSession(cookie);
  return session && { person: session.userId as PersonId, csrf: session.csrf, address: session.address, strong: session.strong, absoluteAt: session.absoluteAt };
};
/** The same inside a transaction, with no renewal beyond it. */
export const sessionIn = async (deps: Deps, tx: Tx, cookie: string): Promise<LoginSession | null> => {
  const found = await logins.find(tx, sha256Hex(cookie), tx.now);
  return found && found.expiresAt > tx.now ? { person: found.userId, csrf: found.csrf, address: found.address, strong: found.strong, absoluteAt: found.absoluteAt } : null;
};
/** What a login session is called where its cookie must not stand: the row's own name. */
export const holderOf = (cookie: string): string => sha256Hex(cookie);
/** False: it had ended before, so a ticket is spent once. */
export const endSession = (tx: Tx, cookie: string): Promise<boolean> => logins.end(tx, sha256Hex(cookie));
export const endSessionsOf = (tx: Tx, person: PersonId): Promise<void> => logins.endAllOf(tx, person);
export const endExpired = (deps: Deps): Promise<void> => lucia(deps).deleteExpiredSessions();
