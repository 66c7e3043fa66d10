/**
 * A session that somebody looks on at. Rules: nothing is copied or sent while nobody does; one piece is under way at a time, so a busy broker is
 * never given more than it takes; what is too much to follow is skipped and the last screen told instead. The session itself never waits.
 */
import type { Frame } from "./channel.ts";
import type { Deps } from "./deps.ts";
import { words } from "./log.ts";
import type { Tape } from "./recorder.ts";

/** Told as it was; more in one turn than this is told as the last screen. */
const MOST = 49_152;
type Looked = { readonly at: number; readonly over: boolean };
type Told = Pick<Frame, "cols" | "rows" | "over" | "reset"> & { readonly data: Buffer };

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
      for (const tape of this.#tapes) for (const told of this.#pieces(tape, joined)) await this.#tell(tape, told);
    } catch (error) {
      this.#deps.log("debug", "a watched session was not told", { session: this.#session, error: words(error) });
      this.#joined ||= joined;
    } finally { this.#busy = false; }
  }

  /** What came since the last turn, and the last screen for whoever joined: taken together, so that nothing stands between the two. */
  #pieces(tape: Tape, joined: boolean): Told[] {
    const screen = tape.look(), seen = this.#looked.get(tape), fresh = seen === undefined ? 0 : screen.total - seen.at, out: Told[] = [];
    const base = { cols: screen.cols, rows: screen.rows, over: tape.over };
    if (seen !== undefined && (fresh > 0 || seen.over !== tape.over)) {
      const skip = fresh > MOST;
      out.push({ ...base, reset: skip ? "skip" : "no", data: skip ? screen.snapshot() : screen.last(fresh) });
    }
    if (joined || seen === undefined) out.push({ ...base, reset: "join", data: screen.snapshot() });
    this.#looked.set(tape, { at: screen.total, over: tape.over });
    return out;
  }

  async #tell(tape: Tape, { data, ...told }: Told): Promise<void> {
    if (this.#stopped) return;
    const { channel, kind, terminal, command } = tape.about, frame = { channel, kind, terminal, command, ...told, data: data.toString("base64") };
    await this.#deps.uplink.ask("frame", { session: this.#session, frame });
  }
}
