/** The OpenLDAP connector against real servers with ppolicy that write down what they do: with exactly the grants its docs name, by uid over LDAPS and by DN over StartTLS. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { settled, type Answer } from "../../src/connectors/connector.ts";
import { openldap, type OpenLdapConfig } from "../../src/connectors/openldap.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import { certificate } from "../lab/certificate.ts";
import { openLdap, PEOPLE, POLICY, ROOT, SUFFIX, type OpenLdapServer } from "../lab/openldap.ts";
import { scratch } from "../lab/scratch.ts";
import { contract, fresh, type Named } from "./contract.ts";
import { helper, person, pinned, POLICY_RULES, ROTATOR, world } from "./openldap-world.ts";

let server: OpenLdapServer, rotator: Named;
beforeAll(async () => {
  server = await openLdap({ rotator: ROTATOR, policy: POLICY_RULES });
  rotator = await helper(server);
});
afterAll(async () => { await server?.destroy(); });

describe("by uid, over LDAPS", () => { contract("openldap, uid", () => world(() => server, () => rotator, false), { blind: true, lists: true }); });
describe("by DN, over StartTLS", () => { contract("openldap, dn", () => world(() => server, () => rotator, true), { blind: true }); });

const c = openldap(), soon = () => AbortSignal.timeout(20_000), link = (port = server.port, host = "127.0.0.1") => directLink({ host, port });
const as = (who: Named) => ({ name: who.name, secret: Secret.of(who.password) });
const change = (name: string, to: string, by: Named = rotator, config: OpenLdapConfig = pinned(server), through = link()) =>
  c.change(config, through, { name }, { to: Secret.of(to), as: as(by) }, soon());
const asked = (name: string, password: string, config: OpenLdapConfig = pinned(server), through = link()): Promise<Answer> => c.probe(config, through, { name }, Secret.of(password), soon());
const probe = async (name: string, password: string, config: OpenLdapConfig = pinned(server)): Promise<Answer> => {
  const said = await asked(name, password, config);
  return typeof said === "object" && said.refused ? settled(await c.lockedOut!(config, link(), { name }, as(rotator), soon())) : said;
};
const everybody = async (but = ""): Promise<string[]> => (await server.entries()).filter((e) => e.attributes["userPassword"] && e.dn !== but).map((e) => `${e.dn} ${e.attributes["userPassword"]!.join()}`);

describe("names", () => {
  test("quotes, commas, capitals and other alphabets mean the entry of exactly that name", async () => {
    for (const uid of ["o'brien", 'say "hi"', "a, b", "plus+minus", "sharp#", "#first", "semi;colon", "a<b>c", "back\\slash", "rôle-ünï", "сервис", "服务", "a b", "*", "(uid=*)", "x".repeat(200)]) {
      if (/[=,]/.test(uid)) { expect(await change(uid, fresh()), uid).toEqual({ refused: expect.stringContaining("cannot be the name") }); continue; }
      const dn = `uid=${uid.replace(/[",;<>\\+]/g, "\\$&").replace(/^#/, "\\#")},${PEOPLE}`, who = await person(server, uid, dn), canonical = (await server.entries()).find((e) => e.attributes["uid"]?.[0] === uid)!.dn;
      const before = await everybody(canonical), to = fresh();
      expect(await change(uid, to), uid).toBe("done");
      expect([await server.fits(canonical, to), await server.fits(canonical, who.password), await probe(uid, to)], uid).toEqual([true, false, "yes"]);
      expect(await everybody(canonical)).toEqual(before);
      await server.modify(`dn:: ${Buffer.from(canonical).toString("base64")}\nchangetype: delete\n\n`);
    }
  });
  test("law: two entries of one name, or one that stands elsewhere, are refused with the way out; by their DN they are changed", async () => {
    await server.modify(`dn: ou=deep,${PEOPLE}\nchangetype: add\nobjectClass: organizationalUnit\nou: deep\n\n`);
    const one = await person(server, "twin"), other = await person(server, "twin", `uid=twin,ou=deep,${PEOPLE}`), far = await person(server, "far", `cn=x+uid=far,ou=deep,${PEOPLE}`), before = await everybody();
    expect(await change("twin", fresh())).toEqual({ refused: expect.stringMatching(/several entries.*by its DN/) });
    expect(await change("far", fresh())).toEqual({ refused: expect.stringMatching(/name it by that DN/) });
    expect(await change("ghost", fresh())).toEqual({ refused: expect.stringMatching(/does not exist/) });
    expect(await change(`uid=ghost,${PEOPLE}`, fresh())).toEqual({ refused: expect.stringMatching(/does not exist/) });
    for (const name of [`uid=x,${PEOPLE}\\')x`, `nosuchattribute=x,${PEOPLE}`, `uid=a+b,${PEOPLE}`, `uid="x,${PEOPLE}`]) expect(await change(name, fresh()), name).toEqual({ refused: expect.stringContaining("cannot be the name") });
    expect(await everybody()).toEqual(before);
    const to = fresh();
    expect([await change(other.dn, to), await change(far.dn, to), await probe(other.dn, to), await asked(one.dn, one.password)]).toEqual(["done", "done", "yes", "yes"]);
  });
  test("law: hostile names and passwords change nobody but the entry named", async () => {
    const who = await person(server), before = await everybody(who.dn);
    const evil = fc.oneof(fc.string({ unit: "binary", maxLength: 40 }), fc.constantFrom("*", "*)(uid=*", "\\2a", "PLAIN", "EXTERNAL", "{SSHA}x", "{CLEARTEXT}x", "", "\0", "a\nb", "cn=root", ROOT, `uid=x,${PEOPLE}`));
    const names = fc.oneof(fc.constant(who.name), fc.constant(who.dn), evil);
    let done = 0;
    await fc.assert(fc.asyncProperty(names, fc.oneof(evil, fc.string({ unit: "binary", minLength: 9, maxLength: 60 })), async (name, password) => {
      const r = await change(name, password);
      if (r === "done") { done++; expect([who.name, who.dn]).toContain(name); expect(await server.fits(who.dn, password)).toBe(true); } else expect(r).toHaveProperty("refused");
    }), { numRuns: 80 });
    expect(done).toBeGreaterThan(5);
    expect(await everybody(who.dn)).toEqual(before);
  }, 120_000);
});

describe("who changes whom", () => {
  test("an account changes itself with its present password alone, and ppolicy has its say", async () => {
    const who = await person(server), to = fresh(), own = (from: string, next: string) => c.change(pinned(server), link(), who, { from: Secret.of(from), to: Secret.of(next) }, soon());
    expect(await own(who.password, to)).toBe("done");
    expect([await server.fits(who.dn, to), await own("Wrong-1-wrong", fresh()), await own(to, who.password)])
      .toEqual([true, { not_sent: "auth_of_as", why: expect.any(String) }, { refused: expect.stringMatching(/history/i) }]);
    expect(await server.fits(who.dn, to)).toBe(true);
  });
  test("one without the right is told by the server's own code; the root DN is not taken for an administrator", async () => {
    const who = await person(server), weak = await person(server), before = await everybody();
    expect(await change(who.name, fresh(), { ...weak, name: weak.dn })).toMatchObject({ refused: expect.stringContaining("may not write its password") });
    expect(await everybody()).toEqual(before);
    expect(await c.test!(pinned(server), link(), as({ name: ROOT, password: server.rootPassword }), soon())).toMatchObject({ ok: false, stage: "right", why: expect.stringContaining("goes past the password policy") });
  });
  test("the rotator changes its own password with the same rights", async () => {
    const to = fresh(), r = await c.change(pinned(server), link(), rotator, { to: Secret.of(to), from: Secret.of(rotator.password), as: as(rotator) }, soon());
    expect(r).toBe("done");
    rotator = { ...rotator, password: to };
    expect(await c.test!(pinned(server), link(), as(rotator), soon())).toMatchObject({ ok: true });
  });
});

describe("a refused login and a lock-out look alike", () => {
  const lock = (dn: string, time: string) => server.modify(`dn: ${dn}\nchangetype: modify\nreplace: pwdAccountLockedTime\npwdAccountLockedTime: ${time}\n\n`);
  test("law: a login proves a refusal only where somebody can tell: by the administrative account, or by the target's settings", async () => {
    const who = await person(server);
    expect(await asked(who.name, "Wrong-1-wrong")).toEqual({ unknown: "the login was refused: a wrong password, or an account that is locked", refused: true });
    expect(await probe(who.name, "Wrong-1-wrong")).toBe("no");
    expect(await asked(who.name, "Wrong-1-wrong", pinned(server, { lockout: "never" }))).toBe("no");
    await lock(who.dn, "000001010000Z");
    expect(await probe(who.name, who.password)).toEqual({ unknown: expect.stringContaining("locked on the target by an administrator") });
  });
  test("locked out after wrong passwords: the right one is unknown and not a no; a new one opens it again", async () => {
    const who = await person(server), to = fresh();
    for (let i = 0; i < 4; i++) await asked(who.name, "Wrong-1-wrong");
    expect(await probe(who.name, who.password)).toEqual({ unknown: expect.stringContaining("locked out on the target after wrong passwords") });
    expect([await change(who.name, to), await probe(who.name, to)]).toEqual(["done", "yes"]);
  });
  test("an administrator who may not look does not know, and says so; one whose own login is refused is told apart", async () => {
    const who = await person(server), weak = await person(server);
    expect(await c.lockedOut!(pinned(server), link(), who, as({ ...weak, name: weak.dn }), soon())).toEqual({ unknown: expect.stringContaining("may not compare pwdAccountLockedTime") });
    expect(await c.lockedOut!(pinned(server), link(), who, as({ ...rotator, password: "Wrong-2-wrong" }), soon())).toMatchObject({ asRefused: true });
  });
});

describe("several servers", () => {
  test("in force is what every server takes that answers: lag and a referral are told, a server that is down holds nobody up", async () => {
    await using replica = await openLdap({ rotator: ROTATOR, policy: POLICY_RULES, tellsLocks: true, provider: server });
    const both = pinned(server, { replicas: [`127.0.0.1:${replica.port}`], certificates: [server.certificate.fingerprint, replica.certificate.fingerprint] }), who = await person(server), to = fresh();
    await expect.poll(() => replica.fits(who.dn, who.password), { timeout: 10_000 }).toBe(true);
    expect(await asked(who.name, who.password, both)).toBe("yes");
    expect(await change(who.name, fresh(), rotator, both, link(replica.port))).toMatchObject({ refused: expect.stringContaining("replica and takes no changes") });
    process.kill(replica.pid(), "SIGSTOP");
    expect(await change(who.name, to, rotator, both)).toBe("done");
    setTimeout(() => process.kill(replica.pid(), "SIGCONT"), 300);
    await expect.poll(() => replica.fits(who.dn, to), { timeout: 10_000 }).toBe(true);
    expect(await asked(who.name, to, both)).toBe("yes");
    await replica.modify(`dn: ${who.dn}\nchangetype: modify\nreplace: userPassword\nuserPassword: x\n\n`).catch(() => undefined);
    expect(await asked(who.name, to, { ...both, certificates: [server.certificate.fingerprint] })).toEqual({ unknown: expect.stringMatching(/the replica 127\.0\.0\.1:\d+ does not take it .*not the pinned one/) });
    await replica.stop();
    expect(await asked(who.name, to, both)).toBe("yes");
    expect(c.config.safeParse({ ...both, replicas: ["no port"] }).success).toBe(false);
  });
  test("a server that tells of a lock-out itself is believed", async () => {
    await using telling = await openLdap({ rotator: ROTATOR, policy: POLICY_RULES, tellsLocks: true });
    const who = await person(telling);
    for (let i = 0; i < 5; i++) await asked(who.name, "Wrong-1-wrong", pinned(telling), link(telling.port));
    expect(await asked(who.name, who.password, pinned(telling), link(telling.port))).toEqual({ unknown: "the account is locked on the target, so a refused login proves nothing" });
  });
});

describe("what is read", () => {
  test("pre-flight: the rules of ppolicy, the default's or the entry's own", async () => {
    const who = await person(server), read = (config: OpenLdapConfig) => c.preflight!(config, link(), { name: who.name }, as(rotator), soon());
    expect(await read(pinned(server))).toEqual({ unknown: expect.stringContaining("name no default one") });
    expect(await read(pinned(server, { policy: POLICY }))).toEqual({ minLength: 8, remembers: 3, lockAfter: 4 });
  });
  test("discovery: who is there, by the name a change takes; disabled, privileged and the last login as the directory has them", async () => {
    await using own = await openLdap({ rotator: ROTATOR, policy: POLICY_RULES });
    const boss = await helper(own), one = await person(own, "one"), two = await person(own, "two");
    await own.modify(`dn: ou=deep,${PEOPLE}\nchangetype: add\nobjectClass: organizationalUnit\nou: deep\n\n`);
    await person(own, "three", `uid=three,ou=deep,${PEOPLE}`);
    await own.modify(`dn: cn=admins,${SUFFIX}\nchangetype: add\nobjectClass: groupOfNames\ncn: admins\nmember: ${two.dn}\n\n`);
    await own.modify(`dn: ${two.dn}\nchangetype: modify\nreplace: pwdAccountLockedTime\npwdAccountLockedTime: 000001010000Z\n\n`);
    expect(await asked(one.name, one.password, pinned(own), link(own.port))).toBe("yes");
    const look = async (by: Named, more: Partial<OpenLdapConfig> = {}) => {
      const found = await c.discover!(pinned(own, more), link(own.port), as(by), soon());
      return "unknown" in found ? found : found.toSorted((a, b) => a.name < b.name ? -1 : 1);
    };
    expect(await look(boss, { privileged: [`cn=admins,${SUFFIX}`] })).toEqual([
      { name: "one", enabled: true, privileged: false, lastLogin: expect.stringMatching(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/), says: [] },
      { name: "two", enabled: false, privileged: true, says: [`member of cn=admins,${SUFFIX}`, "locked by an administrator"] },
      { name: `uid=three,ou=deep,${PEOPLE}`, enabled: true, privileged: false, says: [] },
    ]);
    expect(await look(boss)).toMatchObject([{ privileged: null }, { privileged: null }, { privileged: null }]);
    expect(await look({ ...one, name: one.dn })).toEqual({ unknown: expect.stringContaining("is shown no entry") });
    expect(await look({ ...boss, password: "Wrong-3-wrong" })).toMatchObject({ asRefused: true });
    expect(await look(boss, { base: "" })).toEqual({ unknown: expect.stringContaining("no base") });
  });
});

describe("the certificate", () => {
  test("law: another certificate than the pinned one: identity; the authority's is trusted; what is read is what is pinned", async () => {
    const who = await person(server), byCa = pinned(server, { tls: "authority", certificates: [], authority: server.certificate.authority }), strange = await certificate(await scratch("ca", false));
    expect(await change(who.name, fresh(), rotator, byCa)).toBe("done");
    expect(await change(who.name, fresh(), rotator, { ...byCa, authority: strange.authority })).toMatchObject({ not_sent: "identity", why: expect.stringContaining("trusted authority") });
    expect(await c.test!(pinned(server, { certificates: [strange.fingerprint] }), link(), as(rotator), soon())).toMatchObject({ ok: false, stage: "identity" });
    const [tls, start] = [await c.identity!(link(), soon()), await c.identity!(link(server.plainPort), soon())];
    expect([c.pin!(tls)!.settings, c.pin!(start)!.settings]).toEqual([{ certificates: [server.certificate.fingerprint] }, { certificates: [server.certificate.fingerprint], encryption: "starttls" }]);
    expect([c.pin!("AA"), c.pin!("ssh-ed25519 AAAA")]).toEqual([undefined, undefined]);
  });
  test("settings that pin nothing are no settings", () => {
    for (const bad of [{}, { certificates: ["AA:BB"] }, { tls: "authority" }, { tls: "off" }, { certificates: [server.certificate.fingerprint], base: "people" }]) expect(c.config.safeParse(bad).success).toBe(false);
    expect(c.config.safeParse({ certificates: [server.certificate.fingerprint], base: SUFFIX }).success).toBe(true);
  });
});
