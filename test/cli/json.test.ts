/** `--json` on every command, walked by the program's own tree. Rule: stdout holds JSON and nothing else, whatever came of it; a command that is added must be named here. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import type { Command } from "commander";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { programOf, runAt } from "../../src/cli/index.ts";
import type { Io } from "../../src/cli/io.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import * as people from "../../src/store/people.ts";
import { recorded } from "../web/recorded.ts";
import { openWorld, type Name, type World } from "./world.ts";

type Json = Record<string, unknown>;
type Done = { readonly code: number; readonly out: string; readonly err: string };
let w: World, home: string;
const tokens: Partial<Record<Name, string>> = {}, ids: Record<string, string> = {};
beforeAll(async () => {
  w = await openWorld(22_830);
  home = mkdtempSync(join(tmpdir(), "lockstep-json-"));
  for (const name of ["requester", "approver", "operator", "auditor", "outsider"] as const) tokens[name] = await w.token(name);
}, 120_000);
afterAll(async () => { await w?.close(); rmSync(home, { recursive: true, force: true }); });

const textOf = (s: PassThrough): string => (s.read() as Buffer | null)?.toString() ?? "";
const cli = async (as: Name | null, args: readonly string[], { stdin = "", env = {} }: { stdin?: string; env?: Record<string, string> } = {}): Promise<Done> => {
  const [input, stdout, stderr] = [new PassThrough(), new PassThrough({ highWaterMark: 1 << 24 }), new PassThrough({ highWaterMark: 1 << 24 })];
  input.end(stdin);
  const io = { env: { HOME: home, LOCKSTEP_URL: w.url, LOCKSTEP_DATA: join(home, "none"), ...(as ? { LOCKSTEP_TOKEN: tokens[as]! } : {}), ...env }, clock: systemClock, stdin: input, stdout, stderr } as unknown as Io;
  return { code: await runAt(io, args), out: textOf(stdout), err: textOf(stderr) };
};
const leaves = (c: Command, path: readonly string[] = []): [string, Command][] => (c.commands.length === 0 ? [[path.join(" "), c]] : c.commands.flatMap((x) => leaves(x, [...path, x.name()])));
const program = (): Command => programOf({ env: {}, clock: systemClock, stdin: process.stdin, stdout: process.stdout, stderr: process.stderr });
/** The command that a line means. */
const pathOf = (words: readonly string[]): string => {
  let at = program(), path = "";
  for (const word of words) {
    const next = at.commands.find((c) => c.name() === word);
    if (!next) break;
    [at, path] = [next, path === "" ? word : `${path} ${word}`];
  }
  return path;
};
const lines = (text: string): Json[] => text.trimEnd().split("\n").map((l) => JSON.parse(l) as Json);
/** One JSON value, or one a line where the format is that. */
const MANY = new Set(["audit export", "sessions raw", "play"]);

