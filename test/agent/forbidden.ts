/** Two hundred destinations and more that nobody may be led to. Rule: each stands on the list as it is asked for, so that the list is not what refuses it. */
export type Destination = { readonly host: string; readonly port: number; /** What its name is answered with. */ readonly resolves?: readonly string[] };

const BAD = [
  "127.0.0.1", "127.0.0.2", "127.1.2.3", "127.255.255.254", "127.255.255.255", "0.0.0.0", "0.1.2.3", "0.255.255.255", "169.254.0.1", "169.254.169.254", "169.254.170.2", "169.254.169.123",
  "169.254.255.255", "100.100.100.200", "168.63.129.16", "192.0.0.1", "192.0.0.192", "192.0.0.170", "198.18.0.1", "198.19.255.255", "224.0.0.1", "224.0.0.251", "239.255.255.250", "240.0.0.1",
  "250.1.2.3", "255.255.255.255", "255.255.255.254",
];
const BAD_SIX = [
  "::", "::1", "fe80::1", "fe80::a9fe:a9fe", "febf::1", "fec0::1", "ff02::1", "ff02::fb", "ff05::2", "fd00:ec2::254", "64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::1", "2002:a9fe:a9fe::1",
  "2001:0:4136:e378:8000:63bf:3fff:fdd2", "100::1",
];
const groups = (four: string): [string, string] => { const [a, b, c, d] = four.split(".").map(Number) as [number, number, number, number]; return [((a << 8) | b).toString(16), ((c << 8) | d).toString(16)]; };
const mapped = BAD.flatMap((four) => { const [high, low] = groups(four); return [`::ffff:${four}`, `::ffff:${high}:${low}`, `0:0:0:0:0:ffff:${high}:${low}`]; });
const compatible = BAD.filter((four) => !four.startsWith("0.0.0.")).map((four) => `::${groups(four).join(":")}`);
const disguised = ["0x7f000001", "2130706433", "017700000001", "0x7f.1", "127.1", "127.0.1", "0177.0.0.1", "0x7f.0x0.0x0.0x1", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "0", "010.0.0.1", "1.2.3.4.5", "256.256.256.256"];
const zoned = ["fe80::1%eth0", "fe80::1%1", "::1%lo"];
/** A name of the list whose answer is one of those: alone, beside a good one, after it. */
const rebound = [...BAD, ...BAD_SIX].flatMap((bad, i): Destination[] => [
  { host: `a${i}.rebind.example`, port: 80, resolves: [bad] }, { host: `b${i}.rebind.example`, port: 443, resolves: ["192.0.2.9", bad] },
]);

export const FORBIDDEN: readonly Destination[] = [
  ...[...BAD, ...BAD_SIX, ...mapped, ...compatible, ...disguised, ...zoned].map((host, i) => ({ host, port: [22, 80, 443, 5432][i % 4]! })), ...rebound,
];
