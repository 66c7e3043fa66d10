/** Run by journal.test.ts in a mount namespace whose directory is a 64 KiB file system. Rule: one JSON line says what happened. */
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Journal, type Line } from "../../src/vault/journal.ts";
import { readJournal } from "./read-journal.ts";

const dir = process.argv[2]!, file = path.join(dir, "secrets.journal"), filler = path.join(dir, "filler");
const line = (i: number): Line => ({ kind: "cut", session: `ses_${i}`, why: "x".repeat(400), at: "" });
writeFileSync(filler, Buffer.alloc(16 * 1024));
const { journal } = await Journal.open(file);
let acknowledged = 0;
while (journal.dead === null && acknowledged < 1_000) await journal.append(line(acknowledged)).then(() => { acknowledged++; }, () => undefined);
const why = journal.dead ?? "";
rmSync(filler); // room again: a retry would succeed, and must not happen
const answers = await Promise.allSettled([1, 2, 3].map((i) => journal.append(line(i))));
const { lines, torn } = readJournal(file);
process.stdout.write(JSON.stringify({
  acknowledged, why, refused: answers.filter((a) => a.status === "rejected").length, later: answers[0]?.status === "rejected" ? String(answers[0].reason) : "accepted", whole: lines.length, torn: torn > 0,
}));
