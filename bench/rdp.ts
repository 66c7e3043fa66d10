/**
 * `npm run bench -- rdp [--json] [--sessions 1,10,20] [--reps 5] [--seconds 6]`: desktops through the broker as it runs, recorded, against guacamole-lite
 * used bare, on the same guacd and xrdp. Rules: both are open all the time and busy in turns, so that only the way differs; one more desktop of each way
 * is typed into, and its page lives in this process alone.
 */
import { loadavg } from "node:os";
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { childrenOf } from "../test/lab/processes.ts";
import type { Counted, FromCrowd, Seat } from "./rdp-crowd.ts";
import { keys, pageAt, type KeyPage } from "./rdp-page.ts";
import { rdpStage, type RdpStage } from "./rdp-stage.ts";
import { cpu, median, quantile } from "./ssh-measure.ts";
import { pss, resident } from "./memory.ts";
import { arg, both, round, say } from "./table.ts";

const LEVELS = arg("sessions", "1,10,20").split(",").map(Number), REPS = Number(arg("reps", "5")), WINDOW = Number(arg("seconds", "6")) * 1_000;
const WAYS = ["ours", "bare"] as const;
type Way = (typeof WAYS)[number];
/** Of one window: milliseconds of each key, and CPU milliseconds. */
type Sample = { readonly took: readonly number[]; readonly node: number; readonly portal: number; readonly guacd: number; readonly bytes: number; readonly ms: number };
type Side = { readonly way: Way; /** Of `pids`, what only passes on. */ readonly portal: readonly number[]; readonly pids: readonly number[]; readonly key: KeyPage; readonly crowd: Crowd };

