/**
 * The one owner of one session. Rule: `end` closes both legs, flushes the recording and reports `ended` exactly once, whoever calls it
 * first; the deadline is this process's own monotonic timer and needs nobody.
 */
import { join } from "node:path";
import { openKeyBox } from "../src/crypto/box.ts";
import { folded } from "../src/domain/ledger.ts";
import { Fault, toFault } from "../src/kernel/fault.ts";
import type { Recording } from "../src/recordings/writer.ts";
import { startRecording } from "../src/recordings/writer.ts";
import type { ChannelKind, Ended, Grant, Ledger, SessionEvent } from "./channel.ts";
import { BOX } from "./channel.ts";
import type { Deps } from "./deps.ts";
import { words } from "./log.ts";
import { Tape } from "./recorder.ts";
import type { Screen } from "./screen.ts";
import { shown } from "./text.ts";
import type { Ending, Owner } from "./sessions.ts";
import { Watch } from "./watch.ts";

/** One side of a session. `say` reaches a person or does nothing; `close` may take its time but ends by itself. */
export type Leg = { say(sentence: string): void; close(): void; /** The time left has changed. */ left?(remainingMs: number): void };

/** A frame's channel number has 16 bits; and what is refused is named by whoever asks for it. */
const MOST_TAPES = 65_000, MOST_REFUSED = 50;
/** Characters of an end's detail where the whole of it was not taken. */
const DETAIL = 200;
/** setTimeout's own limit; a longer deadline is reached in steps. */
const LONGEST = 2 ** 31 - 1;
export const EXPIRED = "Your time is up: this session has ended.";
const RECORDING_FAILED = "The recording of this session failed, so it was closed.";

export class Session implements Owner {
  readonly grant: Grant;
  readonly #recording: Recording;
  readonly #deps: Deps;
  readonly #legs: Leg[] = [];
  readonly #tapes: Tape[] = [];
  readonly #refused: Record<string, number> = Object.create(null) as Record<string, number>;
  readonly #stop = new AbortController();
  #deadline: NodeJS.Timeout | undefined;
  #endsAt = 0;
  #sentence: string | undefined;
  #marks: NodeJS.Timeout;
  #watch: Watch | undefined;
  #ending: Promise<void> | undefined;

  /** Use `beginSession`. */
  constructor(grant: Grant, recording: Recording, deps: Deps) {
    this.grant = grant;
    this.#recording = recording;
    this.#deps = deps;
    this.terms(grant.remainingMs);
    this.#marks = setInterval(() => this.#mark(), deps.waits.mark).unref();
  }

