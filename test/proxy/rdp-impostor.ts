/** Somebody in the RDP server's place: passes the first connections on, then answers itself, with a certificate of its own. Rule: every byte it hears is kept. */
import { connect, createServer, type Server, type Socket } from "node:net";
import { TLSSocket } from "node:tls";

export type Impostor = AsyncDisposable & {
  readonly port: number;
  /** The next connection, and all after it, are the impostor's. `selects`: the security it picks; "old": it answers as a server without any choice. */
  swap(selects: number | "old"): void;
  /** What came in the clear after the first request, and what came inside its own TLS. */
  readonly clear: Buffer[]; readonly inside: Buffer[]; connections(): number;
};
const confirm = (selects: number | "old"): Buffer => selects === "old" ? Buffer.from([3, 0, 0, 11, 6, 0xd0, 0, 0, 0x12, 0x34, 0]) : Buffer.from([3, 0, 0, 19, 14, 0xd0, 0, 0, 0x12, 0x34, 0, 2, 0, 8, 0, selects, 0, 0, 0]);

export const impostor = async (real: { readonly host: string; readonly port: number }, own: { readonly key: string; readonly cert: string }): Promise<Impostor> => {
  const clear: Buffer[] = [], inside: Buffer[] = [], open = new Set<Socket>();
  let selects: number | "old" | undefined, connections = 0;
  const keep = (s: Socket): void => { open.add(s); s.on("error", () => undefined).on("close", () => open.delete(s)); };
  const lie = (socket: Socket): void => {
    socket.once("data", () => {
      socket.write(confirm(selects!));
      if (selects === 0 || selects === "old") return void socket.on("data", (d) => clear.push(d));
      const tls = new TLSSocket(socket, { isServer: true, key: own.key, cert: own.cert });
      tls.on("error", () => undefined).on("data", (d: Buffer) => inside.push(d));
    });
  };
  const server: Server = createServer((socket) => {
    keep(socket);
    connections += 1;
    if (selects !== undefined) return lie(socket);
    const far = connect(real);
    keep(far);
    socket.pipe(far).pipe(socket);
    socket.on("close", () => far.destroy());
    far.on("close", () => socket.destroy());
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    port: (server.address() as { port: number }).port, clear, inside, connections: () => connections, swap: (to) => { selects = to; },
    [Symbol.asyncDispose]: async () => { for (const s of open) s.destroy(); await new Promise<void>((done) => server.close(() => done())); },
  };
};
