/** The coverage ledger of a session: what passed, and what of it can be shown. Rule: a byte counts as covered when it is in the recording or under a digest; everything else is a gap with a name. */
import type { ChannelKind } from "./channels.ts";

/** `covered`: bytes that are in the recording or under a SHA-256, of the stream (`sha256`) or of the file they belong to. */
export type Flow = { readonly bytes: number; readonly recorded: number; readonly covered: number; readonly sha256: string | null };
export type ChannelLedger = {
  readonly channel: number; readonly kind: ChannelKind; readonly record: "full" | "head" | "digest"; readonly in: Flow; readonly out: Flow; readonly err: Flow;
  readonly exit: number | string | null;
  /** Where a forward leads. */
  readonly to?: string | undefined;
  /** Packets of a file transfer that nobody here could read. */
  readonly strange?: number | undefined;
  /** This line sums so many channels: a session of very many keeps the first ones singly. */
  readonly sums?: number | undefined;
};
export type Ledger = { readonly channels: readonly ChannelLedger[]; readonly refused: Readonly<Record<string, number>>; readonly chunks: number; readonly hash: string; readonly bytes: number; readonly complete: boolean };

export type Gap = { readonly channel: number | null; readonly what: string; readonly bytes: number | null };
export type Coverage = { readonly proxied: number; readonly recorded: number; readonly covered: number; /** 0 to 1; 1 is every byte. */ readonly score: number; readonly gaps: readonly Gap[] };

const FLOWS = ["in", "out", "err"] as const, SAID = { in: "what was typed or sent", out: "output", err: "error output" } as const;
const gapsOf = (c: ChannelLedger): Gap[] => [
  ...FLOWS.filter((f) => c[f].bytes > c[f].covered).map((f): Gap => ({ channel: c.channel, bytes: c[f].bytes - c[f].covered,
    what: f === "in" && c.record === "full" && c[f].recorded === 0 ? "typed input: counted, not kept, by policy" : `${SAID[f]}: counted only` })),
  ...(c.strange ? [{ channel: c.channel, bytes: null, what: `${c.strange} packets of a file transfer that could not be read; their bytes are covered` }] : []),
];

export const coverageOf = (l: Ledger): Coverage => {
  const sum = (of: (f: Flow) => number): number => l.channels.reduce((n, c) => n + FLOWS.reduce((m, f) => m + of(c[f]), 0), 0);
  const proxied = sum((f) => f.bytes), covered = sum((f) => f.covered), gaps = l.channels.flatMap(gapsOf);
  const broken: Gap[] = l.complete ? [] : [{ channel: null, bytes: null, what: "the recording ends early" }];
  return { proxied, recorded: sum((f) => f.recorded), covered, score: proxied === 0 ? 1 : covered / proxied, gaps: [...broken, ...gaps] };
};

/** Rounded down: what is not all never reads 100 %. */
export const percent = (score: number): string => `${(Math.floor(score * 10_000) / 100).toFixed(score === 1 ? 0 : 2)} %`;

/** Kept singly; the channels after them are summed by kind, so that a ledger stays a page. */
export const SINGLY = 200;
const plus = (a: Flow, b: Flow): Flow => ({ bytes: a.bytes + b.bytes, recorded: a.recorded + b.recorded, covered: a.covered + b.covered, sha256: null });
const together = (a: ChannelLedger, b: ChannelLedger): ChannelLedger => ({
  channel: a.channel, kind: a.kind, record: a.record, in: plus(a.in, b.in), out: plus(a.out, b.out), err: plus(a.err, b.err), exit: null,
  strange: (a.strange ?? 0) + (b.strange ?? 0) || undefined, sums: (a.sums ?? 1) + (b.sums ?? 1),
});
export const folded = (all: readonly ChannelLedger[]): ChannelLedger[] => {
  const rest = new Map<string, ChannelLedger>();
  for (const c of all.slice(SINGLY)) {
    const key = `${c.kind} ${c.record}`, have = rest.get(key);
    rest.set(key, have === undefined ? { ...c, exit: null, to: undefined, sums: 1 } : together(have, c));
  }
  return [...all.slice(0, SINGLY), ...rest.values()];
};
