/**
 * The MySQL connector against a real MariaDB that writes down everything: names, hosts, rights, policies. The contract itself is in
 * mysql-contract.test.ts.
 */
import { spawn } from "node:child_process";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mysql, type MysqlConfig } from "../../src/connectors/mysql.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import { mariadb, type MariaDb } from "../lab/mariadb.ts";
import { fresh, type Named } from "./contract.ts";
import { account, at, everybody, HOSTILE_NAMES, HOSTILE_TEXTS, pinned, PRIVILEGES } from "./mysql-world.ts";

let db: MariaDb, boss: Named, rotator: Named;
beforeAll(async () => {
  db = await mariadb(["--plugin-load-add=auth_ed25519"]);
  boss = await account(db, "boss");
  rotator = await account(db, "rotator");
  await db.sql(PRIVILEGES);
});
afterAll(async () => {
  await db?.destroy();
});

const c = mysql(systemRandom);
const link = (host = "127.0.0.1") => directLink({ host, port: db.port }),
  soon = () => AbortSignal.timeout(20_000);
const as = (who: Named) => ({ name: who.name, secret: Secret.of(who.password) });
const change = (who: { name: string }, to: string, by: Named = boss, config: MysqlConfig = pinned(db), through = link()) =>
  c.change(config, through, who, { to: Secret.of(to), as: as(by) }, soon());
const own = (who: { name: string }, from: string, to: string) =>
  c.change(pinned(db), link(), who, { from: Secret.of(from), to: Secret.of(to) }, soon());
const probe = (who: { name: string }, password: string, config: MysqlConfig = pinned(db)) =>
  c.probe(config, link(), who, Secret.of(password), soon());
const compare = (who: { name: string }, passwords: string[], by: Named = boss) =>
  c.compare?.(
    pinned(db),
    link(),
    who,
    passwords.map((p) => Secret.of(p)),
    as(by),
    soon(),
  );
const others = async (but: string): Promise<string[]> => (await everybody(db)).filter((line) => !line.startsWith(`${but}:`));

