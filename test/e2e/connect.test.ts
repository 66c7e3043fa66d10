/** `lockstep connect` as a person meets it: at a terminal, with the stock client behind it. Rule: its exit status is ssh's own. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { program } from "../lab/program.ts";
import { atTty, type TtyOptions } from "./tty.ts";
import { until, world, type World } from "./world.ts";

let w: World;
beforeAll(async () => { w = await world({ accounts: 1 }); }, 240_000);
afterAll(async () => { await w?.close(); });

const MAIN = await program("src/main.ts");
const lockstep = (args: readonly string[], o: TtyOptions = {}) => atTty(w.home, [process.execPath, MAIN, ...args],
  { ...o, env: { LOCKSTEP_URL: w.origin, LOCKSTEP_TOKEN: w.who["requester"]!.token, ...o.env } });
const pending = () => until("a request waits", async () => ((await w.ok("approver", "GET", "/requests?waiting=true"))["items"] as unknown as { id: string }[])[0]?.id);
const ssh = () => ["-i", w.who["requester"]!.key, "-o", "IdentitiesOnly=yes", "-o", "LogLevel=ERROR"];

test("asks what the flags do not say, waits, opens the session with the broker's key pinned, and passes the exit status on", async () => {
  const first = await w.host.shadow(w.names[0]!), t = lockstep(["connect", w.account(0), ...ssh()]);
  await t.see("For how long? [1 h, at most 2 h]", 60_000);
  t.type("15m\r");
  await t.see("Why?");
  t.type("look at nginx\r");
  await t.see("0 of 1 votes; asked: approver");
  const id = await pending();
  expect(await w.ok("approver", "GET", `/requests/${id}`)).toMatchObject({ asked: 15, reason: "look at nginx" });
  await w.ok("approver", "POST", `/requests/${id}/vote`, { decision: "approve" });
  await t.see("$ ", 60_000);
  t.type("exit 9\r");
  expect(await t.exit).toBe(9);
  expect(t.screen()).not.toMatch(/authenticity of host|Permanently added/);
  await w.rotated(0, first);
  const second = await w.host.shadow(w.names[0]!), again = lockstep(["connect", w.account(0), ...ssh(), "--", "echo", "held; exit 3"]);
  await again.see("held", 60_000);
  expect(await again.exit, "held already: nobody is asked again").toBe(3);
  await w.rotated(0, second);
  const shown = lockstep(["connect", w.account(0), "--print", "--json"]);
  const line = (await shown.see(/\{.*\}/, 60_000)).trim(), { command, request } = JSON.parse(line.slice(line.indexOf("{"))) as { command: string[]; request: string };
  expect([request, command.slice(0, 3), command.slice(-3)]).toEqual([id, ["ssh", "-p", String(w.sshPort)], [`requester@${w.account(0)}`, "--", "127.0.0.1"]]);
  await w.ok("requester", "POST", `/requests/${id}/give-back`, {});
  await w.settled(w.account(0));
}, 300_000);

test("denied: the reason, and the exit code of a refusal; an unknown account; no terminal to ask at", async () => {
  const t = lockstep(["connect", w.account(0), "-m", "5", "-r", "again", ...ssh()]), id = await pending();
  await w.ok("approver", "POST", `/requests/${id}/vote`, { decision: "deny", reason: "not now" });
  await t.see("lockstep: Denied by approver: not now", 60_000);
  expect(await t.exit).toBe(3);
  const ghost = lockstep(["connect", "ghost@web-1"]);
  await ghost.see("There is no such account, or no policy lets you ask for it.", 60_000);
  expect(await ghost.exit).toBe(4);
  const left = lockstep(["connect", w.account(0)]);
  await left.see("For how long?", 60_000);
  left.type("\u0003");
  await left.see("Given up; nothing was done.");
  expect(await left.exit).toBe(2);
}, 300_000);
