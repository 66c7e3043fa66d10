/** When an open rotation keeps its account's password in. Rule (law I5): nothing is handed out while another one than the current may be in force; break-glass alone shows all of them. */
import { mayHaveFired } from "./order.ts";
import type { Rotation, State } from "./rotation.ts";

/** From applying to the end. */
export const NO_RELEASE = ["applying", "probing", "dead_letter"] as const satisfies readonly State[];
/** Of an open one: it is being changed, or the order that belongs to it may have been performed by now. */
export const keepsIn = (r: Rotation, now: Date): boolean => (NO_RELEASE as readonly string[]).includes(r.state) || mayHaveFired(r.order, now);
