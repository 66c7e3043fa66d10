/**
 * A password change shown by hand on one real device, and the draft made of it run on a second one. Rule: what is in force is read from the
 * devices' disks; no password is in anything that anybody could read.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as accounts from "../../src/store/accounts.ts";
import * as rotations from "../../src/store/rotations.ts";
import * as sessions from "../../src/store/sessions.ts";
import { busybox, type Device } from "../lab/busybox.ts";
import { hostless } from "./hostless.ts";
import { patient } from "./times.ts";
import { loginAs } from "./web.ts";
import { addLogin, type World } from "./world.ts";

const ROOT = "Root-Pw-1!x9Qz", APP = "App-Old-Pw-1!";
type Json = Record<string, unknown>;
let one: Device, two: Device, w: World;
const seenBy: string[] = [];
const ok = async (who: string, method: string, at: string, body?: Json): Promise<Json> => { const r = await w.ok(who, method, at, body); seenBy.push(JSON.stringify(r)); return r; };
const add = async (name: string, d: Device, platform: string, over: "ssh" | "telnet", who = "app", helped = true): Promise<void> => {
  const at = { platform, host: "127.0.0.1", port: over === "telnet" ? d.telnetPort : d.port }, found = await ok("operator", "POST", "/targets/read-identity", at);
  await ok("operator", "POST", "/targets", { name, ...at, settings: found["settings"] });
  if (helped) await ok("operator", "PATCH", `/targets/${name}`, { administrative: (await ok("operator", "POST", "/accounts", { target: name, login: "root", password: ROOT }))["id"] });
  await ok("operator", "POST", "/accounts", { target: name, login: who, password: APP });
};
const recorded = async (account: string, administrative: boolean): Promise<string> => {
  const d = await ok("operator", "POST", "/demonstrations", { account, administrative, reason: "a new kind of device" }), id = String(d["id"]);
  await ok("second", "POST", `/demonstrations/${id}/allow`, {});
  return id;
};
const say = async (id: string, line: string | null): Promise<string> => {
  const d = await ok("operator", "POST", `/demonstrations/${id}/lines`, { line }), said = d["said"] as { by: string; text: string }[];
  return said.at(-1)!.text;
};
const settled = (id: string): Promise<Json> => expect.poll(async () => ((await w.ok("operator", "GET", `/demonstrations/${id}`))["password"] as never as Json)["state"], { timeout: 60_000 }).toMatch(/^(?:committed|refused)$/).then(() => w.ok("operator", "GET", `/demonstrations/${id}`));
const adopted = async (text: string, name: string, over: "ssh" | "telnet" = "ssh", who = "app", helped = true): Promise<void> => {
  const made = await ok("operator", "POST", "/command-sets", { text });
  await ok("second", "POST", `/command-sets/${String(made["hash"])}/accept`, {});
  await add(name, two, String(made["platform"]), over, who, helped);
};

beforeAll(async () => {
  [one, two] = await Promise.all(["shown", "second"].map((name) => busybox({ name, rootPassword: ROOT }))) as [Device, Device];
  for (const d of [one, two]) for (const who of ["app", "ops", "idle"]) await d.add(who, APP);
  w = await hostless({ over: { times: { ...patient(0.2), closureFirst: 300, closureSecond: 900, probeWindow: 3_000, demonstrationOpen: 60_000, sweep: 1_000 } } });
}, 120_000);
afterAll(async () => { await w?.close(); await one?.destroy(); await two?.destroy(); });

describe("over SSH, root changes another account", () => {
  let id = "";
  test("law: shown-by-hand — nobody is on a device whom nobody else let there", async () => {
    await add("box-1", one, "cli:any-device", "ssh");
    const d = await ok("operator", "POST", "/demonstrations", { account: "app@box-1", administrative: true, reason: "a new kind of device" });
    id = String(d["id"]);
    for (const verb of ["begin", "lines", "finish"]) expect((await w.api("operator", "POST", `/demonstrations/${id}/${verb}`, verb === "lines" ? { line: "id" } : {})).status).toBe(409);
    expect((await w.api("operator", "POST", `/demonstrations/${id}/allow`, {})).body["detail"]).toBe("You asked for this, so another admin must let you.");
    expect((await w.api("auditor", "POST", `/demonstrations/${id}/allow`, {})).status).toBe(403);
    expect((await w.api("requester", "GET", `/demonstrations/${id}`)).status).toBe(404);
    await ok("second", "POST", `/demonstrations/${id}/allow`, {});
    expect((await w.api("second", "POST", `/demonstrations/${id}/begin`, {})).status).toBe(403);
  });
  test("law: shown-by-hand — the candidate is in vault and journal and holds the account before a line leaves; passwords go by their placeholders alone", async () => {
    await ok("operator", "POST", `/demonstrations/${id}/begin`, {});
    const { deps } = w.core, account = (await accounts.named(deps.db, "app@box-1"))!, open = (await rotations.openOf(deps.db, account.id))!;
    expect([open.state, open.origin, "candidate" in open && open.candidate !== null && deps.journal.hasVersion(open.candidate)]).toEqual(["prepared", "local", true]);
    const adopt = await w.api("operator", "POST", "/accounts/app@box-1/adopt", {});
    expect([adopt.status, adopt.body["detail"]]).toEqual([409, expect.stringContaining("never tried on box-1")]);
    expect(await say(id, "passwd -a sha512 app")).toMatch(/New password: $/);
    const clear = await w.api("operator", "POST", `/demonstrations/${id}/lines`, { line: "hunter2hunter2" });
    expect([clear.status, clear.body["detail"]]).toEqual([422, expect.stringContaining("what is typed in clear would stand in the draft")]);
    expect((await w.api("operator", "POST", `/demonstrations/${id}/lines`, { line: "{{password}}" })).body["detail"]).toMatch(/There is no \{\{password\}\}/);
    expect((await w.api("operator", "POST", `/demonstrations/${id}/lines`, { line: `echo ${ROOT.slice(0, 9)}` })).body["detail"]).toMatch(/holds a password that the vault knows/);
    expect(await say(id, "{{new}}")).toMatch(/Retype password: $/);
    expect(await say(id, "{{new}}")).toMatch(/password for app changed by root/);
  });
  test("finished, the device is asked which one is in force; the vault has it, proven", async () => {
    await ok("operator", "POST", `/demonstrations/${id}/finish`, {});
    const over = await settled(id);
    expect(over["password"]).toEqual({ state: "committed", why: null });
    expect([await one.opens("app", await w.vault("app@box-1")), await one.opens("app", APP)]).toEqual([true, false]);
  }, 60_000);
  test("law: recorder-first — it is recorded as a session is: sealed, whole, played masked, with every line before its answer; the log says who looked", async () => {
    const { deps } = w.core, row = (await sessions.recordingOf(deps.db, id as never))!, file = readFileSync(path.join(deps.recordings, row.file));
    expect([row.state, row.hash.length, file.includes("Retype"), file.includes("passwd")]).toEqual(["closed", 64, false, false]);
    expect((await w.api("operator", "GET", `/demonstrations/${id}/cast`)).status).toBe(403);
    const cast = await fetch(`${w.origin}/api/v1/demonstrations/${id}/cast`, { headers: { authorization: `Bearer ${w.who["auditor"]!.token}` } }), text = await cast.text(), pieces = text.trim().split("\n").slice(1).map((l) => JSON.parse(l) as [number, string, string]), at = (code: string, what: RegExp) => pieces.findIndex(([, c, t]) => c === code && what.test(t));
    seenBy.push(text);
    expect([cast.headers.get("recording-complete"), at("m", /^typed: passwd -a sha512 app$/) >= 0, pieces.filter(([, c, t]) => c === "m" && t === "typed: [new password]").length]).toEqual(["true", true, 2]);
    expect(at("m", /passwd/)).toBeLessThan(at("o", /New password: /));
    expect(at("o", /New password: /)).toBeLessThan(at("o", /changed by root/));
    const [played] = await w.events("session.played");
    expect(played!["about"]).toMatchObject({ demonstration: id, recording: row.id });
    expect([(await w.api("auditor", "GET", `/sessions/${id}/cast`)).status, (await w.api("auditor", "GET", `/sessions/${id}/raw?reason=because`)).status]).toEqual([404, 404]);
  });
  test("its draft is a command set that a second device of the kind is rotated by, after the usual acceptance and trial", async () => {
    const { draft, unsure } = await w.ok("operator", "GET", `/demonstrations/${id}`) as never as { draft: string; unsure: string[] };
    expect(draft).toContain("send: passwd -a sha512 {{account}}");
    expect(unsure.join("\n")).toContain("No refusal was seen");
    await adopted(draft, "box-2");
    const tried = await ok("operator", "POST", "/platform-tests", { account: "app@box-2", change: true });
    expect(tried).toMatchObject({ why: "", passed: true, changed: true });
    await w.settled("app%40box-2");
    expect([await two.opens("app", await w.vault("app@box-2")), await two.opens("app", APP)]).toEqual([true, false]);
    const before = two.shadow("app");
    await ok("operator", "POST", "/accounts/app@box-2/rotate", { reason: "by the rules" });
    await expect.poll(() => two.shadow("app") === before, { timeout: 30_000 }).toBe(false);
    await w.settled("app%40box-2");
    expect(await two.opens("app", await w.vault("app@box-2"))).toBe(true);
  }, 90_000);
  test("the device it was shown on goes over to its own set: another identity, which somebody else accepts; never to another kind of target", async () => {
    const after = await ok("operator", "PATCH", "/targets/box-1", { platform: "cli:like-box-1" });
    expect([after["platform"], (after["settings"] as Json)["version"]]).toEqual(["cli:like-box-1", expect.stringMatching(/^[0-9a-f]{64}$/)]);
    expect((await w.api("operator", "POST", "/targets/box-1/accept-identity", { identityHash: after["identityHash"] })).status).toBe(403);
    await ok("second", "POST", "/targets/box-1/accept-identity", { identityHash: after["identityHash"] });
    expect(await ok("operator", "POST", "/platform-tests", { account: "app@box-1", change: true })).toMatchObject({ why: "", passed: true, changed: true });
    await w.settled("app%40box-1");
    expect(await one.opens("app", await w.vault("app@box-1"))).toBe(true);
    const wrong = await w.api("operator", "PATCH", "/targets/box-1", { platform: "linux-ssh" });
    expect([wrong.status, wrong.body["detail"]]).toEqual([422, expect.stringContaining("only devices go from one command set to another")]);
  }, 60_000);
});

describe("over Telnet, an account changes itself", () => {
  test("the login is a part of what is shown; a mistake on the way becomes an error text, and its step is left out", async () => {
    await add("box-t", one, "cli:any-device", "telnet", "ops", false);
    const id = await recorded("ops@box-t", false);
    expect(String((await ok("operator", "POST", `/demonstrations/${id}/begin`, {}))["transcript"])).toMatch(/login: $/);
    expect(await say(id, "{{user}}")).toMatch(/Password: $/);
    expect(await say(id, "{{present}}")).toMatch(/\$ $/);
    expect(await say(id, "passwd -x")).toMatch(/invalid option/);
    expect(await say(id, "passwd -a sha512")).toMatch(/Old password: $/);
    expect(await say(id, "{{present}}")).toMatch(/New password: $/);
    await say(id, "{{new}}");
    expect(await say(id, "{{new}}")).toMatch(/password for ops changed/);
    await say(id, "exit");
    await ok("operator", "POST", `/demonstrations/${id}/finish`, {});
    const done = await settled(id), draft = String(done["draft"]);
    expect(done["password"]).toMatchObject({ state: "committed" });
    expect([await one.opens("ops", await w.vault("ops@box-t")), await one.opens("ops", APP)]).toEqual([true, false]);
    expect(draft).toMatch(/^change:$/m);
    expect(draft).not.toMatch(/send: .*(?:passwd -x|exit|ops)/);
    expect(draft).toMatch(/^# - "passwd -x" was answered by/m);
    expect(draft).toMatch(/is: auth/);
    await adopted(draft, "box-3", "telnet", "ops", false);
    expect(await ok("operator", "POST", "/platform-tests", { account: "ops@box-3", change: true })).toMatchObject({ why: "", passed: true, changed: true });
    await w.settled("ops%40box-3");
    expect([await two.opens("ops", await w.vault("ops@box-3")), await two.opens("ops", APP)]).toEqual([true, false]);
  }, 90_000);
});

describe("whatever comes between", () => {
  test("by the portal's forms alone: a line that is not sent stays to be put right; the new password never sent is unchanged, and no login is spent on finding that out", async () => {
    w.who["hand"] = await addLogin(w.broker!, w.home, ["hand", ["user", "owner"], false]);
    await ok("operator", "PATCH", "/targets/box-1", { owner: w.caller("hand").person.id });
    const account = String((await ok("operator", "POST", "/accounts", { target: "box-1", login: "idle", password: APP }))["id"]), login = await loginAs(w, "hand");
    const page = async (at: string): Promise<string> => { const text = await (await fetch(`${w.origin}${at}`, { headers: { cookie: login.cookie } })).text(); seenBy.push(text); return text; };
    const press = async (at: string, form: Record<string, string> = {}): Promise<{ status: number; to: string; text: string }> => {
      const headers = { cookie: login.cookie, "sec-fetch-site": "same-origin", origin: w.origin, accept: "text/html", "content-type": "application/x-www-form-urlencoded" };
      const r = await fetch(`${w.origin}${at}`, { method: "POST", redirect: "manual", headers, body: new URLSearchParams({ _csrf: login.csrf, ...form }).toString() });
      return { status: r.status, to: r.headers.get("location") ?? "", text: await r.text() };
    };
    expect(await page("/demonstrations/new")).toContain("idle@box-1");
    const { to } = await press("/demonstrations", { account, who: "administrative", reason: "by forms alone" });
    expect([to, (await press(`${to}/begin`)).status]).toEqual([expect.stringMatching(/^\/demonstrations\/dem_/), 409]);
    await ok("second", "POST", `${to}/allow`, {});
    expect(await press(`${to}/begin`)).toMatchObject({ status: 303, to: `${to}#line` });
    expect((await press(`${to}/lines`, { line: "passwd -a sha512 idle" })).status).toBe(303);
    expect(await page(to)).toMatch(/<b>passwd -a sha512 idle\n<\/b>Changing password for idle\s+New password: /);
    const wrong = await press(`${to}/lines`, { line: "hunter2hunter2" });
    expect([wrong.status, wrong.text]).toEqual([422, expect.stringMatching(/would stand in the draft[^]*value="hunter2hunter2"/)]);
    expect((await press(`${to}/lines`, { put: "listen" })).status).toBe(303);
    await press(`${to}/finish`);
    const done = await settled(to.split("/")[2]!), over = await page(to);
    expect([done["password"], done["draft"]]).toEqual([{ state: "refused", why: "unchanged: the new password was not sent" }, null]);
    expect(over).toMatch(/No draft: No line that went through sent the new password/);
    expect(await one.opens("idle", APP)).toBe(true);
    await ok("operator", "PATCH", "/targets/box-1", { owner: w.caller("operator").person.id });
  }, 60_000);
  test("law: shown-by-hand — whoever manages the target no longer has no line: it is not begun, and one that is open ends", async () => {
    const ownedBy = (who: string) => ok("operator", "PATCH", "/targets/box-1", { owner: w.caller(who).person.id });
    await ownedBy("hand");
    const { id } = await ok("hand", "POST", "/demonstrations", { account: "idle@box-1", administrative: true, reason: "for a while" }) as { id: string };
    await ok("second", "POST", `/demonstrations/${id}/allow`, {});
    await ownedBy("operator");
    const no = await w.api("hand", "POST", `/demonstrations/${id}/begin`, {});
    expect([no.status, no.body["detail"]]).toEqual([409, "This person does not manage the target any more."]);
    await ownedBy("hand");
    await ok("hand", "POST", `/demonstrations/${id}/begin`, {});
    await ownedBy("operator");
    expect([(await w.api("hand", "POST", `/demonstrations/${id}/lines`, { line: "id" })).status, (await w.ok("operator", "GET", `/demonstrations/${id}`))["state"]]).toEqual([409, "over"]);
    expect((await settled(id))["password"]).toEqual({ state: "refused", why: "unchanged: the new password was not sent" });
  }, 60_000);
  test("a lock takes the line away within a second or two, and the candidate that was sent is settled by the device", async () => {
    const id = await recorded("idle@box-1", true), target = String((await w.ok("operator", "GET", "/targets/box-1"))["id"]);
    await ok("operator", "POST", `/demonstrations/${id}/begin`, {});
    await say(id, "passwd -a sha512 idle");
    await say(id, "{{new}}");
    const lock = await ok("second", "POST", "/locks", { kind: "target", subject: target, reason: "looked into" });
    await expect.poll(async () => (await w.ok("operator", "GET", `/demonstrations/${id}`))["state"], { timeout: 5_000 }).toBe("over");
    expect((await w.api("operator", "POST", `/demonstrations/${id}/lines`, { line: "{{new}}" })).status).toBe(409);
    await ok("second", "POST", `/locks/${String(lock["id"])}/lift`, { reason: "over" });
    expect((await settled(id))["password"]).toEqual({ state: "refused", why: "this is not the password in force" });
    expect(await one.opens("idle", APP)).toBe(true);
  }, 60_000);
  test("a broker that dies with the line open forgets nothing: after its start the device is asked, and the sent password is found in force", async () => {
    const id = await recorded("idle@box-1", true);
    await ok("operator", "POST", `/demonstrations/${id}/begin`, {});
    for (const line of ["passwd -a sha512 idle", "{{new}}", "{{new}}"]) await say(id, line);
    await w.down();
    await w.up();
    expect(await w.ok("operator", "GET", `/demonstrations/${id}`)).toMatchObject({ state: "over", why: "the broker was restarted" });
    expect((await settled(id))["password"]).toMatchObject({ state: "committed" });
    expect(await one.opens("idle", await w.vault("idle@box-1"))).toBe(true);
  }, 60_000);
  test("law: secrets-one-door — no password is in an answer, a row, an event or a draft", async () => {
    const rows = JSON.stringify(await w.core.deps.db.transaction((tx) => tx.q.execute("select * from demonstrations" as never) as Promise<unknown>)), events = JSON.stringify(await w.events()), all = [...seenBy, rows, events, w.log.join("\n")].join("\n");
    expect(all).toContain("passwd -a sha512 idle");
    const passwords = [ROOT, APP, ...await Promise.all(["app@box-1", "app@box-2", "ops@box-t", "ops@box-3", "idle@box-1"].map((name) => w.vault(name)))];
    for (const password of passwords) expect(all.includes(password) || all.includes(JSON.stringify(password).slice(1, -1)), "a password was written down").toBe(false);
  });
});
