/** law A2 as rows: many share an administrative account, one has it alone, and who waits to have it alone gets it in the end. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AccountId } from "../../src/kernel/ids.ts";
import * as accounts from "../../src/store/accounts.ts";
import { openPostgres, type Db, type Tx } from "../../src/store/db.ts";
import * as requests from "../../src/store/requests.ts";
import * as rotations from "../../src/store/rotations.ts";
import { dropAdmin, takeAdmin } from "../../src/store/rotations.ts";
import { cluster, ENGINES, type Cluster, type Opened } from "./engines.ts";
import { addAccount, ground, pending, queued, refused, run, type Ground } from "./rows.ts";

describe.each(ENGINES)("$engine", ({ open }) => {
  let o: Opened, admin: AccountId;
  beforeAll(async () => { o = await open(); admin = await addAccount(o.db, await ground(o.db)); });
  afterAll(() => o?.close());
  const take = (by: string, exclusive = false, ms = 60_000) => o.db.transaction((tx) => takeAdmin(tx, admin, by, { exclusive, alone: false }, new Date(tx.now.getTime() + ms)));
  const drop = (by: string) => o.db.transaction((tx) => dropAdmin(tx, by));

  it("law: A2 — shared by many; a wish to have it alone lets nobody new in, and is granted when the last has gone", async () => {
    expect([await take("rot_1"), await take("rot_2"), await take("own", true), await take("rot_3")]).toEqual([true, true, false, false]);
    await drop("rot_1");
    expect([await take("own", true), await take("rot_1")]).toEqual([false, false]);
    await drop("rot_2");
    expect([await take("rot_1"), await take("own", true), await take("rot_1")]).toEqual([false, true, false]);
    await drop("own");
    expect(await take("rot_1")).toBe(true);
    await drop("rot_1");
  });
  it("a wish whose owner died runs out; there is one at a time", async () => {
    expect([await take("rot_1"), await take("own", true, 500), await take("other", true)]).toEqual([true, false, false]);
    await new Promise((r) => { setTimeout(r, 700); });
    expect([await take("rot_2"), await take("other", true), await take("own", true)]).toEqual([true, false, false]);
  });
});

describe("on PostgreSQL", () => {
  let c: Cluster, url: string, db: Db, g: Ground;
  beforeAll(async () => { c = await cluster(); url = await c.fresh(); db = openPostgres(url); g = await ground(db); });
  afterAll(async () => { await db?.close(); await c?.destroy(); });

  it("law: A2 — the administrator's own rotation and a user of it meet on its row and its loan, and neither is lost to a deadlock", async () => {
    const own = await addAccount(db, g), user = await addAccount(db, g), held = Promise.withResolvers<void>(), asked = Promise.withResolvers<void>();
    const until = new Date(Date.now() + 60_000);
    const rotating = db.transaction(async (tx) => { await accounts.lock(tx, own); held.resolve(); await asked.promise; return takeAdmin(tx, own, "rot_own", { exclusive: true, alone: false }, until); });
    await held.promise;
    const using = db.transaction(async (tx) => {
      await accounts.lock(tx, user);
      const taking = takeAdmin(tx, own, "rot_user", { exclusive: false, alone: false }, until);
      // It has the loan's lock by now, and with `for update` on the account it would wait here for its foreign key.
      setTimeout(asked.resolve, 300);
      return taking;
    });
    expect(await Promise.allSettled([rotating, using])).toEqual([{ status: "fulfilled", value: false }, { status: "fulfilled", value: true }]);
  });

  it("a row that others refer to is locked so that their foreign key's check passes, and so that a second lock waits", async () => {
    const account = await addAccount(db, g), rotation = queued(account), request = pending(g, account, new Date(Date.now() + 60_000));
    await db.transaction(async (tx) => { await rotations.open(tx, rotation); await requests.submit(tx, request); });
    const locks: readonly (readonly [string, string, (tx: Tx) => Promise<unknown>])[] = [
      ["accounts", account, (tx) => accounts.lock(tx, account)], ["accounts", account, (tx) => accounts.lockAll(tx, [account])],
      ["rotations", rotation.id, (tx) => rotations.lock(tx, rotation.id)], ["requests", request.id, (tx) => requests.lock(tx, request.id)],
    ];
    for (const [table, id, lock] of locks) {
      await db.transaction(async (tx) => {
        await lock(tx);
        expect(await run(db, `select id from ${table} where id = '${id}' for key share nowait`), `${table}: as a foreign key asks`).toEqual([{ id }]);
        expect((await refused(run(db, `select id from ${table} where id = '${id}' for no key update nowait`)))?.code, `${table}: somebody else's lock`).toBe("55P03");
      });
    }
  });
});
