/** Many trials over several fields at once. Rule: a moment that was not met is no trial; it is tried again and, if it stays so, counted apart. */
import type { Moment } from "../../src/flow/deps.ts";
import { raiseGround, type Engine, type Ground } from "./field.ts";
import { MOMENTS } from "./plan.ts";
import { killTrial, Lane, type Verdict } from "./trial.ts";

export type Tally = {
  trials: number; lost: number; ambiguous: number; unjournalled: number; wrongCurrent: number; unfinished: number; lockouts: number; missed: number; refusedLogins: number;
  moments: Record<string, { trials: number; lost: number }>; wrong: string[];
};
export const tally = (verdicts: readonly Verdict[]): Tally => {
  const t: Tally = { trials: 0, lost: 0, ambiguous: 0, unjournalled: 0, wrongCurrent: 0, unfinished: 0, lockouts: 0, missed: 0, refusedLogins: 0, moments: {}, wrong: [] };
  for (const v of verdicts) {
    if (!v.reached) t.missed++; else t.trials++;
    const m = t.moments[v.moment] ??= { trials: 0, lost: 0 };
    if (v.reached) m.trials++;
    m.lost += Number(v.lost); t.lost += Number(v.lost); t.ambiguous += Number(v.ambiguous); t.unjournalled += Number(v.unjournalled); t.wrongCurrent += Number(v.wrongCurrent);
    t.unfinished += Number(v.unfinished); t.lockouts += Number(v.lockout); t.refusedLogins += v.refused;
    if (isBad(v)) t.wrong.push(JSON.stringify(v));
  }
  return t;
};
export const isBad = (v: Verdict): boolean => v.lost || v.ambiguous || v.unjournalled || v.wrongCurrent || v.unfinished || v.lockout;

export type Campaign = {
  readonly engine: Engine; readonly trials: number; readonly moments?: readonly Moment[]; readonly parallel: number;
  /** Every n-th trial kills the finisher too. 0: never. */
  readonly twice?: number; readonly seen?: (v: Verdict, done: number, all: number) => void;
};

const again = async (lane: Lane, moment: Moment, second: Moment | null): Promise<Verdict> => {
  const first = await killTrial(lane, moment, second);
  return first.reached || isBad(first) ? first : killTrial(lane, moment, second);
};

export const campaign = async (c: Campaign): Promise<Verdict[]> => {
  const moments = c.moments ?? MOMENTS, queue = Array.from({ length: c.trials }, () => moments).flat(), all = queue.length, verdicts: Verdict[] = [];
  const ground = await raiseGround({ engine: c.engine, fields: Math.min(c.parallel, all) });
  const work = async (lane: Lane): Promise<void> => {
    for (let moment = queue.shift(); moment !== undefined; moment = queue.shift()) {
      const n = all - queue.length, second = c.twice && n % c.twice === 0 ? MOMENTS[(n * 5) % MOMENTS.length]! : null;
      const verdict = await again(lane, moment, second);
      verdicts.push(verdict);
      c.seen?.(verdict, verdicts.length, all);
    }
  };
  try { await fight(ground, work); } finally { await ground.destroy(); }
  return verdicts;
};

const fight = async (ground: Ground, work: (lane: Lane) => Promise<void>): Promise<void> => {
  const lanes = ground.fields.map((f) => new Lane(f));
  try { await Promise.all(lanes.map(work)); } finally { await Promise.all(lanes.map((l) => l.close())); }
};
