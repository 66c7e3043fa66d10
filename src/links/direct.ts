/** A target this machine can reach by itself. Rule: one socket per connect, and every failure names the address and the cause. */
import net from "node:net";
import type { Duplex } from "node:stream";
import { Fault } from "../kernel/fault.ts";
import type { Address, Link } from "../kernel/link.ts";

const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused", EHOSTUNREACH: "there is no route to it", ENETUNREACH: "there is no route to it",
  ENOTFOUND: "its name is not known", EAI_AGAIN: "its name cannot be looked up right now", ETIMEDOUT: "it does not answer",
  ECONNRESET: "the connection was reset", EADDRNOTAVAIL: "there is no local address to reach it from", EACCES: "this machine may not connect to it",
};

const shown = ({ host, port }: Address): string => net.isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;

const sentence = (address: Address, error: NodeJS.ErrnoException & { errors?: NodeJS.ErrnoException[] }): string => {
  const code = error.code ?? error.errors?.[0]?.code ?? "";
  return `${shown(address)} cannot be reached: ${CAUSES[code] ?? `the network said ${code || "no"}`}`;
};

const connect = (address: Address, signal: AbortSignal): Promise<Duplex> => new Promise((resolve, reject) => {
  if (signal.aborted) return reject(new Fault("upstream", `${shown(address)} was not tried: called off`));
  const socket = net.connect({ host: address.host, port: address.port, noDelay: true });
  const done = (): void => { signal.removeEventListener("abort", onAbort); socket.removeListener("error", onError); };
  const onAbort = (): void => {
    done();
    socket.on("error", () => undefined).destroy();
    reject(new Fault("upstream", `${shown(address)} cannot be reached: timed out`, { cause: signal.reason }));
  };
  const onError = (error: Error): void => { done(); reject(new Fault("upstream", sentence(address, error), { cause: error })); };
  signal.addEventListener("abort", onAbort, { once: true });
  socket.once("error", onError);
  socket.once("connect", () => { done(); resolve(socket); });
});

export const directLink = (address: Address): Link => ({ address, connect: (signal) => connect(address, signal), beside: directLink });
