/** macOS, as a draft: its local accounts by dscl and passwd. Rule: never run on a real Mac (docs/agents.md). */
import { factsOf } from "../facts.ts";
import { serverKeys } from "../keys.ts";
import type { Found, Platform } from "../platform.ts";
import { listAccounts, osName } from "./accounts.ts";
import { directory, namesOf, PROGRAMS, type Directory, type Programs } from "./directory.ts";
import { compare, has, set } from "./passwords.ts";
import { HOME, service } from "./service.ts";

const rights = (uid: number): Promise<Found> =>
  Promise.resolve(
    uid === 0
      ? { says: "runs as root" }
      : {
          wrong: "it does not run as root, and only root sets passwords",
          hint: "run it as root: sudo lockstep-agent doctor; the daemon runs as root by itself",
        },
  );
const writable =
  (d: Directory) =>
  async (signal: AbortSignal): Promise<Found> =>
    (await namesOf(d, signal))?.includes("root")
      ? { says: "the machine's directory answers; no password was set to try it" }
      : { wrong: "the machine's own directory does not answer (dscl . -list /Users)", hint: "look whether opendirectoryd runs" };
const no = (why: string) => (): Promise<{ unknown: string }> => Promise.resolve({ unknown: why });

export const macos = (programs: Programs = PROGRAMS): Platform => {
  const d = directory(programs);
  return {
    name: "macos",
    places: { conf: `${HOME}/agent.conf`, state: `${HOME}/state` },
    list: (signal) => listAccounts(d, signal),
    facts: () => factsOf("macos", osName()),
    sshKeys: () => serverKeys("/etc/ssh"),
    has: has(d),
    compare: compare(d),
    set: set(d),
    endLogins: no("logins are not ended on a Mac: who is logged on stays so"),
    rules: no("the rules of a Mac are not read by its agent"),
    rights,
    writable: writable(d),
    hints: {
      root: "run this as root",
      start: "launchctl bootstrap system /Library/LaunchDaemons/lockstep-agent.plist",
      log: "/var/log/lockstep-agent.log",
      clock: "systemsetup -setusingnetworktime on",
    },
    service,
  };
};
