/** Servers that say what they are told to say, whatever is asked of them. Rule: what a connection says next is decided by how often it was spoken to. */
import { createServer, type AddressInfo, type Socket } from "node:net";
import tls from "node:tls";
import type { Certificate } from "./certificate.ts";

/** `turn` 0: before anything was heard. Undefined: nothing, the connection stays open. END: it hangs up. */
export type Says = (turn: number, heard: Buffer) => Buffer | typeof END | readonly (Buffer | typeof END)[] | undefined;
export const END = "end";
export type Hostile = { readonly port: number; says: Says; /** How many connections there were. */ count(): number; close(): void };
/** plain · tls: from the first byte · after: what is said and heard in the clear before TLS begins, once so many turns are over. */
export type Cloth = { readonly certificate: Certificate; readonly after?: Says; readonly turns?: number };

export const hostile = async (says: Says, cloth?: Cloth): Promise<Hostile> => {
  let count = 0;
  const open = new Set<Socket>();
  const give = (to: Socket, what: ReturnType<Says>): void => { for (const part of what === undefined ? [] : [what].flat()) if (part === END) to.end(); else to.write(part as Buffer); };
  const speak = (stream: Socket): void => {
    let turn = 0;
    stream.on("error", () => undefined).on("data", (part: Buffer) => give(stream, server.says(++turn, part)));
    give(stream, server.says(0, Buffer.alloc(0)));
  };
  const dress = (raw: Socket, c: Cloth): void => {
    const under = new tls.TLSSocket(raw, { isServer: true, cert: c.certificate.crt, key: c.certificate.key });
    under.on("error", () => undefined);
    speak(under);
  };
  const listening = createServer({ noDelay: true }, (raw) => {
    count += 1;
    open.add(raw);
    raw.on("error", () => undefined).once("close", () => open.delete(raw));
    const before = cloth?.after;
    if (cloth === undefined) return speak(raw);
    if (before === undefined) return dress(raw, cloth);
    let turn = 0;
    give(raw, before(0, Buffer.alloc(0)));
    const hear = (part: Buffer): void => {
      turn += 1;
      give(raw, before(turn, part));
      if (turn < (cloth.turns ?? 1)) return;
      raw.off("data", hear).pause();
      dress(raw, cloth);
    };
    raw.on("data", hear);
  });
  await new Promise<void>((up) => listening.listen(0, "127.0.0.1", up));
  const server: Hostile = { port: (listening.address() as AddressInfo).port, says, count: () => count, close: () => { listening.close(); for (const s of open) s.destroy(); } };
  return server;
};
