/** The files of certificate authorities and of what they revoked. Rule: read at every use; one that cannot be read lets nobody in. */
import { readFileSync } from "node:fs";
import { Fault } from "../kernel/fault.ts";

export type AuthorityFiles = { readonly authorities: string | undefined; readonly revoked: string | undefined };

const read = (setting: string, file: string): string => {
  try { return readFileSync(file, "utf8"); } catch (cause) {
    throw new Fault("unavailable", `${setting}: ${file} cannot be read (${(cause as NodeJS.ErrnoException).code ?? "error"}).`, { cause });
  }
};

/** The text of both; null where none is set. */
export const authorityTexts = ({ authorities, revoked }: AuthorityFiles): { readonly keys: string; readonly revoked: string } | null =>
  (authorities === undefined ? null : { keys: read("LOCKSTEP_SSH_CA", authorities),
    revoked: revoked === undefined ? "" : read("LOCKSTEP_SSH_REVOKED", revoked) });
