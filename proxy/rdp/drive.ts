/**
 * The folder of what one session carries, which guacd makes and owns. Rule: it is gone when the session is; where guacd's user alone may empty it, it
 * gets the name that guacd's own side sweeps away (deploy/guacd.sh).
 */
import { readdir, rename, rm } from "node:fs";

export const driveOf = (home: string, session: string): string => `${home}/drives/${session}`;
const OVER = ".over";

/** What sessions of before have left, whose processes were killed. `done` as of `clearDrive`, for each. */
export const clearDrives = (home: string, done: (error: Error | null, drive: string) => void): void => {
  readdir(`${home}/drives`, (error, names) => {
    for (const name of error === null ? names : []) if (!name.endsWith(OVER)) { const drive = driveOf(home, name); clearDrive(drive, (e) => done(e, drive)); }
  });
};
/** `done`: null, or why it is still there. */
export const clearDrive = (drive: string, done: (error: Error | null) => void): void => {
  rm(drive, { recursive: true, force: true }, (error) => {
    if (error === null) return done(null);
    rename(drive, `${drive}${OVER}`, (still) => done(still === null ? null : error));
  });
};
