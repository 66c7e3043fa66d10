/** Passwords of a whole life leave no trace. Rule: the scanner proves itself first; a scanner that finds nothing anywhere proves nothing. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { Scanner, watchProcesses } from "./scan.ts";
import { tell, walk } from "./walk.ts";
import { run } from "../lab/run.ts";

test("the scanner finds a planted password in every form, across chunk borders, and in another process's environment", async () => {
  const password = "Plant-\"ed&1/x9Qz", dir = mkdtempSync(path.join(tmpdir(), "lockstep-scan-"));
  const forms = [password, Buffer.from(password).toString("base64"), Buffer.from(password).toString("hex"), encodeURIComponent(password), JSON.stringify(password), password.replace("&", "&amp;")];
  for (const form of forms) { const s = new Scanner(["Other-1!abcd", password]); s.text("here", `x${form}y`); expect(s.hits.length, form).toBe(1); expect(s.hits[0]).not.toContain(password); }
  writeFileSync(path.join(dir, "big"), Buffer.concat([Buffer.alloc((1 << 20) - 5, 0x61), Buffer.from(password)]));
  const s = new Scanner([password]);
  await s.tree(dir);
  rmSync(dir, { recursive: true });
  expect(s.hits.length).toBe(1);
  const watch = await watchProcesses(5), clean = new Scanner(["Nowhere-1!abcd"]);
  await run("sleep", ["0.5"], { env: { PATH: "/usr/bin:/bin", PLANTED: password } });
  const { seen } = await watch.stop();
  const p = new Scanner([password]);
  for (const [text, where] of seen) { p.text(where, text); clean.text(where, text); }
  expect(p.hits.join()).toMatch(/\/proc\/\d+\/environ/);
  expect(clean.hits).toEqual([]);
});

test("no password in logs, pages, API answers, recordings as read, process lists, data directory, dump or statement log: 3 accounts on PostgreSQL", async () => {
  const from = performance.now(), w = await walk({ accounts: 3, rounds: 3, engine: "postgresql" });
  tell("postgresql", w, from);
  expect(w.hits).toEqual([]);
  expect(w.silent, "every GET of the API answered somebody").toEqual([]);
  expect([w.sessions, w.printed], "in each session a password was on the screen: the unmasked recording holds it").toEqual([3, 3]);
  expect(w.casts, "the auditor got each of a terminal").toBe(2);
  expect(w.canaries).toBeGreaterThanOrEqual(3 * 3 + 1);
  expect(w.pages).toBeGreaterThan(40);
  expect(w.answers).toBeGreaterThan(100);
  expect(w.samples).toBeGreaterThan(20);
}, 600_000);
