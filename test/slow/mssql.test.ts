/**
 * The connector for SQL Server with its driver, against a stand-in of our own that a foreign client takes for one. What SQL Server itself does is
 * not shown here, and the docs say so.
 */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { settled, type Answer } from "../../src/connectors/connector.ts";
import { mssql } from "../../src/connectors/mssql.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import type { LoadTedious } from "../../src/wires/tds.ts";
import { atServer, contract, fresh } from "../connectors/contract.ts";
import { login, pinned, RIGHTS, ROTATOR, world } from "../connectors/mssql-world.ts";
import { certificate } from "../lab/certificate.ts";
import { driver } from "../lab/drivers.ts";
import { needs } from "../lab/needs.ts";
import { BARE_ENV, run } from "../lab/run.ts";
import { scratch } from "../lab/scratch.ts";
import { sqlServer, type SqlServer } from "../lab/sql-server.ts";
import { tdsServer } from "../lab/tds.ts";

let server: SqlServer;
const load: LoadTedious = () => driver("tedious"),
  at = world(() => server, load),
  c = mssql(systemRandom, load);
const { change, probe, link, soon, as } = atServer(c, { address: at.address, config: at.config, as: at.as });
beforeAll(async () => {
  await needs({ debian: ["freetds-bin"] }, "A foreign client of SQL Server");
  await load();
  server = await sqlServer();
  server.add(ROTATOR.name, ROTATOR.password, { rights: RIGHTS });
  server.add("sa", "Sa-Pw-1!x9Qz-never", { rights: ["CONTROL SERVER"] });
}, 300_000);
afterAll(() => server?.stop());
contract("mssql", () => at, { lists: true });

