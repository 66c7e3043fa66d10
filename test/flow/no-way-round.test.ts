/** The roads round the vote that touch a target. Rule: the listener is a real one, it is shown to count first, and then it must count nothing. */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectors } from "../../src/connectors/index.ts";
import { isDue } from "../../src/domain/due.ts";
import { addAccount, adopt, rotateNow } from "../../src/flow/accounts.ts";
import { giveBack } from "../../src/flow/checkin.ts";
import { acceptIdentity, MOVED } from "../../src/flow/identity.ts";
import { accountCard, accountHistory } from "../../src/flow/look.ts";
import { putPolicy } from "../../src/flow/people.ts";
import { release } from "../../src/flow/release.ts";
import { claim, drive, rotateAfterUse, useOf } from "../../src/flow/rotate.ts";
import { admit } from "../../src/flow/session.ts";
import { addTarget, changeTarget } from "../../src/flow/targets.ts";
import { testTarget } from "../../src/flow/target-test.ts";
import { verify } from "../../src/flow/verify.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import type { TargetId } from "../../src/kernel/ids.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { times } from "../../src/kernel/times.ts";
import { directLink } from "../../src/links/direct.ts";
import * as accounts from "../../src/store/accounts.ts";
import type { Db } from "../../src/store/db.ts";
import * as rotations from "../../src/store/rotations.ts";
import * as targets from "../../src/store/targets.ts";
import * as versions from "../../src/store/versions.ts";
import { embedded, ENGINES } from "../store/engines.ts";
import { until } from "./until.ts";
import { worldOn, type Managed, type World } from "./world.ts";

/** Counts who came and what they sent, and hangs up. */
const counter = async (): Promise<{ port: number; seen: { connections: number; bytes: number }; close(): Promise<void> }> => {
  const seen = { connections: 0, bytes: 0 }, open = new Set<Socket>();
  const server: Server = createServer((s) => { seen.connections += 1; open.add(s); s.on("data", (d) => { seen.bytes += d.length; s.destroy(); }).on("error", () => undefined).on("close", () => open.delete(s)); s.setTimeout(500, () => s.destroy()); });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return { port: (server.address() as AddressInfo).port, seen, close: () => new Promise((done) => { for (const s of open) s.destroy(); server.close(() => done()); }) };
};

/** A public key line of nobody's. */
const someKey = (): string => {
  const part = (b: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, b.length]), b]);
  return `ssh-ed25519 ${Buffer.concat([part(Buffer.from("ssh-ed25519")), part(systemRandom.bytes(32))]).toString("base64")}`;
};

let db: Db, w: World, old: Awaited<ReturnType<typeof counter>>, other: typeof old;
beforeAll(async () => {
  [db, old, other] = await Promise.all([embedded(), counter(), counter()]);
  w = await worldOn(db, { connectors: connectors(systemRandom), link: (t) => directLink({ host: t.host, port: t.port }), times: times(0.05) });
});
afterAll(async () => { await w?.close(); await db?.close(); await old?.close(); await other?.close(); });
const workOff = async (): Promise<void> => { for (let i = 0; i < 20; i++) { const r = await claim(w.deps, []); if (!r) return; await drive(w.deps, r); } };

/** What a person who opens the target's page sees. */
const looked = async (id: TargetId): Promise<string> => (await targets.find(db, id))!.identityHash;

