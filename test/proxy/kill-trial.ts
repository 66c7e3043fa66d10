/**
 * One kill -9 of a session process while somebody works in it. Rule: the judge compares what the client printed with what the file holds, and a
 * session in another process has to go on byte for byte as if nothing had been.
 */
import { createSecretKey } from "node:crypto";
import { readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { ChildProcess } from "node:child_process";
import { recover } from "../recordings/read.ts";
import type { FakeSession } from "./fake-broker.ts";
import { bytesOf, collect, eventually } from "./ssh-lab.ts";
import type { Lab, Said } from "./ssh-lab.ts";

/** What the person who is cut off does. */
export const WORKS = {
  lines: { command: "i=0; while :; do i=$((i+1)); echo line $i; done", options: [] },
  flood: { command: "yes", options: [] },
  errors: { command: "i=0; while :; do i=$((i+1)); echo out $i; echo err $i >&2; done", options: [] },
  terminal: { command: "i=0; while :; do i=$((i+1)); echo line $i; done", options: ["-tt"] },
  binary: { command: "while head -c 300000 /dev/urandom; do :; done", options: [] },
} as const;
export type Work = keyof typeof WORKS;
export type Verdict = {
  readonly work: Work;
  readonly afterMs: number;
  readonly seen: number;
  readonly kept: number;
  /** Empty: nothing was lost and nobody else was harmed. */
  readonly wrong: readonly string[];
};

/** The process that writes this session's recording. */
export const holderOf = (lab: Lab, session: FakeSession): number | undefined =>
  lab.proxy.pids().find((pid) => {
    const fds = (): string[] => {
      try {
        return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
      } catch {
        return [];
      }
    };
    return fds().includes(join(lab.recordings, `${session.recording}.lsr`));
  });

type Running = { readonly child: ChildProcess; readonly said: Promise<Said>; readonly session: FakeSession; readonly holder: number };
/** The session of the start that was just made; others may begin meanwhile only after it. */
const begin = async (lab: Lab, command: string, options: readonly string[]): Promise<Running> => {
  const before = lab.broker.sessions.length,
    child = lab.start(command, { options: [...options] }),
    said = collect(child);
  child.stdin?.on("error", () => undefined);
  const session = await eventually(() => lab.broker.sessions[before]),
    holder = await eventually(() => holderOf(lab, session));
  return { child, said, session, holder };
};
/** Somebody in another process than `not`. */
const beginElsewhere = async (lab: Lab, not: number): Promise<Running> => {
  for (;;) {
    const started = await begin(lab, "echo up; exec cat", []);
    if (started.holder !== not) return started;
    started.child.stdin?.end();
    await started.said;
  }
};
/** The client's own words about the loss stand behind what it printed for the target. */
const SILENT = ["-o", "LogLevel=QUIET"],
  FAREWELL = /Connection to 127\.0\.0\.1 closed by remote host\.\r\n$/;
const pause = (ms: number): Promise<void> =>
  new Promise((done) => {
    setTimeout(done, ms);
  });

const judgeVictim = (lab: Lab, { session }: Running, said: Said): { wrong: string[]; kept: number } => {
  const file = join(lab.recordings, `${session.recording}.lsr`),
    verdict = recover(file, createSecretKey(session.key), session.recording),
    wrong: string[] = [];
  const { frames } = lab.recording(session),
    out = bytesOf(frames, "output"),
    err = bytesOf(frames, "error");
  if (!verdict.complete || frames.at(-1)?.type !== "end") wrong.push("the recording cannot be read to its end");
  if (!out.subarray(0, said.stdout.length).equals(said.stdout))
    wrong.push(`printed ${said.stdout.length} bytes, ${out.length} are kept, and they differ`);
  if (!err.toString().startsWith(said.stderr.replace(FAREWELL, ""))) wrong.push("stderr holds what is not kept");
  return { wrong, kept: out.length };
};
const UNHARMED = JSON.stringify([0, "up\nbefore the kill\nafter the kill\n", ""]);
const judgeOther = async (lab: Lab, other: Running): Promise<string[]> => {
  other.child.stdin?.end("after the kill\n");
  const said = await other.said,
    wrong: string[] = [];
  const heard = [said.code, said.stdout.toString(), said.stderr];
  if (JSON.stringify(heard) !== UNHARMED) wrong.push(`the other session was harmed: ${JSON.stringify(heard)}`);
  const { ended, lost } = await lab.ended(other.session);
  if (lost || ended?.why !== "client_closed" || !ended.ledger.complete)
    wrong.push(`the other session ended as ${lost ? "lost" : (ended?.why ?? "nothing")}`);
  if (!lab.recording(other.session).verdict.complete) wrong.push("the other recording is not whole");
  return wrong;
};

/** `afterMs`: from the victim's first byte to the kill. The lab needs two session processes. */
export const killTrial = async (lab: Lab, work: Work, afterMs: number): Promise<Verdict> => {
  const { command, options } = WORKS[work],
    victim = await begin(lab, command, [...options, ...SILENT]);
  let seen = false;
  victim.child.stdout?.once("data", () => {
    seen = true;
  });
  const other = await beginElsewhere(lab, victim.holder);
  other.child.stdin?.write("before the kill\n");
  await eventually(() => seen);
  await pause(afterMs);
  process.kill(victim.holder, "SIGKILL");
  const said = await victim.said,
    wrong: string[] = [];
  await eventually(() => victim.session.lost);
  if (said.code !== 255) wrong.push(`the client ended with ${String(said.code)}`);
  const { wrong: lost, kept } = judgeVictim(lab, victim, said);
  wrong.push(...lost, ...(await judgeOther(lab, other)));
  await eventually(() => lab.proxy.pids().length === 2 && !lab.proxy.pids().includes(victim.holder));
  return { work, afterMs, seen: said.stdout.length, kept, wrong };
};
