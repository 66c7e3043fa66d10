/**
 * Roles of a PostgreSQL server (10 and newer). Rule: the server gets a SCRAM verifier computed here, never a password in a statement; a login
 * proves something only over a verified certificate and only where a password was asked for.
 *
 * The administrative role is a superuser, or has CREATEROLE and, from version 16 on, is granted each role WITH ADMIN OPTION. To compare without
 * a login it reads pg_authid:  GRANT SELECT (rolname, rolpassword) ON pg_authid TO rotator;  (in the database of the settings; by a superuser)
 * To end logins:  GRANT pg_signal_backend TO rotator;  A role without one changes itself. docs/platforms/postgres.md has it whole.
 * Found by trying: the verifier stands in the server's log where log_statement asks for it; a name longer than 63 bytes is cut and then means
 * ANOTHER role; a `trust` line lets in with any password; servers before 10 take a verifier for a password.
 */
import type { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import pg from "pg";
import type { z } from "zod";
import type { Random } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import type { Link } from "../kernel/link.ts";
import { reveal } from "../kernel/reveal.ts";
import { times } from "../kernel/times.ts";
import { caged } from "../wires/cage.ts";
import { pgFrames } from "../wires/pg-frames.ts";
import { plainObjection, trustOf } from "../wires/trust.ts";
import type { Answer, Change, ChangeResult, CompareResult, Connector, Credential, Login, NotTold, TestResult } from "./connector.ts";
import { byWhom, connector, plain, toldNothing, unsent, words } from "./connector.ts";
import { foundRole, ROLES, type Role } from "./postgres/discover.ts";
import { afterSend, atLogin, isServerError, PASSWORD_REFUSED, PgFailure } from "./postgres/failure.ts";
import { proofOf, reach } from "./postgres/reach.ts";
import { firstMatch, sameForAll, verifier } from "./postgres/scram.ts";
import { config, forbidden, naming, NO_NAME, pin, unsuited, type PostgresConfig } from "./postgres/settings.ts";

export type { PostgresConfig } from "./postgres/settings.ts";

const LIMIT = times();
/** Ours at the server: nobody's schema before pg_catalog, nobody's settings of the role, and no statement that outlives our limit. */
const OPTIONS = `-c search_path=pg_catalog -c default_transaction_read_only=off -c standard_conforming_strings=on -c statement_timeout=${LIMIT.changeLimit}`;
const UNASKED = "the server let us in without asking for a password (a trust, peer or cert line in pg_hba.conf), so a login proves nothing";
const UNSIGNED = "the server let us in without proving that it knows the password's verifier, so it is not the one";
const ONLY_SCRAM = "over a plain connection a password is used by SCRAM alone, and the server asked for it in another way";

type Session = { readonly client: pg.Client; readonly proof: string | null };
/** How far a login got: how it asked for the password, whether it signed (SCRAM alone does) and let us in, and whether over a certificate we trust. */
type Seen = { asked: "" | "scram" | "md5" | "clear"; signed: boolean; accepted: boolean; verified: boolean };
const unseen = (): Seen => ({ asked: "", signed: false, accepted: false, verified: false });
const unproven = (seen: Seen): PgFailure | undefined =>
  seen.asked === "" ? new PgFailure("auth", UNASKED) : seen.asked === "scram" && !seen.signed ? new PgFailure("identity", UNSIGNED) : undefined;

/** What pg expects of a socket it dials itself, on a stream that is there already. */
const dialled = (stream: Duplex): never => Object.assign(stream, {
  setNoDelay: () => stream, setKeepAlive: () => stream, ref: () => stream, unref: () => stream,
  connect: () => { process.nextTick(() => stream.emit("connect")); return stream; },
}) as never;

const STRANGE = "what it says is not PostgreSQL's protocol";
const clientOn = (stream: Duplex, c: PostgresConfig, link: Link, who: Credential, seen: Seen): pg.Client => {
  // pg keeps the password once it was given, so whoever asks a second time, in another way, is cut off before pg hears of it.
  const asks = (how: Seen["asked"]) => (): void => {
    seen.asked = how;
    if (!seen.verified && how !== "scram") stream.destroy(new PgFailure("identity", ONLY_SCRAM));
  };
  const password = (): string => stream.destroyed ? "" : reveal(who.secret);
  const client = new pg.Client({
    user: who.name, database: c.database, host: link.address.host, port: link.address.port, password: password as never, ssl: false,
    application_name: "lockstep", options: OPTIONS, stream: () => dialled(caged(stream, { broke: () => new PgFailure("closed", STRANGE), frames: pgFrames() })),
  });
  const wire = (client as unknown as { connection: EventEmitter }).connection;
  wire.on("authenticationSASL", asks("scram")).on("authenticationMD5Password", asks("md5")).on("authenticationCleartextPassword", asks("clear"))
    .on("authenticationSASLFinal", () => { seen.signed = true; }).on("authenticationOk", () => { seen.accepted = true; });
  return client.on("error", () => undefined);
};

/** Rejects with PgFailure. `seen` tells the caller how far it got whatever comes of it. */
const login = async (c: PostgresConfig, link: Link, who: Credential, signal: AbortSignal, seen = unseen()): Promise<Session> => {
  const within = AbortSignal.any([signal, AbortSignal.timeout(LIMIT.targetDial)]);
  try {
    const { stream, proof } = await reach(link, trustOf(c), within);
    seen.verified = proof !== null;
    const cut = (): void => { stream.destroy(new PgFailure("unreachable", "the server did not answer in time")); };
    const client = clientOn(stream, c, link, who, seen);
    within.addEventListener("abort", cut, { once: true });
    try { await client.connect(); } catch (e) { stream.destroy(); throw e; } finally { within.removeEventListener("abort", cut); }
    signal.addEventListener("abort", cut, { once: true });
    client.once("end", () => signal.removeEventListener("abort", cut));
    const doubt = unproven(seen);
    if (doubt !== undefined) { stream.destroy(); throw doubt; }
    return { client, proof };
  } catch (e) { throw atLogin(e); }
};

const withSession = async <T>(s: Session, use: (client: pg.Client, proof: string | null) => Promise<T>): Promise<T> => {
  // Not awaited: a server that hangs at the farewell holds nobody up.
  try { return await use(s.client, s.proof); } finally { void s.client.end().catch(() => undefined); }
};
const row = async <R extends pg.QueryResultRow>(client: pg.Client, text: string, values: unknown[]): Promise<R | undefined> =>
  (await client.query<R>(text, values)).rows[0];

type Standing = {
  version: number; standby: boolean; iterations: number; superuser: boolean; createrole: boolean;
  found: boolean; login: boolean; expired: string | null;
};
/** What we are there, and what the role is that is meant. */
const STANDING = `select current_setting('server_version_num')::int as version, pg_is_in_recovery() as standby,
  coalesce(current_setting('scram_iterations', true), '0')::int as iterations, me.rolsuper as superuser, me.rolcreaterole as createrole,
  them.oid is not null as found, coalesce(them.rolcanlogin, false) as login,
  case when them.rolvaliduntil < now() then to_char(them.rolvaliduntil, 'YYYY-MM-DD HH24:MI') end as expired
  from pg_roles me left join pg_roles them on them.rolname = $1 where me.rolname = current_user`;
const standing = async (client: pg.Client, name: string): Promise<Standing> => {
  const s = await row<Standing>(client, STANDING, [name]);
  if (s === undefined) throw new PgFailure("closed", "the server does not say who we are there");
  return s;
};
const OLDEST = 100_000;
const tooOld = (s: Standing): string | undefined => s.version >= OLDEST ? undefined : "PostgreSQL older than 10 knows no verifiers and would take ours for a password";
const powerless = (s: Standing): string | undefined => s.superuser || s.createrole ? undefined : "it is neither a superuser nor has CREATEROLE, so it may change nobody but itself";

/** Before a byte of the change: what the server would refuse, and what it would do without a word. */
const hindrance = (s: Standing, account: Login, as: Login): ChangeResult | undefined => {
  if (s.standby) return { not_sent: "unreachable", why: "this server is a standby and takes no changes; name the primary" };
  const old = tooOld(s), no = account.name === as.name ? undefined : powerless(s);
  if (old !== undefined) return { refused: old };
  if (no !== undefined) return { not_sent: "auth_of_as", why: `${as.name} got in, but ${no}` };
  if (!s.found) return { refused: `role "${account.name}" does not exist` };
  if (!s.login) return { refused: `role "${account.name}" may not log in (NOLOGIN), so no password of it could be proven` };
  return s.expired === null ? undefined : { refused: `the password of role "${account.name}" expired on ${s.expired} (VALID UNTIL); set another date on the server first` };
};

const change = (random: Random) => async (c: PostgresConfig, link: Link, account: Login, ch: Change, signal: AbortSignal): Promise<ChangeResult> => {
  const wrong = unsuited(account, ch.to), as = byWhom(account, ch);
  if (wrong !== undefined) return { refused: wrong };
  if ("refused" in as) return as;
  const hidden = plain(ch.to, ch.from, ch.as?.secret);
  let sent = false;
  try {
    return await withSession(await login(c, link, as, signal), async (client): Promise<ChangeResult> => {
      const s = await standing(client, account.name), stop = hindrance(s, account, as);
      if (stop !== undefined) return stop;
      const kept = await verifier(reveal(ch.to), s.iterations, random);
      hidden.push(kept);
      sent = true;
      await client.query(`ALTER ROLE ${pg.escapeIdentifier(account.name)} PASSWORD ${pg.escapeLiteral(kept)}`);
      return "done";
    });
  } catch (e) {
    if (sent) { const r = afterSend(e); return "refused" in r ? { refused: words(r.refused, hidden) } : { unknown: words(r.unknown, hidden) }; }
    const { kind, why } = atLogin(e);
    return unsent({ kind, why }, hidden);
  }
};

const probe = async (c: PostgresConfig, link: Link, account: Login, secret: Credential["secret"], signal: AbortSignal): Promise<Answer> => {
  if (!naming.fits(account.name)) return { unknown: NO_NAME };
  const seen = unseen();
  try {
    return await withSession(await login(c, link, { name: account.name, secret }, signal, seen), () => Promise.resolve("yes"));
  } catch (e) {
    const { kind, why, cause } = e as PgFailure;
    // Refused after the password was found right: no such database, no right to it, no place left.
    if (seen.accepted && unproven(seen) === undefined && kind !== "identity") return "yes";
    if (!isServerError(cause) || cause.code !== PASSWORD_REFUSED) return { unknown: words(why, plain(secret)) };
    if (!seen.verified) return { unknown: "the login was refused, but over a plain connection nobody knows by whom" };
    return sameForAll(reveal(secret)) ? "no" : { unknown: "the login was refused, and clients do not read this password alike" };
  }
};

/** Over a verified certificate a refused login is the administrator's own. */
const notTold = (e: unknown, c: PostgresConfig, as: Credential): NotTold => {
  const { kind, why } = atLogin(e);
  return toldNothing(words(why, plain(as.secret)), kind === "auth" && c.tls !== "off", kind === "identity");
};
/** A statement's own refusal is no refused login. */
const told = async <T>(ask: Promise<T>): Promise<T | { unknown: string }> => {
  try { return await ask; } catch (e) { if (isServerError(e)) return { unknown: words(e.message, []) }; throw e; }
};

const compare: NonNullable<Connector<PostgresConfig>["compare"]> = async (c, link, account, secrets, as, signal): Promise<CompareResult> => {
  if (!naming.fits(account.name)) return { unknown: NO_NAME };
  try {
    return await withSession(await login(c, link, as, signal), (client) => told((async (): Promise<CompareResult> => {
      const found = await row<{ rolpassword: string | null }>(client, "select rolpassword from pg_authid where rolname = $1", [account.name]);
      if (found === undefined) return { unknown: "the target knows no such account" };
      if (found.rolpassword === null) return { unknown: "the account has no password on the target" };
      const match = await firstMatch(account.name, found.rolpassword, secrets.map((s) => reveal(s)));
      return match === null ? { unknown: "the target keeps a kind of verifier that is not computed here" } : match < 0 ? "none" : { match };
    })()));
  } catch (e) { return notTold(e, c, as); }
};

/** Every backend that logged in as this role and nobody else's. Never the role we are logged in as: other work of ours runs as it. */
const endLogins: NonNullable<Connector<PostgresConfig>["endLogins"]> = async (c, link, account, as, signal) => {
  if (!naming.fits(account.name) || account.name === as.name) return { unknown: "these logins are not ended from here" };
  try {
    return await withSession(await login(c, link, as, signal), (client) => told((async () => {
      const counted = await row<{ ended: number }>(client,
        "select count(*) filter (where pg_terminate_backend(pid))::int as ended from pg_stat_activity where usename = $1 and pid <> pg_backend_pid()", [account.name]);
      return { ended: counted?.ended ?? 0 };
    })()));
  } catch (e) { return notTold(e, c, as); }
};

const test: NonNullable<Connector<PostgresConfig>["test"]> = async (c, link, as, signal): Promise<TestResult> => {
  try {
    return await withSession(await login(c, link, as, signal), async (client, proof): Promise<TestResult> => {
      const s = await standing(client, as.name), why = s.standby ? "this server is a standby and takes no changes; name the primary" : tooOld(s) ?? powerless(s);
      return why === undefined ? { ok: true, identity: proof ?? "nothing: a plain connection on this machine" } : { ok: false, stage: "right", why };
    });
  } catch (e) {
    const { kind, why } = atLogin(e);
    return { ok: false, stage: kind === "identity" ? "identity" : kind === "auth" ? "login" : "reach", why: words(why, plain(as.secret)) };
  }
};

const discover: NonNullable<Connector<PostgresConfig>["discover"]> = async (c, link, as, signal) => {
  try {
    return await withSession(await login(c, link, as, signal), (client) => told((async () => (await client.query<Role>(ROLES)).rows.map(foundRole))()));
  } catch (e) { return notTold(e, c, as); }
};

export const postgres = (random: Random): Connector<PostgresConfig> => connector<PostgresConfig>({
  platform: "postgres", config: config as z.ZodType<PostgresConfig>, forbidden, naming, changesItself: true, pin,
  objection: plainObjection,
  probe, change: change(random), compare, endLogins, test, discover,
  identity: async (link, signal) => {
    try { return await proofOf(link, signal); } catch (e) { const { why } = atLogin(e); throw e instanceof Fault ? e : new Fault("upstream", `${link.address.host}:${link.address.port}: ${why}.`, { cause: e }); }
  },
});
