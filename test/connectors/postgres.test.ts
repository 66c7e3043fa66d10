/** The PostgreSQL connector against a real server that writes down everything: as a superuser, and with exactly the grants its file documents. */
import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { postgres, type PostgresConfig } from "../../src/connectors/postgres.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import { certificate } from "../lab/certificate.ts";
import { postgresCluster, type PostgresCluster } from "../lab/postgres.ts";
import { scratch } from "../lab/scratch.ts";
import { contract, fresh, type Named } from "./contract.ts";
import { ident, literal, LOUD, opens, OTHER, pinned, quietly, role, superuser, world, type Sql } from "./postgres-world.ts";

let cluster: PostgresCluster, sql: Sql, boss: Named, rotator: Named, clerk: Named;
beforeAll(async () => {
  cluster = await postgresCluster({ ...OTHER, tls: true, settings: LOUD, hba: ["host all trusted 127.0.0.1/32 trust", "host all old 127.0.0.1/32 md5"] });
  sql = superuser(cluster);
  await sql("create extension pg_stat_statements");
  boss = await role(cluster, "boss", "superuser");
  rotator = await role(cluster, "rotator", "createrole");
  clerk = await role(cluster, "clerk", "createrole");
  await sql("grant select (rolname, rolpassword) on pg_authid to rotator; grant pg_signal_backend to rotator");
});
afterAll(async () => { await cluster?.destroy(); });

describe("as a superuser", () => { contract("postgres, superuser", () => world(() => cluster, () => boss), { lists: true }); });
describe("with the documented grants", () => { contract("postgres, createrole", () => world(() => cluster, () => rotator), { lists: true }); });

const c = postgres(systemRandom);
const link = (host = "127.0.0.1") => directLink({ host, port: cluster.port }), soon = () => AbortSignal.timeout(20_000);
const as = (who: Named) => ({ name: who.name, secret: Secret.of(who.password) });
const change = (who: { name: string }, to: string, by: Named = boss, config: PostgresConfig = pinned(cluster), through = link()) =>
  c.change(config, through, who, { to: Secret.of(to), as: as(by) }, soon());
const probe = (who: { name: string }, password: string, config: PostgresConfig = pinned(cluster), through = link()) =>
  c.probe(config, through, who, Secret.of(password), soon());
const compare = (who: { name: string }, passwords: string[], by: Named = boss) =>
  c.compare?.(pinned(cluster), link(), who, passwords.map((p) => Secret.of(p)), as(by), soon());
const everybody = async (but: string): Promise<unknown[]> => sql("select rolname, rolpassword from pg_authid where rolname <> $1 order by 1", [but]);

describe("discovery", () => {
  test("roles with what they may do, and those that cannot log in; nothing of the server's own", async () => {
    await role(cluster, "late", "valid until '2001-02-03'");
    await sql("create role team; create role deputy login; grant boss to deputy; create role shell login; grant pg_execute_server_program to shell");
    const found = await c.discover!(pinned(cluster), link(), as(rotator), soon());
    if ("unknown" in found) throw new Error(found.unknown);
    const of = (name: string) => found.find((f) => f.name === name);
    expect([of("boss"), of("rotator"), of("team"), of("late"), of("deputy"), of("shell")]).toEqual([
      { name: "boss", enabled: true, privileged: true, says: ["superuser"] }, { name: "rotator", enabled: true, privileged: true, says: ["CREATEROLE"] },
      { name: "team", enabled: false, privileged: false, says: ["NOLOGIN"] }, { name: "late", enabled: false, privileged: false, says: ["expired on 2001-02-03"] },
      { name: "deputy", enabled: true, privileged: true, says: ["member of superuser boss"] }, { name: "shell", enabled: true, privileged: true, says: ["member of pg_execute_server_program"] },
    ]);
    expect(found.some((f) => f.name.startsWith("pg_"))).toBe(false);
  });
});

describe("names", () => {
  test("quotes, capitals and other alphabets mean the role of exactly that name", async () => {
    const names = ["Mixed", "mixed", "o'brien", 'say "hi"', "rôle-ünï", "сервис", "服务", "a b", "back\\slash", "sel;drop", "x".repeat(63)];
    for (const name of names) {
      const who = await role(cluster, name), before = await everybody(name), to = fresh();
      expect(await change(who, to), name).toBe("done");
      expect([await opens(cluster.port, name, to), await opens(cluster.port, name, who.password), await probe(who, to), await probe(who, who.password)], name)
        .toEqual([true, false, "yes", "no"]);
      expect(await compare(who, ["x", to], rotator)).toEqual({ match: 1 });
      expect(await everybody(name)).toEqual(before);
    }
  });
  test("law: a name that the server would cut to another role's is not sent", async () => {
    const near = await role(cluster, "y".repeat(63)), before = await everybody("");
    for (const name of [`${near.name}z`, "é".repeat(32), "a:b", "a\nb", " a", "a\u200b", "\u202eb", ""]) {
      expect(await change({ name }, fresh()), name).toEqual({ refused: "this cannot be the name of a role here" });
      expect(await probe({ name }, "x"), name).toHaveProperty("unknown");
    }
    expect(await everybody("")).toEqual(before);
  });
  test("law: hostile names and passwords change nobody but the role named", async () => {
    const who = await role(cluster), before = await everybody(who.name);
    const evil = fc.oneof(fc.string({ unit: "binary", maxLength: 40 }), fc.constantFrom("'; drop role victim; --", "\"", "\\", "$$", "E'\\''", "%s", "\0", "md5", "SCRAM-SHA-256$4096:AAAA$A:A"));
    const names = fc.oneof(fc.constant(who.name), evil, fc.constantFrom("app1; alter role boss", "boss\" password 'x' --", "current_user", "session_user", "public", "pg_monitor"));
    let done = 0;
    await fc.assert(fc.asyncProperty(names, evil, async (name, password) => {
      const r = await change({ name }, password);
      if (r === "done") { done++; expect(name).toBe(who.name); expect(await opens(cluster.port, name, password)).toBe(true); } else expect(r).toHaveProperty("refused");
    }), { numRuns: 80 });
    expect(done).toBeGreaterThan(8);
    expect(await everybody(who.name)).toEqual(before);
  }, 120_000);
});

