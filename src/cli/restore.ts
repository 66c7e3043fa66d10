/** lockstep restore. Rule: it says what came back, what did not, and what to look at before this broker acts. */
import { Fault } from "../kernel/fault.ts";
import { act, example, type Register, type Run } from "./act.ts";
import { plain } from "./io.ts";
import { broker, settings } from "./server.ts";

export type Restored = {
  readonly rows: number; readonly at: string; readonly cameBack: number; readonly opened: number; readonly accounts: readonly string[]; readonly alone: readonly string[];
  readonly since: Readonly<Record<string, number>> | null;
};
/** What was taken away, and is in force again. */
const TAKEN = new RegExp("^(person[.](disabled|changed)|token[.]revoked|group[.]changed|policy[.]changed|request[.](revoked|denied|cancelled)|lock[.]set"
  + "|target[.]locked|account[.]blocked)$");
const some = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;
const counted = (what: readonly (readonly [string, number])[]): string => what.map(([name, n]) => `${n} × ${name}`).join(", ");

const back = (r: Restored): string[] => [
  "Back from the journal:",
  `  ${some(r.cameBack, "password version")} younger than the backup; each is settled by asking its target once this broker acts.`,
  ...(r.accounts.length > 0 ? [`  ${some(r.accounts.length, "account")} added since, unmanaged until adopted: ${r.accounts.join(", ")}`] : []),
];
const alone = (r: Restored): string[] => (r.alone.length === 0 ? [] : [
  "In the journal alone, because their target was added after the backup:",
  ...r.alone.map((name) => `  ${name}`),
  "  Add the target and the account again and adopt it through an administrative account. Keep the journal: their passwords are nowhere else.",
]);
const gone = (r: Restored): string[] => {
  const known = Object.entries(r.since ?? {}), taken = known.filter(([what]) => TAKEN.test(what));
  return [
    "Not back: everything else done since. People, groups, tokens, keys, policies, targets, requests and votes are as they were then.",
    ...(known.length > 0 ? [`  The audit log still tells of it (lockstep audit list): ${counted(known)}`] : []),
    ...(r.since === null ? ["  The audit log of that time is gone too, but for what was exported."] : []),
    "  Who was disabled since, and what was revoked, locked or changed, is in force again as it was: look at people, their tokens and the policies BEFORE taking over.",
    ...(taken.length > 0 ? [`  Above all: ${counted(taken)}`] : []),
  ];
};
export const reportOf = (r: Restored): string => plain([
  `${some(r.rows, "row")} restored: the state of ${r.at.replace("T", " ").replace(/\.\d+Z$/, " UTC")}. ${some(r.opened, "password version")} opened for a test.`,
  ...back(r), ...alone(r), ...gone(r),
  "This broker is passive: it can be started and looked at, and touches no target. When the old one is gone for good: lockstep restore --take-over",
].join("\n"));

const takeOver = async (run: Run): Promise<void> => {
  const { config, secrets } = await settings(run), epoch = await (await broker()).takeOverHere(config, secrets);
  run.print({ epoch }, () => `This broker acts from now on (epoch ${epoch}).`);
};

export const restore: Register = (program, io) => {
  const command = program.command("restore").description("from a backup into an empty database; stays passive until take-over").argument("[file]", "the backup")
    .option("--take-over", "let a restored or copied broker act; only when the old one is gone for good");
  example(command, "lockstep restore lockstep.backup").action(act(io, async (run, file) => {
    if (file === undefined && !run.flag("takeOver")) throw new Fault("invalid", "Name the backup file, or give --take-over.");
    if (file !== undefined) {
      const { config, secrets } = await settings(run), r = await (await broker()).restoreHere(config, secrets, file);
      if (run.flag("takeOver")) run.say(reportOf(r)); else run.print(r, () => reportOf(r));
    }
    if (run.flag("takeOver")) await takeOver(run);
  }));
};
