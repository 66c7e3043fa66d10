/**
 * Every kind of target that is reached over a network, as one that means harm: up to some turn it says what a right one says, then bytes that make no sense.
 * Rule: what makes sense here proves nothing (no password is ever right), so no call may come to "yes", "no" or "done".
 */
import fc from "fast-check";
import { newKeyPair } from "../../src/wires/ssh.ts";
import { certificate, type Certificate } from "../lab/certificate.ts";
import { END, hostile, type Cloth, type Hostile } from "../lab/hostile.ts";
import { scratch } from "../lab/scratch.ts";
import { tdsServer } from "../lab/tds.ts";
import type { Call, Victim } from "../lab/victim.ts";
import { greeting } from "./mysql-world.ts";

const latin = (text: string): Buffer => Buffer.from(text, "latin1");
const sized = (letter: string, ...body: Buffer[]): Buffer => { const b = Buffer.concat(body), head = Buffer.alloc(4); head.writeUInt32BE(b.length + 4); return Buffer.concat([latin(letter), head, b]); };
const mysqlPacket = (no: number, body: Buffer): Buffer => Buffer.concat([Buffer.from([body.length & 255, body.length >> 8, 0, no]), body]);
const tns = (type: number, body: Buffer): Buffer => { const head = Buffer.from([0, 0, 0, 0, type, 0, 0, 0]); head.writeUInt16BE(8 + body.length); return Buffer.concat([head, body]); };
const bytes = (max: number) => fc.uint8Array({ maxLength: max }).map((b) => Buffer.from(b));
/** Numbers that lengths and counts go wrong by, among bytes at random. */
const bent = fc.array(fc.oneof(fc.constantFrom(0, 0, 1, 2, 4, 127, 128, 255), fc.nat({ max: 255 })), { maxLength: 40 }).map((b) => Buffer.from(b));
const many = (one: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> => fc.array(one, { minLength: 1, maxLength: 6 }).map((all) => Buffer.concat(all));

/** `right`: turn by turn. `nonsense`: with the frame of the protocol, or without. */
export type Scene = { readonly platform: string; readonly config: (c: Certificate) => unknown; readonly cloth?: Omit<Cloth, "certificate"> | "plain" | "tds"; readonly right: readonly (Buffer | undefined)[]; readonly nonsense: fc.Arbitrary<Buffer>; /** Nothing proves who it is: a prompt is a prompt. */ readonly nameless?: true };
const OK = latin("R\0\0\0\x08\0\0\0\0"), SASL = sized("R", Buffer.from([0, 0, 0, 10]), latin("SCRAM-SHA-256\0\0"));
const pinned = (more: object = {}) => (c: Certificate): unknown => ({ tls: "pinned", certificates: [c.fingerprint], ...more });
const postgresNonsense = many(fc.oneof(fc.tuple(fc.constantFrom(..."RENSKZCTDtA123InsvGHWd"), bent).map(([l, b]) => sized(l, b)), bytes(12)));
const mysqlNonsense = many(fc.oneof(fc.tuple(fc.nat({ max: 6 }), fc.oneof(bent, fc.tuple(fc.constantFrom(0xff, 0xfe, 0xfb, 0, 1, 10), bent).map(([k, b]) => Buffer.concat([Buffer.from([k]), b])))).map(([n, b]) => mysqlPacket(n, b)), bytes(12)));
const ber: fc.Arbitrary<Buffer> = fc.oneof(bytes(12), fc.tuple(fc.constantFrom(0x61, 0x64, 0x65, 0x69, 0x6f, 0x73, 0x77, 0x78, 0x30, 0x84), fc.nat({ max: 3 }), bent).map(([op, id, b]) =>
  Buffer.concat([Buffer.from([0x30, b.length + 5, 2, 1, id, op, b.length]), b])), fc.tuple(fc.constantFrom("3084ffffffff", "3084fffffffa", "3080", "3000", "308400000000", "30050201016100"), fc.integer({ min: 1, max: 9_000 })).map(([hex, n]) => Buffer.alloc(hex.length / 2 * n, hex, "hex")));
const http = fc.oneof(bytes(60), fc.tuple(fc.constantFrom(200, 204, 401, 500, 0, 99), fc.constantFrom("Content-Length: 5", "Content-Length: -1", "Transfer-Encoding: chunked", "WWW-Authenticate: Negotiate AAAA", "X: y", "Connection: upgrade"), fc.oneof(bytes(40), fc.constantFrom("{", "[[[[", "5\r\nabc", "<s:Envelope>", "<rsp:Selector Name=\"ShellId\">", "null").map(latin)))
  .map(([status, header, body]) => Buffer.concat([latin(`HTTP/1.1 ${status} x\r\n${header}\r\n\r\n`), body])));
const tds = many(fc.oneof(fc.tuple(fc.constantFrom(4, 0x12, 1, 255), bent).map(([type, b]) => { const head = Buffer.from([type, 1, 0, 0, 0, 0, 1, 0]); head.writeUInt16BE(8 + b.length, 2); return Buffer.concat([head, b]); }),
  fc.tuple(fc.constantFrom(0xaa, 0xab, 0xad, 0xe3, 0x81, 0xd1, 0xfd, 0xfe, 0xff, 0xed, 0xae), bent).map(([token, b]) => { const head = Buffer.from([4, 1, 0, 0, 0, 0, 1, 0]); head.writeUInt16BE(9 + b.length, 2); return Buffer.concat([head, Buffer.from([token]), b]); }), bytes(12)));
const oracle = many(fc.oneof(fc.tuple(fc.constantFrom(2, 4, 5, 6, 11, 12, 14, 0, 99), bent).map(([t, b]) => tns(t, b)), bytes(12)));
const device = fc.oneof(bytes(60), fc.constantFrom("login: ", "Password: ", "\xff\xfd\x18", "\xff\xfa", "# ", "$ ", "\x1b[6n", "\x1b]", "\b".repeat(50), "New password: ").map(latin), fc.constantFrom("old ", "\x1b[", "password: ", "\xff\xfd\x01").map((t) => latin(t.repeat(4_000))));
const ssh = many(fc.oneof(bytes(40), fc.tuple(fc.constantFrom(1, 2, 4, 20, 21, 30, 31, 51, 52, 80, 90, 98, 0, 255), bent, fc.nat({ max: 20 })).map(([type, b, pad]) => {
  const head = Buffer.from([0, 0, 0, 0, pad, type]);
  head.writeUInt32BE(2 + b.length + pad);
  return Buffer.concat([head, b, Buffer.alloc(pad)]);
})));
const HOST_KEY = newKeyPair().public, SSH: Omit<Scene, "platform"> = { config: () => ({ hostKeys: [HOST_KEY] }), cloth: "plain", right: [latin("SSH-2.0-OpenSSH_9.2p1\r\n"), undefined], nonsense: ssh };

/** Turn by turn what a right one says, as far as it can be said without a password. */
export const SCENES: Readonly<Record<string, Scene>> = {
  "PostgreSQL": { platform: "postgres", config: () => ({ tls: "off", database: "postgres" }), cloth: "plain", right: [undefined, SASL], nonsense: postgresNonsense },
  "PostgreSQL under TLS": { platform: "postgres", config: pinned({ database: "postgres" }), cloth: { after: (turn) => (turn === 1 ? latin("S") : undefined) }, right: [undefined, SASL, OK], nonsense: postgresNonsense },
  "MySQL": { platform: "mysql", config: () => ({ tls: "off" }), cloth: "plain", right: [greeting(), mysqlPacket(2, latin("\xfemysql_native_password\0CCCCCCCCCCCCCCCCCCCC\0"))], nonsense: mysqlNonsense },
  "MySQL under TLS": { platform: "mysql", config: pinned(), cloth: { after: (turn) => (turn === 0 ? greeting() : undefined) }, right: [undefined, mysqlPacket(3, latin("\xfemysql_native_password\0CCCCCCCCCCCCCCCCCCCC\0"))], nonsense: mysqlNonsense },
  "Redis": { platform: "redis", config: () => ({ tls: "off" }), cloth: "plain", right: [undefined], nonsense: many(fc.oneof(bytes(12), fc.constantFrom("*4000000\r\n", "*100000\r\n:1\r\n", "$16777216\r\nx", "*1\r\n", "$-1\r\n", ":1\r\n", "*-1\r\n", "+\r\n").map(latin))) },
  "OpenLDAP": { platform: "openldap", config: pinned({ encryption: "ldaps", base: "dc=lab,dc=test" }), cloth: {}, right: [undefined], nonsense: ber },
  "Active Directory": { platform: "active-directory", config: pinned({ encryption: "ldaps", domain: "lab.test", kerberos: "off" }), cloth: {}, right: [undefined, Buffer.from("300c02010161070a010004000400", "hex")], nonsense: ber },
  "WinRM": { platform: "windows-winrm", config: pinned(), cloth: {}, right: [undefined], nonsense: http },
  "RabbitMQ": { platform: "rabbitmq", config: pinned(), cloth: {}, right: [undefined], nonsense: http },
  "etcd": { platform: "etcd", config: pinned(), cloth: {}, right: [undefined], nonsense: http },
  "Linux over SSH": { platform: "linux-ssh", ...SSH },
  "Linux, by keys": { platform: "linux-keys", ...SSH },
  "Windows over SSH": { platform: "windows-ssh", ...SSH },
  "a device over SSH": { platform: "cli:frr-vtysh", ...SSH },
  "a device over Telnet": { platform: "cli:busybox", config: () => ({ over: "telnet", plaintext: true }), cloth: "plain", right: [latin("host login: "), latin("Password: ")], nonsense: device, nameless: true },
};
/** By drivers that do not come with Lockstep. */
export const DRIVEN: Readonly<Record<string, Scene>> = {
  "SQL Server": { platform: "mssql", config: pinned(), cloth: "tds", right: [undefined], nonsense: tds },
  "Oracle": { platform: "oracle", config: pinned({ service: "LAB" }), cloth: {}, right: [undefined, tns(2, Buffer.from("013f0c410000ffff01000000002d0d41000000000000000000002000ffffffffffff".slice(0, 48), "hex"))], nonsense: oracle },
};

export type Fuzz = { readonly seed: number; readonly runs: number; readonly ms: number };
export type Sum = { readonly calls: number; readonly answers: Readonly<Record<string, number>> };
const VERBS = ["probe", "change", "test", "identity", "discover", "compare"] as const;
const LIMIT = 600;
/** Of the call's own limit; a machine with other work to do may be late. */
const LATE = 2_000;
const kindOf = (answer: unknown): string => typeof answer === "object" && answer !== null ? Object.keys(answer)[0]! : String(answer);
/** What is true of a target that proved nothing. */
const FITS: Readonly<Record<(typeof VERBS)[number], RegExp>> = {
  probe: /^unknown$/, change: /^(unknown|not_sent|refused)$/, test: /^(ok|null)$/, identity: /^.*$/, discover: /^(unknown|null)$/, compare: /^(unknown|null)$/,
};

const play = async (broker: Victim, server: Pick<Hostile, "says" | "port">, scene: Scene, config: unknown, fuzz: Fuzz): Promise<Sum> => {
  const answers: Record<string, number> = {};
  let calls = 0;
  const said = fc.record({ at: fc.nat({ max: scene.right.length }), nonsense: scene.nonsense, cut: fc.integer({ min: 1, max: 4_096 }), verb: fc.constantFrom(...VERBS) });
  await fc.assert(fc.asyncProperty(said, async ({ at, nonsense, cut, verb }) => {
    const size = Math.max(cut, Math.ceil(nonsense.length / 64)), parts = Array.from({ length: Math.ceil(nonsense.length / size) }, (_, i) => nonsense.subarray(i * size, (i + 1) * size));
    server.says = (turn) => turn < at ? scene.right[turn] : turn === at ? [...parts, END] : undefined;
    const call: Call = { platform: scene.platform, config, port: server.port, verb, limit: LIMIT, account: "app", as: "boss" };
    const { answered, threw, ms } = await broker.call(call);
    const kind = threw === undefined ? kindOf(answered) : "threw";
    if (ms > LIMIT + LATE) throw new Error(`${verb} took ${Math.round(ms)} ms`);
    if (threw !== undefined ? verb !== "identity" : !(FITS[verb].test(kind) || (scene.nameless === true && verb === "probe" && kind === "yes")) || (verb === "test" && (answered as { ok?: boolean } | null)?.ok === true)) throw new Error(`${verb}: ${threw ?? JSON.stringify(answered)}`);
    const key = `${verb}: ${verb === "identity" && threw === undefined ? "told" : kind}`;
    answers[key] = (answers[key] ?? 0) + 1;
    calls += 1;
  }), { seed: fuzz.seed, numRuns: fuzz.runs, interruptAfterTimeLimit: fuzz.ms, markInterruptAsFailure: false, endOnFailure: true });
  return { calls, answers };
};
/** Its TLS stands in packets, so another server speaks: at the login, or at the first question after a welcome. */
const tormentTds = async (broker: Victim, scene: Scene, made: Certificate, fuzz: Fuzz): Promise<Sum> => {
  const server: Pick<Hostile, "says"> = { says: () => undefined };
  const tds = await tdsServer({ certificate: made, answers: { login: () => null, batch: () => null }, instead: (type) => {
    const said = server.says(type === 0x10 ? 0 : 1, Buffer.alloc(0));
    return said === undefined ? undefined : [said].flat().filter((p) => Buffer.isBuffer(p));
  } });
  try { return await play(broker, Object.assign(server, { port: tds.port }), scene, scene.config(made), fuzz); } finally { await tds.stop(); }
};
/** Rejects where the process died, was silent, or believed something. */
export const torment = async (broker: Victim, scene: Scene, fuzz: Fuzz): Promise<Sum> => {
  const made = await certificate(await scratch("hostile", false));
  if (scene.cloth === "tds") return tormentTds(broker, scene, made, fuzz);
  const cloth = scene.cloth === "plain" ? undefined : { ...scene.cloth, certificate: made };
  const server = await hostile(() => undefined, cloth);
  try { return await play(broker, server, scene, scene.config(made), fuzz); } finally { server.close(); }
};
