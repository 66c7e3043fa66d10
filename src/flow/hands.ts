/** The lines to devices that people have in their hands right now, on this node. Rule: no password is kept in here; a line closes at its time by itself. */
import type { Hand } from "../connectors/command-set/hand.ts";
import type { DemonstrationId } from "../kernel/ids.ts";

export type HeldLine = {
  readonly hand: Hand;
  /** A line is on its way, and its answer is waited for. */
  busy: boolean;
  /** Stops its timers. */
  readonly stop: () => void;
};
export type Hands = Map<DemonstrationId, HeldLine>;
export const dropHands = (hands: Hands): void => { for (const h of hands.values()) { h.stop(); h.hand.close(); } hands.clear(); };
