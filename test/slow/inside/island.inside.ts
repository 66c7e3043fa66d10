/** On the broker's machine, which has no way to the island: a Linux host, a database and a desktop there, through two gateways. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import WebSocket from "ws";
import { setDesktop } from "../../../src/flow/desktop.ts";
import { acceptIdentity } from "../../../src/flow/identity.ts";
import { confirmChange, putPolicy } from "../../../src/flow/people.ts";
import * as people from "../../../src/store/people.ts";
import * as targets from "../../../src/store/targets.ts";
import { fingerprintOf } from "../../../src/crypto/envelope.ts";
import type { AgentId } from "../../../src/kernel/ids.ts";
import * as agents from "../../../src/store/agents.ts";
import { publicLine } from "../../../src/wires/ssh.ts";
import { runProgram, type Running } from "../../lab/agent-program.ts";
import { enrolmentToken } from "../../lab/agent-token.ts";
import { guacd, type RunningGuacd } from "../../lab/guacd.ts";
import { linuxHost, type LinuxHost } from "../../lab/host.ts";
import { around } from "../../lab/inside.ts";
import { ADDRESS } from "../../lab/netns.ts";
import { postgresCluster, type PostgresCluster } from "../../lab/postgres.ts";
import { BARE_ENV } from "../../lab/run.ts";
import { xrdp, type Xrdp } from "../../lab/xrdp.ts";
import { pageOn } from "../../proxy/rdp-page.ts";
import { hostless } from "../../e2e/hostless.ts";
import { loginAs, ticketFor } from "../../e2e/web.ts";
import { until, word, type World } from "../../e2e/world.ts";

type Gateway = { readonly id: AgentId; readonly running: Running };
const net = around(), network = { name: net.nameOf("island"), address: ADDRESS.island }, ROOT = word(), APP = word(), SQL = word();
let w: World, host: LinuxHost, db: PostgresCluster, rdp: Xrdp, daemon: RunningGuacd, first: Gateway, second: Gateway;

/** The program itself, on the gateway's machine. */
const gateway = async (name: string): Promise<Gateway> => {
  const { deps, places } = w.core, token = await enrolmentToken(deps, w.caller("operator"), "gateway"), brokerKey = fingerprintOf(publicLine(readFileSync(places.agentKey, "utf8")));
  const running = await runProgram({ within: net.within("gateway"), dir: w.home, name, server: ADDRESS.broker, port: net.port, user: "operator", brokerKey, token, mode: "gateway", tls: "any" });
  const { id } = await until(`${name} is in`, async () => (await agents.all(deps.db)).find((a) => a.name === name && a.state === "active" && deps.tunnel.heard(a.id) !== null), 30_000);
  return { id, running };
};
const allow = (g: Gateway, pairs: readonly string[]): Promise<unknown> => w.ok("operator", "POST", `/agents/${g.id}/allow`, { allow: [...pairs] });
const add = async (name: string, at: { platform: string; port: number }, through: readonly string[]): Promise<void> => {
  const where = { ...at, host: ADDRESS.island, through: [...through] }, seen = await w.ok("operator", "POST", "/targets/read-identity", where);
  await w.ok("operator", "POST", "/targets", { name, ...where, settings: seen["settings"] });
};
const manage = async (target: string, admin: readonly [string, string], name: string, password?: string): Promise<void> => {
  const chief = await w.ok("operator", "POST", "/accounts", { target, login: admin[0], password: admin[1] });
  await w.ok("operator", "PATCH", `/targets/${target}`, { administrative: chief["id"] });
  expect(await w.ok("operator", "POST", `/targets/${target}/test`, {})).toMatchObject({ ok: true });
  await w.ok("operator", "POST", `/accounts/${admin[0]}@${target}/adopt`, {});
  await w.settled(`${admin[0]}@${target}`);
  await w.ok("operator", "POST", "/accounts", { target, login: name, ...(password ? { password } : {}), adopt: true });
  await w.settled(`${name}@${target}`);
};
/** On the island itself, by libpq. */
const opens = async (name: string, password: string): Promise<boolean> =>
  (await net.run("island", ["env", ...Object.entries({ ...BARE_ENV, PGPASSWORD: password, PGSSLMODE: "require" }).map(([k, v]) => `${k}=${v}`), "psql", "-h", ADDRESS.island, "-p", String(db.port), "-U", name, "-d", "postgres", "-Atqc", "select 1"])).code === 0;

