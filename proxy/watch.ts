/**
 * A session that somebody looks on at. Rules: nothing is copied or sent while nobody does; one piece is under way at a time, so a busy broker is
 * never given more than it takes; what is too much to follow is skipped and the last screen told instead. The session itself never waits.
 */
import type { Deps } from "./deps.ts";
import { words } from "./log.ts";
import type { Tape } from "./recorder.ts";

/** Told as it was; more in one turn than this is told as the last screen. */
const MOST = 49_152;
type Looked = { at: number; over: boolean };

export class Watch {
  readonly #session: string;
  readonly #tapes: readonly Tape[];
  readonly #deps: Deps;
  readonly #looked = new Map<Tape, Looked>();
  readonly #timer: NodeJS.Timeout;
  #joined = true;
  #busy = false;
  #stopped = false;

  /** `tapes` grows with the session's channels. */
  constructor(session: string, tapes: readonly Tape[], deps: Deps) {
    this.#session = session;
    this.#tapes = tapes;
    this.#deps = deps;
    this.#timer = setInterval(() => void this.#turn(), deps.waits.frame).unref();
  }

  /** One more watcher: the last screens are told once more. */
  join(): void { this.#joined = true; }
  stop(): void { this.#stopped = true; clearInterval(this.#timer); }

  async #turn(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    const joined = this.#joined;
    this.#joined = false;
    try {
      for (const tape of this.#tapes) { await this.#follow(tape); if (joined) await this.#tell(tape, "join"); }
    } catch (error) {
      this.#deps.log("debug", "a watched session was not told", { session: this.#session, error: words(error) });
      this.#joined ||= joined;
    } finally { this.#busy = false; }
  }

  /** What came since the last turn. */
  async #follow(tape: Tape): Promise<void> {
    const screen = tape.look(), seen = this.#looked.get(tape) ?? { at: screen.total, over: false }, fresh = screen.total - seen.at;
    if (!this.#looked.has(tape)) { this.#looked.set(tape, seen); return this.#tell(tape, "join"); }
    if (fresh === 0 && seen.over === tape.over) return;
    await this.#tell(tape, fresh > MOST ? "skip" : "no");
  }

  async #tell(tape: Tape, reset: "no" | "join" | "skip"): Promise<void> {
    if (this.#stopped) return;
    const screen = tape.look(), seen = this.#looked.get(tape)!, data = reset === "no" ? screen.last(screen.total - seen.at) : screen.snapshot();
    Object.assign(seen, { at: screen.total, over: tape.over });
    const { channel, kind, terminal, command } = tape.about;
    await this.#deps.uplink.ask("frame", { session: this.#session, frame: { channel, kind, terminal, command, cols: screen.cols, rows: screen.rows, reset, over: tape.over, data: data.toString("base64") } });
  }
}