/** The busy pages of one way, in a process of their own. */
class Crowd {
  readonly #child: ChildProcess = fork(fileURLToPath(new URL("rdp-crowd.ts", import.meta.url)), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  #ask<T extends FromCrowd["kind"]>(message: object, kind: T): Promise<Extract<FromCrowd, { kind: T }>> {
    return new Promise((resolve, reject) => {
      const hear = (m: FromCrowd): void => {
        if (m.kind === "failed") { this.#child.off("message", hear); reject(new Error(m.why)); }
        if (m.kind === kind) { this.#child.off("message", hear); resolve(m as Extract<FromCrowd, { kind: T }>); }
      };
      this.#child.on("message", hear).send(message);
    });
  }
  async sit(seat: Seat): Promise<void> { await this.#ask({ kind: "sit", seat }, "sat"); }
  async count(): Promise<Counted> { return await this.#ask({ kind: "count" }, "counted"); }
  close(): void { this.#child.kill(); }
}

const guacdCpu = (stage: RdpStage): number => cpu(childrenOf(stage.guacd.pid()));
/** Desktops 1 to `n` of `way` draw while keys are pressed on its own one. */
const window = async (stage: RdpStage, { way, pids, portal, key, crowd }: Side, n: number): Promise<Sample> => {
  await stage.busy(way, n);
  await new Promise((done) => { setTimeout(done, 800); });
  const from = performance.now(), before = { node: cpu(pids), portal: cpu(portal), guacd: guacdCpu(stage), bytes: (await crowd.count()).bytes + key.bytes() };
  const took = await keys(key, WINDOW), after = { node: cpu(pids), portal: cpu(portal), guacd: guacdCpu(stage), bytes: (await crowd.count()).bytes + key.bytes() };
  const ms = performance.now() - from;
  await stage.busy(way, 0);
  return { took, ms, node: after.node - before.node, portal: after.portal - before.portal, guacd: after.guacd - before.guacd, bytes: after.bytes - before.bytes };
};

type Told = { p50: number; p99: number; cpuPct: number; portalPct: number; guacdPct: number; cpuMsPerMb: number; mbPerSecond: number };
/** Milliseconds of CPU a millisecond, with nothing busy. */
const idleOf = (samples: readonly Sample[]): number => samples.reduce((all, s) => all + s.node, 0) / samples.reduce((all, s) => all + s.ms, 0);
/** Shares are of one core, per busy session; what is spent a MB is on top of what is spent anyway. */
const told = (samples: readonly Sample[], n: number, idle: number): Told => {
  const sum = (of: (s: Sample) => number): number => samples.reduce((all, s) => all + of(s), 0), ms = sum((s) => s.ms), mb = sum((s) => s.bytes) / 1e6, each = Math.max(n, 1);
  return {
    ...both(samples.flatMap((s) => s.took)), cpuPct: round(sum((s) => s.node) / ms * 100 / each), portalPct: round(sum((s) => s.portal) / ms * 100 / each), guacdPct: round(sum((s) => s.guacd) / ms * 100 / each),
    cpuMsPerMb: n === 0 ? 0 : round((sum((s) => s.node) - idle * ms) / mb), mbPerSecond: round(mb / ms * 1_000),
  };
};
const line = (n: number, way: Way, t: Told, keyed: number): string =>
  `  ${String(n).padStart(2)} busy  ${way}  key to image p50 ${t.p50.toFixed(2)}  p99 ${t.p99.toFixed(2)} ms (${keyed} keys)   ${t.mbPerSecond.toFixed(1)} MB/s   `
  + `CPU a session: node ${t.cpuPct.toFixed(2)} %${way === "ours" ? ` (portal ${t.portalPct.toFixed(2)})` : ""}  guacd ${t.guacdPct.toFixed(2)} %   node ${t.cpuMsPerMb.toFixed(2)} ms/MB`;

const level = async (stage: RdpStage, sides: readonly Side[], n: number, idle: Record<Way, number>): Promise<Record<Way, Told>> => {
  const samples: Record<Way, Sample[]> = { ours: [], bare: [] };
  for (let rep = 0; rep < REPS; rep++) for (const side of rep % 2 === 0 ? sides : sides.toReversed()) samples[side.way].push(await window(stage, side, n));
  if (n === 0) for (const way of WAYS) idle[way] = idleOf(samples[way]);
  const out = { ours: told(samples.ours, n, idle.ours), bare: told(samples.bare, n, idle.bare) };
  for (const way of WAYS) say(line(n, way, out[way], samples[way].flatMap((s) => s.took).length));
  const by = (q: number) => samples.ours.map((s, i) => quantile(s.took, q) - quantile(samples.bare[i]?.took ?? [], q));
  say(`           ours minus bare, window by window: p50 ${median(by(0.5)).toFixed(2)} ms, p99 ${median(by(0.99)).toFixed(2)} ms`);
  return out;
};

const memory = (stage: RdpStage) => ({
  ours: { sessionProcesses: resident(stage.workers), portal: resident([stage.portal]) }, bare: { process: resident([stage.bare]) },
  guacdPerSession: round(pss(childrenOf(stage.guacd.pid())) / Math.max(childrenOf(stage.guacd.pid()).length, 1)),
});

export const run = async (): Promise<void> => {
  const most = Math.max(...LEVELS), load = round(loadavg()[0] ?? 0);
  await using stage = await rdpStage(most);
  const crowds = { ours: new Crowd(), bare: new Crowd() }, sides: Side[] = [];
  try {
    for (const way of WAYS) {
      sides.push({ way, crowd: crowds[way], portal: way === "ours" ? [stage.portal] : [], pids: way === "ours" ? [stage.portal, ...stage.workers] : [stage.bare], key: await pageAt(await stage.seat(way, 0)) });
      for (let i = 1; i <= most; i++) await crowds[way].sit(await stage.seat(way, i));
    }
    const held = memory(stage), levels = [], idle = { ours: 0, bare: 0 };
    say(`\n${most} desktops and one that is typed into, open by each way; busy: a terminal of 130 × 50 random characters, four times a second; ${REPS} windows of ${WINDOW / 1_000} s, interleaved`);
    for (const n of [0, ...LEVELS]) levels.push({ sessions: n, ...await level(stage, sides, n, idle) });
    say(`  memory, MB, with all of them open: session processes ${held.ours.sessionProcesses}, portal ${held.ours.portal}; bare ${held.bare.process}; guacd ${held.guacdPerSession} a session`);
    const { sessions, ours, bare } = levels.find((l) => l.sessions === 10) ?? levels.at(-1)!;
    if (process.argv.includes("--json")) say(JSON.stringify({ sessions, ours, bare, levels, memoryMb: held, load }));
  } finally { for (const { key } of sides) key.close(); for (const way of WAYS) crowds[way].close(); }
};
