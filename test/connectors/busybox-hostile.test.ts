/** Hostile names and passwords against a real device. Rule: 100,000 of them are asked in test/slow. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { busybox, type Device } from "../lab/busybox.ts";
import { shipped } from "./busybox-world.ts";
import { hostile } from "./busybox-hostile.ts";

const ROOT = { name: "root", password: "Root-Pw-1!x9Qz" };
/** Several, because passwd of two accounts at once on one device may lose one of them. */
let devices: Device[] = [];
beforeAll(async () => { devices = await Promise.all([1, 2, 3, 4].map((n) => busybox({ name: `hostile-${n}`, rootPassword: ROOT.password }))); });
afterAll(async () => { await Promise.all(devices.map((d) => d.destroy())); });

test("law: hostile names and passwords change nobody but the account named, and what is done is in force", async () => {
  const counts = await Promise.all(devices.map((d) => hostile(d, shipped("busybox"), ROOT, 20))), sum = (of: "done" | "refused") => counts.reduce((n, c) => n + c[of], 0);
  expect([sum("done") > 8, sum("refused") > 8], JSON.stringify(counts)).toEqual([true, true]);
}, 120_000);
