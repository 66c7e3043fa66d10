/** PostgreSQL is stopped; somebody has to be cut off now. Rule: over HTTP as people reach it; what was cut is cut within a second, said truly, and told when the database is back. */
import { readFileSync } from "node:fs";
import { makeToken } from "../../src/identity/tokens.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { postgresCluster, type PostgresCluster } from "../lab/postgres.ts";
import { gone, legs } from "./ssh.ts";
import { until, world, type World } from "./world.ts";

let w: World, cluster: PostgresCluster;
beforeAll(async () => {
  cluster = await postgresCluster({ fsync: true });
  w = await world({ accounts: 3, databaseUrl: await cluster.database() });
}, 240_000);
afterAll(async () => { await w?.close(); await cluster?.destroy(); });

const CUT = "Cut, but not yet recorded: the database cannot be reached. The journal has it, and the audit log will as soon as the database is back.";
const AWAY = /^The broker's database cannot be reached right now, so nothing can be looked at or changed\./;

/** A browser of this person, as far as it matters here. */
const browser = async (who: string) => {
  const jar = new Map<string, string>();
  let csrf = "";
  const send = async (method: "GET" | "POST", path: string, form: Record<string, string> = {}) => {
    const headers = { accept: "text/html", cookie: [...jar].map(([k, v]) => `${k}=${v}`).join("; "), ...(method === "GET" ? {} : { "sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded" }) };
    const res = await fetch(`${w.origin}${path}`, { method, headers, redirect: "manual", ...(method === "GET" ? {} : { body: new URLSearchParams({ _csrf: csrf, ...form }) }) });
    // A cookie somebody kept is what a logout has to be proof against.
    for (const line of path === "/logout" ? [] : res.headers.getSetCookie()) { const [, k, v] = /^([^=]+)=([^;]*)/.exec(line)!; jar.set(k!, v!); }
    const text = await res.text();
    csrf = /name="_csrf" value="([^"]+)"/.exec(text)?.[1] ?? csrf;
    return { status: res.status, text };
  };
  expect((await send("POST", "/login", { name: who, password: w.who[who]!.password })).status).toBe(303);
  expect((await send("GET", "/sessions")).status).toBe(200);
  return { send, spoil: () => { csrf = "x".repeat(csrf.length); } };
};
const timed = async <T>(work: () => Promise<T>): Promise<[T, number]> => { const begun = performance.now(), got = await work(); return [got, performance.now() - begun]; };

test("law: cut-off-2 — with the database down an auditor ends sessions by the API and by the portal's form; nobody and nothing else gets anywhere", async () => {
  const requests = await Promise.all([0, 1, 2].map((i) => w.access(w.account(i)))), live = await Promise.all([0, 1, 2].map((i) => w.live(w.account(i))));
  const ids = await Promise.all(requests.map(async (request) => String((await w.sessions({ request }))[0]!["id"]))), feet = w.names.map((n) => legs(n));
  // A token revoked a moment ago, one of a person who is disabled, a logged-out browser, and tokens that were never used here: none is remembered.
  const from = { address: "127.0.0.1", means: "cli" } as const, wanted = { label: "gone", days: 1, readOnly: false, networks: [] };
  const { token: hidden, made: token } = await makeToken(w.broker!.web.identity, w.caller("auditor").person, wanted, from), secret = reveal(hidden);
  const raw = (bearer: string, path: string, body: object = {}) => fetch(`${w.origin}/api/v1${path}`, { method: "POST", headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" }, body: JSON.stringify(body) });
  expect((await raw(secret, "/me/tokens", { label: "x", days: 1 })).status).toBe(403);
  await w.ok("auditor", "DELETE", `/me/tokens/${token.id}`);
  await w.ok("second", "GET", "/health");
  await w.ok("operator", "PATCH", "/people/second", { disabled: true });
  const [portal, left] = [await browser("auditor"), await browser("auditor")];
  expect((await left.send("POST", "/logout")).status).toBe(303);
  for (const who of ["auditor", "requester", "operator"]) await w.ok(who, "GET", "/me");
  expect((await portal.send("GET", "/sessions")).status).toBe(200);
  await cluster.crash();

  const end = (i: number) => `/sessions/${ids[i]!}/end`;
  for (const bearer of [secret, "lst_nobody-has-this-token", w.who["second"]!.token, w.who["requester"]!.token, w.who["chief"]!.token]) {
    const res = await raw(bearer, end(0), { reason: "try" });
    expect([res.status, (await res.json() as { detail: string }).detail]).toEqual([503, expect.stringMatching(AWAY)]);
  }
  expect(await left.send("POST", end(0), { reason: "try" })).toMatchObject({ status: 503, text: expect.stringMatching(/cannot be reached right now/) });
  for (const [who, method, path, body] of [["auditor", "GET", "/me"], ["auditor", "GET", "/sessions"], ["operator", "POST", "/accounts/x/rotate", { reason: "" }], ["requester", "POST", "/requests", { account: w.account(0), minutes: 5, reason: "more" }], ["operator", "POST", "/backups"], ["auditor", "GET", "/audit"]] as const) {
    const r = await w.api(who, method, path, body);
    expect([path, r.status, r.body["code"], r.body["detail"]]).toEqual([path, 503, "unavailable", expect.stringMatching(AWAY)]);
  }
  for (const page of ["/", "/sessions", "/audit"]) expect([page, await portal.send("GET", page)]).toEqual([page, { status: 503, text: expect.stringMatching(/cannot be reached right now/) }]);
  expect(live.map((c) => c.child.exitCode)).toEqual([null, null, null]);

  const [api, ms] = await timed(() => w.api("auditor", "POST", end(0), { reason: "looks wrong" }));
  expect([api.status, api.body["detail"]]).toEqual([503, CUT]);
  expect(ms).toBeLessThan(1_000);
  const [form, formMs] = await timed(() => portal.send("POST", end(1), { reason: "this one too" }));
  expect(form).toMatchObject({ status: 503, text: expect.stringContaining("Cut, but not yet recorded") });
  expect(formMs).toBeLessThan(1_000);
  const [[a, b], feetMs] = await timed(() => Promise.all([live[0]!.exit, live[1]!.exit, gone([...feet[0]!, ...feet[1]!])]));
  expect(feetMs).toBeLessThan(1_000);
  expect([a.err, b.err]).toEqual(["lockstep: ended by auditor: looks wrong\n", "lockstep: ended by auditor: this one too\n"]);
  portal.spoil();
  expect((await portal.send("POST", end(2), { reason: "forged" })).status).toBe(403);
  expect(live[2]!.child.exitCode).toBe(null);
  expect(readFileSync(w.core.places.journal, "utf8").match(/"kind":"cut"/g)?.length).toBe(2);

  await cluster.start();
  const cuts = await until("both cuts are events", async () => { const all = await w.events("session.cut").catch(() => []); return all.length === 2 ? all : null; });
  for (const [i, why, means] of [[0, "ended by auditor: looks wrong", "api"], [1, "ended by auditor: this one too", "portal"]] as const) {
    expect(cuts.find((e) => (e["about"] as { session: string }).session === ids[i])).toMatchObject({ why, outcome: "ok", who: { kind: "person", name: "auditor", means } });
    expect((await w.ended(requests[i]!))["why"]).toBe("killed");
  }
  expect((await w.api("auditor", "GET", "/me")).status).toBe(200);
  expect((await raw(secret, end(2))).status).toBe(401);
  live[2]!.child.kill();
  await w.ended(requests[2]!);
}, 240_000);
