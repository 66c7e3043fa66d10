/** lockstep selftest: the promise, tried on a host of yours. Rule: it says beforehand what it will do to which account, and keeps its vault when anything is wrong. */
import { tmpdir } from "node:os";
import { Fault } from "../kernel/fault.ts";
import type { Moment } from "../flow/deps.ts";
import type { Launch } from "../selftest/story.ts";
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
const pinned = async (run: Run, dir: string, at: { host: string; port: number }): Promise<string> => {
  const line = await (await story()).identityOf(launch(run), dir, at), seen = (await import("../crypto/envelope.ts")).fingerprintOf(line), wanted = run.text("fingerprint");
  if (wanted !== undefined && wanted !== seen) throw new Fault("conflict", `${at.host}:${at.port} shows ${seen}, not ${wanted}. Nothing was sent.`);
  if (wanted === undefined) {
    run.say(`${at.host}:${at.port} shows the key ${seen}`);
    if (!await confirm(run.io, "Is it that machine's?", "Give the fingerprint with --fingerprint SHA256:…")) throw new Fault("conflict", "Nothing was sent.");
  }
  return line;
};

const rotate = async (run: Run): Promise<void> => {
  const { selfTest, place } = await story(), at = { host: run.text("host")!, port: Number(run.text("port")) }, admin = run.text("admin")!, account = run.text("account")!, wanted = await steps(run.text("killAt")!);
  if (admin === account) throw new Fault("invalid", "Name an account made for this with --account, and another one that may change it with --admin.");
  const dir = place(tmpdir()), hostKey = await pinned(run, dir, at);
  run.say(`The password of ${account} on ${at.host} is changed ${wanted.length + 2} times or more, each time by a broker that is killed in the middle. In the end nobody knows it: set another one there.`);
  if (!run.flag("yes") && !await confirm(run.io, `Is ${account} an account made for this?`, "Say so with --yes.")) throw new Fault("conflict", "Nothing was sent.");
  const password = run.flag("passwordStdin") ? await fromStdin(run.io) : await secret(run.io, `Password of ${admin}`, "Give it with --password-stdin.");
  const report = await selfTest(run.io.clock, launch(run), dir, { ...at, hostKey, sudo: admin !== "root", admin, account, steps: wanted }, password, (v, n) => {
    const fine = !v.lost && !v.wrongCurrent && v.login === "yes";
    run.say(`${String(n).padStart(2)}/${wanted.length}  ${v.met ? "killed" : "not met"}: ${v.says.padEnd(50)} ${fine ? "settled, a fresh login works" : v.lost ? "LOST: the target accepts none of ours" : `WRONG: ${v.wrongCurrent ? "the current password is not in force" : "no fresh login"}`}  ${v.seconds} s`);
  });
  const bad = report.lost + report.wrongCurrent + report.unproven;
  run.print(report, () => `${report.trials} kills in ${report.seconds} s: ${report.lost} lost, ${report.wrongCurrent} wrong, ${report.unproven} without a fresh login, ${report.missed} steps not met.`);
  if (bad > 0) throw new Fault("upstream", `Every password that was tried is in ${dir}: keep it, and tell us.`);
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
