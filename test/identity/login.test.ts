/** Logging in: every road, and the reason of every refusal as the log has it. */
import { TOTP, Secret as OtpKey } from "otpauth";
import { beforeAll, describe, expect, it } from "vitest";
import { sql } from "drizzle-orm";
import { systemRandom } from "../../src/kernel/clock.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { times } from "../../src/kernel/times.ts";
import { beginEnrol, confirmEnrol } from "../../src/identity/enrol.ts";
import { addressGate } from "../../src/identity/gate.ts";
import { LOCK_AFTER, logout, passwordLogin, publicKeyLogin, totpLogin, type LoginResult } from "../../src/identity/login.ts";
import { changePassword } from "../../src/identity/passwords.ts";
import { endSessionsOf, findSession } from "../../src/identity/sessions.ts";
import type { IdentityDeps } from "../../src/identity/deps.ts";
import type { Db } from "../../src/store/db.ts";
import * as people from "../../src/store/people.ts";
import { sha256Hex } from "../../src/crypto/envelope.ts";
import { addPerson, eventsOf, identityOf, openDb, PASSWORD } from "./world.ts";

const portal = { address: "192.0.2.7", means: "portal" } as const;
let db: Db, deps: IdentityDeps;
beforeAll(async () => { db = await openDb(); deps = identityOf(db); });

const login = (name: string, password = PASSWORD, from: { address: string; means: "portal" | "ssh" } = portal) => passwordLogin(deps, { name, password: Secret.of(password), ...from });
const got = <O extends LoginResult["outcome"]>(r: LoginResult, outcome: O): Extract<LoginResult, { outcome: O }> => {
  expect(r.outcome, JSON.stringify(r)).toBe(outcome);
  return r as Extract<LoginResult, { outcome: O }>;
};
const codeOf = (key: string, steps = 0): string => new TOTP({ secret: OtpKey.fromBase32(key) }).generate({ timestamp: Date.now() + steps * 30_000 });
/** A person with two factors, and the key on their device. */
const enrolled = async (name: string): Promise<{ key: string }> => {
  await addPerson(db, name, ["approver"]);
  const { ticket } = got(await login(name), "enrol");
  const start = await beginEnrol(deps, ticket.cookie);
  const key = reveal(start.key);
  got(await confirmEnrol(deps, { ticket: ticket.cookie, sealed: start.sealed, code: codeOf(key, -1), ...portal }), "ok");
  return { key };
};

