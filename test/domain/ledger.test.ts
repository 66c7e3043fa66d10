import fc from "fast-check";
import { expect, test } from "vitest";
import { CHANNELS } from "../../src/domain/channels.ts";
import { coverageOf, folded, SINGLY, type ChannelLedger, type Flow, type Ledger } from "../../src/domain/ledger.ts";

const flow = fc.record({ bytes: fc.nat(1e6), part: fc.integer({ min: 0, max: 100 }), hashed: fc.boolean() }).map(({ bytes, part, hashed }): Flow => ({ bytes, recorded: Math.floor(bytes * part / 100), covered: hashed ? bytes : Math.floor(bytes * part / 100), sha256: hashed ? "0".repeat(64) : null }));
const channel = fc.record({ kind: fc.constantFrom(...CHANNELS), record: fc.constantFrom("full", "head", "digest"), in: flow, out: flow, err: flow }).map((c, i = 0): ChannelLedger => ({ ...c, channel: i, exit: null }));
const ledger = (channels: readonly ChannelLedger[], complete = true): Ledger => ({ channels, refused: {}, chunks: 1, hash: "h", bytes: 1, complete });
const of = (bytes: number, recorded: number, covered: number): Flow => ({ bytes, recorded, covered, sha256: null });

test("the score is 1 exactly when every byte is recorded or under a digest, and the gaps add up to what is missing", () => {
  fc.assert(fc.property(fc.array(channel, { maxLength: 20 }), (channels) => {
    const c = coverageOf(ledger(channels)), missing = c.gaps.reduce((n, g) => n + (g.bytes ?? 0), 0);
    expect(c.proxied - c.covered).toBe(missing);
    expect(c.score === 1).toBe(missing === 0);
    expect(c.score).toBeGreaterThanOrEqual(0);
  }));
});
test("very many channels are a page: sums stay, and nothing is lost", () => {
  fc.assert(fc.property(fc.array(channel, { minLength: SINGLY, maxLength: SINGLY + 60 }), (channels) => {
    const short = folded(channels), { gaps: _a, ...whole } = coverageOf(ledger(channels)), { gaps: _b, ...page } = coverageOf(ledger(short));
    expect(page).toEqual(whole);
    expect(short.reduce((n, c) => n + (c.sums ?? 1), 0)).toBe(channels.length);
    expect(short.length).toBeLessThanOrEqual(SINGLY + CHANNELS.length * 3);
    expect(JSON.stringify(short).length).toBeLessThan(200_000);
  }), { numRuns: 20 });
});
test("gaps have names", () => {
  const shell: ChannelLedger = { channel: 1, kind: "shell", record: "full", in: of(9, 0, 0), out: of(5, 5, 5), err: of(0, 0, 0), exit: 0 };
  expect(coverageOf(ledger([shell], false)).gaps).toEqual([{ channel: null, what: "the recording ends early", bytes: null }, { channel: 1, what: "typed input: counted, not kept, by policy", bytes: 9 }]);
  expect(coverageOf(ledger([{ ...shell, kind: "sftp", record: "head", in: of(9, 9, 9), strange: 2 }])).gaps).toEqual([{ channel: 1, what: "2 packets of a file transfer that could not be read; their bytes are covered", bytes: null }]);
});