test("law: no-way-round-1 — a typed password is a use and an exposure of its typist: managed, the account is due typedTtl later, and at once when somebody uses it", async () => {
  const key = someKey(), target = await addTarget(w.deps, w.operator, { name: "typed", platform: "linux-ssh", host: "127.0.0.1", port: old.port, settings: { hostKeys: [key] } });
  /** In force as it was typed: the vault's current version. */
  const typed = async (name: string) => {
    const made = await addAccount(w.deps, w.operator, { target: target.id, name, password: Secret.of("Typed-Pw-1!x9Qz") }), [version] = await versions.of(db, made.id);
    expect(made).toMatchObject({ credential: "unmanaged", usedNo: 1, rotatedNo: 0, typedRun: 1, current: null });
    expect(await versions.exposuresOf(db, { account: made.id })).toMatchObject([{ person: w.operator.person.id, version: version!.id, how: "typed" }]);
    expect(await w.said(made.id)).toEqual(["account.added ok", "password.typed ok"]);
    expect(w.deps.journal.hasVersion(version!.id)).toBe(true);
    expect([await rotateAfterUse(w.deps, made.id), await hinted(made.id)], "declared, not managed").toEqual([null, false]);
    await w.sql(`update accounts set credential = 'adopting' where id = '${made.id}'`);
    await w.sql(`update secret_versions set status = 'current' where id = '${version!.id}'`);
    await w.sql(`update accounts set credential = 'in_sync', current_id = '${version!.id}', adopted = 2 where id = '${made.id}'`);
    return { account: made.id, version: version!.id };
  };
  const hinted = async (id: string) => (await accounts.maybeDue(db, w.deps.times.typedTtl) as string[]).includes(id), word = async (id: string) => (await accountCard(db, w.operator.person, id)).standing.word;
  const { typedTtl } = w.deps.times, kept = await typed("app1");
  expect([await rotateAfterUse(w.deps, kept.account), await hinted(kept.account), await word(kept.account)], "typed just now").toEqual([null, false, "available"]);
  expect((await accountHistory(db, w.operator.person, kept.account, w.deps.times)).typed).toMatchObject({ by: w.operator.person.id, changesAt: expect.any(Date) as Date });
  const aged = await w.sql(`select created_at from secret_versions where id = '${kept.version}'`);
  // Law I4 keeps a version's moment as it is, so the row cannot be made older: the rule is asked for later moments, the verb for a shorter time.
  const at = new Date(aged[0]!["created_at"] as string), use = await db.transaction(async (tx) => useOf(tx, await accounts.lock(tx, kept.account)));
  expect([isDue(use, new Date(at.getTime() + typedTtl - 1), w.deps.times), isDue(use, new Date(at.getTime() + typedTtl), w.deps.times)]).toEqual([false, true]);
  const soon = { ...w.deps, times: { ...w.deps.times, typedTtl: 1 } };
  expect([(await accounts.maybeDue(db, 1)).includes(kept.account), await rotateAfterUse(soon, kept.account)], "its time is over").toEqual([true, expect.stringMatching(/^rot_/)]);
  expect((await rotations.openOf(db, kept.account))!.reason).toBe("a person typed it, and its time is over");

  const handed = await typed("app2"), policy = await putPolicy(w.deps, w.second, { name: "typed", terms: { preset: "release" }, binding: { requesters: [w.requester.person.id], approvers: [w.approver.person.id], targets: ["typed"] } });
  const id = await w.approved({ name: "app2@typed", account: (await accounts.find(db, handed.account))!, policy } as unknown as Managed);
  (await release(w.deps, w.requester, id)).password.wipe();
  expect([await rotateAfterUse(w.deps, handed.account), await word(handed.account)], "shown, and still held").toEqual([null, "held"]);
  await giveBack({ ...w.deps, log: () => {} }, w.requester, id);
  await until(async () => (await rotations.openOf(db, handed.account)) !== null);
  expect((await rotations.openOf(db, handed.account))!.reason, "a use makes it due at once").toBe("the last use is over");
  for (const a of [kept, handed]) await w.sql(`update accounts set block = 'disabled' where id = '${a.account}'`);
});

