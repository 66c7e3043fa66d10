/**
 * Somebody in the middle: between an agent and its broker, inside the TLS where there was any, with every message in their hands. Rule: what the
 * target behind the agent received is compared byte by byte with what was sent: anything else than a beginning of it was accepted wrongly.
 */
import { createServer, type Server } from "node:http";
import { createServer as createTcp, type AddressInfo, type Server as Tcp } from "node:net";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import { startTunnel, type Tunnel } from "../../proxy/tunnel/keeper.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { linkTo } from "../../src/links/via.ts";
import { pipeAgent } from "../../src/web/agents-door.ts";
import { AGENT, signedText } from "../../src/wires/agent-words.ts";
import { newSshKey, publicLine, signText } from "../../src/wires/ssh.ts";
import { testAgent, type TestAgent } from "../lab/agent.ts";

export const DIRECTIONS = ["to the broker", "to the agent"] as const;
export type Direction = (typeof DIRECTIONS)[number];
/** What becomes of one message; `other` is one of another agent's connection, `earlier` one of this connection's own. */
export type Attack = (message: Buffer, more: { readonly earlier: readonly Buffer[]; readonly other: readonly Buffer[]; hold(): Promise<Buffer> }) => Promise<readonly Buffer[]> | readonly Buffer[];
const flip = (m: Buffer): Buffer => { const out = Buffer.from(m); out[Math.floor(out.length / 2)]! ^= 1; return out; };
export const ATTACKS: Readonly<Record<string, Attack>> = {
  drop: () => [], replay: (m) => [m, m], "replay an earlier one": (m, { earlier }) => [m, earlier.at(-3) ?? m], flip: (m) => [flip(m)],
  reorder: async (m, { hold }) => [await hold(), m], splice: (m, { other }) => [other.at(-1) ?? randomBytes(m.length), m], swap: (m, { other }) => [other.at(-1) ?? randomBytes(m.length)],
  cut: (m) => [m.subarray(0, m.length - 1)], "cut in the middle": (m) => [m.subarray(0, m.length >> 1), m.subarray((m.length >> 1) + 1)], insert: (m) => [randomBytes(64), m], "a packet in clear": (m) => [Buffer.from("0000000c0a5000000000000000000000", "hex"), m],
};

/** Everything that passes, and what is to be done to the next message. */
class Relay {
  readonly server = createServer();
  port = 0;
  armed: { direction: Direction; attack: Attack } | undefined;
  fired = 0;
  readonly seen: Record<Direction, Buffer[]> = { "to the broker": [], "to the agent": [] };
  other: Relay | undefined;
  async start(origin: string): Promise<void> {
    const front = new WebSocketServer({ server: this.server, handleProtocols: (p) => [...p][0] ?? false });
    front.on("connection", (agent, request) => {
      const caller = request.headers[AGENT.caller], broker = new WebSocket(`${origin.replace("http", "ws")}${AGENT.path}`, [AGENT.protocol], { headers: caller === undefined ? {} : { [AGENT.caller]: String(caller) }, perMessageDeflate: false });
      const early: Buffer[] = [];
      this.#pipe("to the broker", agent, (m) => { if (broker.readyState === broker.OPEN) broker.send(m); else early.push(m); });
      this.#pipe("to the agent", broker, (m) => agent.send(m));
      broker.once("open", () => { for (const m of early) broker.send(m); });
      for (const [one, two] of [[agent, broker], [broker, agent]] as const) one.on("error", () => undefined).once("close", () => two.terminate());
    });
    await once(this.server.listen(0, "127.0.0.1"), "listening");
    this.port = (this.server.address() as AddressInfo).port;
  }
  #pipe(direction: Direction, from: WebSocket, send: (m: Buffer) => void): void {
    let held: ((m: Buffer) => void) | undefined;
    from.on("message", (data) => {
      const m = Buffer.from(data as Buffer);
      if (held) { const give = held; held = undefined; return give(m); }
      const armed = this.armed?.direction === direction ? this.armed : undefined;
      if (!armed) { this.seen[direction].push(m); if (this.seen[direction].length > 50) this.seen[direction].shift(); return send(m); }
      this.armed = undefined;
      this.fired += 1;
      const hold = (): Promise<Buffer> => new Promise((resolve) => { held = resolve; });
      void Promise.resolve(armed.attack(m, { earlier: this.seen[direction], other: this.other?.seen[direction] ?? [], hold })).then((out) => { for (const one of out) send(one); });
    });
  }
}

export type Attacked = { readonly fired: boolean; readonly ended: boolean; readonly sent: number; readonly received: number; readonly wrong: number };
export class RelayWorld {
  readonly dir = mkdtempSync(join(tmpdir(), "lockstep-relay-"));
  readonly key = newSshKey();
  readonly passes = randomBytes(32);
  readonly relays = [new Relay(), new Relay()] as const;
  readonly agents: TestAgent[] = [];
  readonly #keys = new Map<string, string>();
  #http: Server = createServer();
  #target: Tcp = createTcp();
  #tunnel!: Tunnel;
  /** Of the connection under attack: what the target heard. */
  #heard: Buffer[] = [];
  port = 0;

