/** Certificates made by the real ssh-keygen. Rule: each refusal is for its own reason, and no input throws. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { isSigned, parseCertificate, type Certificate } from "../../src/crypto/ssh-certificate.ts";
import { provesSsh } from "../../src/crypto/ssh-signature.ts";
import { NOTHING_REVOKED, parseAuthorities, parseRevoked } from "../../src/identity/authorities.ts";
import { objection } from "../../src/identity/certificates.ts";
import { fingerprintOf } from "../../src/identity/ssh-keys.ts";

const dir = mkdtempSync(path.join(tmpdir(), "lockstep-cert-"));
afterAll(() => { rmSync(dir, { recursive: true, force: true }); });
const keygen = (...args: string[]): void => { execFileSync("ssh-keygen", ["-q", ...args]); };
const key = (name: string, ...type: string[]): string => { keygen("-N", "", "-C", name, "-f", path.join(dir, name), ...type.length > 0 ? type : ["-t", "ed25519"]); return path.join(dir, name); };
const blobOf = (file: string): Buffer => Buffer.from(readFileSync(`${file}.pub`, "utf8").split(" ")[1]!, "base64");

let made = 0;
/** A certificate of a fresh key. */
const certificate = (ca: string, o: { principals?: string; options?: string[]; validity?: string; host?: boolean; serial?: number; type?: string[] } = {}): { cert: Certificate; raw: Buffer } => {
  const file = key(`user-${made += 1}`, ...o.type ?? []);
  keygen("-s", ca, "-I", "ada of the desk", ...(o.principals === undefined ? ["-n", "ada"] : o.principals === "" ? [] : ["-n", o.principals]), ...(o.host ? ["-h"] : []),
    "-z", String(o.serial ?? 7), "-V", o.validity ?? "-1h:+1h", ...(o.options ?? []).flatMap((x) => ["-O", x]), `${file}.pub`);
  const raw = Buffer.from(readFileSync(`${file}-cert.pub`, "utf8").split(" ")[1]!, "base64");
  return { cert: parseCertificate(raw)!, raw };
};

const ca = key("ca"), other = key("other-ca"), authorities = { keys: parseAuthorities(readFileSync(`${ca}.pub`, "utf8")), revoked: NOTHING_REVOKED }, now = new Date();
const say = (cert: Certificate, o: { name?: string; address?: string; at?: Date; revoked?: string } = {}) =>
  objection(cert, { ...authorities, revoked: o.revoked === undefined ? NOTHING_REVOKED : parseRevoked(o.revoked) }, o.name ?? "ada", o.address ?? "192.0.2.7", o.at ?? now);

