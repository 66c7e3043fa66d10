/** Forwarding by the stock client: there, back, sockets, SOCKS, agent, X11. Rule: off unless the policy says so; what passes is counted to the byte. */
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ChannelKind, Terms } from "../../proxy/channel.ts";
import { coverageOf } from "../../src/domain/ledger.ts";
import { freePort } from "../lab/ports.ts";
import type { FakeSession } from "./fake-broker.ts";
import type { Lab, Said } from "./ssh-lab.ts";
import { collect, eventually, sshLab } from "./ssh-lab.ts";

let lab: Lab, usual: Terms, echo: Server, echoPort: number;
const servers: Server[] = [];
const listening = (server: Server, where: number | string): Promise<number> => new Promise((done) => {
  servers.push(server);
  server.listen(where as number, typeof where === "number" ? "127.0.0.1" : undefined as never, () => done((server.address() as { port?: number }).port ?? 0));
});
beforeAll(async () => {
  lab = await sshLab({ sshd: "X11Forwarding yes\nAllowStreamLocalForwarding yes\n" });
  usual = lab.broker.terms;
  echo = createServer({ allowHalfOpen: true }, (s) => { s.on("error", () => undefined); s.pipe(s); });
  echoPort = await listening(echo, 0);
});
afterAll(async () => { for (const s of servers) s.close(); await lab?.[Symbol.asyncDispose](); });
afterEach(() => { lab.broker.terms = usual; });

const give = (channels: ChannelKind[], over: Partial<Terms> = {}): void => { lab.broker.terms = { ...usual, channels: ["exec", ...channels], record: "head", ...over }; };
const sha = (b: Buffer): string => createHash("sha256").update(b).digest("hex");
/** Sends, ends, and reads to the end; undefined when nobody was there. */
const talk = (to: number | string, data: Buffer): Promise<Buffer | undefined> => new Promise((resolve) => {
  const socket: Socket = typeof to === "number" ? connect(to, "127.0.0.1") : connect(to), got: Buffer[] = [];
  socket.on("data", (d: Buffer) => got.push(d)).on("error", () => resolve(undefined)).on("close", () => resolve(got.length === 0 ? undefined : Buffer.concat(got)));
  socket.on("connect", () => socket.end(data));
});
/** A client that stays until its stdin ends. */
const held = async (...options: string[]): Promise<{ end(): Promise<Said>; session: FakeSession }> => {
  const before = lab.broker.sessions.length, child = lab.start("echo up; exec cat", { options }), said = collect(child);
  await new Promise((done) => child.stdout?.once("data", done));
  await eventually(() => lab.broker.sessions.length > before);
  const session = lab.broker.last();
  return { session, end: async () => { child.stdin?.end(); const out = await said; await lab.ended(session); return out; } };
};
const refusedOf = (s: FakeSession): string[] => s.events.flatMap((e) => (e.kind === "refused" ? [e.what] : [])).sort();

