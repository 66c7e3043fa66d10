/**
 * Bounded parallel work over claimed things, by target. Rule: no target has more than its share, and what its target keeps waiting leaves the count of what
 * works, so a target that hangs costs the others nothing.
 */
import { PER_TARGET } from "../domain/bulk.ts";

const PARALLEL = 16, MOST = 256;
export type Claimed = { readonly id: string; readonly target: string };
export type Busy = { readonly ids: readonly string[]; readonly full: readonly string[] };
type Place = { readonly target: string; brisk: boolean; readonly done: Promise<void> };

/** `slow`: after so many ms a thing counts as kept waiting by its target. */
export const pool = <T extends Claimed>(take: (busy: Busy) => Promise<T | null>, work: (t: T) => Promise<void>, wake: () => void, slow: number) => {
  const busy = new Map<string, Place>();
  const full = (): string[] => {
    const n = new Map<string, number>();
    for (const { target } of busy.values()) n.set(target, (n.get(target) ?? 0) + 1);
    return [...n].filter(([, count]) => count >= PER_TARGET).map(([target]) => target);
  };
  const brisk = (): number => [...busy.values()].filter((p) => p.brisk).length;
  const begin = (t: T): void => {
    const timer = setTimeout(() => { const p = busy.get(t.id); if (p) { p.brisk = false; wake(); } }, slow);
    busy.set(t.id, { target: t.target, brisk: true, done: work(t).finally(() => { clearTimeout(timer); busy.delete(t.id); wake(); }) });
  };
  const fill = async (): Promise<void> => {
    while (brisk() < PARALLEL && busy.size < MOST) {
      const t = await take({ ids: [...busy.keys()], full: full() });
      if (!t) return;
      begin(t);
    }
  };
  return { fill, settle: async () => { await Promise.allSettled([...busy.values()].map((p) => p.done)); } };
};
