/** What the people of the demo do, and who checks it. Rule: a claim is checked by somebody who does not ask the broker. */
import { execFile, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { reveal } from "../../src/kernel/reveal.ts";
import { openVersion } from "../../src/flow/secrets.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as versions from "../../src/store/versions.ts";
import type { LinuxHost } from "../../test/lab/host.ts";
import type { Login, Stage } from "./stage.ts";

export type Json = Record<string, unknown>;
export const fail = (why: string): never => { throw new Error(why); };

export const api = async (stage: Stage, who: string, method: string, at: string, body?: Json): Promise<{ status: number; body: Json }> => {
  const login = stage.access.logins.find((l) => l.name === who)!;
  const r = await fetch(`${stage.access.portal}/api/v1${at}`, { method, headers: { authorization: `Bearer ${login.token}`, ...(body ? { "content-type": "application/json" } : {}) }, ...(body ? { body: JSON.stringify(body) } : {}) });
  return { status: r.status, body: (r.headers.get("content-type") ?? "").includes("json") ? await r.json() as Json : { text: await r.text() } };
};
export const ok = async (stage: Stage, who: string, method: string, at: string, body?: Json): Promise<Json> => {
  const r = await api(stage, who, method, at, body);
  return r.status < 300 ? r.body : fail(`${who}: ${method} ${at} answered ${r.status}: ${JSON.stringify(r.body)}`);
};

type Ran = { readonly code: number; readonly out: string; readonly err: string };
const known = (home: string, name: string, line: string): string => { const file = path.join(home, `known_${name}`); writeFileSync(file, line); return file; };
/** The stock client through the broker, with the person's own key. */
export const ssh = (stage: Stage, login: Login, account: string, command: string): Promise<Ran> => new Promise((resolve) => {
  const args = ["-F", "none", "-p", String(stage.access.ssh.port), "-i", login.key, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=accept-new", "-o", `UserKnownHostsFile=${path.join(stage.home, "known_broker")}`, `${login.name}@${account}@127.0.0.1`, command];
  execFile("ssh", args, { timeout: 30_000 }, (e, out, err) => resolve({ code: e ? Number(e.code ?? 255) : 0, out, err })).stdin?.end();
});
/** A fresh login straight at the host, past the broker; the password goes to sshpass through a pipe of its own. */
export const loginDirectly = (home: string, host: LinuxHost, user: string, password: string): Promise<boolean> => new Promise((resolve) => {
  const file = known(home, host.name, `[127.0.0.1]:${host.port} ${host.hostKey}\n`);
  const child = spawn("sshpass", ["-d3", "ssh", "-F", "none", "-p", String(host.port), "-o", `UserKnownHostsFile=${file}`, "-o", "PubkeyAuthentication=no", "-o", "NumberOfPasswordPrompts=1", `${user}@127.0.0.1`, "true"], { stdio: ["ignore", "ignore", "ignore", "pipe"] });
  child.stdio[3]!.on("error", () => {});
  (child.stdio[3] as NodeJS.WritableStream).end(`${password}\n`);
  child.once("exit", (code) => resolve(code === 0));
});

/** The vault's own word, for the proof only: the demo holds the root key. */
export const inVault = async (stage: Stage, name: string): Promise<string> => {
  const { deps } = stage.broker.core, a = (await accounts.named(deps.db, name))!;
  using secret = openVersion(deps, (await versions.find(deps.db, a.current!))!);
  return reveal(secret);
};
export const until = async (what: string, check: () => Promise<boolean>): Promise<void> => {
  for (const end = Date.now() + 60_000; Date.now() < end; await new Promise((r) => setTimeout(r, 100))) if (await check()) return;
  fail(`${what}: not in a minute`);
};

/** New one works, old one does not: by the shadow file and by fresh logins. */
export const provenRotated = async (stage: Stage, host: LinuxHost, user: string, old: string, shadowBefore: string): Promise<void> => {
  const name = `${user}@${host.name}`, now = await inVault(stage, name);
  if (now === old) fail(`${name}: the vault still holds the old password`);
  if (await host.shadow(user) === shadowBefore) fail(`${name}: /etc/shadow did not change`);
  if (!await host.opens(user, now) || await host.opens(user, old)) fail(`${name}: /etc/shadow does not say what the vault says`);
  if (!await loginDirectly(stage.home, host, user, now)) fail(`${name}: a fresh login with the new password was refused`);
  if (await loginDirectly(stage.home, host, user, old)) fail(`${name}: the old password still logs in`);
};
export const settled = (stage: Stage, name: string, old: string) => until(`${name} rotated`, async () => {
  const a = (await accounts.named(stage.broker.core.deps.db, name))!;
  return a.credential === "in_sync" && a.usedNo === a.rotatedNo && await inVault(stage, name) !== old;
});

export const askAndApprove = async (stage: Stage, account: string, minutes: number, reason: string): Promise<string> => {
  const request = await ok(stage, "requester", "POST", "/requests", { account, minutes, reason }), id = String(request["id"]);
  const own = await api(stage, "requester", "POST", `/requests/${id}/vote`, { decision: "approve" });
  if (own.status !== 403) fail(`the requester's own vote was answered ${own.status}, not 403`);
  await ok(stage, "approver", "POST", `/requests/${id}/vote`, { decision: "approve" });
  return id;
};