describe("what lets in, and what does not", () => {
  test("a good one, and the same for another name, earlier and later", () => {
    const { cert } = certificate(ca, { principals: "ada,grace" });
    expect(cert).toMatchObject({ kind: "user", id: "ada of the desk", principals: ["ada", "grace"], serial: 7n });
    expect(say(cert)).toBeNull();
    expect(say(cert, { name: "grace" })).toBeNull();
    expect(say(cert, { name: "root" })).toBe("certificate for another name");
    expect(say(cert, { at: new Date(now.getTime() + 2 * 3_600_000) })).toBe("certificate has expired");
    expect(say(cert, { at: new Date(Number(cert.before) * 1_000) }), "the first second after").toBe("certificate has expired");
    expect(say(cert, { at: new Date(now.getTime() - 2 * 3_600_000) })).toBe("certificate is not valid yet");
  });
  test("for ever is for ever", () => expect(say(certificate(ca, { validity: "always:forever" }).cert, { at: new Date("2199-01-01") })).toBeNull());
  test("without a name, of a host, of another authority", () => {
    expect(say(certificate(ca, { principals: "" }).cert)).toBe("certificate for another name");
    expect(say(certificate(ca, { host: true }).cert)).toBe("certificate of a host");
    expect(say(certificate(other).cert)).toBe("certificate of another authority");
  });
  test("bound to addresses", () => {
    const { cert } = certificate(ca, { options: ["source-address=192.0.2.0/24,2001:db8::/32"] });
    expect([say(cert), say(cert, { address: "::ffff:192.0.2.9" }), say(cert, { address: "2001:db8::1" })]).toEqual([null, null, null]);
    for (const address of ["198.51.100.1", "unknown", ""]) expect(say(cert, { address })).toBe("certificate is not for this address");
  });
  test("what must be understood and is not, refuses", () =>
    expect(say(certificate(ca, { options: ["force-command=/bin/true"] }).cert)).toBe("certificate demands what is not known here: force-command"));
  test("taken back by serial, range, id, key and authority", () => {
    const { cert } = certificate(ca, { serial: 42 });
    for (const revoked of ["serial: 42", "serial: 40-50", "id: ada of the desk", `sha256: ${fingerprintOf(cert.key)}`, `# the old desk\nsha256: ${fingerprintOf(cert.authority)}\n`]) expect(say(cert, { revoked })).toBe("certificate was revoked");
    expect(say(cert, { revoked: "serial: 41\nserial: 43-99\nid: ada\n" })).toBeNull();
    expect(() => parseRevoked("serial: 42\nserail: 7\n")).toThrow(/line 2 is not/);
  });
  test.each([["rsa", ["-t", "rsa", "-b", "2048"]], ["nistp256", ["-t", "ecdsa", "-b", "256"]], ["nistp384", ["-t", "ecdsa", "-b", "384"]], ["nistp521", ["-t", "ecdsa", "-b", "521"]]])("an authority and a person with %s keys", (name, type) => {
    const authority = key(`ca-${name}`, ...type), { cert } = certificate(authority, { type });
    expect(objection(cert, { keys: [blobOf(authority)], revoked: NOTHING_REVOKED }, "ada", "192.0.2.7", now)).toBeNull();
  });
  test("an authority that signs with SHA-1 or with a short key proves nothing", () => {
    const old = key("ca-old", "-t", "rsa", "-b", "2048"), short = key("ca-short", "-t", "rsa", "-b", "1024");
    const file = key("user-sha1");
    keygen("-s", old, "-t", "ssh-rsa", "-I", "x", "-n", "ada", `${file}.pub`);
    const sha1 = parseCertificate(Buffer.from(readFileSync(`${file}-cert.pub`, "utf8").split(" ")[1]!, "base64"))!;
    expect(objection(sha1, { keys: [blobOf(old)], revoked: NOTHING_REVOKED }, "ada", "192.0.2.7", now)).toMatch(/proves nothing/);
    expect(() => parseAuthorities(readFileSync(`${short}.pub`, "utf8"))).toThrow(/line 1 is not a public key: RSA keys under 2048 bits/);
  });
  test("authority files: comments pass, anything else is named", () => {
    expect(parseAuthorities(`# ours\n\n${readFileSync(`${ca}.pub`, "utf8")}`)).toHaveLength(1);
    expect(() => parseAuthorities("ssh-ed25519 AAAA\n")).toThrow(/line 1/);
  });
});

describe("bytes", () => {
  const { raw } = certificate(ca, { options: ["source-address=192.0.2.0/24"] });
  test("every single altered byte is refused", () => {
    for (let i = 0; i < raw.length; i++) {
      const bent = Buffer.from(raw);
      bent[i] = bent[i]! ^ 1;
      const c = parseCertificate(bent);
      expect(c === undefined || say(c) !== null, `byte ${i}`).toBe(true);
    }
  });
  test("every cut is no certificate, and so is one with more behind it", () => {
    for (let n = 0; n < raw.length; n++) expect(parseCertificate(raw.subarray(0, n))).toBeUndefined();
    expect(parseCertificate(Buffer.concat([raw, Buffer.from([0])]))).toBeUndefined();
  });
  test("no input throws", () => {
    const bytes = fc.uint8Array({ maxLength: 400 });
    fc.assert(fc.property(bytes, (b) => parseCertificate(b) === undefined));
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(raw.length - 1), fc.nat(255)), { minLength: 1, maxLength: 20 }), (edits) => {
      const bent = Buffer.from(raw);
      for (const [at, value] of edits) bent[at] = value;
      const c = parseCertificate(bent);
      return bent.equals(raw) || c === undefined || !isSigned(c) || say(c) !== null;
    }));
    fc.assert(fc.property(bytes, bytes, bytes, (a, b, c) => !provesSsh(a, b, c)));
    fc.assert(fc.property(bytes, (b) => !provesSsh(blobOf(ca), Buffer.from("x"), b)));
  });
});
