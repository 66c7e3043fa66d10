/** What needs no process: every command has an example, tables align, recorded escapes are filtered, a chain is checked. */
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { checkChain } from "../../src/cli/chain.ts";
import { programOf } from "../../src/cli/index.ts";
import { plainJson, type Io } from "../../src/cli/io.ts";
import { safely } from "../../src/cli/play-safe.ts";
import { covered } from "../../src/cli/sessions.ts";
import { relative, table } from "../../src/cli/print.ts";
import { systemClock } from "../../src/kernel/clock.ts";

const io: Io = { env: {}, clock: systemClock, stdin: process.stdin, stdout: process.stdout, stderr: process.stderr };
const leaves = (c: Command): Command[] => (c.commands.length === 0 ? [c] : c.commands.flatMap(leaves));
const helpOf = (c: Command): string => { let text = ""; c.configureOutput({ writeOut: (t) => { text += t; } }).outputHelp(); return text; };

describe("commands", () => {
  const all = leaves(programOf(io));
  test("all of the brief are there", () => {
    const names = programOf(io).commands.map((c) => c.name());
    for (const name of ["login", "ask", "approve", "deny", "cancel", "release", "give-back", "rotate", "verify", "accounts", "targets", "requests", "sessions", "play", "audit", "people", "policies", "changes", "confirm", "doctor", "backup", "restore", "serve", "init", "config", "token"]) expect(names).toContain(name);
  });
  test.each(all.map((c) => [c.name(), c] as const))("%s has an example", (name, c) => { expect(helpOf(c)).toMatch(new RegExp(`Example:\\n  \\$ .*lockstep .*${name}`)); });
  test("no option takes a password", () => {
    for (const c of all) for (const o of c.options) if (/password|token|secret/i.test(o.long ?? "")) expect([c.name(), o.long, o.required || o.optional]).toEqual([c.name(), o.long, false]);
  });
});

describe("print", () => {
  const now = new Date("2026-01-01T12:00:00Z"), at = (ms: number) => new Date(now.getTime() + ms).toISOString();
  test.each([[0, "now"], [25 * 60_000, "in 25 min"], [-3 * 3_600_000, "3 h ago"], [-2 * 86_400_000, "2 d ago"], [999, "now"], [1_000, "in 1 s"]])("relative %i", (ms, text) => { expect(relative(at(ms), now)).toBe(text); });
  test("columns align; no rows say what to do", () => {
    expect(table(["a", "bb"], [["long one", 1], ["x", null]], "none")).toBe("A         BB\nlong one  1\nx         -");
    expect(table(["a"], [], "Add one.")).toBe("Add one.");
  });
  test("others' text does not steer the terminal", () => {
    // eslint-disable-next-line no-control-regex
    expect(table(["a"], [["\u001b]0;title\u0007\u009b31m\u202e"]], "")).not.toMatch(/[\u001b\u0007\u009b\u202e]/);
    const json = JSON.stringify({ a: "\u009b31m\u202e" });
    expect(plainJson(json)).not.toMatch(/[\u009b\u202e]/);
    expect(JSON.parse(plainJson(json))).toEqual({ a: "\u009b31m\u202e" });
  });
});

describe("coverage", () => {
  const flow = (bytes: number, recorded: number) => ({ bytes, recorded }), none = flow(0, 0);
  test("score, gaps, what was refused, and forwards among the channels", () => {
    const channels = [{ channel: 1, kind: "direct-tcpip", record: "digest", to: "db-1:5432", exit: null, sums: 1, in: flow(40, 0), out: flow(60, 10), err: none }];
    const said = covered({ coverage: { percent: "90 %", proxied: 100, recorded: 10, covered: 90, gaps: [{ channel: 1, what: "output: counted only", bytes: 10 }], refused: { x11: 1, "agent\u001b": 3 }, channels } });
    expect(said.split("\n")).toEqual([
      "coverage  90 %: 90 of 100 bytes are recorded or under a digest, 10 byte for byte", "gap       channel 1: output: counted only, 10 bytes", "refused   x11", "refused   agent\ufffd, 3 times",
      expect.stringMatching(/^CHANNEL +KIND/), expect.stringMatching(/^1 +direct-tcpip +db-1:5432 +40 +60 +10 +digest +-$/),
    ]);
    expect(covered({ coverage: null })).toBe("coverage  not counted yet");
  });
});

describe("play", () => {
  const E = "\u001b";
  test.each([
    ["colours and cursor stay", `${E}[1;31mred${E}[0m${E}[2J${E}[5;5H`, `${E}[1;31mred${E}[0m${E}[2J${E}[5;5H`],
    ["a clipboard is not set", `a${E}]52;c;cm0gLXJm${E}\\b`, "ab"], ["a title neither", `a${E}]0;evil\u0007b`, "ab"], ["nothing is asked", `a${E}[6n${E}[c${E}[>c${E}[21tb`, "ab"],
    ["no device string", `a${E}P$q"p${E}\\b`, "ab"], ["no C1", "a\u009b6n\u0005b", "a6nb"], ["no reset", `a${E}cb`, "ab"],
  ])("%s", (_, text, out) => {
    expect(safely()(text)).toBe(out);
    const piecewise = safely();
    expect([...text].map((c) => piecewise(c)).join("")).toBe(out);
  });
  test("an endless string is not kept for ever", () => { expect(safely()(`${E}]52;${"x".repeat(5_000)}`)).not.toContain(E); });
});

describe("chain", () => {
  test("an empty file holds nothing and is whole; a stranger's line is named", () => {
    expect(checkChain([])).toMatchObject({ ok: true, events: 0, head: null });
    expect(checkChain(["{}"])).toEqual({ ok: false, at: 1, why: "this is not an exported event" });
  });
});