beforeAll(async () => {
  daemon = await guacd();
  host = await linuxHost({ name: "island", rootPassword: ROOT, accounts: { app1: APP }, network });
  db = await postgresCluster({ tls: true, network, port: 5_432, hba: [`host all all ${ADDRESS.island}/24 scram-sha-256`] });
  rdp = await xrdp(host, ADDRESS.island);
  w = await hostless({ env: { LOCKSTEP_LISTEN: `${ADDRESS.broker}:${net.port}`, LOCKSTEP_TLS: "yes", LOCKSTEP_GUACD: `127.0.0.1:${daemon.port}`, LOCKSTEP_GUACD_HOME: daemon.home } });
  first = await gateway("island-gw-1");
  second = await gateway("island-gw-2");
}, 300_000);
afterAll(async () => { await first?.running.stop(); await second?.running.stop(); await w?.close(); await db?.destroy(); await host?.destroy(); await daemon?.destroy(); });

test("the machine under the broker has no way there; a gateway has, and carries nothing before its list says so", async () => {
  expect([await net.reaches("broker", ADDRESS.island, 22), await net.reaches("gateway", ADDRESS.island, 22)]).toEqual([expect.stringMatching(/unreachable/), "reached"]);
  const at = { platform: "linux-ssh", host: ADDRESS.island, port: 22 };
  expect(await w.api("operator", "POST", "/targets/read-identity", at)).toMatchObject({ status: 502 });
  const refused = await w.api("operator", "POST", "/targets/read-identity", { ...at, through: ["island-gw-1"] });
  expect([refused.status, refused.text]).toEqual([expect.any(Number), expect.stringContaining("10.99.30.5:22 is not on the list of what it may carry to")]);
  const pairs = [22, db.port, rdp.port].map((port) => `${ADDRESS.island}:${port}`);
  for (const g of [first, second]) {
    await allow(g, pairs);
    await until("its list is there", () => w.core.deps.link({ host: ADDRESS.island, port: 22, link: g.id }).connect(AbortSignal.timeout(3_000)).then((s) => { s.destroy(); return true; }, () => false), 15_000);
  }
});

test("a Linux host: its key read, its accounts adopted by two rotations each, a session, and the rotation after it", async () => {
  await add("island-1", { platform: "linux-ssh", port: 22 }, ["island-gw-1", "island-gw-2"]);
  expect((await targets.named(w.core.deps.db, "island-1"))!.settings["hostKeys"]).toEqual([host.hostKey]);
  await manage("island-1", ["root", ROOT], "app1");
  expect([await host.opens("app1", APP), await host.opens("app1", await w.vault("app1@island-1"))]).toEqual([false, true]);
  const id = (n: string) => w.caller(n).person.id;
  await putPolicy(w.core.deps, w.caller("operator"), { name: "by session", terms: { preset: "session", maxMinutes: 60, reconnectGraceSeconds: 0 }, binding: { targets: ["island-1"], requesters: [id("requester")], approvers: [id("approver")] } });
  for (const c of await people.openChanges(w.core.deps.db)) await confirmChange(w.core.deps, w.caller("auditor"), c.id);
  const before = await host.shadow("app1");
  const request = await w.access("app1@island-1");
  expect(await w.run("app1@island-1", ["hostname; head -c 3000000 /dev/zero | wc -c"])).toMatchObject({ code: 0, out: "island\n3000000\n" });
  await until("app1 has another password", async () => await host.shadow("app1") !== before, 60_000);
  await w.ok("requester", "POST", `/requests/${request}/give-back`, {});
  await w.settled("app1@island-1");
  expect(await host.opens("app1", await w.vault("app1@island-1"))).toBe(true);
}, 240_000);

