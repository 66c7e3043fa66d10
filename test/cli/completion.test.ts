/** The completion as a shell uses it: sourced, and asked. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, describe, expect, test } from "vitest";
import { placesOf } from "../../src/cli/completion.ts";
import { programOf } from "../../src/cli/index.ts";
import type { Io } from "../../src/cli/io.ts";
import { systemClock } from "../../src/kernel/clock.ts";

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

describe("completion", () => {
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
