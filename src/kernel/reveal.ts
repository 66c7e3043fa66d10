/** The only door to plaintext. Rule: `npm run walls` says which files may import this one; nothing else can read a Secret. */
const plain = new WeakMap<object, Buffer>();

export const conceal = (box: object, bytes: Buffer): void => void plain.set(box, bytes);

/** The secret's own bytes: do not keep, do not change. */
export const revealBytes = (secret: object): Buffer => {
  const bytes = plain.get(secret);
  if (bytes === undefined) throw new TypeError("secret was wiped or is not a Secret");
  return bytes;
};

/** A string copy; strings cannot be wiped, so ask for one only at the edge of a driver that takes nothing else. */
export const reveal = (secret: object): string => revealBytes(secret).toString("utf8");
