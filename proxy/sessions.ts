/** The sessions of one worker. Rule: a cut that overtakes its own session's beginning is kept and carried out when the session appears. */
import type { Cause, EndedWhy } from "./channel.ts";

export type Ending = { readonly why: EndedWhy; readonly cause?: Cause; readonly detail?: string; readonly sentence?: string };
/** What this register needs of a session's owner. */
export type Owner = { readonly id: string; terms(remainingMs: number): void; watch(on: boolean): void; end(ending: Ending): Promise<void> };
type Cut = { readonly why: EndedWhy; readonly message: string };
/** Cuts for unknown sessions kept at most; they are for sessions admitted in this very turn. */
const KEPT = 256;

export class Sessions {
  readonly #live = new Map<string, Owner>();
  readonly #early = new Map<string, Cut>();

  add(session: Owner): void {
    this.#live.set(session.id, session);
    const early = this.#early.get(session.id);
    this.#early.delete(session.id);
    if (early !== undefined) this.cut(session.id, early.why, early.message);
  }

  drop(id: string): void { this.#live.delete(id); }
  get(id: string): Owner | undefined { return this.#live.get(id); }
  ids(): string[] { return [...this.#live.keys()]; }
  get size(): number { return this.#live.size; }

  cut(id: string, why: EndedWhy, message: string): void {
    const session = this.#live.get(id);
    if (session !== undefined) return void session.end({ why, sentence: message });
    this.#early.set(id, { why, message });
    const [oldest] = this.#early.keys();
    if (this.#early.size > KEPT && oldest !== undefined) this.#early.delete(oldest);
  }
}
