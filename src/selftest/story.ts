/** The self-test told step by step: a broker is killed at every step of a rotation of a real account, and the target is asked what is true. Rule: the vault it used is removed only when nothing was lost. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import path from "node:path";
import type { Moment } from "../flow/deps.ts";
import type { Clock } from "../kernel/clock.ts";
import { Fault, toFault } from "../kernel/fault.ts";
import { Answer, STEPS, type Done, type Order } from "./plan.ts";

export type Wanted = { readonly host: string; readonly port: number; readonly sudo: boolean; readonly admin: string; readonly account: string; readonly steps: readonly Moment[] };
export type Verdict = {
  readonly step: Moment; readonly says: string;
  /** False: the rotation ended without meeting the step; no trial. */
  readonly met: boolean;
  readonly lost: boolean; readonly wrongCurrent: boolean; readonly login: Done["login"]; readonly seconds: number;
};
export type Report = { readonly trials: number; readonly lost: number; readonly wrongCurrent: number; readonly unproven: number; readonly missed: number; readonly seconds: number; readonly steps: readonly Verdict[] };
/** How a step runs as a process of its own: program and arguments, its environment, and what comes out. */
export type Launch = { readonly program: string; readonly args: readonly string[]; readonly env: Readonly<Record<string, string | undefined>> };

type Ran = { readonly signal: string | null; readonly answer: Answer | null; readonly said: string };
const once = ({ program, args, env }: Launch, dir: string, order: Order): Promise<Ran> => new Promise((resolve, reject) => {
  const child = spawn(program, args, { env: { ...env, LOCKSTEP_DATA: dir, LOCKSTEP_LOG: "silent" }, stdio: ["pipe", "pipe", "pipe"] });
  let out = "", said = "";
  child.stdout.setEncoding("utf8").on("data", (t: string) => { out += t; });
  child.stderr.setEncoding("utf8").on("data", (t: string) => { said += t; });
  child.stdin.on("error", () => undefined);
  child.once("error", reject).once("close", (_code, signal) => {
    const line = out.trim().split("\n").at(-1) ?? "";
    resolve({ signal, answer: line === "" ? null : Answer.parse(JSON.parse(line)), said: said.slice(-400) });
  });
  child.stdin.end(JSON.stringify(order));
});
const must = async (launch: Launch, dir: string, order: Order): Promise<Done> => {
  const { answer, signal, said } = await once(launch, dir, order);
  if (answer?.ok) return answer;
  throw new Fault("upstream", answer ? answer.why : `The broker process ended (${signal ?? "no word"}). ${said}`.trim());
};

/** A directory for this test alone. From `adopt` on what is in it opens the account: until then a test that ends takes it along. */
const place = (base: string): string => mkdtempSync(path.join(base, "lockstep-selftest-"));
const gone = (dir: string): void => { rmSync(dir, { recursive: true, force: true }); };
const identityOf = async (launch: Launch, dir: string, at: { host: string; port: number }): Promise<string> => (await must(launch, dir, { do: "read_identity", ...at })).identity!;

const trial = async (clock: Clock, launch: Launch, dir: string, account: string, step: Moment): Promise<Verdict> => {
  const begun = clock.mono(), { signal } = await once(launch, dir, { do: "change", account, dieAt: step }), { dead, now, login } = await must(launch, dir, { do: "settle", account });
  const lost = dead!.inForce === 0 || now!.inForce === 0, wrongCurrent = (dead!.offered && !dead!.current) || !now!.current;
  return { step, says: STEPS[step], met: signal === "SIGKILL", lost, wrongCurrent, login, seconds: Math.round((clock.mono() - begun) / 100) / 10 };
};

/** What a person is asked, and told, on the way. `password`: of the administrative account; it leaves on a child's stdin and is kept in the test's own vault. */
export type Asked = { identity(line: string): Promise<void>; password(): Promise<string>; told(v: Verdict, n: number): void };

/** Who may change it, tried; nothing is changed yet. */
const prepared = async (launch: Launch, dir: string, w: Wanted, ask: Asked): Promise<string> => {
  try {
    const hostKey = await identityOf(launch, dir, w);
    await ask.identity(hostKey);
    return (await must(launch, dir, { do: "prepare", where: { host: w.host, port: w.port, hostKey, sudo: w.sudo }, admin: w.admin, password: await ask.password(), account: w.account })).account!;
  } catch (e) { gone(dir); throw e; }
};
const trials = async (clock: Clock, launch: Launch, dir: string, account: string, w: Wanted, ask: Asked): Promise<Verdict[]> => {
  const steps: Verdict[] = [];
  try {
    await must(launch, dir, { do: "adopt", account });
    for (const step of w.steps) { steps.push(await trial(clock, launch, dir, account, step)); ask.told(steps.at(-1)!, steps.length); }
    return steps;
  } catch (e) { throw new Fault("upstream", `${toFault(e).message} The self-test ended there. ${kept(dir)}`, { cause: e }); }
};
const kept = (dir: string): string => `Every password that was tried is in ${dir}: keep it until you have set another one on the host.`;

/** `kept`: where its vault is, if anything was lost, wrong or unproven; a test that could not go on throws with it. `base`: where the vault is made. */
export const selfTest = async (clock: Clock, launch: Launch, base: string, w: Wanted, ask: Asked): Promise<Report & { readonly kept: string | null }> => {
  const begun = clock.mono(), dir = place(base), account = await prepared(launch, dir, w, ask), steps = await trials(clock, launch, dir, account, w, ask);
  const count = (is: (v: Verdict) => boolean): number => steps.filter(is).length;
  const report = { trials: count((v) => v.met), lost: count((v) => v.lost), wrongCurrent: count((v) => v.wrongCurrent), unproven: count((v) => v.login !== "yes"), missed: count((v) => !v.met), seconds: Math.round((clock.mono() - begun) / 1000), steps };
  if (report.lost + report.wrongCurrent + report.unproven > 0) return { ...report, kept: kept(dir) };
  gone(dir);
  return { ...report, kept: null };
};
