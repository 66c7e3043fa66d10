/**
 * The agent's own folder on Windows, where a file's mode closes nothing. Rule: closed to all but SYSTEM and Administrators before the first key is
 * written into it; it stands below a folder in which only administrators make any, so nobody else can have made it first.
 */
import { mkdirSync } from "node:fs";
import { Fault } from "../../src/kernel/fault.ts";
import type { Found } from "../platform.ts";
import { othersIn } from "./answers.ts";
import { SCRIPTS } from "./scripts.ts";
import type { Shell } from "./shell.ts";

/** By number: their names are in the machine's language. (OI)(CI): what is made in it later, too. */
const GRANTS = ["*S-1-5-18:(OI)(CI)F", "*S-1-5-32-544:(OI)(CI)F"];
const closing = (dir: string): string[][] => [
  [dir, "/setowner", "*S-1-5-32-544", "/T", "/Q"],
  [dir, "/inheritance:r", "/grant:r", ...GRANTS, "/Q"],
];
const byHand = (dir: string): string => `in a console of an administrator: icacls "${dir}" /inheritance:r /grant:r ${GRANTS.map((g) => `"${g}"`).join(" ")}, then icacls "${dir}\\*" /reset /T`;

export const closed =
  (s: Shell) =>
  async (dir: string, signal: AbortSignal): Promise<Found> => {
    const others = othersIn(await s.run(SCRIPTS.access, [dir], signal));
    if (others === null) return { says: "its folder is not there yet" };
    if ("unknown" in others) return { wrong: `who may read ${dir} is not known: ${others.unknown}`, hint: byHand(dir) };
    return others.length === 0
      ? { says: "its folder is closed to others" }
      : { wrong: `${dir}, where its keys are, is open to ${others.join(", ")}`, hint: byHand(dir) };
  };
export const close =
  (s: Shell) =>
  async (dir: string, signal: AbortSignal): Promise<void> => {
    mkdirSync(dir, { recursive: true });
    for (const args of closing(dir)) {
      const r = await s.icacls(args, signal);
      if (r.code !== 0) throw new Fault("forbidden", `${dir} could not be closed to others (icacls ended with ${r.code}). Close it ${byHand(dir)}`);
    }
    const now = await closed(s)(dir, signal);
    if ("wrong" in now) throw new Fault("forbidden", `${now.wrong}. What to do: ${now.hint}`);
  };
