/** sftp put and get of one big file, audited, against direct sshd. Rule: the stock sftp, interleaved, files in memory; the login is taken off. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../test/proxy/ssh-lab.ts";
import { cpu, median } from "./ssh-measure.ts";
import { arg, ratio, round, say, show } from "./table.ts";
import type { To } from "./ways.ts";

const PATHS = ["direct", "proxied"] as const, WHAT = ["put", "get"] as const;
type Numbers = Record<(typeof WHAT)[number], Record<(typeof PATHS)[number], number[]>>;

/** Seconds from start to end of one batch. */
const batch = (ssh: readonly string[], commands: string): Promise<number> => new Promise((resolve, reject) => {
  const options = ssh.slice(0, -1).map((a) => (a === "-p" ? "-P" : a)), begun = performance.now();
  const child = spawn("sftp", [...options, "-b", "-", ssh.at(-1) ?? ""], { stdio: ["pipe", "ignore", "inherit"] });
  child.stdin.end(commands);
  child.on("close", (code) => {
    if (code === 0) resolve((performance.now() - begun) / 1_000); else reject(new Error(`sftp ended with ${String(code)}`));
  });
});

const measured = async (lab: Lab, to: To, mb: number, reps: number, memory: string): Promise<{ out: Numbers; spent: number[] }> => {
  const file = join(memory, "file"), back = join(memory, "back"), spent: number[] = [], login = { direct: [] as number[], proxied: [] as number[] };
  await new Promise((done) => spawn("sh", ["-c", `head -c ${mb}000000 /dev/urandom > ${file}`]).on("close", done));
  const out: Numbers = { put: { direct: [], proxied: [] }, get: { direct: [], proxied: [] } };
  for (let i = 0; i < reps; i++) for (const way of PATHS) login[way].push(await batch(to[way]("aes128-gcm"), "pwd\n"));
  for (let i = 0; i < reps; i++) for (const what of WHAT) for (const way of PATHS) {
    const before = cpu(lab.proxy.pids());
    const took = await batch(to[way]("aes128-gcm"), what === "put" ? `put ${file} /dev/shm/bench\n` : `get /dev/shm/bench ${back}\n`);
    out[what][way].push(mb / (took - median(login[way])));
    if (way === "proxied") spent.push((cpu(lab.proxy.pids()) - before) / mb);
  }
  await lab.host.exec("rm -f /dev/shm/bench");
  return { out, spent };
};

export const benchSftp = async (lab: Lab, to: To): Promise<object> => {
  const mb = Number(arg("sftp-mb", "500")), reps = Number(arg("sftp-reps", "5")), memory = mkdtempSync("/dev/shm/lockstep-bench-");
  try {
    const { out, spent } = await measured(lab, to, mb, reps, memory);
    say(`\nsftp, ${mb} MB, aes128-gcm, policy ${lab.broker.terms.record}, every file with its SHA-256, MB/s: median (quartiles) of ${reps}`);
    for (const what of WHAT) {
      const { direct, proxied } = out[what];
      say(`  ${what}  direct ${show(direct)}   proxied ${show(proxied)}   proxied/direct ${ratio(proxied, direct)}`);
    }
    say(`  CPU of the session processes: ${show(spent, 2)} ms/MB`);
    const of = (way: (typeof PATHS)[number]) => ({ put: round(median(out.put[way])), get: round(median(out.get[way])) });
    return { sftp: { direct: of("direct"), proxied: of("proxied") }, sftpCpuMsPerMb: round(median(spent)) };
  } finally { rmSync(memory, { recursive: true }); }
};
