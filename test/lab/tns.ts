/**
 * The listener of an Oracle Database up to where a login would begin: TCPS, the connect packet, and what a listener may say to it. Rule: it lets
 * nobody in; what lies behind the listener is not stood in for.
 */
import { createServer, type AddressInfo, type Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import type { Certificate } from "./certificate.ts";

/**
 * refuse: ERR, as the listener numbers it · lead: to another address · again: hands on to a server process, which begins TLS anew on the same
 * connection, and refuses then · mute: nothing.
 */
export type Says = { readonly refuse: number } | { readonly lead: { readonly host: string; readonly port: number } } | "again" | "mute";
export type Listener = {
  readonly host: string;
  readonly port: number;
  /** Connect packets, in the order they came; how often TLS began. */ readonly connects: readonly string[];
  readonly handshakes: () => number;
  close(): void;
};
const packet = (type: number, body: Buffer, flags = 0): Buffer => {
  const head = Buffer.from([0, 0, 0, 0, type, flags, 0, 0]);
  head.writeUInt16BE(8 + body.length, 0);
  return Buffer.concat([head, body]);
};
const sized = (text: string, before: readonly number[]): Buffer =>
  Buffer.concat([Buffer.from([...before, text.length >> 8, text.length & 255]), Buffer.from(text, "latin1")]);
const refusal = (code: number): Buffer =>
  packet(4, sized(`(DESCRIPTION=(TMP=)(VSNNUM=0)(ERR=${code})(ERROR_STACK=(ERROR=(CODE=${code})(EMFI=4))))`, [0, 0]));
const leading = (to: { host: string; port: number }): Buffer => packet(5, sized(`(ADDRESS=(PROTOCOL=TCPS)(HOST=${to.host})(PORT=${to.port}))`, []));

export const listener = async (made: Certificate, says: Says): Promise<Listener> => {
  const connects: string[] = [],
    open = new Set<Socket>();
  let handshakes = 0;
  const context = () => createSecureContext({ cert: made.crt, key: made.key, maxVersion: "TLSv1.2" });
  const speak = (raw: Socket, now: Says): void => {
    const tls = new TLSSocket(raw, { isServer: true, secureContext: context() });
    let kept: Buffer = Buffer.alloc(0);
    tls
      .on("error", () => undefined)
      .once("secure", () => {
        handshakes += 1;
      })
      .on("data", (part: Buffer) => {
        kept = Buffer.concat([kept, part]);
        const first = kept.length < 8 ? 0 : kept.readUInt16BE(0),
          whole = kept.length >= first && first > 26 && kept[4] === 1;
        // What does not fit into the connect packet comes in one of data behind it.
        if (!whole || (kept.readUInt16BE(24) > first - kept.readUInt16BE(26) && kept.length === first)) return;
        connects.push(kept.toString("latin1"));
        kept = Buffer.alloc(0);
        if (now === "mute") return;
        if (now !== "again") {
          tls.write("refuse" in now ? refusal(now.refuse) : leading(now.lead));
          return;
        }
        // The server process behind the listener has the connection from here on.
        tls.removeAllListeners("data");
        tls.write(packet(11, Buffer.alloc(0), 0x08), () => {
          speak(raw, { refuse: 12_514 });
        });
      });
  };
  const server = createServer((raw) => {
    open.add(raw);
    raw.on("error", () => undefined).once("close", () => open.delete(raw));
    speak(raw, says);
  });
  await new Promise<void>((up) => server.listen(0, "127.0.0.1", up));
  return {
    host: "127.0.0.1",
    port: (server.address() as AddressInfo).port,
    connects,
    handshakes: () => handshakes,
    close: () => {
      for (const s of open) s.destroy();
      server.close();
    },
  };
};
