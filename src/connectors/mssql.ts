/**
 * Logins of Microsoft SQL Server (2012 and newer). Rule: the server gets a verifier computed here wherever it takes one; a name means the login that
 * is spelled exactly so.
 *
 * The administrative account has ALTER ANY LOGIN (docs/platforms/mssql.md): enough for everybody who is no sysadmin and has no CONTROL SERVER. No
 * SQL Server was at hand: the page says what was tried instead. From its documentation: HASHED is taken only with CHECK_POLICY off; with it the
 * password stands in the statement, which the server's own traces replace by a comment; a login that is refused is told 18456 for every cause but a
 * few; `name = …` takes `App` and `app ` for `app` by most collations; ALTER LOGIN says 15151 for a missing login and a missing right alike.
 */
import type { z } from "zod";
import type { Random } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import type { Link } from "../kernel/link.ts";
import { reveal } from "../kernel/reveal.ts";
import { connectTds, tdsIdentity, tdsLacks, type LoadTedious, type TdsSession } from "../wires/tds.ts";
import { certifiedBy } from "../wires/trust.ts";
import type { ChangeResult, Connector, Credential, Login, TestResult } from "./connector.ts";
import { byWhom, connector, plain, scrubbed, untested } from "./connector.ts";
import { failed, failureIn, listIn, lockIn, notIn, notTold, NO_RIGHT } from "./mssql/answers.ts";
import { config, forbidden, naming, NO_NAME, pin, unsuited, type MssqlConfig } from "./mssql/settings.ts";
import {
  doors,
  EVERYONE,
  kill,
  look,
  sessionsOf,
  setHash,
  setOwn,
  setText,
  type Doors,
  type Everyone,
  type Looked,
  type Sessions,
} from "./mssql/statements.ts";
import { matcher, verifier } from "./mssql/verifier.ts";

export type { MssqlConfig } from "./mssql/settings.ts";
type Verb<K extends keyof Connector<MssqlConfig>> = NonNullable<Connector<MssqlConfig>[K]>;
type Within = <T>(c: MssqlConfig, link: Link, who: Credential, signal: AbortSignal, use: (s: TdsSession) => Promise<T>) => Promise<T>;

const road =
  (load: LoadTedious | undefined): Within =>
  async (c, link, who, signal, use) => {
    const s = await connectTds({ link, user: who.name, secret: who.secret, trust: certifiedBy(c), signal }, load);
    try {
      return await use(s);
    } finally {
      s.end();
    }
  };

const FIRST = 11;
const tooOld = (version: string): boolean => !(Number(/^(\d+)\./.exec(version)?.[1]) >= FIRST);
/** What stands against it; nothing of a change has left. */
const stands = (l: Looked, account: Login, alone: boolean): ChangeResult | undefined => {
  if (tooOld(l.version)) return { refused: `SQL Server older than 2012 keeps passwords in another way (this is ${l.version})` };
  if (l.may !== 1) {
    if (alone && l.me === account.name) return undefined;
    return alone
      ? { refused: `the server takes the broker for ${l.me}, which is another account` }
      : { not_sent: "auth_of_as", why: `the administrative account ${NO_RIGHT}` };
  }
  if (l.name === null) return { refused: `account "${account.name}" does not exist` };
  if (l.name !== account.name) return { refused: `account "${account.name}" does not exist under this spelling; there it is "${l.name}"` };
  return l.type === "S" ? undefined : { refused: `"${account.name}" is no SQL login: it has no password of its own` };
};
type Change = Parameters<Verb<"change">>[3];
/** The statement, and what of it is never shown. */
const prepared = (l: Looked, account: Login, { to, from }: Change, random: Random): { statement: string; hash?: string } => {
  if (l.may !== 1) return { statement: setOwn(account.name, reveal(to), reveal(from!)) };
  if (l.policed !== false) return { statement: setText(account.name, reveal(to)) };
  const hash = verifier(reveal(to), random);
  return { statement: setHash(account.name, hash), hash };
};
const change =
  (within: Within, random: Random): Verb<"change"> =>
  async (c, link, account, ch, signal) => {
    const wrong = unsuited(account, ch.to),
      as = byWhom(account, ch),
      hidden = plain(ch.to, ch.from, ch.as?.secret);
    if (wrong !== undefined) return { refused: wrong };
    if ("refused" in as) return as;
    let sent = false;
    try {
      return await within(c, link, as, signal, async (s): Promise<ChangeResult> => {
        const [l] = await s.rows<Looked>(look(account.name)),
          no =
            l === undefined
              ? { not_sent: "unreachable" as const, why: "the server did not say whom the name means" }
              : stands(l, account, ch.as === undefined);
        if (l === undefined || no !== undefined) return scrubbed(no!, hidden);
        const { statement, hash } = prepared(l, account, ch, random);
        if (hash !== undefined) hidden.push(hash);
        sent = true;
        await s.run(statement);
        return "done";
      });
    } catch (e) {
      return failed(e, sent, hidden);
    }
  };

