/** The API over real HTTP, as app.ts wires it: one walk from asking to giving back, and every refusal with its reason. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as broker from "../../src/store/broker.ts";
import { eq } from "drizzle-orm";
import { exposures, replies } from "../../src/store/schema.ts";
import { call, openWorld, ROOT_PASSWORD, type World } from "../cli/world.ts";

const SLOW = { timeout: 90_000 };
let w: World, requester: string, approver: string, operator: string, auditor: string, outsider: string;
beforeAll(async () => {
  w = await openWorld(22_810);
  [requester, approver, operator, auditor, outsider] = await Promise.all((["requester", "approver", "operator", "auditor", "outsider"] as const).map((n) => w.token(n))) as [string, string, string, string, string];
}, 120_000);
afterAll(() => w?.close());

const ASK = { account: "root@web-1", minutes: 30, reason: "look at the disk" };
/** Free again: the rotation after the last use has been proven. */
const settled = async () => {
  const standing = async () => (await call(w, requester, "GET", "/accounts/root@web-1")).body["standing"]["word"] as string, until = performance.now() + 40_000;
  for (let word = await standing(); word !== "available"; word = await standing()) {
    if (performance.now() > until) throw new Error(`root@web-1 is still ${word}: ${JSON.stringify((await call(w, operator, "GET", "/rotations?limit=1")).body["items"])}`);
    await new Promise((r) => { setTimeout(r, 100); });
  }
};
const asked = async (): Promise<string> => (await call(w, requester, "POST", "/requests", ASK)).body["id"];
const approved = async (): Promise<string> => { const id = await asked(); await call(w, approver, "POST", `/requests/${id}/vote`, { decision: "approve" }); return id; };
const problem = (a: Awaited<ReturnType<typeof call>>, status: number, code: string, detail: RegExp) => {
  expect({ status: a.status, code: a.body["code"], type: a.headers.get("content-type") }).toEqual({ status, code, type: "application/problem+json" });
  expect(a.body["status"]).toBe(status);
  expect(a.body["type"]).toBe(`/api/v1/docs#${code}`);
  expect(a.body["detail"]).toMatch(detail);
};