describe("names and hosts", () => {
  test("quotes, capitals and other alphabets mean the user of exactly that name", async () => {
    for (const name of [
      "Mixed",
      "mixed",
      "o'brien",
      'say "hi"',
      "rôle-ünï",
      "сервис",
      "服务",
      "a b",
      "back\\slash",
      "tick`tock",
      "sel;drop",
      "x".repeat(80),
    ]) {
      const who = await account(db, name),
        before = await others(name),
        to = fresh();
      expect(await change(who, to), name).toBe("done");
      expect(
        [
          await db.opens(name, to),
          await db.opens(name, who.password),
          await probe(who, to),
          await probe(who, who.password),
          await compare(who, ["x", to], rotator),
        ],
        name,
      ).toEqual([true, false, "yes", "no", { match: 1 }]);
      expect(await others(name)).toEqual(before);
    }
  });
  test("a user means all of its hosts, changed by one statement; user@host means that one", async () => {
    const who = await account(db, "many", ["%", "127.0.0.1", "10.0.%"]),
      to = fresh(),
      next = fresh();
    expect(await change(who, to, rotator)).toBe("done");
    expect(await compare(who, [who.password, to])).toEqual({ match: 1 });
    expect(new Set((await everybody(db)).filter((l) => l.startsWith("many:")).map((l) => /\*[0-9A-F]{40}/.exec(l)?.[0])).size).toBe(1);
    expect(await change({ name: "many@10.0.%" }, next, rotator)).toBe("done");
    expect(await compare({ name: "many@10.0.%" }, [to, next])).toEqual({ match: 1 });
    expect(await compare({ name: "many@%" }, [to, next])).toEqual({ match: 0 });
    expect(await compare(who, [to, next])).toEqual({ unknown: expect.stringContaining("different passwords") });
    expect([
      await probe({ name: "many@127.0.0.1" }, to),
      await probe({ name: "many@%" }, to),
      await probe({ name: "many@127.0.0.1" }, "x"),
      await probe(who, to),
    ]).toEqual([
      "yes",
      { unknown: expect.stringContaining("many@127.0.0.1, which is another") },
      { unknown: expect.stringContaining("as which of") },
      "yes",
    ]);
    expect(await change({ name: "many@192.0.2.%" }, fresh())).toMatchObject({ refused: expect.stringContaining("does not exist") });
  });
  test("other ways in stay; accounts without a password, with a foreign one, and roles are refused with the way out", async () => {
    await db.sql(
      `create user ${at("two")} identified via unix_socket or mysql_native_password using password('Two-1-two');
      create user ${at("sock")} identified via unix_socket;
      create user ${at("edd")} identified via ed25519 using password('Edd-1-edd'); create role clerks;
      create user ${at("shut")} identified by 'Shut-1-x' account lock`,
      true,
    );
    const to = fresh();
    expect(await change({ name: "two" }, to)).toBe("done");
    expect((await everybody(db)).find((l) => l.startsWith("two:"))).toContain("unix_socket");
    expect(await compare({ name: "two" }, [to])).toEqual({ match: 0 });
    expect([await change({ name: "sock" }, fresh()), await change({ name: "edd" }, fresh()), await change({ name: "clerks" }, fresh())]).toEqual([
      { refused: expect.stringContaining("no password") },
      { refused: expect.stringContaining("ed25519") },
      { refused: expect.stringContaining("role") },
    ]);
    expect(await compare({ name: "sock" }, ["x"])).toEqual({ unknown: expect.stringContaining("no password") });
    expect(await probe({ name: "edd" }, "Edd-1-edd")).toEqual({ unknown: expect.stringContaining("does not speak") });
    expect([await probe({ name: "shut" }, "Shut-1-x"), await compare({ name: "shut" }, ["Shut-1-x"])]).toEqual([
      { unknown: expect.stringMatching(/locked/) },
      { match: 0 },
    ]);
  });
  test("law: hostile names and passwords change nobody but the account named", async () => {
    const who = await account(db),
      before = await others(who.name);
    let done = 0;
    await fc.assert(
      fc.asyncProperty(HOSTILE_NAMES(who.name), HOSTILE_TEXTS, async (name, password) => {
        const r = await change({ name }, password);
        if (r === "done") {
          done++;
          expect(name).toBe(who.name);
          expect(await db.opens(name, password)).toBe(true);
        } else expect(r).toHaveProperty("refused");
      }),
      { numRuns: 80 },
    );
    expect(done).toBeGreaterThan(8);
    expect(await others(who.name)).toEqual(before);
  }, 120_000);
});

