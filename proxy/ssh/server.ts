/**
 * A person's connection from its first byte to its login. Rule: a connection that has not logged in has a deadline and can do nothing else;
 * errors of it are logged, never thrown.
 */
import type { Connection, ParsedKey } from "../../src/wires/ssh.ts";
import { receive, sshServer, sshUtils } from "../../src/wires/ssh.ts";
import type { Deps } from "../deps.ts";
import { words } from "../log.ts";
import { Login } from "./login.ts";
import { PersonVisit } from "./visit.ts";

export type Socket = Parameters<typeof receive>[1];
export type Arrival = { readonly id: string; readonly address: string; readonly socket: Socket; readonly onLogin: () => void };
const IDENT = "Lockstep";

/** Throws when a host key cannot be read. */
export const parseHostKeys = (keys: readonly string[]): ParsedKey[] => keys.map((key) => {
  const parsed = sshUtils.parseKey(key);
  if (parsed instanceof Error) throw new Error("a host key of the proxy cannot be read");
  return Array.isArray(parsed) ? parsed[0] as ParsedKey : parsed;
});

/** The returned function gives a login that waits for a browser its own, longer time; once. */
const guard = (connection: Connection, arrival: Arrival, deps: Deps): (() => void) => {
  let timer = setTimeout(() => arrival.socket.destroy(), deps.waits.handshake);
  connection.once("handshake", () => {
    clearTimeout(timer);
    timer = setTimeout(() => arrival.socket.destroy(), deps.waits.login);
  });
  connection.once("ready", () => clearTimeout(timer));
  connection.once("close", () => clearTimeout(timer));
  connection.on("error", (error: Error) => deps.log("debug", "a connection failed", { connection: arrival.id, error: words(error) }));
  return () => {
    clearTimeout(timer);
    timer = setTimeout(() => arrival.socket.destroy(), deps.waits.browser);
  };
};

/** One ssh2 server per socket: its connection can then belong to no other arrival. */
export const serve = (arrival: Arrival, hostKeys: readonly ParsedKey[], deps: Deps): void => {
  const { socket } = arrival;
  socket.on("error", () => undefined);
  const silent = setTimeout(() => socket.destroy(), deps.waits.handshake);
  socket.once("close", () => clearTimeout(silent));
  const server = sshServer({ hostKeys: hostKeys.map((key) => ({ key: key as never })) as never, ident: IDENT }, (connection) => {
    clearTimeout(silent);
    const patience = guard(connection, arrival, deps);
    new Login(connection, arrival, deps, { patience, done: (who) => {
      new PersonVisit(connection, who, deps);
      arrival.onLogin();
    } });
  });
  receive(server, socket);
};
