/** A PostgreSQL server as a target, from its first look to its closure certificate. Rule: what is in force is asked of libpq's psql, never of the broker. */
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { confirmChange, putPolicy } from "../../src/flow/people.ts";
import * as people from "../../src/store/people.ts";
import { ident, literal, opens, quietly, role, superuser, type Sql } from "../connectors/postgres-world.ts";
import type { Named } from "../connectors/contract.ts";
import { postgresCluster, type PostgresCluster } from "../lab/postgres.ts";
import { program } from "../lab/program.ts";
import { BARE_ENV, run } from "../lab/run.ts";
import { hostless } from "./hostless.ts";
import { patient } from "./times.ts";
import { until, type World } from "./world.ts";

const MAIN = await program("src/main.ts");
const APP = 'App"Rôle', AT = `${APP}@db-1`, PATH = `/accounts/${encodeURIComponent(AT)}`;
let cluster: PostgresCluster, sql: Sql, w: World, boss: Named, app: Named;
const inForce = async (name: string): Promise<boolean> => opens(cluster.port, name, await w.vault(`${name}@db-1`));
const settled = (at = AT): Promise<unknown> => w.settled(encodeURIComponent(at));
const confirmAll = async (): Promise<void> => { for (const c of await people.openChanges(w.core.deps.db)) await confirmChange(w.core.deps, w.caller("auditor"), c.id); };
const policy = (name: string, preset: "release" | "session", targets: string[]) => {
  const id = (n: string) => w.caller(n).person.id;
  return putPolicy(w.core.deps, w.caller("operator"), { name, terms: { preset, maxMinutes: 120 }, binding: { targets, requesters: [id("requester")], approvers: [id("approver")] } });
};

beforeAll(async () => {
  cluster = await postgresCluster({ tls: true, settings: { log_statement: "all", log_connections: "on" } });
  sql = superuser(cluster);
  boss = await role(cluster, "rotator", "superuser");
  app = await role(cluster, APP);
  w = await hostless({ over: { times: { ...patient(0.2), closureFirst: 300, closureSecond: 900 } } });
}, 120_000);
afterAll(async () => { await w?.close(); await cluster?.destroy(); });

describe("from its first look", () => {
  test("its certificate is read without a login, pinned, and its administrator tested", async () => {
    const at = { platform: "postgres", host: "127.0.0.1", port: cluster.port }, seen = await w.ok("operator", "POST", "/targets/read-identity", at);
    expect(seen).toMatchObject({ fingerprint: cluster.certificate!.fingerprint, compareWith: expect.stringContaining("openssl x509") });
    const target = await w.ok("operator", "POST", "/targets", { name: "db-1", ...at, settings: seen["settings"] });
    expect(target).toMatchObject({ fingerprints: [cluster.certificate!.fingerprint], settings: { tls: "pinned", database: "postgres" } });
    const admin = await w.ok("operator", "POST", "/accounts", { target: "db-1", login: boss.name, password: boss.password });
    await w.ok("operator", "PATCH", "/targets/db-1", { administrative: admin["id"] });
    expect(await w.ok("operator", "POST", "/targets/db-1/test", {})).toMatchObject({ ok: true, identity: cluster.certificate!.fingerprint });
  });
  test("settings that would send a password anywhere in the clear are refused; so is a name that the server would cut", async () => {
    const far = await w.api("operator", "POST", "/targets", { name: "db-far", platform: "postgres", host: "192.0.2.9", settings: { tls: "off" } });
    expect([far.status, far.body["detail"]]).toEqual([422, expect.stringContaining("loopback address alone")]);
    const bare = await w.api("operator", "POST", "/targets", { name: "db-bare", platform: "postgres", host: "192.0.2.9" });
    expect([bare.status, bare.body["detail"]]).toEqual([422, expect.stringContaining("certificates at least one fingerprint")]);
    const long = await w.api("operator", "POST", "/accounts", { target: "db-1", login: "x".repeat(64) });
    expect([long.status, long.body["detail"]]).toEqual([422, expect.stringContaining("1 to 63 bytes")]);
  });
  test("both accounts are adopted: two changes each, proven; nobody else knows a password", async () => {
    await w.ok("operator", "POST", `/accounts/${boss.name}@db-1/adopt`, {});
    await settled(`${boss.name}@db-1`);
    await w.ok("operator", "POST", "/accounts", { target: "db-1", login: APP, adopt: true });
    await settled();
    expect([await inForce(boss.name), await inForce(APP), await opens(cluster.port, boss.name, boss.password), await opens(cluster.port, APP, app.password)]).toEqual([true, true, false, false]);
    await policy("shows", "release", ["db-1"]);
    await confirmAll();
  }, 60_000);
});

