/** Every wrong way in, by the stock client. Rule: one sentence, the right exit code, an event, and the password on the host is still ours. */
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import path from "node:path";
import { sql } from "drizzle-orm";
import { Secret as TotpKey, TOTP } from "otpauth";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as accounts from "../../src/store/accounts.ts";
import { newKeyPair } from "../../src/wires/ssh.ts";
import { freePort } from "../lab/ports.ts";
import { until, word, world, type World } from "./world.ts";

let w: World;
beforeAll(async () => { w = await world({ accounts: 2 }); }, 180_000);
afterAll(async () => { await w?.close(); });

const said = async (account: string, o: Parameters<World["run"]>[2] = {}) => { const r = await w.run(account, ["id"], o); return { code: r.code, out: r.out, err: r.err.trim() }; };
const refused = (sentence: string) => ({ code: 255, out: "", err: `lockstep: ${sentence}` });
const NOT_ASKED = "You have no approved request for this account. Ask for it in the portal or with: lockstep ask";
/** With the page where it goes on. */
const at = (sentence: string, page: string) => refused(`${sentence} Page: ${w.origin}${page}`);
const UNKNOWN = "There is no such account, or no policy lets you ask for it.";

describe("not logged in", () => {
  test("a name nobody can read, an unknown person, a key of nobody and a wrong password read the same", async () => {
    const stray = path.join(w.home, "stray"), wrong = { key: null, options: ["-o", "NumberOfPasswordPrompts=1", "-o", "PreferredAuthentications=password"], answers: [word()] };
    writeFileSync(stray, newKeyPair().private, { mode: 0o600 });
    for (const r of [
      await said("", { user: "Requester@@@web-1" }), await said("", { user: "requester@root" }), await said("", { user: "nobody@root@web-1", key: stray }), await said(w.account(0), { key: stray }), await said(w.account(0), wrong),
    ]) {
      expect(r).toMatchObject({ code: 255, out: "" });
      expect(r.err.split("\n").at(-1)).toMatch(/Permission denied \(publickey,keyboard-interactive,password\)\.$/);
    }
    expect((await w.events("login.refused")).map((e) => e["why"]).sort()).toEqual(["unknown key", "unknown name", "unknown name", "unknown name", "wrong password"]);
  });
  test("an approver logs in by password and code; a wrong code is told and nobody is in", async () => {
    const { password, totp } = w.who["chief"]!, code = () => new TOTP({ secret: TotpKey.fromBase32(totp!) }).generate(), id = await w.access(w.account(0), "chief", 10);
    const how = (answers: string[]) => ({ who: "chief", key: null, options: ["-o", "LogLevel=INFO", "-o", "PreferredAuthentications=keyboard-interactive", "-o", "NumberOfPasswordPrompts=1"], answers });
    const wrong = code() === "000000" ? "111111" : "000000", bad = await said(w.account(0), how([password, wrong]));
    expect(bad).toMatchObject({ code: 255, out: "" });
    expect(bad.err).toMatch(/This code is wrong or was used before/);
    const good = await w.run(w.account(0), ["id -un"], how([password, code()]));
    expect([good.code, good.out]).toEqual([0, `${w.names[0]!}\n`]);
    expect((await w.ended(id))["why"]).toBe("client_closed");
    await w.ok("chief", "POST", `/requests/${id}/give-back`, {});
  });
});

describe("logged in, not let through", () => {
  test("an account that does not exist and one that no policy gives read the same", async () => {
    const ghost = await said("ghost@web-1"), nowhere = await said("root@nowhere"), foreign = await said(w.account(0), { who: "outsider" });
    expect([ghost, nowhere, foreign]).toEqual([refused(UNKNOWN), refused(UNKNOWN), refused(UNKNOWN)]);
    const [a, b] = [await w.api("outsider", "POST", "/requests", { account: "ghost@web-1", minutes: 5, reason: "try" }), await w.api("outsider", "POST", "/requests", { account: w.account(0), minutes: 5, reason: "try" })];
    expect([a.status, a.body["detail"]]).toEqual([404, UNKNOWN]);
    expect([b.status, b.body["detail"]]).toEqual([404, UNKNOWN]);
  });
  test("no account named, nothing asked, still waiting", async () => {
    expect(await said("", { user: "requester" })).toEqual(refused("Name the account and the target: ssh person@account@target@broker. The menu needs a terminal: ssh -t person@broker, without a command."));
    await w.settled(w.account(1));
    expect(await said(w.account(1))).toEqual(at(NOT_ASKED, `/ask/${w.account(1)}`));
    const id = await w.ask(w.account(1));
    expect(await said(w.account(1))).toEqual(at(`Your request ${id} is still waiting for approval.`, `/requests/${id}`));
    await w.ok("requester", "POST", `/requests/${id}/cancel`, {});
  });
  test("exit codes and end of input pass; another's hold, the time over and a give-back do not", async () => {
    const before = await w.host.shadow(w.names[1]!), id = await w.access(w.account(1));
    const first = await w.run(w.account(1), ["cat; echo out; echo err >&2; exit 7"]);
    expect([first.code, first.out, first.err]).toEqual([7, "out\n", "err\n"]);
    await w.rotated(1, before);
    const rival = await w.access(w.account(1), "rival"), held = await said(w.account(1), { who: "rival" });
    expect(held).toMatchObject({ code: 255, out: "" });
    expect(held.err).toMatch(/holds this account|held by|in use/i);
    await w.core.deps.db.q.execute(sql`update requests set until = now() - interval '1 second' where id = ${id}`);
    w.core.deps.bus.publish("deadlines");
    await until("the checkout expired", async () => (await w.ok("requester", "GET", `/requests/${id}`))["state"] === "closed");
    await w.settled(w.account(1));
    expect(await said(w.account(1))).toEqual(at(NOT_ASKED, `/ask/${w.account(1)}`));
    expect((await w.run(w.account(1), ["true"], { who: "rival" })).code).toBe(0);
    await w.ok("rival", "POST", `/requests/${rival}/give-back`, {});
    await w.settled(w.account(1));
    expect(await said(w.account(1), { who: "rival" })).toEqual(at(NOT_ASKED, `/ask/${w.account(1)}`));
  });
  test("a disabled person", async () => {
    await w.ok("operator", "PATCH", "/people/rival", { disabled: true });
    expect(await said(w.account(1), { who: "rival" })).toMatchObject({ code: 255, err: expect.stringMatching(/Permission denied/) });
    await w.ok("operator", "PATCH", "/people/rival", { disabled: false });
  });
});

