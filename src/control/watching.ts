/**
 * Who looks on at which session of this node. Rule: a session's process is asked to tell only while somebody does; a watcher is told and
 * never waited for.
 */
import type { Frame } from "../../proxy/channel.ts";

export type { Frame };
/** `show` must not wait; `over`: the session has ended. */
export type Watcher = { show(frame: Frame): void; over(): void };

export class Watching {
  readonly #of = new Map<string, Set<Watcher>>();
  /** Asks the process; false: no process of this node holds it. app.ts wires it. */
  ask: (session: string, on: boolean) => boolean = () => false;

  /** Gives the way to stop; null: nothing to watch here. */
  watch(session: string, watcher: Watcher): (() => void) | null {
    const all = this.#of.get(session) ?? new Set();
    this.#of.set(session, all.add(watcher));
    const stop = (): void => {
      if (!all.delete(watcher) || all.size > 0) return;
      if (this.#of.get(session) === all) this.#of.delete(session);
      this.ask(session, false);
    };
    if (this.ask(session, true)) return stop;
    stop();
    return null;
  }

  show(session: string, frame: Frame): void { for (const w of this.#of.get(session) ?? []) w.show(frame); }
  over(session: string): void {
    const all = this.#of.get(session);
    this.#of.delete(session);
    for (const w of all ?? []) w.over();
  }
}
