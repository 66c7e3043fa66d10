/** What a field of the shadow file says of passwords. Rule: a hash that is not computed here, an empty or a locked field is unknown, never "no". */
import { revealBytes } from "../kernel/reveal.ts";
import type { Secret } from "../kernel/secret.ts";
import type { CompareResult } from "./connector.ts";
import { computable, matches } from "./sha512-crypt.ts";

/** Which secret fits the hash field of a shadow line. */
export const judge = (field: string, secrets: readonly Secret[]): CompareResult => {
  if (field === "") return { unknown: "the account has an empty password" };
  if (/^[!*]/.test(field)) return { unknown: "the account is locked on the target" };
  const kind = /^\$[^$]{1,8}\$/.exec(field)?.[0] ?? "unnamed";
  if (!computable(field)) return { unknown: `the target keeps a kind of hash that is not computed here (${kind})` };
  const match = secrets.findIndex((s) => matches(revealBytes(s), field));
  return match < 0 ? "none" : { match };
};
