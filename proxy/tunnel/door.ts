/**
 * Where the portal's upgrade router hands agents over: a Unix socket, spoken to in HTTP and WebSocket. Rule: only the broker can open it; before
 * its login an agent has a deadline and counts against the limits of its address, which the portal tells.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { Fault, FAULTS, toFault } from "../../src/kernel/fault.ts";
import { AGENT } from "../../src/wires/agent-words.ts";
import { acceptor, type WsStream } from "../../src/wires/ws-stream.ts";
import { words } from "../log.ts";
import type { Agents, Voice } from "./agents.ts";

/** Connections that have not logged in: in all, and of one address. A fleet behind one address comes back through this, a few at a time. */
export const UNPROVEN = 256, UNPROVEN_PER_ADDRESS = 32;
/** rw for the owner only, from the first moment the socket exists. */
const PRIVATE = 0o177;
const ID = /^agt_[0-9a-z]{20}$/;
const HEADER = "lockstep-address";

class Gate {
  readonly #by = new Map<string, number>();
  #all = 0;
  /** Gives the way out, or nothing where there is no room. */
  enter(address: string): (() => void) | undefined {
    const mine = this.#by.get(address) ?? 0;
    if (this.#all >= UNPROVEN || mine >= UNPROVEN_PER_ADDRESS) return undefined;
    this.#all += 1;
    this.#by.set(address, mine + 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#all -= 1;
      const now = (this.#by.get(address) ?? 1) - 1;
      if (now === 0) this.#by.delete(address); else this.#by.set(address, now);
    };
  }
}

/** Seconds after which one who found no room comes again: the whole crowd is let in at that pace, and nobody's pause doubles for it. */
const COME_AGAIN = 4;
const turnAway = (socket: Duplex, fault: Fault): void => {
  const { http } = FAULTS[fault.code], body = `${fault.message}\n`, again = fault.code === "too_many" ? `Retry-After: ${COME_AGAIN}\r\n` : "";
  socket.end(`HTTP/1.1 ${http} No\r\n${again}Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`, () => socket.destroy());
};

type DoorDeps = { readonly agents: Agents; readonly voice: Voice; log(level: "info" | "warn", what: string, fields: Record<string, string>): void };

export const openDoor = async (path: string, { agents, voice, log }: DoorDeps): Promise<Server> => {
  const accept = acceptor(AGENT.protocol), gate = new Gate(), server = createServer((_request, response) => { response.writeHead(404).end(); });
  const receive = async (request: IncomingMessage, socket: Duplex, head: Buffer, address: string): Promise<void> => {
    const agent = request.headers[AGENT.caller];
    if (agent !== undefined && !(typeof agent === "string" && ID.test(agent))) throw new Fault("invalid", "That is no agent's id.");
    const known = agent === undefined ? undefined : await voice.who(agent, address).catch((e: unknown) => toFault(e));
    if (socket.destroyed) return;
    const stream = await new Promise<WsStream>((made) => accept(request, socket, head, made));
    stream.on("error", () => undefined);
    const arrived = { stream, address, refuse: (sentence: string) => stream.refuse(sentence) };
    try {
      await (known instanceof Fault ? agents.turnAway(arrived, known) : agent === undefined ? agents.enrol(arrived) : agents.welcome(agent, known!.hostKeys, arrived));
    } catch (e) {
      log("warn", "an agent was not let in", { address, agent: agent ?? "new", why: e instanceof Error ? words(e) : "" });
    }
  };
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => undefined);
    const address = String(request.headers[HEADER] ?? "unknown").slice(0, 64), leave = gate.enter(address);
    if (leave === undefined) return turnAway(socket, new Fault("too_many", "Too many agents are coming in at this moment. Try again in a few seconds."));
    socket.once("close", leave);
    receive(request, socket, head, address).catch((e: unknown) => turnAway(socket, toFault(e))).finally(leave);
  });
  const before = process.umask(PRIVATE), listening = new Promise<void>((resolve, reject) => { server.once("error", reject).listen({ path }, () => { server.removeListener("error", reject); resolve(); }); });
  process.umask(before);
  await listening;
  return server;
};