describe("a password", () => {
  it("opens a session whose id the database does not know, and writes the event", async () => {
    const id = await addPerson(db, "requester", ["user"]);
    const { session, person } = got(await login("requester"), "ok");
    expect(person.id).toBe(id);
    expect((await findSession(deps, session!.cookie))).toMatchObject({ person: id, strong: true, csrf: session!.csrf });
    const rows = (await db.q.execute(sql`select id from logins where user_id = ${id}`) as unknown as { rows: { id: string }[] }).rows.map((r) => r.id);
    expect(rows).toEqual([sha256Hex(session!.cookie)]);
    expect(await eventsOf(db, id)).toEqual(["login.ok ok"]);
  });
  it("refuses wrong password, unknown name and a disabled person with one sentence, and logs the true reason", async () => {
    const id = await addPerson(db, "wrong", ["user"]), gone = await addPerson(db, "gone", ["user"]);
    await db.transaction((tx) => people.change(tx, gone, { disabled: true }));
    const said = await Promise.all([login("wrong", "not this one"), login("nobody"), login("gone")]);
    expect(new Set(said.map((r) => got(r, "refused").why)).size).toBe(1);
    expect(await eventsOf(db, id)).toEqual(["login.refused refused: wrong password"]);
    expect(await eventsOf(db, gone)).toEqual(["login.refused refused: disabled"]);
  });
  it(`locks a person after ${LOCK_AFTER} failures, also for the right password, until the lock is over`, async () => {
    const id = await addPerson(db, "locked", ["user"]);
    for (let i = 0; i < LOCK_AFTER; i++) got(await login("locked", "no"), "refused");
    got(await login("locked"), "refused");
    expect((await eventsOf(db, id)).slice(-3)).toEqual(["login.refused refused: wrong password", "login.locked_out refused: too many failures of this person", "login.refused refused: locked"]);
    const { lockedUntil } = await people.credentialsOf(db, id), wait = lockedUntil!.getTime() - Date.now();
    expect(wait).toBeGreaterThan(14 * 60_000);
    expect(wait).toBeLessThan(19 * 60_000);
    await db.transaction(async (tx) => void await tx.q.execute(sql`update people set locked_until = now() - interval '1 second' where id = ${id}`));
    got(await login("locked"), "ok");
    expect((await people.credentialsOf(db, id)).failures).toBe(0);
  });
  it("shuts an address out after its failures, and nobody else", async () => {
    const id = await addPerson(db, "office", ["user"]);
    const tight = { ...deps, gate: addressGate(times(), systemRandom, 3) }, from = (address: string) => ({ address, means: "portal" as const });
    const attempt = (name: string, address: string) => passwordLogin(tight, { name, password: Secret.of(PASSWORD), ...from(address) });
    for (const name of ["a", "b", "c", "d"]) got(await attempt(name, "198.51.100.1"), "refused");
    expect(got(await attempt("office", "198.51.100.1"), "refused").why).toMatch(/from your address/);
    got(await attempt("office", "198.51.100.2"), "ok");
    expect(await eventsOf(db, id)).toEqual(["login.ok ok"]);
  });
  it("takes as long for nobody as for somebody", async () => {
    await addPerson(db, "timed", ["user"]);
    const slow = { ...deps, cost: { memoryCost: 19_456, timeCost: 2, parallelism: 1 }, gate: addressGate(times(), systemRandom, 1000) };
    const spent = async (name: string) => { const t = performance.now(); await passwordLogin(slow, { name, password: Secret.of("x"), address: "203.0.113.9", means: "portal" }); return performance.now() - t; };
    await spent("warm-up");
    const nobody = await spent("nobody-at-all");
    expect(nobody).toBeGreaterThan(8);
  });
});

describe("guesses all at once", () => {
  it("of a password: the lock is there before the sixth is judged, and the right one behind it is no login", async () => {
    const id = await addPerson(db, "crowd", ["user"]), at = (password: string, n: number) => passwordLogin(deps, { name: "crowd", password: Secret.of(password), address: `203.0.113.${n % 40}`, means: "portal" });
    const all = await Promise.all([...Array.from({ length: 12 }, (_, i) => at(`wrong-${i}`, i)), at(PASSWORD, 13)]);
    expect(all.map((r) => r.outcome)).toEqual(Array.from({ length: 13 }, () => "refused"));
    expect((await eventsOf(db, id)).filter((e) => e.endsWith("wrong password"))).toHaveLength(LOCK_AFTER);
    expect((await eventsOf(db, id)).filter((e) => e.endsWith("refused: locked"))).toHaveLength(8);
  });
  it("of a crowd without end most are told so, and nothing is kept of them", async () => {
    await addPerson(db, "flooded", ["user"]);
    const all = await Promise.all(Array.from({ length: 200 }, (_, i) => passwordLogin(deps, { name: "flooded", password: Secret.of(`x${i}`), address: "203.0.113.7", means: "portal" })));
    expect(all.filter((r) => r.outcome === "refused" && /Too many logins are being judged/.test(r.why))).toHaveLength(200 - 17);
  });
  it("of a code: five tickets are no five times five guesses", async () => {
    const id = await addPerson(db, "codes", ["approver"]), { ticket } = got(await login("codes"), "enrol"), { key, sealed } = await beginEnrol(deps, ticket.cookie);
    got(await confirmEnrol(deps, { ticket: ticket.cookie, sealed, code: codeOf(reveal(key), -1), ...portal }), "ok");
    const cookies = await Promise.all(Array.from({ length: 3 }, async () => got(await login("codes"), "totp").ticket.cookie));
    const guesses = Array.from({ length: 12 }, (_, i) => totpLogin(deps, { ticket: cookies[i % 3]!, code: "12345x", address: `203.0.113.${i}`, means: "portal" }));
    const all = await Promise.all([...guesses, totpLogin(deps, { ticket: cookies[0]!, code: codeOf(reveal(key)), ...portal })]);
    expect(all.map((r) => r.outcome)).toEqual(Array.from({ length: 13 }, () => "refused"));
    expect((await eventsOf(db, id)).filter((e) => e.endsWith("wrong code"))).toHaveLength(LOCK_AFTER);
  });
});

