/**
 * The SSH proxy against direct sshd and `ssh -J`: bulk, start-to-exit, key echo. Real sshd, stock client, same run, interleaved.
 * `npm run bench -- ssh [--json] [--reps 7] [--mb 200] [--record head|full|digest]`. Rule: medians with quartiles, never a best of.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { sshLab } from "../test/proxy/ssh-lab.ts";
import type { Lab } from "../test/proxy/ssh-lab.ts";
import { bulk, cpu, echoes, exec, median, quantile, terminal } from "./ssh-measure.ts";

const arg = (name: string, or: string): string => { const i = process.argv.indexOf(`--${name}`); return i < 0 ? or : process.argv[i + 1] ?? or; };
const REPS = Number(arg("reps", "7")), BYTES = Number(arg("mb", "200")) * 1e6, ECHOES = 300, PORT = 22590;
const CIPHERS = { "aes128-gcm": "aes128-gcm@openssh.com", chacha20: "chacha20-poly1305@openssh.com" } as const;
type Way = "direct" | "jump" | "proxied";
type Cipher = keyof typeof CIPHERS;
const say = (line: string): void => { process.stdout.write(`${line}\n`); };
const show = (values: readonly number[], digits = 0): string =>
  `${median(values).toFixed(digits)} (${quantile(values, 0.25).toFixed(digits)}–${quantile(values, 0.75).toFixed(digits)})`;

/** The same key opens the target directly, so that only the way differs. */
const ways = async (lab: Lab): Promise<Record<Way, (cipher?: Cipher) => string[]>> => {
  await lab.host.exec("install -d -m 700 -o app1 -g app1 /home/app1/.ssh");
  await lab.host.write("/home/app1/.ssh/authorized_keys", readFileSync(join(lab.dir, "person_key.pub"), "utf8"), 0o644);
  const key = join(lab.dir, "person_key"), loose = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"];
  const common = (cipher?: Cipher): string[] => ["-F", "/dev/null", "-i", key, ...loose, "-o", "BatchMode=yes", "-o", "LogLevel=ERROR",
    ...cipher === undefined ? [] : ["-c", CIPHERS[cipher]]];
  const hop = `ssh -F /dev/null -i ${key} ${loose.join(" ")} -o LogLevel=ERROR`;
  return {
    direct: (cipher) => [...common(cipher), "-p", String(lab.host.port), "app1@127.0.0.1"],
    // What `-J` does, spelled out so that the hop uses the same key and cipher.
    jump: (cipher) => [...common(cipher), "-o", `ProxyCommand=${hop} ${cipher === undefined ? "" : `-c ${CIPHERS[cipher]}`} -p ${lab.host.port} -W %h:%p app1@127.0.0.1`,
      "-p", String(lab.host.port), "app1@127.0.0.1"],
    proxied: (cipher) => lab.argv(cipher === undefined ? [] : ["-c", CIPHERS[cipher]]),
  };
};

const benchBulk = async (lab: Lab, to: Awaited<ReturnType<typeof ways>>) => {
  const out = {} as Record<Cipher, Record<Way, number[]>>, spent: number[] = [];
  for (const cipher of Object.keys(CIPHERS) as Cipher[]) out[cipher] = { direct: [], jump: [], proxied: [] };
  for (let rep = 0; rep < REPS; rep++) for (const cipher of Object.keys(CIPHERS) as Cipher[]) for (const way of ["direct", "jump", "proxied"] as const) {
    const before = cpu(lab.proxy.pids());
    out[cipher][way].push(await bulk(to[way](cipher), BYTES));
    if (way === "proxied") spent.push((cpu(lab.proxy.pids()) - before) / (BYTES / 1e6));
  }
  return { out, spent };
};

const benchEcho = async (lab: Lab, to: Awaited<ReturnType<typeof ways>>) => {
  const child = { direct: await terminal(to.direct()), proxied: await terminal(to.proxied()) }, out = { direct: [] as number[], proxied: [] as number[], beside: [] as number[] };
  for (let i = 0; i < 6; i++) for (const way of ["direct", "proxied"] as const) out[way].push(...await echoes(child[way], ECHOES / 6));
  const copying = Array.from({ length: lab.proxy.pids().length }, () => bulk(to.proxied("aes128-gcm"), BYTES * 2).catch(() => 0));
  await new Promise((done) => setTimeout(done, 700));
  out.beside.push(...await echoes(child.proxied, ECHOES / 3));
  for (const c of Object.values(child)) c.kill();
  await Promise.all(copying);
  return out;
};

const round = (n: number): number => Math.round(n * 100) / 100;
const both = (values: readonly number[]) => ({ p50: round(median(values)), p99: round(quantile(values, 0.99)) });

await using lab = await sshLab({ port: PORT, workers: Number(arg("workers", "2")) });
lab.broker.terms = { ...lab.broker.terms, record: arg("record", "head") as "head" };
const to = await ways(lab);
for (const way of ["direct", "jump", "proxied"] as const) await exec(to[way]());
const speed = await benchBulk(lab, to), start: Record<Way, number[]> = { direct: [], jump: [], proxied: [] };
for (let i = 0; i < REPS * 3; i++) for (const way of ["direct", "jump", "proxied"] as const) start[way].push(await exec(to[way]()));
const keys = await benchEcho(lab, to);

say(`\nbulk, ${BYTES / 1e6} MB, policy ${lab.broker.terms.record}, MB/s: median (quartiles) of ${REPS}`);
for (const [cipher, { direct, jump, proxied }] of Object.entries(speed.out)) {
  say(`  ${cipher.padEnd(11)} direct ${show(direct)}   ssh -J ${show(jump)}   proxied ${show(proxied)}   `
    + `proxied/direct ${(median(proxied) / median(direct)).toFixed(2)}   proxied/jump ${(median(proxied) / median(jump)).toFixed(2)}`);
}
say(`  CPU of the session processes: ${show(speed.spent, 2)} ms/MB`);
say(`true, start to exit, ms: direct ${show(start.direct)}   ssh -J ${show(start.jump)}   proxied ${show(start.proxied)}   proxied/direct ${(median(start.proxied) / median(start.direct)).toFixed(2)}`);
for (const [name, v] of [["direct", keys.direct], ["proxied", keys.proxied], ["proxied, a copy in every process", keys.beside]] as const) {
  say(`key echo, ms: ${name}: p50 ${median(v).toFixed(2)}  p99 ${quantile(v, 0.99).toFixed(2)}`);
}
const mid = ({ direct, jump, proxied }: Record<Way, number[]>) => ({ direct: round(median(direct)), jump: round(median(jump)), proxied: round(median(proxied)) });
if (process.argv.includes("--json")) say(JSON.stringify({
  bulk: Object.fromEntries(Object.entries(speed.out).map(([c, v]) => [c, mid(v)])), exec: mid(start),
  echo: { direct: both(keys.direct), proxied: both(keys.proxied), besideBulk: both(keys.beside) }, cpuMsPerMb: round(median(speed.spent)),
}));
process.exitCode = 0;
