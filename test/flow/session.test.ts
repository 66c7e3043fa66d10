/** A proxied session from admission to end, as the broker sees it: what is on record before a password leaves, and who may cut it. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setBlock } from "../../src/flow/accounts.ts";
import { expireRequest, giveBack } from "../../src/flow/checkin.ts";
import { requestCard, session, sessionCoverage } from "../../src/flow/look.ts";
import { changePerson } from "../../src/flow/people.ts";
import { rotateAfterUse } from "../../src/flow/rotate.ts";
import { admit, endSession, sessionEnded, sessionLive, type Admitted, type End } from "../../src/flow/session.ts";
import { changeTarget } from "../../src/flow/targets.ts";
import { revokeRequest } from "../../src/flow/vote.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import * as requests from "../../src/store/requests.ts";
import * as rotations from "../../src/store/rotations.ts";
import * as sessions from "../../src/store/sessions.ts";
import * as versions from "../../src/store/versions.ts";
import { ENGINES, type Opened } from "../store/engines.ts";
import { PASSWORD, usedNo, worldOn, type Managed, type World } from "./world.ts";

const over = (why: End["why"] = "client_closed"): End => ({ why, detail: "", bytes: 12, identityChanged: false, facts: {}, recording: { chunks: 1, hash: "h", bytes: 12, complete: true } });

describe.each(ENGINES)("on $engine", ({ open }) => {
  let o: Opened, w: World;
  beforeAll(async () => { o = await open(); w = await worldOn(o.db); });
  afterAll(async () => { await w?.close(); await o?.close(); });
  const admitted = async (m: Managed): Promise<Admitted> => admit(w.deps, w.requester, "app", m.targetName, "shell");
  const cutsOf = (a: Admitted) => w.cuts.filter((c) => c.session === a.session);

  test("law: due-derived — use, exposure, session, recording and event are on record before the password leaves", async () => {
    const m = await w.managed(), id = await w.approved(m), a = await admitted(m);
    expect(reveal(a.password)).toBe(PASSWORD);
    expect(await m.now()).toMatchObject({ usedNo: 1, rotatedNo: 0 });
    expect(await versions.exposuresOf(w.db, { account: m.account.id })).toMatchObject([{ how: "session", request: id, version: m.account.current }]);
    expect(await sessions.find(w.db, a.session)).toMatchObject({ state: "opening", request: id, recording: a.recording.id });
    expect(await sessions.recording(w.db, a.recording.id)).toMatchObject({ state: "open", session: a.session });
    expect((await w.said(a.session))[0]).toBe("session.opening intent");
    expect((await requests.find(w.db, id))!.state).toBe("checked_out");
    expect(a.remainingMs).toBe(30 * 60_000);
  });

  test("who is given desktops alone is offered no terminal and no ssh command", async () => {
    const can = async (channels: ("desktop" | "shell")[]) => (await requestCard(w.db, w.requester.person, await w.approved(await w.managed("session", { channels })))).can.connect;
    expect([await can(["desktop"]), await can(["desktop", "shell"])]).toEqual([false, true]);
  });

  test("a channel the policy does not name is refused and nothing is counted", async () => {
    const m = await w.managed("session", { channels: ["exec"] }), id = await w.approved(m);
    await expect(admitted(m)).rejects.toMatchObject({ code: "forbidden", message: expect.stringMatching(/does not allow shell sessions/) as string });
    expect([await usedNo(w, m.account.id), (await requests.find(w.db, id))!.state]).toEqual([0, "approved"]);
    expect(await versions.exposuresOf(w.db, { account: m.account.id })).toEqual([]);
  });

  test("the end is told once, whoever tells it and however often", async () => {
    const m = await w.managed("session", { reconnectGraceSeconds: 0 });
    await w.approved(m);
    const a = await admitted(m);
    await sessionLive(w.deps, a.session);
    await Promise.all([sessionEnded(w.deps, a.session, over()), sessionEnded(w.deps, a.session, over("error")), sessionEnded(w.deps, a.session, over("error"))]);
    expect((await w.said(a.session)).filter((s) => s.startsWith("session.ended"))).toHaveLength(1);
    const before = await sessions.find(w.db, a.session);
    await sessionEnded(w.deps, a.session, over("killed"));
    await sessionLive(w.deps, a.session);
    expect(await sessions.find(w.db, a.session)).toEqual(before);
    expect(await rotations.openOf(w.db, m.account.id)).toMatchObject({ trigger: "end_of_use" });
    expect(await rotations.recent(w.db, { account: m.account.id }), "and asked for one rotation").toHaveLength(1);
  });

  test("law: due-derived — within the reconnect grace its holder comes back without a new vote; after it the account is due", async () => {
    const m = await w.managed("session", { reconnectGraceSeconds: 3_600 }), id = await w.approved(m), a = await admitted(m);
    await sessionEnded(w.deps, a.session, over());
    expect(await rotations.openOf(w.db, m.account.id)).toBeNull();
    const b = await admitted(m);
    expect(await usedNo(w, m.account.id)).toBe(2);
    await sessionEnded(w.deps, b.session, over());
    await w.sql(`update accounts set last_use_ended_at = now() - interval '2 hours' where id = '${m.account.id}'`);
    await expect(admitted(m)).rejects.toMatchObject({ code: "conflict", message: expect.stringMatching(/^Its password is due for rotation/) as string });
    const first = await rotateAfterUse(w.deps, m.account.id);
    expect(first).not.toBeNull();
    expect(await rotateAfterUse(w.deps, m.account.id), "twice gives the same").toBe(first);
    expect((await requests.find(w.db, id))!.state, "the checkout rests; it is not over").toBe("checked_out");
  });

  test("the coverage ledger is kept with the end; who may see the session sees it, nobody else", async () => {
    const m = await w.managed();
    await w.approved(m);
    const a = await admitted(m), flow = (bytes: number, covered: number) => ({ bytes, recorded: 0, covered, sha256: null });
    expect(await sessionCoverage(w.db, w.auditor.person, a.session)).toBeNull();
    const ledger = { channels: [{ channel: 1, kind: "sftp" as const, record: "digest" as const, in: flow(10, 10), out: flow(90, 81), err: flow(0, 0), exit: 0 }], refused: { agent: 2 }, chunks: 1, hash: "h", bytes: 12, complete: true };
    await sessionEnded(w.deps, a.session, { ...over(), ledger });
    for (const who of [w.auditor, w.requester]) expect(await sessionCoverage(w.db, who.person, a.session)).toEqual({ ledger, coverage: { proxied: 100, recorded: 0, covered: 91, score: 0.91, gaps: [{ channel: 1, what: "output: counted only", bytes: 9 }] } });
    await expect(sessionCoverage(w.db, w.outsider.person, a.session)).rejects.toMatchObject({ code: "not_found" });
    await sessionEnded(w.deps, a.session, over("killed"));
    expect((await sessionCoverage(w.db, w.auditor.person, a.session))?.ledger).toEqual(ledger);
  });

  test("while one session lives, its holder opens more and nothing is due", async () => {
    const m = await w.managed("session", { reconnectGraceSeconds: 0 });
    await w.approved(m);
    const [a, b] = [await admitted(m), await admitted(m)];
    await sessionEnded(w.deps, a.session, over());
    expect(await rotations.openOf(w.db, m.account.id)).toBeNull();
    await sessionEnded(w.deps, b.session, over());
    expect(await rotations.openOf(w.db, m.account.id)).not.toBeNull();
  });

  test("law: cut-off-2 — revocation, give-back, expiry, a lock, a disabled person and an admin each call the cut, with their reason, and the reason stays theirs", async () => {
    type Road = [string, (m: Managed, a: Admitted) => Promise<unknown>, string, RegExp];
    const leaver = async (a: Admitted) => { const s = (await sessions.find(w.db, a.session))!; await changePerson(w.deps, w.second, s.person, { disabled: true }); await changePerson(w.deps, w.second, s.person, { disabled: false }); };
    const held = async (a: Admitted) => (await sessions.find(w.db, a.session))!.request;
    const roads: Road[] = [
      ["revoked", async (_m, a) => revokeRequest(w.deps, w.operator, await held(a), "incident 7"), "revoked", /^your access was revoked: incident 7$/],
      ["given back", async (_m, a) => giveBack(w.deps, w.requester, await held(a)), "checked_in", /^you gave the account back$/],
      ["expired", async (_m, a) => { await w.late(await held(a), "until"); await expireRequest(w.deps, await held(a)); }, "expired", /time with this account is over/],
      ["account locked", (m) => setBlock(w.deps, w.operator, m.account.id, "locked", ""), "killed", /^an administrator locked this: locked on the account's page$/],
      ["target locked", (m) => changeTarget(w.deps, w.operator, m.target, { locked: true }), "killed", /^an administrator locked this: locked on the target's page$/],
      ["disabled person", (_m, a) => leaver(a), "killed", /access to the broker was disabled/],
      ["auditor", (_m, a) => endSession(w.deps, w.auditor, a.session, "odd"), "killed", /^ended by auditor: odd$/],
    ];
    for (const [road, act, why, says] of roads) {
      const m = await w.managed();
      await w.approved(m);
      const a = await admitted(m);
      await sessionLive(w.deps, a.session);
      await act(m, a);
      await expect.poll(() => cutsOf(a), { message: road }).toHaveLength(1);
      expect(cutsOf(a)[0], road).toMatchObject({ why, message: expect.stringMatching(says) as string });
      await sessionEnded(w.deps, a.session, over("client_closed"));
      expect(await sessions.find(w.db, a.session), road).toMatchObject({ state: "ended", why });
    }
  });

  test("who may end a session: its person, admins and auditors; for everybody else it does not exist", async () => {
    const m = await w.managed();
    await w.approved(m);
    const a = await admitted(m);
    for (const who of [w.outsider, w.approver]) await expect(endSession(w.deps, who, a.session, "")).rejects.toMatchObject({ code: "not_found", message: "No such session." });
    await endSession(w.deps, w.requester, a.session, "");
    await sessionEnded(w.deps, a.session, over());
    await expect(endSession(w.deps, w.requester, a.session, "")).rejects.toMatchObject({ code: "conflict", message: "This session is over already." });
  });

  test("a session that saw another host key blocks the accounts of the target", async () => {
    const m = await w.managed();
    await w.approved(m);
    const a = await admitted(m);
    await sessionEnded(w.deps, a.session, { ...over("error"), identityChanged: true });
    expect((await m.now()).block).toBe("identity_changed");
    await expect(admitted(m)).rejects.toMatchObject({ code: "conflict", message: expect.stringMatching(/no longer proves itself/) as string });
    expect((await w.said(m.target)).slice(-2), "blocked before anybody reads of the end").toEqual(["target.identity_changed refused", "session.ended failed"]);
  });

  test("a session stays in reach however many come after it under the same approval", async () => {
    const m = await w.managed();
    await w.approved(m);
    const a = await admitted(m);
    await w.sql(`insert into sessions (id, request_id, person_id, account_id, target_id, protocol, address, recording_id, node, opened_at, lease_until)
      select id || n, request_id, person_id, account_id, target_id, protocol, address, recording_id || n, node, opened_at + n * interval '1 second', lease_until from sessions, generate_series(1, 100) n where id = '${a.session}'`);
    for (const who of [w.auditor, w.requester]) expect(await session(w.db, who.person, a.session)).toMatchObject({ session: { id: a.session }, personName: "requester", accountName: "app", targetName: m.targetName });
    await expect(session(w.db, w.outsider.person, a.session)).rejects.toMatchObject({ code: "not_found" });
  });
});
