/** The closure certificate: what is known of the password a use was given. Rule: it states what was asked and answered, and what was not; nothing it does not know is called closed. */
import type { State } from "./rotation.ts";

export type Check = { readonly step: string; readonly dueAt: Date; readonly doneAt: Date | null; readonly fresh: string | null; readonly old: string | null };
export type CertificateFacts = {
  /** Passwords that left the vault under the request: number of versions, the last time. */
  readonly used: { readonly versions: number; readonly lastAt: Date; readonly seen: boolean } | null;
  /** The use goes on: a live checkout. */
  readonly inUse: boolean;
  /** The rotation that ended it: the first proven one to another version after the last use; else the one that is open. */
  readonly rotation: { readonly id: string; readonly state: State; readonly openedAt: Date; readonly endedAt: Date | null; readonly why: string | null; readonly provenBy: "login" | "compare" | null } | null;
  readonly checks: readonly Check[];
  /** What was said of logins opened directly on the target, or null when nobody was asked. */
  readonly logins: string | null;
  /** What kind of logins those are on this platform; SSH logins where nothing is said. */
  readonly loginsAre?: string;
};
/** ok: known and good. bad: known and not good. open: not known yet, or never will be. */
export type Line = { readonly what: "used" | "new" | "old" | "logins"; readonly tone: "ok" | "bad" | "open"; readonly says: string; readonly at: Date | null };
export type Certificate = { readonly state: "unused" | "in_use" | "open" | "failed" | "closed"; readonly says: string; readonly lines: readonly Line[]; readonly rotation: string | null };

const line = (what: Line["what"], tone: Line["tone"], says: string, at: Date | null = null): Line => ({ what, tone, says, at });
const usedLine = (u: NonNullable<CertificateFacts["used"]>): Line =>
  line("used", "ok", `${u.versions === 1 ? "One password" : `${u.versions} passwords`} left the vault under this request; ${u.seen ? "the person saw it" : "it was carried past the person unseen"}.`, u.lastAt);

const latest = (checks: readonly Check[]): Check | null => checks.filter((c) => c.doneAt !== null && c.fresh !== "superseded").toSorted((a, b) => b.doneAt!.getTime() - a.doneAt!.getTime())[0] ?? null;
const nextDue = (checks: readonly Check[]): Date | null => checks.filter((c) => c.doneAt === null).map((c) => c.dueAt).toSorted((a, b) => a.getTime() - b.getTime())[0] ?? null;

const newLine = (f: CertificateFacts): Line => {
  const r = f.rotation!, by = r.provenBy === "login" ? "by a fresh login" : r.provenBy === "compare" ? "by comparing with the target's own record" : "by asking the target", drift = f.checks.find((c) => c.fresh === "refused");
  return drift ? line("new", "bad", "The new password was proven, but a later check found that the target does not take it.", drift.doneAt) : line("new", "ok", `The new password was proven to be in force ${by}.`, r.endedAt);
};
const oldLine = (f: CertificateFacts): Line => {
  const refused = f.checks.find((c) => c.old === "refused"), due = nextDue(f.checks), last = latest(f.checks);
  if (refused) return line("old", "ok", "The old password is refused: the target's own record was compared with it.", refused.doneAt);
  if (f.checks.length > 0 && f.checks.every((c) => c.fresh === "superseded")) return line("old", "open", "The old password was not asked: the password was changed once more before this could be checked.");
  if (last) return line("old", "open", `The old password was not asked${last.old && last.old !== "not asked" ? ` (${last.old})` : ": this target shows no record to compare with, and a refused login is not spent on it"}.`, last.doneAt);
  return line("old", "open", due ? "Whether the old password is refused is not known yet; it is asked at the time beside this." : "Whether the old password is refused is not known, and no check of it is planned.", due);
};
const loginsLine = (f: CertificateFacts): Line =>
  f.logins === null ? line("logins", "open", "Whether logins were open directly on the target was not asked.") : line("logins", / ended$/.test(f.logins) ? "ok" : "open", `${f.loginsAre ?? "SSH logins"} opened directly on the target: ${f.logins}.`);

export const certificateOf = (f: CertificateFacts): Certificate => {
  if (f.used === null) return { state: "unused", says: "No password left the vault under this request. There is nothing to close.", lines: [], rotation: null };
  const lines = [usedLine(f.used)], r = f.rotation;
  if (r?.state === "committed") {
    const all = [...lines, newLine(f), oldLine(f), loginsLine(f)], bad = all.some((l) => l.tone === "bad"), open = all.some((l) => l.tone === "open");
    const says = bad ? "The password was changed, but is not in force as it should be." : open ? "The password was changed and proven. Not everything about the old one is known." : "Closed: the new password works, the old one does not.";
    return { state: bad ? "failed" : open ? "open" : "closed", says, lines: all, rotation: r.id };
  }
  if (f.inUse) return { state: "in_use", says: "It is in use. The password is changed when the use is over.", lines, rotation: r?.id ?? null };
  if (r === null) return { state: "open", says: "The use is over. The password was not changed yet.", lines, rotation: null };
  const stuck = r.state === "refused" || r.state === "dead_letter";
  const says = stuck ? "The password could NOT be changed: what was used may still open the account." : "The use is over and the password is being changed. Until that is proven, what was used may open the account.";
  return { state: stuck ? "failed" : "open", says, lines: [...lines, line("new", stuck ? "bad" : "open", r.why ?? (stuck ? "The change was given up." : `The change is ${r.state}.`), r.endedAt)], rotation: r.id };
};
