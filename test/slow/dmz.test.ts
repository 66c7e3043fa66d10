/**
 * A host in a DMZ, from the pasted line to the rotation at a session's end, by real processes: nothing of it can be reached from the broker, which
 * the test itself asserts at every step. Rule: what is in force is read from the host's disk.
 */
import { mkdirSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleAgent } from "../../scripts/agent/bundle.ts";
import { rootOf } from "../../src/core.ts";
import { confirmChange, putPolicy } from "../../src/flow/people.ts";
import * as people from "../../src/store/people.ts";
import { dmz, type Dmz } from "../lab/dmz.ts";
import { NODE } from "../lab/node-inside.ts";
import { addLogin, PEOPLE, place, until, World } from "../e2e/world.ts";
import { patient } from "../e2e/times.ts";
import { evidence, madeBy } from "./evidence.ts";

const PORT = 8_282,
  steps: string[] = [];
let lab: Dmz, w: World;
/** The wall stands: a packet of the broker's to the host gets nowhere, on any port that somebody listens on there. */
const shut = (port: number): Promise<string> =>
  new Promise((resolve) => {
    const s = connect({ host: lab.host, port, timeout: 2_000 });
    s.once("connect", () => {
      s.destroy();
      resolve("open");
    })
      .once("error", (e) => resolve((e as { code?: string }).code ?? "error"))
      .once("timeout", () => {
        s.destroy();
        resolve("silent");
      });
  });
const walled = async (): Promise<void> => expect([await shut(22), await shut(2_222)].every((s) => s !== "open")).toBe(true);
const did = (what: string): void => {
  steps.push(what);
};
type Json = Record<string, unknown>;
const get = async (at: string) => (await w.ok("operator", "GET", at)) as unknown as Json;
const agent = async () => ((await get("/agents"))["items"] as Json[])[0];
const background = (command: string): Promise<unknown> =>
  lab.box.exec(`setsid sh -c '${command}' >/var/log/agent.log 2>&1 </dev/null & echo $! > /run/agent.pid`);

beforeAll(async () => {
  const out = join(rootOf(), "dist/agent/lockstep-agent.mjs");
  mkdirSync(dirname(out), { recursive: true });
  await bundleAgent(out);
  // The broker proves itself by its key inside; its own certificate is nobody's business here.
  process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  lab = await dmz(
    { name: "dmz-1", accounts: { app1: "first-of-app1", app2: "first-of-app2", boss: "first-of-boss" }, setup: "usermod -aG sudo boss" },
    PORT,
  );
  const { home, env } = place({ env: { LOCKSTEP_LISTEN: `${lab.broker}:${PORT}`, LOCKSTEP_TLS: "yes" } });
  w = new World(home, env, undefined as never, [], "", { times: patient(0.2) });
  await w.up();
  for (const p of PEOPLE) w.who[p[0]] = await addLogin(w.broker!, home, p);
}, 120_000);
afterAll(async () => {
  await w?.close();
  await lab?.destroy();
});

test("the wall: nothing of the broker's gets into the DMZ, and out of it leads the broker's port alone", async () => {
  expect((await lab.box.exec("ss -ltn | grep -c :22")).stdout.trim()).not.toBe("0");
  await walled();
  expect((await lab.box.exec(`curl -sk --max-time 3 https://${lab.broker}:${PORT}/healthz`)).stdout).toContain('"ok":true');
  expect((await lab.box.exec(`curl -sk --max-time 3 http://${lab.broker}:22/`)).code).not.toBe(0);
  did("the broker is refused on the host's ports; the host reaches the broker's 8282 alone");
});

