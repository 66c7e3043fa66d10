/** Locks on a person, an account, a target and everything: what they end, what they refuse, who sets and lifts them, and what is kept. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setBlock } from "../../src/flow/accounts.ts";
import { ask, UNKNOWN_ACCOUNT } from "../../src/flow/ask.ts";
import { hold } from "../../src/flow/checkout.ts";
import { acceptIdentity } from "../../src/flow/identity.ts";
import { liftFrom, liftLock, lockLine, lockList, setLock } from "../../src/flow/lock.ts";
import { changePerson } from "../../src/flow/people.ts";
import { actor } from "../../src/flow/record.ts";
import { release } from "../../src/flow/release.ts";
import { loadWorld } from "../../src/flow/rotation-load.ts";
import { admit, open as openSession, sessionLive } from "../../src/flow/session.ts";
import { changeTarget } from "../../src/flow/targets.ts";
import { verify } from "../../src/flow/verify.ts";
import { vote } from "../../src/flow/vote.ts";
import type { LockKind } from "../../src/domain/lock.ts";
import { openPostgres } from "../../src/store/db.ts";
import * as locks from "../../src/store/locks.ts";
import * as requests from "../../src/store/requests.ts";
import * as sessions from "../../src/store/sessions.ts";
import * as targets from "../../src/store/targets.ts";
import { cluster, ENGINES, type Opened } from "../store/engines.ts";
import { refused, run } from "../store/rows.ts";
import { settled, worldOn, type World } from "./world.ts";

describe.each(ENGINES)("on $engine", ({ open }) => {
  let o: Opened, w: World;
  beforeAll(async () => { o = await open(); w = await worldOn(o.db); });
  afterAll(async () => { await settled(); await w?.close(); await o?.close(); });
  const lock = (kind: LockKind, subject: string, by = w.operator) => setLock(w.deps, by, { kind, subject, reason: "incident 7" });

  test.each(["person", "account", "target", "broker"] as const)("law: cut-off-2 — a lock on a %s ends what is held, cuts what is live, refuses what begins, and is lifted", async (kind) => {
    const who = await w.person(["user"]), m = await w.managed("release", {}, { requesters: [who.person.id] }), [held, waits] = [await w.approved(m, who), await w.approved(m, who)];
    const { session } = await admit(w.deps, who, "app", m.targetName, "shell");
    await sessionLive(w.deps, session);
    const name = { person: who.person.name, account: m.name, target: m.targetName, broker: "" }[kind], l = await lock(kind, name);
    await settled();
    expect(await requests.find(w.db, held)).toMatchObject({ state: "closed", why: "locked", by: w.operator.person.id, reason: "incident 7" });
    expect(w.cuts.filter((c) => c.session === session)).toEqual([{ session, why: "killed", message: "an administrator locked this: incident 7" }]);
    await w.sql(`update accounts set rotated_no = used_no where id = '${m.account.id}'`);
    const says = { person: "This person is locked. Ask an admin.", account: "This account is locked: incident 7. Ask an admin.", target: "This target is locked: incident 7. Ask an admin.", broker: "The whole broker is locked: incident 7. Ask an admin." }[kind];
    for (const use of [() => release(w.deps, who, waits), () => admit(w.deps, who, "app", m.targetName, "shell")]) await expect(use()).rejects.toMatchObject({ message: says });
    if (kind === "account" || kind === "target") expect((await loadWorld(w.deps, w.db, await m.now(), new Date())).facts.blocked, "no rotation touches it either").toBe(true);
    await expect(lock(kind, name)).rejects.toMatchObject({ code: "conflict", message: "This is locked already." });
    expect((await lockList(w.db, w.auditor.person, true)).map((x) => [x.lock.kind, x.lock.reason, x.setBy])).toContainEqual([kind, "incident 7", "operator"]);
    for (const nobody of [w.auditor, w.approver, w.requester]) await expect(liftLock(w.deps, nobody, l.id, "")).rejects.toMatchObject({ code: "forbidden", message: "Locks are set and lifted by admins. An auditor may end a live session." });
    await liftLock(w.deps, w.second, l.id, "over");
    await expect(liftLock(w.deps, w.second, l.id, "")).rejects.toMatchObject({ code: "conflict", message: "This lock was lifted already." });
    await w.sql(`update rotations set state = 'refused', ended_at = now() where account_id = '${m.account.id}' and state = 'queued'`);
    await expect(release(w.deps, await w.again(who), waits), "an approval outlives the lock; its holder begins again").resolves.toMatchObject({ account: "app" });
    expect(await w.said(l.id)).toEqual(["lock.set ok", "lock.lifted ok"]);
  });

  test("one lock is found however many were set after it, by those who may see locks", async () => {
    const m = await w.managed(), l = await lock("target", m.targetName);
    await w.sql(`insert into locks (id, kind, subject, reason, set_by, set_at, lifted_by, lifted_at) select id || n, kind, subject, reason, set_by, set_at + n * interval '1 second', set_by, now() from locks, generate_series(1, 500) n where id = '${l.id}'`);
    expect(await lockLine(w.db, w.auditor.person, l.id)).toMatchObject({ lock: { id: l.id }, name: m.targetName, setBy: "operator" });
    await expect(lockLine(w.db, w.requester.person, l.id)).rejects.toMatchObject({ code: "forbidden" });
    await expect(lockLine(w.db, w.auditor.person, "lck_none" as typeof l.id)).rejects.toMatchObject({ code: "not_found" });
    await liftLock(w.deps, w.operator, l.id, "");
  });

  test("a locked person may nothing at all: no vote, no request, no list", async () => {
    const who = await w.person(["user", "approver"]), m = await w.managed("release", {}, { approvers: [who.person.id] }), id = await w.asked(m), l = await lock("person", who.person.name);
    const now = await w.again(who);
    expect(now.person).toMatchObject({ disabled: true, locked: true });
    await expect(vote(w.deps, now, id, { decision: "approve" })).rejects.toMatchObject({ code: "not_found" });
    await expect(ask(w.deps, now, { account: m.name, minutes: 5, reason: "let me in", ticket: "" })).rejects.toMatchObject({ code: "not_found" });
    await liftLock(w.deps, w.second, l.id, "");
    expect((await w.again(who)).person).not.toHaveProperty("locked");
    expect((await vote(w.deps, await w.again(who), id, { decision: "approve" })).state).toBe("approved");
  });

  test("nobody locks themselves out, without a reason, or what does not exist; owners and auditors set none", async () => {
    const owner = await w.person(["owner", "user"]), m = await w.managed();
    await expect(lock("person", "operator")).rejects.toMatchObject({ code: "conflict", message: "You cannot lock yourself out; another admin can." });
    await expect(setLock(w.deps, w.operator, { kind: "broker", subject: "", reason: " " })).rejects.toMatchObject({ code: "invalid" });
    await expect(lock("target", "nowhere-at-all")).rejects.toMatchObject({ code: "not_found", message: 'There is no target "nowhere-at-all".' });
    for (const who of [owner, w.auditor]) await expect(lock("account", m.name, who)).rejects.toMatchObject({ code: "forbidden" });
    await w.sql(`update targets set owner_id = '${owner.person.id}' where id = '${m.target}'`);
    await expect(setBlock(w.deps, owner, m.account.id, "locked", "mine")).rejects.toMatchObject({ code: "forbidden" });
    await expect(changeTarget(w.deps, owner, m.target, { locked: true })).rejects.toMatchObject({ code: "forbidden" });
    await setBlock(w.deps, owner, m.account.id, "disabled", "mine");
    expect((await m.now()).block, "an owner may still take an account out of use").toBe("disabled");
  });

  test("the page of an account or a target sets and lifts the same lock; a changed identity stays blocked through it", async () => {
    const m = await w.managed();
    await setBlock(w.deps, w.operator, m.account.id, "locked", "odd logins");
    expect(await locks.standingOn(w.db, "account", m.account.id)).toMatchObject({ reason: "odd logins" });
    await changeTarget(w.deps, w.operator, m.target, { port: 11 });
    await liftFrom(w.deps, w.second, "account", m.account.id, "");
    expect((await m.now()).block, "the identity changed meanwhile").toBe("identity_changed");
    await changeTarget(w.deps, w.operator, m.target, { locked: true });
    expect(await locks.standingOn(w.db, "target", m.target)).not.toBeNull();
    await changeTarget(w.deps, w.operator, m.target, { locked: false });
    expect(await locks.standingOn(w.db, "target", m.target)).toBeNull();
    await lock("account", m.name);
    expect((await m.now()).block).toBe("identity_changed");
  });

  test("law: cut-off-2 — an account its owner disabled is out of use through a lock and after it; freed under the lock, the lock still stops it", async () => {
    const m = await w.managed("release"), id = await w.approved(m), owner = await w.person(["owner"]), block = async () => (await m.now()).block, stopped = async () => (await loadWorld(w.deps, w.db, await m.now(), new Date())).facts.blocked;
    await w.sql(`update targets set owner_id = '${owner.person.id}' where id = '${m.target}'`);
    await setBlock(w.deps, owner, m.account.id, "disabled", "gone");
    await lock("account", m.name);
    expect([await block(), await stopped()]).toEqual(["disabled", true]);
    await liftFrom(w.deps, w.operator, "account", m.account.id, "over");
    expect(await block(), "the lock is over, the owner's word is not").toBe("disabled");
    await expect(release(w.deps, w.requester, id)).rejects.toMatchObject({ code: "conflict", message: expect.stringMatching(/^This account is disabled/) as string });
    await lock("account", m.name);
    await setBlock(w.deps, owner, m.account.id, "none", "wanted again");
    expect([await block(), await stopped()], "freed by its owner under the lock").toEqual(["locked", true]);
    await expect(release(w.deps, w.requester, id)).rejects.toMatchObject({ code: "conflict", message: "This account is locked: incident 7. Ask an admin." });
    await setBlock(w.deps, owner, m.account.id, "disabled", "after all not");
    expect([await block(), (await locks.standingOn(w.db, "account", m.account.id))?.reason], "an owner's word lifts no lock").toEqual(["disabled", "incident 7"]);
    await setBlock(w.deps, owner, m.account.id, "none", "");
    await expect(setBlock(w.deps, owner, m.account.id, "none", "")).rejects.toMatchObject({ code: "forbidden", message: "Locks are set and lifted by admins. An auditor may end a live session." });
    await setBlock(w.deps, w.operator, m.account.id, "none", "over");
    expect([await block(), await stopped(), await locks.standingOn(w.db, "account", m.account.id)]).toEqual(["none", false, null]);
    expect((await release(w.deps, w.requester, id)).account).toBe("app");
  });

  test("law: cut-off-2 — an identity accepted under a standing lock frees nothing: no hand-out, no rotation, no probe before it is lifted", async () => {
    const m = await w.managed("release"), id = await w.approved(m), now = async () => { const a = await m.now(); return [a.block, (await loadWorld(w.deps, w.db, a, new Date())).facts.blocked]; };
    await changeTarget(w.deps, w.operator, m.target, { port: 12 });
    await lock("account", m.name);
    expect(await now()).toEqual(["identity_changed", true]);
    await acceptIdentity(w.deps, w.second, m.target, (await targets.find(w.db, m.target))!.identityHash);
    expect(await now()).toEqual(["locked", true]);
    await expect(verify(w.deps, w.operator, m.account.id)).rejects.toMatchObject({ code: "conflict", message: "This account is blocked; it is not asked until that is settled." });
    await expect(release(w.deps, w.requester, id)).rejects.toMatchObject({ code: "conflict", message: "This account is locked: incident 7. Ask an admin." });
    await liftFrom(w.deps, w.second, "account", m.account.id, "over");
    expect(await now()).toEqual(["none", false]);
  });

  test("the history of locks is kept by the table itself", async () => {
    const m = await w.managed(), l = await lock("account", m.name);
    for (const [what, change] of [["delete", `delete from locks where id = '${l.id}'`], ["rewrite", `update locks set reason = 'x' where id = '${l.id}'`]]) expect(await refused(run(w.db, change!)), what).toMatchObject({ code: "LS007" });
    await liftLock(w.deps, w.second, l.id, "");
    expect(await refused(run(w.db, `update locks set lifted_at = null, lifted_by = null where id = '${l.id}'`)), "lifted once").toMatchObject({ code: "LS007" });
  });
});

test("law: cut-off-2 — an admission under way while its person is disabled is ended by it: the two never pass each other", async () => {
  const c = await cluster(), url = await c.fresh(), dbs = [openPostgres(url), openPostgres(url)] as const, w = await worldOn(dbs[0]);
  try {
    const leaver = await w.person(["user"]), m = await w.managed("session", {}, { requesters: [leaver.person.id] }), id = await w.approved(m, leaver), gate = Promise.withResolvers<void>(), inside = Promise.withResolvers<void>();
    const entering = w.db.transaction(async (tx) => { const held = await hold(w.deps, tx, id, actor(leaver), "connect"); inside.resolve(); await gate.promise; return openSession(w.deps, tx, leaver, held, "ssh"); });
    await inside.promise;
    const disabling = changePerson({ ...w.deps, db: dbs[1] }, w.second, leaver.person.id, { disabled: true });
    await Promise.race([disabling, new Promise((r) => setTimeout(r, 300))]);
    gate.resolve();
    const { session, password } = await entering;
    password.wipe();
    await disabling;
    await settled();
    expect([await sessions.cutOf(w.db, session), w.cuts, (await requests.find(w.db, id))!.state]).toMatchObject([{ why: "killed" }, [{ session, message: "your access to the broker was disabled" }], "closed"]);
    await expect(admit(w.deps, await w.again(leaver), "app", m.targetName, "shell")).rejects.toMatchObject({ code: "not_found", message: UNKNOWN_ACCOUNT });
  } finally { await settled(); await w.close(); await Promise.all(dbs.map((db) => db.close())); await c.destroy(); }
}, 120_000);

test("law: cut-off-2 — a hand-out and a lock that race never pass each other: what got out before it is ended by it", async () => {
  const c = await cluster(), url = await c.fresh(), dbs = Array.from({ length: 12 }, () => openPostgres(url)), w = await worldOn(dbs[0]!);
  try {
    for (let round = 0; round < 6; round++) {
      const m = await w.managed("release"), id = await w.approved(m);
      const [out] = await Promise.allSettled([release({ ...w.deps, db: dbs[1]! }, w.requester, id), setLock({ ...w.deps, db: dbs[2]! }, w.operator, { kind: "target", subject: m.targetName, reason: "incident 7" })]);
      const state = (await requests.find(w.db, id))!.state;
      expect([out.status, state], `round ${round}`).toEqual(out.status === "fulfilled" ? ["fulfilled", "closed"] : ["rejected", "approved"]);
    }
  } finally { await settled(); await w.close(); await Promise.all(dbs.map((db) => db.close())); await c.destroy(); }
}, 120_000);
