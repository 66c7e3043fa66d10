/** What the broker's key opens on an agent's side, and what it does not: spoken to by a client that tries everything SSH has. */
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { duplexPair, type Duplex } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OTHER_KEY, serve, type Served } from "../../agent/serve.ts";
import { Fault } from "../../src/kernel/fault.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { AGENT, VERBS, type Deeds } from "../../src/wires/agent-words.ts";
import { carried, connectOver, exec, newSshKey, publicLine, type Client } from "../../src/wires/ssh.ts";

const BROKER = newSshKey(), AGENT_KEY = newSshKey(), LIMIT = 5_000;
const never = (): AbortSignal => AbortSignal.timeout(LIMIT);
const asked: string[] = [], log: string[] = [];
const verbs = Object.fromEntries(VERBS.map((verb) => [verb, () => { asked.push(verb); return Promise.resolve({ done: true, checks: [] }); }])) as unknown as Deeds;

const pair = (o: { keys?: readonly string[]; carry?: (host: string, port: number) => Promise<{ host: string; port: number }[]> } = {}): { served: Served; wire: Duplex } => {
  const [wire, theirs] = duplexPair();
  wire.once("close", () => theirs.destroy());
  const served = serve(theirs, {
    hostKeys: [AGENT_KEY], brokerKeys: o.keys ?? [publicLine(BROKER)], verbs: { ...verbs, doctor: () => { asked.push("doctor"); return Promise.resolve({ checks: [] }); } },
    mayCarry: o.carry ?? ((host, port) => Promise.reject(new Fault("forbidden", `${host}:${port} is not on the list of what it may carry to`))),
    log: (_level, what) => { log.push(what); }, handshake: LIMIT, verbLimit: LIMIT, dial: LIMIT, beat: LIMIT,
  });
  return { served, wire };
};
const login = (wire: Duplex, key = BROKER, hostKeys: readonly string[] = [publicLine(AGENT_KEY)], username: string = AGENT.user): Promise<Client> =>
  connectOver({ stream: wire, username, keys: [Secret.of(key)], hostKeys, timeoutMs: LIMIT, signal: never() });
const refusal = (ask: (done: (e?: Error | null) => void) => unknown): Promise<string> => new Promise((resolve) => ask((e) => resolve(e?.message ?? "given")));

describe("law: agent-no-shell — a closed list of verbs and carried connections, whatever a client with the right key asks for", () => {
  let client: Client, served: Served;
  beforeAll(async () => {
    const p = pair();
    served = p.served;
    client = await login(p.wire);
    client.on("error", () => undefined);
    // Else ssh2's client itself asks only OpenSSH for some of these.
    Object.assign((client as unknown as { config: object }).config, { strictVendor: false });
  });
  afterAll(() => client.destroy());

  test("a verb is answered", async () => {
    const said = await exec(client, `${AGENT.command} doctor`, { signal: never(), timeoutMs: LIMIT, input: Buffer.from("{}") });
    expect([said.code, JSON.parse(said.stdout)]).toEqual([0, { checks: [] }]);
    expect(await served.proven).toBe(publicLine(BROKER));
  });
  test.each([
    ["a shell", (c: Client, done: (e?: Error | null) => void) => c.shell(false, (e) => done(e))],
    ["a shell with a terminal", (c: Client, done: (e?: Error | null) => void) => c.shell({ term: "xterm" }, (e) => done(e))],
    ["a command", (c: Client, done: (e?: Error | null) => void) => c.exec("id", (e) => done(e))],
    ["a command that looks like a verb", (c: Client, done: (e?: Error | null) => void) => c.exec(`${AGENT.command} doctor; id`, (e) => done(e))],
    ["a verb of another version", (c: Client, done: (e?: Error | null) => void) => c.exec("lockstep-agent/2 doctor", (e) => done(e))],
    ["a verb that is an object's own", (c: Client, done: (e?: Error | null) => void) => c.exec(`${AGENT.command} constructor`, (e) => done(e))],
    ["a verb with a terminal", (c: Client, done: (e?: Error | null) => void) => c.exec(`${AGENT.command} doctor`, { pty: true }, (e) => done(e))],
    ["a subsystem", (c: Client, done: (e?: Error | null) => void) => c.subsys("sftp", (e) => done(e))],
    ["sftp", (c: Client, done: (e?: Error | null) => void) => c.sftp((e) => done(e))],
    ["a forwarding back", (c: Client, done: (e?: Error | null) => void) => c.forwardIn("127.0.0.1", 0, (e) => done(e))],
    ["a Unix socket", (c: Client, done: (e?: Error | null) => void) => c.openssh_forwardOutStreamLocal("/run/docker.sock", (e) => done(e))],
    ["a forwarded Unix socket", (c: Client, done: (e?: Error | null) => void) => c.openssh_forwardInStreamLocal("/tmp/x.sock", (e) => done(e))],
    ["a connection to a stranger", (c: Client, done: (e?: Error | null) => void) => c.forwardOut("127.0.0.1", 0, "127.0.0.1", 22, (e) => done(e))],
  ])("%s: refused", async (_name, ask) => {
    const before = [...asked];
    expect(await refusal((done) => ask(client, done))).toMatch(/[Uu]nable to|failure|not on the list/);
    expect(asked).toEqual(before);
  });
  test("an environment is not taken", async () => {
    const before = log.length;
    await refusal((done) => client.exec(`${AGENT.command} doctor`, { env: { LD_PRELOAD: "/tmp/x.so" } }, (e, channel) => { channel?.resume().end("{}"); done(e); }));
    expect(log.slice(before)).toContain("refused: env");
  });
  test("what a verb is asked with is parsed, and so is what it answers", async () => {
    const say = async (verb: string, text: string) => JSON.parse((await exec(client, `${AGENT.command} ${verb}`, { signal: never(), timeoutMs: LIMIT, input: Buffer.from(text) })).stdout) as unknown;
    for (const text of ["", "{", "[]", "{\"more\":1}", "null"]) expect(await say("doctor", text)).toEqual({ fault: { code: "invalid", message: expect.stringMatching(/does not understand what doctor was asked with/) } });
    expect(await say("accounts", "{}")).toEqual({ fault: { code: "internal", message: expect.stringMatching(/what accounts found cannot be told/) } });
  });
});

