/** Asking and waiting inside ssh, by the stock client at a real terminal, on real hosts. Rule: what a person reads is asserted, and what the broker wrote down of it. */
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { putPolicy, confirmChange } from "../../src/flow/people.ts";
import * as people from "../../src/store/people.ts";
import type { Tty } from "./tty.ts";
import { sleep, until, world, type World } from "./world.ts";

let w: World;
beforeAll(async () => { w = await world({ accounts: 3 }); }, 180_000);
afterAll(async () => { await w?.close(); });

const requestOf = (screen: string): string => /\/requests\/(req_[0-9a-z]{20})/.exec(screen)![1]!;
/** Answers the form; the id of the request that was made. */
const form = async (t: Tty, minutes = "20m", reason = "look at nginx"): Promise<string> => {
  await t.see("For how long?");
  t.type(`${minutes}\r`);
  await t.see("Why?");
  t.type(`${reason}\r`);
  return requestOf(await t.see(/Asked\.\s+http\S+\/requests\/req_[0-9a-z]{20}/));
};
const vote = (id: string, body: object, who = "approver") => w.ok(who, "POST", `/requests/${id}/vote`, body as Record<string, unknown>);
const stateOf = async (id: string) => String((await w.ok("requester", "GET", `/requests/${id}`))["state"]);

test("menu -> ask -> approved -> the session, with its size, environment and exit status -> given back -> rotated", async () => {
  const before = await w.host.shadow(w.names[0]!), t = w.terminal("", { cols: 100, rows: 30 });
  await t.see("requester: what you hold and what you may ask for");
  await t.see("Ctrl-C leaves:");
  t.type(w.names[0]!);
  await t.see(w.names[0]!);
  t.type("\r");
  await t.see(`${w.account(0)}: you have no approved request for this account.`);
  const policy = await t.see("Afterwards the password is changed");
  expect(policy).toMatch(/Policy "by session": you get sessions; the password is never shown to you, for at\s+most 2 h\./);
  expect(policy).toContain("Decided by 1 of: approver.");
  expect(policy).toContain("not what you type");
  const id = await form(t);
  await t.see(/\[0:0[1-9]\] Waiting for one of: approver/);
  expect(await w.ok("requester", "GET", `/requests/${id}`)).toMatchObject({ state: "pending", asked: 20, reason: "look at nginx", account: { name: w.account(0) } });
  t.type("this must not reach the target\r");
  t.resize(111, 33);
  await vote(id, { decision: "approve", minutes: 10 });
  await t.see("Approved by approver (1 of 1).");
  await t.see(`You have ${w.account(0)} for 10 min from the first use.`);
  await t.see("$ ");
  t.type("whoami; stty size; exit 7\r");
  await t.see(new RegExp(`\r${w.names[0]!}\r`));
  await t.see("33 111");
  expect(await t.exit).toBe(7);
  expect(t.screen().split("must not reach")[1], "keys typed while waiting are dropped").toBe(undefined);
  const session = await w.ended(id);
  expect(session).toMatchObject({ person: "requester", account: w.account(0), why: "client_closed" });
  expect((await w.events("request.submitted")).find((e) => (e["about"] as Record<string, string>)["request"] === id)).toMatchObject({ who: { name: "requester", means: "ssh" }, why: "look at nginx" });
  await w.ok("requester", "POST", `/requests/${id}/give-back`, {});
  await w.rotated(0, before);
});

