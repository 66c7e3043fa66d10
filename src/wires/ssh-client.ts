/**
 * Logs in to a target over SSH. Rules: the host key is compared with the pinned ones before any credential is revealed; one
 * connection makes at most ONE attempt with the credential (a refused login counts against the target's lock-out); every failure is
 * an SshFailure whose `why` holds no secret.
 */
import type { Duplex } from "node:stream";
import { Fault } from "../kernel/fault.ts";
import type { Link } from "../kernel/link.ts";
import { reveal } from "../kernel/reveal.ts";
import type { Secret } from "../kernel/secret.ts";
import { ALGORITHMS, hostKeyKinds } from "./ssh-algorithms.ts";
import type { AnyAuthMethod, Client, Prompt } from "./ssh-tuned.ts";
import { corked, ssh2 } from "./ssh-tuned.ts";

/**
 * unreachable: no connection · timeout: silence · identity: not the pinned key, or proved wrongly · auth: refused over a verified key ·
 * must_change: the password was accepted, the target wants a new one before it lets us in · protocol: it speaks differently ·
 * closed: it (or `signal`) ended the connection before the login was decided.
 */
export type SshFailureKind = "unreachable" | "timeout" | "identity" | "auth" | "must_change" | "protocol" | "closed";

export class SshFailure extends Error {
  override readonly name = "SshFailure";
  readonly kind: SshFailureKind;
  /** A sentence for people. */
  readonly why: string;
  constructor(kind: SshFailureKind, why: string, options?: { cause?: unknown }) {
    super(`${kind}: ${why}`, options);
    this.kind = kind;
    this.why = why;
  }
}

export type SshAuth = { readonly password: Secret } | { readonly privateKey: Secret };
export type SshLogin = {
  readonly link: Link; readonly username: string; readonly auth: SshAuth;
  /** Pinned OpenSSH public-key lines, e.g. `ssh-ed25519 AAAA… comment`. None = nothing can be trusted = identity. */
  readonly hostKeys: readonly string[];
  /** For everything up to "logged in", in milliseconds. */
  readonly timeoutMs: number; readonly signal: AbortSignal;
  /** Asks the target for a sign of life this often; three silent ones end the connection. 0 or absent: never. */
  readonly keepaliveMs?: number;
};

type Pin = { readonly type: string; readonly blob: Buffer };

/** Reads OpenSSH lines; a line that is no public key is an error, not a smaller list. */
export const parsePins = (lines: readonly string[]): Pin[] => lines.map((line) => {
  const [type = "", base64 = ""] = line.trim().split(/\s+/);
  const blob = Buffer.from(base64, "base64");
  if (blob.length < 20 || typeOf(blob) !== type) throw new SshFailure("identity", "a pinned host key is not an OpenSSH public key line");
  return { type, blob };
});

const typeOf = (blob: Buffer): string => blob.length < 4 ? "" : blob.toString("latin1", 4, 4 + Math.min(blob.readUInt32BE(0), 64));

const line = (key: Buffer): string => `${typeOf(key)} ${key.toString("base64")}`;

const PASSWORD_PROMPT = /pass(word|phrase)?\b|kennwort|mot de passe|contraseña|wachtwoord/i;
const OTHER_PROMPT = /\b(new|old|current|again|retype|re-enter|repeat|change|expired|neue[sn]?|aktuelle[sn]?)\b|\(current\)/i;

/** The one prompt that may be answered with the password: alone, not echoed, and not about a new one. */
export const isPasswordPrompt = (prompts: readonly Prompt[]): boolean => {
  const [only] = prompts;
  return prompts.length === 1 && only !== undefined && only.echo !== true && PASSWORD_PROMPT.test(only.prompt) && !OTHER_PROMPT.test(only.prompt);
};

const MUST_CHANGE = "the target accepted the password and wants a new one before it lets anybody in";

type Refuse = (failure: SshFailure) => void;
type Next = (method: AnyAuthMethod | false) => void;
type AuthHandler = (offered: readonly string[] | null, partial: boolean | null, next: Next) => void;

/** One prompt dialogue: the first round may be answered, a second one never. */
const answering = (password: Secret, refuse: Refuse) => {
  let answered = false;
  return (_name: string, _text: string, _lang: string, prompts: Prompt[], finish: (answers: string[]) => void): void => {
    if (!answered && isPasswordPrompt(prompts)) { answered = true; return finish([reveal(password)]); }
    const change = answered && prompts.some((p) => OTHER_PROMPT.test(p.prompt) && PASSWORD_PROMPT.test(p.prompt));
    refuse(change ? new SshFailure("must_change", MUST_CHANGE)
      : new SshFailure("protocol", "the target asks for something other than a password"));
  };
};

