/**
 * A hundred thousand hostile names and passwords against real BusyBox devices, several at once. Rule: the numbers go to docs/evidence as they
 * came: `LOCKSTEP_EVIDENCE=yes npm run test:slow -- devices` writes the page; LOCKSTEP_HOSTILE says how many.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { hostile, type Counted } from "../connectors/busybox-hostile.ts";
import { shipped } from "../connectors/busybox-world.ts";
import { busybox, type Device } from "../lab/busybox.ts";
import { evidence, madeBy } from "./evidence.ts";

const RUNS = Number(process.env["LOCKSTEP_HOSTILE"] ?? 100_000), SEED = Number(process.env["LOCKSTEP_SEED"] ?? 1), AT_ONCE = 16;
const ROOT = { name: "root", password: "Root-Pw-1!x9Qz" };
let devices: Device[] = [];
beforeAll(async () => { devices = await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => busybox({ name: `slow-${n}`, rootPassword: ROOT.password }))); }, 120_000);
afterAll(async () => { await Promise.all(devices.map((d) => d.destroy())); });

test("law: hostile names and passwords change nobody but the account named", async () => {
  const set = shipped("busybox"), begun = performance.now();
  const counts = await Promise.all(devices.map((d, n) => hostile(d, set, ROOT, Math.ceil(RUNS / AT_ONCE), SEED * 100 + n)));
  const sum = (of: keyof Counted): number => counts.reduce((n, c) => n + c[of], 0);
  expect(sum("done")).toBeGreaterThan(RUNS / 20);
  evidence("hostile-devices", `# Hostile names and passwords against BusyBox\n${madeBy("test/slow/devices.test.ts")}\n\n`
    + `${sum("calls")} changes asked for on ${AT_ONCE} devices in ${Math.round((performance.now() - begun) / 60_000)} minutes, seed ${SEED}: ${sum("done")} done and in force, `
    + `${sum("refused")} refused with nothing changed. Another account changed: 0 (with 95 % confidence fewer than ${(3 / sum("calls")).toExponential(1)} of all).\n`);
}, 12 * 3_600_000);
