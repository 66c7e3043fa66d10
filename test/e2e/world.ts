/**
 * A broker in front of real hosts, people with tokens and keys, as a user meets it: API, ssh client, /etc/shadow. Rule: claims are checked
 * at the door or on the host's disk; the vault is opened only by the oracle, which holds the root key as an operator would.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { startBroker, type Broker } from "../../src/app.ts";
import { parseEnv } from "../../src/config/env.ts";
import { openCore, type Core, type Overrides } from "../../src/core.ts";
import { fingerprintOf } from "../../src/crypto/envelope.ts";
import { PASSWORD_POLICIES } from "../../src/domain/password-policy.ts";
import type { Role } from "../../src/domain/person.ts";
import type { Target } from "../../src/domain/target.ts";
import type { DependentMoment, Moment } from "../../src/flow/deps.ts";
import { addAccount } from "../../src/flow/accounts.ts";
import { addSshKey, confirmChange, putPolicy } from "../../src/flow/people.ts";
import type { Caller } from "../../src/flow/record.ts";
import { journalled, keepVersion, openVersion } from "../../src/flow/secrets.ts";
import { addTarget, changeTarget } from "../../src/flow/targets.ts";
import { setPassword } from "../../src/identity/passwords.ts";
import { newTotpKey } from "../../src/identity/secrets.ts";
import { makeToken } from "../../src/identity/tokens.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { newId, type AccountId } from "../../src/kernel/ids.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as people from "../../src/store/people.ts";
import * as versions from "../../src/store/versions.ts";
import { generate } from "../../src/vault/generate.ts";
import { newKeyPair } from "../../src/wires/ssh.ts";
import { onTestFailed, TestRunner } from "vitest";
import { beforeExit } from "../lab/processes.ts";
import { program } from "../lab/program.ts";
import { linuxHost, type LinuxHost, type LinuxOptions } from "../lab/host.ts";
import { layOut } from "../store/migrated.ts";
import { argv, start, type Client, type Ran } from "./ssh.ts";
import { atTty, type Tty, type TtyOptions } from "./tty.ts";
import { patient } from "./times.ts";

export type Who = { readonly name: string; readonly caller: Caller; readonly password: string; readonly totp: string | null; readonly token: string; readonly key: string };
type Json = Record<string, unknown>;
export type Answer = { readonly status: number; readonly body: Record<string, never> & Json; readonly text: string };
export type Options = {
  readonly accounts?: number; readonly sudo?: boolean; readonly databaseUrl?: string; readonly timescale?: number; readonly over?: Overrides; readonly host?: Partial<LinuxOptions>;
  /** More settings of the broker. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where the broker thinks the host is, when something stands between. */
  readonly via?: (host: LinuxHost) => Promise<number>;
};

export const word = (): string => { using s = generate(PASSWORD_POLICIES["low"]!, "", /(?!)/, systemRandom); return reveal(s); };
export const sleep = (ms: number): Promise<void> => new Promise((r) => { setTimeout(r, ms); });
export const until = async <T>(what: string, look: () => Promise<T | null | undefined | false> | T | null | undefined | false, ms = 60_000): Promise<T> => {
  for (const end = performance.now() + ms; ; await sleep(25)) {
    const got = await look();
    if (got) return got;
    if (performance.now() > end) throw new Error(`not in ${ms} ms: ${what}`);
  }
};

/** Of a test that fails; what is asked for in a hook, for all of a file's tests, or by a bench, stays. */
const ifItFails = (tidy: () => Promise<unknown>): void => {
  if (TestRunner.getCurrentTest() !== undefined) onTestFailed(async () => { await tidy().catch(() => undefined); });
};

export const PEOPLE: readonly [string, Role[], boolean][] = [
  ["requester", ["user"], false], ["rival", ["user"], false], ["outsider", ["user"], false], ["approver", ["user", "approver"], true], ["chief", ["user", "approver"], true],
  ["operator", ["user", "admin", "owner"], true], ["second", ["user", "admin"], true], ["auditor", ["auditor"], false],
];
export const addLogin = async ({ core: { deps }, web: { identity } }: Broker, home: string, [name, roles, strong]: (typeof PEOPLE)[number]): Promise<Who> => {
  const id = newId("person", systemRandom), password = `${word()}-${word()}`, totp = strong ? newTotpKey(systemRandom) : null, key = path.join(home, `${name}_key`), pair = newKeyPair();
  await deps.db.transaction(async (tx) => {
    await people.add(tx, { id, name, fullName: name, mail: null, subject: null, employeeNo: null, roles, disabled: false }, null);
    await setPassword(tx, id, Secret.of(password));
    if (totp) await people.setTotp(tx, id, identity.vaulted.seal("sessions", `totp/${id}`, totp));
  });
  const caller: Caller = { person: (await people.find(deps.db, id))!, address: "127.0.0.1", means: "cli" };
  const { token } = await makeToken(identity, caller.person, { label: "e2e", days: 1, readOnly: false, networks: [] }, { address: "127.0.0.1", means: "cli" });
  writeFileSync(key, pair.private, { mode: 0o600 });
  await addSshKey(deps, caller, id, { fingerprint: fingerprintOf(pair.public), line: pair.public, label: "e2e" });
  return { name, caller, password, totp: totp ? reveal(totp) : null, token: reveal(token), key };
};