describe("the second factor", () => {
  it("is compulsory for approvers and admins: enrolment first, and its ticket is no session", async () => {
    const id = await addPerson(db, "operator", ["admin"]);
    const { ticket } = got(await login("operator"), "enrol");
    expect(await findSession(deps, ticket.cookie)).toMatchObject({ strong: false });
    const start = await beginEnrol(deps, ticket.cookie);
    expect(reveal(start.uri)).toMatch(/^otpauth:\/\/totp\/Lockstep:operator\?/);
    expect(got(await confirmEnrol(deps, { ticket: ticket.cookie, sealed: start.sealed, code: "000000", ...portal }), "refused").why).toMatch(/does not match/);
    const again = await beginEnrol(deps, ticket.cookie, start.sealed);
    expect(reveal(again.key)).toBe(reveal(start.key));
    const { session } = got(await confirmEnrol(deps, { ticket: ticket.cookie, sealed: start.sealed, code: codeOf(reveal(start.key)), ...portal }), "ok");
    expect(session!.cookie).not.toBe(ticket.cookie);
    expect(await findSession(deps, ticket.cookie)).toBeNull();
    expect(await eventsOf(db, id)).toEqual(["person.changed ok: second factor set up", "login.ok ok"]);
  });
  it("takes a code once: a replay is refused", async () => {
    const { key } = await enrolled("approver"), code = codeOf(key);
    const first = got(await login("approver"), "totp"), second = got(await login("approver"), "totp");
    got(await totpLogin(deps, { ticket: first.ticket.cookie, code, ...portal }), "ok");
    expect(got(await totpLogin(deps, { ticket: second.ticket.cookie, code, ...portal }), "refused").why).toMatch(/wrong or was used/);
    got(await totpLogin(deps, { ticket: second.ticket.cookie, code: codeOf(key, 1), ...portal }), "ok");
  });
  it("refuses a code two steps off, a spent ticket and a session offered as ticket", async () => {
    const { key } = await enrolled("steps");
    const { ticket } = got(await login("steps"), "totp");
    expect(got(await totpLogin(deps, { ticket: ticket.cookie, code: codeOf(key, 2), ...portal }), "refused").why).toMatch(/wrong or was used/);
    const { session } = got(await totpLogin(deps, { ticket: ticket.cookie, code: codeOf(key), ...portal }), "ok");
    for (const spent of [ticket.cookie, session!.cookie]) {
      expect(got(await totpLogin(deps, { ticket: spent, code: codeOf(key, 1), ...portal }), "refused").why).toMatch(/took too long/);
    }
  });
  it("counts wrong codes over tickets: a known password does not buy endless guesses", async () => {
    await enrolled("guessed");
    for (let i = 0; i < LOCK_AFTER; i++) {
      const { ticket } = got(await login("guessed"), "totp");
      got(await totpLogin(deps, { ticket: ticket.cookie, code: "000000", ...portal }), "refused");
    }
    got(await login("guessed"), "refused");
  });
  it("cannot be set twice, nor confirmed with somebody else's form", async () => {
    await addPerson(db, "eve", ["approver"]); await addPerson(db, "ann", ["approver"]);
    const eve = got(await login("eve"), "enrol"), ann = got(await login("ann"), "enrol");
    const start = await beginEnrol(deps, eve.ticket.cookie);
    await expect(confirmEnrol(deps, { ticket: ann.ticket.cookie, sealed: start.sealed, code: codeOf(reveal(start.key)), ...portal })).rejects.toThrow(/not yours or was changed/);
    const other = got(await login("eve"), "enrol");
    got(await confirmEnrol(deps, { ticket: eve.ticket.cookie, sealed: start.sealed, code: codeOf(reveal(start.key)), ...portal }), "ok");
    expect(got(await confirmEnrol(deps, { ticket: other.ticket.cookie, sealed: start.sealed, code: codeOf(reveal(start.key), 1), ...portal }), "refused").why).toMatch(/took too long/);
  });
});

