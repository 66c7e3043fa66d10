/** Many accounts of a real host through their whole life, over HTTP and real ssh sessions, every password of it remembered as a canary. Rule: nothing is faked but the person. */
import { execFile } from "node:child_process";
import { createSecretKey } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { startBroker, type Broker } from "../../src/app.ts";
import { parseEnv } from "../../src/config/env.ts";
import { newBoxKey } from "../../src/crypto/box.ts";
import { fingerprintOf } from "../../src/crypto/envelope.ts";
import { enrolAgent, newEnrolment } from "../../src/flow/agent-enrol.ts";
import { openTape, tapeKept } from "../../src/flow/demonstrate-tape.ts";
import { addSshKey, confirmChange } from "../../src/flow/people.ts";
import type { Caller } from "../../src/flow/record.ts";
import { openVersion } from "../../src/flow/secrets.ts";
import { admit, sessionEnded, sessionLive } from "../../src/flow/session.ts";
import { setPassword } from "../../src/identity/passwords.ts";
import { makeToken } from "../../src/identity/tokens.ts";
import { newId, type AccountId, type SessionId } from "../../src/kernel/ids.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { times } from "../../src/kernel/times.ts";
import { startRecording } from "../../src/recordings/writer.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as demonstrations from "../../src/store/demonstrations.ts";
import * as people from "../../src/store/people.ts";
import * as versions from "../../src/store/versions.ts";
import { newKeyPair } from "../../src/wires/ssh.ts";
import { chaosTimes } from "../chaos/plan.ts";
import { settledState } from "../chaos/rows.ts";
import { start } from "../e2e/ssh.ts";
import { CHEAP, PASSWORD } from "../identity/world.ts";
import { linuxHost, type LinuxHost } from "../lab/host.ts";
import { postgresCluster } from "../lab/postgres.ts";
import { layOut } from "../store/migrated.ts";
import { SEEDS, TOTP_KEY, type Seed } from "../web/world.ts";
import { apiOf, keepCast, rawRecording, readApi, readPortal, ROLES, type Api } from "./readers.ts";
import { Scanner, watchProcesses } from "./scan.ts";

const ADMIN = "Canary-Adm1n!x9Qz", typedBy = (i: number): string => `Canary-${i}-Typ3d!x9Qz`;
export type Walked = {
  readonly canaries: number; readonly hits: readonly string[]; readonly bytes: number; readonly samples: number; readonly pages: number; readonly answers: number; readonly silent: readonly string[];
  /** Sessions in which a password really was on the screen, by the unmasked recording; and recordings handed to readers. */
  readonly sessions: number; readonly printed: number; readonly casts: number; readonly places: readonly string[];
};
/** The numbers of a walk, one JSON line on stderr: what docs/evidence/canaries.md is written from. */
export const tell = (engine: string, { hits, bytes, places, ...w }: Walked, from: number): void =>
  void process.stderr.write(`${JSON.stringify({ engine, hits: hits.length, MB: Math.round(bytes / 1e6), ...w, places: places.length, minutes: Math.round((performance.now() - from) / 6_000) / 10 })}\n`);
type Field = { readonly broker: Broker; readonly api: Api; readonly home: string; readonly key: string; readonly who: Record<Seed, Caller> };

const one = async ({ core: { deps } }: Broker, name: Seed): Promise<Caller> => {
  const id = newId("person", systemRandom);
  await deps.db.transaction(async (tx) => {
    await people.add(tx, { id, name, fullName: name, mail: null, subject: null, employeeNo: null, roles: [...SEEDS[name]], disabled: false }, null);
    await setPassword(tx, id, Secret.of(PASSWORD), CHEAP);
    if (["approver", "operator"].includes(name)) await people.setTotp(tx, id, deps.keyring.sealFor("sessions", `totp/${id}`, Secret.of(TOTP_KEY)));
  });
  return { person: (await people.find(deps.db, id))!, address: "127.0.0.1", means: "api" };
};
const fieldOf = async (broker: Broker, home: string, keep: (where: string, text: string) => void): Promise<Field> => {
  const who = {} as Record<Seed, Caller>, tokens = {} as Record<Seed, string>;
  for (const name of ROLES) {
    who[name] = await one(broker, name);
    tokens[name] = reveal((await makeToken(broker.web.identity, who[name].person, { label: "canary", days: 1, readOnly: false, networks: [] }, { address: "127.0.0.1", means: "api" })).token);
  }
  const pair = newKeyPair(), key = path.join(home, "requester_key");
  writeFileSync(key, pair.private, { mode: 0o600 });
  await addSshKey(broker.core.deps, who.requester, who.requester.person.id, { fingerprint: fingerprintOf(pair.public), line: pair.public, label: "canary" });
  return { broker, home, key, who, api: apiOf(broker.origin, tokens, keep) };
};

