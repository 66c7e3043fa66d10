/** The broker's own socket, from the real command line against a real broker: who may open it, what it gives, and what becomes of it. */
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startBroker, type Broker } from "../../src/app.ts";
import { parseEnv } from "../../src/config/env.ts";
import { makeToken } from "../../src/identity/tokens.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import * as events from "../../src/store/events.ts";
import * as people from "../../src/store/people.ts";
import { ENDPOINTS } from "../../src/web/api/index.ts";
import { lockstep, type Done } from "./process.ts";

let home: string, data: string, broker: Broker, admin: string;
const run = (args: readonly string[], env: Record<string, string> = {}, stdin = ""): Promise<Done> => lockstep(args, { cwd: home, env: { LOCKSTEP_DATA: data, ...env }, stdin });
const up = async (): Promise<void> => {
  const { config, secrets } = parseEnv({ LOCKSTEP_DATA: data, LOCKSTEP_LISTEN: "127.0.0.1:0", LOCKSTEP_SSH_LISTEN: "127.0.0.1:0", LOCKSTEP_WORKERS: "1", LOCKSTEP_TIMESCALE: "0.2" });
  broker = await startBroker(config, secrets);
};
const place = () => broker.core.places;
const token = (): string => readFileSync(place().localToken, "utf8").trim();
const made = async () => (await events.list(broker.core.deps.db, { what: "backup.made", limit: 20 }));

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "lockstep-own-"));
  data = join(home, "data");
  expect(await run(["init", "ada", "--password-stdin"], {}, "correct-horse-battery-9\n")).toMatchObject({ code: 0, err: "" });
  await up();
  const ada = (await people.named(broker.core.deps.db, "ada"))!;
  admin = reveal((await makeToken(broker.web.identity, ada, { label: "t", days: 1, readOnly: false, networks: [] }, { address: "127.0.0.1", means: "portal" })).token);
}, 120_000);
afterAll(async () => { await broker?.close(); rmSync(home, { recursive: true, force: true }); });

/** Straight to the socket, or to the TCP port. */
const ask = (where: { socket: string } | { url: string }, method: string, path: string, bearer: string): Promise<{ status: number; text: string }> => new Promise((resolve, reject) => {
  const to = "socket" in where ? { socketPath: where.socket } : { host: new URL(where.url).hostname, port: new URL(where.url).port };
  const req = request({ ...to, method, path, headers: { host: "localhost", authorization: `Bearer ${bearer}`, ...(method === "GET" || method === "DELETE" ? {} : { "content-type": "application/json" }) } }, (res) => {
    let text = "";
    res.setEncoding("utf8").on("data", (d: string) => { text += d; }).on("end", () => { resolve({ status: res.statusCode!, text }); });
  });
  req.on("error", reject).end(method === "GET" || method === "DELETE" ? undefined : "{}");
});

