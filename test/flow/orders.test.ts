/** A change left with an agent for the end of a use: placed, moved, called in, made by the agent alone, reported, asked about, settled; on both databases. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { giveBack, expireRequest } from "../../src/flow/checkin.ts";
import { rotateNow, changePassword, inTheWay } from "../../src/flow/change-password.ts";
import { release } from "../../src/flow/release.ts";
import { claim, drive, rotateAfterUse } from "../../src/flow/rotate.ts";
import { takeReports } from "../../src/flow/order-reports.ts";
import { openVersion } from "../../src/flow/secrets.ts";
import { verify } from "../../src/flow/verify.ts";
import type { Rotation } from "../../src/domain/rotation.ts";
import { Fault } from "../../src/kernel/fault.ts";
import { newId, type AccountId, type RequestId } from "../../src/kernel/ids.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as rotations from "../../src/store/rotations.ts";
import * as versions from "../../src/store/versions.ts";
import { ENGINES, type Opened } from "../store/engines.ts";
import { orderWorld, type OrderWorld } from "./orders-world.ts";
import { PASSWORD, type Managed } from "./world.ts";

const DAY = 86_400_000, HOUR = 3_600_000;
const code = (p: Promise<unknown>) => p.then(() => "done", (e: unknown) => (e instanceof Fault ? `${e.code}: ${e.message}` : `strange: ${String(e)}`));

describe.each(ENGINES)("on $engine", ({ open }) => {
  let o: Opened, w: OrderWorld;
  beforeAll(async () => { o = await open(); w = await orderWorld(o.db); });
  afterAll(async () => { await w?.close(); await o?.close(); });

  const vault = async (m: Managed): Promise<string> => { using s = openVersion(w.deps, (await versions.find(w.db, (await m.now()).current!))!); return reveal(s); };
  const onHost = (m: Managed): string => w.machine.passwords.get(m.account.name)!;
  const row = async (m: Managed): Promise<Rotation> => (await rotations.recent(w.db, { account: m.account.id, limit: 1 }))[0]!;
  const candidate = async (m: Managed): Promise<string> => { using s = openVersion(w.deps, (await versions.find(w.db, (await row(m)).candidate!))!); return reveal(s); };
  /** Whoever lost a password has one on the host that no version opens as. */
  const kept = async (m: Managed): Promise<boolean> => (await versions.of(w.db, m.account.id)).length > 0 && (await Promise.all((await versions.of(w.db, m.account.id)).map(async (v) => { using s = openVersion(w.deps, (await versions.find(w.db, v.id))!); return reveal(s); }))).includes(onHost(m));
  const settled = async (m: Managed, rotated = true): Promise<void> => {
    const a = await m.now();
    expect([a.credential, await vault(m) === onHost(m), a.usedNo === a.rotatedNo], (await row(m)).why ?? "").toEqual(["in_sync", true, rotated]);
  };
  /** The agent makes it while we are away, and comes back. */
  const firedAway = async (m: Managed, left: string): Promise<void> => {
    w.machine.fire(HOUR);
    w.machine.ahead = 0;
    await w.comes();
    await w.work();
    expect([(await row(m)).state, onHost(m)]).toEqual(["committed", left]);
    await settled(m);
  };
  /** Its password is shown for half an hour, and a change is left with the agent. */
  const shown = async (preset: "release" | "session" = "release"): Promise<{ m: Managed; id: RequestId }> => {
    const m = await w.account(preset), id = await w.approved(m);
    using _p = (await release(w.deps, w.requester, id)).password;
    expect(await w.leave(m.account.id)).toBe(true);
    await w.work();
    return { m, id };
  };
  /** So much later, for the broker: the rows move, the clock does not. */
  const later = async (m: Managed, ms: number): Promise<void> => {
    const back = `- ${ms} * interval '1 millisecond'`;
    await w.sql(`update requests set until = until ${back}, checked_out_at = checked_out_at ${back} where account_id = '${m.account.id}'`);
    await w.sql(`update rotations set next_at = next_at ${back}, order_due = order_due ${back}, order_wanted = order_wanted ${back}, order_expires = order_expires ${back} where account_id = '${m.account.id}' and order_state is not null`);
  };

  it("law: order-after-journal — what is left with the agent is a prepared candidate, sealed, in the journal, with fence, epoch and an end", async () => {
    const { m, id } = await shown(), r = await row(m), entry = w.machine.book.find((e) => e.rotation === r.id)!;
    expect(r).toMatchObject({ state: "prepared", sent: true, trigger: "end_of_use", order: { state: "placed", agent: w.agent, epoch: 1 } });
    const until = (await w.sql(`select until from requests where id = '${id}'`))[0]!["until"], due = new Date(until as string).getTime();
    expect([entry.due, entry.expires, entry.fence, entry.epoch, entry.state]).toEqual([due, due + DAY, r.order !== null && "fence" in r.order ? r.order.fence : -1, 1, "standing"]);
    expect(JSON.stringify(entry)).not.toContain(await candidate(m));
    const said = await w.said(r.id);
    expect(said.filter((s) => s.startsWith("order."))).toEqual(["order.placed intent", "order.placed ok"]);
    expect(said.indexOf("rotation.intent intent")).toBeLessThan(said.indexOf("order.placed intent"));
    expect([onHost(m), await w.leave(m.account.id), (await rotations.openOf(w.db, m.account.id))?.id]).toEqual([PASSWORD, false, r.id]);
    // Nothing is being changed: it is shown again, looked at, and nobody is told of a change in the way.
    expect(reveal((await release(w.deps, w.requester, id)).password)).toBe(PASSWORD);
    expect([(await verify(w.deps, null, m.account.id)).verdict, (await inTheWay(w.db, m.account.id)).open]).toEqual(["in_force", null]);
  });

  it("given back with the agent there, the ordinary change goes on with the same candidate, and the order is over", async () => {
    const { m, id } = await shown(), r = await row(m), left = await candidate(m);
    using again = (await release(w.deps, w.requester, id)).password;
    expect(reveal(again)).toBe(PASSWORD);
    await giveBack(w.deps, w.requester, id);
    await rotateAfterUse(w.deps, m.account.id);
    await w.work();
    expect(await row(m)).toMatchObject({ id: r.id, state: "committed", candidate: r.state === "prepared" ? r.candidate : "" });
    expect([onHost(m), w.machine.book.some((e) => e.rotation === r.id)]).toEqual([left, false]);
    await settled(m);
    expect(await rotations.openOf(w.db, m.account.id)).toBeNull();
    w.machine.fire(2 * HOUR);
    w.machine.ahead = 0;
    expect(onHost(m)).toBe(left);
  });

  it("law: I2 — made by the agent while it was away from the broker: reported, asked about, and only then current", async () => {
    const { m, id } = await shown(), left = await candidate(m), old = (await m.now()).current;
    w.machine.mode = "away";
    w.machine.fire(HOUR);
    w.machine.ahead = 0;
    expect([onHost(m), await vault(m)]).toEqual([left, PASSWORD]);
    await later(m, HOUR);
    await expireRequest(w.deps, id);
    await rotateAfterUse(w.deps, m.account.id);
    await w.work();
    expect([(await row(m)).state, (await m.now()).current, (await m.now()).credential]).toEqual(["probing", old, "unverified"]);
    expect(await code(w.approved(m).then((next) => release(w.deps, w.requester, next)))).toMatch(/^conflict: The password in force is not known for certain/);
    w.machine.asked.length = 0;
    await w.comes();
    expect([w.machine.asked[0], [...new Set(w.machine.asked.slice(1))]]).toEqual(["orders list", ["orders withdraw"]]);
    await w.work();
    expect(w.machine.asked.filter((a) => a === "change")).toEqual([]);
    expect(await row(m)).toMatchObject({ state: "committed", order: { state: "over" } });
    await settled(m);
    expect(await w.said((await row(m)).id)).toEqual(expect.arrayContaining(["order.done ok", "rotation.committed ok"]));
    expect(w.machine.book.some((e) => e.account === m.account.name)).toBe(false);
  });

  it("law: I5 — once the time of an order has come nothing is handed out before the host was asked, though the use goes on", async () => {
    const { m, id } = await shown(), left = await candidate(m);
    w.machine.mode = "away";
    await w.sql(`update rotations set order_due = now() - interval '1 second', order_expires = now() + interval '1 hour' where account_id = '${m.account.id}' and order_state is not null`);
    expect((await m.now()).credential).toBe("in_sync");
    expect(await code(release(w.deps, w.requester, id))).toBe("conflict: Its password is being changed right now. Try again in a moment.");
    await firedAway(m, left);
    using next = (await release(w.deps, w.requester, id)).password;
    expect(reveal(next)).toBe(left);
  });

  it("law: order-fenced — a use that is moved while its order is on its way: what stands at the agent is what the row says, and the new time follows", async () => {
    const m = await w.account("release"), id = await w.approved(m);
    using _p = (await release(w.deps, w.requester, id)).password;
    expect(await w.leave(m.account.id)).toBe(true);
    const wanted = async (): Promise<number> => new Date((await w.sql(`select until from requests where id = '${id}'`))[0]!["until"] as string).getTime(), first = await wanted();
    w.machine.meanwhile = async () => { await w.sql(`update requests set until = until + interval '20 minutes' where id = '${id}'`); expect(await w.leave(m.account.id)).toBe(true); };
    w.machine.asked.length = 0;
    await w.work();
    const r = await row(m), entry = w.machine.book.find((e) => e.rotation === r.id)!;
    expect(r).toMatchObject({ state: "prepared", order: { state: "placed" } });
    expect(r.order !== null && "due" in r.order ? [r.order.wanted.getTime(), r.order.due.getTime(), entry.due] : []).toEqual([first + 1_200_000, first + 1_200_000, first + 1_200_000]);
    expect(w.machine.asked).toEqual(["orders place", "orders place"]);
  });

  it("the agent is there first: its report alone commits nothing, the host is asked; and the broker that was down all the time ends the same way", async () => {
    for (const first of ["reported", "claimed"]) {
      const { m } = await shown(), left = await candidate(m);
      w.machine.fire(HOUR);
      w.machine.ahead = 0;
      await later(m, HOUR);
      if (first === "reported") { await w.comes(); expect((await row(m)).state).toBe("prepared"); }
      await w.work();
      if (first === "claimed") await w.comes();
      expect([(await row(m)).state, onHost(m) === left], first).toEqual(["committed", true]);
      await settled(m);
    }
  });

  it("an agent that lied, or whose machine was set back: done is not believed, and the same candidate is applied", async () => {
    const { m } = await shown(), left = await candidate(m);
    w.machine.fire(HOUR);
    w.machine.ahead = 0;
    w.machine.passwords.set(m.account.name, PASSWORD);
    await later(m, HOUR);
    await w.comes();
    await w.work();
    expect([(await row(m)).state, onHost(m)]).toEqual(["committed", left]);
    await settled(m);
  });

  it("expired while the machine was off: reported as expired, never made; the target is asked, and the same candidate applied", async () => {
    const { m, id } = await shown(), left = await candidate(m), r = await row(m);
    w.machine.mode = "away";
    await later(m, 26 * HOUR);
    await expireRequest(w.deps, id);
    await w.work();
    w.machine.fire(26 * HOUR);
    expect([onHost(m), w.machine.book.find((e) => e.rotation === r.id)?.state]).toEqual([PASSWORD, "expired"]);
    await w.comes();
    w.machine.ahead = 0;
    await w.work();
    expect(await row(m)).toMatchObject({ id: r.id, state: "committed" });
    expect([onHost(m), await w.said(r.id)]).toEqual([left, expect.arrayContaining(["order.expired failed"])]);
    await settled(m);
  });

  it("given back while the agent is away: nothing else is opened, the due time stands, and what the agent did is found", async () => {
    const { m, id } = await shown(), left = await candidate(m), r = await row(m);
    w.machine.mode = "away";
    await giveBack(w.deps, w.requester, id);
    expect(await rotateAfterUse(w.deps, m.account.id)).toBe(r.id);
    await w.work();
    expect(await row(m)).toMatchObject({ id: r.id, state: "probing", order: { state: "called" } });
    await firedAway(m, left);
  });

  it("given up for want of an answer, it goes on by itself when the agent is back", async () => {
    const { m, id } = await shown(), left = await candidate(m);
    w.machine.mode = "away";
    await giveBack(w.deps, w.requester, id);
    await rotateAfterUse(w.deps, m.account.id);
    await w.work();
    await w.sql(`update rotations set next_at = now() - interval '1 second', facts = jsonb_set(facts, '{firstUnknownAt}', to_jsonb((now() - interval '25 hours')::timestamptz)) where id = '${(await row(m)).id}'`);
    await w.work();
    expect([(await row(m)).state, (await m.now()).credential]).toEqual(["dead_letter", "quarantined"]);
    await firedAway(m, left);
  });

  it("another holder moves it: to the later end, with the agent; where that is away it is known to fire at the earlier, and is moved when it is back", async () => {
    const m = await w.account("release"), id = await w.approved(m, w.requester, 10);
    using _p = (await release(w.deps, w.requester, id)).password;
    await w.leave(m.account.id);
    await w.work();
    const entry = () => w.machine.book.find((e) => e.account === m.account.name)!, first = entry().due;
    const until = async (minutes: number) => w.sql(`update requests set until = checked_out_at + ${minutes} * interval '1 minute' where id = '${id}'`);
    await until(40);
    expect(await accounts.maybeOrders(w.db)).toContain(m.account.id);
    expect(await w.leave(m.account.id)).toBe(true);
    await w.work();
    expect([entry().due - first, (await row(m)).order]).toEqual([30 * 60_000, expect.objectContaining({ state: "placed", due: new Date(entry().due) })]);
    w.machine.mode = "away";
    await until(60);
    await w.leave(m.account.id);
    await w.work();
    const o = (await row(m)).order;
    expect(o !== null && "due" in o && [o.state, o.due.getTime() - first, o.wanted.getTime() - first]).toEqual(["sent", 30 * 60_000, 50 * 60_000]);
    await w.comes();
    await w.work();
    expect([entry().due - first, (await row(m)).order?.state]).toEqual([50 * 60_000, "placed"]);
    // It was made before the word of another time came: that is not hidden by it.
    w.machine.fire(2 * HOUR);
    w.machine.ahead = 0;
    await until(90);
    await w.leave(m.account.id);
    await w.work();
    expect((await row(m)).order?.state).toBe("sent");
    await takeReports(w.deps, w.agent);
    await w.work();
    expect((await row(m)).state).toBe("committed");
    await settled(m);
    expect((await w.sql(`select state from requests where id = '${id}'`))[0]!["state"]).toBe("checked_out");
  });

  it("nobody knows whether it was kept: asked again under a higher fence, with the same candidate; and it counts as kept", async () => {
    for (const mode of ["deaf", "lost ack"] as const) {
      const m = await w.account("release"), id = await w.approved(m);
      using _p = (await release(w.deps, w.requester, id)).password;
      w.machine.mode = mode;
      await w.leave(m.account.id);
      await w.work();
      const before = await row(m);
      expect(before, mode).toMatchObject({ state: "prepared", sent: true, order: { state: "sent", before: false } });
      await w.comes();
      await w.work();
      const after = await row(m);
      expect(after, mode).toMatchObject({ id: before.id, state: "prepared", candidate: before.state === "prepared" ? before.candidate : "", order: { state: "placed" } });
      expect(after.order !== null && "fence" in after.order && before.order !== null && "fence" in before.order && after.order.fence > before.order.fence).toBe(true);
      expect(w.machine.book.filter((e) => e.account === m.account.name).length).toBe(1);
    }
  });

  it("without an agent that keeps orders nothing is left anywhere, and the change at the end is as ever", async () => {
    for (const mode of ["old", "away"] as const) {
      const m = await w.account("release"), id = await w.approved(m);
      w.machine.mode = mode;
      using _p = (await release(w.deps, w.requester, id)).password;
      expect([await w.leave(m.account.id), await rotations.openOf(w.db, m.account.id)], mode).toEqual([false, null]);
      await giveBack(w.deps, w.requester, id);
      await rotateAfterUse(w.deps, m.account.id);
      await w.work();
      w.machine.mode = "here";
      await w.sql(`update rotations set next_at = now() - interval '1 second' where account_id = '${m.account.id}' and state = 'waiting'`);
      await w.work();
      expect((await row(m)).state, mode).toBe("committed");
      await settled(m);
    }
  });

  it("a person's change: held it is refused, cut it is the same candidate now; a typed one waits for the end", async () => {
    const { m } = await shown(), r = await row(m), left = await candidate(m);
    expect(await code(rotateNow(w.deps, w.operator, m.account.id, "now"))).toMatch(/^conflict: requester holds this account/);
    using typed = Secret.of("Typed-By-Hand-9!x7Qq");
    expect(await code(changePassword(w.deps, w.operator, m.account.id, { password: typed, remote: true, reason: "typed", cut: true }))).toMatch(/^conflict: While it is used, its next password is with the agent/);
    const done = await changePassword(w.deps, w.operator, m.account.id, { password: null, remote: true, reason: "at once", cut: true });
    await w.work();
    expect([done.rotation, (await row(m)).state, onHost(m)]).toEqual([r.id, "committed", left]);
    await settled(m);
  });

  it("an order that this broker does not know (of a life before a restore) is taken back; made already, the account is looked at and healed", async () => {
    const { m, id } = await shown(), strange = newId("rotation", systemRandom), entry = w.machine.book.find((e) => e.account === m.account.name)!;
    await giveBack(w.deps, w.requester, id);
    await rotateAfterUse(w.deps, m.account.id);
    await w.work();
    w.machine.book = [...w.machine.book, { ...entry, rotation: strange, epoch: 9, state: "standing" }];
    await w.comes();
    expect([w.machine.book.some((e) => e.rotation === strange), await w.said(strange)]).toEqual([false, ["order.withdrawn ok"]]);
    // What an agent says of itself is text: no id of ours comes from it, and no line of the log is broken by it.
    w.machine.book = [...w.machine.book, { ...entry, rotation: "rot\n; all is well", epoch: 9, state: "expired", box: null, why: "one\ntwo" }];
    await w.comes();
    const told = await w.sql(`select about, why from events where what = 'order.expired' and about->>'account' = '${m.account.id}'`);
    expect([told.length, told[0]?.["about"], String(told[0]?.["why"]).includes("\n"), w.machine.book.some((e) => e.epoch === 9)]).toEqual([1, expect.not.objectContaining({ rotation: expect.anything() as unknown }), false, false]);
    // Its candidate came back from the journal, so it is one of ours; the target has it in force.
    const before = (await m.now()).previous!;
    using old = openVersion(w.deps, (await versions.find(w.db, before))!);
    w.machine.passwords.set(m.account.name, reveal(old));
    w.machine.book = [...w.machine.book, { ...entry, rotation: strange, epoch: 9, state: "done", box: null }];
    await w.comes();
    expect([(await m.now()).credential, await w.said(strange), await kept(m)]).toEqual(["unverified", ["order.withdrawn ok", "order.done ok"], true]);
    // The agent refuses the change of a broker whose epoch is older than what it has seen: the heal waits for the take-over, and loses nothing.
    w.deps.epoch.value = 10;
    await w.work();
    w.deps.epoch.value = 1;
    await settled(m);
  });

  it("law: passive-start — a passive broker leaves nothing and takes nothing in", async () => {
    const m = await w.account("release"), id = await w.approved(m);
    using _p = (await release(w.deps, w.requester, id)).password;
    w.deps.passive.why = "restored";
    w.machine.asked.length = 0;
    expect([await w.leave(m.account.id), await takeReports(w.deps, w.agent), w.machine.asked]).toEqual([false, undefined, []]);
    w.deps.passive.why = null;
  });

  it("law: I1 — the broker dies at each step of leaving and settling an order, the agent makes it or not: 0 lost", async () => {
    class Killed extends Error { override readonly name = "Fenced"; }
    const moments = ["before_candidate", "candidate_committed", "journalled", "prepared", "order_sent", "order_answered"] as const;
    let lost = 0;
    for (const at of moments) for (const fires of [false, true]) {
      const m = await w.account("release"), id = await w.approved(m);
      using _p = (await release(w.deps, w.requester, id)).password;
      w.deps.moment = (now) => { if (now === at) throw new Killed(`killed at ${at}`); };
      await w.leave(m.account.id);
      const r = await claim(w.deps, []);
      if (r) await drive(w.deps, r);
      w.deps.moment = () => {};
      expect(r, at).not.toBeNull();
      if (!(await kept(m))) lost += 1;
      if (fires) { w.machine.fire(HOUR); w.machine.ahead = 0; }
      if (!(await kept(m))) lost += 1;
      await later(m, HOUR);
      await w.sql(`update rotations set lease_until = null where account_id = '${m.account.id}'`);
      await expireRequest(w.deps, id);
      await rotateAfterUse(w.deps, m.account.id as AccountId);
      await w.comes();
      await w.work();
      expect((await row(m)).state, `${at} ${fires}`).toBe("committed");
      await settled(m);
    }
    expect(lost).toBe(0);
  });
});
