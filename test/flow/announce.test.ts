/** Who is told of what: each event of the story, its audience, choices, rules of groups of targets, and that no secret is in any row. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { connector } from "../../src/connectors/connector.ts";
import { addAccount, rotateNow } from "../../src/flow/accounts.ts";
import { declarePassword } from "../../src/flow/account-change.ts";
import { ask } from "../../src/flow/ask.ts";
import { putCollection } from "../../src/flow/collections.ts";
import { tellExpiring } from "../../src/flow/expiring.ts";
import { blockIdentity } from "../../src/flow/identity.ts";
import { choose, putRule } from "../../src/flow/notices.ts";
import { claim, drive } from "../../src/flow/rotate.ts";
import { release } from "../../src/flow/release.ts";
import { broker, record } from "../../src/flow/record.ts";
import { admit, endSession, sessionEnded, sessionLive } from "../../src/flow/session.ts";
import { changeTarget } from "../../src/flow/targets.ts";
import { tell } from "../../src/flow/tell.ts";
import { vote } from "../../src/flow/vote.ts";
import { CHOOSABLE, parseAddresses, plainLine, resultLines, type NoticeKind } from "../../src/domain/notice.ts";
import { Secret } from "../../src/kernel/secret.ts";
import * as notices from "../../src/store/notices.ts";
import * as people from "../../src/store/people.ts";
import { embedded } from "../store/engines.ts";
import { PASSWORD, worldOn, type Managed, type World } from "./world.ts";

let w: World;
beforeEach(async () => {
  w = await worldOn(await embedded());
  for (const c of [w.operator, w.second, w.auditor, w.requester, w.approver]) await w.db.transaction((tx) =>
    people.change(tx, c.person.id, { mail: `${c.person.name}@lockstep.test` }));
});
afterEach(async () => { await w.close(); await w.db.close(); });

/** "kind: who, who" of everything told so far, oldest first. */
const told = async (): Promise<string[]> => {
  const all = new Map<string, { kind: string; to: string[] }>();
  for (const { notice: n, delivery: d } of (await notices.list(w.db, { limit: 500 })).reverse()) (all.get(n.id)
    ?? all.set(n.id, { kind: n.kind, to: [] }).get(n.id)!).to.push(d.to.replace("@lockstep.test", ""));
  return [...all.values()].map((n) => `${n.kind}: ${n.to.sort().join(", ")}`);
};
const owned = async (m: Managed): Promise<Managed> => { await changeTarget(w.deps, w.operator, m.target, { owner: w.second.person.id }); return m; };

test("a request: its approvers, never the requester; the result: the requester; the mail names who, what, why and opens a page", async () => {
  const m = await w.managed(), id = await w.asked(m);
  expect(await told()).toEqual(["request_waiting: approver"]);
  const [{ notice }] = await notices.list(w.db, {}) as [notices.Listed];
  expect(notice).toMatchObject({ subject: `requester asks for ${m.name}`, path: `/requests/${id}`,
    about: { request: id, target: m.target, account: m.account.id } });
  expect(notice.lines.join("\n")).toMatch(/Who: requester.*Time: 30 minutes\nReason: to look/s);
  await vote(w.deps, w.approver, id, { decision: "approve" });
  expect((await told()).slice(1)).toEqual(["voted: requester"]);
});

test("law: no-way-round-1 — of a typed password owner and auditors are told, and nobody can turn that off for themselves", async () => {
  await choose(w.deps, w.auditor, []);
  await choose(w.deps, w.second, []);
  const m = await owned(await w.managed()), account = await addAccount(w.deps, w.operator, { target: m.target, name: "typed" });
  await declarePassword(w.deps, w.operator, account.id, Secret.of("Canary-Typed-1!x"));
  expect((await told()).at(-1)).toBe("password_typed: auditor, second");
  expect((await notices.list(w.db, {}))[0]!.notice.subject).toBe(`operator typed a password for typed@${m.targetName}`);
});

test("break-glass: the approvers its policy names and every auditor, at once, whatever they chose", async () => {
  await choose(w.deps, w.auditor, []);
  const m = await w.managed("break-glass");
  await ask(w.deps, w.requester, { account: m.name, policy: m.policy.name, minutes: 10, reason: "fire", ticket: "" });
  expect(await told()).toEqual(["break_glass: approver, auditor"]);
});

