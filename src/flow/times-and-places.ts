/** When and from where a policy may be used. Rule: asked at the ask and again at every use; each refusal says what would be right. */
import { Fault } from "../kernel/fault.ts";
import type { Actor } from "../domain/audit.ts";
import { closedSentence, closesAt, isOpen } from "../domain/hours.ts";
import { isFrom } from "../domain/networks.ts";
import type { Policy } from "../domain/policy.ts";
import type { AskInput, Request } from "../domain/request.ts";
import type { Tx } from "../store/db.ts";
import * as requests from "../store/requests.ts";

/** How far ahead a window may be booked. */
const AHEAD = 90 * 24 * 3_600_000;
const clock = (text: string): string => `${text.slice(0, 16).replace("T", " ")} UTC`;

export const refusePlace = ({ name, terms }: Policy, address: string): void => {
  if (!isFrom(address, terms.networks)) throw new Fault("forbidden", `The policy "${name}" may be asked for and used from ${terms.networks.join(", ")} only; you come from ${address}.`);
};

/** The window as it is kept, or every rule it breaks. */
export const windowOf = ({ terms }: Policy, input: AskInput, now: Date, broken: string[]): { from: string; to: string } | null => {
  if (!input.window) return null;
  const from = new Date(input.window.from), to = new Date(input.window.to), length = Math.ceil((to.getTime() - from.getTime()) / 60_000);
  if (terms.preset === "break-glass") broken.push("break-glass is for now, not for later");
  if (from < now || to <= from) broken.push("a window begins in the future and ends after it begins");
  else if (from.getTime() > now.getTime() + AHEAD) broken.push("a window can be booked at most 90 days ahead");
  if (length > terms.maxMinutes) broken.push(`at most ${terms.maxMinutes} minutes are allowed`);
  const closes = closesAt(terms.hours, from);
  if (terms.hours && (!isOpen(terms.hours, from) || (closes !== null && closes < to))) broken.push(`the window must lie in the policy's hours: ${closedSentence(terms.hours, from) ?? "it closes before the window ends"}`);
  return { from: from.toISOString(), to: to.toISOString() };
};

/** Why it is not the time, or null. */
export const timeObstacle = ({ name, terms }: Policy, r: Request, now: Date): string | null => {
  if (r.terms.window && new Date(r.terms.window.from) > now) return `Your window opens ${clock(r.terms.window.from)}.`;
  const closed = closedSentence(terms.hours, now);
  return closed === null ? null : `The policy "${name}" is closed now. ${closed}`;
};
export const refuseTime = (policy: Policy, r: Request, who: Actor, now: Date): void => {
  if (who.kind !== "broker") refusePlace(policy, who.address);
  const why = timeObstacle(policy, r, now);
  if (why) throw new Fault("conflict", why);
};

/** What ends a checkout before its minutes do: the policy's hours, and the next booked window of somebody else. */
export const latestEnd = async (tx: Tx, policy: Policy, r: Request<"approved">): Promise<Date | null> => {
  const closes = closesAt(policy.terms.hours, tx.now), next = r.exclusive ? await requests.nextWindow(tx, r) : null;
  if (next && new Date(next.terms.window!.from).getTime() - tx.now.getTime() < 60_000) throw new Fault("conflict", `This account is booked from ${clock(next.terms.window!.from)} to ${clock(next.terms.window!.to)}.`);
  const ends = [closes, next ? new Date(next.terms.window!.from) : null].filter((d): d is Date => d !== null);
  return ends.length > 0 ? new Date(Math.min(...ends.map(Number))) : null;
};

/** Fixed windows of one exclusive account may not overlap: the sentence names the other; the table holds the same. */
export const overlapObstacle = async (tx: Tx, r: Request<"pending">): Promise<string | null> => {
  const other = r.terms.window && r.exclusive ? await requests.overlapping(tx, r) : null;
  return other && `This window overlaps ${other.request.id} of ${other.requesterName}: ${clock(other.request.terms.window!.from)} to ${clock(other.request.terms.window!.to)}. Deny it, or revoke the other.`;
};