const ok = async (f: Field, who: Seed, method: string, at: string, body?: unknown): Promise<Record<string, unknown>> => {
  const r = await f.api(who, method, at, body);
  if (r.status >= 300) throw new Error(`${who}: ${method} ${at} answered ${r.status}: ${r.text}`);
  return r.body;
};
const settled = async ({ broker: { core } }: Field, ids: readonly AccountId[], ms: number): Promise<void> => {
  for (const end = Date.now() + ms; ; await new Promise((r) => setTimeout(r, 100))) {
    const states = await Promise.all(ids.map((id) => settledState(core.deps.db, id)));
    if (states.every((s) => s === "settled")) return;
    if (Date.now() > end) throw new Error(`not settled: ${[...new Set(states)].join("; ")}`);
  }
};
const held = async (f: Field, account: string): Promise<{ request: string; password: string }> => {
  const request = String((await ok(f, "requester", "POST", "/requests", { account, minutes: 30, reason: "canary" }))["id"]);
  await ok(f, "approver", "POST", `/requests/${request}/vote`, { decision: "approve" });
  // Right after a give-back nothing is open yet though the change is due: the broker refuses with 409 and asks to try again, so a person would.
  for (const end = Date.now() + 60_000; ; await new Promise((r) => setTimeout(r, 200))) {
    const r = await f.api("requester", "POST", `/requests/${request}/release`, {});
    if (r.status < 300) return { request, password: String(r.body["password"]) };
    if (r.status !== 409 || Date.now() > end) throw new Error(`release answered ${r.status}: ${r.text}`);
  }
};
/** A terminal in which the released password is typed, in two halves, and printed, plain and coloured. Never in an argument. */
const printed = async (f: Field, account: string, password: string): Promise<void> => {
  const c = start({ port: f.broker.sshPort, home: f.home, user: `requester@${account}`, key: f.key, options: ["-tt"] }, []), half = password.length >> 1;
  const said = async (text: string, until: string): Promise<void> => { c.child.stdin!.write(text); await c.up(until); };
  await said("stty -echo; echo re''ady; read -r word; stty echo; printf '%s and \\033[1m%s\\033[0m\\n' \"$word\" \"$word\"; echo do''ne\n", "ready");
  await said(password.slice(0, half), "");
  await new Promise((r) => setTimeout(r, 150));
  await said(`${password.slice(half)}\n`, "done");
  await said(`: ${password}\nexit\n`, password);
  await c.exit;
};

