/** One broker per data directory. Real processes, because that is what the lock is between. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Fault } from "../../src/kernel/fault.ts";
import { lockDirectory } from "../../src/store/lock.ts";

const LOCK = join(import.meta.dirname, "../../src/store/lock.ts");
let dir: string, children: ChildProcess[];
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "lockstep-lock-")); children = []; });
afterEach(() => { for (const c of children) c.kill("SIGKILL"); rmSync(dir, { recursive: true, force: true }); });

/** Takes the lock in a process of its own and says what came of it; holds it until it is killed. */
const other = (): Promise<{ said: string; child: ChildProcess }> => new Promise((resolve) => {
  const child = spawn(process.execPath, ["--input-type=module", "-e", `
    const { lockDirectory } = await import(${JSON.stringify(LOCK)});
    try { lockDirectory(${JSON.stringify(dir)}); console.log("held"); setInterval(() => {}, 1000); } catch (e) { console.log(e.code + ": " + e.message); }`], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  let said = "";
  child.stdout.on("data", (part: Buffer) => { said += part.toString(); if (said.endsWith("\n")) resolve({ said: said.trim(), child }); });
});

test("a second process is refused with a sentence that names the first", async () => {
  const { said, child } = await other();
  expect(said).toBe("held");
  const refusal = `Another broker (process ${child.pid}) works on ${dir} already. Stop it first, or give this one a directory of its own with LOCKSTEP_DATA.`;
  expect(() => lockDirectory(dir)).toThrow(new Fault("conflict", refusal));
  expect((await other()).said).toBe(`conflict: ${refusal}`);
});

test("the lock of a killed process is taken over, by one of several at once", async () => {
  const { child } = await other();
  await new Promise<void>((done) => { child.once("exit", () => done()); child.kill("SIGKILL"); });
  expect(existsSync(join(dir, "broker.lock"))).toBe(true);
  const said = (await Promise.all([other(), other(), other(), other()])).map((o) => o.said);
  expect(said.filter((s) => s === "held")).toHaveLength(1);
  for (const s of said.filter((x) => x !== "held")) expect(s).toMatch(/^conflict: (Another broker \(process \d+\) works on|The lock of)/);
  expect(readdirSync(dir)).toEqual(["broker.lock"]);
});

test("a process id that was given away again is not its old owner", () => {
  writeFileSync(join(dir, "broker.lock"), `${process.pid} 1\n`);
  const unlock = lockDirectory(dir);
  expect(readFileSync(join(dir, "broker.lock"), "utf8")).toMatch(new RegExp(`^${process.pid} \\d{2,}\n$`));
  unlock();
  expect(readdirSync(dir)).toEqual([]);
});

test("giving back twice, or after somebody else took over, takes nobody's lock away", () => {
  const unlock = lockDirectory(dir);
  writeFileSync(join(dir, "broker.lock"), "1 1\n");
  unlock();
  expect(existsSync(join(dir, "broker.lock"))).toBe(true);
});
