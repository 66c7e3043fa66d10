/** The journal: chained, fsynced, and honest about its end. Rule: every refusal is asserted by its reason. */
import { appendFileSync, closeSync, truncateSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Journal, type Line, type VersionLine } from "../../src/vault/journal.ts";
import type { Place } from "../../src/vault/journal-lines.ts";
import { run } from "../lab/run.ts";
import { readJournal } from "./read-journal.ts";

let dir: string;
beforeEach(() => { dir = mkdtempSync(path.join(tmpdir(), "lockstep-journal-")); });
afterEach(() => { rmSync(dir, { recursive: true, force: true }); });
const file = () => path.join(dir, "secrets.journal");

const version = (id: string, sealed = "c2VhbGVk"): VersionLine => ({
  kind: "version", account: "acc_1", accountName: "app", target: "tgt_1", version: id, no: 1, origin: "typed", identityNo: 1, identityHash: "h", fence: 0, epoch: 1, sealed, rootWrapped: "cm9vdA==", kek: "kek_1", by: null, at: "2026-01-01T00:00:00.000Z",
});
const text = fc.string({ unit: "grapheme", maxLength: 40 });
const lineOf = fc.oneof(
  fc.record({ kind: fc.constant("cut" as const), session: text, why: text, at: text }),
  fc.record({ kind: fc.constant("event" as const), row: fc.jsonValue() }),
  fc.record({ kind: fc.constant("key" as const), id: text, purpose: text, no: fc.nat(), wrapped: fc.base64String(), kek: text, at: text }),
) as fc.Arbitrary<Line>;
const versionsOf = (journal: Journal): string[] => [...journal.versionsBut(new Set())].map((l) => l.version);
const fresh = (): string => path.join(mkdtempSync(path.join(dir, "j-")), "x.journal");
const written = async (to: string, lines: readonly Line[]): Promise<void> => {
  const { journal } = await Journal.open(to);
  await Promise.all(lines.map((l) => journal.append(l)));
  await journal.close();
};

test("what was appended is read again, in order, over any number of openings", async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.array(lineOf, { maxLength: 6 }), { minLength: 1, maxLength: 4 }), async (lives) => {
    const to = fresh();
    for (const life of lives) await written(to, life);
    const { lines, torn } = readJournal(to);
    expect(torn).toBe(0);
    expect(lines.map(({ n, prev, hash, ...rest }) => (void n, void prev, void hash, rest))).toEqual(JSON.parse(JSON.stringify(lives.flat())));
  }), { numRuns: 25 });
});

test("a torn end of any length is cut at the next opening, and the chain goes on from the last whole line", async () => {
  await written(file(), [version("ver_a"), version("ver_b")]);
  const whole = readFileSync(file()), lastLine = whole.length - (whole.lastIndexOf(0x0a, whole.length - 2) + 1);
  await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: lastLine - 1 }), async (missing) => {
    const to = fresh();
    writeFileSync(to, whole.subarray(0, whole.length - missing));
    const opened = await Journal.open(to);
    expect(versionsOf(opened.journal)).toEqual(["ver_a"]);
    expect(statSync(to).size).toBe(whole.length - lastLine);
    await opened.journal.append(version("ver_c"));
    expect(opened.journal.readBack("ver_c").version).toBe("ver_c");
    await opened.journal.close();
    expect(readJournal(to).lines.length).toBe(2);
  }), { numRuns: 25 });
});

