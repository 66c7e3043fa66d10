/** Bulk changes on both engines: what is begun, waits, is left alone, fails, halts, is paused, stopped and repeated; who may; what is kept of a given password. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bulkPreview, openBulk } from "../../src/flow/bulk.ts";
import { bulkCard, bulkItems, bulkList } from "../../src/flow/bulk-look.ts";
import { moveBulk } from "../../src/flow/bulk-moves.ts";
import { workBulks } from "../../src/flow/bulk-work.ts";
import { adopt, addAccount, rotateNow, setBlock } from "../../src/flow/accounts.ts";
import { giveBack } from "../../src/flow/checkin.ts";
import { putPolicy } from "../../src/flow/people.ts";
import { release } from "../../src/flow/release.ts";
import { admit, sessionEnded, sessionLive } from "../../src/flow/session.ts";
import { vote } from "../../src/flow/vote.ts";
import { ask } from "../../src/flow/ask.ts";
import { Secret } from "../../src/kernel/secret.ts";
import type { BulkId, RequestId, SessionId } from "../../src/kernel/ids.ts";
import { ENGINES, type Opened } from "../store/engines.ts";
import { memoryWorld, wish, type Memory } from "./bulk-world.ts";
import { PASSWORD, settled } from "./world.ts";

const GIVEN = "Given-To-All-7!kWzQ9x";

describe.each(ENGINES)("$engine", ({ open }) => {
  let o: Opened, w: Memory;
  beforeAll(async () => { o = await open(); w = await memoryWorld(o.db); }, 120_000);
  afterAll(async () => { await settled(); await w?.close(); await o?.close(); });

  const start = (over: Parameters<typeof wish>[0]) => openBulk(w.deps, w.operator, wish(over));
  const lines = async (id: BulkId) => Object.fromEntries((await bulkItems(w.db, w.auditor, id, { limit: 500 })).map((i) => [i.name.split("@")[0]!, i.why ? `${i.state}: ${i.why}` : i.state]));
  const state = async (id: BulkId) => (await bulkCard(w.db, w.auditor, id)).bulk.state;
  const counts = async (id: BulkId) => Object.fromEntries(Object.entries((await bulkCard(w.db, w.auditor, id)).counts).filter(([, n]) => n > 0));
  /** A checkout of one account of a host, in the preset that shows the password. */
  const held = async (target: string, name: string): Promise<RequestId> => {
    await putPolicy(w.deps, w.second, { name: `hold ${name} ${target}`, terms: { preset: "release" }, binding: { requesters: [w.requester.person.id], approvers: [w.approver.person.id], targets: [target], accountNames: [name] } });
    const id = await ask(w.deps, w.requester, { account: `${name}@${target}`, minutes: 30, reason: "to look", ticket: "" });
    await vote(w.deps, w.approver, id, { decision: "approve" });
    (await release(w.deps, w.requester, id)).password.wipe();
    return id;
  };

  it("changes every account to a password of its own, tells each step, and ends once", async () => {
    const h = await w.host(["a", "b", "c"]), id = await start({ choice: { targets: [h.name] } });
    expect(await counts(id)).toEqual({ waiting: 4 });
    await w.workOff();
    expect([await state(id), await counts(id), await lines(id)]).toEqual(["done", { done: 4 }, { a: "done", b: "done", c: "done", root: "done" }]);
    const now = ["a", "b", "c", "root"].map((n) => [...w.passwords].find(([k]) => k.startsWith(`${n}:`) && k.endsWith(h.name.slice(1).split("-")[0]!))![1]);
    expect(new Set([...now, PASSWORD]).size).toBe(5);
    const said = await w.said(id);
    expect(said.filter((s) => s === "bulk.item ok")).toHaveLength(4);
    expect(said.filter((s) => s === "bulk.item intent")).toHaveLength(4);
    expect([said[0], said.at(-1)]).toEqual(["bulk.opened intent", "bulk.step ok"]);
    await workBulks(w.deps);
    expect(await w.said(id)).toEqual(said);
  });

  it("is opened by admins and owners, of what is theirs, with a reason and something chosen; a passive broker refuses", async () => {
    const h = await w.host(["a"]), owner = await w.person(["owner"]), by = (who: typeof owner, over: Parameters<typeof wish>[0] = {}) => openBulk(w.deps, who, wish({ choice: { targets: [h.name] }, ...over }));
    for (const who of [w.auditor, w.requester, w.approver]) await expect(by(who)).rejects.toMatchObject({ code: "forbidden", message: "Only admins and owners change passwords in bulk." });
    await expect(by(owner)).rejects.toMatchObject({ code: "not_found", message: `There is no such target, or it is not yours to change: ${h.name}.` });
    await expect(by(w.operator, { reason: " x " })).rejects.toMatchObject({ code: "invalid", message: expect.stringContaining("Say why") as string });
    await expect(by(w.operator, { choice: { search: "state:nowhere" } })).rejects.toMatchObject({ code: "invalid", message: expect.stringContaining("No account that you may change") as string });
    await expect(by(w.operator, { apply: false })).rejects.toMatchObject({ code: "invalid", message: expect.stringContaining("nothing to generate") as string });
    await expect(by(w.operator, { notify: { people: ["ghost"], groups: [], addresses: [] } })).rejects.toMatchObject({ code: "invalid", message: "There is no person named ghost to notify." });
    w.deps.passive.why = "a copy";
    try { await expect(by(w.operator)).rejects.toMatchObject({ code: "unavailable" }); } finally { w.deps.passive.why = null; }
    expect(await w.sql(`select count(*)::int as n from bulk_items i join accounts a on a.id = i.account_id where a.target_id = '${h.id}'`)).toEqual([{ n: 0 }]);
  });

  it("one refused by its target fails in the target's words, the others are done; it is repeated by itself, and by a person", async () => {
    const h = await w.host(["a", "b", "bad"]);
    w.refuses.add("bad");
    const id = await start({ choice: { targets: [h.name] }, terms: { retries: 1, retryMinutes: 1, failureLimit: 100 } });
    await w.workOff();
    expect(await lines(id)).toMatchObject({ a: "done", b: "done", bad: "waiting: try 1 of 2: the host's rules say no" });
    await w.sql(`update bulk_items set next_at = now() - interval '1 second' where bulk_id = '${id}' and state = 'waiting'`);
    await w.workOff();
    expect([await state(id), await lines(id)]).toMatchObject(["done", { bad: "failed: the host's rules say no" }]);
    await expect(moveBulk(w.deps, w.auditor, id, "retry")).rejects.toMatchObject({ code: "forbidden" });
    await expect(moveBulk(w.deps, w.requester, id, "retry")).rejects.toMatchObject({ code: "not_found" });
    w.refuses.delete("bad");
    await moveBulk(w.deps, w.second, id, "retry");
    await w.workOff();
    expect([await state(id), await counts(id)]).toEqual(["done", { done: 4 }]);
    await expect(moveBulk(w.deps, w.second, id, "retry")).rejects.toMatchObject({ code: "conflict", message: "Every account of it was changed: there is nothing to repeat." });
    expect(await state(id)).toBe("done");
  });

  it("what cannot be changed is left alone with its reason", async () => {
    const h = await w.host(["locked", "off"]);
    await addAccount(w.deps, w.operator, { target: h.id, name: "fresh" });
    const adopting = await addAccount(w.deps, w.operator, { target: h.id, name: "adopting", password: Secret.of(PASSWORD) });
    await adopt(w.deps, w.operator, adopting.id);
    await w.sql(`update accounts set credential = 'adopting' where id = '${adopting.id}'`);
    await setBlock(w.deps, w.operator, h.accounts["locked"]!.id, "locked", "incident");
    await setBlock(w.deps, w.operator, h.accounts["off"]!.id, "disabled", "");
    const id = await start({ choice: { targets: [h.name] } });
    const seen = (await bulkPreview(w.deps, w.operator, wish({ choice: { targets: [h.name] } }))).list;
    expect(Object.fromEntries(seen.map((l) => [l.name.split("@")[0], l.stops ?? l.administers]))).toEqual({ adopting: "its adoption is not finished", fresh: "it is not managed: adopt it first", locked: "it is locked", off: "it is disabled", root: h.name });
    await workBulks(w.deps);
    await workBulks(w.deps);
    expect(await lines(id)).toMatchObject({ fresh: "skipped: it is not managed: adopt it first", adopting: "skipped: its adoption is not finished", locked: "skipped: it is locked", off: "skipped: it is disabled" });
    await w.sql(`update rotations set state = 'refused', ended_at = now() where account_id = '${adopting.id}'`);
    await w.workOff();
    expect(await state(id)).toBe("done");
  });

  it("a held account waits; the rotation at the end of the hold satisfies it; at the end of the time it is skipped by its holder's name", async () => {
    const h = await w.host(["mine", "kept"]), [mine] = [await held(h.name, "mine"), await held(h.name, "kept")], id = await start({ choice: { accounts: [`mine@${h.name}`, `kept@${h.name}`] } });
    await w.workOff();
    expect(await lines(id)).toMatchObject({ mine: expect.stringMatching(/^held: held by requester until \d{4}/) as string, kept: expect.stringMatching(/^held: held by requester/) as string });
    await giveBack(w.deps, w.requester, mine);
    await settled();
    await w.workOff();
    expect(await counts(id)).toEqual({ held: 1, done: 1 });
    expect(await w.sql(`select count(*)::int as n from rotations where account_id = '${h.accounts["mine"]!.id}'`)).toEqual([{ n: 1 }]);
    await w.sql(`update bulks set until = now() where id = '${id}'`);
    await w.workOff();
    expect([await state(id), await lines(id)]).toMatchObject(["done", { kept: expect.stringMatching(/^skipped: held by requester until/) as string }]);
  });

  it("law: cut-by-preview — cuts only what was looked at: without the preview, or after it changed, nothing begins; with it the session ends and the checkout stays", async () => {
    const h = await w.host(["app"]), request = await held(h.name, "app");
    await w.sql(`update accounts set rotated_no = used_no where id = '${h.accounts["app"]!.id}'`);
    const cut = { choice: { accounts: [`app@${h.name}`] }, cut: true };
    await expect(start(cut)).rejects.toMatchObject({ code: "conflict", message: expect.stringContaining("needs a look") as string });
    const before = await bulkPreview(w.deps, w.operator, wish(cut)), { session } = await admit(w.deps, w.requester, "app", h.name, "shell");
    await sessionLive(w.deps, session);
    await expect(start({ ...cut, seen: before.digest })).rejects.toMatchObject({ code: "conflict", message: expect.stringContaining("Since you looked") as string });
    const now = await bulkPreview(w.deps, w.operator, wish(cut)), id = await start({ ...cut, seen: now.digest });
    expect(now.list[0]).toMatchObject({ liveSessions: 1, waits: null, holds: [{ personName: "requester" }] });
    w.cuts.length = 0;
    await workBulks(w.deps);
    expect(w.cuts).toEqual([{ session, why: "killed", message: expect.stringContaining("is being changed now") as string }]);
    expect(await lines(id)).toEqual({ app: "changing: 1 session cut" });
    expect(await w.sql(`select state from requests where id = '${request}'`)).toEqual([{ state: "checked_out" }]);
    await w.workOff();
    expect(await state(id)).toBe("done");
  });

  it("law: cut-by-preview — whoever came after the look is not cut, by a pause or by a repetition: the account waits for them, and is changed when they are gone", async () => {
    const h = await w.host(["app", "late"]), cut = { choice: { targets: [h.name] }, cut: true, terms: { failureLimit: 100, retries: 0 } }, admitted = async () => { const a = await admit(w.deps, w.requester, "app", h.name, "shell"); a.password.wipe(); await sessionLive(w.deps, a.session); return a.session; };
    const over = (session: SessionId) => sessionEnded(w.deps, session, { why: "client_closed", detail: "", bytes: 0, identityChanged: false, facts: {} });
    const settle = async () => void await w.sql(`update accounts set rotated_no = used_no where target_id = '${h.id}'`);
    const request = await held(h.name, "app");
    await settle();
    const seen = await bulkPreview(w.deps, w.operator, wish(cut)), id = await start({ ...cut, seen: seen.digest });
    await moveBulk(w.deps, w.operator, id, "pause");
    const session = await admitted(), shown = await held(h.name, "late");
    await settle();
    await moveBulk(w.deps, w.operator, id, "resume");
    w.cuts.length = 0;
    await w.workOff();
    expect(w.cuts).toEqual([]);
    expect(await lines(id), "who was shown the password after the look is not left with an old one either").toMatchObject({ app: "held: a session of it is still open, and nobody had looked at that", late: expect.stringMatching(/^held: held by requester until .* UTC, and nobody had looked at that$/) as string });
    await over(session);
    await giveBack(w.deps, w.requester, shown);
    await w.sql(`update bulk_items set next_at = null where bulk_id = '${id}'`);
    w.refuses.add("app");
    await w.workOff();
    expect([await lines(id), await state(id)]).toMatchObject([{ app: expect.stringMatching(/^failed: /) as string, late: expect.stringMatching(/^done/) as string }, "done"]);
    await settle();
    const again = await admitted();
    w.refuses.delete("app");
    w.cuts.length = 0;
    await moveBulk(w.deps, w.operator, id, "retry");
    await w.workOff();
    expect([w.cuts, (await lines(id))["app"]]).toEqual([[], "held: a session of it is still open, and nobody had looked at that"]);
    await over(again);
    await giveBack(w.deps, w.requester, request);
    await w.sql(`update bulk_items set next_at = null where bulk_id = '${id}'`);
    await w.workOff();
    expect([await state(id), (await counts(id))["done"]]).toEqual(["done", 3]);
  });

  it("law: bulk-rows — the given password is on every account, sealed for each, an exposure of its typist, and in no row of the change", async () => {
    const h = await w.host(["a", "b"]), password = Secret.of(GIVEN), id = await start({ choice: { targets: [h.name], accounts: [], groups: [] }, how: "given", password });
    password.wipe();
    await w.workOff();
    expect([await state(id), await counts(id)]).toEqual(["done", { done: 3 }]);
    expect([...w.passwords].filter(([, p]) => p === GIVEN)).toHaveLength(3);
    expect(await w.sql(`select distinct e.how, e.person_id as person from exposures e join secret_versions v on v.id = e.version_id where v.origin = 'typed ${id}'`)).toEqual([{ how: "typed", person: w.operator.person.id }]);
    expect(await w.sql(`select status, count(*)::int as n from secret_versions where origin = 'typed ${id}' group by 1`)).toEqual([{ status: "current", n: 3 }]);
    const rows = JSON.stringify([await w.sql(`select * from bulks where id = '${id}'`), await w.sql(`select * from bulk_items where bulk_id = '${id}'`), await w.sql("select * from events"), await w.sql("select facts from rotations")]);
    expect(rows).not.toContain(GIVEN);
    expect(await w.sql(`select count(*)::int as n from accounts where target_id = '${h.id}' and used_no = rotated_no`), "proven and covered: due again by its age alone").toEqual([{ n: 3 }]);
  });

  it("a password that breaks the policy of some is refused there alone, and the preview says where", async () => {
    const h = await w.host(["fine", "strict"]), choice = { targets: [h.name] }, password = Secret.of(GIVEN);
    await w.sql(`update accounts set password_policy = 'strong' where id = '${h.accounts["strict"]!.id}'`);
    await w.sql(`update accounts set password_policy = 'low' where target_id = '${h.id}' and name <> 'strict'`);
    const seen = await bulkPreview(w.deps, w.operator, { ...wish({ choice, how: "given" }), password });
    expect(seen.list.map((l) => [l.name.split("@")[0], l.broken.length > 0])).toEqual([["fine", false], ["root", false], ["strict", true]]);
    const id = await start({ choice, how: "given", password, terms: { failureLimit: 100 } });
    await w.workOff();
    expect(await lines(id)).toEqual({ fine: "done", root: "done", strict: expect.stringMatching(/^failed: unchanged: the password needs .*at least 32 characters/) as string });
  });

  it("a given password never joins somebody else's change: it waits for its end", async () => {
    const h = await w.host(["a"]), mine = h.accounts["a"]!.id, other = await rotateNow(w.deps, w.second, mine, "by hand"), id = await start({ choice: { accounts: [mine] }, how: "given", password: Secret.of(GIVEN) });
    await workBulks(w.deps);
    expect(await lines(id)).toEqual({ a: "waiting: another change of it is under way" });
    await w.workOff();
    await w.sql(`update bulk_items set next_at = now() - interval '1 second' where bulk_id = '${id}' and state = 'waiting'`);
    await w.workOff();
    expect([await state(id), await w.sql(`select state from rotations where id = '${other}'`)]).toEqual(["done", [{ state: "committed" }]]);
    const unique = await rotateNow(w.deps, w.second, mine, "again"), joined = await start({ choice: { accounts: [mine] } });
    await workBulks(w.deps);
    expect((await bulkItems(w.db, w.operator, joined, { limit: 9 }))[0]).toMatchObject({ state: "changing", rotation: unique });
    await w.workOff();
  });

  it("halts when too many fail and a person decides; pauses and stops: what had begun ends, the rest is said", async () => {
    const names = Array.from({ length: 12 }, (_, i) => `h${String(i).padStart(2, "0")}`), h = await w.host(names), few = { perTarget: 1, parallel: 1 };
    for (const n of names.slice(0, 3)) w.refuses.add(n);
    const id = await start({ choice: { accounts: names.map((n) => `${n}@${h.name}`) }, terms: { ...few, failureLimit: 20 } });
    await w.workOff();
    expect([await state(id), await counts(id), (await bulkCard(w.db, w.operator, id)).bulk.why]).toEqual(["halted", { failed: 3, waiting: 9 }, "3 of 3 failed: more than 20 %"]);
    w.refuses.clear();
    await moveBulk(w.deps, w.operator, id, "resume");
    await workBulks(w.deps);
    expect(await state(id), "known failures halt it again, until enough are done").toBe("halted");
    await moveBulk(w.deps, w.operator, id, "stop");
    await w.workOff();
    expect([await state(id), await counts(id)]).toEqual(["stopped", { failed: 3, skipped: 9 }]);
    expect((await lines(id))["h09"]).toBe("skipped: stopped before it began");
    const next = await start({ choice: { accounts: names.map((n) => `${n}@${h.name}`) }, terms: few });
    await workBulks(w.deps);
    await moveBulk(w.deps, w.operator, next, "pause");
    await expect(moveBulk(w.deps, w.operator, next, "pause")).rejects.toMatchObject({ code: "conflict", message: "That cannot be done now: this bulk change is paused." });
    await w.workOff();
    expect([await state(next), await counts(next)]).toEqual(["paused", { done: 1, waiting: 11 }]);
    await moveBulk(w.deps, w.operator, next, "resume");
    await w.workOff();
    expect([await state(next), await counts(next)]).toEqual(["done", { done: 12 }]);
  });

  it("begins no more than its terms at once, and one whose target keeps it waiting takes that target's place alone", async () => {
    const slow = await w.host(["s1", "s2", "s3"]), quick = await w.host(["q1", "q2", "q3"]), id = await start({ choice: { search: "s1 s2" , targets: [slow.name, quick.name] }, terms: { perTarget: 2, parallel: 3 } });
    await workBulks(w.deps);
    const begun = async () => (await w.sql(`select a.target_id as t, count(*)::int as n from bulk_items i join accounts a on a.id = i.account_id where bulk_id = '${id}' and state = 'changing' group by 1 order by 2`)).map((r) => [r["t"], r["n"]]);
    expect((await begun()).map(([, n]) => n)).toEqual([1, 2]);
    await w.sql(`update rotations set next_at = now() + interval '1 hour' where state = 'queued' and account_id in (select id from accounts where target_id = '${slow.id}')`);
    await workBulks(w.deps);
    expect(Object.fromEntries(await begun())).toEqual({ [slow.id]: expect.any(Number) as number, [quick.id]: 2 });
    expect(Number(Object.fromEntries(await begun())[slow.id])).toBeLessThanOrEqual(2);
    await w.sql("update rotations set next_at = null where next_at > now() + interval '30 minutes'");
    await w.workOff();
    expect(await counts(id)).toEqual({ done: 8 });
  });

  it("an author who lost the right, or was disabled, changes nothing any more", async () => {
    const owner = await w.person(["owner"]), h = await w.host(["a"]);
    await w.sql(`update targets set owner_id = '${owner.person.id}' where id = '${h.id}'`);
    const id = await openBulk(w.deps, owner, wish({ choice: { targets: [h.name] } }));
    expect((await bulkList(w.db, owner, { limit: 9 })).map((b) => b.bulk.id)).toEqual([id]);
    expect(await bulkList(w.db, w.approver, { limit: 9 })).toEqual([]);
    await w.sql(`update people set disabled = true where id = '${owner.person.id}'`);
    await w.workOff();
    expect(await lines(id)).toEqual({ a: "failed: whoever asked for this may no longer change it", root: "failed: whoever asked for this may no longer change it" });
  });

  it("without changing the targets it asks them: what is in force is kept, what is not is refused", async () => {
    const h = await w.host(["yes", "no"]), password = Secret.of(GIVEN);
    for (const k of w.passwords.keys()) if (k.startsWith("yes:") && k.endsWith(`:${h.name.slice(1).split("-")[0]!}`)) w.passwords.set(k, GIVEN);
    const id = await start({ choice: { accounts: [`yes@${h.name}`, `no@${h.name}`] }, how: "given", password, apply: false, terms: { failureLimit: 100 } });
    await w.workOff();
    expect(await lines(id)).toMatchObject({ yes: "done", no: expect.stringMatching(/^failed: .*not the password in force/) as string });
  });
});
