/** Orders as columns of their rotations: the same life as in the domain, and raw SQL cannot leave it, forget one that has left us, or replace its candidate. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ORDER_NEXT, leaving, type Order } from "../../src/domain/order.ts";
import { callIn, moveOrder, open as opening, orderNotSent, orderOver, orderStands, orderUnknown, prepare, sendOrder, takeOver, type OpenState, type Rotation, type RotationStep } from "../../src/domain/rotation.ts";
import type { AccountId, AgentId, RotationId, VersionId } from "../../src/kernel/ids.ts";
import { times } from "../../src/kernel/times.ts";
import * as rotations from "../../src/store/rotations.ts";
import { ENGINES, type Opened } from "./engines.ts";
import { addAccount, addVersion, ground, id, refused, run, type Ground } from "./rows.ts";

const T = times(1), HOUR = 3_600_000;
describe.each(ENGINES)("on $engine", ({ open }) => {
  let o: Opened, g: Ground;
  const agent = "agt_00000000000000000001" as AgentId;
  beforeAll(async () => {
    o = await open();
    g = await ground(o.db);
    await run(o.db, `insert into enrolments (id, hash, kind, mode, owner_id, by_id, at, expires_at, max_uses) values ('enr_1', 'h', 'once', 'agent', '${g.person}', '${g.person}', now(), now() + interval '5 minutes', 1)`);
    await run(o.db, `insert into agents (id, mode, name, owner_id, enrolment_id, enrolled_at, host_key, box_key, version) values ('${agent}', 'agent', 'web-1', '${g.person}', 'enr_1', now(), 'k', 'b', '0.1.0')`);
  });
  afterAll(() => o?.close());

  type Prepared = Rotation<"prepared">;
  const save = <R extends Rotation>(step: RotationStep): Promise<R> => o.db.transaction((tx) => rotations.save(tx, step)) as Promise<R>;
  const wished = async (): Promise<{ r: Prepared; account: AccountId; candidate: VersionId }> => {
    const account = await addAccount(o.db, g), candidate = await o.db.transaction((tx) => addVersion(tx, account, "candidate"));
    const first = opening({ id: id.of("rotation") as RotationId, account, trigger: "end_of_use", reason: "", by: null, origin: "generated", before: "in_sync", candidate: null, order: { state: "wished", agent, wanted: new Date(Math.floor(Date.now()) + HOUR) } });
    await o.db.transaction((tx) => rotations.open(tx, first));
    const claimed = await save<Rotation<"queued">>(takeOver(first as Rotation<OpenState>, new Date(), T));
    return { r: await save<Prepared>(prepare(claimed, candidate, 1)), account, candidate };
  };
  const sent = (r: Prepared): Promise<Prepared> => save<Prepared>(sendOrder(r, leaving(r.order as Order<"wished">, r.fence, 1, T)));
  const placed = async (r: Prepared): Promise<Prepared> => { const s = await sent(r), so = s.order as Order<"sent">; return save<Prepared>(orderStands(s, so, so.wanted, new Date(so.wanted.getTime() + T.orderKept))); };

  test("law: table-holds-next — order_transition holds exactly the life of an order", async () => {
    const rows = (await run(o.db, "select prior, state from order_transition")).map((r) => `${String(r["prior"])} -> ${String(r["state"])}`).sort();
    expect(rows).toEqual(["new -> wished", ...Object.entries(ORDER_NEXT).flatMap(([from, to]) => to.map((t) => `${from} -> ${t}`))].sort());
  });
  test("along every road the row says what the domain says", async () => {
    const { r } = await wished();
    expect(await rotations.find(o.db, r.id)).toEqual(r);
    const s = await sent(r), so = s.order as Order<"sent">;
    expect(await rotations.find(o.db, r.id)).toEqual(s);
    const back = await save<Prepared>(orderNotSent(s, so, "away", so.wanted));
    expect([await rotations.find(o.db, r.id), back.sent, back.order]).toEqual([back, false, { state: "wished", agent, wanted: so.wanted }]);
    const p = await placed(back);
    expect([await rotations.find(o.db, r.id), p.sent]).toEqual([p, true]);
    const moved = await save<Prepared>(moveOrder(p, p.order as Order<"placed">, new Date(so.wanted.getTime() + HOUR))), again = await save<Prepared>(sendOrder(moved, leaving(moved.order as Order<"placed">, moved.fence, 1, T)));
    expect(again.order).toMatchObject({ state: "sent", before: true, due: so.wanted, wanted: new Date(so.wanted.getTime() + HOUR) });
    const unknown = await save<Prepared>(orderUnknown(again, again.order as Order<"sent">, "cut", so.wanted)), called = await save<Prepared>(callIn(unknown, unknown.order as Order<"sent">, 7));
    expect([await rotations.find(o.db, r.id), called.covers, called.order?.state]).toEqual([called, 7, "called"]);
    const over = await save<Prepared>(orderOver(called, called.order as Order<"called">, 7));
    expect([await rotations.find(o.db, r.id), over.order?.state]).toEqual([over, "over"]);
    const never = await wished();
    expect((await save<Prepared>(callIn(never.r, never.r.order as Order<"wished">, 3))).order).toBeNull();
  });
  test("law: table-holds-next — raw SQL cannot skip or leave the life of an order, nor begin one in the middle", async () => {
    for (const [state, bad] of [["wished", ["placed", "called", "over"]], ["placed", ["wished"]], ["over", ["sent", "placed", "called"]]] as const) {
      const { r } = await wished();
      let now = r;
      if (state !== "wished") now = await placed(r);
      if (state === "over") now = await save<Prepared>(orderOver(now, now.order as Order<"placed">, 1));
      const facts = "order_due = order_wanted, order_expires = order_wanted + interval '1 hour', order_fence = fence, order_epoch = 1, order_before = false";
      for (const to of bad) {
        const set = to === ("wished" as string) ? "order_due = null, order_expires = null, order_fence = null, order_epoch = null, order_before = null" : facts;
        expect(await refused(run(o.db, `update rotations set order_state = '${to}', ${set} where id = '${now.id}'`)), `${state} -> ${to}`).toMatchObject({ constraint: "order_transition_law" });
        expect(await refused(run(o.db, `update rotations set order_prior = 'sent', order_state = '${to}', ${set} where id = '${now.id}'`)), `${state} -> ${to}, whatever it says came before`).toMatchObject({ constraint: "order_transition_law" });
      }
    }
    const account = await addAccount(o.db, g);
    expect(await refused(run(o.db, `insert into rotations (id, account_id, facts, opened_at, candidate_id, order_prior, order_state, order_agent, order_wanted, order_due, order_expires, order_fence, order_epoch, order_before) values ('rot_m', '${account}', '{}', now(), 'ver_x', 'sent', 'placed', '${agent}', now(), now(), now() + interval '1 hour', 0, 1, false)`))).toMatchObject({ constraint: "order_transition_law" });
  });
  test("law: I7 — an order that has left us is not forgotten, its candidate not replaced, and it lasts no day longer than the use; none is hung on a change that runs", async () => {
    const { r } = await wished(), other = await o.db.transaction((tx) => addVersion(tx, r.account, "candidate"));
    await placed(r);
    const none = "order_state = null, order_agent = null, order_wanted = null, order_due = null, order_expires = null, order_fence = null, order_epoch = null, order_before = null";
    expect(await refused(run(o.db, `update rotations set ${none} where id = '${r.id}'`))).toMatchObject({ constraint: "order_kept" });
    expect(await refused(run(o.db, `update rotations set candidate_id = '${other}' where id = '${r.id}'`))).toMatchObject({ constraint: "order_kept" });
    for (const set of ["order_expires = order_due + interval '25 hours'", "order_expires = order_due", "order_fence = fence + 1", "order_agent = null", "order_due = null", "order_epoch = null"]) {
      expect(await refused(run(o.db, `update rotations set ${set} where id = '${r.id}'`)), set).toMatchObject({ constraint: "order_facts" });
    }
    const plain = opening({ id: id.of("rotation") as RotationId, account: await addAccount(o.db, g), trigger: "manual", reason: "", by: null, origin: "generated", before: "in_sync", candidate: null });
    await o.db.transaction((tx) => rotations.open(tx, plain));
    expect(await refused(run(o.db, `update rotations set order_state = 'wished', order_agent = '${agent}', order_wanted = now() where id = '${plain.id}'`))).toMatchObject({ constraint: "order_kept" });
  });
});
