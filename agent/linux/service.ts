/**
 * The program as a service of systemd: its file, a command, a unit. Rule: each step says what it did.
 */
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Fault } from "../../src/kernel/fault.ts";
import { runChild } from "../../src/wires/child.ts";
import type { Service } from "../platform.ts";

export const PROGRAM = "/usr/local/lib/lockstep-agent/lockstep-agent.mjs",
  COMMAND = "/usr/local/bin/lockstep-agent",
  UNIT = "/etc/systemd/system/lockstep-agent.service";
const RUNS = "/run/systemd/system";

export const unitText = (node: string, program = PROGRAM): string => `[Unit]
Description=Lockstep agent: sets this machine's passwords for its broker, and carries sessions to it
Documentation=file:${program}
After=network-online.target
Wants=network-online.target

[Service]
ExecStart=${node} ${program} run
Restart=always
RestartSec=5
# Not enrolled, or agent.conf wrong: somebody has to look first.
RestartPreventExitStatus=2 3
# It sets passwords: it needs root, /etc and nothing else that could be taken away.
PrivateTmp=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictRealtime=yes
LockPersonality=yes
UMask=0077

[Install]
WantedBy=multi-user.target
`;
type Say = (line: string) => void;
const systemctl = async (say: Say, signal: AbortSignal, ...args: string[]): Promise<void> => {
  const r = await runChild("systemctl", args, { input: "", signal });
  if (r.code !== 0) throw new Fault("upstream", `systemctl ${args.join(" ")} did not work: ${r.stderr.trim().slice(0, 300)}`);
  say(`systemctl ${args.join(" ")}: done.`);
};

export const service: Service = {
  install: async (say, self, signal) => {
    mkdirSync(dirname(PROGRAM), { recursive: true, mode: 0o755 });
    if (self !== PROGRAM) copyFileSync(self, PROGRAM);
    chmodSync(PROGRAM, 0o755);
    writeFileSync(COMMAND, `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`, { mode: 0o755 });
    writeFileSync(UNIT, unitText(process.execPath), { mode: 0o644 });
    say(`Wrote ${PROGRAM}, ${COMMAND} and ${UNIT}.`);
    if (!existsSync(RUNS)) return say("systemd does not run here. Start it by whatever does: lockstep-agent run");
    await systemctl(say, signal, "daemon-reload");
    await systemctl(say, signal, "enable", "--now", "lockstep-agent.service");
  },
  uninstall: async (say, signal) => {
    if (existsSync(RUNS) && existsSync(UNIT))
      await systemctl(say, signal, "disable", "--now", "lockstep-agent.service").catch((e: unknown) =>
        say(e instanceof Error ? e.message : "systemctl did not work"),
      );
    for (const file of [UNIT, COMMAND, dirname(PROGRAM)]) {
      rmSync(file, { recursive: true, force: true });
      say(`Removed ${file}.`);
    }
  },
};