/** As a person would go through it, so that there is something to list. `{name}`: kept by an earlier line. `stdin`, where a secret is read from it. */
type Step = readonly [as: Name, line: string, keep?: (answer: Json) => Record<string, unknown>, stdin?: string];
const first = (name: string) => ({ items }: Json): Record<string, unknown> => ({ [name]: (items as Json[])[0]!["id"] });
const nothing = () => ({});
const id = (name: string) => (a: Json): Record<string, unknown> => ({ [name]: a["id"] });
const POLICY = { name: "sessions", terms: { preset: "session", maxMinutes: 60, review: true }, binding: { requesters: [] as string[], approvers: [] as string[], targets: ["web-1"] } };
const ACCESS: readonly Step[] = [
  ["requester", "me"], ["requester", "search web"], ["requester", "accounts list"], ["requester", "accounts show root@web-1"], ["auditor", "accounts history root@web-1"],
  ["requester", "ask root@web-1 -m 20 -r why", id("req")], ["approver", "requests list --waiting"], ["approver", "requests show {req}"], ["approver", "approve {req}"], ["requester", "release {req}"],
  ["auditor", "requests story {req}"], ["requester", "give-back {req} --wait"], ["auditor", "requests certificate {req}"], ["auditor", "rotations list", first("rot")], ["auditor", "rotations show {rot}"],
  ["requester", "ask root@web-1 -m 5 -r again", id("req")], ["requester", "cancel {req}"], ["requester", "ask root@web-1 -m 5 -r again", id("req")], ["approver", "deny {req} -r reason"],
  ["requester", "ask root@web-1 -m 5 -r again", id("req")], ["approver", "approve {req}"], ["operator", "revoke {req} -r enough"],
];
const SESSION: readonly Step[] = [
  ["operator", "policies put {home}/policy.json", id("pol")], ["operator", "policies list"], ["operator", "policies show sessions"], ["operator", "policies try {home}/policy.json"], ["auditor", "changes"],
  ["requester", "ask root@web-1 -m 30 -r session -p sessions", id("live")], ["approver", "approve {live}"], ["requester", "connect root@web-1 --print"],
];
const RECORDING: readonly Step[] = [
  ["auditor", "sessions list"], ["auditor", "sessions show {ses}"], ["auditor", "sessions events {ses}"], ["auditor", "sessions transcript {ses}"], ["auditor", "sessions raw {ses} -r why"], ["auditor", "play {ses}"], ["auditor", "sessions list --search apple"],
  ["auditor", "audit list"], ["auditor", "audit export"], ["auditor", "audit export -o {home}/audit.jsonl"], ["auditor", "audit verify {home}/audit.jsonl"], ["auditor", "audit check"], ["auditor", "exposures list"], ["operator", "exposures rotate requester"],
];
const CHANGES: readonly Step[] = [
  ["operator", "accounts add app@web-1", id("app")], ["operator", "accounts change app@web-1 --tag a"], ["operator", "accounts declare app@web-1 --password-stdin", nothing, "Typed-By-Hand-1x"], ["operator", "accounts disable app@web-1 -r reason"], ["operator", "accounts free app@web-1"],
  ["operator", "accounts lock app@web-1 -r reason"], ["operator", "accounts free app@web-1"], ["operator", "accounts adopt app@web-1"],
  ["operator", "preflight root@web-1"], ["operator", "verify root@web-1"], ["operator", "rotate root@web-1"], ["operator", "passwd root@web-1 --generate"], ["operator", "several verify root@web-1 --dry-run"], ["operator", "several rotate root@web-1 --dry-run"],
  ["operator", "several block root@web-1 --dry-run -r reason"], ["operator", "bulk start root@web-1"], ["operator", "bulk start root@web-1 -r reason --yes", id("blk")], ["operator", "bulk list"],
  ["operator", "bulk show {blk}"], ["operator", "bulk told {blk}"], ["operator", "schedules add nightly -a root@web-1 --once 2099-01-01T02:00 -r reason", id("sch")], ["operator", "schedules list"], ["operator", "schedules calendar"], ["operator", "schedules show {sch}"],
  ["operator", "schedules edit {sch} -r other"], ["operator", "schedules pause {sch}"], ["operator", "schedules resume {sch}"], ["operator", "schedules end {sch}"], ["operator", "import --template csv"], ["operator", "import {home}/hosts.json --dry-run"],
];
const THINGS: readonly Step[] = [
  ["operator", "targets list"], ["operator", "targets show web-1"], ["operator", "targets edit web-1 --tag a"], ["operator", "targets set-admin web-1 root"], ["operator", "targets test web-1"], ["operator", "targets lock web-1"], ["operator", "targets unlock web-1"],
  ["operator", "adoption-rules list"], ["operator", "adoption-rules add svc-* --ignore -r reason --yes", id("rul")], ["operator", "adoption-rules end {rul}"], ["operator", "collections add eu web-1"], ["operator", "collections list"], ["operator", "collections show eu"],
  ["operator", "collections set eu root@web-1"], ["operator", "collections remove eu"], ["operator", "groups add team requester"], ["operator", "groups list"], ["operator", "groups show team"], ["operator", "groups set team approver"],
  ["operator", "people list"], ["operator", "people add ada"], ["operator", "people change ada --full-name Ada"], ["operator", "people keys add requester {home}/key.pub", (a) => ({ key: a["fingerprint"] })], ["requester", "people keys list"],
  ["operator", "people keys remove requester {key}"], ["operator", "password-policies list"], ["operator", "password-policies show strong"], ["operator", "password-policies put own {home}/own.json"], ["operator", "password-policies bind web-1 own"],
  ["operator", "password-policies bind web-1"], ["operator", "password-policies remove own"], ["auditor", "violations"], ["operator", "lock person outsider -r reason", id("lck")], ["operator", "locks"], ["operator", "unlock {lck}"],
  ["requester", "token make reader", (a) => ({ tok: (a["token"] as Json)["id"] })], ["requester", "token list"], ["requester", "token revoke {tok}"], ["auditor", "doctor --remote"],
  ["operator", "notices list"], ["operator", "notices mine"], ["operator", "notices rules add --person auditor", id("nrl")], ["operator", "notices rules list"], ["operator", "notices rules remove {nrl}"],
  ["operator", "webhooks add ops --url-stdin", nothing, "https://ops.example.org/x"], ["operator", "webhooks list"], ["operator", "webhooks change ops --off"], ["operator", "webhooks remove ops"],
  ["operator", "platform list"], ["operator", "platform show busybox"], ["operator", "platform new"], ["operator", "platform records"], ["operator", "platform tests web-1"], ["operator", "dependents list root@web-1"], ["operator", "dependents runs"],
  ["operator", "agent list"], ["operator", "agent tokens"], ["operator", "agent broker-keys"], ["operator", "completion bash"], ["operator", "config check"], ["operator", "logout"],
];
/** Seen only where they refuse, and why. */
const REFUSING = {
  "another target, product or process would have to be there": ["login", "targets add", "targets desktop", "targets accept-identity", "discover", "sessions end", "notices test", "notices redeliver", "webhooks test", "platform record", "platform recorded", "platform allow", "platform drop",
    "platform accept", "platform test", "agent enroll", "agent end-token", "agent show", "agent doctor", "agent pause", "agent resume", "agent revoke", "agent delete", "agent map", "agent give", "agent allow", "agent roll-key", "agent roll-broker-key", "agent retire-broker-key", "dependents service", "dependents file", "dependents steps", "dependents logon",
    "dependents accept", "dependents up", "dependents down", "dependents test", "dependents remove", "dependents again", "dependents skip"],
  "a change would have to have gone wrong, or not to be over yet": ["rotations again", "rotations keep", "rotations stop", "rotations tell", "bulk pause", "bulk resume", "bulk stop", "bulk retry", "confirm"],
  "nobody here has a second factor": ["people reset-factor"],
  "the broker would have to be stopped": ["init", "backup", "restore", "selftest rotate"],
} as const;
/** Runs until it is stopped; ordered by the program itself. */
const NEVER = ["serve", "selftest step"];
/** Need no broker. */
const ALONE = ["logout", "config check", "doctor"];