test("a PostgreSQL database: its certificate read and pinned, its roles rotated", async () => {
  const chief = decodeURIComponent(new URL(db.url).password);
  expect((await net.run("island", ["env", `PGPASSWORD=${chief}`, "psql", "-h", ADDRESS.island, "-U", "postgres", "-c", `create role app login password '${SQL}'`])).code).toBe(0);
  await add("island-db", { platform: "postgres", port: db.port }, ["island-gw-2", "island-gw-1"]);
  await manage("island-db", ["postgres", chief], "app");
  const now = await w.vault("app@island-db");
  expect([await opens("app", now), await opens("app", SQL)]).toEqual([true, false]);
  await w.ok("operator", "POST", "/accounts/app@island-db/rotate", {});
  await until("app has another password", async () => await w.vault("app@island-db") !== now, 60_000);
  await w.settled("app@island-db");
  expect([await opens("app", await w.vault("app@island-db")), await opens("app", now)]).toEqual([true, false]);
}, 240_000);

test("a desktop: looked at, pinned and accepted through the gateway, opened in the browser's protocol, typed into", async () => {
  const { deps } = w.core, t = (await targets.named(deps.db, "island-1"))!, mine = await loginAs(w, "requester");
  const seen = await w.ok("operator", "POST", "/targets/read-desktop", { host: ADDRESS.island, port: rdp.port, through: ["island-gw-1"] });
  expect(seen["fingerprint"]).toBe(await rdp.fingerprint());
  const after = await setDesktop(deps, w.caller("operator"), t.id, { port: rdp.port, certificate: String(seen["fingerprint"]), security: "tls", domain: "" });
  await acceptIdentity(deps, w.caller("second"), t.id, after.identityHash);
  await w.settled("app1@island-1");
  const request = await w.access("app1@island-1"), told = await ticketFor(w, mine, `/requests/${request}/desktop`);
  const page = pageOn(new WebSocket(`${w.origin.replace(/^http/, "ws")}${told.socket}`, [told.protocol, `ticket.${told.ticket}`], { headers: { cookie: mine.cookie, origin: w.origin }, perMessageDeflate: false }));
  await until("the desktop is drawn", () => page.shown.some((i) => i[0] === "img" && i[3] === "0"), 40_000).catch(async (e: unknown) => {
    throw new Error(`${String(e)}; the page heard ${JSON.stringify(page.said).slice(-800)}; guacd: ${daemon.log().slice(-1_200)}; xrdp: ${(await rdp.log()).slice(-1_200)}`);
  });
  await until("the desktop is there", async () => await rdp.logins("app1") > 0, 40_000);
  page.tell("mouse", 300, 300, 0);
  await new Promise((r) => { setTimeout(r, 1_500); });
  page.type("echo made-$((40+2)) > /tmp/by-desktop\n");
  await until("the file is there", async () => (await host.exec("cat /tmp/by-desktop")).stdout === "made-42\n", 20_000);
  await w.ok("requester", "POST", `/requests/${request}/give-back`, {});
  await w.ended(request);
  await w.settled("app1@island-1");
}, 240_000);

test("one gateway gone: the other carries; both gone: said by name, nothing is lost; one back: it goes on", async () => {
  await first.running.stop();
  const before = await w.vault("root@island-1");
  await w.ok("operator", "POST", "/accounts/root@island-1/rotate", {});
  await until("rotated through the second", async () => await w.vault("root@island-1") !== before, 60_000);
  await w.settled("root@island-1");
  await second.running.stop();
  const gone = await w.api("operator", "POST", "/targets/island-1/test", {});
  expect(gone.text).toMatch(/cannot be reached through any of its agents \(island-gw-1: it is not connected; island-gw-2: it is not connected\)/);
  expect(await host.opens("root", await w.vault("root@island-1"))).toBe(true);
  const during = await w.vault("app1@island-1");
  await w.ok("operator", "POST", "/accounts/app1@island-1/rotate", {});
  first.running.start();
  await until("what waited is done through the first again", async () => await w.vault("app1@island-1") !== during, 90_000);
  await w.settled("app1@island-1");
  expect([await host.opens("app1", await w.vault("app1@island-1")), await host.opens("app1", during)]).toEqual([true, false]);
}, 300_000);

test("not one packet went to the island from here", async () => { expect(await net.seen("island")).toBe(0); });
