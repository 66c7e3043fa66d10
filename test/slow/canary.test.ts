/** 200 passwords of 20 accounts, changed ten times on a real host, on both engines. Rule: the same scan as in test/canary, at full size. */
import { expect, test } from "vitest";
import { walk } from "../canary/walk.ts";

test.each<["pglite" | "postgresql"]>([["pglite"], ["postgresql"]])("200 canaries on %s: no hit anywhere", async (engine) => {
  const w = await walk({ accounts: 20, rounds: 10, engine });
  expect(w.hits).toEqual([]);
  expect(w.canaries).toBeGreaterThanOrEqual(200);
  process.stderr.write(`${engine}: ${w.canaries} canaries, ${w.pages} pages, ${w.samples} looks at the processes, ${Math.round(w.bytes / 1e6)} MB scanned\n`);
});
