/** Boxes that open in one place only. Rule: whatever is moved, renamed or flipped, the answer is the same refusal. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { systemRandom } from "../../src/kernel/clock.ts";
import { newId, type AccountId, type VersionId } from "../../src/kernel/ids.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { Keyring, PURPOSES } from "../../src/vault/keyring.ts";
import { localKek } from "../../src/vault/kek/kek.ts";

const REFUSED = /does not open: wrong key, wrong place or altered/;
const kek = localKek(systemRandom.bytes(32), systemRandom);
const ring = new Keyring(kek, systemRandom);
const rows = PURPOSES.map((p) => ring.make(p, 1));
for (const row of rows) ring.add(row);
const whose = () => ({ account: newId("account", systemRandom) as AccountId, version: newId("version", systemRandom) as VersionId });

test("every secret opens again, from the row, from the journal's wrapping and after being adopted", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 200 }), (plain) => {
    const w = whose(), box = ring.seal(Secret.of(plain), w), rootWrapped = ring.rootWrap(box, w);
    expect(reveal(ring.open(box, w))).toBe(Buffer.from(plain).toString());
    expect(reveal(ring.openRootWrapped(box.sealed, rootWrapped, w))).toBe(Buffer.from(plain).toString());
    expect(reveal(ring.open(ring.adopt(box.sealed, rootWrapped, w), w))).toBe(Buffer.from(plain).toString());
  }), { numRuns: 25 });
});

test("law: aad-binding — a box moved to another account or version opens nowhere, neither from the row nor from the journal", () => {
  const a = whose(), b = whose(), box = ring.seal(Secret.of("Canary-1!xyz"), a), root = ring.rootWrap(box, a);
  for (const moved of [{ ...a, account: b.account }, { ...a, version: b.version }, b]) {
    expect(() => ring.open(box, moved)).toThrow(REFUSED);
    expect(() => ring.openRootWrapped(box.sealed, root, moved)).toThrow(REFUSED);
  }
  const other = ring.seal(Secret.of("Other-1!xyz"), b);
  expect(() => ring.open({ ...box, wrapped: other.wrapped }, a)).toThrow(REFUSED);
  expect(() => ring.open({ ...other, wrapped: box.wrapped }, a)).toThrow(REFUSED);
});

test("law: aad-binding — purposes do not open each other's boxes, even with the same key bytes", () => {
  const recording = newId("recording", systemRandom), r = ring.recordingKey(recording);
  expect(ring.openRecordingKey(recording, r.wrapped, r.keyId)).toEqual(r.key);
  expect(() => ring.openRecordingKey(newId("recording", systemRandom), r.wrapped, r.keyId)).toThrow(REFUSED);
  const w = whose(), box = ring.seal(Secret.of("Canary-1!xyz"), w);
  expect(() => ring.openRecordingKey(w.version, box.wrapped, box.keyId)).toThrow(REFUSED);
  const totp = ring.sealFor("sessions", "totp per_1", Secret.of("JBSWY3DP"));
  expect(reveal(ring.openFor("sessions", "totp per_1", totp))).toBe("JBSWY3DP");
  expect(() => ring.openFor("sessions", "totp per_2", totp)).toThrow(REFUSED);
  expect(() => ring.openFor("backup", "totp per_1", totp)).toThrow(REFUSED);
});

test("law: aad-binding — a key row under another purpose, number or id does not unwrap", () => {
  const row = rows[0]!, fresh = () => new Keyring(kek, systemRandom);
  for (const wrong of [{ ...row, purpose: "backup" }, { ...row, no: 2 }, { ...row, id: newId("key", systemRandom) }]) expect(() => fresh().add(wrong)).toThrow(REFUSED);
  const stranger = new Keyring(localKek(systemRandom.bytes(32), systemRandom), systemRandom);
  expect(() => stranger.add(row)).toThrow(/was wrapped by root key kek_.*Start it with the right root key/);
});

test("law: aad-binding — one flipped bit anywhere in either box refuses", () => {
  const w = whose(), box = ring.seal(Secret.of("Canary-1!xyz"), w);
  const flipped = (bytes: Buffer, bit: number): Buffer => { const out = Buffer.from(bytes); out[bit >> 3]! ^= 1 << (bit & 7); return out; };
  for (let bit = 0; bit < box.sealed.length * 8; bit++) expect(() => ring.open({ ...box, sealed: flipped(box.sealed, bit) }, w)).toThrow(REFUSED);
  for (let bit = 0; bit < box.wrapped.length * 8; bit++) expect(() => ring.open({ ...box, wrapped: flipped(box.wrapped, bit) }, w)).toThrow(REFUSED);
  for (let cut = 1; cut < 28; cut++) expect(() => ring.open({ ...box, sealed: box.sealed.subarray(0, box.sealed.length - cut) }, w)).toThrow(/does not open|too short/);
});

test("a purpose key the ring never saw is named in a sentence", () => {
  const w = whose(), box = ring.seal(Secret.of("Canary-1!xyz"), w);
  expect(() => new Keyring(kek, systemRandom).open(box, w)).toThrow(/has no key key_.*made after the backup/);
  expect(() => new Keyring(kek, systemRandom).seal(Secret.of("x"), w)).toThrow(/no key for secrets/);
});

test("only what every target takes as one record is sendable", () => {
  for (const bad of ["", "a\nb", "a\rb", "a\0b", "a\tb", "\x7f"]) expect(ring.sendable(Secret.of(bad))).toBe(false);
  for (const good of ["a", "pässwörd", " x "]) expect(ring.sendable(Secret.of(good))).toBe(true);
});