/** A broker in a process of its own over the same data directory. */
export type Child = { readonly child: ChildProcess; readonly workers: readonly number[]; log(): string; kill(): Promise<void>; close(): Promise<void> };

export class World {
  broker: Broker | null = null;
  origin = ""; sshPort = 0;
  readonly home: string; readonly env: Record<string, string>; readonly host: LinuxHost; readonly over: Overrides; readonly names: readonly string[]; readonly admin: string;
  readonly who: Record<string, Who> = {};
  readonly log: string[] = [];
  readonly closers: (() => Promise<unknown> | void)[] = [];
  constructor(home: string, env: Record<string, string>, host: LinuxHost, names: readonly string[], admin: string, over: Overrides) {
    this.home = home; this.env = env; this.host = host; this.names = names; this.admin = admin;
    this.over = { log: (level, message, facts) => { this.log.push(`${level} ${message} ${JSON.stringify(facts ?? {})}`); }, ...over };
  }
  get core(): Core { return this.broker!.core; }
  account(i: number): string { return `${this.names[i]!}@web-1`; }
  caller(who: string): Caller { return this.who[who]!.caller; }

  async up(): Promise<Broker> {
    const { config, secrets } = parseEnv(this.env);
    if (secrets.databaseUrl === null) await layOut(path.join(config.data, "db"));
    this.broker = await startBroker(config, secrets, this.over);
    this.origin = this.broker.origin; this.sshPort = this.broker.sshPort;
    return this.broker;
  }
  async down(): Promise<void> { const b = this.broker; this.broker = null; await b?.close(); }

  /** Resolves when it serves; rejects with the sentence it ended with. `dieAt`: it kills itself when it comes there. */
  async child(dieAt?: Moment | DependentMoment): Promise<Child> {
    const child = spawn(process.execPath, [await program("test/e2e/child.ts")], { stdio: ["pipe", "pipe", "pipe"], env: { PATH: process.env["PATH"] ?? "", HOME: this.home } });
    const exit = new Promise<void>((resolve) => { child.once("exit", () => resolve()); }), forget = beforeExit(() => { child.kill("SIGKILL"); });
    let log = "";
    child.stderr.setEncoding("utf8").on("data", (d: string) => { log += d; });
    child.stdin.on("error", () => undefined).write(`${JSON.stringify({ ...this.env, dieAt })}\n`);
    const line = await Promise.race([new Promise<string>((resolve) => { createInterface({ input: child.stdout }).once("line", resolve); }), exit.then(() => `{"failed":${JSON.stringify(log.slice(-500))}}`)]);
    const up = JSON.parse(line) as { origin: string; sshPort: number; pids: number[]; failed?: string };
    if (up.failed !== undefined) { await exit; forget(); throw new Error(up.failed); }
    this.origin = up.origin; this.sshPort = up.sshPort;
    const close = async (): Promise<void> => { child.stdin.end(); const late = setTimeout(() => child.kill("SIGKILL"), 15_000); await exit; clearTimeout(late); forget(); };
    return { child, workers: up.pids, log: () => log, kill: async () => { child.kill("SIGKILL"); await exit; forget(); }, close };
  }

