/** NTLMv2 and its MD4, by published vectors and by other programs. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { md4 } from "../../src/wires/md4.ts";
import { authenticate, bindingTo, challengeOf, computerOf, negotiate, ntlmv2 } from "../../src/wires/ntlm.ts";
import { CLIENT_PACKAGES, needs, WINRM_PACKAGES } from "../lab/needs.ts";
import { withMd4 } from "../lab/md4.ts";
import { must } from "../lab/run.ts";

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ""), "hex"), utf16 = (text: string): Buffer => Buffer.from(text, "utf16le");

test("MD4: the vectors of RFC 1320, and OpenSSL's own for any bytes", async () => {
  const rfc: [string, string][] = [["", "31d6cfe0d16ae931b73c59d7e0c089c0"], ["a", "bde52cb31de33e46245e05fbdbd6fb24"], ["abc", "a448017aaf21d8525fc10ae87aa6729d"], ["message digest", "d9130a8164549fe818874806e1c7014b"],
    ["abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9"], ["12345678901234567890123456789012345678901234567890123456789012345678901234567890", "e33b4ddc9c38f2199c3e7b164fcc0536"]];
  for (const [text, sum] of rfc) expect(md4(Buffer.from(text)).toString("hex")).toBe(sum);
  for (const length of [1, 55, 56, 57, 63, 64, 65, 119, 120, 1_000]) {
    const bytes = Buffer.from(Array.from({ length }, (_, i) => (i * 37 + length) & 255));
    expect(md4(bytes).toString("hex")).toBe((await must("sh", ["-c", "base64 -d | openssl dgst -provider legacy -md4 -r"], { stdin: bytes.toString("base64") })).slice(0, 32));
  }
});

/** MS-NLMP 4.2.4: User, Domain, Password, Server. */
const PAIRS = hex("02000c0044006f006d00610069006e00 01000c0053006500720076006500720000000000");
test("NTLMv2: the vectors of MS-NLMP 4.2.4", () => {
  const r = ntlmv2({ user: "User", domain: "Domain", password: "Password" }, hex("0123456789abcdef"), hex("aaaaaaaaaaaaaaaa"), Buffer.alloc(8), PAIRS);
  expect([r.nt.subarray(0, 16).toString("hex"), r.lm.toString("hex"), r.key.toString("hex")]).toEqual(["68cd0ab851e51c96aabc927bebef6a1c", "86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa", "8de40ccadbc14a82f15cb0ad0de95ca3"]);
});

const challenge = (pairs: Buffer): Buffer => {
  const head = Buffer.alloc(56);
  head.write("NTLMSSP\0", "latin1");
  head.writeUInt32LE(2, 8);
  head.writeUInt32LE(0xe28a8215, 20);
  hex("0123456789abcdef").copy(head, 24);
  head.writeUInt16LE(pairs.length, 40); head.writeUInt16LE(pairs.length, 42); head.writeUInt32LE(56, 44);
  hex("0a0063450000000f").copy(head, 48);
  return Buffer.concat([head, pairs]);
};
const timed = (): Buffer => { const pair = Buffer.alloc(12); pair.writeUInt16LE(7); pair.writeUInt16LE(8, 2); pair.writeBigUInt64LE(133_000_000_000_000_000n, 4); return Buffer.concat([PAIRS.subarray(0, -4), pair, Buffer.alloc(4)]); };
/** The other program judges the third message by its own functions: answer and MIC. */
const OTHER = `
import base64, sys, json, hmac, hashlib, struct
from ntlm_auth.compute_hash import _ntowfv2
from ntlm_auth.gss_channel_bindings import GssChannelBindingsStruct
q = json.load(sys.stdin); raw = base64.b64decode(q["third"]); first = base64.b64decode(q["first"]); second = base64.b64decode(q["second"])
field = lambda at: raw[struct.unpack("<I", raw[at+4:at+8])[0]:][:struct.unpack("<H", raw[at:at+2])[0]]
nt, domain, user = field(20), field(28).decode("utf-16-le"), field(36).decode("utf-16-le")
key = _ntowfv2(user, q["password"], domain)
proof = hmac.new(key, second[24:32] + nt[16:], hashlib.md5).digest()
session = hmac.new(key, proof, hashlib.md5).digest()
mic = hmac.new(session, first + second + raw[:72] + bytes(16) + raw[88:], hashlib.md5).digest()
g = GssChannelBindingsStruct(); g[g.APPLICATION_DATA] = b"tls-server-end-point:" + bytes.fromhex(q["certificate"])
print(json.dumps(dict(proof=proof == nt[:16], mic=mic == raw[72:88], user=user, domain=domain, bound=hashlib.md5(g.get_data()).digest().hex() in nt.hex())))
`;
test("the third message, its MIC and its binding to the certificate are right by python3-ntlm-auth", async () => {
  await needs({ debian: [...WINRM_PACKAGES, ...CLIENT_PACKAGES] }, "NTLM");
  const raw = challenge(timed()), c = challengeOf(raw)!, certificate = "ab".repeat(32), env = await withMd4();
  for (const [user, password] of [["Administrator", "Pass-Wörd €1"], ["ünïcode user", "'\"$`\\\\"]] as const) {
    const third = authenticate({ user, domain: computerOf(c), password }, c, { client: hex("aaaaaaaaaaaaaaaa"), now: new Date(0), certificate: hex(certificate) });
    const asked = JSON.stringify({ first: negotiate().toString("base64"), second: raw.toString("base64"), third: third.toString("base64"), password, certificate });
    expect(JSON.parse(await must("/usr/bin/python3", ["-c", OTHER], { stdin: asked, env }))).toEqual({ proof: true, mic: true, user, domain: "Server", bound: true });
  }
  expect(bindingTo(hex(certificate)).length).toBe(16);
});
test("what is no challenge is none; what is one never ends the process", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(200), (bytes, at) => {
    const raw = Buffer.concat([challenge(timed()).subarray(0, at % 100), Buffer.from(bytes)]), c = challengeOf(raw);
    if (c !== undefined) expect(authenticate({ user: "u", domain: "", password: "p" }, c, { client: Buffer.alloc(8), now: new Date(0) }).readUInt32LE(8)).toBe(3);
  }), { numRuns: 400 });
  expect([challengeOf(Buffer.alloc(0)), challengeOf(negotiate()), challengeOf(utf16("NTLMSSP"))]).toEqual([undefined, undefined, undefined]);
});
