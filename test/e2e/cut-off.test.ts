/** Cutting: both legs gone within a second, the reason on the screen and in the record, rotation after. Rule: waits are real ones here (timescale 1), and times count from the event. */
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { postgresCluster, type PostgresCluster } from "../lab/postgres.ts";
import { gone, legs, type Client } from "./ssh.ts";
import { sleep, world, type World } from "./world.ts";

const ACCOUNTS = 5;
let w: World, cluster: PostgresCluster;
beforeAll(async () => { cluster = await postgresCluster(); w = await world({ accounts: ACCOUNTS, timescale: 1, databaseUrl: await cluster.database() }); }, 240_000);
afterAll(async () => { await w?.close(); await cluster?.destroy(); });

type Seat = { readonly i: number; readonly request: string; readonly client: Client; readonly legs: readonly number[]; readonly before: string; readonly session: string };
const seated = async (i: number): Promise<Seat> => {
  const before = await w.host.shadow(w.names[i]!), request = await w.access(w.account(i)), client = await w.live(w.account(i)), pids = legs(w.names[i]!);
  expect(pids.length).toBeGreaterThan(0);
  return { i, request, client, legs: pids, before, session: String((await w.sessions({ request }))[0]!["id"]) };
};
/** Milliseconds from the start of the deciding transaction to the end of the last leg. */
const took: number[] = [];
const cutBy = async (seats: readonly Seat[], act: () => Promise<unknown>, event: string, why: string, screen: string): Promise<void> => {
  const over = Promise.all(seats.map(async (s) => { const [ran] = await Promise.all([s.client.exit, gone(s.legs)]); return { ran, at: Date.now() }; }));
  await act();
  const ends = await over, decided = Date.parse(String((await w.events(event))[0]!["at"]));
  for (const [n, s] of seats.entries()) {
    expect([ends[n]!.ran.code, ends[n]!.ran.err]).toEqual([255, `lockstep: ${screen}\n`]);
    expect((await w.ended(s.request))["why"]).toBe(why);
    took.push(ends[n]!.at - decided);
  }
};
const over = async (seats: readonly Seat[]): Promise<void> => {
  for (const s of seats) { await w.rotated(s.i, s.before); await w.api("requester", "POST", `/requests/${s.request}/give-back`, {}); }
};
const each = async (act: (s: Seat) => Promise<unknown>, event: string, why: string, screen: string): Promise<void> => {
  const seats: Seat[] = [];
  for (let i = 0; i < ACCOUNTS; i++) seats.push(await seated(i));
  for (const s of seats) await cutBy([s], () => act(s), event, why, screen);
  await over(seats);
};

describe("law: cut-off-2 — within a second, both legs, with the reason", () => {
  test("revoked by an approver", () => each((s) => w.ok("approver", "POST", `/requests/${s.request}/revoke`, { reason: "not any more" }), "request.revoked", "revoked", "your access was revoked: not any more"), 240_000);
  test("ended by an auditor", () => each((s) => w.ok("auditor", "POST", `/sessions/${s.session}/end`, { reason: "looks wrong" }), "session.cut", "killed", "ended by auditor: looks wrong"), 240_000);
  test("the account is locked, and nobody gets in until it is unlocked", async () => {
    const seats: Seat[] = [];
    for (let i = 0; i < ACCOUNTS; i++) seats.push(await seated(i));
    for (const s of seats) await cutBy([s], () => w.ok("operator", "POST", `/accounts/${w.account(s.i)}/block`, { block: "locked", reason: "incident" }), "lock.set", "killed", "an administrator locked this: incident");
    const again = await w.run(w.account(0), ["id"]);
    expect([again.code, again.out, again.err]).toEqual([255, "", expect.stringMatching(/^lockstep: This account is locked[^\n]* Ask an admin\. Page: http\S+\n$/)]);
    for (const s of seats) await w.ok("operator", "POST", `/accounts/${w.account(s.i)}/block`, { block: "none" });
    await over(seats);
  }, 240_000);
  test("the person is disabled: all of theirs at once", async () => {
    const seats: Seat[] = [];
    for (let i = 0; i < ACCOUNTS; i++) seats.push(await seated(i));
    await cutBy(seats, () => w.ok("operator", "PATCH", "/people/requester", { disabled: true }), "person.disabled", "killed", "your access to the broker was disabled");
    const again = await w.run(w.account(0), ["id"]);
    expect([again.code, again.out]).toEqual([255, ""]);
    await w.ok("operator", "PATCH", "/people/requester", { disabled: false });
    await over(seats);
  }, 240_000);
  test.each([["person", "requester"], ["target", "web-1"], ["broker", ""]])("a lock on the %s cuts all of it at once, and nobody gets in until it is lifted", async (kind, subject) => {
    const seats: Seat[] = [];
    for (let i = 0; i < ACCOUNTS; i++) seats.push(await seated(i));
    let lock = "";
    await cutBy(seats, async () => { lock = String((await w.ok("operator", "POST", "/locks", { kind, subject, reason: "incident 7" }))["id"]); }, "lock.set", "killed", "an administrator locked this: incident 7");
    const again = await w.run(w.account(0), ["id"]);
    expect([again.code, again.out]).toEqual([255, ""]);
    await w.ok("second", "POST", `/locks/${lock}/lift`, { reason: "over" });
    await over(seats);
  }, 240_000);
  test("the slowest of all", () => {
    expect(took.length).toBe(7 * ACCOUNTS);
    expect(Math.max(...took)).toBeLessThanOrEqual(1_000);
  });
});

test("law: cut-off-1 — the session process cuts at the end of the time by itself, the broker stopped", async () => {
  const i = 0, account = w.account(i), db = new pg.Client({ connectionString: w.env["DATABASE_URL"] });
  await db.connect();
  await w.down();
  const broker = await w.child();
  try {
    const first = await w.host.shadow(w.names[i]!), request = await w.access(account);
    expect((await w.run(account, ["true"])).code).toBe(0);
    await w.rotated(i, first);
    const before = await w.host.shadow(w.names[i]!), { rows } = await db.query<{ until: Date }>("update requests set until = now() + interval '6 seconds' where id = $1 returning until", [request]);
    const client = await w.live(account), pids = legs(w.names[i]!);
    broker.child.kill("SIGSTOP");
    const ran = await client.exit, late = Date.now() - rows[0]!.until.getTime();
    expect(await gone(pids)).toBeLessThan(1_000);
    expect([ran.code, ran.err]).toEqual([255, "lockstep: Your time is up: this session has ended.\n"]);
    expect(late).toBeGreaterThan(-100);
    expect(late).toBeLessThan(1_000);
    await sleep(200);
    broker.child.kill("SIGCONT");
    const session = await until_(request);
    expect(session["why"]).toBe("expired");
    await w.rotated(i, before);
  } finally { broker.child.kill("SIGCONT"); await broker.close(); await db.end(); }
  expect(await w.lostOffline()).toEqual([]);
}, 240_000);
const until_ = async (request: string) => { for (;;) { const s = (await w.sessions({ request })).find((x) => x["state"] !== "ended"); if (!s) return (await w.sessions({ request }))[0]!; await sleep(50); } };
