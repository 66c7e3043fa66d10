/**
 * The first words of VNC (RFC 6143, 7.1): which ways of logging in a server offers. Rules: nothing is said of who we are; what a server says of
 * itself proves nothing: VNC has no identity, so it is reached over a way that has one.
 */
import type { Duplex } from "node:stream";
import { Fault } from "../kernel/fault.ts";

/** `none`: who reaches it is in. `password`: one of eight characters, of the server. `login`: name and password of an account of its machine. */
export type VncSecurity = "none" | "password" | "login";
const NONE = 1, VNC_AUTH = 2, VENCRYPT = 19;
const KNOWN: Readonly<Record<number, VncSecurity>> = { [NONE]: "none", [VNC_AUTH]: "password", [VENCRYPT]: "login" };
const BANNER = /^RFB 00(\d)\.(\d{3})\n/;

const STRANGE = "it does not answer as VNC does";
/** The first of what a server offers that a client knows, as the server wants it. undefined: more is needed. Throws why not, a sentence without its end. */
export const readOffer = (said: Buffer): VncSecurity | undefined => {
  if (!"RFB 00".startsWith(said.toString("latin1", 0, Math.min(6, said.length)))) throw new Error(STRANGE);
  if (said.length < 12) return undefined;
  const banner = BANNER.exec(said.toString("latin1", 0, 12));
  if (banner === null) throw new Error(STRANGE);
  if (Number(banner[2]) < 7) throw new Error(`it speaks RFB ${Number(banner[1])}.${Number(banner[2])}, which is too old`);
  const count = said[12];
  if (count === undefined || said.length < 13 + count) return undefined;
  if (count === 0) throw new Error("it refuses every connection");
  const types = [...said.subarray(13, 13 + count)], first = types.map((t) => KNOWN[t]).find((t) => t !== undefined);
  if (first === undefined) throw new Error(`it offers no way of logging in that guacd knows (${types.join(", ")})`);
  return first;
};

/** Looks and hangs up. Rejects with Fault("upstream"), whose message is a sentence without its end. */
export const lookAtVnc = (stream: Duplex, signal: AbortSignal): Promise<VncSecurity> => new Promise((resolve, reject) => {
  let said = Buffer.alloc(0), greeted = false;
  const done = (fn: () => void): void => { signal.removeEventListener("abort", late); stream.removeListener("data", heard).destroy(); fn(); };
  const no = (why: string): void => done(() => reject(new Fault("upstream", why)));
  const late = (): void => no("it did not answer as VNC does in time");
  const heard = (part: Buffer): void => {
    said = Buffer.concat([said, part]);
    try {
      const offer = readOffer(said);
      if (offer !== undefined) return done(() => resolve(offer));
      if (!greeted && said.length >= 12) { greeted = true; stream.write("RFB 003.008\n"); }
    } catch (e) { no(e instanceof Error ? e.message : STRANGE); }
  };
  if (signal.aborted) return late();
  signal.addEventListener("abort", late, { once: true });
  stream.on("error", () => undefined).on("data", heard).once("close", () => no("the connection ended before it answered as VNC does"));
});

/**
 * Whose a port is, on Linux: the account's own uid, then a line of the kernel's table for each listener there. What `readListeners` is given, run as the
 * account; a socket's owner stands in its eighth column, whoever asks.
 */
export const listenersOf = (port: number): string => {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return `id -u; grep -h ":${hex} [0-9A-F]*:0000 0A " /proc/net/tcp /proc/net/tcp6`;
};
export type Listeners = "own" | "other" | "unknown";
/** `own`: all of them are the account's, or root's. `other`: one is somebody else's. `unknown`: nothing of it can be told. */
export const readListeners = (said: string): Listeners => {
  const [me = "", ...rows] = said.split("\n").map((row) => row.trim()).filter((row) => row !== "");
  const uids = rows.map((row) => row.split(/\s+/)[7] ?? "");
  if (rows.length === 0 || ![me, ...uids].every((uid) => /^\d{1,10}$/.test(uid))) return "unknown";
  return uids.every((uid) => uid === "0" || uid === me) ? "own" : "other";
};
