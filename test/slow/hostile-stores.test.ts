/**
 * Hostile names and passwords at databases and stores: only the named account ever changes, and nobody is created. Rule: every hundredth change
 * and the whole list of accounts are asked of the server's own tools; the numbers go to docs/evidence as they came.
 * LOCKSTEP_HOSTILE: how many texts each (100,000). LOCKSTEP_FAMILY: which (all).
 */
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import type { ChangeResult, Connector, Credential } from "../../src/connectors/connector.ts";
import { etcd, influxdb, rabbitmq } from "../../src/connectors/http/products.ts";
import { http } from "../../src/connectors/http.ts";
import { mysql } from "../../src/connectors/mysql.ts";
import { postgres } from "../../src/connectors/postgres.ts";
import { redis } from "../../src/connectors/redis.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import type { Named } from "../connectors/contract.ts";
import { HOSTILE, HOSTILE_NAMES as HTTP_NAMES } from "../connectors/http-world.ts";
import * as my from "../connectors/mysql-world.ts";
import * as pg from "../connectors/postgres-world.ts";
import * as re from "../connectors/redis-world.ts";
import { etcdServer } from "../lab/etcd.ts";
import { influxdbServer } from "../lab/influxdb.ts";
import { mariadb } from "../lab/mariadb.ts";
import { postgresCluster } from "../lab/postgres.ts";
import { rabbitmqServer } from "../lab/rabbitmq.ts";
import { redisServer } from "../lab/redis.ts";
import { evidence, madeBy } from "./evidence.ts";

const RUNS = Number(process.env["LOCKSTEP_HOSTILE"] ?? 100_000),
  ONLY = process.env["LOCKSTEP_FAMILY"],
  AT_ONCE = 4;
type Family = {
  c: Connector;
  config: unknown;
  port: number;
  as: Named;
  names: typeof my.HOSTILE_NAMES;
  texts: fc.Arbitrary<string>;
  account(): Promise<Named>;
  everybody(): Promise<string[]>;
  opens(name: string, password: string): Promise<boolean>;
  destroy(): Promise<void>;
};
type Sum = { texts: number; done: number; refused: number; asked: number; seconds: number };
const sums = new Map<string, Sum>();

const PG_TEXTS = fc.oneof(
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.constantFrom("'; drop role victim; --", '"', "\\", "$$", "E'\\''", "%s", "\0", "md5", "SCRAM-SHA-256$4096:AAAA$A:A"),
  ),
  PG_NAMES = (mine: string) =>
    fc.oneof(fc.constant(mine), PG_TEXTS, fc.constantFrom(`${mine}; alter role boss`, "boss\" password 'x' --", "current_user", "session_user", "public", "pg_monitor", `${mine} `, mine.toUpperCase()));

const FAMILIES: Record<string, () => Promise<Family>> = {
  "MariaDB 10.11": async () => {
    const db = await mariadb(),
      boss = await my.account(db, "boss");
    await db.sql(`grant all on *.* to ${my.at("boss")} with grant option; set global general_log = 0; set global slow_query_log = 0`);
    return {
      c: mysql(systemRandom) as Connector,
      config: my.pinned(db),
      port: db.port,
      as: boss,
      names: my.HOSTILE_NAMES,
      texts: my.HOSTILE_TEXTS,
      account: () => my.account(db),
      everybody: () => my.everybody(db),
      opens: (n, p) => db.opens(n, p),
      destroy: () => db.destroy(),
    };
  },
  "PostgreSQL 15": async () => {
    const cluster = await postgresCluster({ tls: true, settings: { log_statement: "none", password_encryption: "scram-sha-256" } }),
      sql = pg.superuser(cluster),
      boss = await pg.role(cluster, "boss", "superuser");
    return {
      c: postgres(systemRandom) as Connector,
      config: pg.pinned(cluster),
      port: cluster.port,
      as: boss,
      names: PG_NAMES,
      texts: PG_TEXTS,
      account: () => pg.role(cluster),
      everybody: async () => (await sql("select rolname || ':' || coalesce(rolpassword, '') || rolsuper || rolcanlogin as line from pg_authid order by 1")).map((r) => String(r["line"])),
      opens: (n, p) => pg.opens(cluster.port, n, p),
      destroy: () => cluster.destroy(),
    };
  },
  "Redis 7.0": async () => {
    const r = await redisServer(),
      boss = await re.user(r, "boss", "~*", "&*", "+@all");
    return {
      c: redis(systemRandom) as Connector,
      config: re.pinned(r),
      port: r.port,
      as: boss,
      names: my.HOSTILE_NAMES,
      texts: my.HOSTILE_TEXTS,
      account: () => re.user(r),
      everybody: () => re.everybody(r),
      opens: (n, p) => r.opens(n, p),
      destroy: () => r.destroy(),
    };
  },
  ...Object.fromEntries(
    (
      [
        ["InfluxDB 1.6", influxdb, influxdbServer],
        ["etcd 3.4", etcd, etcdServer],
        ["RabbitMQ 3.10", rabbitmq, rabbitmqServer],
      ] as const
    ).map(([called, t, raise]) => [
      called,
      async (): Promise<Family> => {
        const p = await raise();
        let serial = 0;
        const account = async (): Promise<Named> => {
          const name = `app${++serial}`,
            password = `Old-${serial}-x1`;
          await p.add(name, password);
          return { name, password };
        };
        return {
          c: http(t)(systemRandom) as Connector,
          config: { tls: "pinned", certificates: [p.certificate.fingerprint], authority: "" },
          port: p.port,
          as: p.root,
          names: HTTP_NAMES,
          texts: HOSTILE,
          account,
          everybody: () => p.everybody(),
          opens: (n, q) => p.opens(n, q),
          destroy: () => p.destroy(),
        };
      },
    ]),
  ),
};

