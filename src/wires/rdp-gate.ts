/**
 * The way of one RDP session from guacd to its target: a loopback address nobody had before, for one connection. Rules: guacd reaches nothing but
 * what leads over the Link; a target that picks a weaker security than the session's is cut before it hears anything else; closing it cuts the
 * target at once, whatever guacd does.
 */
import { createServer, type AddressInfo, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Random } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import type { Link } from "../kernel/link.ts";
import { objectionTo, readConfirm, type RdpSecurity } from "./rdp.ts";

export type RdpGate = {
  readonly host: string; readonly port: number;
  /** Why nothing came of it, as far as it was seen here: a sentence without its end. */
  why(): string | undefined;
  /** The target has agreed on the security: what follows is TLS. */
  agreed(): boolean;
  close(): void;
};

/** 127.x.y.z: of 16 million, so that no two sessions ever share address and port. */
const address = (random: Random): string => { const [a = 0, b = 0, c = 0] = random.bytes(3); return `127.${a}.${b}.${1 + (c % 254)}`; };

type State = { why: string | undefined; agreed: boolean };
/** Passes the target's first answer on when it fits, and everything after it. */
const watched = (here: Socket, there: Duplex, security: RdpSecurity, state: State): void => {
  let said = Buffer.alloc(0);
  const first = (part: Buffer): void => {
    said = Buffer.concat([said, part]);
    const confirm = readConfirm(said);
    if (confirm === undefined) return;
    const no = objectionTo(confirm, security);
    if (no !== null) { state.why = no; here.destroy(); there.destroy(); return; }
    state.agreed = true;
    there.off("data", first);
    here.write(said);
    there.pipe(here);
  };
  there.on("data", first);
  here.pipe(there);
};

export const rdpGate = (link: Link, security: RdpSecurity, random: Random, signal: AbortSignal): Promise<RdpGate> => new Promise((resolve, reject) => {
  const open = new Set<Duplex>(), state: State = { why: undefined, agreed: false }, host = address(random);
  const keep = (s: Duplex): void => { open.add(s); s.on("error", () => undefined).once("close", () => open.delete(s)); };
  const join = async (here: Socket): Promise<void> => {
    keep(here);
    server.close();
    try {
      const there = await link.connect(signal);
      keep(there);
      here.once("close", () => there.destroy());
      there.once("close", () => here.destroy());
      if (here.destroyed) return void there.destroy();
      watched(here, there, security, state);
    } catch (error) {
      state.why = error instanceof Fault ? error.message : "it cannot be reached";
      here.destroy();
    }
  };
  const server = createServer({ noDelay: true }, (here) => void join(here));
  const close = (): void => { server.close(); for (const s of open) s.destroy(); };
  signal.addEventListener("abort", close, { once: true });
  server.maxConnections = 1;
  server.once("error", reject).listen(0, host, () => {
    resolve({ host, port: (server.address() as AddressInfo).port, why: () => state.why, agreed: () => state.agreed,
      close: () => { signal.removeEventListener("abort", close); close(); } });
  });
});
