/**
 * Oracle without its driver: the one statement, names, answers. Rule: what needs the driver is in test/slow/oracle.test.ts; a login was never made.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { failed, listIn, lockIn, notIn, setPassword } from "../../src/connectors/oracle/answers.ts";
import { config, forbidden, naming, unsuited } from "../../src/connectors/oracle/settings.ts";
import { oracle } from "../../src/connectors/oracle.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import { DriverMissing } from "../../src/wires/drivers.ts";
import { failureOf, OracleFailure } from "../../src/wires/oracle-failure.ts";

/**
 * By Oracle's rules for quoted identifiers: up to the next double quote, which nothing can stand for inside; outside of them words of ASCII alone.
 */
const lexed = (sql: string): string[] => {
  const out: string[] = [];
  for (let i = 0; i < sql.length;) {
    if (sql[i] === " ") {
      i += 1;
      continue;
    }
    if (sql[i] === '"') {
      const end = sql.indexOf('"', i + 1);
      if (end < 0) throw new Error("unclosed");
      out.push(`"${sql.slice(i + 1, end)}`);
      i = end + 1;
      continue;
    }
    const word = /^[a-z]+/.exec(sql.slice(i));
    if (!word) throw new Error(`not a word: ${sql.slice(i)}`);
    out.push(word[0]);
    i += word[0].length;
  }
  return out;
};
const CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  names = fc
    .tuple(fc.constantFrom(...CAPITALS), fc.string({ unit: fc.constantFrom(...CAPITALS, ..."0123456789_$#"), maxLength: 30 }))
    .map((p) => p.join(""));
describe("the statement", () => {
  test("law: whatever is sent at all holds exactly the name and the text that were given", () => {
    let sent = 0;
    fc.assert(
      fc.property(
        fc.oneof(names, fc.string({ unit: "binary", maxLength: 20 })),
        fc.oneof(
          fc.string({ minLength: 1, maxLength: 60 }),
          fc.string({ unit: "binary", maxLength: 30 }),
          fc.constantFrom('x" identified by "y', '"', ";", "--", "'", ":a", "&x"),
        ),
        (name, to) => {
          if (unsuited({ name }, Secret.of(to || "\n")) !== undefined) return;
          sent += 1;
          expect(lexed(setPassword(name, to))).toEqual(["alter", "user", `"${name}`, "identified", "by", `"${to}`]);
        },
      ),
      { numRuns: 500 },
    );
    expect(sent).toBeGreaterThan(50);
  });
  test("names and passwords that would be read otherwise are not sent", () => {
    for (const name of ["", "app", "App", '"A"', "A B", "A;", "1A", 'A"B', "Ä", "A".repeat(129), "SYS AS SYSDBA", "SYS"])
      expect([name, naming.fits(name)]).toEqual([name, false]);
    for (const name of ["APP", "C##OPS", "A_1$#", "A".repeat(128)]) expect([name, naming.fits(name)]).toEqual([name, true]);
    expect([...'"ä\u007f\n\u00a0'].map((c) => forbidden.test(c))).toEqual(Array(5).fill(true));
    expect(forbidden.test(" !#$%&'()*+,-./:;<=>?@[\\]^_`{|}~aZ0")).toBe(false);
  });
});
describe("answers", () => {
  const said = (number: number) =>
    failureOf({ code: `ORA-${String(number).padStart(5, "0")}`, message: `ORA-${number}: words\nHelp: https://docs` }, false);
  test("the error table is by number: what is not in it refuses nothing", () => {
    expect([28_003, 1_918, 1_031, 972, 28_007].map((n) => failed(said(n), true, []))).toEqual(
      [28_003, 1_918, 1_031, 972, 28_007].map((n) => ({ refused: `ORA-${n}: words` })),
    );
    expect(
      [said(600), said(65_048), failureOf({ code: "NJS-500", message: "fd00:: closed" }, false), new Error("?")].map((e) => failed(e, true, [])),
    ).toEqual(Array(4).fill({ unknown: expect.not.stringContaining("fd00") }));
    expect(failed(new OracleFailure("said", 'near "Secret-9"', 922), true, ["Secret-9"])).toEqual({ refused: 'near "[secret]"' });
  });
  test("a login's refusal is in doubt until DBA_USERS says that the account is open", () => {
    const at = (number: number) => notIn(failureOf({ code: `ORA-${String(number).padStart(5, "0")}`, message: `m${number}` }, true), Secret.of("x"));
    expect([at(1_017), at(28_000), at(28_001), at(1_034)]).toEqual([
      { unknown: expect.any(String), refused: true },
      { unknown: "m28000" },
      { unknown: "m28001" },
      { unknown: "m1034" },
    ]);
    const l = { name: "APP", status: "OPEN", how: "PASSWORD" };
    expect([lockIn(l), lockIn({ ...l, status: "LOCKED(TIMED)" }), lockIn({ ...l, how: "EXTERNAL" }), lockIn(undefined)]).toEqual([
      "open",
      { locked: expect.stringContaining("LOCKED(TIMED)") },
      { unknown: expect.stringContaining("EXTERNAL") },
      { unknown: expect.stringContaining("not exist") },
    ]);
  });
  test("accounts as DBA_USERS tells them", () => {
    expect(
      listIn([
        { name: "APP", status: "OPEN", how: "PASSWORD", last: "2026-01-02T03:04:05Z", own: "N" },
        { name: "XDB", status: "EXPIRED & LOCKED", how: "NONE", last: null, own: "Y" },
      ]),
    ).toEqual([
      { name: "APP", enabled: true, privileged: null, lastLogin: "2026-01-02T03:04:05Z", says: [] },
      { name: "XDB", enabled: false, privileged: null, lastLogin: null, says: ["EXPIRED & LOCKED", "authentication NONE", "Oracle's own"] },
    ]);
  });
});
test("without a service or the driver nothing is sent, and what to do is said", async () => {
  const c = oracle(systemRandom, () => Promise.reject(new DriverMissing("run npm install x"))),
    link = directLink({ host: "127.0.0.1", port: 9 }),
    as = { name: "ROTATOR", secret: Secret.of("Rotator-1") },
    soon = AbortSignal.timeout(2_000);
  const set = (service: string) => config.parse({ certificates: ["AB:".repeat(32).slice(0, -1)], service });
  const ask = (service: string) => c.change(set(service), link, { name: "APP" }, { to: Secret.of("New-1-x"), as }, soon);
  expect([await ask(""), await ask("ORCLPDB1")]).toEqual([
    { not_sent: "unreachable", why: expect.stringContaining("setting `service`") },
    { not_sent: "unreachable", why: "run npm install x" },
  ]);
  expect([config.safeParse({ ...set("x"), service: "a)(b=c" }).success, config.safeParse({ tls: "off" }).success, c.pin!("plain")]).toEqual([
    false,
    false,
    undefined,
  ]);
});