/** Every line and its place, from the whole file at once. */
const atOnce = (bytes: Buffer): { lines: unknown[]; places: Place[]; torn: number } => {
  const lines: unknown[] = [], places: Place[] = [], end = bytes.lastIndexOf(0x0a) + 1;
  for (let at = 0, next; at < end; at = next) {
    next = bytes.indexOf(0x0a, at) + 1;
    lines.push(JSON.parse(bytes.toString("utf8", at, next)));
    places.push({ at, length: next - at });
  }
  return { lines, places, torn: bytes.length - end };
};
test("wherever a chunk ends, within a character or at a line's end, lines, places and torn end are those of the whole file", async () => {
  await fc.assert(fc.asyncProperty(fc.array(lineOf, { maxLength: 8 }), fc.integer({ min: 1, max: 700 }), fc.nat(120), async (life, chunk, missing) => {
    const to = fresh();
    await written(to, life);
    const bytes = readFileSync(to), cut = bytes.subarray(0, Math.max(0, bytes.length - missing));
    writeFileSync(to, cut);
    expect(readJournal(to, chunk)).toEqual(atOnce(cut));
  }), { numRuns: 100 });
});

test("the line that does not hold is named whatever the chunk is", async () => {
  await written(file(), Array.from({ length: 5 }, (_, i) => version(`ver_${i}`)));
  const whole = readFileSync(file()), ends = atOnce(whole).places.map((p) => p.at + p.length);
  fc.assert(fc.property(fc.integer({ min: 0, max: whole.length - 2 }), fc.integer({ min: 1, max: 900 }), (at, chunk) => {
    fc.pre(whole[at] !== 0x0a);
    const to = fresh(), bytes = Buffer.from(whole);
    bytes[at]! ^= 0x80;
    writeFileSync(to, bytes);
    expect(() => readJournal(to, chunk)).toThrow(`does not hold together at line ${ends.findIndex((end) => at < end) + 1}:`);
  }), { numRuns: 60 });
});

test("a journal of more than 2 GiB is read: a hole in it is a line that does not hold, and what stands before is none of its fault", async () => {
  await written(file(), [version("ver_a"), version("ver_b")]);
  truncateSync(file(), 2 ** 31 + 4_096);
  appendFileSync(file(), "\n");
  await expect(Journal.open(file())).rejects.toMatchObject({ code: "unavailable", message: expect.stringMatching(/does not hold together at line 3: it was altered or is damaged/) as string });
}, 20_000);

test("a line that could not be read again is not taken, and the chain goes on without it", async () => {
  const { journal } = await Journal.open(file());
  await expect(journal.append({ kind: "event", row: "x".repeat(64 * 1024 * 1024) })).rejects.toMatchObject({ code: "invalid" });
  await journal.append(version("ver_a"));
  await journal.close();
  expect(readJournal(file()).lines.length).toBe(1);
});

test("what a start needs is kept: keys and cuts all, events the last five thousand, versions by where they stand", async () => {
  const key = (i: number): Line => ({ kind: "key", id: `key_${i}`, purpose: "p", no: i, wrapped: "", kek: "k", at: "" }), cut: Line = { kind: "cut", session: "ses_1", why: "w", at: "" };
  await written(file(), [key(0), version("ver_a"), cut, ...Array.from({ length: 10_050 }, (_, i): Line => ({ kind: "event", row: i })), version("ver_b")]);
  const { journal, cuts, events } = await Journal.open(file());
  await journal.append(key(1));
  expect([journal.keys.map((k) => k.id), cuts.length, versionsOf(journal), [...journal.versionsBut(new Set(["ver_a"]))].length]).toEqual([["key_0", "key_1"], 1, ["ver_a", "ver_b"], 1]);
  expect([events.length, events[0]!.row, events.at(-1)!.row]).toEqual([5_000, 5_050, 10_049]);
  await journal.close();
});

test("one altered byte anywhere in a whole line refuses the opening and says where", async () => {
  await written(file(), Array.from({ length: 5 }, (_, i) => version(`ver_${i}`)));
  const whole = readFileSync(file());
  await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: whole.length - 2 }), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
    const to = fresh(), bytes = Buffer.from(whole);
    bytes[at]! ^= flip;
    writeFileSync(to, bytes);
    await expect(Journal.open(to)).rejects.toThrow(/does not hold together at line [1-6]: it was altered or is damaged\. Nothing was started/);
  }), { numRuns: 150 });
});