test("a session: its start for an owner who asked to hear of it, its killing for both; the end of one's time once", async () => {
  const m = await owned(await w.managed()), id = await w.approved(m);
  const { session } = await admit(w.deps, w.requester, "app", m.targetName, "shell");
  await sessionLive(w.deps, session);
  await endSession(w.deps, w.operator, session, "lunch");
  await sessionEnded(w.deps, session, { why: "client_closed", detail: "", bytes: 1, identityChanged: false, facts: {} });
  expect((await told()).slice(2)).toEqual(["session_killed: requester, second"]);
  await choose(w.deps, w.second, CHOOSABLE);
  await w.sql(`update requests set checked_out_at = now() - interval '20 minutes', until = now() + interval '3 minutes' where id = '${id}'`);
  await tellExpiring(w.deps);
  await tellExpiring(w.deps);
  expect((await told()).slice(3)).toEqual(["expiring: requester"]);
});

test("a session's start is told to an owner who chose it, and to nobody else", async () => {
  await choose(w.deps, w.second, CHOOSABLE);
  const m = await owned(await w.managed());
  await w.approved(m);
  await sessionLive(w.deps, (await admit(w.deps, w.requester, "app", m.targetName, "shell")).session);
  expect((await told()).at(-1)).toBe("session_started: second");
});

test("rotations: by hand to owner and whoever pressed it, refusals to admins too, bulk and schedule alone tell for themselves; quarantine always",
  async () => {
  const m = await owned(await w.managed()), before = (await told()).length;
  const event = (what: "rotation.committed" | "rotation.refused" | "rotation.dead_letter" | "rotation.step" | "account.drift", facts: Record<string,
    string | null>) => w.db.transaction((tx) =>
    record(w.deps, tx, { what, who: broker("rotation"), about: { account: m.account.id, target: m.target, person: w.approver.person.id },
      outcome: "ok", why: "because", facts }));
  await event("rotation.committed", { trigger: "end_of_use" });
  await event("rotation.committed", { trigger: "bulk" });
  await event("rotation.step", { trigger: "manual", credential: "changing" });
  expect((await told()).length).toBe(before);
  await event("rotation.committed", { trigger: "manual" });
  await event("rotation.refused", { trigger: "manual" });
  await event("rotation.refused", { trigger: "schedule" });
  await event("rotation.step", { trigger: "manual", credential: "unverified" });
  await event("rotation.dead_letter", { trigger: "bulk" });
  await event("account.drift", {});
  expect((await told()).slice(before)).toEqual([
    "password_changed: approver, second", "rotation_failed: approver, operator, second", "account_in_doubt: operator, second",
      "account_in_doubt: operator, second", "drift_found: operator, second",
  ]);
  await blockIdentity(w.deps, m.target, "another key");
  expect((await told()).at(-1)).toBe("identity_changed: operator, second");
});

test("a listing: who came, went or rose is told to owner and admins; the first list, and one that changed nothing, to nobody", async () => {
  const m = await owned(await w.managed()), before = (await told()).length;
  const done = (facts: Record<string, string | number | boolean>) => w.db.transaction((tx) =>
    record(w.deps, tx, { what: "discovery.done", who: broker("discovery"), about: { target: m.target }, outcome: "ok", facts }));
  await done({ first: true, new: 40, became_privileged: 1 });
  await done({ first: false, new: 0, gone: 0, back: 0, became_privileged: 0, enabled: 3 });
  expect((await told()).length).toBe(before);
  await done({ first: false, new: 2, gone: 0, back: 0, became_privileged: 1, names_new: "a, b\u202ec", names_became_privileged: "clerk" });
  expect((await told()).slice(before)).toEqual(["accounts_found: operator, second"]);
  const { notice } = (await notices.list(w.db, {}))[0]!;
  expect([notice.subject, notice.path, notice.lines.slice(0, 2)]).toEqual([
    `${m.targetName}: 1 became privileged, 2 new`, `/targets/${m.target}/found`, ["became privileged: clerk", "new: a, b c"]]);
});

