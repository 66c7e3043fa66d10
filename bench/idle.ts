/**
 * Memory of one session process that holds idle terminals. Rule: every session is a whole one, login, recorder, target and prompt; only the target
 * is a small SSH server of our own, because two thousand sshd and shells would need more memory than the machine that is measured.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "../src/wires/ssh.ts";
import { ssh2 } from "../src/wires/ssh-tuned.ts";
import { smallTarget } from "../test/proxy/small-target.ts";
import { sshLab } from "../test/proxy/ssh-lab.ts";
import type { Lab } from "../test/proxy/ssh-lab.ts";
import { arg, say } from "./table.ts";

/** At once; more than this the proxy turns away before their login. */
const LANES = 4, WARM = 20, SETTLE = 3_000;

/** A person at a prompt. */
const sit = (lab: Lab, privateKey: string): Promise<Client> => new Promise((resolve, reject) => {
  const client = new ssh2.Client();
  client.on("error", reject).on("ready", () => client.shell({ term: "xterm", cols: 80, rows: 24 }, (error, channel) => {
    if (error) return reject(error);
    channel.once("data", () => resolve(client));
  })).connect({ host: "127.0.0.1", port: lab.proxy.port, username: "requester@app1@idle-1", privateKey, readyTimeout: 60_000 });
});
const seat = async (lab: Lab, key: string, n: number): Promise<Client[]> => {
  const all: Client[] = [];
  let left = n;
  await Promise.all(Array.from({ length: LANES }, async () => { while (left-- > 0) all.push(await sit(lab, key)); }));
  return all;
};
const resident = async (pid: number): Promise<number> => {
  await new Promise((done) => { setTimeout(done, SETTLE); });
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1_024;
};

export const benchIdle = async (): Promise<object> => {
  const most = Number(arg("sessions", "2000")), few = Math.min(200, most), there = await smallTarget();
  await using lab = await sshLab({ workers: 1 });
  lab.broker.accounts.set("app1@idle-1", there.account);
  const key = readFileSync(join(lab.dir, "person_key"), "utf8"), [pid = 0] = lab.proxy.pids();
  for (const client of await seat(lab, key, WARM)) client.end();
  const empty = await resident(pid), held = await seat(lab, key, few), at200 = (await resident(pid) - empty) / few;
  held.push(...await seat(lab, key, most - few));
  const all = await resident(pid), each = (all - empty) / most;
  for (const client of held) client.destroy();
  there.close();
  say(`\nidle terminals in one session process: ${few} of ${(at200 / 1e3).toFixed(0)} kB each, ${most} of ${(each / 1e3).toFixed(0)} kB each; `
    + `process ${(empty / 1e6).toFixed(0)} MB empty, ${(all / 1e6).toFixed(0)} MB full`);
  return { idle: { sessions: most, bytesPerSession: Math.round(each), bytesPerSessionAt200: Math.round(at200) } };
};