describe("day to day", () => {
  test("ask, approve, release, give back: the released password works, then it is refused and its logins are over", async () => {
    const request = await w.access(AT);
    expect((await w.ok("requester", "GET", `/requests/${request}`))["can"]).toMatchObject({ show: true, connect: false });
    const { password } = await w.ok("requester", "POST", `/requests/${request}/release`, {}) as unknown as { password: string };
    expect(await opens(cluster.port, APP, password)).toBe(true);
    const client = new pg.Client({ host: "127.0.0.1", port: cluster.port, user: APP, password, database: "postgres" }), over = new Promise<void>((r) => { client.on("error", () => undefined).on("end", () => r()); });
    await client.connect();
    await w.ok("requester", "POST", `/requests/${request}/give-back`, {});
    await settled();
    await over;
    expect([await opens(cluster.port, APP, password), await inForce(APP)]).toEqual([false, true]);
    const certificate = await until("the certificate is closed", async () => { const c = await w.ok("requester", "GET", `/requests/${request}/certificate`); return c["state"] === "closed" ? c : null; });
    expect(JSON.stringify(certificate)).toContain("Database logins opened directly on the target: 1 ended.");
    expect(JSON.stringify(certificate)).toContain("The old password is refused");
    expect(cluster.log().includes(password), "the released password stands in the server's log").toBe(false);
  }, 60_000);

  test("there are no sessions on it, and whoever wants one reads so: by request, ticket, ssh and menu", async () => {
    await w.ok("operator", "POST", "/accounts", { target: "db-1", login: "report" });
    await confirmAll();
    const request = await w.access("report@db-1"), says = /^db-1 is a PostgreSQL server: the broker carries no sessions to it\. Ask for its password/;
    const ticket = await w.api("requester", "POST", `/requests/${request}/terminal`, {});
    expect([ticket.status, ticket.body["detail"]]).toEqual([409, expect.stringMatching(says)]);
    const held = await w.run("report@db-1", ["id"]);
    await w.ok("requester", "POST", `/requests/${request}/cancel`, {});
    const asks = await w.run("report@db-1", ["id"]), unknown = await w.run("nobody@db-1", ["id"]);
    for (const ran of [held, asks]) expect([ran.code, ran.err]).toEqual([255, expect.stringMatching(/^lockstep: db-1 is a PostgreSQL server: the broker carries no sessions to it\. Ask/)]);
    expect([unknown.code, unknown.err]).toEqual([255, expect.stringContaining("no such account")]);
  }, 60_000);

  test("a policy of sessions gives nothing there, and says so to whom it names alone", async () => {
    await sql(`create role only_sessions login`);
    await w.ok("operator", "POST", "/targets", { name: "db-2", platform: "postgres", host: "127.0.0.1", port: cluster.port, settings: { certificates: [cluster.certificate!.fingerprint] } });
    await w.ok("operator", "POST", "/accounts", { target: "db-2", login: "only_sessions" });
    await policy("sessions there", "session", ["db-2"]);
    await confirmAll();
    const asked = await w.api("requester", "POST", "/requests", { account: "only_sessions@db-2", minutes: 10, reason: "a session" });
    expect([asked.status, asked.body["detail"]]).toEqual([422, expect.stringMatching(/^db-2 is a PostgreSQL server: the broker carries no sessions to it/)]);
    const stranger = await w.api("rival", "POST", "/requests", { account: "only_sessions@db-2", minutes: 10, reason: "a session" });
    expect([stranger.status, stranger.body["detail"]]).toEqual([404, "There is no such account, or no policy lets you ask for it."]);
    const ran = await w.run("only_sessions@db-2", ["id"]);
    expect([ran.code, ran.err]).toEqual([255, expect.stringMatching(/^lockstep: db-2 is a PostgreSQL server/)]);
  });

  test("changed by hand on the server: verify sees it, and the broker heals it without anybody", async () => {
    await quietly(cluster, `alter role ${ident(APP)} password ${literal("By-Hand-1-on-the-server")}`);
    expect(await w.ok("operator", "POST", `${PATH}/verify`, {})).toMatchObject({ verdict: "not_in_force", by: "compare" });
    await settled();
    expect([await inForce(APP), await opens(cluster.port, APP, "By-Hand-1-on-the-server")]).toEqual([true, false]);
    expect(await w.ok("operator", "POST", `${PATH}/verify`, {})).toMatchObject({ verdict: "in_force", by: "compare" });
  }, 60_000);

  test("down at the change: it waits, loses nothing, and goes on when the server is back", async () => {
    await cluster.stop();
    const before = await w.vault(AT), { id } = await w.ok("operator", "POST", `${PATH}/rotate`, { reason: "while it is down" }) as unknown as { id: string };
    await until("the rotation waits", async () => (await w.ok("operator", "GET", `/rotations/${id}`))["state"] === "waiting");
    await cluster.start();
    await until("the rotation is done", async () => (await w.ok("operator", "GET", `/rotations/${id}`))["state"] === "committed");
    expect(await w.vault(AT)).not.toBe(before);
    expect(await inForce(APP)).toBe(true);
  }, 60_000);

  test("law: another certificate: nothing is sent, the accounts stop, and a second admin accepts the new one", async () => {
    await cluster.changeCertificate();
    const from = cluster.log().length;
    await w.ok("operator", "POST", `${PATH}/rotate`, { reason: "after the certificate changed" });
    await until("the account is blocked", async () => (await w.standing(encodeURIComponent(AT)))["why"] === "identity_changed");
    expect(cluster.log().slice(from)).not.toMatch(/connection authenticated|ALTER ROLE/);
    await w.ok("operator", "PATCH", "/targets/db-1", { settings: { certificates: [cluster.certificate!.fingerprint] } });
    const { identityHash } = await w.ok("second", "GET", "/targets/db-1");
    await w.ok("second", "POST", "/targets/db-1/accept-identity", { identityHash });
    await settled();
    expect(await inForce(APP)).toBe(true);
  }, 60_000);
});

