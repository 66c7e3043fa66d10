/**
 * Users of an Oracle Database (12.1 and newer). Rule: whoever changes itself does it by the protocol's own way, without a statement; for another it
 * is ALTER USER inside TLS, which takes no documented verifier and no bound value.
 *
 * The administrative account has CREATE SESSION, ALTER USER and SELECT on SYS.DBA_USERS (docs/platforms/oracle.md). No Oracle Database was at hand,
 * and none is stood in for: the page says what was tried. From its documentation: ORA-01017 is said of a wrong password, and of some locks; audit
 * trails and the shared pool hold stars in the place of an IDENTIFIED BY.
 */
import type { z } from "zod";
import type { Random } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import type { Link } from "../kernel/link.ts";
import { reveal } from "../kernel/reveal.ts";
import { tlsIdentity } from "../wires/http.ts";
import { connectOracle, OracleFailure, oracleLacks, type LoadOracle, type OracleSession } from "../wires/oracle.ts";
import { certifiedBy } from "../wires/trust.ts";
import type { ChangeResult, Connector, Credential, TestResult } from "./connector.ts";
import { byWhom, connector, plain, scrubbed, untested } from "./connector.ts";
import {
  EVERYONE,
  failed,
  failureIn,
  listIn,
  lockIn,
  LOOK,
  noPassword,
  notIn,
  notTold,
  NO_RIGHT,
  RIGHT,
  setPassword,
  type Everyone,
  type Looked,
} from "./oracle/answers.ts";
import { config, forbidden, naming, NO_NAME, NO_SERVICE, pin, unsuited, type OracleConfig } from "./oracle/settings.ts";

export type { OracleConfig } from "./oracle/settings.ts";
type Verb<K extends keyof Connector<OracleConfig>> = NonNullable<Connector<OracleConfig>[K]>;
type Within = <T>(c: OracleConfig, link: Link, who: Credential, signal: AbortSignal, use: (s: OracleSession) => Promise<T>) => Promise<T>;

const road =
  (random: Random, load: LoadOracle | undefined): Within =>
  async (c, link, who, signal, use) => {
    if (c.service === "") throw new OracleFailure("unreachable", NO_SERVICE);
    const s = await connectOracle({ link, service: c.service, user: who.name, secret: who.secret, trust: certifiedBy(c), random, signal }, load);
    try {
      return await use(s);
    } finally {
      s.end();
    }
  };
const may = async (s: OracleSession): Promise<boolean> => Number((await s.rows<{ may: number }>(RIGHT))[0]?.may) > 0;
const lookUp = async (s: OracleSession, name: string): Promise<Looked | undefined> => (await s.rows<Looked>(LOOK, { name }))[0];
/** A question of before the change: nothing of it has left. */
const stands = async (s: OracleSession, name: string): Promise<ChangeResult | undefined> => {
  if (!(await may(s))) return { not_sent: "auth_of_as", why: `the administrative account: ${NO_RIGHT}` };
  const l = await lookUp(s, name);
  if (l === undefined) return { refused: `account "${name}" does not exist in this database` };
  const no = noPassword(l);
  return no === undefined ? undefined : { refused: no };
};

const change =
  (within: Within): Verb<"change"> =>
  async (c, link, account, ch, signal) => {
    const wrong = unsuited(account, ch.to),
      as = byWhom(account, ch),
      hidden = plain(ch.to, ch.from, ch.as?.secret);
    if (wrong !== undefined) return { refused: wrong };
    if ("refused" in as) return as;
    let sent = false;
    try {
      return await within(c, link, as, signal, async (s): Promise<ChangeResult> => {
        const own = as.name === account.name,
          no = own ? undefined : await stands(s, account.name);
        if (no !== undefined) return scrubbed(no, hidden);
        sent = true;
        if (own) await s.changeOwn(account.name, as.secret, ch.to);
        else await s.run(setPassword(account.name, reveal(ch.to)));
        return "done";
      });
    } catch (e) {
      return failed(e, sent, hidden);
    }
  };
const test =
  (within: Within): Verb<"test"> =>
  async (c, link, as, signal) => {
    try {
      return await within(c, link, as, signal, async (s): Promise<TestResult> => {
        const right = await may(s),
          self = right ? await lookUp(s, as.name) : undefined;
        return right && self !== undefined
          ? { ok: true, identity: s.proof }
          : { ok: false, stage: "right", why: right ? "it does not find itself in DBA_USERS: grant it SELECT on SYS.DBA_USERS" : NO_RIGHT };
      });
    } catch (e) {
      return untested(failureIn(e), as);
    }
  };

export const oracle = (random: Random, load?: LoadOracle): Connector<OracleConfig> => {
  const within = road(random, load),
    asked = async <N>(c: OracleConfig, link: Link, as: Credential, signal: AbortSignal, ask: (s: OracleSession) => Promise<N>) => {
      try {
        return await within(c, link, as, signal, ask);
      } catch (e) {
        return notTold(e, as);
      }
    };
  return connector<OracleConfig>({
    platform: "oracle",
    config: config as z.ZodType<OracleConfig>,
    forbidden,
    naming,
    changesItself: true,
    pin,
    ...(load === undefined ? { lacks: oracleLacks } : {}),
    change: change(within),
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
        ? asked(c, link, as, signal, async (s) => lockIn(await lookUp(s, account.name)))
        : Promise.resolve({ unknown: NO_NAME }),
    discover: (c, link, as, signal) => asked(c, link, as, signal, async (s) => listIn(await s.rows<Everyone>(EVERYONE))),
    identity: async (link, signal) => {
      const shown = await tlsIdentity(link, signal);
      if (shown === null)
        throw new Fault(
          "upstream",
          `${link.address.host}:${link.address.port}: what answers there speaks no TLS. Name a TCPS endpoint of the listener (mostly port 2484).`,
        );
      return shown;
    },
  });
};