test("law: no-way-round-2 — a target whose address or key was edited is sent nothing, by any road, until somebody else accepts", async () => {
  const key = someKey(), target = await addTarget(w.deps, w.operator, { name: "edited", platform: "linux-ssh", host: "127.0.0.1", port: old.port, settings: { hostKeys: [key] } });
  const [admin, app] = [await addAccount(w.deps, w.operator, { target: target.id, name: "admin1" }), await addAccount(w.deps, w.operator, { target: target.id, name: "app1" })];
  for (const a of [admin, app]) await w.inSync(a);
  await changeTarget(w.deps, w.operator, target.id, { administrative: admin.id });
  const policy = await putPolicy(w.deps, w.second, { name: "edited", terms: { preset: "release" }, binding: { requesters: [w.requester.person.id], approvers: [w.approver.person.id], targets: ["edited"] } });
  const m = { name: "app1@edited", account: app, policy } as Managed, [shown, carried] = [await w.approved(m), await w.approved(m)];
  expect(await testTarget(w.deps, w.operator, target.id)).toMatchObject({ ok: false });
  expect(old.seen.connections, "the listener counts").toBe(1);
  expect(old.seen.bytes).toBeGreaterThan(0);

  await changeTarget(w.deps, w.operator, target.id, { port: other.port, settings: { hostKeys: [someKey()] } });
  for (const a of [admin, app]) expect((await accounts.find(db, a.id))!.block).toBe("identity_changed");
  const NO = { code: "conflict", message: expect.stringMatching(/^The target no longer proves itself by the pinned key/) as string };
  await expect(release(w.deps, w.requester, shown)).rejects.toMatchObject(NO);
  await expect(admit(w.deps, w.requester, "app1", "edited", "shell")).rejects.toMatchObject(NO);
  expect(await testTarget(w.deps, w.operator, target.id)).toEqual({ ok: false, stage: "setup", why: NO.message });
  await expect(verify(w.deps, w.operator, app.id)).rejects.toMatchObject({ code: "conflict", message: "This account is blocked; it is not asked until that is settled." });
  for (const a of [app, admin]) await rotateNow(w.deps, w.operator, a.id, "now");
  const fresh = await addAccount(w.deps, w.operator, { target: target.id, name: "root", password: Secret.of("Root-Pw-1!x9Qz") });
  expect(fresh.block, "a new account waits with the others").toBe("identity_changed");
  await adopt(w.deps, w.operator, fresh.id);
  await workOff();
  expect(other.seen).toEqual({ connections: 0, bytes: 0 });

  const twin = await w.person(["admin"], { subject: "one-human" }), owner = await w.person(["owner"]);
  await w.sql(`update people set subject = 'one-human' where id = '${w.operator.person.id}'`);
  const ME = { code: "forbidden", message: "You changed where this target's passwords go, so somebody else must accept it: its owner or another admin." };
  const operator = await w.again(w.operator);
  for (const who of [operator, twin]) await expect(acceptIdentity(w.deps, who, target.id, await looked(target.id))).rejects.toMatchObject(ME);
  for (const who of [w.requester, w.auditor, owner]) await expect(acceptIdentity(w.deps, who, target.id, await looked(target.id))).rejects.toMatchObject({ code: "not_found", message: "No such target." });
  await workOff();
  expect(other.seen).toEqual({ connections: 0, bytes: 0 });

  await acceptIdentity(w.deps, w.second, target.id, await looked(target.id));
  for (const a of [admin, app, fresh]) expect(await accounts.find(db, a.id)).toMatchObject({ block: "none", identityNo: 2 });
  expect(await testTarget(w.deps, w.operator, target.id)).toMatchObject({ ok: false });
  expect(other.seen.connections, "accepted: now it is asked").toBeGreaterThan(0);
  expect((await w.said(target.id)).filter((s) => s.startsWith("target.identity"))).toEqual(["target.identity_changed ok", "target.identity_accepted ok"]);
  void carried;
});

test("law: no-way-round-2 — edited at the very moment a change is on its way: nothing is sent to where it leads now", async () => {
  const target = await addTarget(w.deps, w.operator, { name: "raced", platform: "linux-ssh", host: "127.0.0.1", port: old.port, settings: { hostKeys: [someKey()] } }), root = await addAccount(w.deps, w.operator, { target: target.id, name: "root" });
  await w.inSync(root);
  const before = { ...other.seen }, here = old.seen.connections, id = await rotateNow(w.deps, w.operator, root.id, "now");
  const edits = { ...w.deps, moment: async (m: string) => { if (m === "applying") await changeTarget(w.deps, w.operator, target.id, { port: other.port, settings: { hostKeys: [someKey()] } }); } };
  for (let r = await claim(edits, []); r !== null; r = await claim(edits, [])) await drive(edits, r);
  expect(other.seen).toEqual(before);
  expect([old.seen.connections - here, (await rotations.find(db, id))!]).toMatchObject([0, { state: "waiting", why: "the account was blocked meanwhile" }]);
});

