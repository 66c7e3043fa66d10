/** A session in which more happened than one page holds. Rule: the page says that there is more and goes on to it; its request's own page loses nothing by it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { ask } from "../../src/flow/ask.ts";
import { broker, record } from "../../src/flow/record.ts";
import { admit } from "../../src/flow/session.ts";
import { revokeRequest, vote } from "../../src/flow/vote.ts";
import { onward } from "../../src/web/api/page.ts";
import { Browser, world, type World } from "./world.ts";

let w: World, auditor: Browser;
beforeAll(async () => { w = await world(); auditor = await new Browser(w).login("auditor"); });
afterAll(() => w.close());

test("session and request, after 501 reports", async () => {
  const { flow } = w.deps, id = await ask(flow, w.who.requester, { account: "root@web-1", minutes: 30, reason: "to look", ticket: "" });
  await vote(flow, w.who.approver, id, { decision: "approve" });
  const { session } = await admit(flow, w.who.requester, "root", "web-1", "shell");
  await flow.db.transaction(async (tx) => {
    for (let n = 1; n <= 501; n++) await record(flow, tx, { what: "session.event", who: broker("proxy"), about: { session, request: id }, outcome: "ok", facts: { kind: "file", path: `/srv/${n}.txt` } });
  });
  await revokeRequest(flow, w.who.approver, id, "seen enough of it");
  const first = (await auditor.get(`/sessions/${session}`)).text, on = /href="(\/sessions\/ses_\w+\?after=\d+)"/.exec(first)?.[1];
  expect([first.includes("/srv/1.txt"), first.includes("/srv/500.txt"), first.includes("/srv/501.txt")]).toEqual([true, true, false]);
  expect(first).toContain("More happened than is shown here");
  const rest = (await auditor.get(on!)).text;
  expect([rest.includes("/srv/500.txt"), rest.includes("/srv/501.txt"), rest.includes("Back to the beginning"), rest.includes("More happened")]).toEqual([false, true, true, false]);
  const story = (await auditor.get(`/requests/${id}`)).text;
  expect([story.includes("seen enough of it"), story.includes("/srv/1.txt"), story.includes("are shown; the audit log")]).toEqual([true, false, false]);
}, 60_000);

test("the API's pages go onward, none given twice or left out; a cursor of another list is refused", async () => {
  const rows = [1, 2, 3, 4, 5], look = (q: { after: number; limit: number }) => Promise.resolve(rows.filter((r) => r > q.after).slice(0, q.limit)), seen: number[][] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await onward({ limit: 2, ...(cursor ? { cursor } : {}) }, look, (r) => r);
    seen.push(page.items);
    cursor = page.next;
  }
  expect(seen).toEqual([[1, 2], [3, 4], [5]]);
  await expect(onward({ limit: 2, cursor: Buffer.from('["2026-01-01","x"]').toString("base64url") }, look, (r) => r)).rejects.toMatchObject({ code: "invalid" });
});