/** Half of the accounts come with a typed password; one is asked for, shown, used and given back in each round, the others are changed by hand. */
const live = async (f: Field, host: LinuxHost, accounts: number, rounds: number): Promise<AccountId[]> => {
  const id = (who: Seed) => f.who[who].person.id, add = async (login: string, password: string | undefined, adopt: boolean) => (await ok(f, "operator", "POST", "/accounts", { target: "web-1", login, adopt, ...(password ? { password } : {}) }))["id"] as AccountId;
  await ok(f, "operator", "POST", "/targets", { name: "web-1", platform: "linux-ssh", host: host.host, port: host.port, settings: { hostKeys: [host.hostKey], sudo: true } });
  const admin = await add("admin1", ADMIN, false);
  await ok(f, "operator", "PATCH", "/targets/web-1", { administrative: admin });
  if ((await ok(f, "operator", "POST", "/targets/web-1/test", {}))["ok"] !== true) throw new Error("the administrator is refused");
  await ok(f, "operator", "POST", "/groups", { name: "callers", members: [id("requester")] });
  await ok(f, "operator", "POST", "/policies", { name: "apps", terms: { preset: "release", maxMinutes: 60, recordInput: true }, binding: { requesters: [id("requester")], approvers: [id("approver")], accountNames: ["app*"] } });
  for (const c of (await people.openChanges(f.broker.core.deps.db)).slice(0, -1)) await confirmChange(f.broker.core.deps, f.who.auditor, c.id);
  const ids: AccountId[] = [];
  for (let i = 0; i < accounts; i++) ids.push(await add(`app${i}`, i % 2 ? typedBy(i) : undefined, true));
  await settled(f, ids, 60_000 + accounts * 20_000);
  for (let round = 0; round < rounds - 2; round++) {
    const account = `app${round % accounts}@web-1`, { request, password } = await held(f, account);
    await printed(f, account, password);
    await ok(f, "requester", "POST", `/requests/${request}/give-back`, {});
    await settled(f, ids, 60_000);
    for (const [i, other] of ids.entries()) if (i !== round % accounts) await ok(f, "operator", "POST", `/accounts/${other}/rotate`, { reason: "canary" });
    await settled(f, ids, 60_000 + accounts * 20_000);
    await ok(f, "operator", "POST", `/accounts/${account}/verify`, {});
  }
  await ok(f, "operator", "POST", `/accounts/${admin}/adopt`, {});
  await settled(f, [...ids, admin], 60_000);
  return [...ids, admin];
};
/** A password in a command line: the person put it into the argument list of three machines' processes, so nobody samples those now; our log must not keep it. */
const inCommand = async (f: Field, ids: readonly AccountId[]): Promise<void> => {
  const { request, password } = await held(f, "app0@web-1");
  await start({ port: f.broker.sshPort, home: f.home, user: "requester@app0@web-1", key: f.key }, [`printf '%s\\n' '${password.replaceAll("'", "'\\''")}'`], "null").exit;
  await ok(f, "requester", "POST", `/requests/${request}/give-back`, {});
  await settled(f, ids, 60_000);
};
/** A desktop on which the released password is typed key by key; the recorder is the real one, the picture is not. */
const onDesktop = async (f: Field, ids: readonly AccountId[]): Promise<void> => {
  const { core: { deps, places } } = f.broker, { request, password } = await held(f, "app0@web-1"), a = await admit(deps, f.who.requester, "app0", "web-1", "shell"), key = createSecretKey(a.recording.key);
  const manifest = { session: a.session, person: "requester", account: "app0", target: "web-1", address: "127.0.0.1", protocol: "rdp" as const, started: a.started.toISOString() };
  const r = startRecording({ file: path.join(places.recordings, `${a.recording.id}.lsr`), directory: places.recordings, recording: a.recording.id, key, manifest, clock: deps.clock, onDead: (e) => { throw e; } });
  r.put("opened", 1, Buffer.from(JSON.stringify({ kind: "desktop", width: 640, height: 480, layout: "en-us-qwerty" })));
  r.put("output", 1, Buffer.from("4.size,1.0,3.640,3.480;4.sync,3.100;"));
  r.put("input", 1, Buffer.from([...password].map((c) => { const code = String(c.charCodeAt(0)); return `3.key,${code.length}.${code},1.1,3.120;`; }).join("")));
  r.put("closed", 1, Buffer.from("{}"));
  const head = await r.close("client_closed");
  await sessionLive(deps, a.session);
  await sessionEnded(deps, a.session, { why: "client_closed", detail: "", bytes: head.bytes, identityChanged: false, facts: {}, recording: { ...head, complete: true } });
  await ok(f, "requester", "POST", `/requests/${request}/give-back`, {});
  await settled(f, ids, 60_000);
};
/** A machine that was let in, and has not come back. */
const agentOf = async ({ broker: { core: { deps } }, who }: Field): Promise<string> => {
  const { token } = await newEnrolment(deps, who.operator, { mode: "agent", kind: "once" });
  return enrolAgent(deps, { hostKey: newKeyPair().public, brokerKey: newKeyPair().public, address: "127.0.0.1", token: reveal(token), mode: "agent", serverName: "dmz-1", userName: "operator", version: "0", boxKey: newBoxKey().publicKey, facts: {} });
};
const BULK = "Canary-Bulk-G1v3n!x9Qz";
/** One password typed for two accounts at once, a schedule that is paused, a password policy: each has pages and rows of its own. */
const many = async (f: Field, ids: readonly AccountId[]): Promise<Record<string, string[]>> => {
  const choice = { accounts: ids.slice(0, 2) };
  const bulk = String((await ok(f, "operator", "POST", "/bulks", { choice, password: BULK, reason: "canary" }))["id"]);
  for (const end = Date.now() + 120_000; ; await new Promise((r) => setTimeout(r, 200))) {
    const b = await ok(f, "operator", "GET", `/bulks/${bulk}`);
    if (b["state"] === "done") break;
    if (Date.now() > end) throw new Error(`the bulk change is ${JSON.stringify(b)}`);
  }
  const schedule = String((await ok(f, "operator", "POST", "/schedules", { name: "canary", reason: "canary", choice, when: { kind: "cron", text: "30 2 * * *", zone: "UTC" } }))["id"]);
  await settled(f, ids, 60_000);
  return { "/bulks": [bulk], "/schedules": [schedule], "/password-policies": ["medium"] };
};
/** The log is checked, and everything the requester has seen is changed once more: both leave pages of their own. */
const afterwards = async (f: Field, ids: readonly AccountId[]): Promise<string> => {
  await ok(f, "auditor", "POST", "/audit/checks", {});
  // Everything was changed since it was seen; one that is held is not.
  await held(f, "app0@web-1");
  const run = String((await ok(f, "operator", "POST", "/exposures/rotate", { person: "requester", usedToo: true, reason: "canary" }))["id"]);
  await settled(f, ids, 60_000 + ids.length * 20_000);
  return run;
};