test("a change whose outcome nobody knows makes the account unverified, and owner, admins and whoever pressed hear of it from the very step", async () => {
  const silent = connector({
    platform: "nowhere", config: z.object({ hostKeys: z.array(z.string()).default([]) }), forbidden: /[\r\n]/, test: () => Promise.reject(new Error("not asked")),
    probe: () => Promise.resolve({ unknown: "no answer" }), change: () => Promise.resolve({ unknown: "the connection was cut" }),
  });
  const deps = { ...w.deps, connectors: new Map([["nowhere", silent]]), link: () => ({}) as never };
  const m = await owned(await w.managed()), root = await addAccount(deps, w.operator, { target: m.target, name: "root" });
  await w.inSync(root);
  await rotateNow(deps, w.operator, root.id, "by hand");
  await drive(deps, (await claim(deps, []))!);
  expect(await told()).toEqual(["account_in_doubt: operator, second"]);
  expect((await notices.list(w.db, {}))[0]!.notice.subject).toBe(`root@${m.targetName} is unverified`);
});

test("rules of a group of targets: its people, groups and addresses, for its kinds, about its members only; one mail an address", async () => {
  const [a, b] = [await w.managed(), await w.managed()];
  const group = await putCollection(w.deps, w.operator, "web", [a.target]);
  const rule = (kinds: NoticeKind[]) => ({ kinds, collection: group, people: ["operator"], groups: [],
    addresses: ["team@lockstep.test", "Operator@lockstep.test"] });
  await putRule(w.deps, w.operator, rule(["request_waiting"]));
  await expect(putRule(w.deps, w.auditor, rule([]))).rejects.toMatchObject({ code: "forbidden" });
  await expect(putRule(w.deps, w.operator, { ...rule([]), people: ["nobody-x"],
    addresses: ["x"] })).rejects.toThrow("Not saved: there is no person named nobody-x; x is no mail address.");
  await w.asked(a);
  await w.asked(b);
  expect(await told()).toEqual(["request_waiting: approver, operator, team", "request_waiting: approver"]);
});

test("who has no address is written down as not told; a disabled person is not told; named people are, whatever they chose", async () => {
  await w.db.transaction((tx) => people.change(tx, w.approver.person.id, { mail: null }));
  await w.asked(await w.managed());
  expect((await notices.list(w.db, {})).map((l) => l.delivery)).toMatchObject([{ to: "approver", state: "unsent",
    said: "No mail address is known for approver." }]);
  await choose(w.deps, w.requester, []);
  await w.db.transaction((tx) => people.change(tx, w.second.person.id, { disabled: true }));
  await w.db.transaction((tx) => tell(w.deps, tx, { kind: "password_changed", subject: "s", lines: [], path: null, about: {},
    to: { people: [w.requester.person.id, w.second.person.id], addresses: ["x@lockstep.test"] } }));
  expect((await told()).at(-1)).toBe("password_changed: requester, x");
});

test("no secret is in the outbox, whatever people did with one", async () => {
  const m = await owned(await w.managed("release")), id = await w.approved(m);
  await release(w.deps, w.requester, id);
  const account = await addAccount(w.deps, w.operator, { target: m.target, name: "typed", password: Secret.of("Canary-Typed-1!x") });
  const text = JSON.stringify(await Promise.all(["notices", "deliveries"].map((t) => w.sql(`select * from ${t}`))));
  expect(text).toContain(account.id);
  for (const never of [PASSWORD, "Canary-Typed-1!x"]) expect(text).not.toContain(never);
});

test("a line of a notice begins no header and hides nothing; addresses are read as people write them", () => {
  expect(plainLine("a\r\nBcc: x@y.example\u202egnp\u0000b\u2028c")).toBe("a Bcc: x@y.example gnp b c");
  expect(plainLine("x".repeat(400))).toHaveLength(300);
  expect(parseAddresses("a@b.example, A@B.example;c.d+e@f-g.example\nbad, a@b@c, <x@y.example>, \"q\"@y.example")).toEqual(
    { addresses: ["a@b.example", "c.d+e@f-g.example"], wrong: ["bad", "a@b@c", "<x@y.example>", "\"q\"@y.example"] });
  const many = Array.from({ length: 300 }, (_, i) => ({ name: `a${i}@t`, result: "changed", failed: i === 299,
    why: i === 299 ? "refused\nBcc: x" : null }));
  const lines = resultLines(many);
  expect(lines.slice(0, 3)).toEqual(["299 of 300 done, 1 failed.", "", "FAILED a299@t: changed (refused Bcc: x)"]);
  expect(lines.at(-1)).toBe("… and 100 more; the page has all of them.");
});