describe("at the command line", () => {
  const lockstep = (who: string, ...args: string[]) => run(process.execPath, [MAIN, ...args],
    { cwd: w.home, env: { ...BARE_ENV, HOME: w.home, LOCKSTEP_URL: w.origin, LOCKSTEP_TOKEN: w.who[who]!.token } });
  test("a target is added by the fingerprint that openssl wrote; a connection to it is refused with what to do instead", async () => {
    const at = ["targets", "add", "db-6", "--platform", "postgres", "--host", "127.0.0.1", "--port", String(cluster.port), "--fingerprint"];
    const wrong = await lockstep("operator", ...at, `sha256 Fingerprint=${"AB:".repeat(32).slice(0, -1)}`);
    expect([wrong.code, wrong.stderr]).toEqual([5, expect.stringContaining("Nothing was added")]);
    const right = await lockstep("operator", ...at, `sha256 Fingerprint=${cluster.certificate!.fingerprint}`);
    expect([right.code, right.stdout]).toEqual([0, "db-6 added. Next: lockstep accounts add rotator@db-6 --password --adopt\n"]);
    const connect = await lockstep("requester", "connect", AT, "-m", "10", "-r", "no session");
    expect([connect.code, connect.stderr]).toEqual([2, expect.stringMatching(/The broker carries no sessions to db-1\. Ask for its password: lockstep ask/)]);
  }, 60_000);
});

describe("without an administrator, and from a file", () => {
  test("rows of a file: the target by its fingerprint, its own port unless said, and each account changed by itself", async () => {
    const self = await role(cluster, "Self-Made"), file = { platform: "postgres", host: "127.0.0.1", port: cluster.port, host_key: cluster.certificate!.fingerprint };
    const rows = [{ target: "db-3", ...file, account: self.name, password: self.password, adopt: true }, { target: "db-4", ...file, port: undefined, host: "192.0.2.7" }, { target: "db-5", ...file, host_key: "AA:BB" }];
    const preview = await w.ok("operator", "POST", "/import", { format: "json", text: JSON.stringify(rows), dryRun: true });
    expect(JSON.stringify(preview)).toMatch(/adds the target db-4 at 192\.0\.2\.7:5432.*host_key: not one of this platform; it is the certificate's fingerprint/);
    await w.ok("operator", "POST", "/import", { format: "json", text: JSON.stringify(rows.slice(0, 2)) });
    await settled(`${self.name}@db-3`);
    expect([await opens(cluster.port, self.name, await w.vault(`${self.name}@db-3`)), await opens(cluster.port, self.name, self.password)]).toEqual([true, false]);
  }, 60_000);
});