describe("who may", () => {
  test("socket and token are for their owner alone", () => {
    for (const file of [place().socket, place().localToken]) expect([file, statSync(file).mode & 0o777]).toEqual([file, 0o600]);
    expect(statSync(data).mode & 0o777).toBe(0o700);
  });
  test("the operator's token opens two endpoints on the socket, and not one on the network", async () => {
    const paths = ENDPOINTS.map((e) => [e.method.toUpperCase(), `/api/v1${e.path.replace(/\{\w+\}/g, "per_00000000000000000000")}`, e.operator === true] as const);
    expect(paths.filter(([, , open]) => open).map(([m, p]) => `${m} ${p}`).sort()).toEqual(["GET /api/v1/health", "POST /api/v1/backups"]);
    for (const [method, path, open] of paths) {
      if (open) continue;
      const { status, text } = await ask({ socket: place().socket }, method, path, token());
      expect([method, path, status, text]).toEqual([method, path, 403, expect.stringMatching(/takes you for the operator of this machine/)]);
    }
    for (const [method, path] of paths) expect([path, (await ask({ url: broker.origin }, method, path, token())).status]).toEqual([path, 401]);
    expect((await ask({ socket: place().socket }, "GET", "/api/v1/health", "lst_somebody-else")).status).toBe(401);
  }, 60_000);
  test("a person's own token works there as anywhere; without one a person's command never goes there", async () => {
    expect(await run(["me", "--socket", place().socket], { LOCKSTEP_TOKEN: admin })).toMatchObject({ code: 0, out: expect.stringMatching(/^ada \(user, admin\) at .*broker\.sock/) });
    expect(await run(["me", "--socket", place().socket])).toMatchObject({ code: 3, err: expect.stringMatching(/nobody's login[\s\S]*lockstep login/) });
    expect(await run(["me"], { LOCKSTEP_URL: broker.origin })).toMatchObject({ code: 7, err: expect.stringMatching(/You are not logged in at http/) });
    expect(await run(["login", "--socket", place().socket, "--token-stdin"], {}, admin)).toMatchObject({ code: 2, err: expect.stringMatching(/for the operator of this machine and needs no login/) });
  }, 60_000);
});

describe("backup", () => {
  test("while it runs: said, whole, private, in the log as the operator's; never over another file", async () => {
    const file = join(home, "running.backup"), done = await run(["backup", file, "--json"]);
    expect([done.code, done.err]).toEqual([0, ""]);
    expect(JSON.parse(done.out)).toMatchObject({ file, how: "from the broker that runs here, which went on", rows: expect.any(Number) });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await made())[0]).toMatchObject({ who: { kind: "broker", part: "operator" }, outcome: "ok", facts: { rows: (JSON.parse(done.out) as { rows: number }).rows } });
    const bytes = readFileSync(file);
    expect(await run(["backup", file])).toMatchObject({ code: 5, err: expect.stringMatching(/is there already\. Name a new file/) });
    expect(readFileSync(file).equals(bytes)).toBe(true);
    expect(existsSync(`${file}.part`)).toBe(false);
  }, 60_000);
  test("by an admin over the network; another role is refused and nothing is written", async () => {
    const file = join(home, "remote.backup");
    expect(await run(["backup", file], { LOCKSTEP_URL: broker.origin, LOCKSTEP_TOKEN: admin })).toMatchObject({ code: 0, out: expect.stringMatching(/from the running broker at http:\/\/127\.0\.0\.1:\d+\.\n/) });
    expect((await made())[0]).toMatchObject({ who: { kind: "person", name: "ada", means: "cli" } });
    const { deps } = broker.core, before = (await made()).length, id = (await people.named(deps.db, "ada"))!;
    await deps.db.transaction((tx) => people.change(tx, id.id, { roles: ["user", "auditor"] }));
    expect(await run(["backup", join(home, "no.backup")], { LOCKSTEP_URL: broker.origin, LOCKSTEP_TOKEN: admin })).toMatchObject({ code: 3, err: expect.stringMatching(/Only admins make backups/) });
    await deps.db.transaction((tx) => people.change(tx, id.id, { roles: ["user", "admin"] }));
    expect([existsSync(join(home, "no.backup")), (await made()).length]).toEqual([false, before]);
  }, 60_000);
  test("one at a time; a broken transfer leaves nothing behind, on neither side", async () => {
    const [a, b] = await Promise.all([1, 2].map(() => ask({ socket: place().socket }, "POST", "/api/v1/backups", token())));
    expect([a!.status, b!.status].sort()).toEqual([200, 409]);
    expect((a!.status === 409 ? a : b)!.text).toMatch(/A backup is being made right now/);
    const cut = request({ socketPath: place().socket, method: "POST", path: "/api/v1/backups", headers: { host: "localhost", authorization: `Bearer ${token()}` } }, (res) => { res.once("data", () => { cut.destroy(); }); });
    cut.on("error", () => undefined).end();
    await once(cut, "close");
    expect((await ask({ socket: place().socket }, "GET", "/api/v1/health", token())).status).toBe(200);
    expect(readdirSync(data).filter((f) => f.startsWith("backup-"))).toEqual([]);
  }, 60_000);
  test("doctor looks at the broker that runs instead of failing on its lock", async () => {
    const done = await run(["doctor"]);
    // No fault by itself, and never silent: there, or with the command that installs it.
    expect(done.out).toMatch(/ok {3}Driver tedious .*(20\.3\.9|npm install --no-save --ignore-scripts tedious@20\.3\.9)/);
    expect(done.out).toMatch(/ok {3}Broker +pglite on /);
    expect(done.out).not.toMatch(/Another broker/);
  }, 60_000);
});

describe("its end", () => {
  test("stopped: socket and token are gone, and the backup comes from the directory and restores", async () => {
    const { socket, localToken } = place(), before = token();
    await broker.close();
    expect([existsSync(socket), existsSync(localToken)]).toEqual([false, false]);
    const file = join(home, "stopped.backup"), done = await run(["backup", file]);
    expect(done).toMatchObject({ code: 0, out: expect.stringMatching(/from the data directory; no broker runs on it\.\n/) });
    const fresh = join(home, "fresh");
    for (const part of ["keys", "journal/secrets.journal"]) cpSync(join(data, part), join(fresh, part), { recursive: true });
    for (const [i, name] of ["running.backup", "remote.backup", "stopped.backup"].entries()) {
      rmSync(join(fresh, "db"), { recursive: true, force: true });
      expect([i, await run(["restore", join(home, name)], { LOCKSTEP_DATA: fresh })]).toEqual([i, { code: 0, out: expect.stringMatching(/rows/), err: "" }]);
    }
    await up();
    expect(token()).not.toBe(before);
    expect((await ask({ socket: place().socket }, "GET", "/api/v1/health", before)).status).toBe(401);
  }, 120_000);
  test("killed: what it left behind is nobody's, and the backup comes from the directory", async () => {
    await broker.close();
    const left = spawn(process.execPath, ["-e", `require("node:http").createServer().listen(${JSON.stringify(place().socket)}, () => console.log("up"))`], { stdio: ["ignore", "pipe", "inherit"] });
    await once(left.stdout, "data");
    left.kill("SIGKILL");
    await once(left, "exit");
    writeFileSync(place().localToken, "lst_of-a-dead-broker\n", { mode: 0o600 });
    expect(existsSync(place().socket)).toBe(true);
    expect(await run(["backup", join(home, "after.backup")])).toMatchObject({ code: 0, out: expect.stringMatching(/no broker runs on it/) });
    await up();
    expect((await ask({ socket: place().socket }, "GET", "/api/v1/health", "lst_of-a-dead-broker")).status).toBe(401);
    expect((await run(["doctor"])).out).toMatch(/ok {3}Broker/);
  }, 120_000);
  test("no data directory: nothing is made, and what to name is said", async () => {
    const none = join(home, "none");
    expect(await run(["backup", join(home, "x.backup")], { LOCKSTEP_DATA: none })).toMatchObject({ code: 4, err: expect.stringMatching(/no broker's data in .*none\. Name it with LOCKSTEP_DATA/) });
    expect(existsSync(none)).toBe(false);
  }, 60_000);
});
