/** One trial: kill the broker at a moment, judge, let another one finish, judge again. Rule: the judge looks between death and resurrection, and never believes a report. */
import type { Moment } from "../../src/flow/deps.ts";
import type { Field } from "./field.ts";
import { judge, refusedLogins, type Judged } from "./oracle.ts";
import { chaosTimes, type Arm, type Rows } from "./plan.ts";
import { startVictim, type Victim } from "./process.ts";

export type Verdict = {
  readonly moment: Moment; readonly field: string; readonly reached: boolean;
  readonly lost: boolean; readonly ambiguous: boolean; readonly unjournalled: boolean; readonly wrongCurrent: boolean; readonly unfinished: boolean; readonly lockout: boolean;
  /** Refused logins the host counted, state of the rotation at death, milliseconds to settle; what went wrong, in words. */
  readonly refused: number; readonly diedIn: string | null; readonly settledMs: number; readonly why: string;
};

export const BUDGET = 2;
export const SETTLE_MS = 60_000;

/** A broker on this field. It outlives a trial: having finished the last one's leftovers it is the next one's victim. */
export class Lane {
  readonly field: Field;
  readonly #times = chaosTimes();
  #victim: Victim | null = null;
  /** Every log line of every process that lived here. */
  #logs: string[] = [];
  constructor(field: Field) { this.field = field; }

  /** The broker that is there, or a new one. */
  async start(arm: Arm | null = null): Promise<Victim> {
    if (this.#victim) return this.#victim;
    const f = this.field;
    this.#victim = await this.spawn(f.dir, false, arm);
    const open = await this.#victim.heard("open", 60_000);
    if (open === null) throw new Error(`${f.name}: the broker did not start: ${this.#victim.log().slice(-400)}`);
    if (open.passive) throw new Error(`${f.name}: passive: ${open.passive}`);
    return this.#victim;
  }
  spawn(dir: string, takeOver: boolean, arm: Arm | null = null): Promise<Victim> {
    return startVictim({ dir, databaseUrl: this.field.databaseUrl, account: this.field.account, times: this.#times, takeOver, arm });
  }
  async dead(): Promise<void> {
    const v = this.#victim;
    this.#victim = null;
    if (v) { await v.close(); this.#logs.push(v.log()); }
  }
  logs(): string { return [...this.#logs, this.#victim?.log() ?? ""].join(""); }
  close(): Promise<void> { return this.dead(); }
}

export const look = (f: Field, rows: Rows): Promise<Judged> => judge(f.host, f.user, f.dir, f.account, rows);
export const settledRows = async (v: Victim): Promise<Rows> => {
  v.send({ do: "rows" });
  const r = await v.heard("rows", 60_000);
  if (r === null) throw new Error(`no rows came: ${v.log().slice(-1500)}`);
  return r.rows;
};

/** For a verdict that is bad: what the broker said last. */
export const lastWords = (v: Victim): string => v.log().trim().split("\n").slice(-6).join(" ").slice(-1_200);

export type Seen = { readonly judged: Judged; readonly rows: Rows };
export const verdictOf = (moment: Moment, f: Field, reached: boolean, seen: readonly Seen[], o: { settled: string; settledMs: number; refused: number }): Verdict => {
  const lost = seen.some((s) => s.judged.inForce.length === 0), last = seen.at(-1)!;
  const wrongCurrent = seen.some((s) => s.judged.wrongCurrent) || (o.settled === "settled" && !last.judged.inForce.includes(last.rows.account.current ?? ""));
  return {
    moment, field: f.name, reached, lost, ambiguous: seen.some((s) => s.judged.inForce.length > 1), unjournalled: seen.some((s) => !s.judged.journalled), wrongCurrent,
    unfinished: o.settled !== "settled", lockout: o.refused > BUDGET, refused: o.refused, diedIn: seen.length > 1 ? seen[0]!.rows.open : null, settledMs: Math.round(o.settledMs), why: o.settled === "settled" ? "" : o.settled,
  };
};

/** Waits for the kill; true when the victim died of it, false when it finished without meeting the moment. */
const strike = async (v: Victim, arm: Arm): Promise<boolean> => {
  v.send({ do: "go", arm });
  if (await v.heard("gone", 20_000) !== null || await v.heard("struck", 1) !== null) v.send({ do: "settle", ms: 15_000 });
  await Promise.race([v.ended(20_000), v.heard("settled", 20_000)]);
  return (await v.ended(1)) === "SIGKILL";
};

/** `second`: the one that finishes is killed as well, at that moment, and a third one finishes. */
export const killTrial = async (lane: Lane, moment: Moment, second: Moment | null = null): Promise<Verdict> => {
  const f = lane.field, before = refusedLogins(f.host, f.user), seen: Seen[] = [];
  const lookAtTheDead = async (): Promise<void> => {
    await lane.dead();
    const rows = await f.rows();
    seen.push({ rows, judged: await look(f, rows) });
  };
  const reached = await strike(await lane.start(), { moment, nth: 1, do: "kill" });
  // One that was too slow to meet its moment is still armed: it must not be the one that finishes.
  if (reached) await lookAtTheDead(); else await lane.dead();
  if (reached && second) {
    const v = await lane.start({ moment: second, nth: 1, do: "kill" });
    v.send({ do: "settle", ms: 10_000 });
    await Promise.race([v.ended(12_000), v.heard("settled", 12_000)]);
    if ((await v.ended(1)) !== null) await lookAtTheDead();
    else { v.send({ do: "go", arm: null }); await v.heard("gone", 1_000).catch(() => null); }
  }
  const begun = performance.now(), heir = await lane.start();
  heir.send({ do: "settle", ms: SETTLE_MS });
  const settled = await heir.heard("settled", SETTLE_MS + 5_000), rows = await settledRows(heir);
  seen.push({ rows, judged: await look(f, rows) });
  return verdictOf(moment, f, reached, seen, { settled: settled?.ok ? "settled" : `${settled?.state ?? "no word"}; last words: ${lastWords(heir)}`, settledMs: performance.now() - begun, refused: refusedLogins(f.host, f.user) - before });
};
