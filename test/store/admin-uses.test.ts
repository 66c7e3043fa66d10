/** law A2 as rows: many share an administrative account, one has it alone, and who waits to have it alone gets it in the end. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AccountId } from "../../src/kernel/ids.ts";
import { dropAdmin, takeAdmin } from "../../src/store/rotations.ts";
import { ENGINES, type Opened } from "./engines.ts";
import { addAccount, ground } from "./rows.ts";

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
