/**
 * What a client waits for and holds open on one channel, and its bounds: a target that answers nothing leaves all of it here. Rule: what is kept of a
 * request is no part of its packet; stock clients wait for 64 answers, and no target in use has longer paths or handles.
 */
import type { Content } from "./content.ts";
import type { Ask } from "./requests.ts";

export type Open = { readonly path: string; readonly detail: string; readonly list: boolean; read?: Content; written?: Content; entries: number; errors: number };
export type Waits = Ask & { readonly open?: Open | undefined };

/** Bytes of a path and of a handle, and files and lists that are open at a time. */
export const LONGEST_PATH = 4_096, LONGEST_HANDLE = 256, MOST_OPEN = 1_024;
/** Answers that are waited for at a time, and bytes of the paths in them. */
const WAITING = 16_384, PATHS = 4 << 20;

const isLong = (handle: string | undefined): boolean => handle !== undefined && handle.length > LONGEST_HANDLE * 2;
/** Why not, in words; null: it is none of these. */
export const tooLong = (ask: Ask): string | null =>
  ask.paths.some((p) => p.length > LONGEST_PATH) ? `A path cannot be longer than ${LONGEST_PATH} bytes.` : isLong(ask.handle) || isLong(ask.other) ? `A handle cannot be longer than ${LONGEST_HANDLE} bytes.` : null;
export const opens = (ask: Ask): boolean => ask.op === "open" || ask.op === "list";
const bytesOf = (ask: Ask): number => ask.paths.reduce((n, p) => n + p.length, 0);

export class Waiting {
  readonly #asks = new Map<number, Waits>();
  #bytes = 0;
  /** Of them, those that will have something open. */
  opening = 0;
  /** False: its number is taken, or there is no room. */
  add(ask: Waits): boolean {
    if (this.#asks.has(ask.id) || this.#asks.size >= WAITING || this.#bytes + bytesOf(ask) > PATHS) return false;
    this.#asks.set(ask.id, { ...ask, paths: ask.paths.map((p) => Buffer.from(p)) });
    this.#bytes += bytesOf(ask);
    if (opens(ask)) this.opening += 1;
    return true;
  }
  take(id: number): Waits | undefined {
    const ask = this.#asks.get(id);
    if (ask === undefined) return undefined;
    this.#asks.delete(id);
    this.#bytes -= bytesOf(ask);
    if (opens(ask)) this.opening -= 1;
    return ask;
  }
  takeAll(): Waits[] { return [...this.#asks.keys()].map((id) => this.take(id)!); }
}
