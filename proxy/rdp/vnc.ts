/**
 * A VNC server on a host's own loopback address, through the SSH login of the account. Rules: VNC proves nothing of itself, so nothing of it is
 * spoken before the pinned host key was shown and the account is logged in, and no password before the host says that nobody but root and the account
 * listens there; its own password, where it has one, is the account's file, read at the
 * moment of use and kept nowhere.
 */
import type { Duplex } from "node:stream";
import { vncPassword } from "../../src/crypto/vnc-password.ts";
import { Fault } from "../../src/kernel/fault.ts";
import { Secret } from "../../src/kernel/secret.ts";
import type { Gate } from "../../src/wires/gate.ts";
import { gate } from "../../src/wires/gate.ts";
import { exec, type Client } from "../../src/wires/ssh.ts";
import type { VncSecurity } from "../../src/wires/vnc.ts";
import { listenersOf, lookAtVnc, readListeners } from "../../src/wires/vnc.ts";
import type { VncGrant } from "../channel.ts";
import type { Deps } from "../deps.ts";
import type { Session } from "../session.ts";
import type { Ending } from "../sessions.ts";
import { dialSession, targetLeg } from "../ssh/upstream.ts";

/** `password`: of the server itself; empty where it asks for none. */
export type VncServer = { readonly kind: "vnc"; readonly security: VncSecurity; readonly password: Secret };

/** Where VNC servers keep it; the account's own, as it is logged in. */
const FILE = "cat \"$HOME/.vnc/passwd\" 2>/dev/null || cat \"$HOME/.config/tigervnc/passwd\"", MOST = 64;

const NO_SERVER = (port: number): string =>
  `no VNC server listens on port ${port} of its own loopback address, or its SSH server forwards nothing`;
const NO_FILE = "its VNC server asks for a password, and the account has no file of it (~/.vnc/passwd)";
const through = (client: Client, port: number) => (signal: AbortSignal): Promise<Duplex> => new Promise((resolve, reject) => {
  const late = (): void => reject(new Fault("upstream", "its VNC server did not answer in time"));
  signal.addEventListener("abort", late, { once: true });
  client.forwardOut("127.0.0.1", 0, "127.0.0.1", port, (error, channel) => {
    signal.removeEventListener("abort", late);
    if (error) return reject(new Fault("upstream", NO_SERVER(port), { cause: error }));
    resolve(channel);
  });
});

const OTHERS = (port: number): string => `somebody else than the account or root listens on port ${port} of it, and could take its password`;
const UNTOLD = (port: number): string => `it does not say who listens on port ${port} (/proc/net/tcp), so no password is given to whoever that is`;
/** Any user of a host may listen on a port of it: whoever that is would be given a login. */
const ownOnly = async (client: Client, port: number, signal: AbortSignal, timeoutMs: number): Promise<void> => {
  const said = await exec(client, listenersOf(port), { signal, timeoutMs }).catch(() => null), whose = said === null || said.cut ? "unknown" : readListeners(said.stdout);
  if (whose !== "own") throw new Fault("upstream", whose === "other" ? OTHERS(port) : UNTOLD(port));
};

const fileOf = (client: Client, signal: AbortSignal): Promise<Buffer> => new Promise((resolve, reject) => {
  const none = (): void => reject(new Fault("upstream", NO_FILE));
  signal.addEventListener("abort", none, { once: true });
  client.exec(FILE, (error, channel) => {
    if (error) return none();
    const parts: Buffer[] = [];
    channel.on("data", (part: Buffer) => { if (parts.length < MOST) parts.push(part); });
    channel.stderr.resume();
    channel.once("close", () => {
      signal.removeEventListener("abort", none);
      const all = Buffer.concat(parts);
      for (const part of parts) part.fill(0);
      if (all.length === 0) none(); else resolve(all);
    });
  });
});

const passwordOf = async (client: Client, security: VncSecurity, signal: AbortSignal): Promise<Secret> => {
  if (security !== "password") return Secret.of("");
  const password = vncPassword(await fileOf(client, signal));
  if (password === null) throw new Fault("upstream", "the account's file with the VNC password (~/.vnc/passwd) is none");
  return password;
};

const sentence = (target: string, why: string): Ending =>
  ({ why: "error", cause: "target_down", detail: why, sentence: `${target} cannot be used right now: ${why}.` });
type Opened = { readonly gate: Gate; readonly server: VncServer };

/** Logged in, looked at, and a gate to it. Ends the session with its sentence and rejects with it when that cannot be. */
export const openVnc = async (session: Session, { port }: VncGrant, deps: Deps): Promise<Opened> => {
  const client = await dialSession(session, deps), { target } = session.grant;
  client.on("close", () => void session.end({ why: "target_closed", sentence: `${target} closed the connection.` }));
  client.on("error", () => undefined);
  session.own(targetLeg(client, deps));
  try {
    const way = through(client, port), patience = AbortSignal.any([session.signal, AbortSignal.timeout(deps.waits.dial)]);
    const security = await lookAtVnc(await way(patience), patience);
    await ownOnly(client, port, patience, deps.waits.dial);
    const password = await passwordOf(client, security, patience);
    const join = (here: Duplex, there: Duplex): void => { here.pipe(there); there.pipe(here); };
    const made = await gate(way, join, deps.random, session.signal).catch((error: unknown) => { password.wipe(); throw error; });
    session.own({ say: () => undefined, close: () => password.wipe() });
    return { server: { kind: "vnc", security, password }, gate: made };
  } catch (error) {
    const ending = sentence(target, error instanceof Fault ? error.message : "its VNC server cannot be used");
    await session.end(ending);
    throw new Fault("upstream", ending.sentence ?? "", { cause: error });
  }
};

/** guacd says one number for most of what can be wrong. */
export const whyNoVnc = (target: string, { security }: VncServer, at: Gate, code: number, words: string): Ending => {
  const seen = at.why(), detail = `guacd: ${words} (${code})`;
  if (seen !== undefined) return { ...sentence(target, seen), detail: seen };
  const why = security === "password" ? "its VNC server did not take the password in the account's own file"
    : security === "login" ? "its VNC server did not let the account in with its password"
      : `its VNC server ended the desktop before it was drawn${words === "" ? "" : `: ${words}`}`;
  return { ...sentence(target, why), detail };
};
