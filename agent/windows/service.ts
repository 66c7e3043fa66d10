/**
 * The program as a task of Windows that starts with the machine. Rule: install writes the files and says what is to be run; it runs nothing itself,
 * because none of it was ever tried on Windows. Node is no service by itself (sc.exe would wait for an answer that it does not give), so it is a task.
 */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { Fault } from "../../src/kernel/fault.ts";
import type { Service } from "../platform.ts";

export const HOME = "C:\\Program Files\\LockstepAgent";
const PROGRAM = `${HOME}\\lockstep-agent.mjs`,
  TASK = `${HOME}\\lockstep-agent.xml`,
  NAME = "lockstep-agent";
const xml = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

/** As SYSTEM, from the start of the machine on, for ever; looked for every five minutes in case it ended, and never two of it. */
export const taskText = (node: string, program = PROGRAM): string => `<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>Lockstep agent: sets this machine's passwords for its broker, and carries sessions to it</Description></RegistrationInfo>
  <Triggers><BootTrigger><Repetition><Interval>PT5M</Interval></Repetition><Enabled>true</Enabled></BootTrigger></Triggers>
  <Principals><Principal id="Author"><UserId>S-1-5-18</UserId><RunLevel>HighestAvailable</RunLevel></Principal></Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
  </Settings>
  <Actions Context="Author"><Exec><Command>${xml(node)}</Command><Arguments>"${xml(program)}" run</Arguments></Exec></Actions>
</Task>
`;
export const service: Service = {
  install: async (say, self) => {
    mkdirSync(HOME, { recursive: true });
    if (self !== PROGRAM) copyFileSync(self, PROGRAM);
    // schtasks reads UTF-16 with its mark at the beginning.
    writeFileSync(TASK, Buffer.from(`\ufeff${taskText(process.execPath)}`, "utf16le"));
    say(`Wrote ${PROGRAM} and ${TASK}.`);
    say("It is not started yet: a draft that was never run on Windows starts nothing by itself. In a console of an administrator:");
    say(`  schtasks /Create /TN ${NAME} /XML "${TASK}"`);
    say(`  schtasks /Run /TN ${NAME}`);
    say(`  icacls "${process.execPath}"      and see that nobody but administrators may change it: it runs as SYSTEM from now on`);
  },
  uninstall: async (say) => {
    say("It cannot tell whether its task runs. Before this, in a console of an administrator:");
    say(`  schtasks /End /TN ${NAME}`);
    say(`  schtasks /Delete /TN ${NAME} /F`);
    for (const file of [TASK, PROGRAM])
      try {
        rmSync(file, { force: true });
        say(`Removed ${file}.`);
      } catch (cause) {
        throw new Fault("conflict", `${file} cannot be removed: end the task first.`, { cause });
      }
  },
};