test.each<[string, (lines: string[]) => string[]]>([
  ["taken out", (l) => l.filter((_, i) => i !== 1)], ["said twice", (l) => [l[0]!, l[1]!, l[1]!, l[2]!]], ["swapped", (l) => [l[1]!, l[0]!, l[2]!]], ["first one missing", (l) => l.slice(1)],
])("a line %s breaks the chain", async (_how, change) => {
  await written(file(), [version("ver_a"), version("ver_b"), version("ver_c")]);
  writeFileSync(file(), `${change(readFileSync(file(), "utf8").trimEnd().split("\n")).join("\n")}\n`);
  await expect(Journal.open(file())).rejects.toThrow(/does not hold together at line/);
});

test("lines that arrive during an fsync share the next one, and each is readable once acknowledged", async () => {
  const { journal } = await Journal.open(file());
  const acknowledged = await Promise.all(Array.from({ length: 300 }, async (_, i) => { await journal.append(version(`ver_${i}`)); return journal.readBack(`ver_${i}`).version; }));
  expect(acknowledged).toEqual(Array.from({ length: 300 }, (_, i) => `ver_${i}`));
  await journal.close();
  expect(readJournal(file()).lines.length).toBe(300);
  expect(statSync(file()).mode & 0o777).toBe(0o600);
});

test("law: fsync-fail-stops — after one failed write nothing is acknowledged any more, also when the disk works again", async () => {
  const { journal } = await Journal.open(file());
  await journal.append(version("ver_good"));
  closeSync(openFd(file()));
  await expect(journal.append(version("ver_lost"))).rejects.toThrow(/cannot be written \(EBADF.*No password is changed until that is repaired/);
  expect(journal.dead).toMatch(/EBADF/);
  expect(journal.hasVersion("ver_lost")).toBe(false);
  await expect(journal.append(version("ver_later"))).rejects.toThrow(/cannot be written/);
  const again = await Journal.open(file());
  expect(versionsOf(again.journal)).toEqual(["ver_good"]);
  await again.journal.close();
});

/** The number of the one descriptor this process holds on that file. */
const openFd = (name: string): number => {
  const found = readdirSync("/proc/self/fd").filter((fd) => { try { return readlinkSync(`/proc/self/fd/${fd}`) === name; } catch { return false; } });
  return Number(found[0]);
};

test("law: fsync-fail-stops — a full disk: the waiting lines are refused too, and what was acknowledged before is whole", async () => {
  const out = await run("unshare", ["--mount", "sh", "-c", 'mount -t tmpfs -o size=64k tmpfs "$1" && exec "$2" --disable-warning=ExperimentalWarning "$3" "$1"', "sh", dir, process.execPath, path.join(import.meta.dirname, "full-disk.ts")]);
  const said = JSON.parse(out.stdout || `{"stderr":${JSON.stringify(out.stderr)}}`) as { acknowledged: number; refused: number; why: string; later: string; whole: number; torn: boolean };
  expect(said.why).toMatch(/ENOSPC|short write/);
  expect(said.refused).toBeGreaterThan(0);
  expect(said.later).toMatch(/cannot be written/);
  // Everything acknowledged is there; a line written whole but never acknowledged may be.
  expect(said.whole).toBeGreaterThanOrEqual(said.acknowledged);
  expect(said.acknowledged).toBeGreaterThan(10);
});

test("a journal that was swapped for another one's copy is another chain, not an empty one", async () => {
  await written(file(), [version("ver_a")]);
  const other = fresh();
  copyFileSync(file(), other);
  appendFileSync(other, readFileSync(file()));
  await expect(Journal.open(other)).rejects.toThrow(/at line 2/);
  symlinkSync(file(), path.join(dir, "link"));
  expect(readJournal(path.join(dir, "link")).lines.length).toBe(1);
});
