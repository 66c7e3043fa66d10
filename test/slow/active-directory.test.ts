/** The Active Directory connector against a real domain controller (Samba): as a delegate with exactly the right its docs name. Rule: its own database is the judge. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { activeDirectory, type ActiveDirectoryConfig } from "../../src/connectors/active-directory.ts";
import type { Answer } from "../../src/connectors/connector.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import { delegate, everybody, fits, pinned, SERVICES, user, world } from "../connectors/active-directory-world.ts";
import { contract, fresh, type Named } from "../connectors/contract.ts";
import { faultProxy } from "../lab/fault-proxy.ts";
import { sambaDc, type SambaDc } from "../lab/samba-dc.ts";

let dc: SambaDc, rotator: Named;
beforeAll(async () => {
  dc = await sambaDc();
  rotator = await delegate(dc);
});
afterAll(async () => { await dc?.destroy(); });

describe("as a delegate", () => { contract("active-directory", () => world(() => dc, () => rotator), { blind: true, lingers: true, lists: true }); });

const c = activeDirectory(), soon = () => AbortSignal.timeout(20_000), link = (port = 636) => directLink({ host: dc.host, port }), as = (who: Named) => ({ name: who.name, secret: Secret.of(who.password) });
const change = (name: string, to: string, by: Named = rotator, config: ActiveDirectoryConfig = pinned(dc)) => c.change(config, link(), { name }, { to: Secret.of(to), as: as(by) }, soon());
const own = (who: Named, to: string) => c.change(pinned(dc), link(), who, { from: Secret.of(who.password), to: Secret.of(to) }, soon());
const probe = (name: string, password: string, more: Partial<ActiveDirectoryConfig> = {}): Promise<Answer> => c.probe(pinned(dc, more), link(), { name }, Secret.of(password), soon());
const others = async (but: string) => (await everybody(dc)).filter((l) => !l.startsWith(`${but}:`));

describe("names", () => {
  test("law: a principal name is its own account's first, then sAMAccountName@domain; the directory lets no two accounts share one", async () => {
    const who = await user(dc, "twin"), [a, b, d] = [fresh(), fresh(), fresh()], rename = (whom: string, to: string) =>
      dc.box.exec("ldbmodify -H /var/lib/samba/private/sam.ldb", `dn: CN=${whom},OU=Services,DC=lab,DC=test\nchangetype: modify\nreplace: userPrincipalName\nuserPrincipalName: ${to}\n`);
    await user(dc, "shadow");
    expect([(await rename("twin", "elsewhere@lab.test")).code, (await rename("shadow", "twin@lab.test")).code === 0]).toEqual([0, false]);
    for (const [name, to] of [["twin", a], ["twin@lab.test", b], ["elsewhere@lab.test", d]] as const) {
      expect([await change(name, to), await fits(dc, who.name, to), await probe(name, to)], name).toEqual(["done", true, "yes"]);
    }
    expect(await change("twin@other.test", fresh())).toEqual({ refused: expect.stringContaining("does not exist") });
  });
  test("other alphabets, spaces and quotes; a computer's account is nobody's", async () => {
    for (const name of ["o'brien", "rôle-ünï", "сервис", "a b", "dollar$x", "x.y"]) {
      const who = await user(dc, name), before = await others(name), to = fresh();
      expect(await change(name, to), name).toBe("done");
      expect([await fits(dc, name, to), await probe(name, to), await probe(name, who.password)], name).toEqual([true, "yes", { unknown: expect.stringContaining("before the last change") }]);
      expect(await others(name)).toEqual(before);
    }
    expect(await change("DC1$", fresh())).toEqual({ refused: expect.stringContaining("does not exist in lab.test") });
  });
  test("law: hostile names and passwords change nobody but the account named", async () => {
    const who = await user(dc), before = await others(who.name), evil = fc.oneof(fc.string({ unit: "binary", maxLength: 30 }), fc.constantFrom("*", "*)(sAMAccountName=*", "Administrator", "LAB\\Administrator", "krbtgt", "\"", "", "\0", "a\nb", "PLAIN"));
    let done = 0;
    await fc.assert(fc.asyncProperty(fc.oneof(fc.constant(who.name), evil), fc.oneof(evil, fc.string({ unit: "binary", minLength: 6, maxLength: 60 }).map((s) => `Aa1${s}`)), async (name, password) => {
      const r = await change(name, password);
      if (r === "done") { done++; expect(name.toLowerCase()).toBe(who.name); expect(await probe(who.name, password, { kerberos: "off" })).toBe("yes"); } else expect(r).toHaveProperty("refused");
    }), { numRuns: 80 });
    expect(done).toBeGreaterThan(5);
    expect(await others(who.name)).toEqual(before);
  }, 240_000);
});

describe("who changes whom", () => {
  test("an account changes itself with its present password, under the domain's history; a reset may repeat one", async () => {
    const who = await user(dc), to = fresh();
    expect(await own(who, to)).toBe("done");
    expect(await own({ ...who, password: to }, who.password)).toEqual({ refused: expect.stringContaining("history") });
    expect(await own({ ...who, password: to }, to), "again after a crash").toBe("done");
    expect(await own({ ...who, password: "Wrong-1-wrong" }, fresh())).toMatchObject({ not_sent: "auth_of_as" });
    expect([await fits(dc, who.name, to), await change(who.name, who.password), await fits(dc, who.name, who.password)]).toEqual([true, "done", true]);
  });
  test("one without the right, and an account outside the delegation, are told so; nothing changes", async () => {
    const who = await user(dc), weak = await user(dc), far = await user(dc, "far", ""), before = await everybody(dc);
    expect(await change(who.name, fresh(), weak)).toEqual({ refused: expect.stringContaining("may not reset its password") });
    expect(await change(far.name, fresh())).toEqual({ refused: expect.stringContaining("may not reset its password") });
    expect(await change("Administrator", fresh())).toEqual({ refused: expect.stringContaining("may not reset its password") });
    expect(await everybody(dc)).toEqual(before);
  });
});

describe("what a login proves", () => {
  test("disabled, expired, to be changed: the right password is a yes, a wrong one a no; locked out is unknown, whatever was sent", async () => {
    const [off, must, late, lock] = [await user(dc), await user(dc), await user(dc), await user(dc)];
    await dc.tool(`user disable ${off.name}`);
    await dc.tool(`user setexpiry ${late.name} --days=0`);
    expect((await dc.box.exec("ldbmodify -H /var/lib/samba/private/sam.ldb", `dn: CN=${must.name},OU=Services,DC=lab,DC=test\nchangetype: modify\nreplace: pwdLastSet\npwdLastSet: 0\n`)).code).toBe(0);
    for (const who of [off, must, late]) expect([await probe(who.name, who.password), await probe(who.name, "Wrong-1-wrong")], who.name).toEqual(["yes", "no"]);
    for (let i = 0; i < 4; i++) expect(await probe(lock.name, "Wrong-1-wrong")).toBe("no");
    for (const p of [lock.password, "Wrong-1-wrong"]) expect(await probe(lock.name, p)).toEqual({ unknown: expect.stringContaining("locked out") });
    expect(await change(lock.name, fresh()), "a reset unlocks nothing").toBe("done");
  });
  test("the password before the last change: LDAP takes it, Kerberos knows better; without Kerberos it is a yes, and the certificate says how long", async () => {
    const who = await user(dc), to = fresh();
    expect(await change(who.name, to)).toBe("done");
    expect([await probe(who.name, to), await probe(who.name, who.password), await probe(who.name, who.password, { kerberos: "off" })])
      .toEqual(["yes", { unknown: expect.stringContaining("Kerberos does not") }, "yes"]);
    expect(c.lingers).toMatch(/an hour/);
    expect(await probe(who.name, to, { kdcPort: 9 }), "nobody answers there").toBe("yes");
  });
  test("another controller that answers has to take it too", async () => {
    const who = await user(dc);
    expect(await probe(who.name, who.password, { controllers: [`${dc.host}:636`, `${dc.host}:9`] })).toBe("yes");
    expect(await probe(who.name, who.password, { controllers: [`${dc.host}:445`] }), "no directory answers there").toBe("yes");
  });
});

describe("what is read", () => {
  test("pre-flight, discovery, and the certificate it shows on both ports", async () => {
    const who = await user(dc), off = await user(dc), boss = { name: "Administrator", password: dc.administrator };
    await dc.tool(`user disable ${off.name}`);
    expect(await probe("Administrator", dc.administrator)).toBe("yes");
    expect(await c.preflight!(pinned(dc), link(), { name: who.name }, as(rotator), soon())).toMatchObject({ minLength: 7, maxAgeDays: 42, remembers: 3, classes: 3, lockAfter: 4, lockSeconds: 1_800 });
    const found = await c.discover!(pinned(dc), link(), as(boss), soon());
    if ("unknown" in found) throw new Error(found.unknown);
    const by = (name: string) => found.find((f) => f.name === name);
    expect([by(who.name), by(off.name), by("Administrator"), by("krbtgt"), by("DC1$")]).toEqual([
      { name: who.name, enabled: true, privileged: false, lastLogin: null, says: [] }, { name: off.name, enabled: false, privileged: false, lastLogin: null, says: ["disabled"] },
      { name: "Administrator", enabled: true, privileged: true, lastLogin: expect.stringMatching(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/), says: [expect.stringContaining("member of ")] },
      expect.objectContaining({ enabled: false }), undefined,
    ]);
    expect(await c.discover!(pinned(dc), link(), as({ ...boss, password: "Wrong-3-wrong" }), soon())).toMatchObject({ asRefused: true });
    expect([await c.identity!(link(), soon()), await c.identity!(link(389), soon())]).toEqual([`${dc.fingerprint} of lab.test`, `${dc.fingerprint} of lab.test by StartTLS`]);
  });
});

describe("a domain of more than a page", () => {
  const N = 1_200, ADMINS = 600, name = (i: number): string => `bulk${String(i).padStart(4, "0")}`, dn = (i: number): string => `CN=${name(i)},${SERVICES}`, ldb = "-H /var/lib/samba/private/sam.ldb";
  test("law: all of them come once, with who is mighty among them, over pages of 500; cut anywhere nothing comes", async () => {
    const put = async (command: string, ldif: string): Promise<void> => { const r = await dc.box.exec(`${command} ${ldb}`, ldif); if (r.code !== 0) throw new Error(r.stderr.slice(0, 300)); };
    await put("ldbadd", Array.from({ length: N }, (_, i) => `dn: ${dn(i)}\nobjectClass: user\nsAMAccountName: ${name(i)}\nuserAccountControl: ${i % 2 === 0 ? 514 : 544}\n`).join("\n"));
    await put("ldbmodify", `dn: CN=Domain Admins,CN=Users,DC=lab,DC=test\nchangetype: modify\nadd: member\n${Array.from({ length: ADMINS }, (_, i) => `member: ${dn(i)}`).join("\n")}\n`);
    const list = (through = link()) => c.discover!(pinned(dc), through, as({ name: "Administrator", password: dc.administrator }), AbortSignal.timeout(120_000)), whole = await list();
    if ("unknown" in whole) throw new Error(whole.unknown);
    const bulk = whole.filter((f) => f.name.startsWith("bulk"));
    expect([bulk.length, new Set(whole.map((f) => f.name)).size, bulk.filter((f) => f.privileged).length, bulk.filter((f) => f.enabled).length]).toEqual([N, whole.length, ADMINS, N / 2]);
    expect(bulk.filter((f) => f.privileged).every((f) => Number(f.name.slice(4)) < ADMINS)).toBe(true);
    await using proxy = await faultProxy(636, 0, dc.host);
    const through = directLink({ host: proxy.host, port: proxy.port });
    await list(through);
    const down = proxy.down;
    for (const part of [0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99]) {
      proxy.heal();
      proxy.cutAfterDown(Math.floor(down * part));
      expect([part, await list(through)]).toEqual([part, { unknown: expect.any(String) }]);
    }
  }, 900_000);
});
