/** Steps, fences and transactions as the store spends them. Rule: zero rows is a refusal, a roll-back leaves nothing behind, an error says no value. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { approve, cancel, deny, type Request } from "../../src/domain/request.ts";
import { takeOver, type OpenState, type Rotation } from "../../src/domain/rotation.ts";
import { end, goLive, type Session } from "../../src/domain/session.ts";
import { times } from "../../src/kernel/times.ts";
import type { AccountId } from "../../src/kernel/ids.ts";
import * as people from "../../src/store/people.ts";
import * as requests from "../../src/store/requests.ts";
import * as rotations from "../../src/store/rotations.ts";
import * as sessions from "../../src/store/sessions.ts";
import { tidy } from "../../src/store/db.ts";
import { ENGINES, type Opened } from "./engines.ts";
import { addAccount, ground, id, pending, queued, run, type Ground } from "./rows.ts";

const T = times(1);

describe.each(ENGINES)("on $engine", ({ open }) => {
  let o: Opened, g: Ground, account: AccountId;
  beforeAll(async () => { o = await open(); g = await ground(o.db); account = await addAccount(o.db, g); });
  afterAll(() => o?.close());
  const submitted = (): Promise<Request<"pending">> => o.db.transaction(async (tx) => { const r = pending(g, account, tx.now); await requests.submit(tx, r); return r; });

  test("a step from a state that is past changes nothing and says so", async () => {
    const r = await submitted();
    await o.db.transaction((tx) => requests.save(tx, deny(r, g.person, "no", tx.now)));
    await expect(o.db.transaction((tx) => requests.save(tx, approve(r, tx.now, 30, 60)))).rejects.toMatchObject({ code: "conflict", message: "This request was changed by somebody else a moment ago. Look again." });
    await expect(o.db.transaction((tx) => requests.save(tx, cancel(r, g.person, "", tx.now)))).rejects.toMatchObject({ code: "conflict" });
    expect(await requests.find(o.db, r.id)).toMatchObject({ state: "denied", reason: "no" });
    const s: Session<"opening"> = { id: id.of("session"), request: r.id, person: g.person, account, target: g.target, protocol: "ssh", via: "ssh", address: "", recording: id.of("recording"), node: "n", openedAt: new Date(), state: "opening" };
    await o.db.transaction(async (tx) => { await sessions.open(tx, s, tx.now); await sessions.save(tx, end(s, "error", "", 0, tx.now)); });
    await expect(o.db.transaction((tx) => sessions.save(tx, goLive(s, tx.now)))).rejects.toMatchObject({ code: "conflict", message: "This session moved on a moment ago." });
  });

  test("law: I3 — a stale fence changes 0 rows and stops", async () => {
    const own = await addAccount(o.db, g), first = queued(own);
    await o.db.transaction((tx) => rotations.open(tx, first));
    const claimed = await o.db.transaction((tx) => rotations.save(tx, takeOver(first, tx.now, T))) as Rotation<OpenState>;
    expect(claimed.fence).toBe(1);
    const before = await run(o.db, `select * from rotations where id = '${first.id}'`);
    await expect(o.db.transaction((tx) => rotations.save(tx, takeOver(first, tx.now, T)))).rejects.toThrow(rotations.Fenced);
    await o.db.transaction((tx) => rotations.sleep(tx, first, new Date(0)));
    expect(await run(o.db, `select * from rotations where id = '${first.id}'`)).toEqual(before);
    expect(((await o.db.transaction((tx) => rotations.save(tx, takeOver(claimed, tx.now, T)))) as Rotation).fence).toBe(2);
  });

  test("law: sql-takes-tx — a write takes a Tx and a Reader is none; a roll-back undoes the rows and runs no onCommit", async () => {
    const r = await submitted(), ran: string[] = [];
    const work = o.db.transaction(async (tx) => {
      tx.onCommit(() => void ran.push("after"));
      await requests.save(tx, approve(r, tx.now, 30, 60));
      throw new Error("changed my mind");
    });
    await expect(work).rejects.toThrow("changed my mind");
    expect(ran).toEqual([]);
    expect((await requests.find(o.db, r.id))!.state).toBe("pending");
    await o.db.transaction(async (tx) => { tx.onCommit(async () => { await Promise.resolve(); ran.push("first"); }); tx.onCommit(() => void ran.push("second")); expect(ran).toEqual([]); return requests.save(tx, approve(r, tx.now, 30, 60)); });
    expect(ran, "in order, awaited, once").toEqual(["first", "second"]);
    // @ts-expect-error the compiler refuses a Reader where a Tx is wanted
    const reader = () => requests.save(o.db, approve(r, new Date(), 30, 60));
    expect(reader).toBeTypeOf("function");
  });

  test("now is the database's clock, one for the whole transaction", async () => {
    const [first, second, own] = await o.db.transaction(async (tx) => {
      const one = (await run({ ...o.db, q: tx.q }, "select now() as at"))[0]!["at"] as string;
      await new Promise((done) => setTimeout(done, 20));
      return [one, (await run({ ...o.db, q: tx.q }, "select now() as at"))[0]!["at"] as string, tx.now];
    });
    expect(new Date(first)).toEqual(own);
    expect(new Date(second)).toEqual(own);
  });

  test("errors from the database carry codes and constraints, never a value", async () => {
    const CANARY = "hunter2-canary-value";
    const add = () => o.db.transaction((tx) => people.addKey(tx, { fingerprint: CANARY, person: "per_nobody" as never, key: CANARY, label: CANARY }));
    const seen = (e: unknown): string => { let out = ""; for (let x = e; x instanceof Error; x = x.cause) out += `${x.message}${x.stack ?? ""}${JSON.stringify(x)}${Object.getOwnPropertyNames(x).map((k) => JSON.stringify((x as unknown as Record<string, unknown>)[k])).join()}`; return out; };
    const written: unknown = await add().catch((e: unknown) => e), read: unknown = await people.find({ q: o.db.q }, `${CANARY}\0` as never).catch((e: unknown) => e);
    expect(written).toMatchObject({ code: "23503", constraint: expect.stringContaining("person") as string });
    for (const e of [written, read]) { expect(e).toBeInstanceOf(Error); expect(seen(e)).not.toContain(CANARY); }
    expect(seen(read)).toContain("database: ");
    expect(tidy("not an error")).toBe("not an error");
  });
});
