/** Our password policy beside the target's own. Rule: a sentence for each rule that would stop, undo or betray a change; what we do not know of the target is not called fine. */
import type { PasswordPolicy } from "./password-policy.ts";
import { CLASS_NAMES, CLASS_WORDS } from "./password-policy.ts";
import { LOGINS_PER_WINDOW, type Way } from "./rotation-facts.ts";

/** A connector's TargetRules fits. */
export type TheirRules = Readonly<Partial<Record<"minLength" | "lower" | "upper" | "digit" | "symbol" | "classes" | "maxRepeat" | "minAgeDays" | "maxAgeDays" | "remembers" | "lockAfter" | "lockSeconds" | "maxLength", number>>>;
/** `stops`: the target will refuse our changes. Else it is worth knowing: an administrator's change passes, a person's own would not. */
export type Conflict = { readonly stops: boolean; readonly says: string };

export const conflicts = (p: PasswordPolicy, t: TheirRules, way: Way): readonly Conflict[] => {
  const out: Conflict[] = [], own = way === "self";
  const note = (when: boolean, says: string, stops = own): void => { if (when) out.push({ stops, says }); };
  note((t.minLength ?? 0) > p.length, `The target wants ${t.minLength ?? 0} characters, policy ${p.name} makes ${p.length}.`);
  note(t.maxLength !== undefined && t.maxLength < p.length, `The target takes ${t.maxLength ?? 0} characters at most, policy ${p.name} makes ${p.length}.`, true);
  for (const c of CLASS_NAMES) note((t[c] ?? 0) > p[c], `The target wants ${t[c] ?? 0} ${CLASS_WORDS[c]}, policy ${p.name} asks for ${p[c]}.`);
  note((t.classes ?? 0) > CLASS_NAMES.filter((c) => p[c] > 0).length, `The target wants ${t.classes ?? 0} kinds of characters, policy ${p.name} asks for ${CLASS_NAMES.filter((c) => p[c] > 0).length}.`);
  note(t.maxRepeat !== undefined && t.maxRepeat < p.maxRepeat, `The target refuses more than ${t.maxRepeat ?? 0} of the same in a row, policy ${p.name} lets ${p.maxRepeat} through.`);
  note((t.remembers ?? 0) > p.history, `The target remembers the last ${t.remembers ?? 0}, policy ${p.name} compares with ${p.history}.`);
  note((t.minAgeDays ?? 0) > 0, `The target lets the account change its own password only every ${t.minAgeDays ?? 0} days: a change at the end of each use ${own ? "will be refused" : "goes through its administrative account, and only through that"}.`);
  note(t.maxAgeDays !== undefined && (p.maxAgeDays === 0 || p.maxAgeDays >= t.maxAgeDays), `The target lets a password expire after ${t.maxAgeDays ?? 0} days, and policy ${p.name} ${p.maxAgeDays === 0 ? "never changes it for its age" : `changes it after ${p.maxAgeDays}`}: logins would be stopped until it is changed.`, true);
  note(t.lockAfter !== undefined && t.lockAfter <= LOGINS_PER_WINDOW, `The target locks an account after ${t.lockAfter ?? 0} refused logins; the broker may spend ${LOGINS_PER_WINDOW} to find out which password is in force.`, true);
  return out;
};
