/**
 * A hundred thousand hostile account names and passwords against each family of directories, and the machine whose own database is asked. Rule: nobody
 * but the account named ever changes; how many texts left the broker at all is told with the rest. `LOCKSTEP_HOSTILE=1000` runs fewer; the page says how many.
 */
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { activeDirectory } from "../../src/connectors/active-directory.ts";
import type { ChangeResult } from "../../src/connectors/connector.ts";
import { openldap } from "../../src/connectors/openldap.ts";
import { windowsSmb } from "../../src/connectors/windows-smb.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import * as ad from "../connectors/active-directory-world.ts";
import * as ldap from "../connectors/openldap-world.ts";
import * as smb from "../connectors/windows-smb-world.ts";
import { openLdap, PEOPLE, ROOT } from "../lab/openldap.ts";
import { sambaDc } from "../lab/samba-dc.ts";
import { sambaServer } from "../lab/samba.ts";
import { evidence, madeBy } from "./evidence.ts";

const RUNS = Number(process.env["LOCKSTEP_HOSTILE"] ?? 100_000), SEED = Number(process.env["LOCKSTEP_SEED"] ?? 5), AT_ONCE = 4;
type Tally = { family: string; texts: number; unsent: number; refused: number; changed: number; others: number };
const tallies: Tally[] = [];
const SYNTAX = ["*", "*)(uid=*", "\\2a", "PLAIN", "EXTERNAL", "{SSHA}x", "", "\0", "a\nb", "a\r\nquit", ROOT, `uid=x,${PEOPLE}`, "Administrator", "LAB\\Administrator", "krbtgt", "root", "1000", "0x3e8", "1000 ", "a%b", "-U", "\\root",
  "'; quit; '", "\"", "\\", "$(id)", "%s%n", "a\u202eb", "a\u200bb", "ＡＢＣ", "x".repeat(300)];
