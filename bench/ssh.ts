/**
 * The SSH proxy against direct sshd and `ssh -J`. Real sshd, stock client, same run, interleaved; a bench prints its table and gives its numbers.
 * `npm run bench -- ssh [--json] [--only bulk,sftp] [--reps 7] [--mb 200] [--record head|full|digest]`. Rule: the parts run one after another.
 */
import type { ChildProcess } from "node:child_process";
import { loadavg } from "node:os";
import { sshLab } from "../test/proxy/ssh-lab.ts";
import type { Lab } from "../test/proxy/ssh-lab.ts";
import { benchIdle } from "./idle.ts";
import { benchSftp } from "./sftp.ts";
import { bulk, cpu, echoes, exec, median, quantile, span, terminal } from "./ssh-measure.ts";
import { arg, both, ratio, round, say, show } from "./table.ts";
import { CIPHERS, WAYS, ways } from "./ways.ts";
import type { Cipher, To, Way } from "./ways.ts";

const REPS = Number(arg("reps", "7")), BYTES = Number(arg("mb", "200")) * 1e6, ECHOES = Number(arg("echoes", "300"));
type Times = Record<Way, number[]>;
const none = (): Times => ({ direct: [], jump: [], proxied: [] });
const mid = ({ direct, jump, proxied }: Times) => ({ direct: round(median(direct)), jump: round(median(jump)), proxied: round(median(proxied)) });

const raise = async (workers: number): Promise<Lab> => {
  const lab = await sshLab({ workers });
  lab.broker.terms = { ...lab.broker.terms, channels: ["shell", "exec", "sftp"], record: arg("record", "head") as "head" };
  return lab;
};

const benchBulk = async (lab: Lab, to: To): Promise<object> => {
  const out: Record<Cipher, Times> = { "aes128-gcm": none(), chacha20: none() }, spent: number[] = [];
  for (let rep = 0; rep < REPS; rep++) for (const cipher of Object.keys(CIPHERS) as Cipher[]) for (const way of WAYS) {
    const before = cpu(lab.proxy.pids());
    out[cipher][way].push(await bulk(to[way](cipher), BYTES));
    if (way === "proxied") spent.push((cpu(lab.proxy.pids()) - before) / (BYTES / 1e6));
  }
  say(`\nbulk, ${BYTES / 1e6} MB, policy ${lab.broker.terms.record}, MB/s: median (quartiles) of ${REPS}`);
  for (const [cipher, { direct, jump, proxied }] of Object.entries(out)) {
    say(`  ${cipher.padEnd(11)} direct ${show(direct)}   ssh -J ${show(jump)}   proxied ${show(proxied)}   `
      + `proxied/direct ${ratio(proxied, direct)}   proxied/jump ${ratio(proxied, jump)}`);
  }
  say(`  CPU of the session processes: ${show(spent, 2)} ms/MB`);
  return { bulk: { "aes128-gcm": mid(out["aes128-gcm"]), chacha20: mid(out.chacha20) }, cpuMsPerMb: round(median(spent)) };
};

const benchExec = async (_lab: Lab, to: To): Promise<object> => {
  const took = none();
  for (let i = 0; i < REPS * 3; i++) for (const way of WAYS) took[way].push(await exec(to[way]()));
  say(`\ntrue, start to exit, ms: direct ${show(took.direct)}   ssh -J ${show(took.jump)}   proxied ${show(took.proxied)}   `
    + `proxied/direct ${ratio(took.proxied, took.direct)}`);
  return { exec: mid(took) };
};

const benchEcho = async (lab: Lab, to: To): Promise<object> => {
  const child = { direct: await terminal(to.direct()), proxied: await terminal(to.proxied()) };
  const alone = { direct: [] as number[], proxied: [] as number[] };
  for (let i = 0; i < 6; i++) for (const way of ["direct", "proxied"] as const) alone[way].push(...await echoes(child[way], ECHOES / 6));
  const everywhere = await beside(child.proxied, lab.proxy.pids().map(() => to.proxied("aes128-gcm")));
  for (const c of Object.values(child)) c.kill();
  const { direct, same } = await benchBeside();
  say("");
  for (const [name, v] of [["direct", alone.direct], ["proxied", alone.proxied], ["direct, beside one direct copy", direct],
    ["proxied, one copy in the same process", same], ["proxied, a copy in every process", everywhere]] as const) {
    say(`key echo, ms: ${name}: p50 ${median(v).toFixed(2)}  p99 ${quantile(v, 0.99).toFixed(2)}`);
  }
  return { echo: { direct: both(alone.direct), proxied: both(alone.proxied), besideBulk: both(everywhere), directBesideBulk: both(direct) }, echoUnderLoad: both(same) };
};
/** Keys while `copies` run; none that is pressed after the first of them is over counts. */
const beside = async (child: ChildProcess, copies: readonly string[][]): Promise<number[]> => {
  const took: number[] = [];
  while (took.length < ECHOES) {
    let over = false;
    const copying = copies.map((argv) => bulk(argv, BYTES * 2).finally(() => { over = true; }));
    await new Promise((done) => { setTimeout(done, 700); });
    for (let some: number[]; !over; took.push(...over ? [] : some)) some = await echoes(child, 5);
    await Promise.all(copying);
  }
  return took;
};
/** One session process, so the keys and the copy share it. */
const benchBeside = async (): Promise<{ direct: number[]; same: number[] }> => {
  await using lab = await raise(1);
  const to = await ways(lab), out = { direct: [] as number[], same: [] as number[] };
  for (const [name, way] of [["direct", to.direct], ["same", to.proxied]] as const) {
    const child = await terminal(way());
    out[name] = await beside(child, [way("aes128-gcm")]);
    child.kill();
  }
  return out;
};

/** MB/s of all together, from the first byte of the first to the end of the last. */
const together = async (to: To, n: number): Promise<number> => {
  const all = await Promise.all(Array.from({ length: n }, () => span(to.proxied("aes128-gcm"), BYTES)));
  return all.reduce((sum, s) => sum + s.bytes, 0) / 1e6 / (Math.max(...all.map((s) => s.to)) - Math.min(...all.map((s) => s.from)));
};
const benchParallel = async (_lab: Lab, to: To): Promise<object> => {
  const one: number[] = [], four: number[] = [];
  for (let i = 0; i < REPS; i++) { one.push(await together(to, 1)); four.push(await together(to, 4)); }
  say(`\nbulk through the proxy, MB/s in sum: one session ${show(one)}   four at once ${show(four)}   four/one ${ratio(four, one)}`);
  return { parallel: { one: round(median(one)), four: round(median(four)) } };
};

const PARTS = { bulk: benchBulk, exec: benchExec, echo: benchEcho, sftp: benchSftp, parallel: benchParallel, idle: benchIdle } as const;

/** `only`: what is measured if the command line does not say. */
export const run = async (only: readonly string[] = Object.keys(PARTS)): Promise<void> => {
  await using lab = await raise(Number(arg("workers", "2")));
  const to = await ways(lab), busy = loadavg()[0] ?? 0, wanted = arg("only", only.join(",")).split(",");
  let told: object = {};
  for (const way of WAYS) await exec(to[way]());
  for (const [name, part] of Object.entries(PARTS)) if (wanted.includes(name)) told = { ...told, ...await part(lab, to) };
  if (process.argv.includes("--json")) say(JSON.stringify({ ...told, load: round(busy) }));
};