const settle = async (who: { name: string }, password: string): Promise<Answer> => {
  const said = await probe(who, password);
  return typeof said === "object" && said.refused ? settled(await c.lockedOut!(at.config(), link(), who, as(ROTATOR), soon())) : said;
};
test("a refusal is in doubt until the administrator has seen that nothing else is in the way", async () => {
  const who = login(server),
    l = server.find(who.name)!;
  expect([await probe(who, "Wrong-1"), await settle(who, "Wrong-1"), await settle(who, who.password)]).toEqual([
    { unknown: expect.stringContaining("only an administrator"), refused: true },
    "no",
    "yes",
  ]);
  l.denied = true;
  expect(await settle(who, who.password)).toEqual({ unknown: expect.stringContaining("CONNECT SQL") });
  l.denied = false;
  l.granted = false;
  expect([await settle(who, who.password), await settle(who, "Wrong-1")]).toEqual(Array(2).fill({ unknown: expect.stringContaining("not granted CONNECT SQL") }));
  l.granted = true;
  l.locked = true;
  expect(await settle(who, who.password)).toEqual({ unknown: expect.stringContaining("locked") });
  l.locked = false;
  l.disabled = true;
  expect([await settle(who, who.password), await settle(who, "Wrong-1")]).toEqual([
    { unknown: expect.stringContaining("disabled") },
    { unknown: expect.stringContaining("disabled") },
  ]);
});
test("law: a password stands in a statement only where the server takes no verifier, and then as the one text it is", async () => {
  const plain = login(server),
    policed = login(server, { policed: true }),
    from = server.log().length,
    a = fresh(),
    b = "it's [x] ]] '' -- N'y' /* \u{1f600}";
  expect([await change(plain, a), await change(policed, b)]).toEqual(["done", "done"]);
  expect([await at.fits(plain.name, a), await at.fits(policed.name, b), await probe(policed, b)]).toEqual([true, true, "yes"]);
  const said = server
    .log()
    .slice(from)
    .filter((l) => /alter login/.test(l));
  expect(said).toEqual([
    expect.stringMatching(new RegExp(`^rotator: alter login \\[${plain.name}\\] with password = 0x0200[0-9A-F]{136} hashed$`)),
    expect.stringContaining("was found in the text"),
  ]);
});
test("an account without rights changes itself with its present password; one with rights changes itself too; nobody else", async () => {
  const who = login(server),
    other = login(server),
    to = fresh(),
    own = (w: typeof who, present: string, next: string) =>
      c.change(at.config(), link(), w, { to: Secret.of(next), from: Secret.of(present) }, soon());
  expect([await own(who, who.password, to), await probe(who, to), await own(who, "Wrong-2", fresh())]).toEqual([
    "done",
    "yes",
    { not_sent: "auth_of_as", why: expect.stringContaining("Login failed") },
  ]);
  expect(await change(other, fresh(), { name: who.name, password: to })).toEqual({
    not_sent: "auth_of_as",
    why: expect.stringContaining("ALTER ANY LOGIN"),
  });
  expect(await change({ name: "sa" }, fresh(), login(server, { rights: ["ALTER ANY LOGIN"] }))).toEqual({
    refused: expect.stringContaining("do not have permission"),
  });
});
test("who is meant: spelled exactly so, with a password of its own", async () => {
  const who = login(server, {}, "Mixed Case"),
    windows = login(server, { type: "U" }, "WinLogin");
  expect([await change({ name: "mixed case" }, fresh()), await change(windows, fresh()), await change(who, fresh())]).toEqual([
    { refused: expect.stringContaining('there it is "Mixed Case"') },
    { refused: expect.stringContaining("no SQL login") },
    "done",
  ]);
});
test("logins are ended by their numbers, its own alone; one that is gone meanwhile is none, and without the rights it says so", async () => {
  const who = login(server),
    other = login(server),
    weak = login(server, { rights: ["ALTER ANY LOGIN"] }),
    blind = login(server, { rights: ["ALTER ANY LOGIN", "VIEW SERVER STATE"] }),
    at_ = (of: typeof who) => server.find(of.name)!,
    end = (by: typeof who, of = who) => c.endLogins!(at.config(), link(), of, as(by), soon());
  for (const id of [51, 54]) at_(who).sessions.add(id);
  at_(who).going.add(52);
  at_(other).sessions.add(53);
  expect([await end(weak), await end(blind)]).toEqual([
    { unknown: expect.stringContaining("VIEW SERVER STATE") },
    { unknown: expect.stringContaining("permission to use the KILL") },
  ]);
  expect([at_(who).sessions.size, await end(ROTATOR), await end(ROTATOR)]).toEqual([2, { ended: 2 }, { ended: 0 }]);
  expect([[...at_(who).sessions], [...at_(other).sessions]]).toEqual([[], [53]]);
});
test("law: hostile names and passwords change nobody but the account named", async () => {
  const who = login(server, {}, "o'brien [x]"),
    policed = login(server, { policed: true }, "p]]x"),
    before = server.everybody().filter((l) => !l.startsWith(who.name) && !l.startsWith(policed.name));
  const evil = fc.oneof(
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.constantFrom(
      "sa",
      "rotator]",
      "] with password = N'x'--",
      "' or 1=1--",
      "x' old_password = N'y",
      "[",
      "]]",
      "''",
      "\0",
      "a\nb",
      "%",
      "_",
      "\\",
      "DOMAIN\\x",
      "",
    ),
  );
  let done = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.constantFrom(who.name, policed.name),
        evil.filter((n) => n !== "sa" && n !== "rotator"),
      ),
      fc.oneof(evil, fc.string({ unit: "binary", minLength: 8, maxLength: 128 })),
      async (name, password) => {
        const r = await change({ name }, password);
        if (r === "done") {
          done += 1;
          expect([who.name, policed.name]).toContain(name);
          expect(await at.fits(name, password)).toBe(true);
        } else expect(r).toHaveProperty("refused");
      },
    ),
    { numRuns: 400 },
  );
  expect([done > 20, server.everybody().filter((l) => !l.startsWith(who.name) && !l.startsWith(policed.name))]).toEqual([true, before]);
});
test("law: a server that leads to another one is not followed, and one that is away for a moment is not asked twice", async () => {
  const made = await certificate(await scratch("leads", false)),
    seen: string[] = [],
    at_ = (s: { host: string; port: number }) =>
      c.change(
        { ...pinned(server), certificates: [made.fingerprint] },
        link(s.host, s.port),
        { name: "app" },
        { to: Secret.of(fresh()), as: as(ROTATOR) },
        soon(),
      );
  const raise = (called: string, answer: ReturnType<Parameters<typeof tdsServer>[0]["answers"]["login"]>) =>
    tdsServer({
      certificate: made,
      answers: {
        login: () => {
          seen.push(called);
          return answer;
        },
        batch: () => null,
      },
    });
  const second = await raise("second", null),
    first = await raise("first", { route: { host: second.host, port: second.port } }),
    away = await raise("away", { error: 40_613, says: "Database is not currently available." });
  expect([await at_(first), await at_(away)]).toEqual([
    { not_sent: "unreachable", why: expect.stringContaining("leads to another one") },
    { not_sent: "unreachable", why: expect.stringContaining("not currently available") },
  ]);
  expect(seen).toEqual(["first", "away"]);
  for (const s of [first, second, away]) await s.stop();
});
test("a foreign client takes the stand-in for a SQL Server: FreeTDS logs in over TLS, asks, and is refused", async () => {
  const who = login(server),
    ask = (password: string) =>
      run("tsql", ["-H", server.host, "-p", String(server.port), "-U", who.name, "-P", password], {
        stdin: "select 1 as one\ngo\nexit\n",
        env: { ...BARE_ENV, TDSVER: "7.4" },
      });
  const good = await ask(who.password),
    bad = await ask("Wrong-9");
  expect([
    /\b1\b/.test(good.stdout),
    /18456/.test(`${bad.stdout}${bad.stderr}`),
    server.log().filter((l) => l === `login ${who.name}`).length,
  ]).toEqual([true, true, 2]);
});