describe("who changes whom", () => {
  test("a role changes itself with its present password alone", async () => {
    const who = await role(cluster), to = fresh(), own = (from: string, next: string) =>
      c.change(pinned(cluster), link(), who, { from: Secret.of(from), to: Secret.of(next) }, soon());
    expect(await own(who.password, to)).toBe("done");
    expect([await opens(cluster.port, who.name, to), await opens(cluster.port, who.name, who.password)]).toEqual([true, false]);
    expect(await own(who.password, fresh())).toMatchObject({ not_sent: "auth_of_as" });
    expect(await c.change(pinned(cluster), link(), who, { to: Secret.of(to) }, soon())).toMatchObject({ refused: expect.stringMatching(/neither/) });
  });
  test("one without CREATEROLE is told before anything is sent; one that may not change a superuser, by the server", async () => {
    const who = await role(cluster), weak = await role(cluster), before = await everybody("");
    expect(await change(who, fresh(), weak)).toMatchObject({ not_sent: "auth_of_as", why: expect.stringContaining("neither a superuser nor has CREATEROLE") });
    expect(await change(boss, fresh(), rotator)).toMatchObject({ refused: expect.stringMatching(/must be superuser|permission denied/) });
    expect(await everybody("")).toEqual(before);
  });
  test("CREATEROLE alone changes; without the grants it compares nothing and ends nothing, and that is no refused login", async () => {
    const who = await role(cluster), to = fresh();
    expect(await change(who, to, clerk)).toBe("done");
    expect(await compare(who, [to], clerk)).toEqual({ unknown: expect.stringMatching(/permission denied for (table|relation) pg_authid/) });
    const session = new pg.Client({ host: "127.0.0.1", port: cluster.port, user: who.name, password: to, database: "postgres" });
    session.on("error", () => undefined);
    await session.connect();
    // From 16 on it was given the role to change it, and may end what it may be.
    const given = Number((await sql("show server_version_num"))[0]!["server_version_num"]) >= 160_000;
    expect(await c.endLogins?.(pinned(cluster), link(), who, as(clerk), soon())).toEqual(given ? { ended: 1 } : { unknown: expect.stringMatching(/must be a member|permission denied/) });
    await session.end();
  });
  test("a role that cannot log in, or whose date is past, is refused with the way out", async () => {
    const [idle, late] = [await role(cluster), await role(cluster, undefined, "valid until '2020-01-01'")];
    await sql(`alter role ${ident(idle.name)} nologin`);
    expect(await change(idle, fresh())).toMatchObject({ refused: expect.stringContaining("NOLOGIN") });
    expect(await change(late, fresh())).toMatchObject({ refused: expect.stringMatching(/expired on 2020-01-01.*VALID UNTIL/) });
  });
  test("logins of the role end, nobody else's do", async () => {
    const [who, other] = [await role(cluster), await role(cluster)], ended: string[] = [];
    const sessions = await Promise.all([who, who, other].map(async (r, i) => {
      const s = new pg.Client({ host: "127.0.0.1", port: cluster.port, user: r.name, password: r.password, database: "postgres" });
      s.on("error", () => undefined).on("end", () => { ended.push(`${r.name} ${String(i)}`); });
      await s.connect();
      return s;
    }));
    expect(await c.endLogins?.(pinned(cluster), link(), who, as(rotator), soon())).toEqual({ ended: 2 });
    await expect.poll(() => ended.length).toBe(2);
    expect((await sessions[2]!.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    expect(await c.endLogins?.(pinned(cluster), link(), who, as(rotator), soon())).toEqual({ ended: 0 });
    expect(await c.endLogins?.(pinned(cluster), link(), rotator, as(rotator), soon())).toHaveProperty("unknown");
    await sessions[2]!.end();
  });
  test("a standby takes no changes: it waits for the primary, and nothing is refused", async () => {
    const who = await role(cluster);
    await cluster.standby();
    try {
      expect(await change(who, fresh())).toEqual({ not_sent: "unreachable", why: expect.stringContaining("standby") });
      expect(await c.test?.(pinned(cluster), link(), as(boss), soon())).toMatchObject({ ok: false, stage: "right", why: expect.stringContaining("standby") });
      expect([await probe(who, who.password), await compare(who, [who.password])]).toEqual(["yes", { match: 0 }]);
    } finally { await cluster.stop(); await cluster.start(); }
    expect(await change(who, fresh())).toBe("done");
  });
  test("objects that others put into public are not called by our statements", async () => {
    const who = await role(cluster), trap = "create function public.pg_is_in_recovery() returns bool language sql as 'select true'";
    await sql(`${trap}; alter role boss set search_path = public, pg_catalog`);
    expect(await change(who, fresh())).toBe("done");
    expect(await c.endLogins?.(pinned(cluster), link(), who, as(boss), soon())).toEqual({ ended: 0 });
    await sql("drop function public.pg_is_in_recovery(); alter role boss reset search_path");
  });
});

describe("what a login proves", () => {
  test("law: login-proves — a server that does not ask for the password proves nothing: no yes, no change through it", async () => {
    const who = await role(cluster, "trusted"), other = await role(cluster);
    expect(await probe(who, who.password)).toEqual({ unknown: expect.stringContaining("without asking for a password") });
    expect(await probe(who, "any-password-1")).toHaveProperty("unknown");
    expect(await change(other, fresh(), who)).toMatchObject({ not_sent: "auth_of_as", why: expect.stringContaining("without asking") });
    expect(await c.test?.(pinned(cluster), link(), as(who), soon())).toMatchObject({ ok: false, stage: "login" });
  });
  test("a password accepted by a database that does not open is a yes; one nobody accepts a no", async () => {
    const who = await role(cluster), gone = { ...pinned(cluster), database: "no-such-database" };
    expect(await probe(who, who.password, gone)).toBe("yes");
    expect(await probe(who, "Wrong-1-wrong", gone)).toBe("no");
    expect(await probe({ name: "nosuch" }, "Wrong-1-wrong")).toBe("no");
    expect(await change(who, fresh(), boss, gone)).toMatchObject({ not_sent: "unreachable", why: expect.stringContaining("no-such-database") });
  });
  test("old md5 verifiers are compared too; no password at all is unknown", async () => {
    const who = await role(cluster, "old"), none = await role(cluster);
    await quietly(cluster, `set password_encryption = 'md5'; alter role ${ident(who.name)} password ${literal(who.password)}; alter role ${ident(none.name)} password null`);
    expect(await compare(who, ["x", who.password])).toEqual({ match: 1 });
    expect(await compare(none, ["x"])).toEqual({ unknown: expect.stringContaining("no password") });
    expect(await probe(who, who.password)).toBe("yes");
  });
});

describe("the certificate", () => {
  test("law: another certificate than the pinned one: identity, until a person pins the new one; the authority's is trusted", async () => {
    const who = await role(cluster), old = pinned(cluster), { authority } = cluster.certificate!, byCa: PostgresConfig = { ...old, tls: "authority", certificates: [], authority };
    expect(await change(who, fresh(), boss, byCa)).toBe("done");
    expect(await change(who, fresh(), boss, byCa, link("localhost"))).toBe("done");
    const strange = await certificate(await scratch("ca", false));
    expect(await change(who, fresh(), boss, { ...byCa, authority: strange.authority })).toMatchObject({ not_sent: "identity", why: expect.stringContaining("trusted authority") });
    await cluster.changeCertificate();
    expect(await change(who, fresh(), boss, old)).toMatchObject({ not_sent: "identity", why: expect.stringContaining("not the pinned one") });
    expect(await c.test?.(old, link(), as(boss), soon())).toMatchObject({ ok: false, stage: "identity" });
    expect(await change(who, fresh(), boss, byCa)).toBe("done");
    const shown = await c.identity!(link(), soon());
    expect(shown).toBe(cluster.certificate!.fingerprint);
    expect(c.config.parse({ ...c.pin!(shown)!.settings })).toEqual(pinned(cluster));
    expect(c.config.parse({ certificates: [`sha256 Fingerprint=${shown.toLowerCase()}`] })).toEqual(pinned(cluster));
    expect(await c.test?.(pinned(cluster), link(), as(boss), soon())).toEqual({ ok: true, identity: shown });
  });
  test("settings that pin nothing are no settings; a plain connection is for this machine alone", () => {
    for (const bad of [{}, { certificates: [] }, { certificates: ["AA:BB"] }, { tls: "authority" }, { tls: "authority", authority: "x" }]) expect(c.config.safeParse(bad).success).toBe(false);
    expect([c.pin!("AA"), c.pin!("ssh-ed25519 AAAA")]).toEqual([undefined, undefined]);
    const plain = c.config.parse({ tls: "off" });
    expect([c.objection!(plain, { host: "127.0.0.1", port: 1 }), c.objection!(plain, { host: "192.0.2.1", port: 1 })]).toEqual([undefined, expect.stringContaining("loopback")]);
  });
});
