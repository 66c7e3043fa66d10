/** Searching, trying a policy, a lost second factor, and coming back after a login that ran out. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask } from "../../src/flow/ask.ts";
import * as people from "../../src/store/people.ts";
import * as policies from "../../src/store/policies.ts";
import { Browser, ORIGIN, world, type World } from "./world.ts";

let w: World, operator: Browser, requester: Browser, outsider: Browser;
beforeAll(async () => {
  w = await world();
  [operator, requester, outsider] = [await new Browser(w).login("operator"), await new Browser(w).login("requester"), await new Browser(w).login("outsider")];
  await ask(w.deps.flow, w.who.requester, { account: "app1@web-1", minutes: 30, reason: "zebra migration", ticket: "CHG-7" });
});
afterAll(() => w.close());

describe("search", () => {
  it.each([
    ["operator", "web-1", ["Accounts (2)", "Targets (1)", "Requests (1)"]], ["operator", "rosa", ["People (1)"]], ["operator", "zebra chg-7", ["Requests (1)"]],
    ["requester", "web-1", ["Accounts (2)", "Requests (1)"]], ["requester", "zebra", ["Requests (1)"]], ["requester", "olga", []], ["outsider", "web-1", []], ["outsider", "zebra", []], ["outsider", "rosa", []],
  ] as const)("%s finds for %s what may() lets them see", async (who, q, kinds) => {
    const b = { operator, requester, outsider }[who], page = await b.get(`/search?q=${encodeURIComponent(q)}`);
    expect([...page.text.matchAll(/<h2>\s*([A-Z]\w+ \(\d+\))/g)].map((m) => m[1])).toEqual(kinds);
    if (kinds.length === 0) expect(page.text).toContain("Nothing matches");
  });
});

describe("a policy", () => {
  const form = (over: Record<string, string> = {}) => ({
    name: "tried", preset: "session", approvals: "1", maxMinutes: "30", requestTtlMinutes: "60", startWindowMinutes: "60", reconnectGraceSeconds: "60", reasonMin: "3", ticketPattern: "", record: "head",
    channels: "shell", requesters: w.who.requester.person.id, approvers: w.who.approver.person.id, accountNames: "root", targets: "", tags: "", active: "yes", ...over,
  });
  it("says who could ask for what before it is saved, and saves nothing", async () => {
    const before = (await policies.all(w.deps.flow.db)).length, page = await operator.post("/policies/try", form());
    expect(page.status).toBe(200);
    expect(page.text).toMatch(/1 person may ask.*requester.*for 1 account.*root@web-1.*1 person may approve.*approver/s);
    expect(page.text).not.toContain("Too few approvers");
    expect((await operator.post("/policies/try", form({ approvals: "2" }))).text).toContain("Too few approvers");
    const wrong = await operator.post("/policies/try", form({ maxMinutes: "999999" }));
    expect([wrong.status, /terms\.maxMinutes/.test(wrong.text), /value="tried"/.test(wrong.text)]).toEqual([422, true, true]);
    expect((await policies.all(w.deps.flow.db)).length).toBe(before);
    expect((await requester.post("/policies/try", form())).status).toBe(403);
  });
  it("answers a fragment to a form that is being filled in", async () => {
    const page = await operator.post("/policies/try", form(), { "hx-request-type": "partial" });
    expect(page.text.trimStart()).toMatch(/^<aside id="preview"/);
  });
});

describe("people", () => {
  it("a lost second factor is reset by another admin: logins end, and it waits for a second person", async () => {
    const { approver, operator: o } = w.who, other = await new Browser(w).login("approver");
    expect((await operator.get(`/people/${approver.person.id}`)).text).toContain("Reset the second factor");
    expect((await operator.post(`/people/${approver.person.id}/reset-factor`)).to).toBe(`/people/${approver.person.id}?done=factor-reset`);
    expect((await people.find(w.deps.flow.db, approver.person.id))!.totp).toBe(false);
    expect((await other.get("/votes")).to).toMatch(/^\/login/);
    expect((await people.openChanges(w.deps.flow.db)).map((c) => [c.subject, c.what])).toContainEqual([approver.person.id, "second factor of approver reset"]);
    expect((await operator.post(`/people/${approver.person.id}/reset-factor`)).status).toBe(409);
    expect((await operator.post(`/people/${o.person.id}/reset-factor`)).text).toContain("another admin can");
    expect((await requester.post(`/people/${approver.person.id}/reset-factor`)).status).toBe(403);
  });
  it("shows when each last logged in, by whatever means", async () => {
    const page = await operator.get(`/people/${w.who.requester.person.id}`);
    expect(page.text).toMatch(/Last login<\/dt>\s*<dd>\s*<time/);
  });
});

describe("a login that ran out", () => {
  it("leads back to the same page, for a form to the page it stood on, and never elsewhere", async () => {
    const stranger = new Browser(w);
    expect((await stranger.get("/search?q=web-1")).to).toBe(`/login?next=${encodeURIComponent("/search?q=web-1")}`);
    const sent = (referer: string) => stranger.send("POST", "/requests/req_00000000000000000000/approve", { form: {}, headers: { referer } });
    expect((await sent(`${ORIGIN}/votes`)).to).toBe(`/login?next=${encodeURIComponent("/votes")}`);
    expect((await sent("http://evil.example/votes")).to).toBe("/login");
  });
});
