/**
 * Users of a Redis server (6 and newer). Rule: the server gets SHA-256 of a password, never one to keep; a user is looked at before it is set,
 * because ACL SETUSER silently creates an unknown one.
 *
 * The administrative account may do exactly this (tested as written here; docs/platforms/redis.md has it whole):
 *     ACL SETUSER rotator on #… resetkeys resetchannels -@all +acl|getuser +acl|setuser +acl|save +acl|users +config|get +client|kill
 * Found by trying (7.0): without `resetpass` the old password stays beside the new one; users live in memory until ACL SAVE (or CONFIG REWRITE) and
 * are not replicated; a `nopass` user is let in with whatever it says.
 */
import type { z } from "zod";
import { Fault } from "../kernel/fault.ts";
import type { Link } from "../kernel/link.ts";
import { reveal } from "../kernel/reveal.ts";
import type { Random } from "../kernel/clock.ts";
import { RespError } from "../wires/resp.ts";
import { certificatePin, plainObjection } from "../wires/trust.ts";
import type { ChangeResult, CompareResult, Connector, Credential, NotTold } from "./connector.ts";
import { byWhom, connector, plain, scrubbed, toldNothing, untested, words } from "./connector.ts";
import { hindrance, keeper, look, maySet, MEMORY, set } from "./redis/change.ts";
import { connectRedis, failureIn, RedisFailure, redisIdentity, type RedisSession } from "./redis/reach.ts";
import { config, forbidden, naming, NO_NAME, unsuited, type RedisConfig } from "./redis/settings.ts";
import { foundUser, hashOf, userIn, type User } from "./redis/users.ts";

export type { RedisConfig } from "./redis/settings.ts";

/** How a login is made; a test puts itself in between. */
export type Connect = typeof connectRedis;
type Verb<K extends keyof Connector<RedisConfig>> = NonNullable<Connector<RedisConfig>[K]>;
type Run = <T>(c: RedisConfig, link: Link, who: Credential, signal: AbortSignal, use: (s: RedisSession) => Promise<T>) => Promise<T>;

const change =
  (run: Run): Verb<"change"> =>
  async (c, link, account, ch, signal) => {
    const wrong = unsuited(account, reveal(ch.to)),
      as = byWhom(account, ch);
    if (wrong !== undefined) return { refused: wrong };
    if ("refused" in as) return as;
    const sent = { yet: false };
    try {
      return await run(c, link, as, signal, async (s): Promise<ChangeResult> => {
        const no = await maySet(s, account.name),
          u = no === undefined ? await look(s, account.name) : null;
        if (no !== undefined) return { not_sent: "auth_of_as", why: `${as.name} got in, but may not change others: ${no}` };
        const stop = hindrance(account, u),
          save = stop === undefined ? await keeper(s) : null;
        if (stop !== undefined) return { refused: stop };
        if (save === null && !c.memoryAlone) return { refused: MEMORY };
        sent.yet = true;
        return set(s, account.name, u!, hashOf(reveal(ch.to)), save);
      });
    } catch (e) {
      const f = failureIn(e);
      if (sent.yet) return { unknown: f.why };
      return {
        not_sent: f.kind === "identity" ? "identity" : f.kind === "auth" || f.why.startsWith("NOPERM") ? "auth_of_as" : "unreachable",
        why: f.why,
      };
    }
  };

/** A user without a password is let in with any: after the right one a wrong one is tried, and has to be refused. */
const probe =
  (run: Run, random: Random): Verb<"probe"> =>
  async (c, link, account, secret, signal) => {
    if (!naming.fits(account.name)) return { unknown: NO_NAME };
    try {
      return await run(c, link, { name: account.name, secret }, signal, async (s) => {
        const [any] = await s.all(["AUTH", account.name, Buffer.from(random.bytes(24)).toString("hex")]);
        return any instanceof RespError && any.code === "WRONGPASS"
          ? "yes"
          : { unknown: "this user is let in with any password (nopass), so a login proves nothing" };
      });
    } catch (e) {
      const f = failureIn(e);
      if (f.kind !== "auth") return { unknown: words(f.why, plain(secret)) };
      return c.tls === "off" ? { unknown: "the login was refused, but over a plain connection nobody knows by whom" } : "no";
    }
  };