const covered = new Set<string>();
const walk = (steps: readonly Step[]) => async (): Promise<void> => {
  const wrong: unknown[] = [];
  for (const [as, line, keep, stdin] of steps) {
    const words = line.split(" ").map((word) => word.replace(/\{(\w+)\}/g, (_, name: string) => ids[name]!)), path = pathOf(words), done = await cli(as, [...words, "--json"], stdin === undefined ? {} : { stdin });
    if (done.code !== 0) { wrong.push([line, done.code, done.out, done.err]); continue; }
    const said = lines(done.out);
    if (!MANY.has(path) && said.length !== 1) wrong.push([line, done.out]);
    for (const [name, value] of Object.entries(keep?.(said[0]!) ?? {})) ids[name] = String(value);
    covered.add(path);
  }
  expect(wrong).toEqual([]);
};

describe("what there is", () => {
  beforeAll(async () => {
    ids["home"] = home;
    const requester = (await people.find(w.core.deps.db, w.ids.requester))!, policy = { ...POLICY, binding: { ...POLICY.binding, requesters: [requester.id], approvers: [w.ids.approver] } };
    writeFileSync(join(home, "policy.json"), JSON.stringify(policy));
    writeFileSync(join(home, "hosts.json"), JSON.stringify([{ target: "web-5", platform: "paper", host: "127.0.0.1" }]));
    writeFileSync(join(home, "key.pub"), "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE9aXyQyYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJi ada\n");
    writeFileSync(join(home, "own.json"), (await cli("operator", ["password-policies", "show", "strong", "--json"])).out);
  });
  test("asked for, used, given back", walk(ACCESS), 120_000);
  test("a policy, and a session under it", async () => {
    await walk(SESSION)();
    const { deps, places } = w.core, person = (await people.find(deps.db, w.ids.requester))!;
    ids["ses"] = await recorded({ deps, places }, { person, address: "127.0.0.1", means: "ssh" }, "root", "web-1", [[0, "$ "], [400, "echo apple"], [800, "\r\n"], [801, "apple\r\n"]]);
    await walk(RECORDING)();
    await walk([["requester", "give-back {live} --wait"], ["approver", "review {live} -v fine"]])();
  }, 120_000);
  test("accounts, changes of passwords, many at once", walk(CHANGES), 120_000);
  test("everything else that is kept", walk(THINGS), 120_000);
});