describe("the walk", () => {
  test("ask, approve shortened, release, give back, rotated", SLOW, async () => {
    const sent = await call(w, requester, "POST", "/requests", ASK);
    expect({ status: sent.status, state: sent.body["state"], approvers: sent.body["approvers"] }).toEqual({ status: 201, state: "pending", approvers: ["approver"] });
    const id = sent.body["id"] as string;
    expect((await call(w, approver, "GET", "/requests?waiting=true")).body["items"].map((r: { id: string }) => r.id)).toContain(id);
    const voted = await call(w, approver, "POST", `/requests/${id}/vote`, { decision: "approve", minutes: 10 });
    expect([voted.status, voted.body["state"], voted.body["minutes"]]).toEqual([200, "approved", 10]);
    const shown = await call(w, requester, "POST", `/requests/${id}/release`, {});
    expect(shown.body).toMatchObject({ password: ROOT_PASSWORD, account: "root@web-1" });
    expect(shown.headers.get("cache-control")).toMatch(/no-store/);
    expect((await w.deps.flow.db.q.select().from(exposures).where(eq(exposures.request, id))).map((e) => e.how)).toEqual(["released"]);
    expect((await call(w, requester, "GET", `/requests/${id}`)).body["state"]).toBe("checked_out");
    const back = await call(w, requester, "POST", `/requests/${id}/give-back`, {});
    expect([back.status, back.body["state"], back.body["why"]]).toEqual([200, "closed", "checked_in"]);
    await settled();
    expect(w.paper.get("root")).not.toBe(ROOT_PASSWORD);
    const rotations = await call(w, operator, "GET", "/rotations?account=root@web-1");
    expect(rotations.body["items"][0]).toMatchObject({ state: "committed", done: true, trigger: "end_of_use", account: "root@web-1" });
    const story = (await call(w, auditor, "GET", `/requests/${id}/story`)).body["items"].map((e: { what: string }) => e.what);
    expect(story).toEqual(["request.submitted", "vote.cast", "request.approved", "checkout.started", "password.released", "checkout.closed"]);
  });

  test("rotate and follow it, verify, test, read a key", SLOW, async () => {
    await settled();
    const r = await call(w, operator, "POST", "/accounts/root@web-1/rotate", { reason: "by hand" });
    expect([r.status, r.body["trigger"], r.body["done"]]).toEqual([202, "manual", false]);
    await expect.poll(async () => (await call(w, operator, "GET", `/rotations/${r.body["id"]}`)).body, { timeout: 15_000, interval: 100 }).toMatchObject({ done: true, state: "committed" });
    expect((await call(w, operator, "POST", "/accounts/root@web-1/verify", {})).body["verdict"]).toBe("in_force");
    const key = await call(w, operator, "POST", "/targets/read-identity", { platform: "paper", host: "127.0.0.1", port: 22 });
    expect(key.body["fingerprint"]).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
    expect((await call(w, operator, "GET", "/targets/web-1")).body["fingerprints"]).toEqual([key.body["fingerprint"]]);
  });

  test("people, keys, groups, policies, changes, accounts, targets are managed like in the portal", async () => {
    const ada = await call(w, operator, "POST", "/people", { name: "ada", fullName: "Ada", roles: ["user"], password: "a long enough phrase" });
    expect([ada.status, ada.body["name"]]).toEqual([201, "ada"]);
    expect(ada.text).not.toContain("phrase");
    expect((await call(w, operator, "PATCH", "/people/ada", { fullName: "Ada L." })).body["fullName"]).toBe("Ada L.");
    const key = await call(w, operator, "POST", "/people/requester/keys", { key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB1TbXVO9pB3lFzZ7n8qkVtq1Wb8vJm1o7yUe0cJ5m7V laptop" });
    expect([key.status, key.body["label"]]).toEqual([201, "laptop"]);
    expect((await call(w, requester, "GET", "/people/me/keys")).body["items"]).toHaveLength(1);
    expect((await call(w, requester, "DELETE", `/people/me/keys?fingerprint=${encodeURIComponent(key.body["fingerprint"])}`)).status).toBe(200);
    const group = await call(w, operator, "POST", "/groups", { name: "web team", members: ["ada", "requester"] });
    expect(group.body["members"]).toHaveLength(2);
    problem(await call(w, operator, "PUT", `/groups/${group.body["id"]}`, { members: ["nobody"] }), 422, "invalid", /nobody named nobody/);
    const policy = await call(w, operator, "POST", "/policies", { name: "api made", terms: { preset: "session" }, binding: { requesterGroups: [group.body["id"]], approvers: [w.ids.approver], accountNames: ["none-*"] } });
    expect([policy.status, policy.body["terms"]["maxMinutes"]]).toEqual([201, 60]);
    expect((await call(w, operator, "PUT", `/policies/${policy.body["id"]}`, { ...policy.body, terms: { ...policy.body["terms"], maxMinutes: 5 } })).body["terms"]["maxMinutes"]).toBe(5);
    const change = (await call(w, auditor, "GET", "/changes")).body["items"].find((c: { subject: string }) => c.subject === policy.body["id"]);
    problem(await call(w, operator, "POST", `/changes/${change.id}/confirm`, {}), 403, "forbidden", /somebody else must confirm/);
    expect((await call(w, auditor, "POST", `/changes/${change.id}/confirm`, {})).body).toEqual({ ok: true });
    const target = await call(w, operator, "POST", "/targets", { name: "web-2", platform: "paper", host: "127.0.0.1", port: 22, settings: { hostKeys: [] } });
    expect(target.status).toBe(201);
    const account = await call(w, operator, "POST", "/accounts", { target: "web-2", login: "deploy", password: "typed-by-hand-7" });
    expect([account.status, account.body["name"], account.body["credential"]]).toEqual([201, "deploy@web-2", "unmanaged"]);
    expect(account.text).not.toContain("typed-by-hand");
    expect((await call(w, operator, "POST", "/accounts/deploy@web-2/block", { block: "disabled", reason: "not yet" })).body["block"]).toBe("disabled");
    const history = await call(w, operator, "GET", "/accounts/deploy@web-2/history");
    expect(history.body["exposures"].map((e: { how: string }) => e.how)).toEqual(["typed"]);
    expect(history.text).not.toContain("sealed");
  });
});

describe("refusals say why", () => {
  test("no token, a wrong one, and one from another network", async () => {
    const none = await call(w, null, "GET", "/me");
    problem(none, 401, "unauthenticated", /Authorization: Bearer/);
    expect(none.headers.get("www-authenticate")).toBe("Bearer");
    problem(await call(w, "lst_wrong-wrong-wrong", "GET", "/me"), 401, "unauthenticated", /not known/);
    problem(await call(w, await w.token("requester", { networks: ["10.0.0.0/8"] }), "GET", "/me"), 401, "unauthenticated", /not be used from here/);
  });
  test("for a stranger nothing is read, not even to say it is wrong", async () => {
    problem(await call(w, "lst_wrong-wrong-wrong", "POST", "/requests", "{"), 401, "unauthenticated", /not known/);
    problem(await call(w, null, "POST", "/requests", "{", { "sec-fetch-site": "same-origin" }), 401, "unauthenticated", /log in/);
  });
  test("a token gives its own person no key to log in with: a key outlives it", async () => {
    problem(await call(w, requester, "POST", "/people/me/keys", { key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB1TbXVO9pB3lFzZ7n8qkVtq1Wb8vJm1o7yUe0cJ5m7V mine" }), 403, "forbidden", /a key outlives it. Add the key in the portal/);
  });
  test("a read-only token reads", async () => {
    const t = await w.token("requester", { readOnly: true });
    expect((await call(w, t, "GET", "/accounts")).status).toBe(200);
    problem(await call(w, t, "POST", "/requests", ASK), 403, "forbidden", /may only read/);
  });
  test("law: own-request, through the API", async () => {
    const mine = await call(w, approver, "POST", "/requests", ASK);
    // The policy names the approver alone, so their own request has nobody to approve it.
    problem(mine, 409, "conflict", /Nobody who may approve/);
    const id = await asked();
    problem(await call(w, requester, "POST", `/requests/${id}/vote`, { decision: "approve" }), 403, "forbidden", /Nobody votes on their own request/);
    await call(w, requester, "POST", `/requests/${id}/cancel`, { reason: "test" });
  });
  test("unknown and not allowed read the same, byte for byte", async () => {
    const unknown = await call(w, outsider, "POST", "/requests", { ...ASK, account: "root@nowhere" }), refused = await call(w, outsider, "POST", "/requests", ASK);
    problem(refused, 404, "not_found", /no such account, or no policy lets you/);
    expect(refused.text).toBe(unknown.text);
    expect((await call(w, outsider, "GET", "/accounts/root@web-1")).text).toBe((await call(w, outsider, "GET", "/accounts/root@nowhere")).text);
    const id = await asked();
    expect((await call(w, outsider, "GET", `/requests/${id}`)).text).toBe((await call(w, outsider, "GET", "/requests/req_00000000000000000000")).text);
    problem(await call(w, outsider, "POST", `/requests/${id}/release`, {}), 404, "not_found", /No such request/);
    await call(w, requester, "POST", `/requests/${id}/cancel`, {});
  });
  test("a password before approval, and somebody else's", async () => {
    const id = await asked();
    problem(await call(w, requester, "POST", `/requests/${id}/release`, {}), 409, "conflict", /Nobody has approved/);
    await call(w, approver, "POST", `/requests/${id}/vote`, { decision: "approve" });
    for (const other of [approver, operator, auditor]) problem(await call(w, other, "POST", `/requests/${id}/release`, {}), 404, "not_found", /No such request/);
    await call(w, requester, "POST", `/requests/${id}/cancel`, {});
  });
  test("bad JSON, and every broken field by name", async () => {
    problem(await call(w, requester, "POST", "/requests", "{bad"), 422, "invalid", /not JSON/);
    const broken = await call(w, requester, "POST", "/requests", { account: "x", minutes: -1 });
    problem(broken, 422, "invalid", /account: .*minutes: /);
    expect(broken.body["errors"].map((e: { field: string }) => e.field)).toEqual(["account", "minutes"]);
    problem(await call(w, requester, "POST", "/requests", "a=b", { "content-type": "application/x-www-form-urlencoded" }), 422, "invalid", /Content-Type: application\/json/);
    problem(await call(w, operator, "POST", "/people", { name: "b", fullName: "B", password: "short" }), 422, "invalid", /password needs/);
  });
  test("roles: what is not yours to see or do", async () => {
    for (const path of ["/people", "/policies", "/audit", "/audit/export", "/health"]) problem(await call(w, requester, "GET", path), 403, "forbidden", /./);
    for (const path of ["/targets", "/rotations", "/changes"]) expect((await call(w, requester, "GET", path)).body["items"]).toEqual([]);
    problem(await call(w, requester, "GET", "/accounts/root@web-1/history"), 403, "forbidden", /owner, admins and auditors/);
    problem(await call(w, operator, "GET", "/sessions/ses_00000000000000000000/cast"), 403, "forbidden", /auditors/);
    problem(await call(w, auditor, "GET", "/sessions/ses_00000000000000000000/cast"), 404, "not_found", /No such session/);
    problem(await call(w, requester, "GET", "/nothing"), 404, "not_found", /no such endpoint/);
  });
  test("a cookie's form token is not asked of a bearer, and a bearer never falls back to a cookie", async () =>
    problem(await call(w, null, "POST", "/requests", ASK, { authorization: "Basic eDp5", cookie: "lockstep_session=abc", "sec-fetch-site": "same-origin" }), 401, "unauthenticated", /Bearer/));
  test("law: same-origin-token, for calls without a bearer token", async () => {
    const a = await call(w, null, "POST", "/requests", ASK, { "sec-fetch-site": "cross-site" });
    expect([a.status, a.body["code"], a.body["detail"]]).toEqual([403, "forbidden", expect.stringMatching(/not sent from this portal/)]);
  });
});

describe("once, pages, tags", () => {
  const keyed = (key: string, body: unknown, path = "/requests") => call(w, requester, "POST", path, body, { "idempotency-key": key });
  test("the same key gives the same answer, another body is refused", async () => {
    const a = await keyed("k-1", ASK), b = await keyed("k-1", ASK);
    expect([a.status, b.status, b.text === a.text, b.headers.get("idempotent-replayed")]).toEqual([201, 201, true, "true"]);
    problem(await keyed("k-1", { ...ASK, minutes: 5 }), 422, "invalid", /another request/);
    const c = await call(w, approver, "POST", `/requests/${a.body["id"]}/vote`, { decision: "deny", reason: "a test" }, { "idempotency-key": "k-1" });
    expect(c.body["state"]).toBe("denied");
  });
  test("two at once: one runs", async () => {
    const both = await Promise.all([keyed("k-2", ASK), keyed("k-2", ASK)]), ids = new Set(both.filter((x) => x.status === 201).map((x) => x.body["id"]));
    expect(ids.size).toBe(1);
    await call(w, requester, "POST", `/requests/${[...ids][0]}/cancel`, {});
  });
  test("a refusal is not kept, and no reply that showed a secret ever is", SLOW, async () => {
    await settled();
    const id = await asked(), path = `/requests/${id}/release`;
    expect((await keyed("k-3", {}, path)).status).toBe(409);
    await call(w, approver, "POST", `/requests/${id}/vote`, { decision: "approve" });
    const first = await keyed("k-3", {}, path), second = await keyed("k-3", {}, path);
    expect([first.status, second.status, second.headers.get("idempotent-replayed")]).toEqual([200, 200, null]);
    expect(await broker.reply(w.deps.flow.db, w.ids.requester, "k-3")).toBeNull();
    const made = await call(w, requester, "POST", "/me/tokens", { label: "kept?" }, { "idempotency-key": "k-4" });
    const kept = JSON.stringify(await w.deps.flow.db.q.select().from(replies));
    expect(kept).toContain("k-1");
    for (const secret of [first.body["password"], made.body["secret"]]) expect(kept).not.toContain(secret);
    // Two looks are two exposures.
    expect(await w.deps.flow.db.q.select().from(exposures).where(eq(exposures.request, id))).toHaveLength(2);
    await call(w, requester, "POST", `/requests/${id}/give-back`, {});
    await settled();
  });
  test("the hash of a kept request says nothing of the password in it", async () => {
    const body = (password: string) => ({ target: "web-1", login: "twice", password }), key = { "idempotency-key": "k-5" };
    expect((await call(w, operator, "POST", "/accounts", body("one-password-1"), key)).status).toBe(201);
    expect((await call(w, operator, "POST", "/accounts", body("two-password-2"), key)).headers.get("idempotent-replayed")).toBe("true");
  });
  test("pages give everything once, in order", async () => {
    for (let i = 0; i < 3; i++) await call(w, requester, "POST", `/requests/${await asked()}/cancel`, {});
    for (const [token, path] of [[requester, "/requests"], [auditor, "/audit"], [operator, "/people"]] as const) {
      const whole = (await call(w, token, "GET", `${path}?limit=500`)).body["items"].map((x: { id: string }) => x.id), seen: string[] = [];
      for (let next: string | null = ""; next !== null;) {
        const page = await call(w, token, "GET", `${path}?limit=2${next ? `&cursor=${next}` : ""}`);
        seen.push(...page.body["items"].map((x: { id: string }) => x.id));
        next = page.body["next"];
      }
      // The log grows while it is read: by what was there at first, from its newest on.
      expect(seen.filter((id) => whole.includes(id))).toEqual(whole);
      expect(new Set(seen).size).toBe(seen.length);
    }
    problem(await call(w, requester, "GET", "/requests?cursor=xx"), 422, "invalid", /cursor/);
    problem(await call(w, requester, "GET", "/requests?limit=0"), 422, "invalid", /limit/);
  });
  test("ETag: not modified, until it is", async () => {
    const id = await asked(), path = `/requests/${id}`, tag = (await call(w, requester, "GET", path)).headers.get("etag")!;
    expect(tag).toMatch(/^W\/"/);
    expect((await call(w, requester, "GET", path, undefined, { "if-none-match": tag })).status).toBe(304);
    await call(w, requester, "POST", `${path}/cancel`, {});
    expect((await call(w, requester, "GET", path, undefined, { "if-none-match": tag })).status).toBe(200);
  });
});

describe("tokens and audit", () => {
  test("a token makes no wider and no longer-lived one", async () => {
    const parent = await w.token("requester", { days: 3, networks: ["127.0.0.0/8"] }), made = await call(w, parent, "POST", "/me/tokens", { label: "child", days: 300, networks: [] });
    expect([made.status, made.body["token"]["networks"]]).toEqual([201, ["127.0.0.0/8"]]);
    expect(new Date(made.body["token"]["expiresAt"]).getTime()).toBeLessThan(Date.now() + 3 * 86_400_000);
    expect((await call(w, made.body["secret"], "GET", "/me")).body["person"]["name"]).toBe("requester");
    expect((await call(w, parent, "DELETE", `/me/tokens/${made.body["token"]["id"]}`)).body).toEqual({ ok: true });
    problem(await call(w, made.body["secret"], "GET", "/me"), 401, "unauthenticated", /revoked/);
    problem(await call(w, await w.token("requester", { days: 1 }), "POST", "/me/tokens", { label: "x" }), 403, "forbidden", /cannot outlive/);
  });
  test("no answer but the release's holds a password, and the log none at all", SLOW, async () => {
    const id = await approved(), { password } = (await call(w, requester, "POST", `/requests/${id}/release`, {})).body as { password: string };
    for (const path of [`/requests/${id}`, `/requests/${id}/story`, "/accounts/root@web-1", "/accounts/root@web-1/history", "/rotations", "/targets", "/audit?limit=500", "/audit/export"]) expect((await call(w, operator, "GET", path)).text).not.toContain(password);
    await call(w, requester, "POST", `/requests/${id}/give-back`, {});
    await settled();
  });
  test("ended events say by what means", async () => {
    const mine = (await call(w, auditor, "GET", "/audit?what=request.submitted&limit=1")).body["items"][0];
    expect(mine.who).toMatchObject({ kind: "person", name: "requester", means: "api", address: "127.0.0.1" });
  });
});
