/** Bulk changes against real hosts: the administrator rotated in the middle, a host that hangs. test/slow/bulk.test.ts has the full size, a refused administrator and a broker that is killed. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { linuxHost, type LinuxHost } from "../lab/host.ts";
import { begin, counts, over, rotateInTheMiddle } from "./bulk-middle.ts";
import { manage, until, word, world, type World } from "./world.ts";

const N = 8, LIMIT = 90_000;
let w: World, other: LinuxHost, others: string[];
beforeAll(async () => {
  w = await world({ accounts: N, sudo: true });
  const passwords = Object.fromEntries(["root", "hangs1", "hangs2", "hangs3", "hangs4"].map((n) => [n, word()])), { root, ...rest } = passwords;
  other = await linuxHost({ name: "web-2", accounts: rest, rootPassword: root! });
  await manage(w, passwords, "root", false, other.port, { name: "web-2", host: other });
  others = Object.keys(rest);
}, 180_000);
afterAll(async () => { await w?.close(); await other?.destroy(); });
const mine = () => w.names.map((n) => `${n}@web-1`);
const shadows = () => Promise.all(w.names.map((n) => w.host.shadow(n)));

test("law: A2 — the administrator rotated in the middle of a bulk change: no refused login, everything done", () => rotateInTheMiddle(w, LIMIT), 2 * LIMIT);

test("law: hung-target — a host that hangs delays no other: its own accounts wait, a few of them, and go on when it answers", async () => {
  const before = await shadows();
  other.freeze();
  const id = await begin(w, { targets: ["web-2"], accounts: mine() });
  try {
    await until("the healthy host is done", async () => { const c = await counts(w, id); return c["done"] === N ? c : null; }, LIMIT);
    const c = await counts(w, id);
    expect([c["changing"]! <= 4, c["failed"]]).toEqual([true, 0]);
    expect((await shadows()).filter((s, i) => s === before[i])).toEqual([]);
  } finally { other.thaw(); }
  expect((await over(w, id, LIMIT))["counts"]).toMatchObject({ done: N + others.length + 1 });
}, 2 * LIMIT);
