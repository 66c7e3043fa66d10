/**
 * sftp put and get of one big file through the proxy, audited, against direct sshd. Real sshd, stock sftp, same run, interleaved; files in memory.
 * `npm run bench -- sftp [--json] [--reps 5] [--mb 500] [--record head|full|digest]`. Rule: medians with quartiles; the login is taken off.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { sshLab } from "../test/proxy/ssh-lab.ts";
import type { Lab } from "../test/proxy/ssh-lab.ts";
import { cpu, median, quantile } from "./ssh-measure.ts";

const arg = (name: string, or: string): string => { const i = process.argv.indexOf(`--${name}`); return i < 0 ? or : process.argv[i + 1] ?? or; };
const REPS = Number(arg("reps", "5")), MB = Number(arg("mb", "500")), MEMORY = mkdtempSync("/dev/shm/lockstep-bench-");
type Way = "direct" | "proxied";
type What = "put" | "get";
const say = (line: string): void => { process.stdout.write(`${line}\n`); };
const show = (v: readonly number[]): string => `${median(v).toFixed(0)} (${quantile(v, 0.25).toFixed(0)}–${quantile(v, 0.75).toFixed(0)})`;

const ways = async (lab: Lab): Promise<Record<Way, string[]>> => {
  await lab.host.exec("install -d -m 700 -o app1 -g app1 /home/app1/.ssh");
  await lab.host.write("/home/app1/.ssh/authorized_keys", readFileSync(join(lab.dir, "person_key.pub"), "utf8"), 0o644);
  const port = (argv: readonly string[]): string[] => argv.map((a) => (a === "-p" ? "-P" : a));
  const cipher = ["-c", "aes128-gcm@openssh.com"], proxied = lab.argv(cipher);
  return {
    direct: [...cipher, "-F", "/dev/null", "-i", join(lab.dir, "person_key"), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-P", String(lab.host.port), "-b", "-", "app1@127.0.0.1"],
    proxied: [...port(proxied.slice(0, -1)), "-b", "-", proxied.at(-1) ?? ""],
  };
};
/** Seconds from start to end of one batch. */
const batch = (argv: readonly string[], commands: string): Promise<number> => new Promise((resolve, reject) => {
  const begun = performance.now(), child = spawn("sftp", argv, { stdio: ["pipe", "ignore", "inherit"] });
  child.stdin.end(commands);
  child.on("close", (code) => { if (code === 0) resolve((performance.now() - begun) / 1_000); else reject(new Error(`sftp ended with ${String(code)}`)); });
});

await using lab = await sshLab({ workers: 2 });
lab.broker.terms = { ...lab.broker.terms, channels: ["sftp"], record: arg("record", "head") as "head" };
const to = await ways(lab), file = join(MEMORY, "file"), back = join(MEMORY, "back"), busy = loadavg()[0] ?? 0;
await new Promise((done) => spawn("sh", ["-c", `head -c ${MB}000000 /dev/urandom > ${file}`]).on("close", done));
const out: Record<What, Record<Way, number[]>> = { put: { direct: [], proxied: [] }, get: { direct: [], proxied: [] } }, login: Record<Way, number[]> = { direct: [], proxied: [] }, spent: number[] = [];
for (let i = 0; i < REPS; i++) for (const way of ["direct", "proxied"] as const) login[way].push(await batch(to[way], "pwd\n"));
for (let i = 0; i < REPS; i++) for (const what of ["put", "get"] as const) for (const way of ["direct", "proxied"] as const) {
  const before = cpu(lab.proxy.pids()), took = await batch(to[way], what === "put" ? `put ${file} /dev/shm/bench\n` : `get /dev/shm/bench ${back}\n`);
  out[what][way].push(MB / (took - median(login[way])));
  if (way === "proxied") spent.push((cpu(lab.proxy.pids()) - before) / MB);
}
await lab.host.exec("rm -f /dev/shm/bench");
rmSync(MEMORY, { recursive: true });
const ratio = (w: What): number => median(out[w].proxied) / median(out[w].direct);
say(`\nsftp, ${MB} MB, aes128-gcm, policy ${lab.broker.terms.record}, every file with its SHA-256, MB/s: median (quartiles) of ${REPS}; load before ${busy.toFixed(1)}`);
for (const what of ["put", "get"] as const) say(`  ${what}  direct ${show(out[what].direct)}   proxied ${show(out[what].proxied)}   proxied/direct ${ratio(what).toFixed(2)}`);
say(`  CPU of the session processes: ${median(spent).toFixed(2)} ms/MB`);
const round = (n: number): number => Math.round(n * 100) / 100, of = (way: Way) => ({ put: round(median(out.put[way])), get: round(median(out.get[way])) });
if (process.argv.includes("--json")) say(JSON.stringify({ sftp: { direct: of("direct"), proxied: of("proxied") }, ratio: { put: round(ratio("put")), get: round(ratio("get")) }, cpuMsPerMb: round(median(spent)), load: round(busy) }));
process.exitCode = 0;