  async api(who: string, method: string, at: string, body?: Json): Promise<Answer> {
    const r = await fetch(`${this.origin}/api/v1${at}`, { method, headers: { authorization: `Bearer ${this.who[who]!.token}`, ...(body ? { "content-type": "application/json" } : {}) }, ...(body ? { body: JSON.stringify(body) } : {}) });
    const text = await r.text();
    return { status: r.status, text, body: (r.headers.get("content-type") ?? "").includes("json") ? JSON.parse(text) as Answer["body"] : {} as Answer["body"] };
  }
  async ok(who: string, method: string, at: string, body?: Json): Promise<Answer["body"]> {
    const r = await this.api(who, method, at, body);
    if (r.status >= 300) throw new Error(`${who}: ${method} ${at} answered ${r.status}: ${r.text}`);
    return r.body;
  }
  async ask(account: string, who = "requester", minutes = 30): Promise<string> {
    const id = String((await this.ok(who, "POST", "/requests", { account, minutes, reason: "end to end" }))["id"]);
    // A second try begins as the first did: nothing held, no password about to change.
    ifItFails(async () => {
      if ((await this.api(who, "POST", `/requests/${id}/give-back`, {})).status >= 300) return;
      await until("its sessions are over", async () => (await this.sessions({ request: id })).every((s) => s["state"] === "ended"), 20_000);
      await sleep(1_000);
      await this.settled(account);
    });
    return id;
  }
  async access(account: string, who = "requester", minutes = 30): Promise<string> {
    const id = await this.ask(account, who, minutes);
    await this.ok("approver", "POST", `/requests/${id}/vote`, { decision: "approve" });
    return id;
  }
  ssh(account: string, command: readonly string[], o: { who?: string; user?: string; key?: string | null; stdin?: "null" | "open"; options?: readonly string[]; answers?: readonly string[]; program?: string } = {}): Client {
    const who = this.who[o.who ?? "requester"]!, key = o.key === null ? undefined : o.key ?? who.key;
    return start({ port: this.sshPort, home: this.home, user: o.user ?? `${who.name}@${account}`, key, ...(o.options ? { options: o.options } : {}), ...(o.answers ? { answers: o.answers } : {}) }, command, o.stdin ?? "null", o.program);
  }
  run(account: string, command: readonly string[], o: Parameters<World["ssh"]>[2] = {}): Promise<Ran> { return this.ssh(account, command, o).exit; }
  /** The same client at a terminal of its own; `account` empty = the person alone, which is the menu. */
  terminal(account: string, o: TtyOptions & { who?: string; options?: readonly string[]; command?: readonly string[] } = {}): Tty {
    const { name, key } = this.who[o.who ?? "requester"]!, user = account === "" ? name : `${name}@${account}`;
    return atTty(this.home, ["ssh", ...argv({ port: this.sshPort, home: this.home, user, key, options: o.options ?? [] }, o.command ?? [])], o);
  }
  /** A session that stays: the shell echoes `up` and waits. */
  async live(account: string, o: Parameters<World["ssh"]>[2] = {}): Promise<Client> {
    const c = this.ssh(account, ["echo up; exec sleep 600"], { stdin: "open", ...o });
    await c.up("up\n");
    return c;
  }
  async sessions(filter: { request?: string } = {}): Promise<Json[]> { return (await this.ok("auditor", "GET", `/sessions?limit=100${filter.request ? `&request=${filter.request}` : ""}`))["items"] as unknown as Json[]; }
  ended(request: string): Promise<Json> { return until(`the session of ${request} is ended`, async () => { const s = (await this.sessions({ request }))[0]; return s?.["state"] === "ended" ? s : null; }); }
  async events(what?: string): Promise<Json[]> {
    const all: Json[] = [];
    for (let after: unknown = undefined, i = 0; i < 40; i++) {
      const page = await this.ok("auditor", "GET", `/audit?limit=100${after ? `&cursor=${encodeURIComponent(String(after))}` : ""}`);
      all.push(...page["items"] as unknown as Json[]);
      after = page["next"];
      if (!after) break;
    }
    return what ? all.filter((e) => e["what"] === what) : all;
  }
  async standing(account: string): Promise<Json> { return (await this.ok("operator", "GET", `/accounts/${account}`))["standing"] as unknown as Json; }
  /** Nothing due, nothing open: the account may be used again. */
  settled(account: string, ms = 60_000): Promise<unknown> { return until(`${account} is settled`, async () => ["available", "held"].includes(String((await this.standing(account))["word"])), ms); }
  /** Changed on the disk since, and settled. */
  async rotated(i: number, before: string): Promise<void> {
    await until(`${this.names[i]!} rotated on the host`, async () => await this.host.shadow(this.names[i]!) !== before);
    await this.settled(this.account(i));
  }
  /** The vault's current password of an account, for the oracle. */
  async vault(name: string, core: Core = this.core): Promise<string> {
    const a = (await accounts.named(core.deps.db, name.includes("@") ? name : `${name}@web-1`))!;
    using secret = openVersion(core.deps, (await versions.find(core.deps.db, a.current!))!);
    return reveal(secret);
  }
  /** Law I1 by the host's disk: names whose password in force is none of the decryptable versions. */
  async lost(core: Core = this.core, names: readonly string[] = [this.admin, ...this.names]): Promise<string[]> {
    const out: string[] = [];
    for (const name of names) {
      const a = (await accounts.named(core.deps.db, `${name}@web-1`))!, all = await versions.of(core.deps.db, a.id);
      let found = false;
      for (const v of all.toReversed()) { using s = openVersion(core.deps, v); if (await this.host.opens(name, reveal(s))) { found = true; break; } }
      if (!found) out.push(name);
    }
    return out;
  }
  /** The oracle while no broker runs on the directory. */
  async lostOffline(): Promise<string[]> {
    const { config, secrets } = parseEnv(this.env), core = await openCore(config, secrets);
    try { return await this.lost(core); } finally { await core.close(); }
  }
  async close(): Promise<void> {
    await this.down().catch(() => undefined);
    for (const fn of this.closers.reverse()) await fn();
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** Taken under management with the password it has: adoption by two rotations is proven elsewhere and takes a while. */
const taken = async (w: World, target: Target, name: string, password: string): Promise<AccountId> => {
  const { deps } = w.core, { id } = await addAccount(deps, w.caller("operator"), { target: target.id, name });
  const [row, account] = await deps.db.transaction(async (tx) => {
    const account = await accounts.lock(tx, id), row = await keepVersion(deps, tx, { account, secret: Secret.of(password), status: "current", origin: "generated", by: null });
    await accounts.credit(tx, id, { credential: "adopting" });
    await accounts.credit(tx, id, { credential: "in_sync", current: row.id, adopted: 2, rotatedAt: tx.now, verifiedAt: tx.now });
    return [row, account] as const;
  });
  await journalled(deps, row, account, target, 0);
  return id;
};

type On = { readonly name?: string; readonly host?: LinuxHost };
export const manage = async (w: World, passwords: Readonly<Record<string, string>>, admin: string, sudo: boolean, port: number, { name: called = "web-1", host = w.host }: On = {}): Promise<void> => {
  const { deps } = w.core, operator = w.caller("operator");
  const target = await addTarget(deps, operator, { name: called, platform: "linux-ssh", host: host.host, port, settings: { hostKeys: [host.hostKey], sudo }, tags: ["web"] });
  const ids = new Map<string, AccountId>();
  for (const [name, password] of Object.entries(passwords)) ids.set(name, await taken(w, target, name, password));
  await changeTarget(deps, operator, target.id, { administrative: ids.get(admin)! });
};

export type Place = { readonly home: string; readonly env: Record<string, string> };
export const place = (o: Options): Place => {
  const home = mkdtempSync(path.join(tmpdir(), "lockstep-e2e-"));
  return { home, env: { LOCKSTEP_DATA: path.join(home, "data"), LOCKSTEP_LISTEN: "127.0.0.1:0", LOCKSTEP_SSH_LISTEN: "127.0.0.1:0", LOCKSTEP_LOG: "silent", LOCKSTEP_TIMESCALE: String(o.timescale ?? 0.2), LOCKSTEP_WORKERS: "1", ...o.env, ...(o.databaseUrl ? { DATABASE_URL: o.databaseUrl } : {}) } };
};
/** One host `web-1`, its accounts adopted, two policies: `by session` (any account, no reconnect grace) and none else. */
export const world = async (o: Options = {}): Promise<World> => {
  const { home, env } = place(o), tag = randomBytes(2).toString("hex"), names = Array.from({ length: o.accounts ?? 2 }, (_, i) => `u${tag}${i < 26 ? String.fromCharCode(97 + i) : `x${i}`}`);
  const admin = o.sudo ? `adm${tag}` : "root", passwords = Object.fromEntries([admin, ...names].map((n) => [n, word()])), { [admin]: chiefly = "", ...others } = passwords;
  const host = await linuxHost({ name: "web-1", accounts: others, ...(o.sudo ? { sudoAdmin: { name: admin, password: chiefly } } : { rootPassword: chiefly }), ...o.host });
  const w = new World(home, env, host, names, admin, { times: patient(0.2), ...o.over });
  try {
    await w.up();
    for (const p of PEOPLE) w.who[p[0]] = await addLogin(w.broker!, home, p);
    await manage(w, passwords, admin, o.sudo ?? false, o.via ? await o.via(host) : host.port);
    const id = (name: string) => w.caller(name).person.id, { deps } = w.core;
    await putPolicy(deps, w.caller("operator"), { name: "by session", terms: { preset: "session", maxMinutes: 120, reconnectGraceSeconds: 0 }, binding: { targets: ["web-1"], requesters: [id("requester"), id("rival"), id("chief")], approvers: [id("approver")] } });
    for (const c of await people.openChanges(deps.db)) await confirmChange(deps, w.caller("auditor"), c.id);
    w.closers.push(() => host.destroy());
    return w;
  } catch (e) { await w.down().catch(() => undefined); await host.destroy(); throw e; }
};