test("-L, -R, -A: refused with a sentence and an event; the command still runs", async () => {
  await w.settled(w.account(0));
  const id = await w.access(w.account(0));
  const port = await freePort(), agent = w.ssh(w.account(0), ["echo up; cat; echo $SSH_AUTH_SOCK"], { stdin: "open", options: ["-A", "-R", "0:127.0.0.1:1", "-L", `${port}:127.0.0.1:22`] });
  await agent.up("up\n");
  await new Promise<void>((resolve) => { const s = connect(port, "127.0.0.1").on("close", () => { resolve(); }).on("error", () => undefined); s.resume(); });
  agent.child.stdin!.end();
  expect(await agent.exit).toMatchObject({ code: 0, out: "up\n\n" });
  const session = await w.ended(id), whats = (await w.events("session.event")).filter((e) => (e["about"] as Record<string, unknown>)["session"] === session["id"] && e["outcome"] === "refused").map((e) => (e["facts"] as Record<string, unknown>)["what"]);
  // -R was asked for before there was a session: the broker itself refused it and wrote it down.
  const before = (await w.events("connection.refused")).map((e) => (e["facts"] as Record<string, unknown>)["refused"]);
  expect([...whats, ...before]).toEqual(expect.arrayContaining(["direct-tcpip", "forwarded-tcpip"]));
  await w.ok("requester", "POST", `/requests/${id}/give-back`, {});
});

test("no session at all: sftp, -W, no account named, not asked — each is an event of the person, once a connection", async () => {
  const before = (await w.events("connection.refused")).length, port = await freePort();
  await w.run(w.account(1), [`requester@${w.account(1)}@127.0.0.1`], { program: "sftp" });
  await w.run(w.account(1), [], { options: ["-W", "127.0.0.1:22"] });
  expect(await said("", { user: "requester" })).toMatchObject({ code: 255, out: "" });
  expect(await said(w.account(1))).toEqual(at(NOT_ASKED, `/ask/${w.account(1)}`));
  const many = w.ssh(w.account(1), [], { options: ["-N", "-o", "ExitOnForwardFailure=no", "-L", `${port}:127.0.0.1:22`] });
  const knock = () => new Promise<boolean>((resolve) => { const s = connect(port, "127.0.0.1").on("connect", () => { s.resume(); }).on("close", (broken) => { resolve(!broken); }).on("error", () => undefined); });
  await until("the forward listens", knock);
  for (let i = 0; i < 30; i++) await knock();
  many.child.kill();
  const told = await until("five events", async () => { const all = (await w.events("connection.refused")).slice(0, -before || undefined); return all.length >= 5 ? all : null; });
  const account = (await accounts.named(w.core.deps.db, w.account(1)))!, me = w.caller("requester").person;
  expect(told.map((e) => (e["facts"] as Record<string, unknown>)["refused"]).sort()).toEqual(["direct-tcpip", "direct-tcpip", "exec", "exec without an account", "sftp"]);
  for (const e of told) expect(e).toMatchObject({ outcome: "refused", who: { kind: "person", id: me.id, name: "requester", means: "ssh", address: "127.0.0.1" } });
  expect(told.filter((e) => (e["about"] as Record<string, unknown>)["account"] === account.id).length).toBe(4);
  expect(told.find((e) => (e["facts"] as Record<string, unknown>)["refused"] === "exec")).toMatchObject({ why: NOT_ASKED, facts: { to: w.account(1) } });
});

test("after all of it: nothing is lost", async () => {
  await w.settled(w.account(0));
  await w.settled(w.account(1));
  expect(await w.lost()).toEqual([]);
});
