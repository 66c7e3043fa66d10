/** What an approver is shown beside the ask. Rule: read from the rows as they are, told to those who decide, and never of one's own request. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { giveBack } from "../../src/flow/checkin.ts";
import { requestCard } from "../../src/flow/look.ts";
import type { Caller } from "../../src/flow/record.ts";
import { admit, sessionLive } from "../../src/flow/session.ts";
import { vote } from "../../src/flow/vote.ts";
import type { RequestId } from "../../src/kernel/ids.ts";
import { ENGINES, type Opened } from "../store/engines.ts";
import { settled, worldOn, type World } from "./world.ts";

describe.each(ENGINES)("on $engine", ({ open }) => {
  let o: Opened, w: World, rival: Caller;
  beforeAll(async () => { o = await open(); w = await worldOn(o.db); rival = await w.person(["user"], { mail: "rival@lab.test" }, "rival"); });
  afterAll(async () => { await settled(); await w?.close(); await o?.close(); });
  const weighed = async (id: RequestId, who: Caller = w.approver) => (await requestCard(w.db, who.person, id)).weighed;
  const both = (): string[] => [w.requester.person.id, rival.person.id];

  test("the account now, who is in it, who waits for it; nothing of it to the one who asks, nor when it is decided", async () => {
    const m = await w.managed("shared", {}, { requesters: both() as never });
    const held = await w.approved(m, rival), { session } = await admit(w.deps, rival, "app", m.targetName, "shell");
    await sessionLive(w.deps, session);
    await w.approved(m, rival);
    const id = await w.asked(m);
    expect(await weighed(id)).toMatchObject({ state: { word: "held", by: "rival" }, queued: 1, live: [{ personName: "rival", session: { id: session } }], risks: [{ kind: "first", calm: false, says: "requester has never had this account before", at: null }] });
    expect(await weighed(id, w.requester)).toBeNull();
    expect(await weighed(id, w.auditor)).not.toBeNull();
    await vote(w.deps, w.approver, id, { decision: "deny", reason: "not now" });
    expect(await weighed(id), "there is nothing to decide any more").toBeNull();
    await giveBack(w.deps, rival, held);
  });

  test("a second login of the same person brings its past along, and is not shown to the first", async () => {
    const twin = await w.person(["user", "approver"], { mail: "rival@lab.test" }, "twin"), m = await w.managed("session", {}, { requesters: [...both(), twin.person.id] as never });
    const first = await w.asked(m, rival);
    await vote(w.deps, w.approver, first, { decision: "deny", reason: "say which host" });
    const id = await w.asked(m, twin);
    expect((await weighed(id))?.risks.map((r) => [r.kind, r.says])).toEqual([["refused", "twin was denied this account: “say which host”"], ["first", "twin has never had this account before"]]);
    expect((await requestCard(w.db, { ...rival.person, roles: ["auditor"] }, id)).weighed, "the same person by the other login").toBeNull();
  });
});
