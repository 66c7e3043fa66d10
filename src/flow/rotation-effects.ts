/** What must become true with a rotation's step, in its transaction. Rule: the effects are data made by the domain; nothing is decided here. */
import { newId } from "../kernel/ids.ts";
import { CREDENTIAL_NEXT, type Credential } from "../domain/account.ts";
import { loginAccepted, loginNotSent, loginsLeft, reserveLogin } from "../domain/rotation-facts.ts";
import { open as opening, type Effects, type Rotation } from "../domain/rotation.ts";
import * as accounts from "../store/accounts.ts";
import type { Credited } from "../store/accounts.ts";
import type { Tx } from "../store/db.ts";
import * as rotations from "../store/rotations.ts";
import * as versions from "../store/versions.ts";
import { openAfter } from "./dependent-open.ts";
import type { Deps } from "./deps.ts";
import type { World } from "./rotation-load.ts";

/** A fact that is worse than "being changed" stays: a heal of an unverified account is still unverified. */
const credited = (now: Credential, wanted: Credential | null): Credential | null =>
  wanted === null || wanted === now || !(CREDENTIAL_NEXT[now] as readonly string[]).includes(wanted) ? null : wanted;

export const applyEffects = async (deps: Pick<Deps, "random" | "times" | "bus">, tx: Tx, to: Rotation, e: Effects, w: World): Promise<void> => {
  const { account, facts } = w;
  const set: { -readonly [K in keyof Credited]: Credited[K] } = {};
  const credential = credited(account.credential, e.credential);
  await versions.setStatuses(tx, e.versions);
  if (credential) set.credential = credential;
  for (const v of e.versions) {
    if (v.to === "current") { set.current = v.id; set.verifiedAt = tx.now; }
    if (v.to === "previous") set.previous = v.id;
  }
  if (e.rotatedNo !== null) { set.rotatedNo = e.rotatedNo; set.rotatedAt = tx.now; }
  if (e.adopted !== null) set.adopted = e.adopted;
  await accounts.credit(tx, account.id, set);
  // Verify and closure spend the same budget: what was free when `next` looked may be gone.
  if (e.login === "reserve" && loginsLeft(facts.budget, tx.now) < 1) throw new rotations.Fenced(`rotation ${to.id}: the login budget was spent meanwhile`);
  if (e.login) await accounts.setBudget(tx, account.id, budgetAfter(e.login, deps, w, tx.now));
  // Its users waited while this one changed itself.
  if ((to.state === "committed" || to.state === "refused") && w.target.administrative === account.id) await rotations.wakeWaiting(tx, w.target.id);
  if (e.closure) await openClosures(deps, tx, to, e.closure);
  if (e.openNext) {
    const next = opening({ id: newId("rotation", deps.random), account: account.id, trigger: e.openNext, reason: `after ${to.id}`, by: null, origin: "generated", before: set.credential ?? account.credential, candidate: null });
    await rotations.open(tx, next);
  }
  if (to.state === "committed" || to.state === "refused") await openAfter(deps, tx, to, e.versions.find((v) => v.to === "current")?.id ?? null, account);
  const over = to.state === "committed" || to.state === "refused" || to.state === "dead_letter";
  tx.onCommit(() => { deps.bus.publish(account.id); deps.bus.publish("rotations"); if (over) deps.bus.publish("rotation-ends"); });
};

const budgetAfter = (login: NonNullable<Effects["login"]>, deps: Pick<Deps, "times">, { facts }: World, now: Date) =>
  login === "reserve" ? reserveLogin(facts.budget, facts, now, deps.times) : login === "accepted" ? loginAccepted(facts.budget, facts) : loginNotSent(facts.budget);

const openClosures = async (deps: Pick<Deps, "random">, tx: Tx, to: Rotation, c: NonNullable<Effects["closure"]>): Promise<void> => {
  await rotations.supersedeClosures(tx, to.account);
  for (const [i, dueAt] of c.at.entries()) {
    await rotations.addClosure(tx, { id: `clo_${to.id.slice(4)}_${i + 1}`, rotation: to.id, account: to.account, version: c.current, old: c.old, step: i === 0 ? "first" : "second", dueAt });
  }
};