  get id(): string { return this.grant.session; }
  /** Aborted when the session ends: stops a dial under way. */
  get signal(): AbortSignal { return this.#stop.signal; }
  get ended(): boolean { return this.#ending !== undefined; }

  /** From now, in milliseconds. */
  get remainingMs(): number { return Math.max(0, this.#endsAt - this.#deps.clock.mono()); }

  /** A leg that comes after the end hears why, and is closed at once. */
  own(leg: Leg): void { if (this.ended) this.#part(leg); else this.#legs.push(leg); }

  /** `to`: where a forward leads. */
  tape(kind: ChannelKind, terminal: boolean, to?: string): Tape {
    if (this.#tapes.length >= MOST_TAPES) throw new Fault("too_many", "This session has opened too many channels; connect again.");
    const tape = new Tape(this.#recording, { channel: this.#tapes.length + 1, kind, terminal, terms: this.grant.terms, to });
    this.#tapes.push(tape);
    return tape;
  }

  /** What a channel showed last, if it is a terminal. */
  screenOf(channel: number): Screen | undefined { return this.#tapes[channel - 1]?.screen; }

  /** The time left from now, in milliseconds. */
  terms(remainingMs: number): void {
    if (this.ended) return;
    this.#endsAt = this.#deps.clock.mono() + remainingMs;
    this.#arm();
    for (const leg of this.#legs) leg.left?.(remainingMs);
  }

  #arm(): void {
    clearTimeout(this.#deadline);
    const left = Math.max(0, this.#endsAt - this.#deps.clock.mono());
    this.#deadline = setTimeout(() => {
      if (this.#deps.clock.mono() < this.#endsAt - 1) this.#arm();
      else void this.end({ why: "expired", sentence: EXPIRED });
    }, Math.min(left, LONGEST));
  }

  /** Somebody looks on, one more does, or nobody does any more. */
  watch(on: boolean): void {
    if (on && this.#watch !== undefined) return this.#watch.join();
    this.#watch?.stop();
    this.#watch = on && !this.ended && this.grant.desktop === undefined ? new Watch(this.id, this.#tapes, this.#deps) : undefined;
  }

  event(event: SessionEvent): void { this.#deps.tell("event", { session: this.id, event }); }

  /** Something the policy does not give; counted in the ledger, and an event the first time. */
  refuse(asked: string): void {
    const name = shown(asked, 200), what = name in this.#refused || Object.keys(this.#refused).length < MOST_REFUSED ? name : "other things";
    const times = this.#refused[what] = (this.#refused[what] ?? 0) + 1;
    if (times === 1) this.event({ kind: "refused", what });
  }

  #mark(): void {
    const { chunks, hash, bytes } = this.#recording.head();
    this.#deps.tell("mark", { session: this.id, chunk: chunks, hash, bytes });
  }

  #part(leg: Leg): void {
    try {
      if (this.#sentence !== undefined) leg.say(this.#sentence);
      leg.close();
    } catch (error) { this.#deps.log("error", "a leg did not close", { session: this.id, error: words(error) }); }
  }

  /** Resolves when everything is closed and reported. The second and later calls change nothing and wait for the first, also one that the first causes. */
  end(ending: Ending): Promise<void> {
    if (this.#ending !== undefined) return this.#ending;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ending = promise;
    resolve(this.#end(ending));
    return promise;
  }

  async #end({ why, cause = "none", detail = "", sentence }: Ending): Promise<void> {
    clearTimeout(this.#deadline);
    clearInterval(this.#marks);
    this.watch(false);
    for (const tape of this.#tapes) tape.finish();
    this.#recording.put("mark", 0, Buffer.from(sentence === undefined ? why : `${why}: ${sentence}`));
    const closing = this.#recording.close(why);
    this.#stop.abort(new Fault("unavailable", "the session has ended"));
    this.#sentence = sentence;
    for (const leg of this.#legs.splice(0)) this.#part(leg);
    const head = await closing, died = this.#recording.dead !== undefined;
    const ledger: Ledger = { channels: folded(this.#tapes.map((t) => t.ledger())), refused: { ...this.#refused },
      chunks: head.chunks, hash: head.hash, bytes: head.bytes, complete: !died };
    this.#deps.sessions.drop(this.id);
    await this.#tell({ why, cause: died && cause === "none" ? "recorder" : cause, detail, ledger })
      .catch((error: unknown) => this.#deps.log("error", "an ended session was not reported", { session: this.id, why, error: words(error) }));
  }

  /** Some of it is in the target's words, and no word of a target decides whether an end is told: what is not taken is left out. */
  async #tell(ended: Ended): Promise<void> {
    const { uplink, log } = this.#deps, ask = (e: Ended): Promise<null> => uplink.ask("ended", { session: this.id, ...e });
    await ask(ended).catch(async (error: unknown) => {
      if (toFault(error).code !== "invalid") throw error;
      log("error", "the ledger of a session was not taken; its end is told without", { session: this.id, why: ended.why, error: words(error) });
      await ask({ ...ended, detail: shown(ended.detail, DETAIL), ledger: { ...ended.ledger, channels: [], refused: {}, complete: false } });
    });
  }
}

const NO_LEDGER: Ledger = { channels: [], refused: {}, chunks: 0, hash: "", bytes: 0, complete: false };

/** (law) No recorder, no session: throws Fault("unavailable") before anything is dialled, and the broker knows. */
export const beginSession = (grant: Grant, deps: Deps): Session => {
  const { recording: { id: recording, key }, session: id } = grant;
  try {
    const made = startRecording({
      directory: deps.recordingsDir, file: join(deps.recordingsDir, `${recording}.lsr`), recording, clock: deps.clock,
      key: openKeyBox(deps.box.privateKey, BOX.recording(recording), key),
      manifest: { session: id, person: grant.person, account: grant.account, target: grant.target, protocol: grant.desktop?.kind ?? "ssh",
        address: `${grant.address.host}:${grant.address.port}`, started: grant.started },
      onDead: (error) => void deps.sessions.get(id)?.end({ why: "recording_failed", cause: "recorder", detail: words(error), sentence: RECORDING_FAILED }),
    });
    const session = new Session(grant, made, deps);
    deps.sessions.add(session);
    return session;
  } catch (error) {
    void deps.uplink.ask("ended", { session: id, why: "recording_failed", cause: "recorder", detail: words(error), ledger: NO_LEDGER })
      .catch((e: unknown) => deps.log("error", "an ended session was not reported", { session: id, error: words(e) }));
    throw error;
  }
};
