/** Bulk changes against real hosts: the administrator rotated in the middle, its login refused, a host that hangs, a broker that is killed. test/slow/bulk.test.ts has the full size. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { linuxHost, type LinuxHost } from "../lab/host.ts";
import { begin, counts, over, refusedLogins, rotateInTheMiddle } from "./bulk-middle.ts";
import { manage, sleep, until, word, world, type World } from "./world.ts";

const N = 16, LIMIT = 90_000;
let w: World, other: LinuxHost, others: string[];
beforeAll(async () => {
  w = await world({ accounts: N, sudo: true });
  const passwords = Object.fromEntries(["root", "hangs1", "hangs2", "hangs3", "hangs4", "hangs5", "hangs6"].map((n) => [n, word()])), { root, ...rest } = passwords;
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

test("law: A4 — the administrator is refused: one login for all of them, nothing is changed, people are told; put right and tested, all of them are done", async () => {
  const kept = await w.vault(w.admin), before = await shadows(), from = w.host.log().length;
  await w.host.exec("chpasswd", `${w.admin}:${word()}-Changed-Behind-Us-1!\n`);
  const id = await begin(w, { accounts: mine() });
  await until("the breaker opened", async () => (await w.events("account.blocked")).some((e) => String(e["why"]).startsWith("admin_refused")));
  await sleep(3_000);
  expect([refusedLogins(w, w.admin, from), await counts(w, id)]).toMatchObject([1, { done: 0, failed: 0 }]);
  expect(await shadows()).toEqual(before);
  await w.host.exec("chpasswd", `${w.admin}:${kept}\n`);
  expect(await w.ok("operator", "POST", "/targets/web-1/test", {})).toMatchObject({ ok: true });
  expect((await over(w, id, LIMIT))["counts"]).toMatchObject({ done: N });
  expect(refusedLogins(w, w.admin, from)).toBe(1);
}, 2 * LIMIT);

test("law: bulk-rows — a broker that is killed goes on where the rows say: every account once, none lost", async () => {
  const before = await shadows();
  await w.down();
  const child = await w.child(), id = await begin(w, { accounts: mine() }, { terms: { perTarget: 2 } });
  await until("a few are done", async () => (await counts(w, id))["done"]! >= 3, LIMIT);
  await child.kill();
  await w.up();
  expect((await over(w, id, LIMIT))["counts"]).toMatchObject({ done: N, failed: 0 });
  expect((await shadows()).filter((s, i) => s === before[i])).toEqual([]);
  expect(await w.lost()).toEqual([]);
  const items = (await w.ok("auditor", "GET", `/bulks/${id}/accounts?limit=100`))["items"] as unknown as { account: string; rotation: string }[];
  expect(new Set(items.map((i) => i.rotation)).size).toBe(N);
}, 2 * LIMIT);
