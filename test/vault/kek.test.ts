/** The root key's file and variable. Rule: every refusal says what to run. */
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemRandom } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { envKek } from "../../src/vault/kek/env.ts";
import { fileKek } from "../../src/vault/kek/file.ts";

let dir: string;
beforeEach(() => { dir = mkdtempSync(path.join(tmpdir(), "lockstep-kek-")); });
afterEach(() => { rmSync(dir, { recursive: true, force: true }); });
const file = () => path.join(dir, "keys", "root.key");

test("made once, readable by its owner alone, the same at the next start", () => {
  const first = fileKek(file(), systemRandom, true);
  expect(statSync(file()).mode & 0o777).toBe(0o400);
  expect(statSync(path.dirname(file())).mode & 0o777).toBe(0o700);
  const again = fileKek(file(), systemRandom, false);
  expect(again.id).toBe(first.id);
  expect(again.unwrap("p", first.wrap("p", Buffer.from("key bytes"))).toString()).toBe("key bytes");
  expect(() => again.unwrap("q", first.wrap("p", Buffer.from("key bytes")))).toThrow(/does not open/);
});

test("a file others may read is refused with the command that repairs it", () => {
  fileKek(file(), systemRandom, true);
  for (const mode of [0o440, 0o404, 0o644]) {
    chmodSync(file(), mode);
    expect(() => fileKek(file(), systemRandom, true)).toThrow(new RegExp(`may be read by others \\(mode ${mode.toString(8)}\\)\\. Run: chmod 400`));
  }
});

test("a missing file is never replaced by a new key once something was encrypted", () => {
  expect(() => fileKek(file(), systemRandom, false)).toThrow(/is gone, but this database was encrypted with one\. Put the file back/);
  expect(existsSync(file())).toBe(false);
});

test("what is not a key is not taken for one", () => {
  fileKek(file(), systemRandom, true);
  chmodSync(file(), 0o600);
  writeFileSync(file(), "c2hvcnQ=\n");
  expect(() => fileKek(file(), systemRandom, false)).toThrow(/does not hold a key \(32 bytes in base64\)/);
  expect(() => envKek(Secret.of("c2hvcnQ="), systemRandom)).toThrow(/LOCKSTEP_KEK is not 32 bytes in base64\. Make one with: openssl rand/);
  expect(envKek(Secret.of(`${Buffer.alloc(32, 7).toString("base64")}\n`), systemRandom).id).toMatch(/^kek_[0-9a-f]{16}$/);
});