/** Chooses the one method to try from what the target offers. The secret is revealed here, after the key exchange, and nowhere else. */
const chooseMethod = (login: SshLogin, offered: readonly string[], refuse: Refuse): AnyAuthMethod | undefined => {
  const { auth, username } = login;
  if ("privateKey" in auth) {
    return offered.includes("publickey") ? { type: "publickey", username, key: reveal(auth.privateKey) } : undefined;
  }
  if (offered.includes("password")) return { type: "password", username, password: reveal(auth.password) };
  if (offered.includes("keyboard-interactive")) {
    return { type: "keyboard-interactive", username, prompt: answering(auth.password, refuse) as never };
  }
  return undefined;
};

/** none (to learn the methods) -> one attempt -> refused. */
const authenticator = (login: SshLogin, refuse: Refuse): AuthHandler => {
  let asked = false, tried = false;
  return (offered, partial, next) => {
    if (tried) {
      return refuse(partial ? new SshFailure("protocol", "the target wants a second factor after the password")
        : new SshFailure("auth", "the target refused the login"));
    }
    if (!asked && offered === null) { asked = true; return next({ type: "none", username: login.username }); }
    const method = chooseMethod(login, offered ?? [], refuse);
    if (method === undefined) {
      return refuse(new SshFailure("protocol", `the target offers none of our login methods (${(offered ?? []).join(", ")})`));
    }
    tried = true;
    next(method);
  };
};

/** ssh2's errors, by level and message; `sawHeader` tells a listener that is no SSH server from one that hung up. */
const classify = (error: Error & { level?: string }): SshFailure => {
  const text = error.message;
  const made = (kind: SshFailureKind, why: string): SshFailure => new SshFailure(kind, why, { cause: error });
  if (error.level === "client-authentication") return made("auth", "the target refused the login");
  if (error.level === "client-timeout") return made("timeout", "the target did not answer in time");
  if (error.level === "client-socket") return made("closed", "the connection broke before the login was decided");
  if (/no matching host key|Host denied|does not match negotiated|ignature verification|ost key/i.test(text)) {
    return made("identity", "the target did not prove a pinned host key");
  }
  if (/Connection lost before handshake/.test(text)) return made("closed", "the target hung up before the SSH handshake");
  if (/no matching/.test(text)) return made("protocol", text.replace(/^Handshake failed: /, "no common algorithm: "));
  return made("protocol", "the target does not speak SSH as we know it");
};

const calledOff = (signal: AbortSignal): SshFailure =>
  (signal.reason as { name?: string } | undefined)?.name === "TimeoutError"
    ? new SshFailure("timeout", "the target did not answer in time") : new SshFailure("closed", "the login was called off");

const dial = async (link: Link, signal: AbortSignal, limit: AbortSignal): Promise<Duplex> => {
  try { return await link.connect(limit); } catch (cause) {
    if (limit.aborted) throw calledOff(signal.aborted ? signal : limit);
    const { host, port } = link.address;
    throw new SshFailure("unreachable", cause instanceof Fault ? cause.message : `${host}:${port} cannot be reached`, { cause });
  }
};

const proven = new WeakMap<Client, Buffer>();

/** The key this connection proved, as an OpenSSH line. */
export const hostKeyOf = (client: Client): string => line(proven.get(client) ?? Buffer.alloc(0));

type Handshake = {
  readonly pins: readonly Pin[] | "any"; readonly timeoutMs: number; readonly signal: AbortSignal; readonly keepaliveMs?: number | undefined;
  readonly authHandler: (refuse: Refuse, key: Buffer) => AuthHandler;
};

