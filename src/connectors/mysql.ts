/**
 * Accounts of MariaDB (10.4 and newer) and MySQL (5.7.6 and newer). Rule: the server gets a verifier computed here, wherever it takes one; a name
 * means the user with all its hosts, changed by one statement, or one user@host.
 *
 * The administrative account has (docs/platforms/mysql.md has it whole, tested as written):
 *     MariaDB  GRANT UPDATE ON mysql.* TO rotator;  GRANT SELECT ON mysql.global_priv TO rotator;
 *              and to end logins  GRANT CONNECTION ADMIN ON *.* TO rotator;
 *              and to tell who is mighty when accounts are listed  GRANT SELECT ON mysql.db TO rotator;
 *     MySQL    GRANT CREATE USER ON *.* TO rotator;  GRANT SELECT ON mysql.user TO rotator;  and to end logins CONNECTION_ADMIN and PROCESS
 * Found by trying (MariaDB 10.11): ALTER USER answers 1396 for every cause and forgets the other ways in (auth_or), SET PASSWORD does neither
 * and never creates; with a password-check plugin it takes no verifier (1290); KILL USER without the right kills nobody and calls it done;
 * a statement with a password in it stands in the general and slow logs, not in the binary log.
 */
import type { z } from "zod";
import type { Random } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import type { Link } from "../kernel/link.ts";
import { reveal } from "../kernel/reveal.ts";
import { unforeseen } from "../wires/numbered-failure.ts";
import { connectMysql, mysqlIdentity, MysqlFailure, REFUSED, type MysqlSession } from "../wires/mysql.ts";
import { isLoopback, PLAIN, PLAIN_ELSEWHERE, plainObjection, trustOf } from "../wires/trust.ts";
import type { Answer, ChangeResult, Connector, Credential, NotTold, TestResult } from "./connector.ts";
import { byWhom, connector, plain, scrubbed, toldNothing, unsent, untested, words } from "./connector.ts";
import { everyRow, PROLOGUE, rowsOf, told, tooOld, writersOf } from "./mysql/grants.ts";
import { found, judge, killEach, killUser } from "./mysql/look.ts";
import { meant, self, send } from "./mysql/meant.ts";
import { config, forbidden, naming, NO_NAME, pin, unsuited, whoOf, type MysqlConfig } from "./mysql/settings.ts";
import { prepare, standing } from "./mysql/statements.ts";

export type { MysqlConfig } from "./mysql/settings.ts";
type Verb<K extends keyof Connector<MysqlConfig>> = NonNullable<Connector<MysqlConfig>[K]>;
/** How a login is made: connectMysql; a test puts itself in between. */
export type Connect = typeof connectMysql;

type Use<T> = (s: MysqlSession) => Promise<T>;
type Run = <T>(c: MysqlConfig, link: Link, who: Credential, signal: AbortSignal, use: Use<T>) => Promise<T>;
/** `within`: as anybody. `admin`: with the grant tables before us. */
const roads = (connect: Connect): { within: Run; admin: Run } => {
  const within: Run = async (c, link, who, signal, use) => {
    const s = await connect({ link, user: whoOf(who).user, secret: who.secret, trust: trustOf(c), signal });
    try {
      return await use(s);
    } finally {
      s.end();
    }
  };
  const admin: Run = (c, link, as, signal, use) =>
    within(c, link, as, signal, async (s) => {
      for (const statement of PROLOGUE) await s.run(statement);
      return use(s);
    });
  return { within, admin };
};

const change =
  (admin: Run, random: Random): Verb<"change"> =>
  async (c, link, account, ch, signal) => {
    const wrong = unsuited(account, ch.to),
      as = byWhom(account, ch);
    if (wrong !== undefined) return { refused: wrong };
    if ("refused" in as) return as;
    const hidden = plain(ch.to, ch.from, ch.as?.secret),
      sent = { yet: false };
    try {
      return await admin(c, link, as, signal, async (s): Promise<ChangeResult> => {
        const rows = await meant(s, account, ch.as === undefined);
        if (!Array.isArray(rows) && rows !== "own") return rows;
        const p = await prepare(s, rows, reveal(ch.to), random);
        if ("refused" in p) return p;
        hidden.push(...p.hidden);
        sent.yet = true;
        return scrubbed(await send(s, p.statement, account, rows), hidden);
      });
    } catch (e) {
      return failed(e, sent.yet, hidden);
    }
  };

const probe =
  (within: Run): Verb<"probe"> =>
  async (c, link, account, secret, signal) => {
    if (!naming.fits(account.name)) return { unknown: NO_NAME };
    const { host } = whoOf(account);
    try {
      return await within(c, link, { name: account.name, secret }, signal, async (s): Promise<Answer> => {
        if (host === null) return "yes";
        const us = await self(s);
        return us.host?.toLowerCase() === host.toLowerCase()
          ? "yes"
          : { unknown: `the server takes the broker for ${us.user}@${us.host ?? ""}, which is another account` };
      });
    } catch (e) {
      return notIn(e, c, host, secret);
    }
  };

