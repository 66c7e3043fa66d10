/** law: lock-out — a login is counted for one lease. Rule: whoever was stopped between the count and the call counts it once more, or does not log in. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { connector } from "../../src/connectors/connector.ts";
import { rotateNow } from "../../src/flow/accounts.ts";
import { claim, drive } from "../../src/flow/rotate.ts";
import { ENGINES, type Opened } from "../store/engines.ts";
import { worldOn, type Managed, type World } from "./world.ts";

describe.each(ENGINES)("on $engine", ({ open }) => {
  let o: Opened, w: World, stopped: (() => Promise<void>) | undefined;
  const touched: string[] = [];
  const machine = connector({
    platform: "nowhere", config: z.object({ hostKeys: z.array(z.string()).default([]) }), forbidden: /[\r\n]/, changesItself: true,
    probe: () => { touched.push("probe"); return Promise.resolve({ unknown: "no answer" }); }, change: async () => { touched.push(`change, counted ${String((await w.sql("select logins_spent from accounts where logins_spent > 0"))[0]?.["logins_spent"])}`); return { unknown: "no answer" }; }, test: () => Promise.reject(new Error("not here")),
  });
  beforeAll(async () => {
    o = await open();
    // `applying` is the moment after the intent and its count are durable, and before the fence is asked.
    w = await worldOn(o.db, { connectors: new Map([["nowhere", machine as never]]), link: (to) => ({ address: { host: to.host, port: to.port }, connect: () => Promise.reject(new Error("nobody dials here")) }), moment: async (m) => { if (m === "applying") await stopped?.(); } });
  });
  afterAll(async () => { await w?.close(); await o?.close(); });
  /** The process stood still until its lease was over; `spent`: what the account's budget says by then. */
  const standsStill = (m: Managed, spent: number) => async (): Promise<void> => {
    stopped = undefined;
    await w.sql(`update rotations set lease_until = now() - interval '1 second' where account_id = '${m.account.id}'`);
    await w.sql(`update accounts set logins_spent = ${spent}, logins_until = now() + interval '10 minutes' where id = '${m.account.id}'`);
  };
  const changed = async (m: Managed, spent: number): Promise<string[]> => {
    touched.length = 0;
    await rotateNow(w.deps, w.operator, m.account.id, "by hand");
    const r = await claim(w.deps, []);
    stopped = standsStill(m, spent);
    await drive(w.deps, r!);
    return touched;
  };

  it("with one left it is counted once more, and leaves", async () => {
    const m = await w.managed();
    expect((await changed(m, 1))[0]).toBe("change, counted 2");
  });
  it("with none left nothing leaves: what was applied is an outcome nobody knows", async () => {
    const m = await w.managed();
    expect(await changed(m, 2)).toEqual([]);
    expect((await m.now()).guards.budget.spent).toBe(2);
  });
});