  async start(): Promise<void> {
    this.#target = createTcp((s) => { s.on("error", () => undefined).on("data", (d: Buffer) => { this.#heard.push(d); s.write(d); }); });
    await once(this.#target.listen(0, "127.0.0.1"), "listening");
    this.port = (this.#target.address() as AddressInfo).port;
    let enrolled = 0;
    this.#tunnel = await startTunnel({
      setup: { door: join(this.dir, "door"), exchange: join(this.dir, "exchange"), passes: this.passes.toString("hex"), agentKeys: [this.key], timescale: 1 }, pause: 500, log: () => undefined,
      plane: {
        who: (id) => Promise.resolve({ hostKeys: [this.#keys.get(id)!] }), enrol: (hostKey) => { const agent = `agt_${String(enrolled++).padStart(20, "0")}`; this.#keys.set(agent, hostKey); return Promise.resolve({ agent }); },
        up: ({ agent }) => { const list = JSON.stringify({ v: 1, agent, no: 1, allow: [`127.0.0.1:${this.port}`] }); return Promise.resolve({ name: agent, state: "active", owner: "me", no: null, allow: { list, signature: signText(Secret.of(this.key), signedText(list)) } }); },
        beat: () => Promise.resolve(), down: () => Promise.resolve(), lost: () => Promise.resolve(),
      },
    });
    const open = new Set<Duplex>();
    this.#http.on("upgrade", (request, socket, head) => {
      socket.on("error", () => undefined);
      pipeAgent({ path: AGENT.path, protocol: AGENT.protocol, caller: AGENT.caller, most: 100, reach: () => this.#tunnel.door() }, open, "127.0.0.1", { request, socket, head });
    });
    await once(this.#http.listen(0, "127.0.0.1"), "listening");
    const origin = `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
    for (const relay of this.relays) { await relay.start(origin); this.agents.push(testAgent({ origin: `http://127.0.0.1:${relay.port}`, brokerKeys: [publicLine(this.key)], token: "one" })); }
    [this.relays[0].other, this.relays[1].other] = [this.relays[1], this.relays[0]];
    for (const a of this.agents) await this.#back(a, 0);
  }
  async #back(a: TestAgent, standings: number): Promise<void> {
    for (const end = performance.now() + 15_000; a.standings.length <= standings || a.carry.no() === 0; await new Promise((r) => { setTimeout(r, 5); })) if (performance.now() > end) throw new Error("the agent did not come");
  }
  dial(i = 0): Promise<Duplex> { return linkTo({ exchange: join(this.dir, "exchange"), passes: this.passes }, { host: "127.0.0.1", port: this.port }, [this.agents[i]!.id!]).connect(AbortSignal.timeout(5_000)); }

  /** One connection; after some bytes the attack falls on the next message of that direction; then more bytes are sent until it ends or has taken all. */
  async attack(direction: Direction, attack: Attack, before: number): Promise<Attacked> {
    const [a] = this.agents as [TestAgent, TestAgent], standings = a.standings.length, relay = this.relays[0], fired = relay.fired, text = Buffer.from(Array.from({ length: 60_000 }, (_, i) => `${i};`).join(""));
    this.#heard = [];
    const stream = await this.dial(), echoed: Buffer[] = [];
    let at = 0, ended = false;
    stream.on("data", (d: Buffer) => { echoed.push(d); }).once("close", () => { ended = true; }).on("error", () => undefined);
    const send = (n: number): void => { if (stream.writable) stream.write(text.subarray(at, at + n)); at += n; };
    const wait = (ms: number): Promise<unknown> => new Promise((r) => { setTimeout(r, ms); });
    for (let i = 0; i < before; i++) { send(200); await wait(1); }
    for (let i = 0; Buffer.concat(echoed).length < at && i < 1_000; i++) await wait(1);
    relay.armed = { direction, attack };
    for (let i = 0; i < 400 && !ended; i++) { send(200); await wait(i < 20 ? 2 : 5); }
    relay.armed = undefined;
    stream.destroy();
    if (ended) await this.#back(a, standings);
    const judge = (got: Buffer): number => (got.equals(text.subarray(0, got.length)) ? 0 : got.length - got.findIndex((byte, i) => byte !== text[i]));
    const heard = Buffer.concat(this.#heard);
    return { fired: relay.fired > fired, ended, sent: at, received: heard.length, wrong: judge(heard) + judge(Buffer.concat(echoed)) };
  }
  async close(): Promise<void> {
    for (const a of this.agents) await a.stop();
    for (const relay of this.relays) { relay.server.closeAllConnections(); relay.server.close(); }
    await this.#tunnel.close();
    this.#http.closeAllConnections();
    this.#http.close();
    this.#target.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
