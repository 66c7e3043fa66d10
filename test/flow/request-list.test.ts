/** Who sees which requests. Rule: a limit counts what one may see, whatever others have asked for since. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { giveBack } from "../../src/flow/checkin.ts";
import { requestList, waitingFor } from "../../src/flow/look.ts";
import { release } from "../../src/flow/release.ts";
import { brokenGlass, toReview } from "../../src/flow/review.ts";
import { vote } from "../../src/flow/vote.ts";
import type { RequestId } from "../../src/kernel/ids.ts";
import { ENGINES, type Opened } from "../store/engines.ts";
import { settled, worldOn, type World } from "./world.ts";

describe.each(ENGINES)("on $engine", ({ open }) => {
  let o: Opened, w: World;
  beforeAll(async () => { o = await open(); w = await worldOn(o.db); });
  afterAll(async () => { await settled(); await w?.close(); await o?.close(); });

  it("one's own are not pushed out by newer ones of others; an approver sees those of their policies, an auditor all", async () => {
    const early = await w.person(["user"]), late = await w.person(["user"]), judge = await w.person(["approver"]);
    const first = await w.managed("session", {}, { requesters: [early.person.id], approvers: [judge.person.id] }), mine = await w.asked(first, early), theirs: string[] = [];
    for (let i = 0; i < 3; i++) theirs.push(await w.asked(await w.managed("session", {}, { requesters: [late.person.id] }), late));
    const seen = async (by: typeof early, limit: number) => (await requestList(w.db, by.person, { limit })).map((l) => l.request.id as string);
    expect(await seen(early, 2)).toEqual([mine]);
    expect(await seen(judge, 2)).toEqual([mine]);
    expect(await seen(late, 2)).toEqual(theirs.toReversed().slice(0, 2));
    expect(await seen(w.auditor, 2)).toEqual(theirs.toReversed().slice(0, 2));
    expect(await seen(w.outsider, 2)).toEqual([]);
  });

  /** 500 later ones like it, each with an id that begins with req_ and `mark`. */
  const likeIt = async (id: RequestId, mark: string): Promise<void> => {
    const q = (await w.sql("select column_name from information_schema.columns where table_name = 'requests'")).map((r) => String(r["column_name"])).filter((c) => !["id", "exclusive", "submitted_at"].includes(c)).map((c) => `"${c}"`).join(", ");
    await w.sql(`insert into requests (id, exclusive, submitted_at, ${q}) select 'req_${mark}' || lpad(g::text, 19, '0'), false, submitted_at + g * interval '1 second', ${q} from requests, generate_series(1, 500) g where id = '${id}'`);
  };
  const STEPS = [`state = 'approved', approved_at = now(), minutes = 5, start_by = now()`, `state = 'checked_out', checked_out_at = now(), "until" = now() + interval '5 minutes'`, `state = 'closed', ended_at = now(), why = 'checked_in'`];
  const ids = (list: readonly { readonly request: { readonly id: RequestId } }[]) => list.map((l) => l.request.id);

  it("500 others' never hide what waits for one's vote or review; the oldest stands first", async () => {
    const judge = await w.person(["approver"]), other = await w.person(["approver"]);
    const m = await w.managed("release", { review: true }, { approvers: [w.approver.person.id, judge.person.id] }), done = await w.approved(m);
    await release(w.deps, w.requester, done);
    await giveBack(w.deps, w.requester, done);
    const mine = await w.managed("session", {}, { approvers: [judge.person.id] }), first = await w.asked(mine), second = await w.asked(await w.managed("session", {}, { approvers: [judge.person.id] }));
    await likeIt(await w.asked(await w.managed("release", { review: true }, { approvers: [other.person.id] })), "a");
    expect(ids(await waitingFor(w.db, judge.person))).toEqual([first, second]);
    expect(await waitingFor(w.db, other.person)).toHaveLength(500);
    for (const set of STEPS) await w.sql(`update requests set ${set} where id like 'req_a0000%'`);
    expect(ids(await toReview(w.db, judge.person))).toEqual([done]);
    expect(ids(await toReview(w.db, w.auditor.person))[0]).toBe(done);
    expect(await toReview(w.db, w.outsider.person)).toEqual([]);
    await vote(w.deps, judge, first, { decision: "deny", reason: "not now" });
    expect(ids(await waitingFor(w.db, judge.person))).toEqual([second]);
  }, 60_000);

  it("what one's own other login asked for, and what one has voted on, waits for somebody else", async () => {
    const judge = await w.person(["approver"], { mail: "two@logins.example" }), own = await w.person(["user"], { mail: "two@logins.example" });
    const m = await w.managed("session", { approvals: 2 }, { requesters: [own.person.id, w.requester.person.id], approvers: [judge.person.id, w.approver.person.id] });
    await w.asked(m, own);
    const id = await w.asked(m);
    expect(ids(await waitingFor(w.db, judge.person))).toEqual([id]);
    await vote(w.deps, judge, id, { decision: "approve" });
    expect(await waitingFor(w.db, judge.person)).toEqual([]);
  });

  it("broken glass of others never hides what one is told of", async () => {
    const judge = await w.person(["approver"]), other = await w.person(["approver"]);
    const glass = async (approver: typeof judge) => w.asked(await w.managed("release", {}, { approvers: [approver.person.id] }));
    const told = await glass(judge), theirs = await glass(other);
    await likeIt(theirs, "b");
    await w.sql(`update requests set preset = 'break-glass', kind = 'break_glass', review = true, exclusive = false where id = '${told}' or id like 'req_b0000%'`);
    for (const set of STEPS.slice(0, 2)) await w.sql(`update requests set ${set} where preset = 'break-glass'`);
    expect(ids(await brokenGlass(w.db, judge.person))).toEqual([told]);
    expect(await brokenGlass(w.db, other.person)).toHaveLength(100);
  }, 60_000);
});