describe("law: agent-key-pinned — each end refuses the other by the key alone", () => {
  test("another broker key, another user, a key that is only offered: nothing is answered", async () => {
    for (const attempt of [{ key: newSshKey() }, { username: "root" }]) {
      const { served, wire } = pair(), before = [...asked];
      await expect(login(wire, attempt.key, undefined, attempt.username)).rejects.toMatchObject({ kind: "auth" });
      wire.destroy();
      await expect(served.proven).rejects.toThrow(OTHER_KEY);
      expect(asked).toEqual(before);
    }
  });
  test("an agent with another host key gets no login at all", async () => {
    const { served, wire } = pair();
    await expect(login(wire, BROKER, [publicLine(newSshKey())])).rejects.toMatchObject({ kind: "identity" });
    await expect(served.proven).rejects.toThrow("the connection ended before the broker had proven its key");
  });
  test("the fingerprint from the pasted line is as good as the key, and tells which line proved itself", async () => {
    const { keyFingerprint } = await import("../../src/wires/ssh.ts"), { served, wire } = pair({ keys: [keyFingerprint(publicLine(BROKER)).split(" ")[1]!] });
    const client = await login(wire);
    expect(await served.proven).toBe(publicLine(BROKER));
    client.destroy();
  });
});

describe("a carried connection", () => {
  test("is whole both ways, whichever side ends it first, and is counted while it lasts", async () => {
    const big = Buffer.alloc(5_000_000, 7), server = createServer((s) => { s.on("error", () => undefined).end(big); });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo, { served, wire } = pair({ carry: (host, p) => Promise.resolve([{ host, port: p }]) }), client = await login(wire);
    const stream = await carried(client, "127.0.0.1", port, never());
    expect(served.carrying()).toBe(1);
    let got = 0;
    for await (const part of stream) got += (part as Buffer).length;
    expect(got).toBe(big.length);
    for (let i = 0; i < 200 && served.carrying() > 0; i++) await new Promise((r) => setTimeout(r, 10));
    expect(served.carrying()).toBe(0);
    client.destroy();
    server.close();
  });
  test("that cannot be reached says so in the agent's words; one that may not be is forbidden", async () => {
    const { wire } = pair({ carry: (host, p) => p === 1 ? Promise.resolve([{ host, port: p }]) : Promise.reject(new Fault("forbidden", "db:22 is not on the list of what it may carry to")) }), client = await login(wire);
    await expect(carried(client, "127.0.0.1", 1, never())).rejects.toMatchObject({ code: "upstream", message: "127.0.0.1:1 cannot be reached: the connection was refused" });
    await expect(carried(client, "db", 22, never())).rejects.toMatchObject({ code: "forbidden", message: "db:22 is not on the list of what it may carry to" });
    client.destroy();
  });
});
