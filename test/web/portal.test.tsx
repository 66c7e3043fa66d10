/** One request's life through the portal's own forms, and what every answer carries. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as people from "../../src/store/people.ts";
import { Browser, HOST_KEY, ORIGIN, world, type World } from "./world.ts";
import { readPublicKey } from "../../src/identity/ssh-keys.ts";
import { clientAddress } from "../../src/web/security.ts";

let w: World, requester: Browser, approver: Browser;
beforeAll(async () => { w = await world(); requester = await new Browser(w).login("requester"); approver = await new Browser(w).login("approver"); });
afterAll(() => w.close());

describe("a request", () => {
  let at = "";
  it("is asked for from a page that says who approves and what is recorded", async () => {
    const form = await requester.get("/ask/app1@web-1");
    expect(form.text).toMatch(/approver has to approve/);
    expect(form.text).toContain("Auditors can play it back");
    const sent = await requester.post("/ask", { account: "app1@web-1", minutes: "60", reason: "look at the log" });
    expect(sent.to).toMatch(/^\/requests\/req_[0-9a-z]{20}\?done=asked$/);
    at = sent.to!.split("?")[0]!;
    expect((await requester.get(sent.to!)).text).toContain("Asked. The approvers see it now.");
  });
  it("offers each person exactly their moves", async () => {
    const mine = (await requester.get(at)).text, theirs = (await approver.get(at)).text;
    expect([/\/cancel"/, /\/approve"/, /\/password"/].map((m) => m.test(mine))).toEqual([true, false, false]);
    expect([/\/cancel"/, /\/approve"/, /\/deny"/].map((m) => m.test(theirs))).toEqual([false, true, true]);
    expect((await new Browser(w).login("outsider").then((b) => b.get(at))).status).toBe(404);
  });
  it("is refused its own vote, with the reason, and a wrong number of minutes", async () => {
    expect((await requester.post(`${at}/approve`)).status).toBe(403);
    const long = await approver.post(`${at}/approve`, { minutes: "999" });
    expect([long.status, /An approver may shorten: 1 to 60 minutes/.test(long.text)]).toEqual([422, true]);
  });
  it("is approved shorter, and htmx gets the same card", async () => {
    const card = await approver.post(`${at}/approve`, { minutes: "30" }, { "hx-request-type": "partial" });
    expect(card.status).toBe(200);
    expect(card.text).toMatch(/^<article class="card request approved"/);
    expect((await requester.get(at)).text).toMatch(/Approved for <b>30 min<\/b> \(asked for 1 h\)/);
  });
  it("shows the password on a press only, no-store, and counts it", async () => {
    const password = "Pw-app1-of-web-1-8Q!";
    const shown = await requester.post(`${at}/password`);
    expect(shown.status).toBe(200);
    expect(shown.headers.get("cache-control")).toContain("no-store");
    expect(shown.text).toContain(`data-copy="${password}"`);
    expect(shown.text).toMatch(/<meta http-equiv="refresh" content="20;url=\/requests\//);
    for (const path of [at, "/", "/accounts", `${at}/card`]) expect((await requester.get(path)).text).not.toContain(password);
    expect((await approver.post(`${at}/password`)).status).toBe(404);
    expect((await requester.get(at)).text).toContain("looked at the password");
  });
  it("is given back in one press", async () => {
    expect((await requester.post(`${at}/give-back`)).to).toBe(`${at}?done=given-back`);
    expect((await requester.get(at)).text).toContain("given back");
    const again = await requester.post(`${at}/password`);
    expect([again.status, /This request is closed\. Ask again/.test(again.text)]).toEqual([409, true]);
  });
  it("a fault for htmx goes to the notice and leaves the card alone", async () => {
    const r = await requester.post(`${at}/cancel`, {}, { "hx-request-type": "partial" });
    expect([r.status, r.headers.get("hx-retarget")]).toEqual([409, "#notice"]);
    expect(r.text).toMatch(/^<div class="notice bad" role="alert">/);
  });
});

it("the stream says that something changed, and says nothing else", async () => {
  const sent = await requester.post("/ask", { account: "app1@web-1", minutes: "10", reason: "for the stream" }), at = sent.to!.split("?")[0]!;
  const cookie = [...requester.cookies].map(([k, v]) => `${k}=${v}`).join("; ");
  const res = await w.app.request(`${ORIGIN}${at}/live`, { headers: { cookie } });
  expect(res.headers.get("content-type")).toContain("text/event-stream");
  const reader = res.body!.getReader(), read = async () => new TextDecoder().decode((await reader.read()).value);
  expect(await read()).toBe(": open\n\n");
  await approver.get(at);
  await approver.post(`${at}/deny`, { reason: "not today" });
  expect(await read()).toBe("event: changed\ndata: 1\n\n");
  await reader.cancel();
});

describe("every answer", () => {
  it("has a policy with a nonce of its own, and no inline script, style or handler", async () => {
    const nonces = new Set<string>();
    for (const path of ["/", "/ask", "/requests", "/me", "/votes", "/sessions", "/nowhere"]) {
      const { headers, text } = await requester.get(path), csp = headers.get("content-security-policy")!;
      expect(csp).toMatch(/^default-src 'none'; script-src 'nonce-[^']+'; style-src 'self';/);
      expect(csp).not.toMatch(/unsafe/);
      nonces.add(/nonce-([^']+)/.exec(csp)![1]!);
      expect(text).not.toMatch(/\son\w+=|\sstyle=|<style|javascript:|hx-on|js:/i);
      for (const [tag] of text.matchAll(/<script[^>]*>/g)) expect(tag).toMatch(/nonce="[^"]+" src="\/assets\//);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("cache-control")).toBe("no-store");
    }
    expect(nonces.size).toBe(7);
  });
  it("is a problem in JSON for who asks so, and tells nothing of a bug", async () => {
    const r = await requester.get("/requests/req_00000000000000000000", { accept: "application/json" });
    expect([r.status, JSON.parse(r.text)]).toEqual([404, { type: "about:blank", title: "Not found", status: 404, code: "not_found", detail: "No such request." }]);
  });
  it("escapes what people type", async () => {
    const sent = await requester.post("/ask", { account: "app1@web-1", minutes: "5", reason: `<img src=x onerror=alert(1)> "'&` });
    expect((await requester.get(sent.to!)).text).toContain("&lt;img src=x onerror=alert(1)&gt;");
  });
  it("refuses a form that is too big", async () => {
    const r = await requester.post("/ask", { account: "a@b", minutes: "5", reason: "x".repeat(300_000) });
    expect([r.status, r.text.includes("more than this form takes")]).toEqual([422, true]);
  });
  it("is small for what did not change", async () => {
    const first = await requester.get("/assets/htmx.js"), etag = first.headers.get("etag")!;
    expect([first.status, first.text.length > 10_000]).toEqual([200, true]);
    expect((await requester.get("/assets/htmx.js", { "if-none-match": etag })).status).toBe(304);
    expect(await requester.get("/healthz").then((r) => JSON.parse(r.text))).toEqual({ ok: true, passive: false });
  });
});

describe("what a person keeps", () => {
  it("a key is checked, named by its fingerprint, and belongs to one person", async () => {
    await requester.get("/me");
    expect((await requester.post("/me/keys", { key: "-----BEGIN OPENSSH PRIVATE KEY-----", label: "x" })).text).toContain("That is a private key");
    expect((await requester.post("/me/keys", { key: `${HOST_KEY} rosa@laptop`, label: "" })).to).toBe("/me?done=added");
    const { fingerprint } = readPublicKey(HOST_KEY);
    expect((await requester.get("/me")).text).toContain(fingerprint);
    await approver.get("/me");
    expect((await approver.post("/me/keys", { key: HOST_KEY })).status).toBe(409);
    expect((await approver.post("/me/keys/remove", { fingerprint })).status).toBe(404);
    expect(await people.keyOwner(w.deps.flow.db, fingerprint)).toBe(w.who.requester.person.id);
  });
  it("a token is shown once", async () => {
    await requester.get("/me");
    const made = await requester.post("/me/tokens", { label: "ci", days: "7", networks: "10.0.0.0/8" }), text = /lst_[\w-]{43}/.exec(made.text)![0];
    expect((await requester.get("/me")).text).not.toContain(text);
    expect((await requester.post("/me/tokens", { label: "ci", days: "7", networks: "everywhere" })).status).toBe(422);
  });
});

it.each([
  ["10.0.0.9", [], "203.0.113.5", "10.0.0.9"], ["10.0.0.9", ["10.0.0.0/8"], "203.0.113.5", "203.0.113.5"], ["10.0.0.9", ["10.0.0.0/8"], "198.51.100.1, 203.0.113.5, 10.0.0.8", "203.0.113.5"],
  ["10.0.0.9", ["10.0.0.0/8"], "forged, also", "10.0.0.9"], ["::ffff:10.0.0.9", ["10.0.0.0/8"], "203.0.113.5", "203.0.113.5"], ["192.0.2.1", ["10.0.0.0/8"], "203.0.113.5", "192.0.2.1"],
  ["10.0.0.9", ["10.0.0.9"], "10.20.3.4, 203.0.113.9:51123", "203.0.113.9"], ["10.0.0.9", ["10.0.0.9"], "10.20.3.4, [2001:db8::9]:51123", "2001:db8::9"], ["10.0.0.9", ["10.0.0.9"], "10.20.3.4, [2001:db8::9]", "2001:db8::9"],
  ["10.0.0.9", ["10.0.0.0/8"], "198.51.100.1, 203.0.113.9:51123, 10.0.0.8:443", "203.0.113.9"],
  ["10.0.0.9", ["10.0.0.9"], "10.20.3.4, unknown", "10.0.0.9"], ["10.0.0.9", ["10.0.0.9"], "10.20.3.4,", "10.0.0.9"], ["10.0.0.9", ["10.0.0.0/8"], "198.51.100.1, unknown, 10.0.0.8", "10.0.0.9"], ["10.0.0.9", ["10.0.0.9"], undefined, "10.0.0.9"],
] as const)("from %s behind %j, saying %j: the client is %s", (direct, trusted, forwarded, expected) => {
  const c = { env: { incoming: { socket: { remoteAddress: direct } } }, req: { header: () => forwarded } };
  expect(clientAddress(c as never, trusted)).toBe(expected);
});