test("law: no-way-round-2 — an owner who edited cannot accept while there is an admin; the last one there is may, and the log says so", async () => {
  const key = someKey(), owner = await w.person(["owner"]), target = await addTarget(w.deps, owner, { name: "owned", platform: "linux-ssh", host: "127.0.0.1", port: old.port, settings: { hostKeys: [key] } });
  const app = await addAccount(w.deps, owner, { target: target.id, name: "app1" });
  await changeTarget(w.deps, owner, target.id, { port: other.port });
  await w.sql(`update people set disabled = true where id in ('${w.operator.person.id}', (select id from people where subject = 'one-human' and name <> 'operator'))`);
  await expect(acceptIdentity(w.deps, owner, target.id, await looked(target.id)), "one admin is left").rejects.toMatchObject({ code: "forbidden" });
  await w.sql(`update people set disabled = true where id = '${w.second.person.id}'`);
  await acceptIdentity(w.deps, owner, target.id, await looked(target.id));
  expect((await accounts.find(db, app.id))!.block).toBe("none");
  const last = (await w.sql(`select why, facts from events where what = 'target.identity_accepted' order by row_no desc limit 1`))[0];
  expect(last).toMatchObject({ why: "single administrator: changes are not four-eyed", facts: { four_eyes: false } });
});

test("law: no-way-round-2 — accepting names what was looked at: an identity edited again in between is refused, and everything stays shut", async () => {
  const second = await w.person(["admin"]), author = await w.person(["admin"]), target = await addTarget(w.deps, author, { name: "moved", platform: "linux-ssh", host: "127.0.0.1", port: old.port, settings: { hostKeys: [someKey()] } });
  const app = await addAccount(w.deps, author, { target: target.id, name: "app1" });
  await changeTarget(w.deps, author, target.id, { settings: { hostKeys: [someKey()] } });
  const seen = await looked(target.id);
  await changeTarget(w.deps, author, target.id, { port: other.port, settings: { hostKeys: [someKey()] } });
  for (const stale of [seen, target.identityHash, ""]) await expect(acceptIdentity(w.deps, second, target.id, stale)).rejects.toMatchObject({ code: "conflict", message: MOVED });
  expect(await accounts.find(db, app.id)).toMatchObject({ block: "identity_changed", identityNo: 1 });
  expect((await w.said(target.id)).filter((s) => s === "target.identity_accepted ok")).toEqual([]);
  const now = await looked(target.id);
  await acceptIdentity(w.deps, second, target.id, now);
  expect(await accounts.find(db, app.id)).toMatchObject({ block: "none", identityNo: 3 });
  expect((await w.sql(`select facts from events where what = 'target.identity_accepted' order by row_no desc limit 1`))[0]).toMatchObject({ facts: { identity: now, four_eyes: true } });
});

test("law: no-way-round-2 — on PostgreSQL, accepting and editing at the same moment: never a free account under an identity nobody accepted", async () => {
  const o = await ENGINES.find((e) => e.engine === "postgresql")!.open(), p = await worldOn(o.db);
  try {
    for (let round = 0; round < 20; round++) {
      const m = await p.managed();
      await changeTarget(p.deps, p.operator, m.target, { port: 1000 + round });
      const seen = (await targets.find(o.db, m.target))!.identityHash;
      const [accepted] = await Promise.allSettled([acceptIdentity(p.deps, p.second, m.target, seen), changeTarget(p.deps, p.operator, m.target, { port: 2000 + round })]);
      const account = await m.now(), target = (await targets.find(o.db, m.target))!;
      if (accepted.status === "rejected") expect(accepted.reason).toMatchObject({ code: "conflict", message: MOVED });
      expect(account.block, "the edit came last, or accepting was refused").toBe("identity_changed");
      expect(target.identityNo).toBe(3);
    }
  } finally { await p.close(); await o.close(); }
});
