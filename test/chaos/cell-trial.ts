/** One cell: bring a rotation to its point, strike, heal, settle, judge. Rule: what was healed is healed before anybody settles, and a fault that did not strike is no trial. */
import { setTimeout as sleep } from "node:timers/promises";
import { FAULTS, nameOf, POINTS, type Cell, type FaultName } from "./cells.ts";
import { settle, judgedNow, zombieOf } from "./faults.ts";
import { refusedLogins } from "./oracle.ts";
import type { Victim } from "./process.ts";
import { raiseRig, type Rig } from "./rig.ts";
import { look, verdictOf, type Seen, type Verdict } from "./trial.ts";

export type CellVerdict = Verdict & { readonly cell: string };
const HOUR = 3_600_000;

/** The broker stands at the point (or is held there by the wire or the target); false: it went past it. */
const bring = async (rig: Rig, cell: Cell, v: Victim): Promise<boolean> => {
  const { at } = POINTS[cell.point];
  if ("moment" in at) {
    v.send({ do: "go", arm: { moment: at.moment, nth: 1, do: "pause" } });
    return await v.heard("struck", 30_000) !== null;
  }
  if ("landed" in at) await rig.flag("hold", "yes");
  else rig.target.heal();
  const there = "wire" in at ? Promise.race([rig.target.sent(at.wire).then(() => true), sleep(30_000, false)]) : rig.appeared("landed", 30_000);
  v.send({ do: "go", arm: null });
  return there;
};

/** Struck, and healed. `dead`: the broker was killed and another one must be started; `said`: what one said that could not start. */
type Struck = { readonly dead?: true; readonly said?: string };
type Strike = (rig: Rig, v: Victim) => Promise<Struck>;
/** Whatever held the broker at its point, holds it no more. */
const goOn = async (rig: Rig, v: Victim): Promise<void> => { v.send({ do: "on" }); await rig.letGo(); };
const killed = async (rig: Rig, v: Victim): Promise<void> => { v.signal("SIGKILL"); await rig.lane.dead(); };
const GONE = /root key file .* is gone/;

const STRIKES: Readonly<Record<Exclude<FaultName, "k2">, Strike>> = {
  k1: async (rig, v) => { await killed(rig, v); return { dead: true }; },
  k3: async (rig, v) => { await rig.cluster.crash(); await goOn(rig, v); await rig.cluster.start(); return {}; },
  k4: async (rig, v) => {
    const lost = rig.database.loseAnswersTo("commit\0");
    await goOn(rig, v);
    for (const by = performance.now() + 5_000; lost.times < 1 && performance.now() < by; await sleep(20));
    await sleep(300);
    rig.database.heal();
    if (lost.times === 0) throw new Error("no COMMIT was seen");
    return {};
  },
  k5: async (rig, v) => { rig.target.refuse(); rig.target.reset(); await goOn(rig, v); await sleep(1_000); rig.target.heal(); return {}; },
  k6: async (rig, v) => { rig.target.blackHole(); await goOn(rig, v); await sleep(4_500); rig.target.heal(); return {}; },
  k7: async (rig, v) => { await goOn(rig, v); return {}; },
  k8: async (rig, v) => {
    rig.fillJournal();
    await goOn(rig, v);
    await sleep(1_500);
    await killed(rig, v);
    rig.emptyJournal();
    return { dead: true };
  },
  k9: async (rig, v) => {
    await killed(rig, v);
    rig.hideRootKey();
    const said = await rig.lane.start().then(() => "it started", (e: unknown) => String(e));
    rig.showRootKey();
    await rig.lane.dead();
    if (!GONE.test(said)) throw new Error(`without its root key a broker said: ${said}`);
    return { dead: true, said };
  },
  k10: async (rig, v) => { v.send({ do: "skew", ms: HOUR }); await goOn(rig, v); await sleep(700); v.send({ do: "skew", ms: -HOUR }); return {}; },
};
/** Before the rotation begins: a call that lands late, or (from the point on at which one has landed already) once more. */
const lateness = async (rig: Rig, { point, fault }: Cell): Promise<void> => {
  if (fault === "k7") await rig.flag(["c1", "c2", "c3", "c4", "c5", "c6"].includes(point) ? "late" : "twice", "5");
};

const fight = async (rig: Rig, cell: Cell): Promise<CellVerdict> => {
  const f = rig.lane.field, before = refusedLogins(f.host, f.user), v = await rig.lane.start(), seen: Seen[] = [];
  await lateness(rig, cell);
  const reached = await bring(rig, cell, v);
  const { dead } = reached ? await STRIKES[cell.fault as Exclude<FaultName, "k2">](rig, v) : {};
  await rig.letGo();
  if (dead) { const rows = await f.rows(); seen.push({ rows, judged: await look(f, rows) }); }
  const begun = performance.now(), heir = await rig.lane.start();
  let settled = await settle(heir);
  if (cell.fault === "k7") {
    if (!await rig.appeared("again", 15_000)) throw new Error(`${nameOf(cell)}: nothing landed late`);
    settled = await settle(heir);
  }
  if (cell.fault === "k10") heir.send({ do: "skew", ms: 0 });
  seen.push(await judgedNow(rig.lane, heir));
  const at = POINTS[cell.point].at, moment = "moment" in at ? at.moment : "before_change";
  return { cell: nameOf(cell), ...verdictOf(moment, f, reached, seen, { settled, settledMs: performance.now() - begun, refused: refusedLogins(f.host, f.user) - before }) };
};

/** The zombie's data directory is not fit for another trial: such a cell has a rig of its own. */
const zombie = async (rig: Rig, cell: Cell): Promise<CellVerdict> => {
  const v = await rig.lane.start(), at = POINTS[cell.point].at, moment = "moment" in at ? at.moment : "before_change";
  if (!await bring(rig, cell, v)) return { cell: nameOf(cell), ...verdictOf(moment, rig.lane.field, false, [await judgedNow(rig.lane, v)], { settled: "settled", settledMs: 0, refused: 0 }) };
  v.signal("SIGSTOP");
  const z = await zombieOf(rig.lane, v, moment, () => goOn(rig, v));
  return { cell: nameOf(cell), ...z.verdict, unfinished: z.verdict.unfinished || !z.sameEnd, why: z.sameEnd ? z.verdict.why : "the zombie changed what its heir had set" };
};

export type Cells = { readonly cells: readonly Cell[]; readonly parallel: number; readonly seen?: (v: CellVerdict, done: number, all: number) => void };
export const fightCells = async ({ cells, parallel, seen }: Cells): Promise<CellVerdict[]> => {
  const queue = [...cells], verdicts: CellVerdict[] = [];
  const lane = async (n: number): Promise<void> => {
    let rig: Rig | null = null;
    try {
      for (let cell = queue.shift(); cell; cell = queue.shift()) {
        const alone = cell.fault === "k2";
        let verdict: CellVerdict | null = null;
        for (let turn = 0; turn < 2 && !verdict?.reached; turn++) {
          rig ??= await raiseRig(n);
          verdict = await (alone ? zombie : fight)(rig, cell).catch((e: unknown) => { throw new Error(`${nameOf(cell!)} (${POINTS[cell!.point].says}; ${FAULTS[cell!.fault]}): ${e instanceof Error ? e.message : String(e)}`, { cause: e }); });
          if (alone) { await rig.close(); rig = null; }
        }
        verdicts.push(verdict!);
        seen?.(verdict!, verdicts.length, cells.length);
      }
    } finally { await rig?.close(); }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, cells.length) }, (_, n) => lane(n)));
  return verdicts;
};