/** A change that somebody shows by hand; what no device is here to say, its recording was told. */
const asked = async ({ broker: { core: { deps } }, who }: Field, account: AccountId): Promise<string> => {
  const { target, current } = (await accounts.find(deps.db, account))!, d = { id: newId("demonstration", deps.random), target, account, login: account, by: who.operator.person.id, reason: "canary", at: new Date(), identity: "h", state: "asked" as const };
  await deps.db.transaction((tx) => demonstrations.ask(tx, d));
  const tape = await openTape(deps, d, "127.0.0.1", () => undefined);
  tape.heard([{ by: "device", at: 0, text: `user app0 password ${reveal(openVersion(deps, (await versions.find(deps.db, current!))!))}\r\n` }]);
  const head = await tape.close("done");
  await deps.db.transaction((tx) => tapeKept(tx, { id: tape.id, head, complete: true }));
  return d.id;
};
const allPasswords = async ({ core: { deps } }: Broker, ids: readonly AccountId[]): Promise<string[]> =>
  (await Promise.all(ids.map((id) => versions.of(deps.db, id)))).flat().map((row) => reveal(openVersion(deps, row)));
const connection = (url: string) => { const u = new URL(url); return { PGHOST: u.hostname, PGPORT: u.port, PGUSER: u.username, PGDATABASE: u.pathname.slice(1), PGPASSWORD: decodeURIComponent(u.password) }; };

/** Everything people read, kept; and how much of what was on screens the unmasked recordings hold. */
const readAll = async (f: Field, known: Readonly<Record<string, string[]>>, keep: (where: string, text: string) => void) => {
  const list = (await ok(f, "auditor", "GET", "/sessions?limit=500"))["items"] as { id: SessionId }[], raw = await Promise.all(list.map((s) => rawRecording(f.broker, s.id)));
  const portal = await readPortal(f.broker, f.who, list.map((s) => s.id), keep), api = await readApi(f.api, known);
  for (const s of list) keepCast(`the cast of ${s.id} by the API`, (await f.api("auditor", "GET", `/sessions/${s.id}/cast`)).text, keep);
  return { raw, ...portal, ...api };
};