const text = (max: number) => fc.oneof(fc.string({ unit: "binary", maxLength: max }), fc.string({ maxLength: max }), fc.constantFrom(...SYNTAX), fc.tuple(fc.constantFrom(...SYNTAX), fc.string({ maxLength: 8 })).map((p) => p.join("")));
type Trial = { family: string; mine: string; admin: string; change(name: string, password: string): Promise<ChangeResult>; unsent: RegExp; everybody(): Promise<string[]>; fits(password: string): Promise<boolean> };
const trial = async (t: Trial): Promise<void> => {
  const tally: Tally = { family: t.family, texts: 0, unsent: 0, refused: 0, changed: 0, others: 0 }, before = await t.everybody();
  const names = fc.oneof({ weight: 9, arbitrary: text(40).filter((n) => n.toLowerCase() !== t.admin.toLowerCase()) }, { weight: 1, arbitrary: fc.constant(t.mine) });
  const pairs = fc.sample(fc.tuple(names, fc.oneof(text(60), fc.string({ unit: "binary", minLength: 6, maxLength: 60 }).map((s) => `Aa1${s}`))), { numRuns: RUNS, seed: SEED });
  let next = 0, last = "";
  const one = async (): Promise<void> => {
    for (let pair = pairs[next++]; pair !== undefined; pair = pairs[next++]) {
      const [name, password] = pair, r = await t.change(name, password), mine = name.toLowerCase() === t.mine.toLowerCase();
      tally.texts++;
      if (r === "done") { tally.changed++; last = password; expect(mine, JSON.stringify(name)).toBe(true); } else if ("refused" in r && t.unsent.test(r.refused)) tally.unsent++; else { tally.refused++; expect(r, JSON.stringify([name, password])).toHaveProperty("refused"); }
      if (tally.texts % 5_000 === 0) process.stderr.write(`${t.family}: ${tally.texts}\n`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  // The last of those at work together may have been overtaken: one more, alone.
  expect(await t.change(t.mine, last = "Aa1-the-last-one-of-all")).toBe("done");
  expect(await t.fits(last)).toBe(true);
  tally.others = (await t.everybody()).filter((line, i) => line !== before[i]).length;
  tallies.push(tally);
  expect(tally.others).toBe(0);
  expect(tally.changed).toBeGreaterThan(RUNS / 100);
};
const soon = () => AbortSignal.timeout(30_000), UNSENT = /cannot be the name|holds a control character|is empty|at most/;
const wanted = (family: string) => (process.env["LOCKSTEP_FAMILY"] ?? family) === family;

describe.runIf(wanted("openldap"))("openldap", () => {
  test("only the account named ever changes", async () => {
    await using server = await openLdap({ rotator: ldap.ROTATOR, policy: { ...ldap.POLICY_RULES, pwdInHistory: "0" } });
    const rotator = await ldap.helper(server), who = await ldap.person(server);
    for (let i = 0; i < 20; i++) await ldap.person(server);
    const c = openldap(), link = directLink({ host: "127.0.0.1", port: server.port }), as = { name: rotator.name, secret: Secret.of(rotator.password) };
    await trial({ family: "OpenLDAP", mine: who.name, admin: rotator.name, unsent: UNSENT, fits: (p) => server.fits(who.dn, p), change: (name, p) => c.change(ldap.pinned(server), link, { name }, { to: Secret.of(p), as }, soon()),
      everybody: async () => (await server.entries()).filter((e) => e.dn !== who.dn).map((e) => `${e.dn} ${e.attributes["userPassword"]?.join() ?? ""}`).sort() });
  });
});
describe.runIf(wanted("active-directory"))("active-directory", () => {
  test("only the account named ever changes", async () => {
    await using dc = await sambaDc();
    const rotator = await ad.delegate(dc), who = await ad.user(dc), c = activeDirectory(), link = directLink({ host: dc.host, port: 636 }), as = { name: rotator.name, secret: Secret.of(rotator.password) };
    for (let i = 0; i < 5; i++) await ad.user(dc);
    await trial({ family: "Active Directory (Samba)", mine: who.name, admin: rotator.name, unsent: UNSENT, fits: (p) => ad.fits(dc, who.name, p), change: (name, p) => c.change(ad.pinned(dc), link, { name }, { to: Secret.of(p), as }, soon()),
      everybody: async () => (await ad.everybody(dc)).filter((l) => !l.startsWith(`${who.name}:`)) });
  });
});
describe.runIf(wanted("windows-smb"))("windows-smb", () => {
  test("only the account named ever changes", async () => {
    await using server = await sambaServer();
    const who = await smb.local(server), c = windowsSmb(), link = directLink({ host: "127.0.0.1", port: server.port }), as = { name: "root", secret: Secret.of(server.administrator) };
    for (let i = 0; i < 5; i++) await smb.local(server);
    await trial({ family: "Windows over SMB (Samba)", mine: who.name, admin: "root", unsent: UNSENT, fits: (p) => smb.fits(server, who.name, p), change: (name, p) => c.change({ machine: "" }, link, { name }, { to: Secret.of(p), as }, soon()),
      everybody: async () => (await server.everybody()).filter((l) => !l.startsWith(`${who.name}:`)) });
  });
});

afterAll(() => {
  for (const t of tallies) {
    evidence(`hostile-${t.family.toLowerCase().replace(/[^a-z]+/g, "-").replace(/-$/, "")}`, `# Hostile names and passwords: ${t.family}

${madeBy("test/slow/hostile-directories.test.ts")} Seed ${SEED}, ${AT_ONCE} at once: one name in ten is the account's own, the others are random text and the syntax of filters, DNs, command lines and numbers; the administrative account's own name is left out.

| texts | not sent (no name or password there) | looked up or refused by the target | the account itself changed | others changed |
|---|---|---|---|---|
| ${t.texts} | ${t.unsent} | ${t.refused} | ${t.changed} | ${t.others} |

0 others in ${t.texts}: below ${(3 / t.texts).toPrecision(2)} a text with 95 % confidence (3/N); of what reached the target, below ${(3 / Math.max(1, t.texts - t.unsent)).toPrecision(2)}.
`);
  }
});
