/** The first words of VNC, and the file its servers keep a password in. Rule: whatever a server says, reading it ends with an answer or a sentence. */
import { createCipheriv } from "node:crypto";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { connect } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VNC_LONGEST, vncPassword } from "../../src/crypto/vnc-password.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { listenersOf, lookAtVnc, readListeners, readOffer } from "../../src/wires/vnc.ts";

const said = (version: string, ...types: number[]): Buffer => Buffer.concat([Buffer.from(`RFB ${version}\n`), Buffer.from([types.length, ...types])]);
describe("what a server offers", () => {
  test.each([["none", [1]], ["password", [2]], ["password", [16, 2, 1]], ["none", [1, 2]], ["login", [19, 2]], ["login", [30, 19]]] as const)("%s", (offer, types) => {
    const all = said("003.008", ...types);
    for (let i = 0; i < all.length; i++) expect(readOffer(all.subarray(0, i))).toBeUndefined();
    expect(readOffer(all)).toBe(offer);
  });
  test.each([["SSH-2.0-OpenSSH", "it does not answer as VNC does"], ["RFB 003.003\n\0\0\0\u0002", "it speaks RFB 3.3, which is too old"], ["RFB 003.008\n\0", "it refuses every connection"], ["RFB 003.008\n\u0002\u0005\u001e", "it offers no way of logging in that guacd knows (5, 30)"], ["HTTP/1.1 200 OK", "it does not answer as VNC does"]])("%j is refused in words", (text, why) => {
    expect(() => readOffer(Buffer.from(text, "latin1"))).toThrow(why);
  });
  test("whatever comes, in whatever pieces, ends in an answer, a sentence, or in waiting for more", () => {
    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 40 }).map((b) => Buffer.from(b)), fc.uint8Array({ maxLength: 20 }).map((b) => Buffer.concat([Buffer.from("RFB 003.008\n"), b]))), (bytes) => {
      try { expect([undefined, "none", "password", "login"]).toContain(readOffer(bytes)); } catch (e) { expect((e as Error).message).toMatch(/^it [a-z]/); }
    }), { numRuns: 2_000 });
  });
  const serving = async (script: (s: Socket) => void): Promise<{ port: number; heard(): Buffer; close(): void }> => {
    const all: Buffer[] = [], server = createServer((s) => { s.on("error", () => undefined).on("data", (d) => all.push(d)); script(s); });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return { port: (server.address() as AddressInfo).port, heard: () => Buffer.concat(all), close: () => server.close() };
  };
  test("is asked for in two messages, and nothing else is said; a mute one is left in time", async () => {
    const s = await serving((to) => { to.write("RFB 003.008\n"); to.once("data", () => to.write(Buffer.from([1, 2]))); });
    expect(await lookAtVnc(connect(s.port, "127.0.0.1"), AbortSignal.timeout(5_000))).toBe("password");
    expect(s.heard().toString()).toBe("RFB 003.008\n");
    s.close();
    const mute = await serving(() => undefined), gone = await serving((to) => to.destroy());
    await expect(lookAtVnc(connect(mute.port, "127.0.0.1"), AbortSignal.timeout(150))).rejects.toThrow("it did not answer as VNC does in time");
    await expect(lookAtVnc(connect(gone.port, "127.0.0.1"), AbortSignal.timeout(5_000))).rejects.toThrow("the connection ended before it answered as VNC does");
    mute.close(); gone.close();
  });
});

describe("whose a port is", () => {
  const row = (uid: number | string): string => `   7: 0100007F:170D 00000000:0000 0A 00000000:00000000 00:00000000 00000000  ${uid}        0 5521 1 ffff9 100 0 0 10 0`;
  test.each([
    ["own", ["1001", row(1001)]], ["own", ["1001", row(0)]], ["own", ["1001", row(0), row(1001)]], ["other", ["1001", row(1002)]], ["other", ["1001", row(1001), row(1002)]],
    ["unknown", ["1001"]], ["unknown", []], ["unknown", [row(1001)]], ["unknown", ["1001", "7: nothing"]], ["unknown", ["1001", row("-1")]], ["unknown", ["Welcome", "1001", row(1001)]],
  ] as const)("%s: %j", (whose, rows) => { expect(readListeners(`${rows.join("\n")}\n`)).toBe(whose); });
  test("whatever it says, nobody is taken for the account whose number is not all of theirs", () => {
    fc.assert(fc.property(fc.nat(70_000), fc.array(fc.nat(70_000), { minLength: 1, maxLength: 4 }), (me, uids) => {
      expect(readListeners([String(me), ...uids.map(row)].join("\n"))).toBe(uids.every((u) => u === 0 || u === me) ? "own" : "other");
    }));
  });
  test("is asked of this kernel, and told", async () => {
    const s = createServer(), { promisify } = await import("node:util"), run = promisify((await import("node:child_process")).execFile);
    await new Promise<void>((done) => s.listen(0, "127.0.0.1", done));
    expect(readListeners((await run("sh", ["-c", listenersOf((s.address() as AddressInfo).port)])).stdout)).toBe("own");
    s.close();
  });
});

describe("the file of a password", () => {
  const KEY = Buffer.from("e84ad660c4721ae0", "hex");
  const hidden = (password: string): Buffer => { const c = createCipheriv("des-ede3-ecb", Buffer.concat([KEY, KEY, KEY]), null).setAutoPadding(false), plain = Buffer.alloc(VNC_LONGEST); plain.write(password, "latin1"); return Buffer.concat([c.update(plain), c.final()]); };
  test("as vncpasswd writes it", () => { expect(reveal(vncPassword(Buffer.from("dbd83cfd727a1458", "hex"))!)).toBe("password"); });
  test("any of up to eight characters, with a second one for looking on behind it or not; what it was given is wiped", () => {
    fc.assert(fc.property(fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((c) => String.fromCharCode(c)), minLength: 1, maxLength: VNC_LONGEST }), fc.boolean(), (password, second) => {
      const file = Buffer.concat([hidden(password), second ? hidden("view") : Buffer.alloc(0)]);
      expect(reveal(vncPassword(file)!)).toBe(password);
      expect(file.every((b) => b === 0)).toBe(true);
    }), { numRuns: 200 });
  });
  test("less than eight bytes are none", () => { expect(vncPassword(Buffer.from("short"))).toBeNull(); });
});
