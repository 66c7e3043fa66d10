/** The portal's laws, asked of every route in the router's own list. */
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EnrolmentInput } from "../../src/domain/agent.ts";
import { enrolAgent, newEnrolment } from "../../src/flow/agent-enrol.ts";
import { ask } from "../../src/flow/ask.ts";
import { openCheck } from "../../src/flow/audit-check.ts";
import { addAccount, adopt } from "../../src/flow/accounts.ts";
import { openBulk } from "../../src/flow/bulk.ts";
import { addSchedule } from "../../src/flow/schedules.ts";
import { ScheduleInput } from "../../src/domain/schedule.ts";
import { wish } from "../flow/bulk-world.ts";
import { putGroup, putPolicy } from "../../src/flow/people.ts";
import { putWebhook } from "../../src/flow/webhooks.ts";
import { rotateSeen } from "../../src/flow/rotate-seen.ts";
import { admit } from "../../src/flow/session.ts";
import { tell } from "../../src/flow/tell.ts";
import { vote } from "../../src/flow/vote.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { newId } from "../../src/kernel/ids.ts";
import { may, type Thing } from "../../src/domain/may.ts";
import * as demonstrations from "../../src/store/demonstrations.ts";
import * as notices from "../../src/store/notices.ts";
import * as targets from "../../src/store/targets.ts";
import { ROUTES } from "../../src/web/app.tsx";
import type { Route } from "../../src/web/route.ts";
import { Browser, ORIGIN, SEEDS, world, type Seed, type World } from "./world.ts";

const nightly = ScheduleInput.parse({ name: "nightly", when: { kind: "cron", text: "0 2 * * *", zone: "UTC" }, choice: { search: "app-bare" }, reason: "for the test" });
let w: World, ids: Record<string, string>;
const browsers = new Map<Seed, Browser>();