export const walk = async (o: { accounts: number; rounds: number; engine: "pglite" | "postgresql" }): Promise<Walked> => {
  const watch = await watchProcesses(), log: string[] = [], kept: [string, string][] = [], keep = (where: string, text: string): void => void kept.push([where, text]), home = mkdtempSync(path.join(tmpdir(), "lockstep-canary-")), data = path.join(home, "data");
  const cluster = o.engine === "postgresql" ? await postgresCluster({ settings: { log_statement: "all", log_parameter_max_length: "-1", log_min_duration_statement: "0" } }) : null, url = await cluster?.database("canary");
  const host = await linuxHost({ name: "web-1", sudoAdmin: { name: "admin1", password: ADMIN }, accounts: Object.fromEntries(Array.from({ length: o.accounts }, (_, i) => [`app${i}`, typedBy(i)])) });
  const { config, secrets } = parseEnv({ LOCKSTEP_DATA: data, LOCKSTEP_LISTEN: "127.0.0.1:0", LOCKSTEP_SSH_LISTEN: "127.0.0.1:0", LOCKSTEP_LOG: "silent", LOCKSTEP_TIMESCALE: "0.2", LOCKSTEP_WORKERS: "1", ...(url ? { DATABASE_URL: url } : {}) });
  const { sessionLease, sessionRenew, sessionTakeover, loginIdle, loginAbsolute } = times(1), own = chaosTimes({ sessionLease, sessionRenew, sessionTakeover, loginIdle, loginAbsolute }, 4);
  let broker: Broker | null = null;
  try {
    if (secrets.databaseUrl === null) await layOut(path.join(data, "db"));
    broker = await startBroker(config, secrets, { times: own, log: (level, message, facts) => { log.push(JSON.stringify({ level, message, ...facts })); } });
    const f = await fieldOf(broker, home, keep), ids = await live(f, host, o.accounts, o.rounds), watched = await watch.stop();
    await inCommand(f, ids);
    await onDesktop(f, ids);
    await agentOf(f);
    const listing = String((await ok(f, "operator", "POST", "/targets/web-1/discoveries", {}))["id"]);
    const known = { ...await many(f, ids), "/exposures/runs": [await afterwards(f, ids)], "/discoveries": [listing], "/command-sets": ["busybox"], "/demonstrations": [await asked(f, ids[0]!)], "/platform-tests": ["web-1"] };
    const passwords = [...new Set([...await allPasswords(broker, ids), ADMIN, BULK, ...Array.from({ length: o.accounts }, (_, i) => typedBy(i))])], read = await readAll(f, known, keep);
    await broker.close();
    broker = null;
    const scan = new Scanner(passwords), seen = read.raw.filter((text) => { const s = new Scanner(passwords); s.text("raw", text); return s.hits.length > 0; });
    for (const [where, text] of kept) scan.text(where, text);
    scan.text("log lines", log.join("\n"));
    for (const [text, where] of watched.seen) scan.text(where, text);
    await scan.tree(data); // journals, keys, recordings, and of the embedded database every table, index and log page
    if (cluster && url) {
      const { PGPASSWORD, ...rest } = connection(url);
      scan.text("pg_dump", (await promisify(execFile)("pg_dump", ["--inserts"], { env: { PATH: process.env["PATH"] ?? "", ...rest, PGPASSWORD }, maxBuffer: 1 << 29 })).stdout);
      scan.text("statements PostgreSQL logged", readFileSync(path.join(cluster.dir, "log")));
      await scan.tree(path.join(cluster.dir, "data"));
    }
    return {
      canaries: passwords.length, hits: [...new Set(scan.hits)], bytes: scan.bytes, samples: watched.samples, pages: read.pages, answers: read.answers, silent: read.silent, sessions: read.raw.length, printed: seen.length, casts: read.casts,
      places: ["log lines", "portal pages as five people", "every GET of /api/v1 as five people", "answers of every call the walk made", "recordings by portal and API", "/proc", "data directory", ...(cluster ? ["pg_dump", "statement log", "cluster files"] : [])],
    };
  } finally { await broker?.close().catch(() => undefined); await host.destroy(); await cluster?.destroy(); rmSync(home, { recursive: true, force: true }); }
};