const compare =
  (within: Within): Verb<"compare"> =>
  async (c, link, account, secrets, as, signal) => {
    if (!naming.fits(account.name)) return { unknown: NO_NAME };
    try {
      return await within(c, link, as, signal, async (s) => {
        const [l] = await s.rows<Looked>(look(account.name));
        if (l?.name !== account.name) return { unknown: `account "${account.name}" does not exist, or the administrative account may not see it` };
        if (l.hash === null)
          return {
            unknown:
              "the administrative account may not read password hashes " +
              "(CONTROL SERVER; from SQL Server 2022 on VIEW ANY CRYPTOGRAPHICALLY SECURED DEFINITION)",
          };
        const fits = matcher(l.hash);
        if (fits === null) return { unknown: "the login keeps a kind of hash that is not computed here" };
        const match = secrets.findIndex((x) => fits(reveal(x)));
        return match < 0 ? "none" : { match };
      });
    } catch (e) {
      return notTold(e, as);
    }
  };

/** 6106, 6107: it is gone already, or no longer a person's. */
const GONE = new Set([6106, 6107]);
const endLogins =
  (within: Within): Verb<"endLogins"> =>
  async (c, link, account, as, signal) => {
    if (!naming.fits(account.name) || account.name.toLowerCase() === as.name.toLowerCase())
      return { unknown: "these logins are not ended from here" };
    try {
      return await within(c, link, as, signal, async (s) => {
        const rows = await s.rows<Sessions>(sessionsOf(account.name));
        if (rows.some((r) => r.sees !== 1)) return { unknown: "the administrative account may not see who is logged in (VIEW SERVER STATE)" };
        let ended = 0;
        for (const { id } of rows) {
          if (id === null) continue;
          try {
            await s.run(kill(id));
            ended += 1;
          } catch (e) {
            if (!GONE.has(failureIn(e).number)) throw e;
          }
        }
        return { ended };
      });
    } catch (e) {
      return notTold(e, as);
    }
  };

const test =
  (within: Within): Verb<"test"> =>
  async (c, link, as, signal) => {
    try {
      return await within(c, link, as, signal, async (s): Promise<TestResult> => {
        const [l] = await s.rows<Looked>(look(as.name)),
          why =
            l === undefined
              ? "the server did not answer"
              : tooOld(l.version)
                ? `SQL Server ${l.version} is older than 2012`
                : l.may === 1
                  ? undefined
                  : NO_RIGHT;
        return why === undefined ? { ok: true, identity: s.proof } : { ok: false, stage: "right", why };
      });
    } catch (e) {
      return untested(failureIn(e), as);
    }
  };

export const mssql = (random: Random, load?: LoadTedious): Connector<MssqlConfig> => {
  const within = road(load),
    asked = async <T, N>(c: MssqlConfig, link: Link, as: Credential, signal: AbortSignal, statement: string, read: (rows: T[]) => N) => {
      try {
        return await within(c, link, as, signal, async (s) => read(await s.rows<T>(statement)));
      } catch (e) {
        return notTold(e, as);
      }
    };
  return connector<MssqlConfig>({
    platform: "mssql",
    config: config as z.ZodType<MssqlConfig>,
    forbidden,
    naming,
    changesItself: true,
    pin,
    ...(load === undefined ? { lacks: tdsLacks } : {}),
    change: change(within, random),
    compare: compare(within),
    endLogins: endLogins(within),
    test: test(within),
    probe: async (c, link, account, secret, signal) => {
      const wrong = unsuited(account, secret);
      if (wrong !== undefined) return { unknown: wrong };
      try {
        return await within(c, link, { name: account.name, secret }, signal, () => Promise.resolve("yes" as const));
      } catch (e) {
        return notIn(e, secret);
      }
    },
    lockedOut: (c, link, account, as, signal) =>
      naming.fits(account.name)
        ? asked<Doors, ReturnType<typeof lockIn>>(c, link, as, signal, doors(account.name), ([d]) => lockIn(d))
        : Promise.resolve({ unknown: NO_NAME }),
    discover: (c, link, as, signal) => asked<Everyone, ReturnType<typeof listIn>>(c, link, as, signal, EVERYONE, listIn),
    identity: async (link, signal) => {
      try {
        return await tdsIdentity(link, signal);
      } catch (e) {
        throw e instanceof Fault ? e : new Fault("upstream", `${link.address.host}:${link.address.port}: ${failureIn(e).why}.`);
      }
    },
  });
};
