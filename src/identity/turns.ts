/**
 * Guesses take turns. Rule: whoever is judged sees what became of those before: one at a time of a name, a few of an address and in all, so that no
 * crowd of guesses is judged by what was true when the first of them came. What waits has a bound.
 */

/** So many at once of each key; `most` wait behind them. */
export class Lanes {
  readonly #abreast: number;
  readonly #most: number;
  readonly #lanes = new Map<string, { running: number; readonly waiting: (() => void)[] }>();
  constructor(abreast: number, most: number) { this.#abreast = abreast; this.#most = most; }

  /** Null: too many wait already, and nothing was done. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T | null> {
    const lane = this.#lanes.get(key) ?? { running: 0, waiting: [] };
    this.#lanes.set(key, lane);
    if (lane.running >= this.#abreast) {
      if (lane.waiting.length >= this.#most) return null;
      // Whoever leaves hands its place on, so that nobody slips in between.
      await new Promise<void>((go) => { lane.waiting.push(go); });
    } else lane.running += 1;
    try { return await work(); } finally {
      const next = lane.waiting.shift();
      if (next) next(); else if (--lane.running === 0) this.#lanes.delete(key);
    }
  }
}

export type Turns = {
  /** Null: too many wait already. */
  take<T>(name: string, address: string, judge: () => Promise<T>): Promise<T | null>;
};
/** The last bound is for the machine's sake: a hash of a password takes tens of megabytes and milliseconds. */
export const turns = (): Turns => {
  const names = new Lanes(1, 16), addresses = new Lanes(4, 64), all = new Lanes(8, 256);
  return { take: (name, address, judge) => names.run(name, () => addresses.run(address, () => all.run("", judge))) };
};
