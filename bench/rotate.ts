/**
 * `npm run bench -- rotate [--rotations N] [--json]`: bulk changes over ten real sshd hosts with 200 accounts, first all healthy, then one of them hung.
 * Rule: the healthy ones are measured beside themselves, in the same run; what counts as done is a rotation the target's own verifier has proven.
 */
import { randomBytes } from "node:crypto";
import { BulkTerms, Recipients } from "../src/domain/bulk.ts";
import { addAccount } from "../src/flow/accounts.ts";
import { openBulk } from "../src/flow/bulk.ts";
import { journalled, keepVersion } from "../src/flow/secrets.ts";
import type { Caller } from "../src/flow/record.ts";
import { addTarget, changeTarget } from "../src/flow/targets.ts";
import { startJobs } from "../src/jobs/jobs.ts";
import type { AccountId, BulkId } from "../src/kernel/ids.ts";
import { Secret } from "../src/kernel/secret.ts";
import * as accounts from "../src/store/accounts.ts";
import * as bulks from "../src/store/bulks.ts";
import { testCore, type TestCore } from "../test/broker.ts";
import { linuxHost, type LinuxHost } from "../test/lab/host.ts";
import { postgresCluster } from "../test/lab/postgres.ts";

const HOSTS = 10, EACH = 20, HUNG = HOSTS - 1;
const option = (name: string, or: number): number => { const at = process.argv.indexOf(`--${name}`); return at < 0 ? or : Number(process.argv[at + 1]); };
const say = (line: string): void => { console.error(line); };
const word = (): string => `Bench-${randomBytes(12).toString("base64url")}-7!`;
const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
const rss = (): number => Math.round(process.memoryUsage().rss / 1_048_576);

/** Under management with the password it has: adoption is measured nowhere here. */
const taken = async ({ deps }: TestCore, by: Caller, target: Awaited<ReturnType<typeof addTarget>>, name: string, password: string): Promise<AccountId> => {
  const { id } = await addAccount(deps, by, { target: target.id, name });
  const [row, account] = await deps.db.transaction(async (tx) => {
    const locked = await accounts.lock(tx, id), kept = await keepVersion(deps, tx, { account: locked, secret: Secret.of(password), status: "current", origin: "generated", by: null });
    await accounts.credit(tx, id, { credential: "adopting" });
    await accounts.credit(tx, id, { credential: "in_sync", current: kept.id, adopted: 2 });
    return [kept, locked] as const;
  });
  await journalled(deps, row, account, target, 0);
  return id;
};
const raise = async (core: TestCore, by: Caller, i: number): Promise<{ host: LinuxHost; ids: AccountId[]; name: string }> => {
  const name = `host-${i}`, root = word(), passwords = Object.fromEntries(Array.from({ length: EACH }, (_, k) => [`acc${i}x${k}`, word()])), host = await linuxHost({ name, rootPassword: root, accounts: passwords });
  const target = await addTarget(core.deps, by, { name, platform: "linux-ssh", host: host.host, port: host.port, settings: { hostKeys: [host.hostKey] } });
  await changeTarget(core.deps, by, target.id, { administrative: await taken(core, by, target, "root", root) });
  const ids: AccountId[] = [];
  for (const [account, password] of Object.entries(passwords)) ids.push(await taken(core, by, target, account, password));
  return { host, ids, name };
};

const begin = ({ deps }: TestCore, by: Caller, ids: readonly AccountId[]): Promise<BulkId> =>
  openBulk(deps, by, { choice: { accounts: [...ids], targets: [], groups: [], search: "" }, how: "unique", apply: true, cut: false, reason: "bench", terms: BulkTerms.parse({ parallel: 64 }), notify: Recipients.parse({}) });
/** Milliseconds until so many are done; fails on any failure. */
const round = async (core: TestCore, id: BulkId, want: number): Promise<number> => {
  const began = performance.now();
  for (;;) {
    const c = await bulks.counts(core.deps.db, id);
    if (c.failed + c.skipped > 0) throw new Error(`${c.failed} failed, ${c.skipped} left out`);
    if (c.done >= want) return performance.now() - began;
    await new Promise((done) => { setTimeout(done, 50); });
  }
};

const total = option("rotations", 10_000), healthyAccounts = (HOSTS - 1) * EACH, warm = Math.max(3, Math.round(total / healthyAccounts / 6));
const cluster = await postgresCluster(), core = await testCore({ databaseUrl: await cluster.database(), timescale: 1 }), by = await core.person("bench", ["admin"]);
say("raising ten hosts with twenty accounts each …");
const hosts = [];
for (let i = 0; i < HOSTS; i++) hosts.push(await raise(core, by, i));
const healthy = hosts.slice(0, HUNG).flatMap((h) => h.ids), jobs = startJobs(core.deps), at: { readonly healthy: number[]; readonly hung: number[] } = { healthy: [], hung: [] };
const memory: number[] = [];
let done = 0, seconds = 0, cpu = 0;
const rounds = async (list: number[], n: number, first: readonly AccountId[] = healthy): Promise<void> => {
  for (let i = 0; i < n; i++) {
    const before = process.cpuUsage(), ms = await round(core, await begin(core, by, i === 0 ? first : healthy), healthyAccounts), used = process.cpuUsage(before);
    cpu += (used.user + used.system) / 1_000;
    list.push(ms); done += healthyAccounts; seconds += ms / 1_000; memory.push(rss());
    say(`${list === at.hung ? "one hung" : "healthy "}  ${done} rotations, ${(healthyAccounts / ms * 1_000).toFixed(1)}/s, ${rss()} MB`);
  }
};
await rounds(at.healthy, warm);
hosts[HUNG]!.host.freeze();
await rounds(at.hung, Math.max(1, Math.ceil((total - done) / healthyAccounts)), hosts.flatMap((h) => h.ids));
hosts[HUNG]!.host.thaw();

// The first round warms connections, plans and code: it is not compared.
const out = { perSecond: Number((done / seconds).toFixed(1)), accounts: HOSTS * EACH, seconds: Math.round(seconds), hungDelayMs: Math.max(0, Math.round(median(at.hung) - median(at.healthy.slice(1)))), rssMB: Math.max(...memory), brokerCpuMs: Math.round(cpu / done) };
say(`\nrotations        ${done}\nper second       ${out.perSecond}\nround, healthy   ${Math.round(median(at.healthy.slice(1)))} ms (median of ${at.healthy.length - 1})\nround, one hung  ${Math.round(median(at.hung))} ms (median of ${at.hung.length})\nbroker's CPU     ${out.brokerCpuMs} ms a rotation (hosts and database have theirs beside it, on the same cores)\nmemory           ${memory[Math.min(2, memory.length - 1)]!} MB early, ${memory.at(-1)!} MB last, ${out.rssMB} MB most`);
await jobs.close();
for (const h of hosts) await h.host.destroy();
await core.destroy();
await cluster.destroy();
if (process.argv.includes("--json")) console.log(JSON.stringify(out));
process.exit(0);
