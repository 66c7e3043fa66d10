/** The log, checked, searched and taken away, on both engines. Rule: tampering is done as somebody with the database's own rights would do it; the check names the number. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exportEvents, isWhole } from "../../src/flow/audit-export.ts";
import { checkOne, openCheck, workCheck } from "../../src/flow/audit-check.ts";
import { audit } from "../../src/flow/look.ts";
import { sequence } from "../../src/flow/sequence.ts";
import { actor, record } from "../../src/flow/record.ts";
import { checkChain } from "../../src/cli/chain.ts";
import { ENGINES, type Opened } from "../store/engines.ts";
import { worldOn, type World } from "./world.ts";

describe.each(ENGINES)("$engine", ({ open }) => {
  let o: Opened, w: World;
  beforeAll(async () => {
    o = await open();
    w = await worldOn(o.db);
    for (let i = 0; i < 1_203; i++) await w.db.transaction((tx) => record(w.deps, tx, { what: "vote.cast", who: actor(i % 2 ? w.approver : w.requester), about: { request: `req_${i % 7}` }, outcome: i % 5 ? "ok" : "refused", why: `100%_of ${i}`, facts: { n: i } }));
    await sequence(w.deps);
  }, 180_000);
  afterAll(async () => { await w?.close(); await o?.close(); });

  const check = async () => {
    const id = await openCheck(w.deps, w.auditor);
    let turns = 1;
    while (await workCheck(w.deps)) turns += 1;
    return { turns, c: await checkOne(w.db, w.auditor, id) };
  };
  /** Past the triggers, as the owner of the tables may. */
  const behind = async (text: string): Promise<void> => { await w.sql("alter table events disable trigger user"); try { for (const one of text.split("; ")) await w.sql(one); } finally { await w.sql("alter table events enable trigger user"); } };

  it("is whole, in turns, with its range and head; a second press joins; each end is an event", async () => {
    const first = await openCheck(w.deps, w.auditor);
    expect(await openCheck(w.deps, w.operator)).toBe(first);
    const { turns, c } = await check(), head = (await w.sql("select index_no, hash from events where index_no is not null order by index_no desc limit 1"))[0]!;
    expect(c).toMatchObject({ id: first, state: "whole", faults: 0, hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string, byName: "auditor" });
    expect(c.events).toBe(Number(head["index_no"]) + 1);
    expect(turns).toBe(Math.floor(c.events / 500) + 1);
    expect(await w.said(first)).toEqual(["audit.checked intent", "audit.checked ok"]);
  });
  it("goes on where a run that died stopped", async () => {
    const id = await openCheck(w.deps, w.auditor);
    await workCheck(w.deps);
    const half = await checkOne(w.db, w.auditor, id);
    expect([half.state, half.next]).toEqual(["running", 500]);
    while (await workCheck(w.deps));
    expect(await checkOne(w.db, w.auditor, id)).toMatchObject({ state: "whole", faults: 0 });
  });
  it("says which events wait for a number", async () => {
    await w.db.transaction((tx) => record(w.deps, tx, { what: "vote.cast", who: actor(w.approver), about: {}, outcome: "ok" }));
    const { c } = await check();
    expect([c.state, c.waiting > 0, c.waitingSince !== null]).toEqual(["whole", true, true]);
    await sequence(w.deps);
  });
  it("names what was changed, removed, or made again from somewhere on", async () => {
    await behind("update events set why = 'another reason' where index_no = 700");
    expect((await check()).c).toMatchObject({ state: "broken", faults: 1, findings: [{ at: 700, why: "its content does not match its hash: it was changed" }] });
    await behind("update events set why = '100%_of ' || (facts->>'n') where index_no = 700");
    expect((await check()).c.state).toBe("whole");
    await behind("create table kept as select * from events where index_no between 40 and 42; delete from events where index_no between 40 and 42");
    const gap = (await check()).c;
    expect(gap).toMatchObject({ state: "broken", faults: 3, findings: [{ at: 40, why: "numbers 40 to 42 are missing" }] });
    await behind("insert into events overriding system value select * from kept; drop table kept");
    expect((await check()).c.state).toBe("whole");
    await behind("create table kept as select * from events where index_no >= 900; delete from events where index_no >= 900");
    expect((await check()).c).toMatchObject({ state: "broken", findings: [{ at: expect.any(Number) as number, why: "an earlier check had seen this event; it is gone" }] });
    await behind("delete from events where index_no is null; insert into events overriding system value select * from kept; drop table kept");
  });
  it("is for auditors and admins", async () => {
    await expect(openCheck(w.deps, w.requester)).rejects.toMatchObject({ code: "forbidden" });
    await expect(exportEvents(w.deps, w.outsider, { format: "csv", filter: {}, after: -1 })).rejects.toMatchObject({ code: "forbidden" });
    await expect(checkOne(w.db, w.requester, "chk_x")).rejects.toMatchObject({ code: "forbidden" });
  });

  it("searches by who, outcome, time and text; what people type is no pattern; pages by row", async () => {
    const by = (f: Parameters<typeof audit>[2]) => audit(w.db, w.auditor.person, { what: "vote.cast", limit: 2_000, ...f });
    expect((await by({ outcome: "refused" })).length).toBe(241);
    expect((await by({ who: "approver" })).every((e) => (e.who as { name: string }).name === "approver")).toBe(true);
    expect((await by({ who: w.requester.person.id })).length).toBe(602);
    expect((await by({ text: "100%_of 12" })).length).toBe(14);
    expect((await by({ text: "100__of" })).length).toBe(0);
    expect((await by({ about: "req_3" })).length).toBe(172);
    expect((await by({ about: "req_3\" || true" })).length).toBe(0);
    const [newest] = await by({}), all = await by({});
    expect((await by({ from: new Date(newest!.at.getTime() + 1) })).length).toBe(0);
    expect((await by({ to: new Date(newest!.at.getTime() + 1) })).length).toBe(all.length);
    const first = await by({ limit: 10 }), next = await by({ limit: 10, before: first.at(-1)!.row });
    expect([...first, ...next].map((e) => e.row)).toEqual(all.slice(0, 20).map((e) => e.row));
  });

  const taken = async (wish: Parameters<typeof exportEvents>[2]): Promise<string> => { let out = ""; for await (const part of await exportEvents(w.deps, w.auditor, wish)) out += part; return out; };
  it("a whole export verifies offline; a selection says it is one; both are events", async () => {
    await sequence(w.deps);
    const whole = { format: "jsonl" as const, filter: {}, after: -1 }, lines = (await taken(whole)).trimEnd().split("\n");
    expect(checkChain(lines)).toMatchObject({ ok: true, first: 0, events: lines.length });
    const some = { format: "csv" as const, filter: { outcome: "refused", about: "req_3" }, after: -1 }, rows = (await taken(some)).trimEnd().split("\r\n");
    expect([isWhole(whole), isWhole(some), rows.length - 1]).toEqual([true, false, (await audit(w.db, w.auditor.person, { ...some.filter, limit: 2_000 })).length]);
    const told = await audit(w.db, w.auditor.person, { what: "audit.exported" });
    expect(told.map((e) => e.facts)).toEqual([{ format: "csv", after: -1, outcome: "refused", about: "req_3" }, { format: "jsonl", after: -1 }]);
  });
});
