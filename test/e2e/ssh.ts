/** The stock ssh client at the broker's door. Rule: no secret in argv or environment; what a prompt wants lies in a file only its owner reads. */
import { spawn, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { alive } from "../lab/processes.ts";

export type Ran = { readonly code: number | null; readonly out: string; readonly err: string; readonly ms: number };
/** A client that is still there. `up` resolves when stdout holds the text; `exit` at its end. */
export type Client = { readonly child: ChildProcess; up(text: string, ms?: number): Promise<void>; readonly exit: Promise<Ran>; out(): string; err(): string };

export type How = { readonly port: number; readonly home: string; readonly user: string; readonly key?: string | undefined; readonly options?: readonly string[]; readonly answers?: readonly string[] };

const askpass = (home: string, answers: readonly string[]): Record<string, string> => {
  const base = path.join(home, `ask-${Math.random().toString(36).slice(2)}`), left = `${base}.answers`;
  writeFileSync(left, `${answers.join("\n")}\n`, { mode: 0o600 });
  writeFileSync(base, `#!/bin/sh\necho "$1" >> '${base}.asked'\nhead -n 1 '${left}'\nsed -i 1d '${left}'\n`, { mode: 0o700 });
  return { SSH_ASKPASS: base, SSH_ASKPASS_REQUIRE: "force", DISPLAY: ":0" };
};

export const argv = (h: How, command: readonly string[]): string[] => [
  "-F", "none", "-p", String(h.port), ...(h.options ?? []), ...(h.key === undefined ? ["-o", "PubkeyAuthentication=no"] : ["-i", h.key, "-o", "IdentitiesOnly=yes"]),
  "-o", `BatchMode=${h.answers ? "no" : "yes"}`, "-o", "StrictHostKeyChecking=accept-new", "-o", `UserKnownHostsFile=${path.join(h.home, "known")}`, "-o", "LogLevel=ERROR", `${h.user}@127.0.0.1`, ...command,
];

/** `stdin`: "null" is `</dev/null`; "open" never ends by itself. */
export const start = (h: How, command: readonly string[], stdin: "null" | "open" = "open", program = "ssh"): Client => {
  const begun = performance.now(), args = program === "ssh" ? argv(h, command) : [...argv(h, []).slice(0, -1), ...command].map((a) => (program === "sftp" && a === "-p" ? "-P" : a));
  const child = spawn(program, args, { env: { PATH: process.env["PATH"] ?? "", HOME: h.home, ...(h.answers ? askpass(h.home, h.answers) : {}) }, stdio: [stdin === "null" ? "ignore" : "pipe", "pipe", "pipe"] });
  let out = "", err = "";
  child.stdin?.on("error", () => undefined);
  child.stdout!.setEncoding("utf8").on("data", (d: string) => { out += d; });
  child.stderr!.setEncoding("utf8").on("data", (d: string) => { err += d; });
  const exit = new Promise<Ran>((resolve) => { child.once("close", (code) => resolve({ code, out, err, ms: performance.now() - begun })); });
  const up = async (text: string, ms = 30_000): Promise<void> => {
    for (const end = performance.now() + ms; !out.includes(text); await new Promise((r) => { setTimeout(r, 5); })) {
      if (child.exitCode !== null || performance.now() > end) throw new Error(`ssh ${h.user} did not come up: ${err || out || "silence"}`);
    }
  };
  return { child, up, exit, out: () => out, err: () => err };
};

/** The sshd processes of the target that serve this login. Account names of a world are nobody else's, so the whole machine may be searched. */
export const legs = (account: string): number[] => readdirSync("/proc").filter((e) => /^\d+$/.test(e)).map(Number).filter((pid) => {
  try { return new RegExp(`^sshd: ${account}(@| \\[priv\\])`).test(readFileSync(`/proc/${pid}/cmdline`, "utf8")); } catch { return false; }
});
/** Milliseconds until none of them is left. */
export const gone = async (pids: readonly number[], ms = 20_000): Promise<number> => {
  const begun = performance.now();
  for (; pids.some(alive); await new Promise((r) => { setTimeout(r, 3); })) if (performance.now() - begun > ms) return Infinity;
  return performance.now() - begun;
};
