/** Is an address inside a network? Rule: what does not parse is outside. */

const v4 = (text: string): bigint | null => {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((p) => /^\d{1,3}$/.test(p) && Number(p) < 256)) return null;
  return parts.reduce((n, p) => (n << 8n) | BigInt(p), 0n);
};
const v6 = (text: string): bigint | null => {
  const halves = text.split("::");
  if (halves.length > 2 || !/^[0-9a-fA-F:]+$/.test(text)) return null;
  const [head = [], tail = []] = halves.map((h) => (h === "" ? [] : h.split(":")));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const groups = [...head, ...Array<string>(halves.length === 2 ? missing : 0).fill("0"), ...tail];
  if (!groups.every((g) => /^[0-9a-fA-F]{1,4}$/.test(g))) return null;
  return groups.reduce((n, g) => (n << 16n) | BigInt(`0x${g}`), 0n);
};
type Parsed = { readonly bits: bigint; readonly width: number };
const parse = (text: string): Parsed | null => {
  const plain = text.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");
  const four = v4(plain);
  if (four !== null) return { bits: four, width: 32 };
  const six = v6(plain);
  return six === null ? null : { bits: six, width: 128 };
};
const network = (text: string): (Parsed & { prefix: number }) | null => {
  const [base = "", size, more] = text.trim().split("/"), parsed = parse(base);
  if (!parsed || more !== undefined || (size !== undefined && !/^\d{1,3}$/.test(size))) return null;
  const prefix = size === undefined ? parsed.width : Number(size);
  return prefix <= parsed.width ? { ...parsed, prefix } : null;
};

const fourText = (bits: bigint): string => [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 255n).join(".");
/** One address in one spelling: an IPv4 address that is written as IPv6 (mapped or compatible) is the IPv4 address. Null: not one address, or one with a zone. */
export const plainAddress = (text: string): string | null => {
  const found = /[%/\s]/.test(text) ? null : parse(text);
  if (found === null || found.width === 32) return found && fourText(found.bits);
  const high = found.bits >> 32n;
  return high === 0xffffn || (high === 0n && found.bits > 1n) ? fourText(found.bits & 0xffff_ffffn) : text.toLowerCase();
};

export const isNetwork = (text: string): boolean => network(text) !== null;
/** `networks` empty = from anywhere. */
export const isFrom = (address: string, networks: readonly string[]): boolean => {
  const a = parse(address);
  return networks.length === 0 || (a !== null && networks.some((text) => {
    const n = network(text);
    return n !== null && n.width === a.width && (n.bits >> BigInt(n.width - n.prefix)) === (a.bits >> BigInt(n.width - n.prefix));
  }));
};