describe("who changes whom", () => {
  test("an account changes itself with its present password alone", async () => {
    const who = await account(db),
      to = fresh();
    expect(await own(who, who.password, to)).toBe("done");
    expect([await db.opens(who.name, to), await db.opens(who.name, who.password)]).toEqual([true, false]);
    expect(await own(who, who.password, fresh())).toMatchObject({ not_sent: "auth_of_as" });
    expect(await c.change(pinned(db), link(), who, { to: Secret.of(to) }, soon())).toMatchObject({ refused: expect.stringMatching(/neither/) });
    const administrator = await account(db, "self", ["%", "127.0.0.1"]);
    await db.sql(`grant update on mysql.* to ${at("self", "127.0.0.1")}; grant select on mysql.global_priv to ${at("self", "127.0.0.1")}`);
    expect(await own(administrator, administrator.password, to)).toBe("done");
    expect(await compare(administrator, [to])).toEqual({ match: 0 });
  });
  test("each grant left out is said, and is no refused login", async () => {
    const who = await account(db),
      reader = await account(db, "reader"),
      writer = await account(db, "writer"),
      maker = await account(db, "maker"),
      before = await everybody(db);
    await db.sql(
      `grant select on mysql.global_priv to ${at("reader")}; grant update on mysql.* to ${at("writer")}; grant create user on *.* to ${at("maker")}`,
    );
    expect([await change(who, fresh(), reader), await change(who, fresh(), writer), await change(who, fresh(), maker)]).toEqual([
      { not_sent: "auth_of_as", why: expect.stringContaining("may not change others") },
      { not_sent: "auth_of_as", why: expect.stringContaining("may not read who there is") },
      { not_sent: "auth_of_as", why: expect.stringContaining("may not change others") },
    ]);
    expect([await compare(who, ["x"], writer), await c.endLogins?.(pinned(db), link(), who, as(reader), soon())]).toEqual([
      { unknown: expect.stringMatching(/denied.*global_priv/) },
      { unknown: expect.stringContaining("CONNECTION ADMIN") },
    ]);
    expect(await c.test?.(pinned(db), link(), as(writer), soon())).toMatchObject({ ok: false, stage: "right" });
    expect((await everybody(db)).filter((l) => l.startsWith(who.name))).toEqual(before.filter((l) => l.startsWith(who.name)));
  });
  test("logins of the user end, nobody else's do", async () => {
    const [who, other] = [await account(db), await account(db)];
    const hold = (n: Named) =>
      spawn("mariadb", ["--no-defaults", "-h127.0.0.1", `-P${String(db.port)}`, `-u${n.name}`, "--ssl", "-e", "select sleep(60)"], {
        env: { PATH: process.env["PATH"]!, MYSQL_PWD: n.password },
        stdio: "ignore",
      });
    const held = [hold(who), hold(who), hold(other)],
      mine = async (n: Named) =>
        Number((await db.sql(`select count(*) from information_schema.processlist where user = '${n.name}' and info is not null`))[0]![0]);
    await expect.poll(async () => [await mine(who), await mine(other)], { timeout: 10_000 }).toEqual([2, 1]);
    expect(await c.endLogins?.(pinned(db), link(), who, as(rotator), soon())).toEqual({ ended: 2 });
    await expect.poll(() => mine(who)).toBe(0);
    expect([
      await mine(other),
      await c.endLogins?.(pinned(db), link(), who, as(rotator), soon()),
      await c.endLogins?.(pinned(db), link(), rotator, as(rotator), soon()),
    ]).toEqual([1, { ended: 0 }, { unknown: expect.any(String) }]);
    for (const child of held) child.kill("SIGKILL");
  });
  test("a server that takes no changes waits for its primary, and nothing is refused", async () => {
    const who = await account(db);
    await db.sql("set global read_only = 1");
    try {
      expect(await change(who, fresh(), rotator)).toEqual({ not_sent: "unreachable", why: expect.stringContaining("name the primary") });
      expect([await probe(who, who.password), await compare(who, [who.password])]).toEqual(["yes", { match: 0 }]);
    } finally {
      await db.sql("set global read_only = 0");
    }
    expect(await change(who, fresh(), rotator)).toBe("done");
  });
});

describe("a password-check plugin", () => {
  test("law: takes the password itself, and no log of the server holds it; where a log would, nothing is sent", async () => {
    const who = await account(db),
      to = fresh(),
      refused = "weakweakweak";
    await db.sql("install soname 'simple_password_check'");
    try {
      expect(await change(who, to)).toBe("done");
      expect([await db.opens(who.name, to), await change(who, refused)]).toEqual([true, { refused: expect.stringMatching(/Not enough upper case/) }]);
      expect(await change(who, fresh(), rotator)).toEqual({ refused: expect.stringContaining("general log") });
      expect(await own(who, to, fresh())).toEqual({ refused: expect.stringContaining("general log") });
      await db.sql("set global strict_password_validation = 0");
      const hashed = fresh();
      expect(await change(who, hashed, rotator)).toBe("done");
      expect(await db.opens(who.name, hashed)).toBe(true);
    } finally {
      await db.sql("uninstall soname 'simple_password_check'; set global strict_password_validation = 1");
    }
    const logs = db.logs();
    expect(logs).toContain("uninstall soname");
    for (const secret of [to, refused]) expect(logs.includes(secret), "the password stands in a log").toBe(false);
  });
});