/** Over a verified certificate a refused login is the administrator's own. */
const notTold = (e: unknown, c: RedisConfig, as: Credential): NotTold => {
  const f = failureIn(e);
  return toldNothing(words(f.why, plain(as.secret)), f.kind === "auth" && c.tls !== "off", f.kind === "identity");
};
const judge = (u: User | null, passwords: readonly string[]): CompareResult => {
  if (u === null) return { unknown: "the target knows no such account" };
  if (u.nopass) return { unknown: "this user is let in with any password (nopass)" };
  if (u.hashes.length !== 1)
    return { unknown: u.hashes.length === 0 ? "the account has no password on the target" : "several passwords are in force side by side" };
  const match = passwords.findIndex((p) => hashOf(p) === u.hashes[0]);
  return match < 0 ? "none" : { match };
};
const compare =
  (run: Run): Verb<"compare"> =>
  async (c, link, account, secrets, as, signal) => {
    if (!naming.fits(account.name)) return { unknown: NO_NAME };
    try {
      return await run(c, link, as, signal, async (s) =>
        judge(
          await look(s, account.name),
          secrets.map((x) => reveal(x)),
        ),
      );
    } catch (e) {
      return notTold(e, c, as);
    }
  };
/** Never of the account we are logged in as: other work of ours runs as it. */
const endLogins =
  (run: Run): Verb<"endLogins"> =>
  async (c, link, account, as, signal) => {
    if (!naming.fits(account.name) || account.name === as.name) return { unknown: "these logins are not ended from here" };
    try {
      return await run(c, link, as, signal, async (s) => ({ ended: Number(await s.ask("CLIENT", "KILL", "USER", account.name)) }));
    } catch (e) {
      return notTold(e, c, as);
    }
  };
const discover =
  (run: Run): Verb<"discover"> =>
  async (c, link, as, signal) => {
    try {
      return await run(c, link, as, signal, async (s) => {
        const names = ((await s.ask("ACL", "USERS")) as string[]).toSorted(),
          found = names.length === 0 ? [] : await s.all(...names.map((n) => ["ACL", "GETUSER", n]));
        const bad = found.find((r) => r instanceof RespError);
        if (bad instanceof RespError) throw new RedisFailure("said", bad.message);
        return names.flatMap((name, i) => {
          const u = userIn(found[i]!);
          return u === null ? [] : [foundUser(name, u)];
        });
      });
    } catch (e) {
      return notTold(e, c, as);
    }
  };
const test =
  (run: Run): Verb<"test"> =>
  async (c, link, as, signal) => {
    try {
      return await run(c, link, as, signal, async (s) => {
        const no = await maySet(s, as.name);
        if (no !== undefined) return { ok: false, stage: "right", why: no };
        await look(s, as.name);
        return (await keeper(s)) === null && !c.memoryAlone
          ? { ok: false, stage: "right", why: MEMORY }
          : { ok: true, identity: s.proof ?? "nothing: a plain connection on this machine" };
      });
    } catch (e) {
      return untested(failureIn(e), as);
    }
  };

const COMPARE = 'openssl x509 -noout -fingerprint -sha256 -in "$(redis-cli --raw config get tls-cert-file | tail -1)"';
export const redis = (random: Random, connect: Connect = connectRedis): Connector<RedisConfig> => {
  const run: Run = async (c, link, who, signal, use) => {
    const s = await connect(c, link, who, signal);
    try {
      return await use(s);
    } finally {
      s.end();
    }
  };
  return connector<RedisConfig>({
    platform: "redis",
    config: config as z.ZodType<RedisConfig>,
    forbidden,
    naming,
    objection: plainObjection,
    pin: (identity) => certificatePin(identity, COMPARE, "redis-cli config get tls-port"),
    change: async (c, link, account, ch, signal) => scrubbed(await change(run)(c, link, account, ch, signal), plain(ch.to, ch.from, ch.as?.secret)),
    probe: probe(run, random),
    compare: compare(run),
    endLogins: endLogins(run),
    discover: discover(run),
    test: test(run),
    identity: async (link, signal) => {
      try {
        return await redisIdentity(link, signal);
      } catch (e) {
        throw e instanceof Fault ? e : new Fault("upstream", `${link.address.host}:${link.address.port}: ${failureIn(e).why}.`, { cause: e });
      }
    },
  });
};