/** Several at once, each with an account of its own, which the others' texts may not reach. */
const walk = async (f: Family, sum: Sum): Promise<void> => {
  const mine = await Promise.all(Array.from({ length: AT_ONCE }, () => f.account())),
    bystander = await f.account(),
    link = directLink({ host: "127.0.0.1", port: f.port });
  const but = async (): Promise<string[]> => (await f.everybody()).filter((l) => !mine.some((m) => l.startsWith(`${m.name}:`))),
    before = await but();
  const change = (name: string, to: string): Promise<ChangeResult> =>
    f.c.change(
      f.config,
      link,
      { name },
      { to: Secret.of(to), as: { name: f.as.name, secret: Secret.of(f.as.password) } satisfies Credential },
      AbortSignal.timeout(20_000),
    );
  await Promise.all(
    mine.map((who) =>
      fc.assert(
        fc.asyncProperty(f.names(who.name), f.texts, async (name, password) => {
          const r = await change(name, password);
          sum.texts++;
          if (r !== "done") {
            sum.refused++;
            expect(r).toHaveProperty("refused");
            return;
          }
          expect(name).toBe(who.name);
          if (sum.done++ % 100 === 0) {
            sum.asked++;
            expect(await f.opens(name, password)).toBe(true);
          }
        }),
        { numRuns: Math.ceil(RUNS / AT_ONCE), seed: systemRandom.int(1_000_000_000) },
      ),
    ),
  );
  expect(await but()).toEqual(before);
  expect([await f.opens(bystander.name, bystander.password), await f.opens(f.as.name, f.as.password)]).toEqual([true, true]);
};

describe("law: hostile names and passwords change nobody but the account named, and create nobody", () => {
  for (const [called, raise] of Object.entries(FAMILIES)) {
    if (ONLY !== undefined && !called.toLowerCase().includes(ONLY.toLowerCase())) continue;
    test(called, async () => {
      const f = await raise(),
        sum: Sum = { texts: 0, done: 0, refused: 0, asked: 0, seconds: 0 },
        begun = performance.now();
      try {
        await walk(f, sum);
      } finally {
        await f.destroy();
      }
      sum.seconds = Math.round((performance.now() - begun) / 1_000);
      expect(sum.done).toBeGreaterThan(RUNS / 20);
      sums.set(called, sum);
    });
  }
});
afterAll(() => {
  for (const [called, s] of sums) evidence(`hostile-${called.split(" ")[0]!.toLowerCase()}`, page(called, s));
});
const page = (called: string, s: Sum): string => `# Hostile names and passwords at ${called}

${madeBy("test/slow/hostile-stores.test.ts")}
Names and passwords from fast-check: any bytes, other alphabets, quotes, and texts that mean something to the product's own language; ${AT_ONCE} at once, each at an account of its own.
A change of another account than the one named, or a new account, would show in the list of all accounts (with their verifiers, where the product shows them) before and after, or in a login of
one that was never named and of the administrator.

| texts | changes done, all of the named account | refused | of the done: proven by a login of another client | others changed or created | bound (3/N, 95 %) | took |
|---|---|---|---|---|---|---|
| ${s.texts} | ${s.done} | ${s.refused} | ${s.asked} | 0 | ${(3 / s.texts).toPrecision(2)} a text | ${s.seconds} s |
`;