beforeAll(async () => {
  w = await world();
  const { core, who } = w, flow = core.deps;
  const pending = await ask(flow, who.requester, { account: "app1@web-1", minutes: 30, reason: "for the test", ticket: "" });
  const used = await ask(flow, who.requester, { account: "root@web-1", minutes: 30, reason: "for the test", ticket: "" });
  await vote(flow, who.approver, used, { decision: "approve" });
  const { session } = await admit(flow, who.requester, "root", "web-1", "shell");
  const target = (await targets.named(flow.db, "web-1"))!;
  const bare = await addAccount(flow, who.operator, { target: target.id, name: "app-bare" });
  const sample = await core.person("sample", ["user"]);
  const policy = await putPolicy(flow, who.operator, { name: "sample", terms: {}, binding: {} }), group = await putGroup(flow, who.operator, "sample", []);
  const two = await addAccount(flow, who.operator, { target: target.id, name: "app-two" });
  ids = { rotations: await adopt(flow, who.operator, two.id), "password-policies": "strong", requests: pending, sessions: session, targets: target.id, accounts: bare.id, people: sample.person.id, policies: policy.id, groups: group, me: "tok_00000000000000000000", terminal: "trm_00000000000000000000", ask: "app1@web-1", audit: await openCheck(flow, who.auditor), bulk: await openBulk(flow, who.operator, wish({ choice: { search: "app-bare" } })), schedules: await addSchedule(flow, who.operator, nightly), exposures: await rotateSeen(flow, who.operator, { person: "requester", usedToo: true, reason: "for the test" }) };
  const hook = await putWebhook(flow, who.operator, { name: "sample", format: "generic", url: "https://hooks.example.org/x", kinds: [], collection: null, active: false });
  const shown = newId("demonstration", flow.random);
  await flow.db.transaction((tx) => demonstrations.ask(tx, { id: shown, target: target.id, account: bare.id, login: bare.id, by: who.requester.person.id, reason: "for the test", at: tx.now, identity: target.identityHash, state: "asked" }));
  const { token } = await newEnrolment(flow, who.operator, EnrolmentInput.parse({}));
  const agent = await enrolAgent(flow, { hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE9aXyQyYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJi", brokerKey: "ssh-ed25519 AAAA", address: "", token: reveal(token), mode: "agent", serverName: "sample", userName: "operator", version: "0", boxKey: "b", facts: {} });
  const note = await flow.db.transaction((tx) => tell(flow, tx, { kind: "test", subject: "sample", lines: [], path: null, about: {}, to: { addresses: ["sample@example.org"] } }));
  Object.assign(ids, { agents: agent, demonstrations: shown, webhooks: hook.id, notices: (await notices.list(flow.db, { notice: note! }))[0]!.delivery.id });
  for (const name of Object.keys(SEEDS) as Seed[]) browsers.set(name, await new Browser(w).login(name));
});
afterAll(() => w.close());

const pathOf = (r: Route): string => r.path.replace(/:\w+/, ids[r.path.split("/")[1]!]!);
/** A stream does not end by itself: its status is all that is asked. */
const send = async (b: Browser, r: Route, form: Record<string, string> = {}): Promise<{ status: number; text: string; to: string | null }> => {
  if (!r.path.endsWith("/live")) return b.send(r.method, pathOf(r), r.method === "POST" ? { form } : {});
  const cookie = [...b.cookies].map(([k, v]) => `${k}=${v}`).join("; "), res = await w.app.request(`${ORIGIN}${pathOf(r)}`, { headers: { cookie, accept: "text/html" } });
  await res.body?.cancel();
  return { status: res.status, text: "", to: res.headers.get("location") };
};
/** Everything in the database but the idle time of login sessions. */
const digest = async (): Promise<string> => {
  const rows = async (q: string) => (await w.deps.flow.db.q.execute(sql.raw(q)) as unknown as { rows: Record<string, string>[] }).rows;
  const tables = (await rows("select table_name as t from information_schema.tables where table_schema = 'public' and table_name <> 'logins' order by 1")).map((r) => r["t"]!);
  return (await Promise.all(tables.map(async (t) => `${t} ${(await rows(`select coalesce(md5(string_agg(x::text, '|' order by x::text)), '') as d from "${t}" x`))[0]!["d"]}`))).join("\n");
};

it("the router holds exactly the list", () => {
  const mounted = w.app.routes.filter((r) => r.method !== "ALL" && !/^\/(assets|healthz)/.test(r.path)).map((r) => `${r.method} ${r.path}`);
  expect([...mounted].sort()).toEqual(ROUTES.map((r) => `${r.method} ${r.path}`).sort());
});

it("law: get-never-acts — every GET as every role, also with a form's own fields in its address, leaves the database as it was", async () => {
  const before = await digest();
  for (const r of ROUTES.filter((x) => x.method === "GET")) for (const b of browsers.values()) {
    await send(b, r);
    if (!r.path.endsWith("/live")) await b.get(`${pathOf(r)}?decision=approve&minutes=5&reason=because&password=x&_method=POST&same=yes`);
  }
  for (const r of ROUTES.filter((x) => x.method === "POST")) expect([303, 401, 403, 404, 200]).toContain((await browsers.get("operator")!.get(pathOf(r))).status);
  expect(await digest()).toBe(before);
});

describe("law: same-origin-token", () => {
  const POSTS = ROUTES.filter((r) => r.method === "POST");
  const raw = (b: Browser, r: Route, headers: Record<string, string>, form: Record<string, string> = {}) => {
    const cookie = [...b.cookies].map(([k, v]) => `${k}=${v}`).join("; ");
    return w.app.request(`${ORIGIN}${pathOf(r)}`, { method: "POST", headers: { accept: "text/html", cookie, "content-type": "application/x-www-form-urlencoded", ...headers }, body: new URLSearchParams({ _csrf: b.csrf, ...form }).toString() });
  };
  it.each([
    ["from another site", { "sec-fetch-site": "cross-site" }], ["from a sister host", { "sec-fetch-site": "same-site" }], ["typed or from a bookmark", { "sec-fetch-site": "none" }], ["saying nothing of its origin", {}],
    ["naming another origin", { origin: "http://evil.example" }], ["same-origin by one header and not by the other", { "sec-fetch-site": "same-origin", origin: "http://evil.example" }],
  ] as const)("every form %s is refused, whatever its token", async (_, headers) => {
    const before = await digest();
    for (const r of POSTS) {
      const res = await raw(browsers.get("operator")!, r, headers);
      expect(res.status, r.path).toBe(403);
      expect(await res.text()).toMatch(/not sent from this portal|came from another address/);
    }
    expect(await digest()).toBe(before);
  });
  it("every form without this session's token is refused", async () => {
    const before = await digest(), other = browsers.get("requester")!.csrf;
    for (const r of POSTS.filter((x) => x.act !== "public")) for (const _csrf of ["", "x", other]) {
      const res = await raw(browsers.get("operator")!, r, { "sec-fetch-site": "same-origin" }, { _csrf });
      expect(res.status, r.path).toBe(403);
      expect(await res.text()).toContain("This page is from an earlier login");
    }
    expect(await digest()).toBe(before);
  });
  it("a browser without Sec-Fetch-Site is let in by this very origin and its token", async () => {
    const r = POSTS.find((x) => x.path === "/me/keys")!, b = browsers.get("outsider")!;
    await b.get("/me");
    const res = await raw(b, r, { origin: ORIGIN }, { key: "nonsense" });
    expect(res.status).toBe(422);
    expect(await res.text()).toContain("not a public key");
  });
});

describe("law: one-authorise", () => {
  /** What the sample of each noun is to each seed login. */
  const thingOf = (r: Route, seed: Seed): Thing => {
    const noun = r.path.split("/")[1], by = w.who.requester.person.id, owner = w.who.operator.person.id;
    if (noun === "requests") return { requester: by, entitled: seed === "approver" };
    if (noun === "sessions" || noun === "demonstrations") return { requester: by };
    if (noun === "bulk" || noun === "schedules") return { requester: w.who.operator.person.id };
    if (noun === "ask") return { offered: seed === "requester" };
    return { owner, offered: noun === "accounts" && seed === "requester" };
  };
  it("a stranger gets the login page from every route but the login's own", async () => {
    for (const r of ROUTES.filter((x) => x.act !== "public")) {
      const res = await send(new Browser(w), r);
      expect([r.path, res.status]).toEqual([r.path, 303]);
      expect(res.to).toMatch(/^\/login/);
    }
  });
  /** Ends what others still need. */
  const LAST = (r: Route): number => (/\/(revoke|cancel|deny|drop)$/.test(r.path) ? 1 : r.path === "/logout" ? 2 : 0);
  const CASES = ROUTES.filter((r) => r.act !== "public").toSorted((a, b) => LAST(a) - LAST(b));
  it.each(CASES.map((r) => [r.method, r.path, r] as const))("%s %s is what may() says, role by role", async (_m, _p, r) => {
    for (const seed of Object.keys(SEEDS) as Seed[]) {
      const b = r.path === "/logout" ? await new Browser(w).login(seed) : browsers.get(seed)!, { person } = w.who[seed];
      const res = await send(b, r, r.path === "/ask" ? { account: "app1@web-1", minutes: "5", reason: "for the test" } : {}), refused = r.verb ? res.status === 403 || res.status === 404 : res.status === 403;
      expect([200, 303, 401, 403, 404, 409, 422], `${seed}: ${res.text.slice(0, 300)}`).toContain(res.status);
      // Lists hold what the person may see, be it nothing; there is no thing to refuse.
      const list = r.verb === true && r.method === "GET" && !r.path.includes(":");
      const expected = r.act === "logged_in" || list || may(person, r.act as Exclude<Route["act"], "public" | "logged_in">, r.verb ? thingOf(r, seed) : {});
      if (r.act === "logged_in") expect([200, 303, 404, 422], seed).toContain(res.status);
      else expect({ seed, refused }, res.text.slice(0, 300)).toEqual({ seed, refused: !expected });
    }
  });
});
