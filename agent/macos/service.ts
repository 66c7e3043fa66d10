/**
 * The program as a daemon of launchd. Rule: install writes the files and says what is to be run; it runs nothing itself, because none of it was ever
 * tried on a Mac. All of it stands below /Library, which is root's: /usr/local may be somebody else's.
 */
import { chmodSync, copyFileSync, mkdirSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Service } from "../platform.ts";

export const HOME = "/Library/LockstepAgent";
const PROGRAM = `${HOME}/lockstep-agent.mjs`,
  LABEL = "lockstep-agent",
  PLIST = `/Library/LaunchDaemons/${LABEL}.plist`,
  LOG = "/var/log/lockstep-agent.log";
const xml = (text: string): string => text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);
const item = (text: string): string => `<string>${xml(text)}</string>`;

/** As root, from the start of the machine on, and again whenever it ended. */
export const plistText = (node: string, program = PROGRAM): string => `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
  <key>Label</key>${item(LABEL)}
  <key>ProgramArguments</key><array>${[node, program, "run"].map(item).join("")}</array>
  <key>RunAtLoad</key><true/>
  <key>KeepAlive</key><true/>
  <key>ThrottleInterval</key><integer>30</integer>
  <key>Umask</key><integer>63</integer>
  <key>StandardErrorPath</key>${item(LOG)}
  <key>StandardOutPath</key>${item(LOG)}
</dict></plist>
`;
/** The first folder or file on the way that others than root may change; what runs as root from there would be theirs. */
export const openOnTheWay = (file: string): string | undefined => {
  for (let at = file; ; at = dirname(at)) {
    const s = statSync(at);
    if (s.uid !== 0 || (s.mode & 0o022) !== 0) return at;
    if (at === dirname(at)) return undefined;
  }
};
export const service: Service = {
  install: async (say, self) => {
    mkdirSync(HOME, { recursive: true, mode: 0o755 });
    if (self !== PROGRAM) copyFileSync(self, PROGRAM);
    chmodSync(PROGRAM, 0o755);
    writeFileSync(PLIST, plistText(process.execPath), { mode: 0o644 });
    say(`Wrote ${PROGRAM} and ${PLIST}.`);
    const open = openOnTheWay(realpathSync(process.execPath));
    if (open !== undefined) say(`Before it runs as root: others than root may change ${open}. Install a Node that is root's, and write its path into ${PLIST}.`);
    say("It is not started yet: a draft that was never run on a Mac starts nothing by itself. As root:");
    say(`  launchctl bootstrap system ${PLIST}`);
  },
  uninstall: async (say) => {
    say("It cannot tell whether its daemon runs. Before this, as root:");
    say(`  launchctl bootout system/${LABEL}`);
    for (const file of [PLIST, PROGRAM]) {
      rmSync(file, { force: true });
      say(`Removed ${file}.`);
    }
  },
};
