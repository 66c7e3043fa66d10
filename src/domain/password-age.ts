/** How old a password may and must be. Rule: a minimum age stops a wish, never a need: what somebody knows, or what is not in force, is changed whatever its age. */
import type { Times } from "../kernel/times.ts";
import type { PasswordPolicy } from "./password-policy.ts";
import type { Trigger } from "./rotation.ts";

type Ages = Pick<PasswordPolicy, "minAgeHours" | "maxAgeDays">;
const WISHES: readonly Trigger[] = ["manual", "schedule", "bulk"];

/** Until when it stays for this trigger; null = it may go now. `since`: when the one in force was made; null where nothing is in force. */
export const keptUntil = (p: Ages, trigger: Trigger, since: Date | null, now: Date, t: Pick<Times, "policyHour">): Date | null => {
  if (since === null || !WISHES.includes(trigger)) return null;
  const until = new Date(since.getTime() + p.minAgeHours * t.policyHour);
  return until > now ? until : null;
};
/** When it must be changed for its age alone; null = never. */
export const goneBy = (p: Ages, since: Date, t: Pick<Times, "policyDay">): Date | null => (p.maxAgeDays === 0 ? null : new Date(since.getTime() + p.maxAgeDays * t.policyDay));
export const tooOld = (p: Ages, since: Date, now: Date, t: Pick<Times, "policyDay">): boolean => { const by = goneBy(p, since, t); return by !== null && by <= now; };