test("the pasted line fetches the program, checks it, and lets the host in; a second use of it does not", async () => {
  const made = (await w.ok("operator", "POST", "/enrolments", { owner: "operator" })) as unknown as Json,
    line = String(made["line"]).replace("| node ", `| ${NODE} `);
  expect(line).toMatch(/^d=\$\(mktemp -d\) && curl -fsSk 'https:.*sha256sum -c --quiet && printf %s 'lsa_\S+' \| /);
  const r = await lab.box.exec(line);
  expect([r.code, r.stdout], r.stderr).toEqual([0, expect.stringMatching(/Enrolled as agt_\w+\.[\s\S]*systemd does not run here/)]);
  expect(
    (await lab.box.exec("cat /etc/lockstep-agent/agent.conf /etc/systemd/system/lockstep-agent.service; ls /var/lib/lockstep-agent")).stdout,
  ).toMatch(/UserName=operator[\s\S]*ExecStart=.*lockstep-agent\.mjs run[\s\S]*agent\n[\s\S]*box_key/);
  expect(
    (
      await lab.box.exec(
        "rm -rf /var/lib/lockstep-agent2; " + line.replace("install ", "enroll --conf /root/2.conf --state /var/lib/lockstep-agent2 "),
      )
    ).stderr,
  ).toMatch(/This token lets nobody in/);
  did("the pasted line enrolled it; used again it was refused");
});

test("it comes, stays connected, and its accounts are listed with what they may do; nothing is managed", async () => {
  await background("exec /usr/local/bin/lockstep-agent run --timescale 0.2");
  await until("it is connected", async () => (await agent())?.["presence"] === "connected");
  const a = (await agent())!;
  expect(a).toMatchObject({ state: "active", target: "dmz-1", owner: "operator", mode: "agent" });
  const found = await until("its accounts are listed", async () => {
    const f = await get("/targets/dmz-1/found?limit=500");
    return f["at"] ? (f["items"] as Json[]) : null;
  });
  expect(found.find((f) => f["name"] === "boss")).toMatchObject({
    privileged: true,
    stage: "unmanaged",
    says: expect.arrayContaining(["group sudo"]),
  });
  expect([found.every((f) => f["stage"] === "unmanaged"), ((await get("/accounts?limit=100"))["items"] as Json[]).length]).toEqual([true, 0]);
  expect(
    ((await w.ok("operator", "POST", `/agents/${String(a["id"])}/doctor`, {})) as unknown as { checks: { ok: boolean }[] }).checks.every((c) => c.ok),
  ).toBe(true);
  did(`${found.length} accounts were listed, none managed; its doctor finds everything well`);
});

test("adopted without anybody's password: it is changed twice on the host, and verified by the host's own file", async () => {
  await w.ok("operator", "POST", "/targets/dmz-1/found/adopt", { names: ["app1", "app2"] });
  for (const name of ["app1", "app2"]) {
    await until(`${name} is managed`, async () => (await get(`/accounts/${name}@dmz-1`))["credential"] === "in_sync");
    expect([await lab.opens(name, await w.vault(`${name}@dmz-1`)), await lab.opens(name, `first-of-${name}`)]).toEqual([true, false]);
  }
  expect(await lab.opens("boss", "first-of-boss")).toBe(true);
  expect(await w.ok("operator", "POST", "/accounts/app1@dmz-1/verify", {})).toMatchObject({ verdict: "in_force", by: "compare" });
  await walled();
  did("two accounts adopted and verified, with no administrative credential in the vault");
});

test("a session goes through the agent with stock ssh, recorded; at its end the password is another one on the host and in the vault", async () => {
  const id = (name: string) => w.caller(name).person.id,
    { deps } = w.core;
  await putPolicy(deps, w.caller("operator"), {
    name: "by session",
    terms: { preset: "session", maxMinutes: 120, reconnectGraceSeconds: 0 },
    binding: { targets: ["dmz-1"], requesters: [id("requester")], approvers: [id("approver")] },
  });
  for (const c of await people.openChanges(deps.db)) await confirmChange(deps, w.caller("auditor"), c.id);
  const before = lab.shadow("app1"),
    request = await w.access("app1@dmz-1"),
    ran = await w.run("app1@dmz-1", ["id -un; hostname"]);
  expect([ran.code, ran.out], ran.err).toEqual([0, "app1\ndmz-1\n"]);
  expect(await w.ended(request)).toMatchObject({ state: "ended" });
  await until("it was changed on the host", () => lab.shadow("app1") !== before);
  await w.settled("app1@dmz-1");
  expect(await lab.opens("app1", await w.vault("app1@dmz-1"))).toBe(true);
  await walled();
  did("an SSH session by stock ssh through the agent, and the rotation at its end");
});

test("law: I1 — the agent is killed right after a change was asked for, again and again: 0 lost", async () => {
  let lost = 0,
    kills = 0;
  for (let i = 0; i < 6; i++) {
    await w.ok("operator", "POST", "/accounts/app2@dmz-1/rotate", { reason: "for the test" }).catch(() => undefined);
    await new Promise((r) => {
      setTimeout(r, 40 + 37 * i);
    });
    await lab.box.exec("pkill -KILL -f '[l]ockstep-agent.mjs run'; true");
    kills += 1;
    await background("exec /usr/local/bin/lockstep-agent run --timescale 0.2");
    await until("no change of it is open", async () => ((await w.ok("operator", "GET", "/rotations?account=app2@dmz-1&limit=20"))["items"] as unknown as { done: boolean }[]).every((r) => r.done), 90_000);
    await w.settled("app2@dmz-1");
    if (!(await lab.opens("app2", await w.vault("app2@dmz-1")))) lost += 1;
  }
  expect([kills, lost]).toEqual([6, 0]);
  did(`the agent killed ${kills} times right after a change was asked for (at each step of one: test/agent/verbs.test.ts): ${lost} lost`);
}, 600_000);

test("not connected it is waited for; revoked it is cut off and stays out", async () => {
  await lab.box.exec("pkill -KILL -f '[l]ockstep-agent.mjs run'; true");
  await until("it is not connected any more", async () => (await agent())?.["presence"] !== "connected");
  const verdict = await w.api("operator", "POST", "/accounts/app2@dmz-1/verify", {});
  expect(verdict.body, JSON.stringify(verdict.body)).toMatchObject({ verdict: "unknown" });
  const before = lab.shadow("app2");
  await w.ok("operator", "POST", "/accounts/app2@dmz-1/rotate", { reason: "for the test" });
  await new Promise((r) => {
    setTimeout(r, 1_500);
  });
  expect(lab.shadow("app2")).toBe(before);
  await background("exec /usr/local/bin/lockstep-agent run --timescale 0.2");
  await until("what waited is done", () => lab.shadow("app2") !== before);
  await w.settled("app2@dmz-1");
  const id = String((await agent())!["id"]);
  await w.ok("operator", "POST", `/agents/${id}/revoke`, { reason: "for the test" });
  await until("it hears it", async () => (await lab.box.exec("cat /var/log/agent.log")).stdout.includes("does not let this agent in"));
  expect((await lab.box.exec("/usr/local/bin/lockstep-agent doctor")).stdout).toMatch(/FAIL enrolled: the broker does not let it in/);
  did("a change waited for an agent that was away; revoked, it was cut off and told why");
  evidence("dmz", `# A host in a DMZ\n${madeBy("test/slow/dmz.test.ts")}\n\n${steps.map((s) => `- ${s}`).join("\n")}\n`);
});
