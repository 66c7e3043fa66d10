/** What to do with one account of a bulk change now. Rule: pure, and asked again under the account's lock; rotation.md's table of triggers in code. */
import type { SessionId } from "../kernel/ids.ts";
import type { Block, Credential, Hold } from "./account.ts";
import { deny, hold, postpone, satisfy, skip, type Bulk, type Item, type ItemStep } from "./bulk.ts";
import { later, type Origin } from "./rotation.ts";

type InHand = Pick<Hold, "person" | "personName" | "until">;
export type AccountNow = {
  readonly credential: Credential; readonly block: Block; readonly targetLocked: boolean; readonly holds: readonly InHand[]; readonly sessions: readonly SessionId[];
  readonly rotatedAt: Date | null; readonly open: { readonly origin: Origin; readonly dead: boolean } | null;
  /** Whoever asked may still change this account. */
  readonly may: boolean;
};
export type Decided = ItemStep | "open";
type Waits = { readonly sweep: number; readonly retryFirst: number };

const BLOCKED: Record<Exclude<Block, "none">, string> = { disabled: "it is disabled", locked: "it is locked", identity_changed: "its target's identity must be accepted first", untried: "the draft of its target must be tried first" };
type Users = Pick<AccountNow, "holds" | "sessions">;
/** One hold of one person, as a word: the same person holding it anew is another. */
const holdWord = (h: InHand): string => `${h.person} ${h.until.toISOString()}`;
/** What a person who looks at an account's users has looked at. */
export const looked = (u: Users): string[] => [...u.sessions, ...u.holds.map(holdWord)].sort();
/** Who is in the way: everybody, or, of a bulk that cuts, whoever was not looked at. */
const inTheWay = (b: Bulk, i: Pick<Item, "seen">, n: AccountNow): Users =>
  (b.cut ? { holds: n.holds.filter((h) => !i.seen.includes(holdWord(h))), sessions: n.sessions.filter((s) => !i.seen.includes(s)) } : n);
const holder = (n: Users): string => {
  const h = n.holds[0];
  return h ? `held by ${n.holds.map((x) => x.personName).join(", ")} until ${h.until.toISOString().slice(0, 16).replace("T", " ")} UTC` : "a session of it is still open";
};
/** Why it would be left alone or fail, whoever holds it; null: nothing stands in the way. */
export const stands = (b: Pick<Bulk, "apply">, n: Pick<AccountNow, "credential" | "block" | "targetLocked" | "open">): { readonly fails: boolean; readonly why: string } | null => {
  if (n.credential === "quarantined" || n.open?.dead) return { fails: true, why: "nobody knows which password is in force; a person must settle it on the account's page first" };
  if (b.apply && n.credential === "unmanaged") return { fails: false, why: "it is not managed: adopt it first" };
  if (n.credential === "adopting") return { fails: false, why: "its adoption is not finished" };
  if (n.block !== "none") return { fails: false, why: BLOCKED[n.block] };
  return n.targetLocked ? { fails: false, why: "its target is locked" } : null;
};

const late = (b: Bulk, i: Item<"waiting" | "held">, now: Date): ItemStep | null => {
  if (b.state === "stopping") return skip(i, `stopped before it began${i.why ? `: ${i.why}` : ""}`, now);
  return now >= b.until ? skip(i, i.state === "held" && i.why ? i.why : `not begun before the end of the time given${i.why ? `: ${i.why}` : ""}`, now) : null;
};
/** "open": a rotation is opened for it, after cutting where the bulk says so. */
export const decide = (b: Bulk, i: Item<"waiting" | "held">, n: AccountNow, now: Date, t: Waits): Decided => {
  const over = late(b, i, now);
  if (over) return over;
  if (!n.may) return deny(i, "whoever asked for this may no longer change it", now);
  const why = stands(b, n);
  if (why) return why.fails ? deny(i, why.why, now) : skip(i, why.why, now);
  const others = inTheWay(b, i, n);
  if (b.apply && others.holds.length + others.sessions.length > 0) return hold(i, `${holder(others)}${b.cut ? ", and nobody had looked at that" : ""}`, later(now, t.sweep));
  // The rotation at the end of the hold is as good as ours, where any new password will do.
  if (b.how === "unique" && i.state === "held" && n.rotatedAt !== null && n.rotatedAt > b.at) return satisfy(i, "changed when the hold ended", now);
  // A given password is never joined to somebody else's candidate.
  if (n.open && (b.how !== "unique" || n.open.origin !== "generated")) return postpone(i, "another change of it is under way", later(now, t.retryFirst));
  return "open";
};