/** Runs one handshake on a fresh stream; settles once, and leaves no open stream behind a rejection. */
const shake = async (link: Link, username: string, h: Handshake): Promise<Client> => {
  const limit = AbortSignal.any([h.signal, AbortSignal.timeout(h.timeoutMs)]);
  const sock = corked(await dial(link, h.signal, limit));
  const client = new ssh2.Client();
  return new Promise<Client>((resolve, reject) => {
    let shown = Buffer.alloc(0), handler: AuthHandler | undefined;
    let settled = false;
    const settle = (): void => { settled = true; limit.removeEventListener("abort", onAbort); };
    // After the login errors are the owner's affair; the listener stays, because without one they would end the process.
    const refuse: Refuse = (failure) => { if (settled) return; settle(); reject(failure); client.destroy(); sock.destroy(); };
    const onAbort = (): void => refuse(calledOff(h.signal.aborted ? h.signal : limit));
    if (limit.aborted) return onAbort();
    limit.addEventListener("abort", onAbort, { once: true });
    client.on("error", (error) => refuse(classify(error)));
    client.on("close", () => refuse(new SshFailure("closed", "the target closed the connection before the login was decided")));
    client.on("change password", () => refuse(new SshFailure("must_change", MUST_CHANGE)));
    client.on("ready", () => { settle(); proven.set(client, shown); resolve(client); });
    client.connect({
      sock: sock as never, username, readyTimeout: 0, keepaliveInterval: h.keepaliveMs ?? 0, keepaliveCountMax: 3,
      algorithms: h.pins === "any" ? ALGORITHMS.target : { ...ALGORITHMS.target, serverHostKey: hostKeyKinds(h.pins.map((p) => p.type)) },
      hostVerifier: (key: Buffer): boolean => { shown = Buffer.from(key); return h.pins === "any" || h.pins.some((p) => p.blob.equals(shown)); },
      authHandler: ((...round: Parameters<AuthHandler>) => (handler ??= h.authHandler(refuse, shown))(...round)) as never,
    });
  });
};

/** A client that is logged in. Rejects with SshFailure only. Errors after the login arrive as its "error" and "close" events. */
export const connectSsh = async (login: SshLogin): Promise<Client> => {
  const pins = parsePins(login.hostKeys);
  if (hostKeyKinds(pins.map((p) => p.type)).length === 0) throw new SshFailure("identity", "no host key is pinned for this target");
  return shake(login.link, login.username, { pins, timeoutMs: login.timeoutMs, signal: login.signal, keepaliveMs: login.keepaliveMs,
    authHandler: (refuse) => authenticator(login, refuse) });
};

/** The one method is a key; each is revealed after the key exchange, and tried once, in this order. `trying`: which. */
const keysOnly = (username: string, keys: readonly Secret[], trying: (key: Secret) => void) => (refuse: Refuse): AuthHandler => {
  let tried = 0;
  return (_offered, _partial, next) => {
    const key = keys[tried++];
    if (key === undefined) return refuse(new SshFailure("auth", keys.length === 1 ? "it does not take our key" : "it takes none of our keys"));
    trying(key);
    next({ type: "publickey", username, key: reveal(key) });
  };
};
const accepted = new WeakMap<Client, Secret>();
/** The key by which we were let in, of those that were tried. */
export const keyUsed = (client: Client): Secret => {
  const key = accepted.get(client);
  if (key === undefined) throw new TypeError("this client was not let in by a key");
  return key;
};

/** `hostKeys: "any"`: whoever it is; it has to prove itself afterwards, by something that only the right one can say. */
export type KeyLogin = {
  readonly stream: Duplex; readonly username: string; readonly keys: readonly Secret[]; readonly hostKeys: readonly string[] | "any"; readonly timeoutMs: number; readonly signal: AbortSignal;
};
/** A client on a stream that somebody else opened. Rejects with SshFailure only, and the stream is destroyed then. */
export const connectOver = async ({ stream, username, keys, hostKeys, timeoutMs, signal }: KeyLogin): Promise<Client> => {
  const pins = hostKeys === "any" ? hostKeys : parsePins(hostKeys);
  if (pins !== "any" && pins.length === 0) throw new SshFailure("identity", "no key is pinned for it");
  const link: Link = { address: { host: username, port: 0 }, connect: () => Promise.resolve(stream) };
  let last = keys[0]!;
  const client = await shake(link, username, { pins, timeoutMs, signal, authHandler: keysOnly(username, keys, (key) => { last = key; }) });
  accepted.set(client, last);
  return client;
};

/** The key the target proves, as an OpenSSH line. For onboarding only: no credential and no user name leaves us. Rejects with Fault("upstream"). */
export const fetchHostKey = async (link: Link, signal: AbortSignal, timeoutMs = 10_000): Promise<string> => {
  let found = "";
  const stop = new SshFailure("closed", "enough seen");
  const authHandler: Handshake["authHandler"] = (refuse, key) => () => { found = line(key); refuse(stop); };
  try { (await shake(link, "nobody", { pins: "any", timeoutMs, signal, authHandler })).end(); } catch (error) {
    const { host, port } = link.address;
    if (error !== stop) throw error instanceof SshFailure ? new Fault("upstream", error.kind === "unreachable" ? error.why : `${host}:${port}: ${error.why}.`, { cause: error }) : error;
  }
  return found;
};
