/** lockstep selftest: the promise, tried on a host of yours. Rule: it says beforehand what it will do to which account, and keeps its vault when anything is wrong. */
import { tmpdir } from "node:os";
import { Fault } from "../kernel/fault.ts";
import type { Moment } from "../flow/deps.ts";
import type { Launch, Verdict } from "../selftest/story.ts";
import { act, example, type Register, type Run } from "./act.ts";
import { confirm, fromStdin, secret } from "./prompt.ts";

const story = () => import("../selftest/story.ts");
const plan = () => import("../selftest/plan.ts");
/** This program again, as it was started; of the environment only what a program needs to run. */
const launch = ({ io }: Run): Launch => ({
  program: process.execPath, args: [...process.execArgv, process.argv[1]!, "selftest", "step"], env: { PATH: io.env["PATH"], HOME: io.env["HOME"] },
});

const steps = async (text: string): Promise<Moment[]> => {
  const { stepsOf, STEPS } = await plan(), found = stepsOf(text);
  if (!found) throw new Fault("invalid", `--kill-at is every-step, or some of: ${Object.keys(STEPS).join(", ")}.`);
  return found;
};
/** Compared by the person, or given beforehand. */
const pinned = async (run: Run, at: string, line: string): Promise<void> => {
  const seen = (await import("../crypto/envelope.ts")).fingerprintOf(line), wanted = run.text("fingerprint");
  if (wanted !== undefined && wanted !== seen) throw new Fault("conflict", `${at} shows ${seen}, not ${wanted}. Nothing was sent.`);
  if (wanted !== undefined) return;
  run.say(`${at} shows the key ${seen}`);
  if (!await confirm(run.io, "Is it that machine's?", "Give the fingerprint with --fingerprint SHA256:…")) throw new Fault("conflict", "Nothing was sent.");
};
const password = async (run: Run, admin: string): Promise<string> => (run.flag("passwordStdin") ? fromStdin(run.io) : secret(run.io, `Password of ${admin}`, "Give it with --password-stdin."));
const agreed = async (run: Run, account: string, host: string, changes: number): Promise<void> => {
  run.say(`The password of ${account} on ${host} is changed ${changes} times or more, by brokers that are killed in the middle. In the end nobody knows it: set another one there.`);
  if (!run.flag("yes") && !await confirm(run.io, `Is ${account} an account made for this?`, "Say so with --yes.")) throw new Fault("conflict", "Nothing was sent.");
};
const saidOf = (v: Verdict, n: number, all: number): string => {
  const end = v.lost ? "LOST: the target accepts none of ours" : v.wrongCurrent ? "WRONG: the current password was not in force" : v.login === "yes" ? "settled, a fresh login works" : "NOT PROVEN: no fresh login";
  return `${String(n).padStart(2)}/${all}  ${v.met ? "killed" : "NOT MET"}: ${v.says.padEnd(50)} ${end}  ${v.seconds} s`;
};

const rotate = async (run: Run): Promise<void> => {
  const host = run.text("host")!, port = Number(run.text("port")), admin = run.text("admin")!, account = run.text("account")!, wanted = await steps(run.text("killAt")!);
  if (admin === account) throw new Fault("invalid", "Name an account made for this with --account, and another one that may change it with --admin.");
  const { kept, ...report } = await (await story()).selfTest(run.io.clock, launch(run), tmpdir(), { host, port, sudo: admin !== "root", admin, account, steps: wanted }, {
    identity: async (line) => { await pinned(run, `${host}:${port}`, line); await agreed(run, account, host, wanted.length + 2); },
    password: () => password(run, admin), told: (v, n) => { run.say(saidOf(v, n, wanted.length)); },
  });
  run.print(report, () => `${report.trials} kills in ${report.seconds} s: ${report.lost} lost, ${report.wrongCurrent} wrong, ${report.unproven} without a fresh login, ${report.missed} steps not met.`);
  if (kept !== null) throw new Fault("upstream", `The promise does not hold here. ${kept} And tell us.`);
  if (report.missed > 0) throw new Fault("upstream", `${report.missed} of ${wanted.length} steps were not met, so nothing is said of them. Run it again with --kill-at and their names.`);
};

export const selftest: Register = (program, io) => {
  const group = program.command("selftest").description("try the promise on a host of yours, with a vault of its own");
  example(group.command("rotate").description("kill a broker at every step of a rotation, and ask the target what is true").requiredOption("--host <address>").option("--port <n>", "", "22").requiredOption("--account <login>", "made for this: in the end nobody knows its password")
    .option("--admin <login>", "may change it: root, or through sudo", "root").option("--fingerprint <SHA256:…>", "the host key it must show").option("--kill-at <steps>", "", "every-step").option("--password-stdin", "the administrator's password").option("--yes", "the account is made for this"),
  "lockstep selftest rotate --host 192.0.2.7 --account trial --kill-at every-step").action(act(io, (run) => rotate(run)));
  example(group.command("step", { hidden: true }).description("one step of a self-test, ordered on stdin by the program itself"), "lockstep selftest step < order.json").action(act(io, async (run) => {
    const { config, secrets } = (await import("../config/env.ts")).parseEnv(io.env);
    await (await import("../selftest/child.ts")).selfTestStep(config, secrets, await fromStdin(run.io));
  }));
};