describe("what is refused", () => {
  const ERROR = { error: { code: expect.any(String) as string, message: expect.stringMatching(/\S/) as string } };
  test("every command says so as JSON, in one line, and to people on stderr", async () => {
    const env = { LOCKSTEP_URL: "http://127.0.0.1:1" }, seen: string[] = [];
    for (const [path, c] of leaves(program())) {
      if ([...NEVER, ...ALONE].includes(path)) continue;
      const options = c.options.filter((o) => o.mandatory).flatMap((o) => [o.long!, "x"]), args = [...path.split(" "), ...c.registeredArguments.filter((a) => a.required).map(() => "x"), ...options, "--json"];
      const { code, out, err } = await cli("operator", path === "platform new" ? [...args, "x"] : args, { env });
      expect([path, code > 0, lines(out)], err).toEqual([path, true, [ERROR]]);
      expect([path, err], "a person reads it too").toEqual([path, expect.stringMatching(/^(lockstep: |[^{]*\nlockstep: )\S/)]);
      seen.push(path);
    }
    expect(seen.length).toBeGreaterThan(140);
  }, 120_000);
  test.each([["forbidden", "requester", "audit list", 3], ["not_found", "requester", "requests show req_00000000000000000000", 4], ["invalid", "requester", "ask root@web-1 -m many", 2], ["invalid", "requester", "requests show", 2],
    ["invalid", "requester", "ask --nonsense", 2], ["invalid", "requester", "accounts", 2], ["invalid", "auditor", "audit export -f csv", 2]] as const)("%s: %s, %s", async (code, as, line, exit) => {
    const done = await cli(as, [...line.split(" "), "--json"]);
    expect([done.code, lines(done.out)]).toEqual([exit, [{ error: { ...ERROR.error, code } }]]);
  });
  test("who asks for no JSON gets none; what stands behind -- asks for none", async () => {
    for (const line of ["audit list", "ask --nonsense", "connect x -- --json"]) expect([line, (await cli("requester", line.split(" "))).out]).toEqual([line, ""]);
  });
  test("an answer that is not all good is the answer, once", async () => {
    const args = ["several", "unblock", "root@web-1", "--dry-run"], done = await cli("operator", [...args, "--json"]);
    expect([done.code, done.err, lines(done.out)]).toEqual([5, expect.stringContaining("1 of 1 would be left alone"), [{ items: [expect.objectContaining({ ok: false, said: "it is not blocked" })] }]]);
    covered.add(pathOf(args));
  });
});

test("every command of the program is among them", () => {
  const refusing = Object.values(REFUSING).flat() as string[], all = leaves(program()).map(([path]) => path);
  expect(all.filter((path) => !covered.has(path) && !refusing.includes(path) && !NEVER.includes(path))).toEqual([]);
  expect([...refusing, ...NEVER].filter((path) => !all.includes(path) || covered.has(path))).toEqual([]);
});