describe("there: -L, -D, -W", () => {
  test("bytes pass both ways, half-close too; each connection has its line in the ledger, to the byte and under a digest", async () => {
    give(["direct-tcpip"]);
    const port = await freePort(), { end, session } = await held("-L", `${port}:127.0.0.1:${echoPort}`), data = randomBytes(5 << 20);
    expect(sha((await talk(port, data))!)).toBe(sha(data));
    expect((await talk(port, Buffer.from("second")))?.toString()).toBe("second");
    expect((await end()).code).toBe(0);
    const { ledger } = session.ended!, forwards = ledger.channels.filter((c) => c.kind === "direct-tcpip");
    expect(forwards.map((c) => [c.to, c.record, c.in.bytes, c.out.bytes])).toEqual([[`127.0.0.1:${echoPort}`, "digest", data.length, data.length], [`127.0.0.1:${echoPort}`, "digest", 6, 6]]);
    expect(forwards[0]).toMatchObject({ in: { sha256: sha(data), recorded: 0, covered: data.length }, out: { sha256: sha(data) } });
    expect(coverageOf(ledger)).toMatchObject({ score: 1, gaps: [] });
    expect(session.events.filter((e) => e.kind === "channel_opened" && e.type === "direct-tcpip")).toMatchObject([{ to: `127.0.0.1:${echoPort}` }, {}]);
  });
  test("kept in full where the policy demands it", async () => {
    give(["direct-tcpip"], { record: "full" });
    const port = await freePort(), { end, session } = await held("-L", `${port}:127.0.0.1:${echoPort}`);
    await talk(port, Buffer.from("all of it"));
    await end();
    expect(lab.recording(session).frames.filter((f) => f.type === "input" && f.channel === 2).map((f) => f.data.toString()).join("")).toBe("all of it");
  });
  test("another destination: nothing arrives, the client prints why, the session goes on", async () => {
    give(["direct-tcpip"], { forwardTo: ["localhost:1"] });
    const port = await freePort(), { end, session } = await held("-o", "LogLevel=INFO", "-L", `${port}:127.0.0.1:${echoPort}`);
    expect(await talk(port, Buffer.from("x"))).toBeUndefined();
    const said = await end();
    expect(said.stderr).toContain(`open failed: administratively prohibited: lockstep: Your access does not include forwarding to localhost:${echoPort}.`);
    expect([said.code, said.stdout.toString()]).toEqual([0, "up\n"]);
    expect(refusedOf(session)).toEqual(["direct-tcpip"]);
  });
  test("a destination where nobody answers", async () => {
    give(["direct-tcpip"]);
    const port = await freePort(), { end } = await held("-o", "LogLevel=INFO", "-L", `${port}:127.0.0.1:1`);
    expect(await talk(port, Buffer.from("x"))).toBeUndefined();
    expect((await end()).stderr).toContain("lockstep: Nothing answers there, or the target does not forward to it.");
  });
  test("-N with -L alone is a session of its own; -W too", async () => {
    give(["direct-tcpip"]);
    const port = await freePort(), child = lab.start(undefined, { options: ["-N", "-L", `${port}:127.0.0.1:${echoPort}`] }), before = lab.broker.sessions.length;
    expect(await eventually(async () => (await talk(port, Buffer.from("alone")))?.toString())).toBe("alone");
    child.kill();
    expect((await lab.ended(lab.broker.sessions[before])).ask.channel).toBe("direct-tcpip");
    const said = await lab.ssh(undefined, { options: ["-W", `127.0.0.1:${echoPort}`], stdin: Buffer.from("through") });
    expect([said.code, said.stdout.toString()]).toEqual([0, "through"]);
  });
  test("-D: a SOCKS client reaches what the list names and nothing else", async () => {
    give(["direct-tcpip"], { forwardTo: [`localhost:${echoPort}`] });
    const port = await freePort(), { end, session } = await held("-D", String(port));
    const socks = (to: number): Promise<Said> => { const child = spawn("nc", ["-N", "-X", "5", "-x", `127.0.0.1:${port}`, "127.0.0.1", String(to)]); child.stdin.on("error", () => undefined).end("by socks"); return collect(child); };
    expect((await socks(echoPort)).stdout.toString()).toBe("by socks");
    expect((await socks(lab.host.port)).stdout.toString()).toBe("");
    await end();
    expect(refusedOf(session)).toEqual(["direct-tcpip"]);
  });
  test("sockets: by path", async () => {
    const path = join(lab.dir, "there.sock"), near = join(lab.dir, "near.sock");
    await lab.host.exec("rm -f /home/app1/s.sock");
    give(["streamlocal"], { forwardTo: ["/home/app1/*.sock"] });
    const target = lab.start("python3 -c \"import socket; s=socket.socket(socket.AF_UNIX); s.bind('/home/app1/s.sock'); s.listen(1); print('up', flush=True); c,_=s.accept(); c.sendall(c.recv(99).upper()); c.close()\"");
    await new Promise((done) => target.stdout?.once("data", done));
    const { end, session } = await held("-L", `${near}:/home/app1/s.sock`, "-L", `${path}:/home/app1/../app1/s.sock`);
    expect(await talk(path, Buffer.from("no"))).toBeUndefined();
    expect((await talk(near, Buffer.from("by path")))?.toString()).toBe("BY PATH");
    await end();
    expect(session.ended!.ledger.channels.find((c) => c.kind === "streamlocal")).toMatchObject({ to: "/home/app1/s.sock", in: { bytes: 7 }, out: { bytes: 7 } });
    expect(refusedOf(session)).toEqual(["streamlocal"]);
  });
});

describe("back: -R", () => {
  test("the target's own loopback reaches the person's side; counted", async () => {
    give(["forwarded-tcpip"]);
    const port = await freePort(), { end, session } = await held("-R", `localhost:${port}:127.0.0.1:${echoPort}`);
    expect(await eventually(async () => (await talk(port, Buffer.from("from the target")))?.toString())).toBe("from the target");
    expect((await end()).stderr).toBe("");
    expect(session.ended!.ledger.channels.find((c) => c.kind === "forwarded-tcpip")).toMatchObject({ in: { bytes: 15, covered: 15 }, out: { bytes: 15 } });
    expect(await talk(port, Buffer.from("x"))).toBeUndefined();
  });
  test("on every address: refused with a sentence, the command still runs", async () => {
    give(["forwarded-tcpip"]);
    const { end, session } = await held("-R", `0.0.0.0:${await freePort()}:127.0.0.1:${echoPort}`), said = await end();
    expect(said.stderr).toContain("lockstep: The target listens for you on its own loopback address only");
    expect([said.code, refusedOf(session)]).toEqual([0, ["forwarded-tcpip"]]);
  });
  test("a socket on the target", async () => {
    give(["streamlocal"], { forwardTo: ["/home/app1/*"] });
    await lab.host.exec("rm -f /home/app1/back.sock");
    const { end, session } = await held("-R", `/home/app1/back.sock:127.0.0.1:${echoPort}`);
    expect((await lab.ssh("python3 -c \"import socket; s=socket.socket(socket.AF_UNIX); s.connect('/home/app1/back.sock'); s.sendall(b'hello'); s.shutdown(1); print(s.recv(9).decode())\"")).stdout.toString()).toBe("hello\n");
    await end();
    expect(session.ended!.ledger.channels.find((c) => c.kind === "streamlocal")).toMatchObject({ out: { bytes: 5 } });
  });
});

