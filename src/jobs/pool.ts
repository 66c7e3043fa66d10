/**
 * Bounded parallel work over claimed things, by target. Rule: no target has more than its share, and what its target keeps waiting leaves the count of what
 * works, so a target that hangs costs the others nothing; what fails rests before it is taken again, so that it costs nobody anything either.
 */
import { PER_TARGET } from "../domain/bulk.ts";

const PARALLEL = 16, MOST = 256;
export type Claimed = { readonly id: string; readonly target: string };
export type Busy = { readonly ids: readonly string[]; readonly full: readonly string[] };
/** `resting`: it failed, and is not to be taken again yet. */
type Place = { readonly target: string; state: "brisk" | "slow" | "resting"; readonly done: Promise<void> };
/** `slow`: after so many ms a thing counts as kept waiting by its target. `rest`: so many ms one that failed is left alone. */
export type Pooled<T> = {
  take(busy: Busy): Promise<T | null>; work(t: T): Promise<void>; failed(t: T, e: unknown): void; wake(): void;
  readonly slow: number; readonly rest: number;
};

export const pool = <T extends Claimed>({ take, work, failed, wake, slow, rest }: Pooled<T>) => {
  const busy = new Map<string, Place>();
  const working = (): Place[] => [...busy.values()].filter((p) => p.state !== "resting");
  const full = (): string[] => {
    const n = new Map<string, number>();
    for (const { target } of working()) n.set(target, (n.get(target) ?? 0) + 1);
    return [...n].filter(([, count]) => count >= PER_TARGET).map(([target]) => target);
  };
  const brisk = (): number => working().filter((p) => p.state === "brisk").length;
  const leave = (id: string): void => { busy.delete(id); wake(); };
  const lie = (t: T, e: unknown): void => {
    failed(t, e);
    busy.get(t.id)!.state = "resting";
    setTimeout(() => leave(t.id), rest).unref();
    wake();
  };
  const begin = (t: T): void => {
    const timer = setTimeout(() => { const p = busy.get(t.id); if (p) { p.state = "slow"; wake(); } }, slow);
    const done = work(t).finally(() => clearTimeout(timer)).then(() => leave(t.id), (e: unknown) => lie(t, e));
    busy.set(t.id, { target: t.target, state: "brisk", done });
  };
  const fill = async (): Promise<void> => {
    while (brisk() < PARALLEL && working().length < MOST) {
      const t = await take({ ids: [...busy.keys()], full: full() });
      if (!t) return;
      begin(t);
    }
  };
  return { fill, settle: async () => { await Promise.allSettled([...busy.values()].map((p) => p.done)); } };
};
