/** LDAP's beginnings against servers that misbehave. Rule: what reached them is kept, byte for byte, by themselves. */
import { createServer, type AddressInfo, type Socket } from "node:net";
import { spawnSync } from "node:child_process";
import { afterEach, expect, test } from "vitest";
import fc from "fast-check";
import { openDirectory } from "../../src/wires/ldap.ts";
import { directLink } from "../../src/links/direct.ts";

const open: { close(): void }[] = [];
afterEach(() => { for (const s of open.splice(0)) s.close(); });
/** Answers the first thing it hears with `answer`, and keeps everything. */
const server = async (answer: Buffer, port = 0): Promise<{ port: number; heard: Buffer[] }> => {
  const heard: Buffer[] = [], s = createServer((socket: Socket) => { socket.on("error", () => undefined).on("data", (part: Buffer) => { heard.push(part); if (heard.length === 1) socket.write(answer); }); });
  await new Promise<void>((up) => s.listen(port, "127.0.0.1", up));
  open.push(s);
  return { port: (s.address() as AddressInfo).port, heard };
};
const dial = (port: number, ms = 1_000) => openDirectory(directLink({ host: "127.0.0.1", port }), "whoever", "starttls", AbortSignal.timeout(ms)).then((d) => { d.end(); return "open"; }, (e: { kind: string; why: string }) => `${e.kind}: ${e.why}`);
const OK = "300c02010178070a010004000400", ASK = "301d02010177188016312e332e362e312e342e312e313436362e3230303337";

test("law: key-before-password — a server without StartTLS, or with something else to say, hears the one question and nothing more", async () => {
  const answers: readonly (readonly [string, RegExp])[] = [
    ["300c02010178070a013404000400", /offers no TLS/], [`${OK}300c02010161070a010004000400`, /does not answer as a directory/], ["485454502f312e31", /does not answer as a directory|silent/],
    ["308400ffffff", /does not answer as a directory/], ["3080", /does not answer as a directory/], ["300c020102", /silent/],
  ];
  for (const [hex, why] of answers) {
    const s = await server(Buffer.from(hex, "hex"));
    expect(await dial(s.port), hex).toMatch(why);
    expect(Buffer.concat(s.heard).toString("hex")).toBe(ASK);
  }
});
test("no answer brings it down, or past TLS", async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async (bytes) => {
    const s = await server(Buffer.concat([Buffer.from([0x30]), bytes]));
    expect(await dial(s.port, 60)).toMatch(/^unreachable: /);
    expect(ASK.startsWith(Buffer.concat(s.heard).toString("hex"))).toBe(true);
  }), { numRuns: 60 });
});
test("law: secrets-one-door — with the library's own debug log on, nothing is opened", () => {
  const script = 'import("./src/wires/ldap.ts").then(({ openDirectory }) => openDirectory({ address: { host: "127.0.0.1", port: 1 } }, "whoever", "ldaps", AbortSignal.timeout(9)).catch((e) => console.log(e.why)))';
  const out = spawnSync(process.execPath, ["--import", "tsx", "-e", script], { env: { ...process.env, NODE_DEBUG: "ldapts" }, encoding: "utf8" });
  expect(out.stdout).toMatch(/NODE_DEBUG names ldapts/);
});
