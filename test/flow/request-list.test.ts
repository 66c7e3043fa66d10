/** Who sees which requests. Rule: a limit counts what one may see, whatever others have asked for since. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { requestList } from "../../src/flow/look.ts";
import { ENGINES, type Opened } from "../store/engines.ts";
import { worldOn, type World } from "./world.ts";

describe.each(ENGINES)("on $engine", ({ open }) => {
  let o: Opened, w: World;
  beforeAll(async () => { o = await open(); w = await worldOn(o.db); });
  afterAll(async () => { await w?.close(); await o?.close(); });

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
});
