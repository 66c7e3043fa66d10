/** Long work that gives way to others. Rule: no step of it is long, whatever it works on; between two of them whoever has it done may rest. */
import type { Clock } from "./clock.ts";

/** Pauses between its steps, and returns what it made. */
export type Work<T> = Generator<undefined, T>;

/** Short work, or where nobody waits. */
export const atOnce = <T>(work: Work<T>): T => { for (;;) { const step = work.next(); if (step.done === true) return step.value; } };
/** One of them a step. */
export function* gathering<T>(all: Iterable<T>): Work<T[]> { const out: T[] = []; for (const one of all) { out.push(one); yield; } return out; }

/** In milliseconds: who has had the process to himself for so long rests. */
const TURN = 10;
export const rest = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });
export const restfully = async <T>(clock: Pick<Clock, "mono">, work: Work<T>): Promise<T> => {
  for (let since = clock.mono(); ;) {
    const step = work.next();
    if (step.done === true) return step.value;
    if (clock.mono() - since >= TURN) { await rest(); since = clock.mono(); }
  }
};
