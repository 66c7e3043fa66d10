import { createSecretKey, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CHUNK, HEAD, genesis, openChunk, sealer } from "../../src/crypto/frames.ts";

const key = createSecretKey(randomBytes(32)), ID = "rec_1";
const sealAll = (bodies: readonly Uint8Array[], id = ID): Buffer[] => {
  const { seal } = sealer(key, id);
  return bodies.map((body) => Buffer.from(seal(Buffer.from(body))));
};
const openAll = (chunks: readonly Buffer[], id = ID, by = key) => {
  let prev = genesis(id);
  const bodies: Buffer[] = [];
  for (const [no, chunk] of chunks.entries()) {
    const opened = openChunk(by, id, no, prev, chunk, 0);
    if (!opened.ok) return { bodies, at: no, why: opened.why };
    bodies.push(opened.body);
    prev = opened.hash;
  }
  return { bodies, at: chunks.length, why: undefined };
};
const bodies = fc.array(fc.uint8Array({ maxLength: 400 }), { minLength: 1, maxLength: 6 });

describe("chunks of a recording", () => {
  test("open in order to the same bytes", () => fc.assert(fc.property(bodies, (all) => {
    const back = openAll(sealAll(all));
    expect(back.why).toBeUndefined();
    expect(back.bodies.map((b) => [...b])).toEqual(all.map((b) => [...b]));
  }), { numRuns: 60 }));

  test("law: any changed byte is found, in its chunk", () => fc.assert(fc.property(bodies, fc.nat(), fc.integer({ min: 1, max: 255 }), (all, where, flip) => {
    const chunks = sealAll(all), no = where % chunks.length, chunk = chunks[no] ?? Buffer.alloc(0), at = where % chunk.length;
    chunk[at] = (chunk[at] ?? 0) ^ flip;
    const back = openAll(chunks);
    expect(back.at).toBe(no);
    expect(["altered", "out_of_order", "torn"]).toContain(back.why);
    if (at >= 8) expect(back.why).toBe("altered");
  }), { numRuns: 200 }));

  test("law: moved, repeated and dropped chunks are out of order; with the number forged they are altered", () => {
    const [a, b, c] = sealAll([Buffer.from("a"), Buffer.from("b"), Buffer.from("c")]) as [Buffer, Buffer, Buffer];
    expect(openAll([b, a, c])).toMatchObject({ at: 0, why: "out_of_order" });
    expect(openAll([a, c])).toMatchObject({ at: 1, why: "out_of_order" });
    expect(openAll([a, a, b])).toMatchObject({ at: 1, why: "out_of_order" });
    const forged = Buffer.from(c);
    forged.writeUInt32BE(1, 4);
    expect(openAll([a, forged])).toMatchObject({ at: 1, why: "altered" });
  });

  test("law: a chunk does not open in another recording, after another past, or with another key", () => {
    const chunks = sealAll([Buffer.from("a"), Buffer.from("b")]), other = sealAll([Buffer.from("x"), Buffer.from("b")]);
    expect(openAll(chunks, "rec_2")).toMatchObject({ at: 0, why: "altered" });
    expect(openAll([chunks[0], other[1]] as Buffer[])).toMatchObject({ at: 1, why: "altered" });
    expect(openAll(chunks, ID, createSecretKey(randomBytes(32)))).toMatchObject({ at: 0, why: "altered" });
  });

  test("a cut chunk is torn; a length beyond the limit is not believed", () => {
    const [a] = sealAll([Buffer.alloc(500)]) as [Buffer];
    for (const n of [0, 3, HEAD, a.length - 1]) expect(openAll([a.subarray(0, n)])).toMatchObject({ why: "torn" });
    a.writeUInt32BE(CHUNK + 1, 0);
    expect(openAll([a])).toMatchObject({ why: "altered" });
  });
});