describe("agent and X11", () => {
  const withAgent = async <T>(work: (env: Record<string, string>) => Promise<T>): Promise<T> => {
    const path = join(lab.dir, `agent-${randomBytes(3).toString("hex")}`), agent = spawn("ssh-agent", ["-D", "-a", path], { stdio: "ignore" });
    try {
      await eventually(() => talk(path, Buffer.from([0, 0, 0, 1, 11])));
      await collect(spawn("ssh-add", ["-q", join(lab.dir, "person_key")], { env: { ...process.env, SSH_AUTH_SOCK: path } }));
      return await work({ SSH_AUTH_SOCK: path });
    } finally { agent.kill(); }
  };
  test("-A by policy: the target asks the person's own agent, counted; else a sentence and no socket", () => withAgent(async (env) => {
    give(["agent"]);
    const said = await lab.ssh("ssh-add -l", { options: ["-A"], env }), session = await lab.ended();
    expect([said.code, said.stderr, said.stdout.toString()]).toEqual([0, "", expect.stringMatching(/^256 SHA256:.* \(ED25519\)\n$/)]);
    expect(session.ended!.ledger.channels.find((c) => c.kind === "agent")!.in.bytes).toBeGreaterThan(50);
    expect(coverageOf(session.ended!.ledger).score).toBe(1);
    give([]);
    const none = await lab.ssh("echo \"<$SSH_AUTH_SOCK>\"", { options: ["-A"], env });
    expect([none.code, none.stdout.toString(), none.stderr]).toEqual([0, "<>\n", "lockstep: Your access does not include agent forwarding.\n"]);
    expect(refusedOf(await lab.ended())).toEqual(["agent"]);
  }));
  test("-X by policy: a program on the target reaches the person's display; else a sentence and none", async () => {
    const display = 60 + (process.pid % 900), path = `/tmp/.X11-unix/X${display}`, seen: string[] = [];
    rmSync(path, { force: true });
    await collect(spawn("mkdir", ["-p", "/tmp/.X11-unix"]));
    await listening(createServer((s) => { s.once("data", (d: Buffer) => { seen.push(d.subarray(0, 1).toString()); s.end("answered"); }); }), path);
    const auth = join(lab.dir, "xauth"), env = { DISPLAY: `:${display}`, XAUTHORITY: auth };
    writeFileSync(auth, "");
    chmodSync(auth, 0o600);
    await collect(spawn("xauth", ["-f", auth, "add", `:${display}`, "MIT-MAGIC-COOKIE-1", "00112233445566778899aabbccddeeff"]));
    // What an X client sends first, with the cookie sshd gave it.
    const hello = "python3 -c \"import os,socket,subprocess; d=os.environ['DISPLAY']; c=bytes.fromhex(subprocess.check_output(['xauth','list',d]).split()[2].decode()); n=int(d.split(':')[1].split('.')[0]); s=socket.create_connection(('127.0.0.1',6000+n)); s.sendall(b'l\\\\0\\\\x0b\\\\0\\\\0\\\\0\\\\x12\\\\0\\\\x10\\\\0\\\\0\\\\0MIT-MAGIC-COOKIE-1\\\\0\\\\0'+c); print(s.recv(99).decode())\"";
    give(["x11"]);
    const said = await lab.ssh(hello, { options: ["-Y"], env }), session = await lab.ended();
    expect([said.code, said.stdout.toString(), seen]).toEqual([0, "answered\n", ["l"]]);
    expect(session.ended!.ledger.channels.find((c) => c.kind === "x11")).toMatchObject({ out: { bytes: 48 }, in: { bytes: 8 } });
    give([]);
    const none = await lab.ssh("echo \"<$DISPLAY>\"", { options: ["-Y"], env });
    expect([none.stdout.toString(), none.stderr]).toEqual(["<>\n", "lockstep: Your access does not include X11 forwarding.\n"]);
  });
});

describe("off unless given", () => {
  test("all at once: refused, told once each, and the command runs", async () => {
    const before = lab.broker.refusals.length, port = await freePort(), { end, session } = await held("-o", "LogLevel=INFO", "-L", `${port}:127.0.0.1:${echoPort}`, "-R", `${await freePort()}:127.0.0.1:${echoPort}`, "-R", "/home/app1/x.sock:127.0.0.1:1");
    expect(await talk(port, Buffer.from("x"))).toBeUndefined();
    const said = await end();
    expect([said.code, said.stdout.toString()]).toEqual([0, "up\n"]);
    // What came before the session the broker has refused and told itself.
    expect([...refusedOf(session), ...lab.broker.refusals.slice(before).flatMap((r) => r.what)].sort()).toEqual(["direct-tcpip", "forwarded-tcpip", "streamlocal"]);
    for (const sentence of ["Your access does not include port forwarding (-L, -D).", "Your access does not include port forwarding back (-R).", "Your access does not include forwarding of sockets."]) expect(said.stderr).toContain(sentence);
  });
});
