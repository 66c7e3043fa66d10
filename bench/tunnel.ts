/**
 * A connection carried by an agent against plain `ssh -J`: the same stock client, account and sshd, only the hop differs. The agent is the bundled program in a
 * process of its own and comes in over TLS, as in real life: client -> tunnel process -> portal (TLS) -> agent -> sshd. Rule: interleaved, medians.
 * `npm run bench -- tunnel [--json] [--reps 7] [--mb 200] [--echoes 200]`
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fingerprintOf } from "../src/crypto/envelope.ts";
import { throughOf } from "../src/domain/target.ts";
import type { AgentId } from "../src/kernel/ids.ts";
import { passFor } from "../src/links/via.ts";
import * as agents from "../src/store/agents.ts";
import { publicLine } from "../src/wires/ssh.ts";
import { hostless } from "../test/e2e/hostless.ts";
import { until, type World } from "../test/e2e/world.ts";
import { runProgram, type Running } from "../test/lab/agent-program.ts";
import { enrolmentToken } from "../test/lab/agent-token.ts";
import { linuxHost } from "../test/lab/host.ts";
import { bulk, cpu, echoes, median, terminal } from "./ssh-measure.ts";
import { arg, both, ratio, round, say, show } from "./table.ts";

const REPS = Number(arg("reps", "7")), BYTES = Number(arg("mb", "200")) * 1e6, ECHOES = Number(arg("echoes", "200"));
const CIPHER = "aes128-gcm@openssh.com", WAYS = ["direct", "jump", "tunnel"] as const;
type Way = (typeof WAYS)[number];

/** The program as machines get it, without native ciphers, enrolled, with that one port on its list. */
const agentFor = async (w: World, port: number): Promise<{ id: AgentId; running: Running }> => {
  const { deps, places } = w.core, token = await enrolmentToken(deps, w.caller("operator"), "agent"), brokerKey = fingerprintOf(publicLine(readFileSync(places.agentKey, "utf8")));
  const running = await runProgram({ dir: w.home, name: "bench-host", server: "127.0.0.1", port: Number(new URL(w.origin).port), user: "operator", brokerKey, token, mode: "agent", tls: "any" });
  const here = await until("the agent is in", async () => (await agents.all(deps.db)).find((a) => a.state === "active" && deps.tunnel.heard(a.id) !== null));
  await deps.db.transaction((tx) => agents.setAllow(tx, here.id, [`127.0.0.1:${port}`]));
  deps.bus.publish("agents");
  await until("it has its list", () => deps.link({ host: "127.0.0.1", port, link: here.id }).connect(AbortSignal.timeout(2_000)).then((s) => { s.destroy(); return true; }, () => false));
  return { id: here.id, running };
};

export const run = async (): Promise<void> => {
  const w = await hostless({ env: { LOCKSTEP_TLS: "yes", LOCKSTEP_TIMESCALE: "1" } }), host = await linuxHost({ name: "web-1", accounts: { app1: "App1-Pw-1!x9Qz" } });
  const key = join(w.home, "bench_key"), agent = await agentFor(w, host.port);
  try {
    execFileSync("ssh-keygen", ["-q", "-N", "", "-t", "ed25519", "-f", key]);
    await host.exec("install -d -m 700 -o app1 -g app1 /home/app1/.ssh");
    await host.write("/home/app1/.ssh/authorized_keys", readFileSync(`${key}.pub`, "utf8"));
    const loose = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-c", CIPHER], port = String(host.port), to = ["-p", port, "app1@127.0.0.1"];
    const common = ["-F", "/dev/null", "-i", key, ...loose, "-o", "BatchMode=yes"], hop = `ssh -F /dev/null -i ${key} ${loose.join(" ")} -p ${port} -W %h:%p app1@127.0.0.1`;
    // The tunnel's answer is a line before the server's banner, which SSH clients read over.
    const pass = JSON.stringify(passFor(w.core.passes, { via: [...throughOf({ link: agent.id })], host: "127.0.0.1", port: host.port }));
    const carried = join(w.home, "carried");
    writeFileSync(carried, `#!/bin/sh\n{ printf '%s\\n' '${pass}'; exec cat; } | exec nc -U ${w.core.places.exchange}\n`, { mode: 0o700 });
    const argv: Record<Way, string[]> = { direct: [...common, ...to], jump: [...common, "-o", `ProxyCommand=${hop}`, ...to], tunnel: [...common, "-o", `ProxyCommand=${carried}`, ...to] };
    const speed: Record<Way, number[]> = { direct: [], jump: [], tunnel: [] }, keys: Record<Way, number[]> = { direct: [], jump: [], tunnel: [] }, spent: number[] = [];
    const pids = [process.pid, w.broker!.tunnelPid()!, agent.running.pid];
    for (let rep = 0; rep < REPS; rep++) for (const way of WAYS) {
      const before = cpu(pids);
      speed[way].push(await bulk(argv[way], BYTES));
      if (way === "tunnel") spent.push((cpu(pids) - before) / (BYTES / 1e6));
    }
    const children = { direct: await terminal(argv.direct), jump: await terminal(argv.jump), tunnel: await terminal(argv.tunnel) };
    for (let i = 0; i < 6; i++) for (const way of WAYS) keys[way].push(...await echoes(children[way], Math.ceil(ECHOES / 6)));
    for (const child of Object.values(children)) child.kill();
    say(`\nbulk, ${BYTES / 1e6} MB, ${CIPHER}, MB/s: median (quartiles) of ${REPS}`);
    say(`  direct ${show(speed.direct)}   ssh -J ${show(speed.jump)}   through an agent ${show(speed.tunnel)}   agent/jump ${ratio(speed.tunnel, speed.jump)}   CPU of broker, tunnel and agent ${show(spent, 1)} ms/MB`);
    const added = (way: Way): number => round(median(keys[way]) - median(keys.direct));
    say(`key echo, ms: direct ${both(keys.direct).p50}   ssh -J ${both(keys.jump).p50} (+${added("jump")})   through an agent ${both(keys.tunnel).p50} (+${added("tunnel")})`);
    if (process.argv.includes("--json")) say(JSON.stringify({ tunnel: round(median(speed.tunnel)), jump: round(median(speed.jump)), direct: round(median(speed.direct)), addedMs: added("tunnel"), jumpAddedMs: added("jump"), cpuMsPerMb: round(median(spent)) }));
  } finally { await agent.running.stop(); await host.destroy(); await w.close(); }
};
