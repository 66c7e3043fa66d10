/** Presets `shared` and `break-glass`, and the review afterwards. Rule: what skips the vote skips nothing else, and each refusal says which law it was. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask } from "../../src/flow/ask.ts";
import { expireRequest, giveBack } from "../../src/flow/checkin.ts";
import { home, requestCard } from "../../src/flow/look.ts";
import { confirmChange, putPolicy } from "../../src/flow/people.ts";
import type { Caller } from "../../src/flow/record.ts";
import { release } from "../../src/flow/release.ts";
import { brokenGlass, reviewRequest, toReview } from "../../src/flow/review.ts";
import { rotateAfterUse, useOf } from "../../src/flow/rotate.ts";
import { loadWorld } from "../../src/flow/rotation-load.ts";
import { admit, sessionEnded, sessionLive } from "../../src/flow/session.ts";
import { changeTarget } from "../../src/flow/targets.ts";
import { revokeRequest } from "../../src/flow/vote.ts";
import { isDue } from "../../src/domain/due.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import type { RequestId, SessionId } from "../../src/kernel/ids.ts";
import * as people from "../../src/store/people.ts";
import * as requests from "../../src/store/requests.ts";
import { ENGINES, type Opened } from "../store/engines.ts";
import { refused, run } from "../store/rows.ts";
import { PASSWORD, settled, worldOn, type Managed, type World } from "./world.ts";

describe.each(ENGINES)("on $engine", ({ open }) => {
  let o: Opened, w: World, rival: Caller, glasses = 0;
  beforeAll(async () => { o = await open(); w = await worldOn(o.db); rival = await w.person(["user"], {}, "rival"); });
  afterAll(async () => { await settled(); await w?.close(); await o?.close(); });
  const find = (id: RequestId) => requests.find(w.db, id);
  /** A second policy for the same account, by which `who` may break the glass; its author is never the one who breaks it. */
  const glassFor = (m: Managed, who: readonly Caller[], by: Caller = w.second) => putPolicy(w.deps, by, { name: `glass ${m.targetName} ${String(++glasses)}`, terms: { preset: "break-glass", maxMinutes: 30 }, binding: { requesters: who.map((c) => c.person.id), approvers: [w.approver.person.id], targets: [m.targetName] } });
  const broken = async (m: Managed, who: Caller = w.requester, others: "share" | "cut" = "share", policy?: string) => ask(w.deps, who, { account: m.name, policy: policy ?? (await glassFor(m, [who])).id, minutes: 20, reason: "the site is down", ticket: "", others });
  const over = async (id: SessionId) => { await sessionLive(w.deps, id); await sessionEnded(w.deps, id, { why: "client_closed", detail: "", bytes: 1, identityChanged: false, facts: {} }); };
  const enter = (m: Managed, who: Caller) => admit(w.deps, who, "app", m.targetName, "shell");
  const due = async (m: Managed) => isDue(await useOf(w.db, await m.now()), new Date(Date.now() + 61_000), w.deps.times);

  test("shared: several hold it side by side; it is due when the last session of anybody is over; alone and shared do not mix", async () => {
    const both = [w.requester.person.id, rival.person.id], m = await w.managed("shared", {}, { requesters: both });
    const [a, b] = [await w.approved(m), await w.approved(m, rival)], alone = await putPolicy(w.deps, w.second, { name: `alone ${m.targetName}`, terms: {}, binding: { requesters: [w.operator.person.id], approvers: [w.approver.person.id], targets: [m.targetName] } });
    expect(await find(a)).toMatchObject({ exclusive: false });
    await expect(release(w.deps, w.requester, a)).rejects.toMatchObject({ code: "forbidden", message: expect.stringMatching(/sessions only/) as string });
    const [first, second] = [await enter(m, w.requester), await enter(m, rival)];
    expect((await Promise.all([a, b].map(find))).map((r) => r!.state)).toEqual(["checked_out", "checked_out"]);
    const own = await ask(w.deps, w.operator, { account: m.name, policy: alone.id, minutes: 10, reason: "alone", ticket: "" });
    await run(w.db, `update requests set state = 'approved', approved_at = now(), minutes = 10, start_by = now() + interval '1 hour' where id = '${own}'`);
    await expect(enter(m, w.operator)).rejects.toMatchObject({ code: "conflict", message: "Others are in sessions with this account under a shared policy. It is yours alone when they have left." });
    await over(first.session);
    expect(await due(m), "the rival is still in").toBe(false);
    await over(second.session);
    expect(await due(m), "both checkouts live on, nobody is in").toBe(true);
    await w.sql(`update rotations set state = 'refused', ended_at = now() where account_id = '${m.account.id}'`);
    await w.sql(`update accounts set rotated_no = used_no where id = '${m.account.id}'`);
    await w.sql(`insert into votes (id, request_id, voter_id, decision, reason, terms_hash, at) select 'vot_${m.targetName}', id, '${w.approver.person.id}', 'approve', '', terms_hash, now() from requests where id = '${own}'`);
    const third = await enter(m, w.operator);
    await expect(enter(m, rival)).rejects.toMatchObject({ code: "conflict", message: "Somebody holds this account alone right now. Try again when they have given it back." });
    await over(third.session);
  });

  test("break-glass: asked, approved by rule, checked out and told of in one transaction; shown without a vote; due at give-back; reviewed by somebody else", async () => {
    const m = await w.managed("release"), id = await broken(m);
    expect(await find(id)).toMatchObject({ state: "checked_out", exclusive: false, review: true, minutes: 20 });
    expect(await w.said(id)).toEqual(["request.submitted ok", "request.approved ok", "checkout.started ok", "break_glass.opened ok"]);
    const shown = await release(w.deps, w.requester, id);
    expect([reveal(shown.password), shown.says, shown.others]).toEqual([PASSWORD, "never tried on the target", []]);
    for (const who of [w.approver, w.auditor, w.second]) expect((await brokenGlass(w.db, who.person)).map((l) => l.request.id), who.person.name).toContain(id);
    expect((await home(w.db, w.auditor.person)).glass.map((l) => l.request.id)).toContain(id);
    for (const who of [w.requester, w.outsider]) expect((await brokenGlass(w.db, who.person)).map((l) => l.request.id)).not.toContain(id);
    expect(await rotateAfterUse(w.deps, m.account.id), "not while it is held").toBeNull();
    await giveBack(w.deps, w.requester, id);
    await expect.poll(async () => (await w.sql(`select trigger from (select facts->>'trigger' as trigger from rotations where account_id = '${m.account.id}') x`))[0]).toMatchObject({ trigger: "end_of_use" });
    expect((await requestCard(w.db, w.auditor.person, id)).can.review).toBe(true);
    expect((await toReview(w.db, w.auditor.person)).map((l) => l.request.id)).toContain(id);
    await expect(reviewRequest(w.deps, w.requester, id, "all fine")).rejects.toMatchObject({ code: "forbidden", message: "Nobody reviews their own use, through whichever login." });
    await expect(reviewRequest(w.deps, w.second, id, "all fine")).rejects.toMatchObject({ code: "forbidden", message: "Its approvers and auditors review it." });
    await expect(reviewRequest(w.deps, w.outsider, id, "all fine")).rejects.toMatchObject({ code: "not_found" });
    await expect(reviewRequest(w.deps, w.auditor, id, " ")).rejects.toMatchObject({ code: "invalid" });
    expect(await reviewRequest(w.deps, w.auditor, id, "Restarted the site, nothing else.")).toMatchObject({ state: "reviewed", why: "checked_in", verdict: "Restarted the site, nothing else.", reviewer: w.auditor.person.id });
    await expect(reviewRequest(w.deps, w.approver, id, "again")).rejects.toMatchObject({ code: "conflict", message: "This request is reviewed already." });
    expect((await toReview(w.db, w.approver.person)).map((l) => l.request.id)).not.toContain(id);
  });

  test("law: own-request — nobody reviews through a second login; a policy that asks for no review gets none, and the table says so too", async () => {
    const twin = await w.person(["user"], { mail: "twin@example" }), other = await w.person(["auditor"], { mail: "Twin@Example " }), m = await w.managed("release"), id = await broken(m, twin);
    await giveBack(w.deps, twin, id);
    await expect(reviewRequest(w.deps, other, id, "all fine")).rejects.toMatchObject({ code: "forbidden", message: "Nobody reviews their own use, through whichever login." });
    const plain = await w.managed("release"), p = await w.approved(plain);
    await release(w.deps, w.requester, p);
    await giveBack(w.deps, w.requester, p);
    await expect(reviewRequest(w.deps, w.auditor, p, "all fine")).rejects.toMatchObject({ code: "conflict", message: "Its policy asks for no review." });
    const reviewed = (more: string) => refused(run(w.db, `update requests set state = 'reviewed', reviewed_at = now(), verdict = 'x', reviewer_id = ${more} where id = '${id}'`));
    expect(await reviewed(`'${twin.person.id}'`)).toMatchObject({ constraint: "request_review" });
    expect(await refused(run(w.db, `update requests set review = false where id = '${id}'`)), "break-glass cannot be excused from it").toMatchObject({ constraint: "request_kind" });
    expect(await refused(run(w.db, `update requests set state = 'reviewed', reviewed_at = now(), verdict = 'x', reviewer_id = '${w.auditor.person.id}' where id = '${p}'`))).toMatchObject({ constraint: "request_review" });
  });

  test("law: exclusive-hold — what it keeps in force is nobody's alone: who has not begun yet waits until it was given back and changed", async () => {
    const m = await w.managed("release", {}, { requesters: [w.requester.person.id, rival.person.id] }), next = await w.approved(m), glass = await broken(m, rival);
    (await release(w.deps, rival, glass)).password.wipe();
    await expect(release(w.deps, w.requester, next)).rejects.toMatchObject({ code: "conflict", message: expect.stringMatching(/^Its password was handed out before and stays in force while somebody has broken the glass/) as string });
    await giveBack(w.deps, rival, glass);
    await expect(release(w.deps, w.requester, next)).rejects.toMatchObject({ code: "conflict", message: expect.stringMatching(/^Its password is due for rotation/) as string });
  });

  test("it competes with nobody: beside the holder, or in their place", async () => {
    const m = await w.managed("session"), held = await w.approved(m), inside = await enter(m, w.requester), shared = await broken(m, rival);
    expect((await find(held))!.state, "share").toBe("checked_out");
    expect(reveal((await release(w.deps, rival, shared)).password)).toBe(PASSWORD);
    await giveBack(w.deps, rival, shared);
    const third = await w.person(["user"], {}, "third"), cut = await broken(m, third, "cut");
    expect(await find(held), "cut").toMatchObject({ state: "closed", why: "revoked", by: third.person.id, reason: "break-glass by third: the site is down" });
    await settled();
    expect(w.cuts).toContainEqual({ session: inside.session, why: "revoked", message: "your access was revoked: break-glass by third: the site is down" });
    expect(await find(cut)).toMatchObject({ state: "checked_out" });
    await revokeRequest(w.deps, w.approver, cut, "that was no emergency");
    expect(await find(cut), "its approvers may end it").toMatchObject({ state: "closed", why: "revoked" });
  });

  test("law: I5 — in the middle of a change it shows what may be in force, and the healer stands still for ten minutes; nobody else is shown anything", async () => {
    const m = await w.managed("release"), normal = await w.approved(m), rot = `rot_${m.targetName}`;
    await w.sql(`insert into rotations (id, account_id, facts, opened_at, state, candidate_id) values ('${rot}', '${m.account.id}', '{"sent":true,"asked":[],"inForce":null}', now(), 'queued', null)`);
    for (const step of ["prepared", "applying", "probing"]) await w.sql(`update rotations set state = '${step}' where id = '${rot}'`);
    await expect(release(w.deps, w.requester, normal)).rejects.toMatchObject({ code: "conflict", message: expect.stringMatching(/being changed right now/) as string });
    const id = await broken(m, rival);
    await expect(enter(m, rival), "a session would only spend the login budget").rejects.toMatchObject({ code: "conflict", message: expect.stringMatching(/being changed right now/) as string });
    expect((await release(w.deps, rival, id)).says).toBe("never tried on the target");
    expect(await w.said(id)).toContain("healer.paused ok");
    const blocked = async (at: Date) => (await loadWorld(w.deps, w.db, await m.now(), at)).facts.blocked;
    const now = (await w.sql("select now() as n"))[0]!["n"] as Date;
    expect([await blocked(new Date(now)), await blocked(new Date(new Date(now).getTime() + 9 * 60_000)), await blocked(new Date(new Date(now).getTime() + 11 * 60_000))]).toEqual([true, true, false]);
  });

  test("law: no-way-round-4 — a policy of one's own opens nothing before somebody else has confirmed it, nor does a policy by accident", async () => {
    const m = await w.managed("release"), mine = await glassFor(m, [w.operator], w.operator), theirs = await w.person(["user"]);
    await expect(broken(m, w.operator, "share", mine.id)).rejects.toMatchObject({ code: "forbidden", message: expect.stringMatching(/^You changed this policy/) as string });
    expect((await w.sql(`select count(*)::int as n from requests where policy_id = '${mine.id}'`))[0], "nothing of it stays").toEqual({ n: 0 });
    for (const c of await people.openChanges(w.db)) if (c.author === w.operator.person.id) await confirmChange(w.deps, w.second, c.id);
    expect(await find(await broken(m, w.operator, "share", mine.id))).toMatchObject({ state: "checked_out" });
    await expect(broken(m, w.operator, "share", mine.id)).rejects.toMatchObject({ code: "conflict", message: "You have broken the glass for this account already, and still hold it." });
    await glassFor(m, [theirs], w.second);
    await expect(ask(w.deps, theirs, { account: m.name, minutes: 5, reason: "just looking", ticket: "" })).rejects.toMatchObject({ code: "invalid", message: expect.stringMatching(/^Only break-glass lets you have this account/) as string });
    await expect(broken(m, w.outsider, "share", mine.id)).rejects.toMatchObject({ code: "not_found" });
  });

  test("a block stops it too; its time ends like any other", async () => {
    const m = await w.managed("release"), policy = await glassFor(m, [w.requester]);
    await changeTarget(w.deps, w.operator, m.target, { port: 10 });
    await expect(broken(m, w.requester, "share", policy.id)).rejects.toMatchObject({ code: "conflict", message: expect.stringMatching(/no longer proves itself/) as string });
    const other = await w.managed("release"), id = await broken(other);
    await w.late(id, "until");
    await expect(release(w.deps, w.requester, id)).rejects.toMatchObject({ message: "Your time with this account is over. Ask again." });
    expect(await expireRequest(w.deps, id)).toBe(true);
    expect(await find(id)).toMatchObject({ state: "closed", why: "expired", review: true });
  });
});
