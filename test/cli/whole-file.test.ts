/** A file is there when it is whole. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeWhole } from "../../src/cli/whole-file.ts";

let dir: string, file: string;
beforeEach(() => { dir = mkdtempSync(path.join(tmpdir(), "lockstep-whole-")); file = path.join(dir, "a.jsonl"); });
afterEach(() => { rmSync(dir, { recursive: true, force: true }); });

test("whole under its name, and nothing beside it", async () => {
  await writeWhole(file, (to) => pipeline(Readable.from(["one\n", "two\n"]), to));
  expect([readdirSync(dir), readFileSync(file, "utf8")]).toEqual([["a.jsonl"], "one\ntwo\n"]);
});
test("what breaks off leaves nothing", async () => {
  await expect(writeWhole(file, async (to) => { await pipeline(Readable.from(["one\n"]), to); throw new Error("cut off"); })).rejects.toThrow("cut off");
  expect(readdirSync(dir)).toEqual([]);
});
test("a part of somebody else's, and a file that came meanwhile, are left as they are", async () => {
  writeFileSync(`${file}.part`, "theirs");
  await expect(writeWhole(file, () => Promise.resolve())).rejects.toMatchObject({ code: "conflict", message: `${file}.part was not written: it is there already. Name a new file, or remove it.` });
  expect([readFileSync(`${file}.part`, "utf8"), existsSync(file)]).toEqual(["theirs", false]);
  rmSync(`${file}.part`);
  await expect(writeWhole(file, async (to) => { writeFileSync(file, "theirs"); await pipeline(Readable.from(["ours"]), to); })).rejects.toMatchObject({ code: "conflict" });
  expect([readdirSync(dir), readFileSync(file, "utf8")]).toEqual([["a.jsonl"], "theirs"]);
});
