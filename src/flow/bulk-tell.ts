/** What whoever was named reads of a bulk change or a run of a schedule. Rule: in the transaction of what it tells of, with the result of every account, and never a secret. */
import type { Bulk } from "../domain/bulk.ts";
import { resultLines, type NoticeKind, type Recipients as Named, type Result } from "../domain/notice.ts";
import { has } from "../domain/person.ts";
import { runText, type Schedule } from "../domain/schedule.ts";
import type { GroupId, PersonId } from "../kernel/ids.ts";
import * as bulks from "../store/bulks.ts";
import * as people from "../store/people.ts";
import type { Tx } from "../store/db.ts";
import type { Chosen } from "./choose.ts";
import { nameOf } from "./choose.ts";
import type { Deps } from "./deps.ts";
import { tell } from "./tell.ts";

type Small = Pick<Deps, "random" | "bus">;
/** Kept by id when they were named (recipients.ts). */
const to = (n: Bulk["notify"]): Named => ({ people: n.people as PersonId[], groups: n.groups as GroupId[], addresses: n.addresses });
const WORD = { done: "changed", failed: "not changed", skipped: "left out", changing: "still under way", waiting: "not begun", held: "held" } as const;
const results = async (tx: Tx, b: Bulk): Promise<Result[]> =>
  (await bulks.items(tx, b.id, { limit: 10_000 })).map((i) => ({ name: i.name, result: WORD[i.state], why: i.why, failed: i.state !== "done" }));

/** Over, or halted until somebody decides. Whoever began it is told too. */
export const tellBulk = async (deps: Small, tx: Tx, b: Bulk): Promise<void> => {
  if (b.state !== "done" && b.state !== "stopped" && b.state !== "halted") return;
  const all = await results(tx, b), bad = all.filter((r) => r.failed).length, what = b.trigger === "schedule" ? "The scheduled change" : "The bulk change", kind: NoticeKind = bad > 0 || b.state === "halted" ? "rotation_failed" : "password_changed";
  const end = b.state === "halted" ? `has halted: ${b.why ?? "too many failed"}. Somebody must let it go on or stop it` : b.state === "stopped" ? "was stopped" : "is over";
  await tell(deps, tx, {
    kind, about: { bulk: b.id, ...(b.schedule ? { schedule: b.schedule } : {}) }, path: `/bulk/${b.id}`, to: to(b.notify), audience: [b.by],
    subject: `Password change ${b.state === "halted" ? "halted" : "over"}: ${all.length - bad} of ${all.length} changed`,
    lines: [`${what} ${end}.`, `Why: ${b.reason}`, "", ...resultLines(all)],
  });
};
/** Before a run: what it will be about, as it is now. Once, by `toldOf` in the same transaction; whoever saves it anew has people told anew. */
export const tellComing = async (deps: Small, tx: Tx, s: Schedule<"active">, list: readonly Chosen[]): Promise<void> => {
  const held = list.filter((c) => c.holds.length > 0);
  await tell(deps, tx, {
    kind: "password_changed", about: { schedule: s.id }, path: `/schedules/${s.id}`, to: to(s.notify), subject: `Passwords will be changed: ${s.name}`,
    lines: [
      `The schedule "${s.name}" changes ${list.length} passwords at ${runText(s.when, s.nextAt)} (${s.when.zone}).`, `Why: ${s.reason}`, "",
      ...(held.length > 0 ? [`Held now, and waited for if they still are then: ${held.map((c) => `${nameOf(c)} by ${c.holds.map((h) => h.personName).join(", ")}`).slice(0, 50).join("; ")}.`, ""] : []),
      ...list.slice(0, 200).map(nameOf), ...(list.length > 200 ? [`… and ${list.length - 200} more.`] : []),
    ],
  });
};
/** A run that could not begin. */
export const tellLeftOut = (deps: Small, tx: Tx, s: Schedule, why: string): Promise<unknown> => tell(deps, tx, {
  kind: "rotation_failed", about: { schedule: s.id }, path: `/schedules/${s.id}`, to: to(s.notify), audience: [s.by], subject: `A scheduled password change was left out: ${s.name}`, lines: [`The run of "${s.name}" was left out: ${why}.`, "Nothing was changed. The next run comes at its time."],
});
/** law no-way-round-1: somebody knows a password that is about to be in force. Their owners and every auditor, once and not account by account. */
export const tellGiven = async (deps: Small, tx: Tx, b: Bulk, list: readonly Chosen[]): Promise<void> => {
  const owners = new Set(list.map((c) => c.target.owner)), everyone = await people.all(tx), who = everyone.find((p) => p.id === b.by)?.name ?? "Somebody";
  await tell(deps, tx, {
    kind: "password_typed", about: { bulk: b.id }, path: `/bulk/${b.id}`, to: {}, audience: everyone.filter((p) => owners.has(p.id) || has(p, "auditor")).map((p) => p.id), subject: `${who} gave one password for ${list.length} accounts`,
    lines: ["Whoever gave it knows it. The broker changes it some hours after it was given, and at once where it was handed out meanwhile.", `Why: ${b.reason}`, "", ...list.slice(0, 200).map(nameOf)],
  });
};
