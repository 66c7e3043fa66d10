/** A policy's binding in words. Rule: pure text; an id without a name stays an id, never a blank. */
import type { Policy } from "../src/domain/policy.ts";

export type Names = ReadonlyMap<string, string>;
type Binding = Pick<Policy, "binding">;

const list = (ids: readonly string[], names: Names): string => ids.map((id) => names.get(id) ?? id).join(", ");

/** "group Web operations, ada" */
/** "2 votes by anders, group Operators". */
export const votesBy = ({ terms, binding: b }: Pick<Policy, "terms" | "binding">, names: Names, nobody: string): string => {
  if (terms.preset === "break-glass") return "no vote";
  return `${terms.approvals === 1 ? "1 vote" : `${terms.approvals} votes`} by ${whom(b.approvers, b.approverGroups, names, nobody)}`;
};
export const whom = (people: readonly string[], groups: readonly string[], names: Names, none: string): string =>
  [...groups.map((g) => `group ${names.get(g) ?? g}`), ...(people.length > 0 ? [list(people, names)] : [])].join(", ") || none;

/** "root, deploy* on web-* tagged production" */
export const which = ({ binding: b }: Binding): string =>
  [
    b.accountNames.length > 0 ? b.accountNames.join(", ") : "every account",
    b.targets.length > 0 ? `on ${b.targets.join(", ")}` : "on every target",
    b.tags.length > 0 ? `tagged ${b.tags.join(" or ")}` : "",
    b.platforms.length > 0 ? `of ${b.platforms.join(", ")}` : "",
  ]
    .filter(Boolean)
    .join(" ");

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] as const;
type Openings = NonNullable<Policy["terms"]["hours"]>["open"];
/** One line an opening, as domain/hours.ts reads it back: "Mon, Tue 08:00-17:00" */
export const openings = (open: Openings): readonly string[] => open.map((o) => `${o.days.map((d) => DAYS[d - 1]).join(", ")} ${o.from}-${o.to}`);
