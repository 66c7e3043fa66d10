/** The completion as a shell uses it: sourced, and asked. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { placesOf } from "../../src/cli/completion.ts";
import { programOf } from "../../src/cli/index.ts";
import type { Io } from "../../src/cli/io.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { needs, SHELL_PACKAGES } from "../lab/needs.ts";

const dir = mkdtempSync(join(tmpdir(), "lockstep-completion-"));
afterAll(() => { rmSync(dir, { recursive: true, force: true }); });
const printed = async (...argv: string[]): Promise<string> => {
  const out = new PassThrough(), io = { env: {}, clock: systemClock, stdin: process.stdin, stdout: out, stderr: new PassThrough() } as unknown as Io;
  await programOf(io).parseAsync(argv, { from: "user" });
  return String(out.read() ?? "");
};
/** What bash would offer after these words. */
const offered = async (...words: string[]): Promise<string[]> => {
  const file = join(dir, "lockstep.bash");
  writeFileSync(file, await printed("completion", "bash"));
  const asked = `source "$1"; shift; COMP_WORDS=(lockstep "$@"); COMP_CWORD=$#; _lockstep || true; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["--norc", "-euc", asked, "bash", file, ...words], { encoding: "utf8" }).split("\n").filter(Boolean);
};

/** Sourced in a zsh with a terminal, typed, and Tab pressed; read until `seen` stands there. */
const TAB = `
zmodload zsh/zpty
zpty z "TERM=dumb zsh -f -i"
zpty -w z "PROMPT=; autoload -U compinit; compinit -D -u; source $1; bindkey '^I' complete-word; LISTMAX=0; echo RE''ADY"
zpty -r z line '*READY*'
zpty -w -n z "$2"$'\t'
zpty -r z line "*$3*" && print -r -- "$line"
zpty -d z
`;
const tabbed = async (typed: string, seen: string): Promise<string> => {
  const file = join(dir, "lockstep.zsh");
  writeFileSync(file, await printed("completion", "zsh"));
  return execFileSync("zsh", ["-fc", TAB, "zsh", file, typed, seen], { encoding: "utf8", timeout: 20_000 });
};
const fished = async (typed: string): Promise<string[]> => {
  const file = join(dir, "lockstep.fish");
  writeFileSync(file, await printed("completion", "fish"));
  return execFileSync("fish", ["--no-config", "-c", "source $argv[1]; complete -C $argv[2]", file, typed], { encoding: "utf8" }).split("\n").filter(Boolean).map((l) => l.split("\t")[0]!);
};

describe("completion", () => {
  beforeAll(async () => { await needs({ debian: SHELL_PACKAGES }, "The completion test"); }, 300_000);
  test.each([
    ["lockstep rot", "lockstep rotat"], ["lockstep --json targets te", "targets test "], ["lockstep people keys ", "add *list *remove"], ["lockstep rotate root@web-1 --w", "--wait "],
  ])("zsh, Tab after %j", { timeout: 60_000 }, async (typed, seen) => { expect(await tabbed(typed, seen)).toContain(seen.split(" *")[0]); });
  test.each([
    ["lockstep ro", ["rotate", "rotations"]], ["lockstep people keys ", ["add", "list", "remove"]], ["lockstep --json targets te", ["test"]], ["lockstep rotate root@web-1 --w", ["--wait"]], ["lockstep collections ", ["add", "list", "remove", "set", "show"]],
  ])("fish after %j", async (typed, expected) => { expect((await fished(typed)).sort()).toEqual(expected); });
  test.each([
    [["ro"], ["rotate", "rotations"]], [["accounts", "ad"], ["add", "adopt"]], [["people", "keys", ""], ["add", "list", "remove"]], [["--json", "targets", "te"], ["test"]], [["rotate", "root@web-1", "--w"], ["--wait"]], [["zzz"], []],
  ])("bash after %j", async (words, expected) => { expect((await offered(...words)).filter((w) => words.at(-1) !== "" || !w.startsWith("-")).sort()).toEqual(expected); });
  test("every shell's script is accepted by bash where it is bash, and names every command", async () => {
    const places = placesOf(programOf({ env: {}, clock: systemClock, stdin: process.stdin, stdout: process.stdout, stderr: process.stderr }));
    for (const shell of ["bash", "zsh", "fish"]) { const text = await printed("completion", shell); for (const p of places) for (const w of p.words) expect(text).toContain(w.startsWith("--") && shell === "fish" ? `-l ${w.slice(2)}` : w); }
    for (const { words } of places) for (const w of words) expect(w).toMatch(/^[a-z-]+$/);
  });
  test("another shell is refused with its name", async () => { await expect(printed("completion", "csh")).rejects.toMatchObject({ code: "invalid", message: "There is no completion for csh: bash, zsh or fish." }); });
});
