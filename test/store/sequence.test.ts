/** The event log's chain: commit order, once each, also with two sequencers and writers racing on PostgreSQL. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sha256Hex } from "../../src/crypto/envelope.ts";
import { sequence } from "../../src/flow/sequence.ts";
import { openPostgres, type Db } from "../../src/store/db.ts";
import * as events from "../../src/store/events.ts";
import { cluster, ENGINES, type Opened } from "./engines.ts";
import { id } from "./rows.ts";

const write = (db: Db, what: string, before?: () => Promise<unknown>) => db.transaction(async (tx) => {
  await events.append(tx, id.of("event"), { what: "logout", who: { kind: "broker", part: what }, about: {}, outcome: "ok", why: `“${what}” \n`, facts: { n: 1.5, yes: true, none: null } });
  await before?.();
});
const parts = (rows: readonly events.EventRow[]) => rows.map((r) => (r.who as { part: string }).part);
/** From the rows alone: no gap, every hash over the one before. */
const verify = async (db: Db): Promise<events.EventRow[]> => {
  const rows = await events.sequenced(db, -1, 10_000);
  let prev = events.GENESIS;
  rows.forEach((r, i) => {
    expect([r.index, r.prevHash, r.hash]).toEqual([i, prev, sha256Hex(events.canonicalRow(r, i, prev))]);
    prev = r.hash!;
  });
  return rows;
};

describe.each(ENGINES)("on $engine", ({ open }) => {
  let o: Opened;
  beforeAll(async () => { o = await open(); });
  afterAll(() => o?.close());

  test("each committed event gets its index and the hash before it, once, in batches too", async () => {
    for (const n of ["a", "b", "c", "d", "e"]) await write(o.db, n);
    await expect(write(o.db, "rolled back", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect((await events.list(o.db, {})).every((r) => r.index === null)).toBe(true);
    expect((await o.db.transaction((tx) => events.sequence(tx, sha256Hex, 2))).length).toBe(2);
    expect(await sequence({ db: o.db })).toBe(3);
    expect(await sequence({ db: o.db })).toBe(0);
    expect(parts(await verify(o.db))).toEqual(["a", "b", "c", "d", "e"]);
  });
});

describe("on PostgreSQL, with more than one connection", () => {
  let c: Awaited<ReturnType<typeof cluster>>, dbs: Db[];
  beforeAll(async () => { c = await cluster(); const url = await c.fresh(); dbs = [1, 2, 3].map(() => openPostgres(url)); });
  afterAll(async () => { for (const db of dbs ?? []) await db.close(); await c?.destroy(); });

  test("the order is that of the commits, not that of the inserts", async () => {
    const [one, two] = dbs as [Db, Db];
    let commit = (): void => {};
    const held = new Promise<void>((done) => { commit = done; }), begun = Promise.withResolvers<void>();
    const slow = write(one, "inserted first", () => { begun.resolve(); return held; });
    await begun.promise;
    await write(two, "committed first");
    expect(await sequence({ db: two })).toBe(1);
    commit();
    await slow;
    expect(await sequence({ db: two })).toBe(1);
    const rows = await verify(one);
    expect(parts(rows)).toEqual(["committed first", "inserted first"]);
    expect(rows[0]!.row).toBeGreaterThan(rows[1]!.row);
  });

  test("two sequencers racing with writers leave one gapless chain", async () => {
    const [one, two, three] = dbs as [Db, Db, Db], before = (await verify(one)).length;
    let writing = true;
    const racer = async (db: Db): Promise<number> => { let n = 0; while (writing) n += await sequence({ db }); return n; };
    const racers = [racer(one), racer(two)];
    await Promise.all([1, 2, 3, 4].map(async (w) => { for (let i = 0; i < 25; i++) await write(three, `w${w}-${i}`); }));
    writing = false;
    const numbered = (await Promise.all(racers)).reduce((a, b) => a + b) + await sequence({ db: one });
    expect(numbered).toBe(100);
    expect((await verify(two)).length).toBe(before + 100);
  });
});
