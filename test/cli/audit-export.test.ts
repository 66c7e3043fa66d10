/** `lockstep audit export` from a broker whose second batch cannot be read. Rule: not all of it is not a file. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type * as Events from "../../src/store/events.ts";
import { bad, longLog } from "./long-log.ts";
import { lockstep, type Done } from "./process.ts";
import { openWorld, type World } from "./world.ts";

const store = vi.hoisted(() => ({ breaks: true }));
vi.mock("../../src/store/events.ts", async (real) => {
  const events = await real<typeof Events>();
  return { ...events, sequenced: (...a: Parameters<typeof events.sequenced>) => (store.breaks && a[1] >= 499 ? Promise.reject(bad()) : events.sequenced(...a)) };
});
let w: World, home: string, token: string;
beforeAll(async () => {
  w = await openWorld(22_850, { log: () => undefined });
  home = mkdtempSync(join(tmpdir(), "lockstep-export-"));
  token = await w.token("auditor");
  await longLog(w.deps.flow);
}, 180_000);
afterAll(async () => { await w?.close(); rmSync(home, { recursive: true, force: true }); });
const cli = (...args: string[]): Promise<Done> => lockstep(["audit", ...args], { cwd: home, env: { LOCKSTEP_URL: w.url, LOCKSTEP_TOKEN: token } });
const files = (): string[] => readdirSync(home).filter((f) => f.includes("audit"));

test("broken off: no file, no part, another exit code, and what to do", { timeout: 120_000 }, async () => {
  store.breaks = true;
  const done = await cli("export", "-o", "audit.jsonl");
  expect([done.code, done.out, files()]).toEqual([9, "", []]);
  expect(done.err).toMatch(/^lockstep: audit\.jsonl was not written, as not all of it came: .+\. Ask for it again/);
  expect(done.err).not.toMatch(/Geheim|Written|Is the broker running/);
  const shown = await cli("export");
  expect([shown.code, shown.err]).toEqual([9, expect.stringMatching(/^lockstep: What came is not all of it: .+\. Ask for it again/)]);
});
test("whole: the file and no part; verify says how far it goes; never over another export's part", { timeout: 120_000 }, async () => {
  store.breaks = false;
  expect(await cli("export", "-o", "audit.jsonl")).toMatchObject({ code: 0, err: expect.stringContaining("Written to audit.jsonl.") });
  expect(files()).toEqual(["audit.jsonl"]);
  expect((await cli("verify", "audit.jsonl")).out).toMatch(/^\d{3} events, 0 to \d{3}: the chain holds that far; a later event would not be missed\. Its head is [0-9a-f]{64}\.\n$/);
  writeFileSync(join(home, "audit.csv.part"), "theirs");
  const taken = await cli("export", "-f", "csv", "-o", "audit.csv");
  expect([taken.code, taken.err]).toEqual([5, expect.stringMatching(/audit\.csv\.part was not written: it is there already/)]);
  expect([existsSync(join(home, "audit.csv")), existsSync(join(home, "audit.csv.part"))]).toEqual([false, true]);
});
