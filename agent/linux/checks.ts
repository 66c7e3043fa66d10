/** What the doctor looks at on a Linux host itself. Rule: it changes nothing. */
import { accessSync, closeSync, constants, existsSync, openSync } from "node:fs";
import { runChild } from "../../src/wires/child.ts";
import type { Found } from "../platform.ts";
import { SHADOW } from "./accounts.ts";

const LOCKS = ["/etc/passwd.lock", "/etc/shadow.lock"];

export const rights = (uid: number): Promise<Found> =>
  Promise.resolve(
    uid === 0
      ? { says: "runs as root" }
      : {
          wrong: "it does not run as root, and only root sets passwords",
          hint: "run it as root: sudo lockstep-agent doctor; the service runs as root by itself",
        },
  );
export const writable = async (signal: AbortSignal): Promise<Found> => {
  const stale = LOCKS.find((f) => existsSync(f));
  if (stale)
    return {
      wrong: `${stale} is there: another program changes accounts, or died doing so`,
      hint: `when no such program runs any more, remove ${stale}`,
    };
  try {
    accessSync("/etc", constants.W_OK);
    closeSync(openSync(SHADOW, "r+"));
  } catch (e) {
    return {
      wrong: `${SHADOW} cannot be written (${(e as { code?: string }).code ?? "?"})`,
      hint: "is / mounted read-only, or the file immutable (lsattr)? Mount it for writing, or chattr -i",
    };
  }
  // An empty batch takes the lock and changes nothing.
  const dry = await runChild("chpasswd", ["-e"], { input: "", signal });
  return dry.code === 0
    ? { says: "passwords can be set" }
    : {
        wrong: `chpasswd does not run: ${dry.stderr.trim().slice(0, 200) || "it is not installed"}`,
        hint: "install the package passwd (shadow-utils), and look at the disk's free space",
      };
};
