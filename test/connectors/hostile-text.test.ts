/** What a target says in text, at the length it may say it. Rule: read in a time that grows with the text alone; the broker does nothing else meanwhile. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rulesOf } from "../../src/connectors/linux-rules.ts";
import { lineOf } from "../../src/connectors/linux-keys/lines.ts";
import { found, killUser } from "../../src/connectors/mysql/look.ts";
import type { Row } from "../../src/connectors/mysql/grants.ts";
import { visible } from "../../src/domain/command-set/index.ts";
import { versionOf, type MysqlSession } from "../../src/wires/mysql.ts";

const quickly = async (work: () => unknown): Promise<void> => {
  const begun = performance.now();
  await work();
  expect(performance.now() - begun).toBeLessThan(1_500);
};
const BLANKS = " ".repeat(60_000);

describe("law: no target ends or holds the broker's process", () => {
  test("a line of authorized_keys of blanks", () => quickly(() => { lineOf(`ssh-rsa AAAA ${BLANKS}\rx`); lineOf(`ssh-rsa AAAA${BLANKS}a${BLANKS}\rx`); lineOf(`${BLANKS}x`); }));
  test("a setting of blanks", () => quickly(() => rulesOf(`== lockstep /etc/security/faillock.conf\ndeny${BLANKS}x\n`, "")));
  test("a screen of returns", () => quickly(() => { for (let i = 0; i < 20; i++) visible("\r".repeat(16_384)); }));
  test("a version without an end", () => quickly(() => versionOf("1".repeat(1 << 20))));
  test("a grant of one right, over and over", () => quickly(async () => {
    const s = { rows: () => Promise.resolve([{ g: `GRANT ${"SUPER ".repeat(200_000)}` }]) } as unknown as MysqlSession;
    expect(await killUser(s, "app")).toEqual({ unknown: expect.stringContaining("CONNECTION ADMIN") });
  }));
  test("one user from many hosts", () => quickly(() => {
    const row = { user: "app", host: "h", role: false, privileged: false, locked: false, kept: { how: "none" } } as unknown as Row;
    expect(found(Array<Row>(60_000).fill(row), null).length).toBe(1);
  }));
});
describe("and what is meant is read as before", () => {
  test("lines of authorized_keys", () => {
    const first = /^((?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[A-Za-z0-9@.-]+)[ \t]+([A-Za-z0-9+/]+=*)(?:[ \t]+(.*?))?[ \t\r]*$/;
    fc.assert(fc.property(fc.array(fc.constantFrom("ssh-rsa", "ssh-", " ", "\t", "\r", "AAAA", "==", "me@x", "\"a b\"", "a"), { maxLength: 9 }).map((p) => `ssh-rsa ${p.join("")}`), (text) => {
      const m = first.exec(text), now = lineOf(text);
      if (m !== null) expect(now).toEqual({ options: "", type: m[1], blob: m[2], comment: m[3] ?? "" });
    }), { numRuns: 3_000 });
  });
  test("returns on a screen", () => {
    fc.assert(fc.property(fc.array(fc.constantFrom("\r", "\n", "a"), { maxLength: 12 }).map((p) => p.join("")), (text) => { expect(visible(text)).toBe(text.replace(/\r+\n/g, "\n").replace(/\r+/g, "\n")); }));
  });
  test("grants that let end others' logins", async () => {
    const may = async (...g: string[]) => "ended" in (await killUser({ rows: () => Promise.resolve(g.map((x) => ({ x }))), run: () => Promise.resolve(1) } as unknown as MysqlSession, "app"));
    expect(await Promise.all(["GRANT ALL PRIVILEGES ON *.* TO `b`@`%`", "GRANT SELECT, CONNECTION ADMIN ON *.* TO `b`", "GRANT SUPER ON *.* TO `b`"].map((g) => may("x", g)))).toEqual([true, true, true]);
    expect(await Promise.all(["GRANT SELECT ON *.* TO `SUPER`", "GRANT ALL PRIVILEGES ON `x`.* TO `b`", "GRANT SUPERB ON *.* TO `b`"].map((g) => may(g)))).toEqual([false, false, false]);
  });
});
