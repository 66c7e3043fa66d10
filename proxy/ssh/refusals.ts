/**
 * What a connection was not given while it had no session. Rule: a session that opens takes it over; else the broker is told once a kind, of at
 * most REFUSALS kinds a connection, so that nobody is refused unseen and nobody floods the log.
 */
import { REFUSALS } from "../channel.ts";
import type { Deps } from "../deps.ts";

export type Whither = { readonly login: string; to(): { readonly account: string; readonly target: string } | undefined };

export class Refusals {
  readonly #whither: Whither;
  readonly #deps: Pick<Deps, "tell" | "waits">;
  readonly #told = new Set<string>();
  #waiting: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(whither: Whither, deps: Pick<Deps, "tell" | "waits">) {
    this.#whither = whither;
    this.#deps = deps;
  }

  add(what: string): void {
    if (this.#waiting.length + this.#told.size >= REFUSALS || this.#told.has(what)) return;
    this.#waiting.push(what);
    this.#timer ??= setTimeout(() => this.tell(), this.#deps.waits.refusal);
  }

  /** For the session that has opened: it counts them from here on. */
  take(): string[] {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return this.#waiting.splice(0);
  }

  /** There is no session, or not yet after a while. */
  tell(): void {
    const what = [...new Set(this.take().map((w) => w.slice(0, 256)))];
    if (what.length === 0) return;
    for (const one of what) this.#told.add(one);
    this.#deps.tell("refused", { login: this.#whither.login, to: this.#whither.to() ?? null, what });
  }
}
