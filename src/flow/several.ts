/** One act on several accounts: who is affected, then doing it. Rule: each account is decided by its own verb, in its own transaction; one that fails leaves the others alone. */
import { Fault, toFault } from "../kernel/fault.ts";
import type { AccountId, RotationId } from "../kernel/ids.ts";
import { obstacle, standing, type Hold, type Standing } from "../domain/account.ts";
import { may } from "../domain/may.ts";
import type { Deps } from "./deps.ts";
import { rotateNow, setBlock } from "./accounts.ts";
import { accountCards, type AccountCard } from "./look.ts";
import { actor, record, type Caller } from "./record.ts";
import * as sessions from "../store/sessions.ts";
import { verify } from "./verify.ts";

export const ACTS = ["rotate", "verify", "block", "unblock"] as const;
export type SeveralAct = (typeof ACTS)[number];
export const MOST = 200;
const AT_ONCE = 4;

/** `stops`: why this account would be left alone, in the words of its verb; null = it would be done. */
export type Affected = { readonly id: AccountId; readonly name: string; readonly standing: Standing; readonly holds: readonly Hold[]; readonly liveSessions: number; readonly administers: string | null; readonly stops: string | null };
export type Outcome = { readonly id: AccountId; readonly name: string; readonly ok: boolean; readonly said: string; readonly rotation: RotationId | null };

const stops = (act: SeveralAct, c: AccountCard): string | null => {
  const { account: a } = c, managed = a.credential !== "unmanaged" && a.credential !== "adopting", held = c.holds[0];
  if (!c.manage) return "not yours to manage";
  if (a.block === "identity_changed") return "its target's identity must be accepted first";
  if (a.block === "untried") return "the draft of its target must be tried first";
  if (act === "unblock") return a.block === "none" ? "it is not blocked" : null;
  if (act === "block") return a.block === "none" ? null : `it is ${a.block} already`;
  if (!managed) return "it is not managed yet";
  if (a.block !== "none") return `it is ${a.block}`;
  return act === "rotate" && held ? `${held.personName} holds it` : null;
};
const chosen = async (deps: Deps, caller: Caller, ids: readonly string[]): Promise<AccountCard[]> => {
  if (ids.length === 0) throw new Fault("invalid", "No account was chosen. Tick one or more in the list.");
  if (ids.length > MOST) throw new Fault("invalid", `${ids.length} accounts are more than one press takes (${MOST}).`);
  const cards = await accountCards(deps.db, caller.person), found = cards.filter((c) => ids.includes(c.account.id) || ids.includes(`${c.account.name}@${c.target.name}`));
  if (found.length < new Set(ids).size) throw new Fault("not_found", "One of these accounts does not exist, or is not yours to see.");
  return found;
};

export const preview = async (deps: Deps, caller: Caller, act: SeveralAct, ids: readonly string[]): Promise<Affected[]> => Promise.all((await chosen(deps, caller, ids)).map(async (c) => ({
  id: c.account.id, name: `${c.account.name}@${c.target.name}`, standing: standing(c.account, c.holds), holds: c.holds, stops: stops(act, c),
  liveSessions: (await sessions.openWhere(deps.db, { account: c.account.id })).length,
  administers: c.target.administrative === c.account.id ? c.target.name : null,
})));

const one = async (deps: Deps, caller: Caller, act: SeveralAct, id: AccountId, reason: string): Promise<Pick<Outcome, "ok" | "said" | "rotation">> => {
  switch (act) {
    case "rotate": return { ok: true, said: "a change is under way", rotation: await rotateNow(deps, caller, id, reason) };
    case "verify": { const v = await verify(deps, caller, id); return { ok: v.verdict === "in_force", said: v.why, rotation: null }; }
    case "block": await setBlock(deps, caller, id, "locked", reason); return { ok: true, said: "blocked; its live sessions are cut", rotation: null };
    case "unblock": { const left = await setBlock(deps, caller, id, "none", reason); return { ok: left === "none", said: left === "none" ? "no longer blocked" : obstacle({ block: left, credential: "in_sync" }, false)!, rotation: null }; }
  }
};
const tried = async (deps: Deps, caller: Caller, act: SeveralAct, c: AccountCard, reason: string): Promise<Outcome> => {
  const whose = { id: c.account.id, name: `${c.account.name}@${c.target.name}` }, no = stops(act, c);
  if (no !== null) return { ...whose, ok: false, said: `left alone: ${no}`, rotation: null };
  try { return { ...whose, ...await one(deps, caller, act, c.account.id, reason) }; } catch (e) {
    if (!(e instanceof Fault)) deps.log("error", `${act} of one of several failed`, { account: c.account.id, what: e instanceof Error ? e.name : "not an error" });
    return { ...whose, ok: false, said: toFault(e).message, rotation: null };
  }
};

/** A few at a time, so that one slow target delays few others. */
export const several = async (deps: Deps, caller: Caller, act: SeveralAct, ids: readonly string[], reason: string): Promise<Outcome[]> => {
  if (act === "block" && reason.trim().length < 3) throw new Fault("invalid", "Say why, in three or more characters: whoever is cut reads it in the log.");
  if (!may(caller.person, "target.add")) throw new Fault("forbidden", "Only admins and owners do this.");
  const queue = [...(await chosen(deps, caller, ids)).entries()], out: Outcome[] = [];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => { for (let next = queue.shift(); next !== undefined; next = queue.shift()) out[next[0]] = await tried(deps, caller, act, next[1], reason.trim()); }));
  await deps.db.transaction((tx) => record(deps, tx, { what: "bulk.run", who: actor(caller), about: { person: caller.person.id }, outcome: "ok", ...(reason ? { why: reason } : {}), facts: { act, accounts: out.length, done: out.filter((o) => o.ok).length } }));
  return out;
};
