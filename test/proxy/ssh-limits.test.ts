/** What one person's connection may hold in a session process, right or no right: channels in which nothing begins, variables, forwards on their way. */
import { statSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Terms } from "../../proxy/channel.ts";
import { MAX_CHANNELS, MAX_ENV, MAX_FORWARDS } from "../../proxy/limits.ts";
import { ssh2, type Client } from "../../src/wires/ssh-tuned.ts";
import { bytesOf, eventually, sshLab, type Lab } from "./ssh-lab.ts";

/** ssh2's client as packets: it asks for whatever it is told to, and everything that comes back is kept. */
type Wire = {
  session(channel: number, window: number, packet: number): void; env(remote: number, name: string, value: string, reply: boolean): void; exec(remote: number, command: string, reply: boolean): void; subsystem(remote: number, name: string, reply: boolean): void; channelData(remote: number, data: Buffer): void; channelClose(remote: number): void;
  directTcpip(channel: number, window: number, packet: number, to: object): void; readonly _handlers: Record<string, (...args: never[]) => void>;
};
type Raw = { wire: Wire; opened: number[]; refused: string[]; yes: number; no: number; closed: number[]; end(): void };
let lab: Lab, usual: Terms, target: Server;
const clients: Raw[] = [];
beforeAll(async () => {
  lab = await sshLab({});
  usual = lab.broker.terms;
  target = createServer((s) => { s.on("error", () => undefined); });
  await new Promise<void>((done) => { target.listen(0, "127.0.0.1", done); });
});
afterEach(() => { for (const c of clients.splice(0)) c.end(); lab.broker.terms = usual; lab.broker.onAdmit = () => undefined; });
afterAll(async () => { target?.close(); await lab?.[Symbol.asyncDispose](); });

const raw = async (): Promise<Raw> => {
  const client: Client = new ssh2.Client();
  await new Promise<void>((done, no) => { client.on("ready", done).on("error", no).connect({ host: "127.0.0.1", port: lab.proxy.port, username: "requester@app1@web-1", password: "Person-Pw-1" }); });
  client.on("error", () => undefined);
  const wire = (client as unknown as { _protocol: Wire })._protocol, r: Raw = { wire, opened: [], refused: [], yes: 0, no: 0, closed: [], end: () => client.end() };
  Object.assign(wire._handlers, {
    CHANNEL_OPEN_CONFIRMATION: (_p: unknown, { sender }: { sender: number }) => { r.opened.push(sender); }, CHANNEL_OPEN_FAILURE: (_p: unknown, _to: number, _reason: number, text: string) => { r.refused.push(text); },
    CHANNEL_SUCCESS: () => { r.yes += 1; }, CHANNEL_FAILURE: () => { r.no += 1; }, CHANNEL_CLOSE: (_p: unknown, to: number) => { r.closed.push(to); }, CHANNEL_DATA: () => undefined, CHANNEL_EOF: () => undefined, CHANNEL_WINDOW_ADJUST: () => undefined, CHANNEL_EXTENDED_DATA: () => undefined, CHANNEL_REQUEST: () => undefined,
  });
  clients.push(r);
  return r;
};
const name = (i: number): string => `LC_${[...i.toString(26).padStart(4, "0")].map((d) => String.fromCharCode(65 + Number.parseInt(d, 26))).join("")}`;

test("a channel counts from its beginning to its end, whether or not a program was begun in it", async () => {
  const r = await raw(), { wire } = r;
  for (let n = 0; n < 200; n++) wire.session(n, 65_536, 32_768);
  await eventually(() => r.opened.length + r.refused.length === 200);
  expect([r.opened.length, new Set(r.refused)]).toEqual([MAX_CHANNELS, new Set([`lockstep: More than ${MAX_CHANNELS} channels at a time.`])]);
  for (const remote of r.opened.slice(0, 10)) wire.channelClose(remote);
  await eventually(() => r.closed.length === 10);
  for (let n = 200; n < 220; n++) wire.session(n, 65_536, 32_768);
  await eventually(() => r.opened.length + r.refused.length === 220);
  expect([r.opened.length, r.refused.length]).toEqual([MAX_CHANNELS + 10, 146]);
}, 60_000);