describe("over SSH", () => {
  const ssh = { address: "192.0.2.8", means: "ssh" } as const;
  it("logs in by key without a cookie, and names the reason of a refusal", async () => {
    const id = await addPerson(db, "keyed", ["user"]);
    await db.transaction((tx) => people.addKey(tx, { fingerprint: "SHA256:abc", person: id, key: "ssh-ed25519 AAAA", label: "laptop" }));
    expect(got(await publicKeyLogin(deps, { name: "keyed", fingerprint: "SHA256:abc", ...ssh }), "ok").session).toBeNull();
    got(await publicKeyLogin(deps, { name: "keyed", fingerprint: "SHA256:other", ...ssh }), "refused");
    got(await publicKeyLogin(deps, { name: "requester", fingerprint: "SHA256:abc", ...ssh }), "refused");
    expect(await eventsOf(db, id)).toEqual(["login.ok ok", "login.refused refused: unknown key"]);
    expect((await people.credentialsOf(db, id)).failures).toBe(0);
  });
  it("asks roles that need two factors for the code, and sends those without one to the portal", async () => {
    const { key } = await enrolled("sshadmin");
    const { ticket } = got(await login("sshadmin", PASSWORD, ssh), "totp");
    expect(got(await totpLogin(deps, { ticket: ticket.cookie, code: codeOf(key), ...ssh }), "ok").session).toBeNull();
    await addPerson(db, "bare", ["admin"]);
    expect(got(await login("bare", PASSWORD, ssh), "refused").why).toMatch(/portal once/);
  });
});

describe("a session", () => {
  const expire = (column: "expires_at" | "absolute_at", cookie: string) => db.transaction(async (tx) =>
    void await tx.q.execute(sql`update logins set ${sql.raw(column)} = now() - interval '1 second' where id = ${sha256Hex(cookie)}`));
  it.each(["expires_at", "absolute_at"] as const)("is over at its %s", async (column) => {
    const name = column.slice(0, 6);
    await addPerson(db, name, ["user"]);
    const { session } = got(await login(name), "ok");
    await expire(column, session!.cookie);
    expect(await findSession(deps, session!.cookie)).toBeNull();
  });
  it("is renewed by use, but never past its absolute end", async () => {
    const id = await addPerson(db, "renewed", ["user"]);
    const { session } = got(await login("renewed"), "ok");
    await db.transaction(async (tx) => void await tx.q.execute(sql`update logins set expires_at = now() + interval '1 minute' where user_id = ${id}`));
    const found = await findSession(deps, session!.cookie);
    const [row] = (await db.q.execute(sql`select extract(epoch from expires_at - now()) as left from logins where user_id = ${id}`) as unknown as { rows: { left: string }[] }).rows;
    expect(Number(row!.left)).toBeGreaterThan(14 * 60);
    expect(found!.absoluteAt.getTime() - Date.now()).toBeLessThanOrEqual(8 * 3600_000);
  });
  it("ends at logout, at a change of password, and with all of a person's", async () => {
    const id = await addPerson(db, "leaver", ["user"]), person = (await people.find(db, id))!;
    const a = got(await login("leaver"), "ok").session!, b = got(await login("leaver"), "ok").session!;
    await logout(deps, a.cookie, person, portal);
    expect(await findSession(deps, a.cookie)).toBeNull();
    const change = (old: string, fresh: string) => changePassword(deps, { person, old: Secret.of(old), fresh: Secret.of(fresh), ...portal });
    await expect(change("no", "a much better phrase")).rejects.toThrow("The present password is wrong.");
    await expect(change(PASSWORD, "short")).rejects.toThrow(/at least 12 characters/);
    const c = await change(PASSWORD, "a much better phrase");
    expect(await findSession(deps, b.cookie)).toBeNull();
    expect(await findSession(deps, c.cookie)).not.toBeNull();
    await db.transaction((tx) => endSessionsOf(tx, id));
    expect(await findSession(deps, c.cookie)).toBeNull();
    expect(await eventsOf(db, id)).toContain("logout ok");
  });
});