const compare =
  (admin: Run): Verb<"compare"> =>
  async (c, link, account, secrets, as, signal) => {
    if (!naming.fits(account.name)) return { unknown: NO_NAME };
    try {
      return await admin(c, link, as, signal, (s) =>
        told(async () =>
          judge(
            await rowsOf(s, whoOf(account)),
            secrets.map((x) => reveal(x)),
          ),
        ),
      );
    } catch (e) {
      return notTold(e, c, as);
    }
  };

/** Never of the account we are logged in as: other work of ours runs as it. */
const endLogins =
  (admin: Run): Verb<"endLogins"> =>
  async (c, link, account, as, signal) => {
    const { user, host } = whoOf(account);
    if (!naming.fits(account.name) || user === whoOf(as).user) return { unknown: "these logins are not ended from here" };
    if (host !== null)
      return { unknown: "the server ends logins of a user, whichever host they are let in by, so those of one host are not ended from here" };
    try {
      return await admin(c, link, as, signal, (s) => told(async () => (s.server.mariadb ? killUser(s, user) : killEach(s, user))));
    } catch (e) {
      return notTold(e, c, as);
    }
  };

const discover =
  (admin: Run): Verb<"discover"> =>
  async (c, link, as, signal) => {
    try {
      return await admin(c, link, as, signal, (s) => told(async () => found(await everyRow(s), await writersOf(s))));
    } catch (e) {
      return notTold(e, c, as);
    }
  };

const test =
  (admin: Run): Verb<"test"> =>
  async (c, link, as, signal) => {
    try {
      return await admin(c, link, as, signal, async (s): Promise<TestResult> => {
        const old = tooOld(s.server),
          now = await standing(s);
        if (old !== undefined || now !== "ready") return { ok: false, stage: "right", why: old ?? (now as { why: string }).why };
        const rows = await told(() => rowsOf(s, whoOf(as)));
        return "unknown" in rows
          ? { ok: false, stage: "right", why: rows.unknown }
          : { ok: true, identity: s.proof ?? "nothing: a plain connection on this machine" };
      });
    } catch (e) {
      return untested(failureIn(e), as);
    }
  };

const failureIn = (e: unknown): MysqlFailure => unforeseen(MysqlFailure, e);
const failed = (e: unknown, sent: boolean, hidden: readonly string[]): ChangeResult => {
  const f = failureIn(e);
  return sent ? { unknown: words(f.why, hidden) } : unsent(f, hidden);
};

/** The password was right, and that is all that was asked: only a new one has to be set. */
const RIGHT = new Set([1862]);
const notIn = (e: unknown, c: MysqlConfig, host: string | null, secret: Credential["secret"]): Answer => {
  const f = failureIn(e);
  if (RIGHT.has(f.number) && host === null) return "yes";
  if (!REFUSED.has(f.number)) return { unknown: words(f.why, plain(secret)) };
  if (c.tls === "off") return { unknown: "the login was refused, but over a plain connection nobody knows by whom" };
  return host === null ? "no" : { unknown: "the login was refused, and nobody knows as which of the user's hosts" };
};
/** Over a verified certificate a refused login is the administrator's own. */
const notTold = (e: unknown, c: MysqlConfig, as: Credential): NotTold => {
  const f = failureIn(e);
  return toldNothing(words(f.why, plain(as.secret)), f.kind === "auth" && REFUSED.has(f.number) && c.tls !== "off", f.kind === "identity");
};
export const mysql = (random: Random, connect: Connect = connectMysql): Connector<MysqlConfig> => {
  const { within, admin } = roads(connect),
    set = change(admin, random);
  return connector<MysqlConfig>({
    platform: "mysql",
    config: config as z.ZodType<MysqlConfig>,
    forbidden,
    naming,
    changesItself: true,
    pin,
    objection: plainObjection,
    probe: probe(within),
    compare: compare(admin),
    endLogins: endLogins(admin),
    discover: discover(admin),
    test: test(admin),
    change: async (c, link, account, ch, signal) => scrubbed(await set(c, link, account, ch, signal), plain(ch.to, ch.from, ch.as?.secret)),
    identity: async (link, signal) => {
      const at = `${link.address.host}:${link.address.port}`;
      const shown = await mysqlIdentity(link, signal).catch((e: unknown) => {
        throw e instanceof Fault ? e : new Fault("upstream", `${at}: ${failureIn(e).why}.`);
      });
      if (shown === null && !isLoopback(link.address)) throw new Fault("upstream", `${at}: ${PLAIN_ELSEWHERE}.`);
      return shown ?? PLAIN;
    },
  });
};
