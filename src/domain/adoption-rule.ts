/** What a rule that somebody accepted does with accounts that are found. Rule: ignoring goes before adopting, and a person's word before both. */
import { z } from "zod";
import type { CollectionId, PersonId, RuleId, TargetId } from "../kernel/ids.ts";
import type { Found } from "./discovery.ts";
import { like } from "./like.ts";

export const RuleInput = z.object({
  /** `*` stands for anything: svc-*, app*, * */
  pattern: z.string().trim().min(1).max(128), does: z.enum(["adopt", "ignore"]),
  /** Of those, only these. What a target did not tell is neither. */
  only: z.enum(["all", "privileged", "unprivileged"]).default("all"),
  /** One target, one group, or (neither) everything its author manages then. */
  target: z.string().max(80).nullable().default(null), group: z.string().max(80).nullable().default(null),
  reason: z.string().trim().min(3, "Say why, in three or more characters").max(300),
}).refine((r) => r.target === null || r.group === null, { path: ["group"], message: "a rule is about one target or one group, not both" });
export type RuleInput = z.infer<typeof RuleInput>;

export type Rule = {
  readonly id: RuleId; readonly pattern: string; readonly does: "adopt" | "ignore"; readonly only: "all" | "privileged" | "unprivileged";
  readonly target: TargetId | null; readonly collection: CollectionId | null; readonly reason: string;
  /** Acts in this person's right, as their roles are when it acts. */
  readonly by: PersonId; readonly at: Date; readonly endedAt: Date | null;
};
type About = Pick<Found, "name" | "told">;
/** `groups`: the sets that the target is in. */
export const matches = (r: Rule, f: About, target: TargetId, groups: readonly CollectionId[]): boolean =>
  r.endedAt === null && (r.target === null || r.target === target) && (r.collection === null || groups.includes(r.collection)) && like(r.pattern, f.name)
  && (r.only === "all" || f.told.privileged === (r.only === "privileged"));
/** The first that speaks of it; one that ignores before any that adopts. */
export const ruleFor = (rules: readonly Rule[], f: About, target: TargetId, groups: readonly CollectionId[]): Rule | null => {
  const all = rules.filter((r) => matches(r, f, target, groups));
  return all.find((r) => r.does === "ignore") ?? all[0] ?? null;
};