describe("what becomes of a request", () => {
  test("denied: the reason is read, the exit status is not 0", async () => {
    const t = w.terminal(w.account(1)), id = await form(t);
    await vote(id, { decision: "deny", reason: "not today \u001b[31mplease" });
    await t.see("Denied by approver: not today");
    expect(await t.exit).toBe(255);
    expect(t.screen(), "a reason steers nobody's terminal").not.toContain("\u001b[31m");
  });
  test("expired: the sentence, and not 0", async () => {
    const t = w.terminal(w.account(1)), id = await form(t);
    await w.core.deps.db.q.execute(sql`update requests set expires_at = now() - interval '1 second' where id = ${id}`);
    w.core.deps.bus.publish("deadlines");
    await t.see("The request has expired");
    expect(await t.exit).toBe(255);
  });
  test("wrong answers are asked again; a term the policy refuses is said", async () => {
    const t = w.terminal(w.account(1));
    await t.see("For how long?");
    t.type("soon\r");
    await t.see("Type minutes, or a time such as 45m, 2h or 1h30.");
    t.type("9h\r");
    await t.see("At most 2 h under this policy.");
    t.type("\r");
    await t.see("Why?");
    t.type("x\r");
    await t.see("At least 3 characters");
    t.type("\u0003");
    await t.see("Nothing was asked.");
    expect(await t.exit).toBe(130);
  });
  test("Ctrl-C asks: wait on, leave it standing, come back to it, cancel it", async () => {
    const t = w.terminal(w.account(1)), id = await form(t);
    await t.see("Waiting for one of: approver");
    t.type("\u0003");
    await t.see("Cancel the request (c), leave it standing (l), or wait on (w)?");
    t.type("w\r");
    await t.see("Waiting for one of: approver");
    t.type("\u0003");
    await t.see("wait on (w)?");
    t.type("l\r");
    await t.see(`/requests/${id}`);
    expect(await t.exit).toBe(130);
    expect(await stateOf(id)).toBe("pending");
    const again = w.terminal(w.account(1));
    await again.see("You have asked for");
    await again.see("Waiting for one of: approver");
    again.type("\u0003");
    await again.see("wait on (w)?");
    again.type("c\r");
    await again.see("Cancelled.");
    expect(await again.exit).toBe(130);
    expect(await stateOf(id)).toBe("cancelled");
  });
  test("cancelled elsewhere; the line going away leaves it standing", async () => {
    const t = w.terminal(w.account(1)), id = await form(t);
    await w.ok("requester", "POST", `/requests/${id}/cancel`, { reason: "" });
    await t.see("Cancelled by requester");
    expect(await t.exit).toBe(255);
    const gone = w.terminal(w.account(1)), other = await form(gone);
    await gone.see("Waiting for");
    gone.hangUp();
    await gone.exit;
    await sleep(300);
    expect(await stateOf(other)).toBe("pending");
    await w.ok("requester", "POST", `/requests/${other}/cancel`, {});
  });
  test("two votes: the first is told, the second opens", async () => {
    const { deps } = w.core, id = (name: string) => w.caller(name).person.id;
    await putPolicy(deps, w.caller("operator"), { name: "two", terms: { approvals: 2, ticketPattern: "CHG-\\d+", reconnectGraceSeconds: 0 }, binding: { targets: ["web-1"], accountNames: [w.names[2]!], requesters: [id("outsider")], approvers: [id("approver"), id("chief")] } });
    for (const c of await people.openChanges(deps.db)) await confirmChange(deps, w.caller("auditor"), c.id);
    const t = w.terminal(w.account(2), { who: "outsider", cols: 40 });
    await t.see("For how long?");
    t.type("5\r");
    await t.see("Why?");
    t.type("two eyes\r");
    await t.see("Ticket (like");
    t.type("nonsense\r");
    await t.see("the ticket must look like");
    t.type("5\r");
    await t.see("Why?");
    t.type("two eyes\r");
    await t.see("Ticket (like");
    t.type("CHG-7\r");
    const made = requestOf(await t.see(/\/requests\/req_[0-9a-z]{20}/));
    await t.see(/\[0:0\d\] Waiting for 2 of: approver/);
    await vote(made, { decision: "approve" });
    await t.see("Approved by approver (1 of 2).");
    await vote(made, { decision: "approve" }, "chief");
    await t.see("Approved by chief (2 of 2).");
    await t.see("$ ");
    t.type("exit 3\r");
    expect(await t.exit).toBe(3);
    expect(t.screen().split(/\r?\n/).flatMap((l) => l.split("\r")).filter((l) => l.startsWith("[0:")).every((l) => l.length < 40)).toBe(true);
    await w.ok("outsider", "POST", `/requests/${made}/give-back`, {});
  });
});

test("held by somebody else: by whom and how long, and the session begins when they give it back", async () => {
  await w.settled(w.account(0));
  const theirs = await w.access(w.account(0), "rival"), mine = await w.access(w.account(0)), rival = await w.live(w.account(0), { who: "rival" });
  const t = w.terminal(w.account(0));
  await t.see(new RegExp(`\\[0:0\\d\\] ${w.account(0)} is held by rival for (29|30):\\d\\d more`));
  await w.ok("rival", "POST", `/requests/${theirs}/give-back`, {});
  await rival.exit;
  await until("the session is live", async () => (await w.sessions({ request: mine }))[0]?.["state"] === "live");
  await t.see("$ ");
  t.type("exit 0\r");
  expect(await t.exit).toBe(0);
  await w.ok("requester", "POST", `/requests/${mine}/give-back`, {});
});

test("an access one has already is used at once: what is piped in reaches the target, and the end of input ends it", async () => {
  await w.settled(w.account(0));
  const id = await w.access(w.account(0));
  const piped = w.ssh(w.account(0), [], { options: ["-tt"], stdin: "open" });
  piped.child.stdin!.end("id -un; exit 6\n");
  const r = await piped.exit;
  expect([r.code, r.out.includes(`\r${w.names[0]!}\r`) || r.out.includes(`\n${w.names[0]!}\r`)]).toEqual([6, true]);
  await w.ok("requester", "POST", `/requests/${id}/give-back`, {});
  const none = w.ssh(w.account(0), [], { options: ["-tt"], stdin: "null" });
  expect((await none.exit).code, "nobody is there to be asked").toBe(130);
});

test("a person disabled while waiting is told and dropped", async () => {
  const t = w.terminal(w.account(1), { who: "rival" }), id = await form(t);
  await t.see("Waiting for");
  await w.ok("operator", "PATCH", "/people/rival", { disabled: true });
  await t.see("Your login has ended: this person is disabled.", 5_000);
  expect(await t.exit).toBe(255);
  await w.ok("operator", "PATCH", "/people/rival", { disabled: false });
  await w.ok("rival", "POST", `/requests/${id}/cancel`, {});
});

test("after all of it: nothing is lost", async () => {
  for (const i of [0, 1, 2]) await w.settled(w.account(i));
  expect(await w.lost()).toEqual([]);
});
