/** 200 passwords of 20 accounts, changed ten times on a real host, on both engines. Rule: the same walk and scan as in test/canary, at full size. */
import { expect, test } from "vitest";
import { tell, walk } from "../canary/walk.ts";

test.each<["pglite" | "postgresql"]>([["pglite"], ["postgresql"]])("200 canaries on %s: no hit anywhere", async (engine) => {
  const from = performance.now(), w = await walk({ accounts: 20, rounds: 10, engine });
  tell(engine, w, from);
  expect(w.hits).toEqual([]);
  expect(w.silent).toEqual([]);
  expect([w.sessions, w.printed, w.casts], "each session showed a password, and the auditor got each of a terminal masked").toEqual([10, 10, 9]);
  expect(w.canaries).toBeGreaterThanOrEqual(200);
});
