/** Bulk changes at full size and at their worst: 200 accounts and their administrator rotated in the middle; an administrator that is refused; a broker that is killed. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { begin, counts, over, refusedLogins, rotateInTheMiddle } from "../e2e/bulk-middle.ts";
import { sleep, until, word, world, type World } from "../e2e/world.ts";

describe("200 accounts of one host", () => {
  let w: World;
  beforeAll(async () => { w = await world({ accounts: 200, sudo: true }); }, 600_000);
  afterAll(async () => { await w?.close(); });
  test("law: A2 — the administrator rotated in the middle of a bulk change of 200: no refused login, 200 done", () => rotateInTheMiddle(w, 900_000), 1_800_000);
});

describe("sixteen accounts", () => {
  const N = 16, LIMIT = 90_000;
  let w: World;
  beforeAll(async () => { w = await world({ accounts: N, sudo: true }); }, 180_000);
  afterAll(async () => { await w?.close(); });
  const mine = () => w.names.map((n) => `${n}@web-1`);
  const shadows = () => Promise.all(w.names.map((n) => w.host.shadow(n)));

  test("law: A4 — the administrator is refused: one login for all of them, nothing is changed, people are told; put right and tested, all of them are done", async () => {
    // Whoever shares it within the margin after a login that worked goes at once; after that one goes first.
    await sleep(w.core.deps.times.leaseMargin + 1_000);
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
});
