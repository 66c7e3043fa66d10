/** Asking and deciding: who may, how many it takes, what a vote is bound to. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addAccount } from "../../src/flow/accounts.ts";
import { ask, UNKNOWN_ACCOUNT } from "../../src/flow/ask.ts";
import { expireRequest } from "../../src/flow/checkin.ts";
import { liftLock, setLock } from "../../src/flow/lock.ts";
import { requestCard } from "../../src/flow/look.ts";
import { changePerson, confirmChange, putGroup, putPolicy } from "../../src/flow/people.ts";
import { release } from "../../src/flow/release.ts";
import type { Caller } from "../../src/flow/record.ts";
import { admit } from "../../src/flow/session.ts";
import { addTarget, changeTarget } from "../../src/flow/targets.ts";
import { cancelRequest, revokeRequest, vote } from "../../src/flow/vote.ts";
import type { GroupId } from "../../src/kernel/ids.ts";
import * as people from "../../src/store/people.ts";
import * as requests from "../../src/store/requests.ts";
import { ENGINES, type Opened } from "../store/engines.ts";
import { worldOn, type Managed, type World } from "./world.ts";

const OWN = { code: "forbidden", message: "Nobody votes on their own request, through whichever login." };
const yes = { decision: "approve" } as const;

describe.each(ENGINES)("on $engine", ({ open }) => {
  let o: Opened, w: World;
  beforeAll(async () => { o = await open(); w = await worldOn(o.db); });
  afterAll(async () => { await w?.close(); await o?.close(); });
  const state = async (id: Parameters<typeof requests.find>[1]) => (await requests.find(w.db, id))!.state;

  test("law: own-request — not by the same login, nor by one with the same mail, subject or employee number", async () => {
    const me = await w.person(["user", "approver"], { mail: "Me@example.org", subject: "s-1", employeeNo: "4711" });
    const others = [me, await w.person(["approver"], { mail: " me@example.ORG " }), await w.person(["approver"], { subject: "s-1" }), await w.person(["approver"], { employeeNo: "4711" })];
    const m = await w.managed("session", {}, { requesters: [me.person.id], approvers: [w.approver.person.id, ...others.map((x) => x.person.id)] });
    const id = await w.asked(m, me);
    for (const other of others) {
      await expect(vote(w.deps, other, id, yes)).rejects.toMatchObject(OWN);
      await expect(vote(w.deps, other, id, { decision: "deny", reason: "not mine" })).rejects.toMatchObject(OWN);
    }
    expect(await requests.votesOf(w.db, id)).toEqual([]);
    expect((await vote(w.deps, w.approver, id, yes)).state).toBe("approved");
  });

  test("law: own-request — not through a group, not as the only approver, not by a token of an admin", async () => {
    const me = await w.person(["user", "approver", "admin"]), group = await putGroup(w.deps, w.second, `g ${me.person.name}`, [me.person.id]);
    const m = await w.managed("session", {}, { requesters: [me.person.id], approvers: [w.approver.person.id], approverGroups: [group] }), mine = await w.again(me), id = await w.asked(m, mine);
    await expect(vote(w.deps, mine, id, yes)).rejects.toMatchObject(OWN);
    await expect(vote(w.deps, { ...mine, means: "cli" }, id, yes)).rejects.toMatchObject(OWN);
    const alone = await w.managed("session", {}, { requesters: [me.person.id], approvers: [me.person.id] });
    await expect(w.asked(alone, mine)).rejects.toMatchObject({ code: "conflict", message: expect.stringMatching(/^Nobody who may approve is seated/) as string });
    const admin = await w.managed("session", {}, { requesters: [me.person.id] }), other = await w.asked(admin, mine);
    await expect(vote(w.deps, w.second, other, yes), "an admin who is no approver").rejects.toMatchObject({ code: "forbidden", message: "The policy of this request does not name you as an approver." });
  });

  test("law: own-request — a quorum counts distinct persons, each once", async () => {
    const [one, again, two] = [await w.person(["approver"], { mail: "one@example.org" }), await w.person(["approver"], { mail: "ONE@example.org" }), await w.person(["approver"])];
    const m = await w.managed("session", { approvals: 2 }, { approvers: [one, again, two].map((p) => p.person.id) }), id = await w.asked(m);
    expect((await vote(w.deps, one, id, yes)).state).toBe("pending");
    expect((await vote(w.deps, one, id, yes)).state).toBe("pending");
    expect((await vote(w.deps, again, id, yes)).state, "the second login of the same human").toBe("pending");
    expect((await vote(w.deps, two, id, yes)).state).toBe("approved");
    expect(await w.said(id)).toEqual(["request.submitted ok", "vote.cast ok", "vote.cast ok", "vote.cast ok", "vote.cast ok", "request.approved ok"]);
  });

  test("a blank mail address ties nobody to nobody", async () => {
    const me = await w.person(["user"], { mail: "" }), other = await w.person(["approver"], { mail: " " }), m = await w.managed("session", {}, { requesters: [me.person.id], approvers: [other.person.id] });
    expect((await vote(w.deps, other, await w.asked(m, me), yes)).state).toBe("approved");
  });

  test("a vote is for these terms: on others it counts for nothing", async () => {
    const two = await w.person(["approver"]), m = await w.managed("session", { approvals: 2 }, { approvers: [w.approver.person.id, two.person.id] }), id = await w.asked(m);
    await vote(w.deps, w.approver, id, yes);
    await w.sql(`update requests set terms_hash = 'of other terms', asked_minutes = 60 where id = '${id}'`);
    expect((await vote(w.deps, two, id, yes)).state).toBe("pending");
    expect((await vote(w.deps, w.approver, id, yes)).state, "voting again, on the terms of now").toBe("approved");
  });

  test("an approver may shorten, never lengthen; the shortest vote counts", async () => {
    const two = await w.person(["approver"]), m = await w.managed("release", { approvals: 2 }, { approvers: [w.approver.person.id, two.person.id] }), id = await w.asked(m, w.requester, 30);
    for (const minutes of [31, 0, -5]) await expect(vote(w.deps, two, id, { ...yes, minutes })).rejects.toMatchObject({ code: "invalid", message: "An approver may shorten: 1 to 30 minutes." });
    await vote(w.deps, w.approver, id, { ...yes, minutes: 7 });
    expect(await vote(w.deps, two, id, { ...yes, minutes: 20 })).toMatchObject({ state: "approved", minutes: 7 });
    const before = Date.now(), { until } = await release(w.deps, w.requester, id);
    expect(Math.abs(until.getTime() - before - 7 * 60_000)).toBeLessThan(30_000);
  });

  test("an approver who is removed takes the approval along, before the first use", async () => {
    for (const remove of ["roles", "disabled", "policy"] as const) {
      const one = await w.person(["approver"]), m = await w.managed("release", {}, { approvers: [one.person.id, w.approver.person.id] }), id = await w.asked(m);
      expect((await vote(w.deps, one, id, yes)).state).toBe("approved");
      if (remove === "policy") await putPolicy(w.deps, w.second, { name: m.policy.name, terms: m.policy.terms, binding: { ...m.policy.binding, approvers: [w.approver.person.id] } }, m.policy.id);
      else await changePerson(w.deps, w.second, one.person.id, remove === "roles" ? { roles: ["user"] } : { disabled: true });
      await expect(release(w.deps, w.requester, id), remove).rejects.toMatchObject({ code: "conflict", message: "The approval does not stand any more: an approver or the policy changed. Ask again." });
      expect(await state(id)).toBe("approved");
    }
  });

  /** What the policy gives, taken away in each of its ways; `back`: as it was. */
  const TAKEN = ["requesters", "role", "targets", "withdrawn"] as const;
  const take = async (how: (typeof TAKEN)[number], m: Managed, who: Caller, back = false) => {
    if (how === "role") return changePerson(w.deps, w.second, who.person.id, { roles: back ? ["user"] : ["auditor"] });
    const bound = how === "requesters" ? { requesters: [w.requester.person.id] } : how === "targets" ? { targets: ["elsewhere"] } : {};
    return putPolicy(w.deps, w.second, { name: m.policy.name, terms: m.policy.terms, binding: { ...m.policy.binding, ...(back ? {} : bound) } }, m.policy.id, back || how !== "withdrawn");
  };

  test("what the policy gives no more is not handed out at the first use, nor approved; what has begun stays until somebody ends it", async () => {
    for (const how of TAKEN) {
      const me = await w.person(["user"]), m = await w.managed("release", {}, { requesters: [me.person.id] }), id = await w.approved(m, me), other = await w.asked(m, me);
      await take(how, m, me);
      await expect(release(w.deps, await w.again(me), id), how).rejects.toMatchObject({ code: "conflict", message: `The approval does not stand any more: the policy "${m.policy.name}" does not give you this account now. Ask again.` });
      await expect(vote(w.deps, w.approver, other, yes), how).rejects.toMatchObject({ code: "conflict", message: `The policy "${m.policy.name}" does not give this account to ${me.person.name} any more. Deny the request, or have an admin look at the policy.` });
      expect([await state(id), await state(other), await requests.votesOf(w.db, other)], `${how}: nothing of the vote stays`).toEqual(["approved", "pending", []]);
      await take(how, m, me, true);
      await release(w.deps, await w.again(me), id);
      await take(how, m, me);
      await expect(release(w.deps, await w.again(me), id), `${how}: begun`).resolves.toMatchObject({ account: "app" });
      expect((await vote(w.deps, w.approver, other, { decision: "deny", reason: "not given any more" })).state, how).toBe("denied");
    }
  });

  test("a confirmation counts, and approves nothing that the policy gives no more; nor does a lock on the requester lose a vote", async () => {
    const m = await w.managed("release"), id = await w.asked(m, w.operator);
    await putPolicy(w.deps, w.operator, { name: m.policy.name, terms: { ...m.policy.terms, maxMinutes: 600 }, binding: m.policy.binding }, m.policy.id);
    expect((await vote(w.deps, w.approver, id, yes)).state, "waits for the confirmation").toBe("pending");
    await take("targets", m, w.operator);
    const changes = (await people.openChanges(w.db)).filter((c) => c.subject === m.policy.id && c.author === w.operator.person.id);
    for (const c of changes) await confirmChange(w.deps, w.auditor, c.id);
    expect([changes.length, await state(id)]).toEqual([1, "pending"]);
    const me = await w.person(["user"]), locked = await w.managed("release", {}, { requesters: [me.person.id] }), asked = await w.asked(locked, me);
    const lock = await setLock(w.deps, w.operator, { kind: "person", subject: me.person.id, reason: "for a moment" });
    expect((await vote(w.deps, w.approver, asked, yes)).state).toBe("approved");
    await liftLock(w.deps, w.operator, lock.id, "");
  });

  test("a later deny revokes; a refused, cancelled or expired request stays so", async () => {
    const m = await w.managed("release"), id = await w.approved(m);
    await expect(vote(w.deps, w.approver, id, { decision: "deny" })).rejects.toMatchObject({ code: "invalid", message: "Say why, in three or more characters: the requester reads it." });
    expect(await vote(w.deps, w.approver, id, { decision: "deny", reason: "changed my mind" })).toMatchObject({ state: "revoked", reason: "changed my mind" });
    await expect(vote(w.deps, w.approver, id, yes)).rejects.toMatchObject({ code: "conflict", message: "This request is revoked already; there is nothing to vote on." });
    await expect(release(w.deps, w.requester, id)).rejects.toMatchObject({ message: "This request is revoked. Ask again." });
    const other = await w.asked(m);
    await expect(cancelRequest(w.deps, w.outsider, other, "")).rejects.toMatchObject({ code: "not_found", message: "No such request." });
    expect((await cancelRequest(w.deps, w.requester, other, "")).state).toBe("cancelled");
    await expect(vote(w.deps, w.approver, other, yes)).rejects.toMatchObject({ message: "This request is cancelled already; there is nothing to vote on." });
  });

  test("nobody decided in time: void, by the sweep and by nothing else", async () => {
    const m = await w.managed(), id = await w.asked(m);
    expect(await expireRequest(w.deps, id)).toBe(false);
    await w.late(id, "expires_at");
    expect(await requests.overdue(w.db, new Date())).toContain(id);
    expect(await expireRequest(w.deps, id)).toBe(true);
    expect(await expireRequest(w.deps, id)).toBe(false);
    expect(await state(id)).toBe("expired");
    expect((await w.said(id)).at(-1)).toBe("request.expired ok");
  });

  test("only approvers and admins revoke, with a reason; others do not even learn that it exists", async () => {
    const m = await w.managed(), id = await w.asked(m);
    await expect(revokeRequest(w.deps, w.outsider, id, "because")).rejects.toMatchObject({ code: "not_found", message: "No such request." });
    await expect(revokeRequest(w.deps, w.requester, id, "because")).rejects.toMatchObject({ code: "forbidden", message: expect.stringMatching(/^Only its approvers and admins/) as string });
    await expect(revokeRequest(w.deps, w.operator, id, " ")).rejects.toMatchObject({ code: "invalid" });
    expect((await revokeRequest(w.deps, w.operator, id, "not now")).state).toBe("denied");
    await expect(vote(w.deps, w.outsider, id, yes)).rejects.toMatchObject({ code: "not_found", message: "No such request." });
  });

  test("unknown and not allowed read the same, whoever asks", async () => {
    const m = await w.managed(), input = { minutes: 30, reason: "to look", ticket: "" };
    const nobody: unknown = await ask(w.deps, w.outsider, { ...input, account: "root@nowhere" }).catch((e: unknown) => e), denied: unknown = await ask(w.deps, w.outsider, { ...input, account: m.name }).catch((e: unknown) => e);
    const byId: unknown = await ask(w.deps, w.outsider, { ...input, account: m.account.id }).catch((e: unknown) => e), auditor: unknown = await ask(w.deps, w.auditor, { ...input, account: m.name }).catch((e: unknown) => e);
    for (const e of [nobody, denied, byId, auditor]) expect(e).toMatchObject({ code: "not_found", message: UNKNOWN_ACCOUNT });
    const doors = await Promise.all([["app", m.targetName], ["app", "nowhere"], ["nobody", m.targetName]].map(([a, t]) => admit(w.deps, w.outsider, a!, t!, "shell").catch((e: unknown) => e)));
    for (const e of doors) expect(e).toMatchObject({ code: "not_found", message: UNKNOWN_ACCOUNT });
    await expect(admit(w.deps, w.requester, "app", m.targetName, "shell"), "who may ask is told so").rejects.toMatchObject({ code: "conflict", message: expect.stringMatching(/^You have no approved request/) as string });
  });

  test("every broken term is named at once", async () => {
    const m = await w.managed("session", { maxMinutes: 20, reasonMin: 10, ticketPattern: "CHG-\\d+" });
    await expect(ask(w.deps, w.requester, { account: m.name, minutes: 30, reason: "short", ticket: "x CHG-1" })).rejects.toMatchObject({
      code: "invalid", message: "Not asked: at most 20 minutes are allowed; a reason of 10 or more characters is needed; the ticket must look like CHG-\\d+.",
    });
  });

  test("a ticket pattern is an admin's and the ticket a requester's: neither can keep the broker busy, and one that cannot be read lets nobody pass", async () => {
    const m = await w.managed("session", { ticketPattern: "(a+)+$" }), asks = (ticket: string) => ask(w.deps, w.requester, { account: m.name, minutes: 30, reason: "to look", ticket });
    const from = performance.now();
    await expect(asks(`${"a".repeat(79)}!`)).rejects.toMatchObject({ code: "invalid", message: "Not asked: the ticket must look like (a+)+$." });
    expect(performance.now() - from).toBeLessThan(2_000);
    expect(await asks("a".repeat(80))).toMatch(/^req_/);
    await expect(w.managed("session", { ticketPattern: "(a)\\1" })).rejects.toThrow(/invalid escape sequence/);
    await w.sql(`update policies set terms = jsonb_set(terms, '{ticketPattern}', '"(?=a)a"') where id = '${m.policy.id}'`);
    await expect(asks("a")).rejects.toMatchObject({ code: "invalid", message: expect.stringMatching(/^Not asked: the policy's ticket pattern cannot be read .*an admin must write it anew\.$/) as string });
  });

  test("law: no-way-round-4 — a change to the policy, its approvers or their logins leaves the author's own request pending until another admin or an auditor confirms", async () => {
    const open = async () => (await people.openChanges(w.db, w.operator.person.id)).filter((c) => !before.has(c.id));
    const before = new Set((await people.openChanges(w.db)).map((c) => c.id));
    const friend = await w.person(["user"]), group = (await putGroup(w.deps, w.second, `approvers ${friend.person.name}`, [])) as GroupId;
    const m = await w.managed("release", { approvals: 1 }, { approvers: [w.approver.person.id, friend.person.id], approverGroups: [group] });
    const roads: [string, () => Promise<unknown>, () => Promise<Parameters<typeof vote>[1]>][] = [
      ["policy", () => putPolicy(w.deps, w.operator, { name: m.policy.name, terms: { ...m.policy.terms, maxMinutes: 600 }, binding: m.policy.binding }, m.policy.id), () => Promise.resolve(w.approver)],
      ["a friend's role", () => changePerson(w.deps, w.operator, friend.person.id, { roles: ["user", "approver"] }), () => w.again(friend)],
      ["a friend let in again", async () => { await changePerson(w.deps, w.second, friend.person.id, { disabled: true }); await changePerson(w.deps, w.operator, friend.person.id, { disabled: false }); }, () => w.again(friend)],
      ["a group", () => putGroup(w.deps, w.operator, "g", [w.approver.person.id], group), () => w.again(w.approver)],
    ];
    for (const [road, change, voter] of roads) {
      await change();
      const id = await w.asked(m, w.operator);
      expect((await vote(w.deps, await voter(), id, yes)).state, road).toBe("pending");
      expect((await w.said(id)), road).not.toContain("request.approved ok");
      const mine = await open();
      expect(mine.length, road).toBeGreaterThan(0);
      for (const c of mine) await expect(confirmChange(w.deps, w.operator, c.id), road).rejects.toMatchObject({ code: "forbidden", message: "You made this change: somebody else must confirm it." });
      await expect(confirmChange(w.deps, w.requester, mine[0]!.id)).rejects.toMatchObject({ code: "forbidden", message: "Only another admin or an auditor confirms a change." });
      for (const c of mine) await confirmChange(w.deps, road === "policy" ? w.auditor : w.second, c.id);
      expect(await state(id), `${road}: confirmed`).toBe("approved");
      const other = await w.asked(m, w.requester);
      expect((await vote(w.deps, await voter(), other, yes)).state, "somebody else's request was never held up").toBe("approved");
    }
  });

  test("law: no-way-round-4 — not with a second login of the author either, and a change after the vote shuts the door before the first use", async () => {
    const admin = await w.person(["admin"], { employeeNo: "77" }), user = await w.person(["user"], { employeeNo: "77" }), twin = await w.person(["admin"], { employeeNo: "77" });
    const m = await w.managed("release", {}, { requesters: [user.person.id] }), id = await w.approved(m, user);
    await putPolicy(w.deps, admin, { name: m.policy.name, terms: { ...m.policy.terms, maxMinutes: 600 }, binding: m.policy.binding }, m.policy.id);
    await expect(release(w.deps, user, id)).rejects.toMatchObject({ message: "The approval does not stand any more: an approver or the policy changed. Ask again." });
    const next = await w.asked(m, user);
    expect((await vote(w.deps, w.approver, next, yes)).state).toBe("pending");
    const change = (await people.openChanges(w.db, admin.person.id))[0]!;
    await expect(confirmChange(w.deps, twin, change.id)).rejects.toMatchObject({ code: "forbidden", message: "You made this change: somebody else must confirm it." });
    await confirmChange(w.deps, w.second, change.id);
    expect(await state(next)).toBe("approved");
  });

  test("law: own-request, no-way-round-4 — who unties a second login votes with it no sooner than somebody else has confirmed that, whichever row and tie it was", async () => {
    const roads: [string, { mail?: string; subject?: string; employeeNo?: string }, "own" | "other"][] = [
      ["own number", { employeeNo: "99" }, "own"], ["own mail", { mail: "nn@example.org" }, "own"], ["own subject", { subject: "s-99" }, "own"], ["the other's number", { employeeNo: "98" }, "other"], ["both", { employeeNo: "97" }, "own"],
    ];
    for (const [road, tie, row] of roads) {
      const a = await w.person(["user", "auditor"], tie), b = await w.person(["admin", "approver"], tie), none = Object.fromEntries(Object.keys(tie).map((k) => [k, null]));
      const m = await w.managed("release", {}, { requesters: [a.person.id], approvers: [b.person.id, w.approver.person.id] }), id = await w.asked(m, a);
      await expect(vote(w.deps, b, id, yes), road).rejects.toMatchObject(OWN);
      for (const on of road === "both" ? [a, b] : [row === "own" ? b : a]) await changePerson(w.deps, b, on.person.id, none);
      await expect(vote(w.deps, await w.again(b), id, yes), road).rejects.toMatchObject(OWN);
      expect(await state(id), road).toBe("pending");
      const changes = await people.openChanges(w.db, b.person.id);
      expect(changes, road).toHaveLength(road === "both" ? 2 : 1);
      for (const c of changes) for (const self of [a, b]) await expect(confirmChange(w.deps, await w.again(self), c.id), road).rejects.toMatchObject({ code: "forbidden", message: "You made this change: somebody else must confirm it." });
      for (const c of changes) await confirmChange(w.deps, w.second, c.id);
      expect((await vote(w.deps, await w.again(b), id, yes)).state, `${road}: confirmed, they are two`).toBe("approved");
    }
  });

  test("law: own-request — an untied second login counts once in a quorum until that is confirmed; then what waited for it is counted again", async () => {
    const tie = { subject: "s-twins" }, [one, two] = [await w.person(["approver"], tie), await w.person(["approver"], tie)];
    const m = await w.managed("session", { approvals: 2 }, { approvers: [one.person.id, two.person.id] }), id = await w.asked(m);
    await vote(w.deps, one, id, yes);
    await changePerson(w.deps, w.operator, two.person.id, { subject: null });
    expect((await vote(w.deps, await w.again(two), id, yes)).state).toBe("pending");
    await confirmedBy(w.second, two.person.id);
    expect(await state(id)).toBe("approved");
  });

  test("a directory that gives everybody another mail address holds up nobody's request", async () => {
    const [asks, votes] = [await w.person(["user"], { mail: "asks@old.example" }), await w.person(["approver"], { mail: "votes@old.example" })];
    const m = await w.managed("release", {}, { requesters: [asks.person.id], approvers: [votes.person.id] });
    for (const p of [asks, votes]) await changePerson(w.deps, w.operator, p.person.id, { mail: p.person.mail!.replace("old", "new") });
    const id = await w.asked(m, await w.again(asks));
    expect((await vote(w.deps, await w.again(votes), id, yes)).state).toBe("approved");
    (await release(w.deps, await w.again(asks), id)).password.wipe();
  });

  /** A tag-bound policy somebody else made, which gives the operator accounts on targets tagged `word`. */
  const tagged = (word: string) => putPolicy(w.deps, w.second, { name: `tagged ${word}`, terms: {}, binding: { requesters: [w.requester.person.id, w.operator.person.id], approvers: [w.approver.person.id], tags: [word] } });
  const opened = async (subject: string) => (await people.openChanges(w.db)).filter((c) => c.subject === subject);
  const asking = (c: Caller, account: string, policy?: string) => ask(w.deps, c, { account, minutes: 30, reason: "to look", ticket: "", ...(policy ? { policy } : {}) });
  const confirmedBy = async (who: Caller, subject: string) => { for (const c of await opened(subject)) await confirmChange(w.deps, who, c.id); };
  let words = 0;

  test("law: no-way-round-4 — tags that bring a target under somebody else's policy do not help who set them before a second person confirms", async () => {
    const word = `tag-${++words}`, m = await w.managed("session", {}, { requesters: [w.outsider.person.id] }), policy = await tagged(word);
    await expect(asking(w.operator, m.name), "before: no policy").rejects.toMatchObject({ code: "not_found" });
    await changeTarget(w.deps, w.operator, m.target, { tags: [word, "other"] });
    expect(await opened(m.target)).toMatchObject([{ author: w.operator.person.id, what: `target ${m.targetName} tagged ${word}, other: now covered by ${policy.name}` }]);
    const own = await asking(w.operator, m.name), theirs = await asking(w.requester, m.name);
    expect((await vote(w.deps, w.approver, own, yes)).state).toBe("pending");
    expect((await requestCard(w.db, w.operator.person, own)).waitsForConfirmation).toBe(true);
    expect((await vote(w.deps, w.approver, theirs, yes)).state, "somebody else's request is not held up").toBe("approved");
    for (const c of await opened(m.target)) await expect(confirmChange(w.deps, w.operator, c.id)).rejects.toMatchObject({ code: "forbidden", message: "You made this change: somebody else must confirm it." });
    await confirmedBy(w.auditor, m.target);
    expect(await state(own)).toBe("approved");
  });

  test("law: no-way-round-4 — an account added under an existing policy does not help who added it, admin or owner, before a second person confirms", async () => {
    const owner = await w.person(["owner", "user"]), word = `tag-${++words}`;
    await putPolicy(w.deps, w.second, { name: `owned ${word}`, terms: { preset: "release" }, binding: { requesters: [owner.person.id, w.operator.person.id], approvers: [w.approver.person.id], targets: [`${word}-*`] } });
    for (const [i, author] of [owner, w.operator].entries()) {
      const target = await addTarget(w.deps, author, { name: `${word}-${i}`, platform: "nowhere", host: "127.0.0.1", port: 9, settings: { hostKeys: ["ssh-ed25519 AAAA"] } });
      expect(await opened(target.id), "a target without accounts gives nobody anything").toEqual([]);
      const account = await addAccount(w.deps, author, { target: target.id, name: "app" });
      await w.inSync(account);
      expect(await opened(account.id)).toMatchObject([{ author: author.person.id, what: `account app@${target.name} added: covered by owned ${word}` }]);
      const id = await asking(author, `app@${target.name}`);
      expect((await vote(w.deps, w.approver, id, yes)).state).toBe("pending");
      await confirmedBy(w.second, account.id);
      expect(await state(id)).toBe("approved");
    }
  });

  test("law: no-way-round-4 — a tag set after the vote shuts the door before the first use; tags no policy asks for, or taken away, wait for nobody", async () => {
    const word = `tag-${++words}`, m = await w.managed("release", {}, { requesters: [w.operator.person.id] }), id = await w.approved(m, w.operator);
    await changeTarget(w.deps, w.operator, m.target, { tags: ["free", "text"] });
    expect(await opened(m.target)).toEqual([]);
    await tagged(word);
    await changeTarget(w.deps, w.operator, m.target, { tags: [word] });
    await expect(release(w.deps, w.operator, id)).rejects.toMatchObject({ code: "conflict", message: "The approval does not stand any more: an approver or the policy changed. Ask again." });
    await confirmedBy(w.second, m.target);
    (await release(w.deps, w.operator, id)).password.wipe();
    await changeTarget(w.deps, w.operator, m.target, { tags: [] });
    expect(await opened(m.target)).toEqual([]);
  });
});
