/** The time somebody holds an account: from the first use to every kind of end, and all that keeps it from beginning. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rotateNow, setBlock } from "../../src/flow/accounts.ts";
import { expireRequest, giveBack } from "../../src/flow/checkin.ts";
import { OWN_CHANGE } from "../../src/flow/checkout.ts";
import { changePerson, confirmChange, putPolicy } from "../../src/flow/people.ts";
import { release } from "../../src/flow/release.ts";
import { rotateAfterUse } from "../../src/flow/rotate.ts";
import { admit, sessionEnded, sessionLive } from "../../src/flow/session.ts";
import { changeTarget } from "../../src/flow/targets.ts";
import { revokeRequest, vote } from "../../src/flow/vote.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import type { Credential } from "../../src/domain/account.ts";
import * as people from "../../src/store/people.ts";
import * as requests from "../../src/store/requests.ts";
import * as rotations from "../../src/store/rotations.ts";
import * as versions from "../../src/store/versions.ts";
import { ENGINES, type Opened } from "../store/engines.ts";
import { PASSWORD, settled, usedNo, worldOn, type Managed, type World } from "./world.ts";

describe.each(ENGINES)("on $engine", ({ open }) => {
  let o: Opened, w: World;
  beforeAll(async () => { o = await open(); w = await worldOn(o.db); });
  afterAll(async () => { await w?.close(); await o?.close(); });
  const state = async (id: Parameters<typeof requests.find>[1]) => (await requests.find(w.db, id))!.state;
  const openRotation = (m: Managed) => rotations.openOf(w.db, m.account.id);

  test("law: due-derived — a release shows the password, counts the use and writes the exposure; give-back opens the rotation", async () => {
    const m = await w.managed("release"), id = await w.approved(m);
    const shown = await release(w.deps, w.requester, id);
    expect(reveal(shown.password)).toBe(PASSWORD);
    expect(await m.now()).toMatchObject({ usedNo: 1, rotatedNo: 0 });
    expect(await versions.exposuresOf(w.db, { account: m.account.id })).toMatchObject([{ person: w.requester.person.id, version: m.account.current, request: id, how: "released" }]);
    expect(reveal((await release(w.deps, w.requester, id)).password), "the holder may look again").toBe(PASSWORD);
    expect(await usedNo(w, m.account.id)).toBe(2);
    expect(await rotateAfterUse(w.deps, m.account.id), "not while it is held").toBeNull();
    expect((await giveBack(w.deps, w.requester, id)).state).toBe("closed");
    expect((await giveBack(w.deps, w.requester, id)).state, "twice is once").toBe("closed");
    await settled();
    await expect.poll(() => openRotation(m)).toMatchObject({ trigger: "end_of_use", state: "queued" });
    expect(await w.said(id)).toEqual(["request.submitted ok", "vote.cast ok", "request.approved ok", "checkout.started ok", "password.released ok", "password.released ok", "checkout.closed ok"]);
    await expect(release(w.deps, w.requester, id)).rejects.toMatchObject({ code: "conflict", message: "This request is closed. Ask again." });
    const next = await w.approved(m);
    await expect(release(w.deps, w.requester, next), "no hand-out while due").rejects.toMatchObject({ code: "conflict", message: expect.stringMatching(/^Its password is due for rotation/) as string });
    expect(await state(next)).toBe("approved");
    expect(w.touches).toEqual([]);
  });

  test("the password is shown to the holder alone, and by no policy that carries sessions only", async () => {
    const m = await w.managed("release"), id = await w.approved(m), sessionsOnly = await w.managed("session"), other = await w.approved(sessionsOnly);
    for (const who of [w.outsider, w.approver, w.operator, w.auditor]) await expect(release(w.deps, who, id)).rejects.toMatchObject({ code: "not_found", message: "No such request." });
    await expect(release(w.deps, w.requester, other)).rejects.toMatchObject({ code: "forbidden", message: expect.stringMatching(/sessions only: the password is never shown/) as string });
    await expect(release(w.deps, w.requester, await w.asked(m))).rejects.toMatchObject({ code: "conflict", message: "Nobody has approved this request yet." });
    await expect(giveBack(w.deps, w.requester, id)).rejects.toMatchObject({ code: "conflict", message: "There is nothing to give back: this request is approved." });
    await expect(giveBack(w.deps, w.outsider, id)).rejects.toMatchObject({ code: "not_found" });
    expect([await usedNo(w, m.account.id), await usedNo(w, sessionsOnly.account.id)]).toEqual([0, 0]);
  });

  test("law: exclusive-hold — as long as a session of the use before still ends nobody else begins, and then the password is due", async () => {
    const m = await w.managed("session", { reconnectGraceSeconds: 0 }), first = await w.approved(m), next = await w.approved(m, w.operator);
    const { session } = await admit(w.deps, w.requester, m.account.name, m.targetName, "shell");
    await sessionLive(w.deps, session);
    await giveBack(w.deps, w.requester, first);
    await settled();
    expect(w.cuts.map((c) => c.session)).toContain(session);
    // Its process has not said yet that it is over.
    const enter = () => admit(w.deps, w.operator, m.account.name, m.targetName, "shell");
    await expect(enter()).rejects.toMatchObject({ code: "conflict", message: "A session of the use before yours is just being ended. Try again in a moment." });
    await sessionEnded(w.deps, session, { why: "client_closed", detail: "", bytes: 0, identityChanged: false, facts: {} });
    await expect(enter()).rejects.toMatchObject({ code: "conflict", message: expect.stringMatching(/^Its password is due for rotation/) as string });
    expect([await state(next), await usedNo(w, m.account.id)]).toEqual(["approved", 1]);
  });

  test("an approval not used in time is void; a checkout ends when its time is up", async () => {
    const m = await w.managed("release"), id = await w.approved(m), other = await w.approved(m);
    await w.late(id, "start_by");
    await expect(release(w.deps, w.requester, id), "also before the sweep has seen it").rejects.toMatchObject({ message: "This approval was not used in time. Ask again." });
    expect(await expireRequest(w.deps, id)).toBe(true);
    expect(await state(id)).toBe("expired");
    await release(w.deps, w.requester, other);
    expect(await expireRequest(w.deps, other)).toBe(false);
    await w.late(other, "until");
    await expect(release(w.deps, w.requester, other)).rejects.toMatchObject({ message: "Your time with this account is over. Ask again." });
    expect(await expireRequest(w.deps, other)).toBe(true);
    expect(await requests.find(w.db, other)).toMatchObject({ state: "closed", why: "expired", by: null });
    await expect.poll(() => openRotation(m)).toMatchObject({ trigger: "end_of_use" });
  });

  test("the clock starts at the first use and is capped to the policy of that moment", async () => {
    const m = await w.managed("release", { maxMinutes: 60 }), id = await w.approved(m, w.requester, 60);
    await putPolicy(w.deps, w.second, { name: m.policy.name, terms: { ...m.policy.terms, maxMinutes: 5 }, binding: m.policy.binding }, m.policy.id);
    await release(w.deps, w.requester, id);
    const r = await requests.find(w.db, id);
    expect(r).toMatchObject({ state: "checked_out", minutes: 5 });
    expect(r?.state === "checked_out" && r.until.getTime() - r.checkedOutAt.getTime()).toBe(5 * 60_000);
  });

  test("law: no-way-round-4 — a holder's own change gives a live checkout nothing new, by either login, before a second person confirms; others' changes hold it up not at all", async () => {
    const me = await w.person(["user"], { employeeNo: "31" }), twin = await w.person(["admin"], { employeeNo: "31" }), NO = { code: "conflict", message: OWN_CHANGE };
    const m = await w.managed("release", { channels: ["shell"] }, { requesters: [me.person.id] }), id = await w.approved(m, me), wider = { ...m.policy.terms, channels: ["shell" as const, "sftp" as const], record: "digest" as const };
    const enter = async (channel: string) => { const a = await admit(w.deps, me, "app", m.targetName, channel); a.password.wipe(); return a.terms; };
    await enter("shell");
    await expect(enter("sftp")).rejects.toMatchObject({ code: "forbidden", message: expect.stringMatching(/does not allow sftp sessions/) as string });
    await putPolicy(w.deps, twin, { name: m.policy.name, terms: wider, binding: m.policy.binding }, m.policy.id);
    for (const channel of ["sftp", "shell"]) await expect(enter(channel)).rejects.toMatchObject(NO);
    await expect(release(w.deps, me, id)).rejects.toMatchObject(NO);
    expect([await state(id), await usedNo(w, m.account.id)], "it is held all the same, and given back when they like").toEqual(["checked_out", 1]);
    for (const c of await people.openChanges(w.db, twin.person.id)) await confirmChange(w.deps, w.second, c.id);
    expect(await enter("sftp")).toMatchObject({ channels: ["shell", "sftp"], record: "digest" });
    await putPolicy(w.deps, w.operator, { name: m.policy.name, terms: { ...wider, channels: ["shell"] }, binding: m.policy.binding }, m.policy.id);
    expect((await enter("shell")).channels).toEqual(["shell"]);
  });

  test("law: exclusive-hold — a second holder waits and is told so", async () => {
    const m = await w.managed("release", {}, { requesters: [w.requester.person.id, w.outsider.person.id] }), [mine, theirs] = [await w.approved(m), await w.approved(m, w.outsider)];
    await release(w.deps, w.requester, mine);
    await expect(release(w.deps, w.outsider, theirs)).rejects.toMatchObject({ code: "conflict", message: expect.stringMatching(/^Somebody else holds this account/) as string });
    expect(await state(theirs)).toBe("approved");
    expect(await usedNo(w, m.account.id), "the refused one used nothing").toBe(1);
  });

  test("a person's change-now is refused while somebody holds the account, and names the holder", async () => {
    const m = await w.managed("release"), id = await w.approved(m);
    await release(w.deps, w.requester, id);
    const r = await requests.find(w.db, id), until = r?.state === "checked_out" ? r.until.toISOString() : "";
    await expect(rotateNow(w.deps, w.operator, m.account.id, "")).rejects.toMatchObject({ code: "conflict", message: `requester holds this account until ${until}. Cut their sessions and change, or wait for the rotation at its end.` });
    await expect(rotateNow(w.deps, w.requester, m.account.id, "")).rejects.toMatchObject({ code: "not_found", message: "No such account." });
    expect(await openRotation(m)).toBeNull();
  });

  test("law: I5 — nothing is released between applying and the end, nor by an account in doubt or in the way", async () => {
    const roads: [string, (m: Managed) => Promise<unknown>, RegExp][] = [
      ...(["changing", "unverified", "quarantined"] satisfies Credential[]).map((c) => [c, async (m: Managed) => { for (const s of c === "quarantined" ? ["unverified", c] : [c]) await w.sql(`update accounts set credential = '${s}' where id = '${m.account.id}'`); }, c === "changing" ? /being changed right now/ : c === "unverified" ? /not known for certain/ : /could not settle/] as [string, (m: Managed) => Promise<unknown>, RegExp]),
      ...(["applying", "probing"] as const).map((s) => [s, async (m: Managed) => {
        await w.sql(`insert into rotations (id, account_id, facts, opened_at, state) values ('rot_${m.targetName}', '${m.account.id}', '{}', now(), 'queued')`);
        for (const step of ["prepared", "applying", ...(s === "probing" ? ["probing"] : [])]) await w.sql(`update rotations set state = '${step}' where id = 'rot_${m.targetName}'`);
      }, /being changed right now/] as [string, (m: Managed) => Promise<unknown>, RegExp]),
      ["disabled", (m) => setBlock(w.deps, w.operator, m.account.id, "disabled", "holiday"), /^This account is disabled/],
      ["locked", (m) => setBlock(w.deps, w.operator, m.account.id, "locked", ""), /^This account is locked/],
      ["target locked", (m) => changeTarget(w.deps, w.operator, m.target, { locked: true }), /^This target is locked/],
      ["target edited", (m) => changeTarget(w.deps, w.operator, m.target, { port: 10 }), /no longer proves itself by the pinned key/],
      ["policy inactive", (m) => putPolicy(w.deps, w.second, { name: m.policy.name, terms: m.policy.terms, binding: m.policy.binding }, m.policy.id, false), /does not stand any more/],
    ];
    for (const [road, block, says] of roads) {
      const m = await w.managed("release"), id = await w.approved(m);
      await block(m);
      await expect(release(w.deps, w.requester, id), road).rejects.toMatchObject({ code: "conflict", message: expect.stringMatching(says) as string });
      expect(await state(id), road).toBe("approved");
      expect(await usedNo(w, m.account.id), road).toBe(0);
    }
    expect(w.touches).toEqual([]);
  });

  test("a disabled person uses nothing, approved or held", async () => {
    const m = await w.managed("release"), who = await w.person(["user"]), mine = await w.managed("release", {}, { requesters: [who.person.id] }), id = await w.approved(mine, who), held = await w.approved({ ...mine }, who);
    await release(w.deps, who, held);
    await changePerson(w.deps, w.second, who.person.id, { disabled: true });
    await expect(release(w.deps, who, id)).rejects.toMatchObject({ code: "forbidden", message: "This person is disabled." });
    await expect(release(w.deps, who, held)).rejects.toMatchObject({ code: "conflict", message: "This request is closed. Ask again." });
    await expect(release(w.deps, await w.again(who), held)).rejects.toMatchObject({ code: "not_found" });
    await expect(w.asked(m, await w.again(who))).rejects.toMatchObject({ code: "not_found" });
  });

  test("law: cut-off-2 — a leaver's released password is in force no longer than their access: what they hold is closed with it, and the account is due", async () => {
    const leaver = await w.person(["user"]), m = await w.managed("release", {}, { requesters: [leaver.person.id] }), id = await w.approved(m, leaver), { session, password } = await admit(w.deps, leaver, "app", m.targetName, "shell");
    password.wipe();
    await sessionLive(w.deps, session);
    (await release(w.deps, leaver, id)).password.wipe();
    await changePerson(w.deps, w.second, leaver.person.id, { disabled: true });
    expect(await requests.find(w.db, id)).toMatchObject({ state: "closed", why: "locked", by: w.second.person.id, reason: "access to the broker was disabled" });
    await settled();
    expect(w.cuts.filter((c) => c.session === session)).toEqual([{ session, why: "killed", message: "your access to the broker was disabled" }]);
    await sessionEnded(w.deps, session, { why: "client_closed", detail: "", bytes: 0, identityChanged: false, facts: {} });
    expect(await openRotation(m)).toMatchObject({ trigger: "end_of_use", state: "queued" });
  });

  test("revoked while held: closed with the approver's reason, and the password is due", async () => {
    const m = await w.managed("release"), id = await w.approved(m);
    await release(w.deps, w.requester, id);
    expect(await revokeRequest(w.deps, w.operator, id, "incident 7")).toMatchObject({ state: "closed", why: "revoked", by: w.operator.person.id, reason: "incident 7" });
    await expect.poll(() => openRotation(m)).toMatchObject({ trigger: "end_of_use" });
    const other = await w.managed("release"), denied = await w.approved(other);
    await release(w.deps, w.requester, denied);
    expect(await vote(w.deps, w.approver, denied, { decision: "deny", reason: "on second thought" })).toMatchObject({ state: "closed", why: "revoked", by: w.approver.person.id });
  });

  test("law: passive-start — a passive broker hands out and rotates nothing", async () => {
    const m = await w.managed("release"), id = await w.approved(m);
    w.deps.passive.why = "this database was copied";
    try {
      await expect(release(w.deps, w.requester, id)).rejects.toMatchObject({ code: "unavailable", message: "This broker is passive: this database was copied" });
      await expect(rotateNow(w.deps, w.operator, m.account.id, "")).rejects.toMatchObject({ code: "unavailable" });
      await w.sql(`update accounts set used_no = 1 where id = '${m.account.id}'`);
      expect(await rotateAfterUse(w.deps, m.account.id)).toBeNull();
    } finally { w.deps.passive.why = null; }
  });
});
