/** The first words of RDP, and guacd greeted. Rule: whatever a machine answers is judged or waited for, never thrown; the gate is for one connection. */
import { connect, createServer, type Server } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { systemRandom } from "../../src/kernel/clock.ts";
import { directLink } from "../../src/links/direct.ts";
import { greetGuacd } from "../../src/wires/guacd.ts";
import { lookAtRdp, objectionTo, readConfirm } from "../../src/wires/rdp.ts";
import { rdpGate } from "../../src/wires/rdp-gate.ts";

const answer = (type: number, value: number): Buffer => Buffer.from([3, 0, 0, 19, 14, 0xd0, 0, 0, 0x12, 0x34, 0, type, 0, 8, 0, value, 0, 0, 0]);
const serving = async (reply: Buffer | null): Promise<Server & AsyncDisposable & { port: number }> => {
  const server = createServer((s) => { s.on("error", () => undefined).once("data", () => { if (reply) s.write(reply); }); });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return Object.assign(server, { port: (server.address() as { port: number }).port, [Symbol.asyncDispose]: async () => { server.close(); await Promise.resolve(); } });
};

describe("what a machine answers", () => {
  test("every cut of a good answer is waited for; what it says is read", () => {
    const good = answer(2, 1);
    for (let i = 0; i < good.length; i++) expect(readConfirm(good.subarray(0, i))).toBeUndefined();
    expect([readConfirm(good), readConfirm(answer(2, 8)), readConfirm(answer(3, 5)), readConfirm(Buffer.from([3, 0, 0, 11, 6, 0xd0, 0, 0, 0, 0, 0]))]).toEqual([{ selected: 1 }, { selected: 8 }, { failure: 5 }, "old"]);
  });
  test("no bytes throw, and none is waited for without an end", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      const read = readConfirm(Buffer.from(bytes));
      if (read === undefined) expect(bytes.length < 4 || bytes.length < 512).toBe(true);
    }), { numRuns: 5_000 });
    expect(readConfirm(Buffer.from("SSH-2.0-OpenSSH"))).toBe("strange");
  });
  test("a session takes its own security and no other", () => {
    const takes = (security: "tls" | "nla"): number[] => [0, 1, 2, 4, 8, 3].filter((selected) => objectionTo({ selected }, security) === null);
    expect([takes("tls"), takes("nla")]).toEqual([[1], [2, 8]]);
    for (const security of ["tls", "nla"] as const) for (const c of ["old", "strange", { failure: 1 }, { failure: 99 }] as const) expect(objectionTo(c, security)).toMatch(/^it /);
    expect(objectionTo({ failure: 5 }, "tls")).toContain("set this target's RDP security to nla");
  });
});

test("looking at what is no RDP server, at one without TLS, and at silence: a sentence each", async () => {
  for (const [reply, says] of [[Buffer.from("HTTP/1.1 400\r\n"), "it does not answer as RDP does"], [answer(3, 2), "it takes no TLS"], [answer(2, 0), "it does not offer Network Level Authentication"]] as const) {
    await using s = await serving(reply);
    await expect(lookAtRdp(directLink({ host: "127.0.0.1", port: s.port }), AbortSignal.timeout(3_000))).rejects.toMatchObject({ code: "upstream", message: expect.stringContaining(says) as string });
  }
  await using mute = await serving(null);
  await expect(lookAtRdp(directLink({ host: "127.0.0.1", port: mute.port }), AbortSignal.timeout(200))).rejects.toMatchObject({ code: "upstream", message: expect.stringMatching(/^127\.0\.0\.1:\d+ cannot be used as an RDP server: it did not answer as RDP does in time\.$/) as string });
});

test("a gate is for one connection, at an address of its own, and closing it cuts both sides", async () => {
  await using s = await serving(answer(2, 1));
  const gate = await rdpGate(directLink({ host: "127.0.0.1", port: s.port }), "tls", systemRandom, AbortSignal.timeout(10_000));
  expect(gate.host).toMatch(/^127\.\d+\.\d+\.\d+$/);
  const first = connect(gate.port, gate.host);
  first.on("error", () => undefined).write("hello");
  await new Promise((done) => first.once("data", done));
  expect(gate.why()).toBeUndefined();
  const second = connect(gate.port, gate.host), code = await new Promise((done) => second.once("error", (e: NodeJS.ErrnoException) => done(e.code)).once("connect", () => done("connected")));
  expect(code).toBe("ECONNREFUSED");
  const closed = new Promise((done) => first.once("close", () => done(true)));
  gate.close();
  expect(await closed).toBe(true);
});

test("guacd greeted: its version; nobody, and somebody else, are told apart", async () => {
  await using good = await serving(Buffer.from("4.args,13.VERSION_1_3_0,8.hostname;"));
  expect(await greetGuacd({ host: "127.0.0.1", port: good.port }, AbortSignal.timeout(2_000))).toBe("1.3.0");
  await using other = await serving(Buffer.from("5.error,3.not,3.519;"));
  await expect(greetGuacd({ host: "127.0.0.1", port: other.port }, AbortSignal.timeout(2_000))).rejects.toMatchObject({ code: "unavailable", message: expect.stringContaining("its plug-in is missing") as string });
  await expect(greetGuacd({ host: "127.0.0.1", port: 1 }, AbortSignal.timeout(2_000))).rejects.toMatchObject({ message: expect.stringContaining("does not answer") as string });
});
