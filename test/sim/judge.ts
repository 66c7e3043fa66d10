/** The independent judge: sees the target's password and the durable rows, at every instant. Rule: nothing it knows ever reaches the driver. */
import { keepsIn } from "../../src/domain/no-release.ts";
import { isOpen } from "./store.ts";
import { T, type World } from "./world.ts";

export class Judge {
  #w: World;
  #lost = false;
  #wrong = false;
  #landedAt = -1;
  #driftSince: number | null = null;
  #proven = new Map<string, number>();
  constructor(w: World) { this.#w = w; }

  get decided(): boolean { return this.#lost || this.#wrong; }

  /** A login or comparison just showed that this password is in force. */
  proven(password: string): void { this.#proven.set(password, this.#w.now); }
  /** A late change landed: from here to the next check a wrong `current` is drift of the target, not a mistake of ours. */
  landed(): void { this.#landedAt = this.#w.now; }

  releasePossible(): boolean {
    const { row, account } = this.#w.store;
    return account.credential === "in_sync" && !(isOpen(row) && (this.#w.wrap.keepsIn ?? keepsIn)(row, this.#w.date()));
  }

  /** After every change of the target or the store. */
  look(): void {
    const w = this.#w, inForce = w.target.password;
    if (!w.store.versions.some((v) => v.password === inForce)) this.#lost = true;
    const current = w.store.current()?.password;
    if (!this.releasePossible() || current === inForce) { this.#driftSince = null; return; }
    const provenAt = current === undefined ? -1 : this.#proven.get(current) ?? -1;
    if (this.#landedAt < provenAt || provenAt < 0) { this.#wrong = true; return; }
    if (this.#driftSince === null) { this.#driftSince = w.now; w.count.drifts++; }
    // The nightly check must have found it: one day, and one more for a check that could not be made.
    if (w.now - this.#driftSince > 3 * T.closureNightly) { w.count.driftLeft++; this.#driftSince = w.now; }
  }

  /** Faults are over and everything had its time. */
  verdict(quiet: boolean): void {
    const w = this.#w, c = w.count;
    this.look();
    if (this.#lost) c.lost++;
    if (this.#wrong) c.wrongCurrent++;
    const right = w.store.current()?.password === w.target.password;
    if (!quiet && !this.#lost && !this.#wrong) {
      if (w.store.account.credential === "in_sync" && !right) c.driftLeft++;
      else if (w.store.account.usedNo > w.store.account.rotatedNo && w.store.row?.state !== "queued") c.overdue++;
      else c.stuck++;
    }
  }
}
