/**
 * What of a channel is kept. Rules: (law) bytes pass on only when the recording took what the policy keeps of them; terminals and desktops are kept in
 * full, always; the content of an exec by `full | head | digest`; every byte is counted, kept or not.
 */
import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import type { Recording } from "../src/recordings/writer.ts";
import { HIGH } from "../src/recordings/writer.ts";
import type { ChannelKind, ChannelLedger, Flow, Terms } from "./channel.ts";
import { HEAD_BYTES } from "./limits.ts";
import { Screen } from "./screen.ts";

export type Stream = "in" | "out" | "err";
const FRAME_OF = { in: "input", out: "output", err: "error" } as const;

/** Characters of a command that a watcher is told. */
const SHOWN = 512;
/** How many bytes of a stream are kept, and whether all of it is hashed. */
type Keep = { readonly limit: number; readonly hashed: boolean };
const KEEP = { full: { limit: Infinity, hashed: false }, head: { limit: HEAD_BYTES, hashed: true }, digest: { limit: 0, hashed: true } } as const;
/** Input of a terminal that the policy does not want is counted only: its hash could be used to guess a typed password. */
const COUNTED: Keep = { limit: 0, hashed: false };

class Track {
  bytes = 0;
  recorded = 0;
  #hash: Hash | undefined;
  readonly limit: number;
  constructor(keep: Keep) {
    this.limit = keep.limit;
    this.#hash = keep.hashed ? createHash("sha256") : undefined;
  }

  /** Counts `data` and says how much of it, from its start, is to be kept. */
  count(data: Uint8Array): number {
    this.bytes += data.length;
    this.#hash?.update(data);
    const kept = Math.min(data.length, this.limit - this.recorded);
    this.recorded += kept;
    return kept;
  }

  /** Somebody else hashes all of it, file by file. */
  unhash(): void { this.#hash = undefined; }

  /** `digest`: of what is in no file's hash, where somebody else hashes. */
  flow(digest?: string): Flow {
    const sha256 = digest ?? this.#hash?.copy().digest("hex") ?? null;
    return { bytes: this.bytes, recorded: this.recorded, covered: sha256 === null ? this.recorded : this.bytes, sha256 };
  }
}

export type TapeOptions = { readonly channel: number; readonly kind: ChannelKind; readonly terminal: boolean; readonly terms: Terms; readonly to?: string | undefined };
/** What a watcher of a file transfer knows of it: the digests of everything that is in no file's own, and how much it could not read. */
export type Watched = { digest(stream: "in" | "out"): string; readonly strange: number; over(): void };
/** Kinds that carry somebody else's protocol: their content is kept only where the policy demands everything. */
const FORWARDS: ReadonlySet<ChannelKind> = new Set(["direct-tcpip", "forwarded-tcpip", "streamlocal", "agent", "x11"]);

/** One channel's part of a recording. */
export class Tape {
  readonly #recording: Recording;
  readonly #o: TapeOptions;
  readonly #tracks: Record<Stream, Track>;
  readonly #content: Terms["record"];
  #exit: number | string | null = null;
  #screen: Screen | undefined;
  #command = "";
  #watched: Watched | undefined;
  #finished = false;
  #over = false;

  constructor(recording: Recording, options: TapeOptions) {
    this.#recording = recording;
    this.#o = options;
    const seen = options.terminal || options.kind === "desktop";
    this.#content = seen ? "full" : FORWARDS.has(options.kind) && options.terms.record === "head" ? "digest" : options.terms.record;
    const keep = KEEP[this.#content], input = !seen ? keep : options.terms.recordInput ? KEEP.full : COUNTED;
    this.#tracks = { in: new Track(input), out: new Track(keep), err: new Track(keep) };
  }

  get channel(): number { return this.#o.channel; }
  /** What was shown last; a terminal has one from its beginning. */
  get screen(): Screen | undefined { return this.#screen; }

  get about(): { readonly channel: number; readonly kind: ChannelKind; readonly terminal: boolean; readonly command: string } { return { channel: this.#o.channel, kind: this.#o.kind, terminal: this.#o.terminal, command: this.#command }; }
  get over(): boolean { return this.#over; }
  /** For whoever looks on: what is no terminal is kept from the first look on. */
  look(): Screen { return this.#screen ??= new Screen(80, 24); }

  /** `pass` runs when the bytes may go on; never, once the recording is dead or closed. Nobody else looks on before that either. */
  take(stream: Stream, data: Buffer, pass: () => void): void {
    const kept = this.#tracks[stream].count(data), screen = stream === "in" ? undefined : this.#screen;
    const on = screen === undefined ? pass : (): void => { screen.add(data); pass(); };
    if (kept > 0) this.#recording.put(FRAME_OF[stream], this.#o.channel, data.subarray(0, kept), on);
    else this.#recording.after(on);
  }

  /** True while producers should wait for the file. */
  full(): boolean { return this.#recording.pending > HIGH; }

  opened(what: { readonly kind?: string; readonly to?: string; readonly cols?: number; readonly rows?: number; readonly command?: string;
    readonly width?: number; readonly height?: number; readonly layout?: string }): void {
    this.#command = what.command?.slice(0, SHOWN) ?? "";
    if (this.#o.terminal) this.#screen = new Screen(what.cols ?? 80, what.rows ?? 24);
    this.#recording.say("opened", this.#o.channel, what);
  }
  resize(cols: number, rows: number): void {
    if (this.#screen !== undefined) Object.assign(this.#screen, { cols, rows });
    this.#recording.put("resize", this.#o.channel, Buffer.from(`${cols}x${rows}`));
  }
  /** A remark at this moment of the recording. */
  mark(text: string): void { this.#recording.put("mark", this.#o.channel, Buffer.from(text)); }

  /** From here on every byte is hashed by `watched`, once. */
  watchedBy(watched: Watched): void {
    this.#watched = watched;
    this.#tracks.in.unhash();
    this.#tracks.out.unhash();
  }

  /** Nothing more comes; while the recording still takes frames. */
  finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#watched?.over();
  }

  event(what: object): void { this.#recording.say("event", this.#o.channel, what); }
  after(then: () => void): void { this.#recording.after(then); }
  /** All that was taken goes to the file and passes on before it returns, not with the end of this turn. */
  now(): void { this.#recording.flush(); }

  /** The last frame of the channel; `then` runs after every byte before it has passed on. */
  closed(exit: number | string | null, then: () => void): void {
    this.#exit = exit;
    this.#over = true;
    this.#recording.say("closed", this.#o.channel, this.ledger(), then);
  }

  ledger(): ChannelLedger {
    const { channel, kind, to } = this.#o, { in: input, out, err } = this.#tracks, watched = this.#watched;
    return { channel, kind, record: this.#content, in: input.flow(watched?.digest("in")), out: out.flow(watched?.digest("out")), err: err.flow(), exit: this.#exit,
      ...(to === undefined ? {} : { to }), ...(watched === undefined || watched.strange === 0 ? {} : { strange: watched.strange }) };
  }
}
