/**
 * The way of one desktop from guacd to its target: a loopback address nobody had before, for one connection, whatever comes of it. Rules: guacd reaches nothing but what
 * leads over the given way; closing it cuts the target at once, whatever guacd does.
 */
import { createServer, type AddressInfo, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Random } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";

export type Gate = {
  readonly host: string; readonly port: number;
  /** Why nothing came of it, as far as it was seen here: a sentence without its end. */
  why(): string | undefined;
  /** Asked of whoever comes, before anything goes on: false sends it away. */
  ask(fit: () => Promise<boolean>): void;
  /** Another one, the same way: who was sent away may knock again, as FreeRDP does, and would take the next one's place. */
  again(): Promise<Gate>;
  close(): void;
};
export type Passing = { why: string | undefined };
type Way = (signal: AbortSignal) => Promise<Duplex>;
/** Joins the two ends, as far as what is said between them is right. */
export type Join = (here: Socket, there: Duplex, passing: Passing) => void;

/** 127.x.y.z: of 16 million, so that no two sessions ever share address and port. */
const address = (random: Random): string => { const [a = 0, b = 0, c = 0] = random.bytes(3); return `127.${a}.${b}.${1 + (c % 254)}`; };

export const gate = (way: Way, join: Join, random: Random, signal: AbortSignal): Promise<Gate> => new Promise((resolve, reject) => {
  let fit = (): Promise<boolean> => Promise.resolve(true);
  const open = new Set<Duplex>(), passing: Passing = { why: undefined }, host = address(random);
  const keep = (s: Duplex): void => { open.add(s); s.on("error", () => undefined).once("close", () => open.delete(s)); };
  const pass = async (here: Socket): Promise<void> => {
    keep(here);
    try {
      const goesOn = await fit();
      server.close();
      if (!goesOn) return void here.destroy();
      const there = await way(signal);
      keep(there);
      here.once("close", () => there.destroy());
      there.once("close", () => here.destroy());
      if (here.destroyed) return void there.destroy();
      join(here, there, passing);
    } catch (error) {
      passing.why = error instanceof Fault ? error.message : "it cannot be reached";
      here.destroy();
    }
  };
  const server = createServer({ noDelay: true }, (here) => void pass(here));
  const close = (): void => { server.close(); for (const s of open) s.destroy(); };
  signal.addEventListener("abort", close, { once: true });
  server.maxConnections = 1;
  server.once("error", reject).listen(0, host, () => {
    const { port } = server.address() as AddressInfo;
    resolve({ host, port, why: () => passing.why, ask: (f) => { fit = f; }, again: () => gate(way, join, random, signal), close: () => { signal.removeEventListener("abort", close); close(); } });
  });
});
