/** Twelve points of a rotation × ten faults, as data. Rule: a fault is struck while the broker stands at its point; then it is healed, and everything must be settled. */
import type { Moment } from "../../src/flow/deps.ts";

/** `moment`: the broker stops there and waits. `wire`: so many bytes have left it. `landed`: the target has done it and its answer is held back. */
export type At = { readonly moment: Moment } | { readonly wire: number } | { readonly landed: true };
export const POINTS = {
  c1: { says: "before the candidate is inserted", at: { moment: "before_candidate" } },
  c2: { says: "inserted, not committed", at: { moment: "candidate_inserted" } },
  c3: { says: "committed, not in the journal", at: { moment: "candidate_committed" } },
  c4: { says: "in the journal", at: { moment: "journalled" } },
  c5: { says: "before the target is dialled", at: { moment: "before_change" } },
  c6: { says: "in the middle of the handshake", at: { wire: 400 } },
  c7: { says: "changed on the target, no answer yet", at: { landed: true } },
  c8: { says: "the answer is there, not recorded", at: { moment: "changed" } },
  c9: { says: "a login has proven it, not recorded", at: { moment: "probed" } },
  c10: { says: "inside the commit", at: { moment: "committing" } },
  c11: { says: "committed", at: { moment: "committed" } },
  c12: { says: "while the closure is asked", at: { moment: "closing" } },
} as const satisfies Record<string, { says: string; at: At }>;
export const FAULTS = {
  k1: "kill -9 of the broker",
  k2: "the broker stopped past its lease while another takes over, then woken",
  k3: "kill -9 of the database",
  k4: "COMMITs arrive, their answers do not",
  k5: "the target resets every connection",
  k6: "a black hole towards the target",
  k7: "the change lands late, or once more",
  k8: "the journal's disk is full",
  k9: "the root key is not to be had",
  k10: "the clock jumps an hour ahead, then an hour back",
} as const;
export type Point = keyof typeof POINTS;
export type FaultName = keyof typeof FAULTS;
export type Cell = { readonly point: Point; readonly fault: FaultName };

const points = Object.keys(POINTS) as Point[], faults = Object.keys(FAULTS) as FaultName[];
export const CELLS: readonly Cell[] = points.flatMap((point) => faults.map((fault) => ({ point, fault })));
export const nameOf = (c: Cell): string => `${c.point},${c.fault}`;
/** "c7,k9", "c7", "k9": what it names. Empty: nothing is called that. */
export const cellsOf = (text: string): Cell[] => {
  const asked = text.split(",").map((t) => t.trim()), [c, k] = [asked.filter((t) => t in POINTS), asked.filter((t) => t in FAULTS)];
  if (c.length + k.length !== asked.length) return [];
  return CELLS.filter((x) => (c.length === 0 || c.includes(x.point)) && (k.length === 0 || k.includes(x.fault)));
};
