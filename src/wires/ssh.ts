/**
 * SSH, both directions: the face of this wire. Rule: other rooms import this file; ssh2 itself is loaded by ssh-tuned.ts alone.
 */
import type { Socket } from "node:net";
import { ALGORITHMS } from "./ssh-algorithms.ts";
import type { Connection, Server, ServerConfig } from "./ssh-tuned.ts";
import { corked, ssh2 } from "./ssh-tuned.ts";

export * from "./ssh-client.ts";
export * from "./ssh-exec.ts";
export * from "./passwd-dialogue.ts";
export * from "./ssh-root.ts";
export { ALGORITHMS } from "./ssh-algorithms.ts";
export { aesGcmInPlace, brokenCiphers, corked, nativeCiphers } from "./ssh-tuned.ts";
export type * from "./ssh-tuned.ts";

/** Key parsing and making, and SFTP's constants. */
export const sshUtils = ssh2.utils;

export type SshServerOptions = Omit<ServerConfig, "algorithms">;

/** A server with our algorithms. Give it sockets by `receive`, or let it `listen` (then without the tuning of `corked`). */
export const sshServer = (options: SshServerOptions, onConnection: (connection: Connection, info: { ip: string; port: number }) => void): Server => {
  const server = new ssh2.Server({ ...options, algorithms: ALGORITHMS.server } as ServerConfig);
  server.on("connection", onConnection as never);
  return server;
};

/** Hands an accepted socket (perhaps from a listener with `pauseOnConnect`) to the server. */
export const receive = (server: Server, socket: Socket): void => {
  socket.setNoDelay(true);
  server.injectSocket(corked(socket));
};
