/** Verifiers made here are the ones the server makes. Rule: the server and libpq are the judges. */
import fc from "fast-check";
import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { firstMatch, sameForAll, verifier } from "../../src/connectors/postgres/scram.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { postgresCluster, type PostgresCluster } from "../lab/postgres.ts";
import { ident, literal, opens, superuser, type Sql } from "./postgres-world.ts";

let cluster: PostgresCluster, sql: Sql;
beforeAll(async () => { cluster = await postgresCluster({ tls: true }); sql = superuser(cluster); await sql("create role app login"); });
afterAll(async () => { await cluster?.destroy(); });

const PASSWORDS = ["simple", "Ünïcödé-ß", "пароль", "密码", "a'b\"c\\d$e", "x".repeat(300), "emoji 😀", "ＷＩＤＥ", "ﬁ", "soft\u00adhyphen", "no\u00a0break", "e\u0301"];
const kept = async (): Promise<string> => String((await sql("select rolpassword from pg_authid where rolname = 'app'"))[0]!["rolpassword"]);

test("libpq logs in with what a verifier was made from, and with nothing else", async () => {
  for (const password of PASSWORDS.filter(sameForAll)) {
    await sql(`alter role app password ${literal(await verifier(password, 4_096, systemRandom))}`);
    expect([await opens(cluster.port, "app", password), await opens(cluster.port, "app", `${password}x`)], password).toEqual([true, false]);
  }
});
test("the server's own verifiers are recognised, whatever the form of the password", async () => {
  for (const password of PASSWORDS) {
    await sql(`alter role ${ident("app")} password ${literal(password)}`);
    expect(await firstMatch("app", await kept(), ["wrong", password]), password).toBe(1);
    expect(await firstMatch("app", await kept(), ["wrong", `${password}x`]), password).toBe(-1);
  }
});
test("what clients read differently is known for it", () => {
  expect(PASSWORDS.map(sameForAll)).toEqual([true, true, true, true, true, true, true, false, false, false, false, false]);
});
test("md5, iterations, and what is not computed", async () => {
  const md5 = `md5${createHash("md5").update("secretapp").digest("hex")}`;
  expect([await firstMatch("app", md5, ["x", "secret"]), await firstMatch("other", md5, ["secret"])]).toEqual([1, -1]);
  expect([(await verifier("a", 1, systemRandom)).split(":")[0], (await verifier("a", 20_000, systemRandom)).split(":")[0], (await verifier("a", 9e9, systemRandom)).split(":")[0]])
    .toEqual(["SCRAM-SHA-256$4096", "SCRAM-SHA-256$20000", "SCRAM-SHA-256$100000"]);
  const made = await verifier("a", 4_096, systemRandom);
  for (const strange of ["", "plain", "md5xyz", made.replace("256", "512"), made.replace("4096", "4000000"), made.replace("4096", "0"), made.slice(0, -1), `${made}x`]) {
    expect(await firstMatch("app", strange, ["a"]), strange).toBe(null);
  }
});
test("every verifier fits its password and no other; no two are alike", async () => {
  await fc.assert(fc.asyncProperty(fc.string({ minLength: 1, maxLength: 40 }), fc.string({ minLength: 1, maxLength: 40 }), async (a, b) => {
    const [one, two] = [await verifier(a, 4_096, systemRandom), await verifier(a, 4_096, systemRandom)];
    expect(one).not.toBe(two);
    expect(await firstMatch("app", one, [a])).toBe(0);
    if (a !== b) expect(await firstMatch("app", one, [b])).toBe(-1);
  }), { numRuns: 50 });
});
