/** Everybody else around the rotation, as generators: people using the account, the sweep, the nightly check, the person a dead letter calls. */
import type { VersionId } from "../../src/kernel/ids.ts";
import { askAgain, giveUp, reopen, type Rotation } from "../../src/domain/rotation.ts";
import { isOpen } from "./store.ts";
import { T, type World } from "./world.ts";

type Life = Generator<number, never>;

/** Uses, typed passwords, exposures, an outsider locking the account, an administrator being rotated, until `enough`. */
export const people = function* (w: World, enough: () => boolean): Life {
  for (;;) {
    yield w.between(5_000, 1_500_000);
    if (enough()) continue;
    const s = w.store, roll = w.roll();
    if (w.chance(0.03, "locked_out")) { w.target.lockedUntil = w.now + 600_000; w.count.lockedOut++; }
    if (w.chance(0.1, "admin_busy")) w.adminBusyUntil = w.now + w.between(1_000, 900_000);
    if (isOpen(s.row)) {
      if (roll < 0.1 && s.row.again === null) s.row = { ...s.row, again: askAgain(s.row, "exposure").to.again };
      continue;
    }
    if (s.account.credential !== "in_sync" || s.account.usedNo > s.account.rotatedNo) continue;
    if (roll < 0.1) { typed(w, "given", w.name("given")); continue; }
    if (roll < 0.14) { typed(w, "local", roll < 0.12 ? s.current()!.password : w.name("wrong")); continue; }
    s.account.usedNo++;
    w.held = true;
    yield w.between(1_000, 600_000);
    w.held = false;
    if (roll < 0.7 && !w.wrap.noSweep) openDue(w);
  }
};

const typed = (w: World, origin: "given" | "local", password: string): void => {
  const id = w.name("ver") as VersionId;
  w.store.versions.push({ id, no: w.store.versions.length, status: "declared", password, bad: origin === "given" && w.chance(0.08, "policy") });
  w.store.openRow({ trigger: "manual", origin, candidate: id });
};

const openDue = (w: World): void => {
  const { account, row } = w.store;
  if (w.held || isOpen(row)) return;
  if (account.credential === "unverified") { w.count.heals++; w.store.openRow({ trigger: "heal", origin: "generated", candidate: null }); }
  else if (account.credential === "in_sync" && account.usedNo > account.rotatedNo) w.store.openRow({ trigger: "end_of_use", origin: "generated", candidate: null });
};

/** Finds what a lost hook missed. */
export const sweep = function* (w: World): Life {
  for (;;) {
    const { account, row } = w.store;
    yield isOpen(row) || (account.credential === "in_sync" && account.usedNo <= account.rotatedNo) ? 10 * T.sweep : T.sweep;
    if (!w.wrap.noSweep) openDue(w);
    w.judge.look();
  }
};

/** Is `current` still in force? After every commit, and nightly. Spends the same budget as the healer. */
export const closure = function* (w: World): Life {
  let nightly = T.closureNightly;
  for (;;) {
    const s = w.store;
    yield Math.max(20_000, Math.min(600_000, Math.min(nightly, ...s.checks) - w.now));
    if (w.wrap.noClosure) continue;
    if (w.now >= nightly) { s.checks.push(w.now); nightly = w.now + T.closureNightly; }
    if (!s.checks.some((at) => at <= w.now) || isOpen(s.row) || s.account.credential !== "in_sync") continue;
    const verdict = check(w);
    if (verdict === "unknown") { yield 600_000; continue; }
    s.checks = s.checks.filter((at) => at > w.now);
    if (verdict === "no") { s.credential("unverified"); openDue(w); }
  }
};
const check = (w: World): "yes" | "no" | "unknown" => {
  const s = w.store, password = s.current()!.password;
  if (s.facts().canCompare) {
    const found = w.target.compare([password]);
    return typeof found === "object" ? "unknown" : found === 0 ? "yes" : "no";
  }
  if (!s.reserve()) return "unknown";
  const answer = w.target.login(password);
  if (answer === "yes") s.settle("accepted");
  else if (answer !== "no" && !answer.reached) s.settle("not_sent");
  return typeof answer === "object" ? "unknown" : answer;
};

/** Looks at a dead letter when told, knowing only what the daily probe wrote down. */
export const caretaker = function* (w: World): Life {
  for (;;) {
    yield 3_600_000;
    const r = w.store.row;
    if (r === null || r.state !== "dead_letter" || w.now - r.since.getTime() < T.deadLetterProbe + 7_200_000) continue;
    const step = r.inForce !== null && r.inForce !== r.candidate
      ? giveUp(r as Rotation<"dead_letter">, r.inForce, "kept the old one", w.store.facts(), w.date(), T) : reopen(r, "try again", w.date());
    try { w.store.save(step); } catch { /* the database was away: asked again in an hour */ }
  }
};
