/** MD4 (RFC 1320). Rule: for the NT hash inside NTLMv2 alone, which takes no other; OpenSSL 3 has it in a provider that Node does not load. */
const ROUNDS: readonly { readonly order: readonly number[]; readonly turns: readonly number[]; readonly add: number; mix(b: number, c: number, d: number): number }[] = [
  { order: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], turns: [3, 7, 11, 19], add: 0, mix: (b, c, d) => (b & c) | (~b & d) },
  { order: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15], turns: [3, 5, 9, 13], add: 0x5a827999, mix: (b, c, d) => (b & c) | (b & d) | (c & d) },
  { order: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15], turns: [3, 9, 11, 15], add: 0x6ed9eba1, mix: (b, c, d) => b ^ c ^ d },
];
const turned = (x: number, by: number): number => (x << by) | (x >>> (32 - by));

const padded = (text: Buffer): Buffer => {
  const out = Buffer.alloc((Math.floor((text.length + 8) / 64) + 1) * 64);
  text.copy(out);
  out[text.length] = 0x80;
  out.writeBigUInt64LE(BigInt(text.length) * 8n, out.length - 8);
  return out;
};

export const md4 = (text: Buffer): Buffer => {
  const bytes = padded(text), state = new Int32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]);
  for (let at = 0; at < bytes.length; at += 64) {
    let [a, b, c, d] = state as unknown as [number, number, number, number];
    for (const { order, turns, add, mix } of ROUNDS) {
      for (const [i, k] of order.entries()) {
        const next = turned((a + mix(b, c, d) + bytes.readInt32LE(at + 4 * k) + add) | 0, turns[i % 4]!);
        [a, b, c, d] = [d, next, b, c];
      }
    }
    for (const [i, v] of [a, b, c, d].entries()) state[i] = (state[i]! + v) | 0;
  }
  bytes.fill(0);
  const out = Buffer.alloc(16);
  for (const [i, v] of state.entries()) out.writeInt32LE(v, 4 * i);
  return out;
};
