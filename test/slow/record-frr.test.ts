/** A change of a FRRouting daemon's own passwords, shown by hand with `lockstep platform record` at a real terminal's other end, and its draft run on a second daemon. Rule: what is in force is read from the daemons' saved configuration. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hostless } from "../e2e/hostless.ts";
import { patient } from "../e2e/times.ts";
import type { World } from "../e2e/world.ts";
import { router, type Router } from "../lab/frr.ts";
import { program } from "../lab/program.ts";

const FIRST = "First-vty-Pw-1", MAIN = await program("src/main.ts");
let one: Router, two: Router, w: World, dir: string;
beforeAll(async () => {
  dir = mkdtempSync(path.join(tmpdir(), "lockstep-frr-"));
  [one, two] = await Promise.all(["rtr-a", "rtr-b"].map((name) => router({ name, vtyPassword: FIRST, adminPassword: "Net-Admin-Pw-1!" }))) as [Router, Router];
  w = await hostless({ over: { times: { ...patient(0.2), closureFirst: 300, closureSecond: 900, probeWindow: 3_000, demonstrationOpen: 60_000 } } });
}, 120_000);
afterAll(async () => { await w?.close(); await one?.destroy(); await two?.destroy(); rmSync(dir, { recursive: true, force: true }); });

const add = async (name: string, r: Router, platform: string): Promise<void> => {
  await w.ok("operator", "POST", "/targets", { name, platform, host: "127.0.0.1", port: r.vtyPort, settings: { over: "telnet", plaintext: true } });
  await w.ok("operator", "POST", "/accounts", { target: name, login: "vty", password: FIRST });
};
const saved = async (r: Router, pw: string): Promise<boolean> => { const lines = (await r.saved()).split("\n"); return lines.includes(`password ${pw}`) && lines.includes(`enable password ${pw}`); };
const LINES = ["{{present}}", "enable", "{{present}}", "configure termnal", "configure terminal", "enable password {{new}}", "password {{new}}", "end", "write memory", "exit", ":done"];
const recorded = (account: string, out: string): Promise<{ code: number | null; err: string }> => new Promise((done) => {
  const child = spawn(process.execPath, [MAIN, "platform", "record", account, "--reason", "a router nobody wrote a set for", "--out", out],
    { env: { PATH: process.env["PATH"], HOME: dir, LOCKSTEP_URL: w.origin, LOCKSTEP_TOKEN: w.who["operator"]!.token }, stdio: ["pipe", "ignore", "pipe"] });
  let err = "";
  child.stderr.on("data", (c: Buffer) => { err += c.toString(); });
  child.on("close", (code) => { done({ code, err }); });
  child.stdin.end(`${LINES.join("\n")}\n`);
});

test("law: secrets-one-door — shown at the command line, settled by a login, and another daemon is rotated by the draft; no password on the screen or in the draft", async () => {
  await add("rtr-1", one, "cli:any-device");
  const out = path.join(dir, "rtr.yaml"), going = recorded("vty@rtr-1", out);
  const asked = await expect.poll(async () => ((await w.ok("second", "GET", "/demonstrations"))["items"] as unknown as { id: string; state: string }[])[0]?.state, { timeout: 30_000 }).toBe("asked")
    .then(async () => ((await w.ok("second", "GET", "/demonstrations"))["items"] as unknown as { id: string }[])[0]!.id);
  await w.ok("second", "POST", `/demonstrations/${asked}/allow`, {});
  const ran = await going;
  expect([ran.code, ran.err]).toEqual([0, expect.stringContaining("changed: a login proved it")]);
  const pw = await w.vault("vty@rtr-1"), draft = readFileSync(out, "utf8");
  expect([await saved(one, pw), await saved(one, FIRST)]).toEqual([true, false]);
  const said = readFileSync(`${out}.transcript`, "utf8");
  expect(said).toContain("→ enable password [new password]");
  for (const secret of [pw, FIRST]) expect([draft, ran.err, said].some((text) => text.includes(secret))).toBe(false);
  expect(draft).not.toContain("termnal\n");
  const made = await w.ok("operator", "POST", "/command-sets", { text: draft });
  await w.ok("second", "POST", `/command-sets/${String(made["hash"])}/accept`, {});
  await add("rtr-2", two, String(made["platform"]));
  expect(await w.ok("operator", "POST", "/platform-tests", { account: "vty@rtr-2", change: true })).toMatchObject({ why: "", passed: true, changed: true });
  await w.settled("vty%40rtr-2");
  expect([await saved(two, await w.vault("vty@rtr-2")), await saved(two, FIRST)]).toEqual([true, false]);
}, 180_000);
