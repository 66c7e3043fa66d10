/**
 * A new kind of device from one YAML file in a temporary folder, rotated on a real BusyBox host: no line of TypeScript knows it. Rule: what is
 * in force is read from the device's disk.
 */
import { readFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { confirmChange, putPolicy } from "../../src/flow/people.ts";
import * as people from "../../src/store/people.ts";
import { busybox, type Device } from "../lab/busybox.ts";
import { hostless } from "./hostless.ts";
import { patient } from "./times.ts";
import type { World } from "./world.ts";

const ROOT = "Root-Pw-1!x9Qz", APP = "App-Old-Pw-1!";
let dir: string, device: Device, w: World, text: string, hash: string;
const settled = (at: string): Promise<unknown> => w.settled(encodeURIComponent(at));
const inForce = async (name: string): Promise<boolean> => device.opens(name, await w.vault(`${name}@box-1`));

beforeAll(async () => {
  dir = mkdtempSync(path.join(tmpdir(), "lockstep-set-"));
  const shipped = readFileSync(new URL("../../command-sets/busybox.yaml", import.meta.url), "utf8");
  writeFileSync(path.join(dir, "acme.yaml"), shipped.replace("set: busybox", "set: acme-box").replace("called: BusyBox device", "called: Acme box"));
  text = readFileSync(path.join(dir, "acme.yaml"), "utf8");
  device = await busybox({ name: "acme", rootPassword: ROOT });
  await device.add("app", APP);
  w = await hostless({ over: { times: { ...patient(0.2), closureFirst: 300, closureSecond: 900, probeWindow: 3_000 } } });
}, 120_000);
afterAll(async () => { await w?.close(); await device?.destroy(); rmSync(dir, { recursive: true, force: true }); });

describe("law: no-way-round-3 — a command set is code, inert until another admin accepts its hash", () => {
  test("mistakes come with line and key; a shipped name is taken; neither a user nor an auditor writes one", async () => {
    const broken = await w.api("operator", "POST", "/command-sets/check", { text: text.replace("is: auth", "is: perhaps") });
    expect(broken.body["mistakes"]).toEqual([{ line: expect.any(Number), key: expect.stringMatching(/^login\[\d\]\.expect\[\d\]\.is$/), says: expect.stringContaining("Invalid option") }]);
    expect((await w.api("operator", "POST", "/command-sets", { text: text.replace("acme-box", "busybox") })).body["detail"]).toMatch(/line 1, set: one of that name comes with Lockstep/);
    for (const who of ["requester", "auditor"]) expect((await w.api(who, "POST", "/command-sets", { text })).status).toBe(403);
  });
  test("proposed, it is no platform; its author cannot accept it; another admin can, and only the very hash", async () => {
    const made = await w.ok("operator", "POST", "/command-sets", { text });
    hash = String(made["hash"]);
    expect(made).toMatchObject({ platform: "cli:acme-box", state: "proposed", grade: "draft", by: "operator" });
    const at = { name: "box-0", platform: "cli:acme-box", host: "127.0.0.1", port: device.port, settings: { hostKeys: [device.hostKey] } };
    expect((await w.api("operator", "POST", "/targets", at)).body["detail"]).toMatch(/There is no platform "cli:acme-box"/);
    expect((await w.api("operator", "POST", `/command-sets/${hash}/accept`, {})).body["detail"]).toBe("You wrote this command set, so another admin must accept it.");
    expect((await w.api("auditor", "POST", `/command-sets/${hash}/accept`, {})).status).toBe(403);
    expect((await w.api("second", "POST", `/command-sets/${"0".repeat(64)}/accept`, {})).status).toBe(404);
    expect(await w.ok("second", "POST", `/command-sets/${hash}/accept`, {})).toMatchObject({ state: "accepted", acceptedBy: "second" });
    expect((await w.api("second", "POST", `/command-sets/${hash}/accept`, {})).status).toBe(409);
  });
  test("the table says the same, whoever writes SQL", async () => {
    const { db } = w.core.deps, sql = (q: string) => db.transaction(async (tx) => { await tx.q.execute(q as never); });
    await expect(sql(`update command_sets set body = 'x' where hash = '${hash}'`)).rejects.toMatchObject({ constraint: "command_sets_kept" });
    await expect(sql(`delete from command_sets where hash = '${hash}'`)).rejects.toMatchObject({ constraint: "command_sets_kept" });
    const own = `insert into command_sets (hash, name, body, by_id, at, accepted_by, accepted_at) select '${"a".repeat(64)}', 'x', 'x', id, now(), id, now() from people limit 1`;
    await expect(sql(own)).rejects.toMatchObject({ constraint: "command_sets_four_eyes" });
  });
});

describe("a draft on the owner's own device", () => {
  test("its target is bound to the text's hash", async () => {
    const at = { platform: "cli:acme-box", host: "127.0.0.1", port: device.port }, seen = await w.ok("operator", "POST", "/targets/read-identity", at);
    expect(await w.ok("operator", "POST", "/targets", { name: "box-1", ...at, settings: seen["settings"] })).toMatchObject({ settings: { over: "ssh-shell", version: hash, plaintext: false } });
    const root = await w.ok("operator", "POST", "/accounts", { target: "box-1", login: "root", password: ROOT });
    await w.ok("operator", "PATCH", "/targets/box-1", { administrative: root["id"] });
    expect(await w.ok("operator", "POST", "/targets/box-1/test", {})).toMatchObject({ ok: true });
    await w.ok("operator", "POST", "/accounts", { target: "box-1", login: "app", password: APP });
  });
  test("over Telnet it must be said that everybody can read along", async () => {
    const at = { name: "box-t", platform: "cli:acme-box", host: "127.0.0.1", port: device.telnetPort }, bare = await w.api("operator", "POST", "/targets", { ...at, settings: { over: "telnet" } });
    expect([bare.status, bare.body["detail"]]).toEqual([422, expect.stringContaining("Telnet carries passwords that everybody on the way can read")]);
    expect(await w.ok("operator", "POST", "/targets/read-identity", { platform: at.platform, host: at.host, port: at.port })).toMatchObject({ identity: "telnet", fingerprint: expect.stringContaining("nothing proves which device this is") });
  });
  test("no account there is adopted before a trial has changed a password", async () => {
    const refused = await w.api("operator", "POST", "/accounts/app@box-1/adopt", {});
    expect([refused.status, refused.body["detail"]]).toEqual([409, expect.stringContaining("never tried on box-1: lockstep platform test")]);
    const look = await w.ok("operator", "POST", "/platform-tests", { account: "app@box-1" });
    expect(look).toMatchObject({ passed: true, changed: false });
    expect((await w.api("operator", "POST", "/accounts/app@box-1/adopt", {})).status).toBe(409);
    expect(await device.opens("app", APP)).toBe(true);
  });
  test("the trial changes it by an ordinary rotation and keeps what was said, without a password in it", async () => {
    const t = await w.ok("operator", "POST", "/platform-tests", { account: "app@box-1", change: true }), said = JSON.stringify(t);
    expect(t).toMatchObject({ passed: true, changed: true });
    expect(said).toContain("passwd -a sha512 app");
    expect(said).toContain("[new password]");
    await settled("app@box-1");
    expect([await inForce("app"), await device.opens("app", APP)]).toEqual([true, false]);
    const kept = JSON.stringify(await w.ok("operator", "GET", "/platform-tests/box-1"));
    for (const secret of [ROOT, APP, await w.vault("app@box-1")]) expect(said.includes(secret) || kept.includes(secret)).toBe(false);
  }, 120_000);
  test("from then on it is like every other target: adopted and rotated", async () => {
    await w.ok("operator", "POST", "/accounts/root@box-1/adopt", {});
    await settled("root@box-1");
    expect([await inForce("root"), await device.opens("root", ROOT)]).toEqual([true, false]);
    const before = device.shadow("app");
    await w.ok("operator", "POST", "/accounts/app@box-1/rotate", { reason: "by the rules" });
    await expect.poll(() => device.shadow("app") === before, { timeout: 60_000 }).toBe(false);
    await settled("app@box-1");
    expect(await inForce("app")).toBe(true);
  }, 120_000);
  test("who works with a password does not lose it to a trial: their name is told, and nothing is sent", async () => {
    const id = (n: string) => w.caller(n).person.id, before = device.shadow("app");
    await putPolicy(w.core.deps, w.caller("operator"), { name: "shown", terms: { preset: "release", maxMinutes: 60 }, binding: { targets: ["box-1"], requesters: [id("requester")], approvers: [id("approver")] } });
    for (const c of await people.openChanges(w.core.deps.db)) await confirmChange(w.core.deps, w.caller("auditor"), c.id);
    const request = await w.access("app@box-1");
    await w.ok("requester", "POST", `/requests/${request}/release`, {});
    const tried = await w.api("operator", "POST", "/platform-tests", { account: "app@box-1", change: true });
    expect([tried.status, tried.body["detail"]]).toEqual([409, expect.stringMatching(/^requester holds this account until /)]);
    expect(device.shadow("app")).toBe(before);
    await w.ok("requester", "POST", `/requests/${request}/give-back`, {});
    await expect.poll(() => device.shadow("app") === before, { timeout: 60_000 }).toBe(false);
    await settled("app@box-1");
  }, 120_000);
  test("a locked target is not tried either", async () => {
    const target = String((await w.ok("operator", "GET", "/targets/box-1"))["id"]), lock = await w.ok("operator", "POST", "/locks", { kind: "target", subject: target, reason: "looked into" });
    const tried = await w.api("operator", "POST", "/platform-tests", { account: "app@box-1", change: true });
    expect([tried.status, String(tried.body["detail"])]).toEqual([409, expect.stringMatching(/locked|looked into/)]);
    await w.ok("operator", "POST", `/locks/${String(lock["id"])}/lift`, { reason: "over" });
  });
  test("an edited text is another one: inert, and the target stays with the text it was bound to, also over a restart", async () => {
    const edited = `${text}# one more line\n`;
    await w.ok("second", "POST", "/command-sets", { text: edited });
    await w.down();
    await w.up();
    const before = device.shadow("app");
    await w.ok("operator", "POST", "/accounts/app@box-1/rotate", { reason: "the old text" });
    await expect.poll(() => device.shadow("app") === before, { timeout: 60_000 }).toBe(false);
    await settled("app@box-1");
    expect(await inForce("app")).toBe(true);
    expect(await w.ok("operator", "GET", "/targets/box-1")).toMatchObject({ settings: { version: hash } });
  }, 120_000);
  test("a trial that has to wait leaves a row at once, goes on by itself, and keeps what the device said then", async () => {
    await device.stop();
    const t = await w.ok("operator", "POST", "/platform-tests", { account: "app@box-1", change: true }), newest = async () => ((await w.ok("operator", "GET", "/platform-tests/box-1"))["items"] as never as Record<string, unknown>[])[0]!;
    expect(t).toMatchObject({ passed: false, changed: false, why: expect.stringMatching(/^not over yet, and going on by itself: waiting, .*refused/) });
    await device.start();
    await expect.poll(async () => (await newest())["passed"], { timeout: 60_000 }).toBe(true);
    const kept = await newest(), said = JSON.stringify(kept);
    expect(kept).toMatchObject({ id: t["id"], changed: true, why: "" });
    expect(said).toContain("passwd -a sha512 app");
    await settled("app@box-1");
    expect([await inForce("app"), said.includes(await w.vault("app@box-1"))]).toEqual([true, false]);
  }, 120_000);
});

describe("law: no-way-round-3 — another text of a draft is tried before anybody is managed by it again", () => {
  const standing = async (of: string): Promise<unknown> => (await w.ok("operator", "GET", `/accounts/${of}`))["standing"];
  const bind = async (version: string): Promise<void> => {
    const t = await w.ok("operator", "GET", "/targets/box-1"), settings = t["settings"] as never as Record<string, unknown>;
    const after = await w.ok("operator", "PATCH", "/targets/box-1", { settings: { ...settings, version } });
    await w.ok("second", "POST", "/targets/box-1/accept-identity", { identityHash: after["identityHash"] });
  };
  test("accepted and bound to, it leaves managed accounts unproven: not handed out, not changed, not freed by hand; a lock that ends gives none back", async () => {
    const edited = `${text}# two more lines\n`, made = await w.ok("second", "POST", "/command-sets", { text: edited }), before = device.shadow("app");
    await w.ok("operator", "POST", `/command-sets/${String(made["hash"])}/accept`, {});
    await bind(String(made["hash"]));
    expect([await standing("app@box-1"), await standing("root@box-1")]).toMatchObject([{ word: "blocked", why: "untried" }, { word: "blocked", why: "untried" }]);
    const request = await w.access("app@box-1"), shown = await w.api("requester", "POST", `/requests/${request}/release`, {});
    expect([shown.status, String(shown.body["detail"])]).toEqual([409, expect.stringContaining("a draft that was never tried on this device as it stands now")]);
    await w.ok("requester", "POST", `/requests/${request}/cancel`, {});
    const freed = await w.api("operator", "POST", "/accounts/app@box-1/block", { block: "none", reason: "" });
    expect([freed.status, String(freed.body["detail"])]).toEqual([409, expect.stringContaining("never tried on this device")]);
    const id = String((await w.ok("operator", "GET", "/accounts/app@box-1"))["id"]), lock = await w.ok("operator", "POST", "/locks", { kind: "account", subject: id, reason: "looked into" });
    await w.ok("operator", "POST", `/locks/${String(lock["id"])}/lift`, { reason: "over" });
    expect(await standing("app@box-1")).toMatchObject({ word: "blocked", why: "untried" });
    await w.ok("operator", "POST", "/accounts/app@box-1/rotate", { reason: "by the rules" });
    await new Promise((r) => { setTimeout(r, 1_500); });
    expect(device.shadow("app")).toBe(before);
    expect((await w.events("account.blocked")).some((e) => JSON.stringify(e).includes("untried"))).toBe(true);
  }, 120_000);
  test("forms say so where it could be chosen: an access policy names the target", async () => {
    const tried = await w.ok("operator", "POST", "/policies/try", { name: "x", terms: { preset: "release" }, binding: { targets: ["box-1"], requesters: [], approvers: [] } });
    expect(tried["untried"]).toEqual(["box-1"]);
  });
  test("a trial takes up the change that waits for it, and frees every account of the target", async () => {
    const before = device.shadow("app"), t = await w.ok("operator", "POST", "/platform-tests", { account: "app@box-1", change: true });
    expect(t).toMatchObject({ passed: true, changed: true });
    await settled("app@box-1");
    expect([device.shadow("app") === before, await inForce("app"), await standing("root@box-1")]).toMatchObject([false, true, { word: "available" }]);
  }, 120_000);
  test("a release that brings another text of a shipped draft is noticed at the next start", async () => {
    await w.core.deps.db.transaction(async (tx) => { await tx.q.execute("update platform_tests set text_hash = 'another'" as never); });
    await w.down();
    await w.up();
    expect(await standing("app@box-1")).toMatchObject({ word: "blocked", why: "untried" });
  }, 120_000);
});
