/**
 * A password shown for a minute on a host in a DMZ, and the broker killed meanwhile: the agent itself changes the password when the time is up. By
 * real processes; what is in force is read from the host's disk, and asked by logins. Rule: whoever was away finds out what happened, and 0 are lost.
 */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleAgent } from "../../scripts/agent/bundle.ts";
import { rootOf } from "../../src/core.ts";
import { confirmChange, putPolicy } from "../../src/flow/people.ts";
import * as people from "../../src/store/people.ts";
import { hostKeysOf } from "../../src/flow/session.ts";
import { Secret } from "../../src/kernel/secret.ts";
import * as targets from "../../src/store/targets.ts";
import { connectSsh, SshFailure } from "../../src/wires/ssh.ts";
import { addLogin, PEOPLE, place, until, World } from "../e2e/world.ts";
import { patient } from "../e2e/times.ts";
import { dmz, type Dmz } from "../lab/dmz.ts";
import { NODE } from "../lab/node-inside.ts";
import { evidence, madeBy } from "./evidence.ts";

const PORT = 8_282, steps: string[] = [], PROGRAM = "/opt/lockstep-agent.mjs", RUN = "[l]ockstep-agent.mjs run";
let lab: Dmz, w: World;
type Json = Record<string, unknown>;
const get = async (at: string) => (await w.ok("operator", "GET", at)) as unknown as Json;
const agent = async () => ((await get("/agents"))["items"] as Json[])[0];
const did = (what: string): void => void steps.push(what);
const start = (): Promise<unknown> => lab.box.exec(`setsid sh -c 'exec ${NODE} ${PROGRAM} run --timescale 0.2' >>/var/log/agent.log 2>&1 </dev/null &`);
const kill = (): Promise<unknown> => lab.box.exec(`pkill -KILL -f '${RUN}'; true`);
const status = async (): Promise<string> => (await lab.box.exec(`${NODE} ${PROGRAM} status`)).stdout;
/** A login with the password over SSH, through the agent, by the pinned host key; where the broker is down the host's disk is asked. */
const logsIn = async (name: string, password: string): Promise<boolean> => {
  const onDisk = await lab.opens(name, password);
  if (w.broker === null) return onDisk;
  const { deps } = w.core, t = (await targets.named(deps.db, "dmz-1"))!;
  const let_in = await connectSsh({ link: deps.link(t), username: name, auth: { password: Secret.of(password) }, hostKeys: hostKeysOf(t), timeoutMs: 15_000, signal: AbortSignal.timeout(15_000) })
    .then((c) => { c.end(); return true; }, (e: unknown) => { if (e instanceof SshFailure && e.kind === "auth") return false; throw e; });
  expect(let_in, "the login says what the disk says").toBe(onDisk);
  return let_in;
};
const order = async (): Promise<Json | null> => ((((await get("/rotations?account=app1@dmz-1"))["items"] as Json[])[0] ?? {})["order"] as Json | null) ?? null;
const connected = () => until("the agent is connected", async () => (await agent())?.["presence"] === "connected", 60_000);
/** Shown, and the order stands: the password, and when it is due. */
const shown = async (minutes: number): Promise<{ request: string; password: string; due: Date }> => {
  const request = await w.access("app1@dmz-1", "requester", minutes),
    password = String((await w.ok("requester", "POST", `/requests/${request}/release`, {}))["password"]),
    o = await until("the order stands with the agent", async () => { const it = await order(); return it?.["state"] === "placed" ? it : null; });
  return { request, password, due: new Date(String(o["due"])) };
};

