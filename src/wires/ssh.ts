/**
 * SSH, both directions: the face of this wire. Rule: other rooms import this file; ssh2 itself is loaded by ssh-tuned.ts alone.
 */
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { ALGORITHMS } from "./ssh-algorithms.ts";
import type { Connection, Server, ServerConfig } from "./ssh-tuned.ts";
import { corked, ssh2 } from "./ssh-tuned.ts";

export * from "./ssh-client.ts";
export * from "./ssh-exec.ts";
export * from "./passwd-dialogue.ts";
export * from "./ssh-pin.ts";
export * from "./ssh-key.ts";
export * from "./ssh-shell.ts";
export * from "./ssh-root.ts";
export * from "./ssh-forward.ts";
export * from "./ssh-reverse.ts";
export { ALGORITHMS } from "./ssh-algorithms.ts";
export { aesGcmInPlace, brokenCiphers, commandBytes, corked, nativeCiphers, terminalModes } from "./ssh-tuned.ts";
export type * from "./ssh-tuned.ts";

/** Key parsing and making, and SFTP's constants. */
export const sshUtils = ssh2.utils;

export type KeyPair = { readonly private: string; readonly public: string };

/**
 * A fresh Ed25519 key pair in OpenSSH form. Use this and not ssh2's generator: about 6 of 1,000 keys it makes cannot be read back
 * (1.17.0), so each is read and made to sign before it is handed out.
 */
export const newKeyPair = (): KeyPair => {
  for (;;) {
    const made = ssh2.utils.generateKeyPairSync("ed25519"), key = ssh2.utils.parseKey(made.private);
    if (key instanceof Error) continue;
    const signature = key.sign("proof") as Buffer | Error;
    const shown = ssh2.utils.parseKey(made.public);
    if (!(signature instanceof Error) && !(shown instanceof Error) && shown.verify("proof", signature) === true) return made;
  }
};

/** `ssh-ed25519 AAAA…` of a private key. Throws when it cannot be read. */
export const publicLine = (privateKey: string): string => {
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error) throw new Error("a private key cannot be read", { cause: key });
  return `${key.type} ${key.getPublicSSH().toString("base64")}`;
};

/** A new Ed25519 private key in OpenSSH's format. */
export const newSshKey = (): string => newKeyPair().private;

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

/** The same for a stream that is no socket: what travels inside something else. */
export const receiveInside = (server: Server, stream: Duplex): void => server.injectSocket(corked(stream) as never);
