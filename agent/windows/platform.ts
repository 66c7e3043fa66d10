/** Windows, as a draft: its local accounts by the LocalAccounts module of PowerShell 5.1. Rule: never run on a real Windows (docs/agents.md). */
import { version } from "node:os";
import { Fault } from "../../src/kernel/fault.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { factsOf } from "../facts.ts";
import { serverKeys } from "../keys.ts";
import type { Found, Platform } from "../platform.ts";
import { adminIn, listIn, readyIn } from "./answers.ts";
import { close, closed } from "./folder.ts";
import { compare, has, set } from "./passwords.ts";
import { SCRIPTS } from "./scripts.ts";
import { HOME, service } from "./service.ts";
import { PROGRAMS, shell, type Programs, type Shell } from "./shell.ts";

const ROOT_HINT = "run this in a console of an administrator (Run as administrator)";
const rights =
  (s: Shell) =>
  async (_uid: number, signal: AbortSignal): Promise<Found> => {
    const admin = adminIn(await s.run(SCRIPTS.rights, [], signal));
    if (admin === true) return { says: "runs with an administrator's rights" };
    return admin === false
      ? { wrong: "it runs without an administrator's rights, and only they set passwords", hint: `${ROOT_HINT}; the task runs as SYSTEM by itself` }
      : { wrong: `what it may do is not known: ${admin.unknown}`, hint: "look whether Windows PowerShell 5.1 is there and may run scripts that come as text" };
  };
const writable =
  (s: Shell) =>
  async (signal: AbortSignal): Promise<Found> => {
    const ready = readyIn(await s.run(SCRIPTS.ready, [], signal));
    return ready === true
      ? { says: "the machine's accounts answer, and Set-LocalUser is there; no password was set to try it" }
      : { wrong: `local accounts cannot be reached: ${ready.unknown}`, hint: "look whether the service SamSs runs, and the module Microsoft.PowerShell.LocalAccounts is there" };
  };
const no = (why: string) => (): Promise<{ unknown: string }> => Promise.resolve({ unknown: why });

export const windows = (programs: Programs = PROGRAMS): Platform => {
  const s = shell(programs);
  return {
    name: "windows",
    places: { conf: `${HOME}\\agent.conf`, state: `${HOME}\\state` },
    list: async (signal) => {
      const all = listIn(await s.run(SCRIPTS.list, [], signal), systemClock.now());
      if ("unknown" in all) throw new Fault("upstream", all.unknown);
      return [...all];
    },
    facts: () => factsOf("windows", version()),
    sshKeys: () => serverKeys("C:\\ProgramData\\ssh"),
    has: has(s),
    compare: compare(s),
    set: set(s),
    endLogins: no("logins are not ended on a Windows machine: who is logged on stays so"),
    rules: no("the rules of a Windows machine are not read by its agent"),
    rights: rights(s),
    writable: writable(s),
    close: close(s),
    closed: closed(s),
    hints: {
      root: ROOT_HINT,
      start: "schtasks /Run /TN lockstep-agent",
      log: "run it by hand to see it: lockstep-agent run",
      clock: "w32tm /resync",
    },
    service,
  };
};