test("of variables a person sends on a few short ones; the others are refused, and the program has those", async () => {
  const c = await raw();
  c.wire.session(0, 65_536, 32_768);
  const [remote] = await eventually(() => c.opened.length > 0 && c.opened);
  c.wire.env(remote!, name(0), "v".repeat(4_097), true);
  c.wire.env(remote!, `LC_${"A".repeat(33)}`, "v", true);
  c.wire.env(remote!, "LD_PRELOAD", "v", true);
  await eventually(() => c.no === 3);
  for (let i = 0; i < 500; i++) c.wire.env(remote!, name(i), "v".repeat(4_096), true);
  // One that is there may change.
  c.wire.env(remote!, name(3), "changed", true);
  await eventually(() => c.yes + c.no === 504);
  expect([c.yes, c.no]).toEqual([MAX_ENV + 1, 471]);
  c.wire.exec(remote!, `env | grep -c '^LC_[A-Z]*=v'; echo $${name(3)}`, true);
  await eventually(() => c.closed.length > 0);
  c.end();
  const session = await lab.ended();
  expect(bytesOf(lab.recording(session).frames, "output").toString()).toBe(`${MAX_ENV - 1}\nchanged\n`);
}, 60_000);

test("forwards that are asked for all at once are counted before the first of them is let in", async () => {
  lab.broker.terms = { ...usual, channels: ["exec", "direct-tcpip"], record: "head", forwardTo: ["localhost:*"] };
  let letIn: () => void = () => undefined;
  lab.broker.onAdmit = () => new Promise<void>((done) => { letIn = done; });
  const c = await raw(), before = lab.broker.sessions.length, to = { srcIP: "127.0.0.1", srcPort: 1, dstIP: "127.0.0.1", dstPort: (target.address() as AddressInfo).port };
  for (let n = 0; n < 300; n++) c.wire.directTcpip(n, 65_536, 32_768, to);
  await eventually(() => lab.broker.sessions.length > before && c.refused.length >= 300 - MAX_FORWARDS);
  expect([c.opened.length, c.refused.length, new Set(c.refused)]).toEqual([0, 300 - MAX_FORWARDS, new Set([`lockstep: More than ${MAX_FORWARDS} forwarded connections at a time.`])]);
  letIn();
  await eventually(() => c.opened.length + c.refused.length === 300);
  // Places of those that failed, and of those that are over, are free again.
  for (const remote of c.opened) c.wire.channelClose(remote);
  await eventually(() => c.closed.length === c.opened.length);
  const there = c.opened.length;
  expect(there).toBeGreaterThan(0);
  await eventually(async () => { c.wire.directTcpip(1_000, 65_536, 32_768, to); await new Promise((done) => setTimeout(done, 100)); return c.opened.length > there; });
}, 60_000);

test("who asks for what it is not given, reads no answer and closes the channel has a file transfer that is over", async () => {
  lab.broker.terms = { ...usual, channels: ["sftp"], files: { ...usual.files, readOnly: true } };
  const c = await raw(), before = lab.broker.sessions.length, ask = Buffer.from("000000110d00000000000000082f7372762f782f78", "hex");
  c.wire.session(0, 1_000, 32_768);
  const [remote] = await eventually(() => c.opened.length > 0 && c.opened);
  c.wire.subsystem(remote!, "sftp", true);
  await eventually(() => c.yes === 1);
  c.wire.channelData(remote!, Buffer.from("000000050100000003", "hex"));
  for (let n = 0; n < 60; n++) c.wire.channelData(remote!, Buffer.concat(Array.from({ length: 1_000 }, () => ask)));
  await eventually(() => lab.broker.sessions.length > before && lab.broker.last().events.filter((e) => e.kind === "file").length === 200);
  // It is held back when its recording grows no more.
  const size = (): number => statSync(join(lab.recordings, `${lab.broker.last().recording}.lsr`)).size;
  await eventually(async () => { const was = size(); await new Promise((done) => setTimeout(done, 500)); return was === size(); });
  c.wire.channelClose(remote!);
  const { events } = lab.broker.last();
  expect(await eventually(() => events.find((e) => e.kind === "channel_closed"))).toMatchObject({ channel: 1 });
  expect(events.find((e) => e.kind === "files")).toMatchObject({ counts: { "remove refused": 60_000 } });
}, 60_000);