beforeAll(async () => {
  const out = join(rootOf(), "dist/agent/lockstep-agent.mjs");
  mkdirSync(dirname(out), { recursive: true });
  await bundleAgent(out);
  process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  lab = await dmz({ name: "dmz-1", accounts: { app1: "first-of-app1" } }, PORT);
  const { home, env } = place({ env: { LOCKSTEP_LISTEN: `${lab.broker}:${PORT}`, LOCKSTEP_TLS: "yes" } });
  w = new World(home, env, undefined as never, [], "", { times: patient(0.2) });
  await w.up();
  for (const p of PEOPLE) w.who[p[0]] = await addLogin(w.broker!, home, p);
  const line = (await w.ok("operator", "POST", "/enrolments", { owner: "operator" })) as unknown as Json;
  expect((await lab.box.exec(String(line["line"]).replace("| node ", `| ${NODE} `))).code).toBe(0);
  await lab.box.exec(`cp /usr/local/lib/lockstep-agent/lockstep-agent.mjs ${PROGRAM}`);
  await start();
  await connected();
  await until("its accounts are listed", async () => (await get("/targets/dmz-1/found?limit=500"))["at"]);
  await w.ok("operator", "POST", "/targets/dmz-1/found/adopt", { names: ["app1"] });
  await until("app1 is managed", async () => (await get("/accounts/app1@dmz-1"))["credential"] === "in_sync", 90_000);
  const id = (name: string) => w.caller(name).person.id;
  await putPolicy(w.core.deps, w.caller("operator"), { name: "shown", terms: { preset: "release", maxMinutes: 120 }, binding: { targets: ["dmz-1"], requesters: [id("requester")], approvers: [id("approver")] } });
  for (const c of await people.openChanges(w.core.deps.db)) await confirmChange(w.core.deps, w.caller("auditor"), c.id);
}, 240_000);
afterAll(async () => { await w?.close(); await lab?.destroy(); });

test("a password is shown, and a change stands with the agent: status says so, without a secret", async () => {
  const { request, password, due } = await shown(30);
  expect(await status()).toMatch(/order for app1: standing, due 20\S+Z, not after 20\S+Z/);
  expect([(await status()).includes(password), await logsIn("app1", password)]).toEqual([false, true]);
  expect(due.getTime()).toBeGreaterThan(Date.now());
  await w.ok("requester", "POST", `/requests/${request}/give-back`, {});
  await w.settled("app1@dmz-1");
  expect([await logsIn("app1", password), await logsIn("app1", await w.vault("app1@dmz-1")), (await status()).includes("order for")]).toEqual([false, true, false]);
  did("a password shown, an order placed; given back early with the agent there: the ordinary change, and the order is over");
}, 120_000);

test("law: I1 — the broker is down when the time is up: the agent changes the password by itself, tells it when it is back, and vault and host are one", async () => {
  const { password } = await shown(1), before = lab.shadow("app1");
  await w.down();
  await until("the host's password was changed without a broker", () => lab.shadow("app1") !== before, 120_000);
  expect([await logsIn("app1", password), await status()]).toEqual([false, expect.stringMatching(/not connected[\s\S]*order for app1: done/)]);
  await w.up();
  await connected();
  await w.settled("app1@dmz-1", 90_000);
  expect(await logsIn("app1", await w.vault("app1@dmz-1"))).toBe(true);
  await until("the order was taken in", async () => !(await status()).includes("order for"));
  const [r] = (await get("/rotations?account=app1@dmz-1"))["items"] as Json[];
  expect(r).toMatchObject({ state: "committed", trigger: "end_of_use", order: { state: "over" } });
  did("the broker down at the end of a use: the agent changed the password in time, reported it, and the vault took it after a comparison");
}, 300_000);

test("law: I1 — broker and agent both down at the end, the agent killed while it makes the change, and started again: overdue it is made at the start; 0 lost", async () => {
  let lost = 0;
  for (const wait of [0, 250]) {
    const { password } = await shown(1), before = lab.shadow("app1");
    await w.down();
    await kill();
    await new Promise((r) => { setTimeout(r, 62_000); });
    expect([lab.shadow("app1") === before, await logsIn("app1", password)]).toEqual([true, true]);
    await start();
    await new Promise((r) => { setTimeout(r, wait); });
    await kill();
    await start();
    await until("it was made at the start", () => lab.shadow("app1") !== before, 60_000);
    expect(await logsIn("app1", password)).toBe(false);
    await w.up();
    await connected();
    await w.settled("app1@dmz-1", 90_000);
    if (!(await logsIn("app1", await w.vault("app1@dmz-1")))) lost += 1;
  }
  expect(lost).toBe(0);
  did("broker and agent down at the end of a use, the agent killed again while it started: the overdue order was made; 0 lost");
  evidence("orders", `# Orders left with an agent\n${madeBy("test/slow/orders.test.ts")}\n\n${steps.map((s) => `- ${s}`).join("\n")}\n`);
}, 600_000);
