/**
 * The portal's listener: HTTPS with a given certificate (reloaded when it changes), with one of our own, or HTTP on loopback; and the broker's own
 * socket. Rule: config has refused plain HTTP elsewhere already; only the owner of this process may open the socket.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, rmSync, unwatchFile, watchFile } from "node:fs";
import { createServer as createHttp, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createHttps, type Server as TlsServer } from "node:https";
import path from "node:path";
import type { Duplex } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import type { Config } from "./config/env.ts";
import { Fault } from "./kernel/fault.ts";

type Fetch = (request: Request, env: { incoming?: unknown; local?: true }) => Response | Promise<Response>;
/** Given a request that wants to be a socket. */
type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
export type Portal = { readonly scheme: "http" | "https"; readonly server: { listen(at: { host: string; port: number }): Promise<number>; serve(fetch: Fetch): void; upgrade(take: Upgrade): void; close(): Promise<void> } };

/** A certificate of our own: self-signed, its fingerprint shown by `doctor`. The key never leaves the keys directory. */
const ownCertificate = (keys: string, host: string): { cert: string; key: string } => {
  const cert = path.join(keys, "portal.crt"), key = path.join(keys, "portal.key");
  if (!existsSync(cert)) {
    const name = /^[\d.:]+$/.test(host) ? `IP:${host}` : `DNS:${host}`;
    try {
      execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "825", "-subj", "/CN=Lockstep", "-addext", `subjectAltName=${name},DNS:localhost,IP:127.0.0.1`, "-keyout", key, "-out", cert], { stdio: "ignore" });
    } catch (cause) { throw new Fault("unavailable", "LOCKSTEP_TLS=yes needs the openssl command to make a certificate. Install it, or give LOCKSTEP_TLS_CERT and LOCKSTEP_TLS_KEY.", { cause }); }
  }
  return { cert, key };
};

const read = (files: { cert: string; key: string }) => {
  try { return { cert: readFileSync(files.cert), key: readFileSync(files.key) }; } catch (cause) { throw new Fault("unavailable", `The certificate cannot be read: ${(cause as Error).message}. Check LOCKSTEP_TLS_CERT and LOCKSTEP_TLS_KEY.`, { cause }); }
};

export const portalServer = async (config: Config, places: { keys: string }): Promise<Portal> => {
  let fetch: Fetch = () => new Response("starting", { status: 503 });
  // The global Request becomes the server's own: hono's body limit makes new ones of it (a DELETE without a length would answer 500).
  const listener = getRequestListener((request, env) => fetch(request, env as { incoming?: unknown })) as unknown as RequestListener;
  const files = config.tls === "off" ? null : config.tls === "own" ? ownCertificate(places.keys, config.listen.host) : config.tls;
  const server: Server | TlsServer = files ? createHttps(read(files), listener) : createHttp(listener);
  if (files) watchFile(files.cert, { interval: 10_000, persistent: false }, () => { try { (server as TlsServer).setSecureContext(read(files)); } catch { /* half written: the next change is read again */ } });
  server.headersTimeout = 10_000;
  server.requestTimeout = 60_000;
  return {
    scheme: files ? "https" : "http",
    server: {
      listen: (at) => new Promise((resolve, reject) => {
        server.once("error", (e: NodeJS.ErrnoException) => reject(e.code === "EADDRINUSE" ? new Fault("conflict", `Something else listens on ${at.host}:${at.port} already. Stop it, or choose another address with LOCKSTEP_LISTEN.`) : e));
        server.listen(at.port, at.host, () => { const a = server.address(); resolve(typeof a === "object" && a ? a.port : at.port); });
      }),
      serve: (f) => { fetch = f; },
      upgrade: (take) => { server.on("upgrade", take); },
      close: () => new Promise((resolve) => { if (files) unwatchFile(files.cert); server.close(() => resolve()); server.closeAllConnections(); }),
    },
  };
};

/** rw for the owner only, from the first moment the socket is there. */
const PRIVATE = 0o177;
/** The same app on a Unix socket, for the command line of this machine. `fetch` is told that it came this way. */
export const socketServer = async (file: string, fetch: Fetch): Promise<{ close(): Promise<void> }> => {
  rmSync(file, { force: true });
  const server = createHttp(getRequestListener((request) => fetch(request, { local: true })) as unknown as RequestListener), before = process.umask(PRIVATE);
  try { await new Promise<void>((resolve, reject) => server.once("error", reject).listen(file, resolve)); } finally { process.umask(before); }
  chmodSync(file, 0o600);
  return { close: () => new Promise((resolve) => { server.close(() => resolve()); server.closeAllConnections(); }) };
};
