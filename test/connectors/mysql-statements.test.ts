/**
 * MySQL's own statements and verifiers. Rule: no MySQL server was at hand, so these are shown by known hashes and by what is said to a session that
 * writes it down; docs/platforms/mysql.md says so.
 */
import { describe, expect, test } from "vitest";
import { mysql, type Connect } from "../../src/connectors/mysql.ts";
import { keptBy, matcher, verifier } from "../../src/connectors/mysql/verifier.ts";
import { sha256Sum } from "../../src/connectors/sha512-crypt.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import { MysqlFailure } from "../../src/wires/mysql.ts";

/** hashcat's published example of its mode 7401: the password is hashcat. */
const KNOWN = `$A$005$${Buffer.from("F9CC98CE08892924F50A213B6BC571A2C11778C5", "hex").toString("latin1")}${Buffer.from(
  "625479393559393965414D45316477456B484F41316E64484742577A2E3162785353526B7554584647562F",
  "hex",
).toString("latin1")}`;

describe("verifiers", () => {
  test("what is made is what is compared, for each kind, and nothing else fits", () => {
    for (const [plugin, how] of [
      ["mysql_native_password", "native"],
      ["caching_sha2_password", "sha2"],
      ["sha256_password", "sha256"],
    ] as const) {
      const kept = keptBy(plugin, verifier(how, "Ünï-1 ' \\ pass", systemRandom)),
        fits = matcher(kept)!;
      expect([kept.how, fits("Ünï-1 ' \\ pass"), fits("Ünï-1 ' \\ pas"), fits("")]).toEqual([how, true, false, false]);
    }
  });
  test("caching_sha2_password's sum is the published one", () => {
    const salt = KNOWN.slice(7, 27),
      sum = KNOWN.slice(27);
    expect(sum).toHaveLength(43);
    // That salt has bytes MySQL itself never makes, so the sum is asked for and not the whole.
    expect(sha256Sum(Buffer.from("hashcat"), Buffer.from(salt, "latin1"), 5_000)).toBe(sum);
  });
  test("foreign, cut and costly ones are not computed", () => {
    for (const hash of ["$A$FFF$abcdefghijklmnopqrst" + "x".repeat(43), "$A$005$short", "$B$005$", "$A$000$abcdefghijklmnopqrst" + "x".repeat(43)])
      expect(matcher(keptBy("caching_sha2_password", hash))).toBeNull();
    expect([keptBy("mysql_native_password", "5d2e19393cc5ef67").how, keptBy("ed25519", "x").how, keptBy("auth_socket", "").how]).toEqual([
      "foreign",
      "foreign",
      "none",
    ]);
  });
});

type Table = Record<string, string>[];
const user = (name: string, host: string, plugin: string, hash: string, more: Record<string, string> = {}) => ({
  user: name,
  host,
  plugin,
  hash,
  locked: "N",
  mighty: "N",
  ...more,
});
/** As MySQL 8.4 would answer: 1396 for an account that is not there, 1227 without the right. */
const server = (table: Table, o: { right?: boolean; fails?: MysqlFailure } = {}) => {
  const said: string[] = [],
    connect: Connect = () =>
      Promise.resolve({
        proof: "AA",
        server: { mariadb: false, version: [8, 4, 2] },
        end: () => undefined,
        rows: (statement) => {
          said.push(statement);
          return Promise.resolve((/processlist/.test(statement) ? [{ id: 7 }, { id: 8 }] : /mysql\.user/.test(statement) ? table : []) as never[]);
        },
        run: (statement) => {
          said.push(statement);
          if (/nobody\.invalid/.test(statement))
            return Promise.reject(new MysqlFailure("said", "Operation ALTER USER failed", o.right === false ? 1227 : 1396));
          return o.fails && /^alter user/.test(statement) ? Promise.reject(o.fails) : Promise.resolve(0);
        },
      });
  return { said, c: mysql(systemRandom, connect) };
};
const config = { tls: "pinned" as const, certificates: [], authority: "" },
  link = directLink({ host: "127.0.0.1", port: 1 }),
  soon = () => AbortSignal.timeout(2_000);
const change = (c: ReturnType<typeof mysql>, name: string, to = "New-1-new") =>
  c.change(config, link, { name }, { to: Secret.of(to), as: { name: "rotator", secret: Secret.of("x-admin-x") } }, soon());

describe("statements, as MySQL documents them", () => {
  test("one ALTER USER sets each host by the plugin it has, with a verifier in it and no password", async () => {
    const s = server([
      user("app", "%", "caching_sha2_password", "$A$005$x"),
      user("app", "10.%", "mysql_native_password", `*${"0".repeat(40)}`),
      user("app", "localhost", "auth_socket", ""),
    ]);
    expect(await change(s.c, "app")).toBe("done");
    const alter = s.said.filter((t) => /^alter user (?!.*nobody)/.test(t));
    expect(alter).toEqual([
      expect.stringMatching(
        /^alter user `app`@`%` identified with 'caching_sha2_password' as '\$A\$005\$[./0-9A-Za-z]{63}', `app`@`10\.%` identified with 'mysql_native_password' as '\*[0-9A-F]{40}'$/,
      ),
    ]);
    expect(s.said.join().includes("New-1-new")).toBe(false);
  });
  test("a missing right, an unknown account, and what the server refuses are told as they are", async () => {
    expect(await change(server([], { right: false }).c, "app")).toMatchObject({ not_sent: "auth_of_as" });
    expect(await change(server([]).c, "app")).toEqual({ refused: 'account "app" does not exist' });
    const app = [user("app", "%", "caching_sha2_password", "$A$005$x")];
    expect(await change(server(app, { fails: new MysqlFailure("said", "Cannot set it", 1827) }).c, "app")).toEqual({ refused: "Cannot set it" });
    expect(await change(server(app, { fails: new MysqlFailure("closed", "cut") }).c, "app")).toEqual({ unknown: "cut" });
    expect(await change(server(app, { fails: new MysqlFailure("said", "shutting down", 1053) }).c, "app")).toEqual({ unknown: "shutting down" });
  });
  test("an account without rights over others sets none of its own, as that takes the password in the statement", async () => {
    const s = server([], { right: false });
    expect(await s.c.change(config, link, { name: "app" }, { to: Secret.of("New-1-new"), from: Secret.of("old") }, soon())).toEqual({
      refused: expect.stringContaining("name an administrative account"),
    });
    expect(s.said.join().includes("New-1-new")).toBe(false);
  });
  test("each login of the user is ended by its number", async () => {
    const s = server([]);
    expect(await s.c.endLogins?.(config, link, { name: "app" }, { name: "rotator", secret: Secret.of("x") }, soon())).toEqual({ ended: 2 });
    expect(s.said.slice(-2)).toEqual(["kill 7", "kill 8"]);
  });
});
