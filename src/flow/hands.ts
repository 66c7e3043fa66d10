/** The lines to devices that people have in their hands right now, on this node. Rule: no password is kept in here; a line closes at its time by itself. */
import type { Hand } from "../connectors/command-set/hand.ts";
import type { Part, Piece } from "../domain/command-set/index.ts";
import type { DemonstrationId, RecordingId } from "../kernel/ids.ts";
import type { Head } from "../recordings/writer.ts";

/** The recording of one; demonstrate-tape.ts makes it. */
export type Tape = {
  readonly id: RecordingId;
  /** Throws where it cannot be kept: nothing may be sent, or shown, then. */
  line(parts: readonly Part[]): void;
  /** All the device said so far; what is new of it is kept. */
  heard(raw: readonly Piece[]): void;
  close(why: string): Promise<Head>;
};
export type HeldLine = {
  readonly hand: Hand;
  readonly tape: Tape;
  /** A line is on its way, and its answer is waited for. */
  busy: boolean;
  /** Stops its timers. */
  readonly stop: () => void;
};
/** Null: it is being dialled. None at all: no line of that one is here. */
export type Hands = Map<DemonstrationId, HeldLine | null>;
export const dropHands = (hands: Hands): void => { for (const h of hands.values()) { h?.stop(); h?.hand.close(); } hands.clear(); };
