/** Everybody else around the rotation, as generators: people using the account, the sweep, the nightly check, the person a dead letter calls. */
import type { AgentId, VersionId } from "../../src/kernel/ids.ts";
import { isOrder, mayFire, waits, type Order } from "../../src/domain/order.ts";
import { absorbReport } from "../../src/domain/order-absorb.ts";
import { askAgain, callIn, giveUp, moveOrder, reopen, type Rotation } from "../../src/domain/rotation.ts";
import { isOpen } from "./store.ts";
import { CRASH, T, type World } from "./world.ts";

type Life = Generator<number, never>;

/** Uses, typed passwords, exposures, an outsider locking the account, an administrator being rotated, until `enough`. */
export const people = function* (w: World, enough: () => boolean): Life {
  for (;;) {
    yield w.between(5_000, 1_500_000);
    if (enough()) continue;
    const s = w.store, roll = w.roll();
    if (w.chance(0.03, "locked_out")) { w.target.lockedUntil = w.now + 600_000; w.count.lockedOut++; }
    if (w.chance(0.1, "admin_busy")) w.adminBusyUntil = w.now + w.between(1_000, 900_000);
    if (isOpen(s.row) && !waits(s.row)) {
      if (roll < 0.1 && s.row.again === null) s.row = { ...s.row, again: askAgain(s.row, "exposure").to.again };
      continue;
    }
    if (isOpen(s.row) || s.account.credential !== "in_sync" || s.account.usedNo > s.account.rotatedNo) continue;
    if (roll < 0.1) { typed(w, "given", w.name("given")); continue; }
    if (roll < 0.14) { typed(w, "local", roll < 0.12 ? s.current()!.password : w.name("wrong")); continue; }
    s.account.usedNo++;
    yield* use(w);
    if (roll < 0.7 && !w.wrap.noSweep) sometimes(() => openDue(w));
  }
};

/** The database may refuse, or be away, or die with us: whoever looks next finds what was left. */
const sometimes = (work: () => void): void => { try { work(); } catch (e) { if (e !== CRASH) throw e; } };

/** Handed out until a time, now and then for longer, now and then given back before; on a machine with an agent the change for its end is left there. */
const use = function* (w: World): Generator<number, void> {
  const longest = w.agent !== null && w.roll() < 0.2 ? 30 * 3_600_000 : 600_000;
  w.heldUntil = w.now + w.between(1_000, longest);
  sometimes(() => leaveOrder(w));
  while (w.heldUntil > w.now) {
    yield Math.max(1, Math.floor((w.heldUntil - w.now) * (w.roll() < 0.6 ? 1 : w.roll())));
    if (w.heldUntil <= w.now) break;
    const roll = w.roll();
    if (roll < 0.3) break;
    if (roll < 0.6) { w.heldUntil = w.now + w.between(1_000, longest); sometimes(() => leaveOrder(w)); }
    // Somebody else was shown it: no end of a use is waited for.
    if (roll > 0.9 && w.agent !== null) sometimes(() => { calledIn(w); const { row } = w.store; if (isOpen(row) && row.again === null) w.store.row = { ...row, again: askAgain(row, "exposure").to.again }; });
  }
  w.heldUntil = null;
};

/** flow/order.ts: derived from the rows, so calling it twice, late or never gives the same. */
const leaveOrder = (w: World): void => {
  const s = w.store, { row } = s;
  if (w.agent === null || w.heldUntil === null || w.heldUntil <= w.now || s.account.credential !== "in_sync") return;
  const wanted = new Date(w.heldUntil);
  if (isOpen(row)) {
    if (!waits(row) || !isOrder(row.order, "wished", "sent", "placed") || row.order.wanted.getTime() === wanted.getTime()) return;
    w.count.ordersMoved++;
    s.save(moveOrder(row as Rotation<"prepared">, row.order, wanted));
  } else if (w.agent.connected) s.openRow({ trigger: "end_of_use", origin: "generated", candidate: null, order: { state: "wished", agent: AGENT, wanted } });
};
const AGENT = "agt_1" as AgentId;
const calledIn = (w: World): void => {
  const { row, account } = w.store;
  if (row !== null && waits(row) && isOrder(row.order, "wished", "sent", "placed")) w.store.save(callIn(row as Rotation<"prepared">, row.order, account.usedNo));
};

/** flow/order-reports.ts: what became of what was left there, taken in; what no change here waits for is taken back and looked at. */
export const reports = (w: World): void => {
  const said = w.agent!.list(), { row } = w.store;
  if (said === null) return;
  const own = said.find((x) => x.rotation === row?.id);
  if (isOpen(row) && mayFire(row.order)) {
    const step = absorbReport(row, row.order as Order<"sent">, own === undefined ? "gone" : own.state === "standing" || own.state === "begun" ? "stands" : "ended", w.store.account.usedNo);
    const now = step === null ? row : w.store.save(step);
    if (now?.state === "dead_letter") w.store.save(reopen(now as Rotation<"dead_letter">, "the machine's agent is back", w.date()));
  }
  for (const x of said) {
    const waited = isOpen(w.store.row) && w.store.row.id === x.rotation && w.store.row.order !== null && w.store.row.order.state !== "wished", ended = x.state !== "standing" && x.state !== "begun";
    const last = waited && !ended ? x : w.agent!.withdraw(x.rotation) ?? x;
    if (!waited && w.store.row?.state !== "committed" && last.state !== "standing" && last.state !== "expired") w.store.checks.push(w.now);
  }
};

const typed = (w: World, origin: "given" | "local", password: string): void => {
  const id = w.name("ver") as VersionId;
  w.store.versions.push({ id, no: w.store.versions.length, status: "declared", password, bad: origin === "given" && w.chance(0.08, "policy") });
  w.store.openRow({ trigger: "manual", origin, candidate: id });
};

const openDue = (w: World): void => {
  const { account, row } = w.store;
  if (w.heldUntil !== null) return;
  if (isOpen(row)) return calledIn(w);
  if (account.credential === "unverified") { w.count.heals++; w.store.openRow({ trigger: "heal", origin: "generated", candidate: null }); }
  else if (account.credential === "in_sync" && account.usedNo > account.rotatedNo) w.store.openRow({ trigger: "end_of_use", origin: "generated", candidate: null });
};

/** Finds what a lost hook missed. */
export const sweep = function* (w: World): Life {
  for (;;) {
    const { account, row } = w.store;
    yield isOpen(row) || (account.credential === "in_sync" && account.usedNo <= account.rotatedNo) ? 10 * T.sweep : T.sweep;
    if (!w.wrap.noSweep) sometimes(() => { openDue(w); leaveOrder(w); });
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
    // flow/rotation-moves.ts: what was seen may be a day old, and an agent may have come and gone: it is asked again before the candidate is given up.
    const still = w.agent === null || w.agent.compare([w.store.version(r.inForce)?.password ?? ""]) === 0;
    const step = r.inForce !== null && r.inForce !== r.candidate && still
      ? giveUp(r as Rotation<"dead_letter">, r.inForce, "kept the old one", w.store.facts(), w.date(), T) : reopen(r, "try again", w.date());
    sometimes(() => { w.store.save(step); if (w.agent !== null) reports(w); });
  }
};
