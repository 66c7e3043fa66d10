/**
 * Loads ssh2, tuned: pooled padding bytes, one writev per turn, a read budget per connection.
 * Rule: the only file that imports ssh2. Everybody else asks wires/ssh.ts.
 */
import crypto from "node:crypto";
import { createRequire } from "node:module";
import type { Duplex } from "node:stream";
import type * as Ssh2 from "ssh2";

export type { ClientChannel, Connection, ParsedKey, PseudoTtyInfo, ServerChannel, Session, Algorithms, AuthContext, KeyboardAuthContext,
  PasswordAuthContext, PublicKeyAuthContext, ServerConfig, Channel, ConnectConfig, AnyAuthMethod, Prompt } from "ssh2";
/** An authenticated (or connecting) SSH client connection. */
export type Client = Ssh2.Client;
export type Server = Ssh2.Server;

const POOL = 65_536, SMALL = 64;
/** Bytes of input one connection may use per event-loop turn; then the other sessions of this process get theirs. */
const TURN = 131_072;

const require = createRequire(import.meta.url);

/**
 * Padding comes from a pool filled by the CSPRNG: no system call per packet, no byte used twice. Only the references ssh2 takes
 * while it loads keep the pooled version; keys and big fills go to the real one.
 */
const loadWithPooledPadding = (): typeof Ssh2 => {
  const fill = crypto.randomFillSync;
  const pool = Buffer.allocUnsafeSlow(POOL);
  let at = POOL;
  const pooled = (target: Buffer, offset = 0, n = target.length - offset): Buffer => {
    if (n > SMALL || !Buffer.isBuffer(target)) return fill(target, offset, n);
    if (at + n > POOL) { fill(pool); at = 0; }
    pool.copy(target, offset, at, at + n);
    pool.fill(0, at, at + n);
    at += n;
    return target;
  };
  crypto.randomFillSync = pooled as typeof fill;
  // Stock clients send it; ssh2 has no name for it.
  Object.assign((require("ssh2/lib/protocol/constants.js") as { TERMINAL_MODE: Record<string, number> }).TERMINAL_MODE, { IUTF8: 42 });
  try { return require("ssh2") as typeof Ssh2; } finally { crypto.randomFillSync = fill; }
};

export const ssh2 = loadWithPooledPadding();

/** Of the request that is being handled this moment; ssh2 itself makes text of it and so loses what is no UTF-8. */
let command: Buffer | undefined;
const CHANNEL_OPEN = 90, CHANNEL_CONFIRMED = 91, CHANNEL_REQUEST = 98, EXEC = Buffer.from("\0\0\0\x04exec", "latin1");
/** SSH string after: type, channel, "exec", want-reply. */
const commandIn = (payload: Buffer): Buffer | undefined => {
  const at = 1 + 4 + EXEC.length + 1;
  if (payload.length < at + 4 || !payload.subarray(5, 5 + EXEC.length).equals(EXEC)) return undefined;
  const length = payload.readUInt32BE(at);
  return at + 4 + length <= payload.length ? Buffer.from(payload.subarray(at + 4, at + 4 + length)) : undefined;
};
const PTY = Buffer.from("\0\0\0\x07pty-req", "latin1");
const MODES = new Map(Object.entries((require("ssh2/lib/protocol/constants.js") as { TERMINAL_MODE: Record<string, number> }).TERMINAL_MODE).map(([name, n]) => [n, name]));
let modes: Record<string, number> = {};
/** ssh2 reads a terminal's modes from their second byte on, and so none at all: they are read here, and it is given none. */
const takeModes = (payload: Buffer): Buffer => {
  const term = 5 + PTY.length + 1;
  if (payload.length < term + 4 || !payload.subarray(5, 5 + PTY.length).equals(PTY)) return payload;
  const at = term + 4 + payload.readUInt32BE(term) + 16;
  if (at + 4 > payload.length || at + 4 + payload.readUInt32BE(at) > payload.length) return payload;
  const all = payload.subarray(at + 4, at + 4 + payload.readUInt32BE(at));
  for (let i = 0; i + 5 <= all.length && all[i] !== 0; i += 5) {
    const name = MODES.get(all[i] ?? 0);
    if (name !== undefined) modes[name] = all.readUInt32BE(i + 1);
  }
  return Buffer.concat([payload.subarray(0, at), Buffer.alloc(4)]);
};
const keepCommands = (): void => {
  const handlers = require("ssh2/lib/protocol/handlers.js") as ((self: unknown, payload: Buffer) => unknown)[], handle = handlers[CHANNEL_REQUEST];
  if (handle === undefined) throw new Error("ssh2 has another table of handlers than the one this file was written for");
  handlers[CHANNEL_REQUEST] = (self, payload) => {
    command = commandIn(payload);
    try { return handle(self, takeModes(payload)); } finally { command = undefined; modes = {}; }
  };
};
keepCommands();
/** The bytes of the command, while its `exec` event is being emitted and not later. */
export const commandBytes = (): Buffer | undefined => command;
/** The modes of the terminal, while its `pty` event is being emitted and not later. */
export const terminalModes = (): Readonly<Record<string, number>> => modes;

/** Smaller packets than any client or server asks for. */
const LEAST_PACKET = 256;
/** Of an opened or confirmed channel: the longest packet the peer takes. Behind the kind, if there is one, and two numbers. */
const packetOf = (payload: Buffer): number | undefined => {
  const at = payload[0] === CHANNEL_OPEN ? (payload.length < 5 ? payload.length : 5 + payload.readUInt32BE(1) + 8) : 1 + 12;
  return at + 4 <= payload.length ? payload.readUInt32BE(at) : undefined;
};
/** With packets of no bytes ssh2 would send for ever: one person, or one target, could take a whole session process with them. */
const refuseNoPackets = (): void => {
  const handlers = require("ssh2/lib/protocol/handlers.js") as ((self: unknown, payload: Buffer) => unknown)[];
  for (const type of [CHANNEL_OPEN, CHANNEL_CONFIRMED]) {
    const handle = handlers[type];
    if (handle === undefined) throw new Error("ssh2 has another table of handlers than the one this file was written for");
    handlers[type] = (self, payload) => {
      if ((packetOf(payload) ?? LEAST_PACKET) < LEAST_PACKET) throw new Error("the peer takes no packet that something fits into");
      return handle(self, payload);
    };
  }
};
refuseNoPackets();

/** Of the protocol's own fields: what we offered, and the peer's KEXINIT as it came. */
type Exchange = { _offer: { lists: Record<"kex" | "serverHostKey", { array: readonly string[] }> }; _kex?: { _remoteKexinit: Buffer } };
/** After type and cookie: the name lists of key exchange and host key, whose first entries are the guess. */
const guessed = (kexinit: Buffer): string[] => {
  const list = (at: number): string => kexinit.toString("latin1", at + 4, at + 4 + kexinit.readUInt32BE(at));
  const kex = list(17), hostKey = list(17 + 4 + kex.length);
  return [kex, hostKey].map((names) => names.split(",")[0] ?? "");
};
const guessWasRight = ({ _offer: { lists }, _kex }: Exchange): boolean => {
  const [kex, hostKey] = _kex === undefined ? [] : guessed(_kex._remoteKexinit);
  return kex === lists.kex.array[0] && hostKey === lists.serverHostKey.array[0];
};
/**
 * A peer may send its first key exchange packet with its KEXINIT, on a guess (RFC 4253, 7.1; dropbear does). ssh2 1.17.0 compares
 * the guess with a list it has already overwritten, so it drops that packet also when the guess was right: both sides then wait.
 */
const keepRightGuesses = (): void => {
  const skips = new WeakSet<Exchange>();
  Object.defineProperty((require("ssh2/lib/protocol/Protocol.js") as { prototype: object }).prototype, "_skipNextInboundPacket", {
    get(this: Exchange) { if (skips.has(this) && guessWasRight(this)) skips.delete(this); return skips.has(this); },
    set(this: Exchange, skip: boolean) { if (skip) skips.add(this); else skips.delete(this); },
  });
};
keepRightGuesses();

/** All packets of one turn leave in one writev, and at most TURN bytes are taken in per turn. Call once, before ssh2 gets the stream. */
export const corked = <S extends Duplex>(stream: S): S => {
  let used = 0, waiting = false, held = false;
  const again = (): void => { waiting = false; used = 0; if (!stream.destroyed) stream.resume(); };
  stream.on("data", (chunk: Buffer) => {
    used += chunk.length;
    if (used >= TURN && !waiting) { waiting = true; stream.pause(); setImmediate(again); }
  });
  const write = stream.write as (...args: unknown[]) => boolean;
  const flush = (): void => { held = false; stream.uncork(); };
  stream.write = ((...args: unknown[]): boolean => {
    if (!held) { held = true; stream.cork(); setImmediate(flush); }
    return write.apply(stream, args);
  }) as typeof stream.write;
  return stream;
};

type Sealer = { encrypt(frame: Buffer): void; free(): void };
type Addon = {
  AESGCMCipher: new (name: string, key: Buffer, iv: Buffer) => Sealer;
  ChaChaPolyCipher: new (key: Buffer) => { encrypt(frame: Buffer, seqno: number): void };
};

const addon = ((): Addon | undefined => {
  try { return require("ssh2/lib/protocol/crypto/build/Release/sshcrypto.node") as Addon; } catch { return undefined; }
})();

/** The addon's result must equal Node's own AES-GCM, byte for byte. */
const aesIsRight = (found: Addon): boolean => {
  const key = crypto.randomBytes(16), iv = crypto.randomBytes(12), frame = crypto.randomBytes(4 + 32 + 16);
  const cipher = crypto.createCipheriv("aes-128-gcm", key, iv).setAAD(frame.subarray(0, 4));
  const wanted = Buffer.concat([frame.subarray(0, 4), cipher.update(frame.subarray(4, -16)), cipher.final(), cipher.getAuthTag()]);
  new found.AESGCMCipher("aes-128-gcm", key, iv).encrypt(frame);
  return frame.equals(wanted);
};

/** Built without --real_openssl_major the addon passes the AES test and then fails chacha20 at login: test it too. */
const chachaIsRight = (found: Addon): boolean => {
  const frame = Buffer.alloc(48), before = Buffer.from(frame);
  new found.ChaChaPolyCipher(crypto.randomBytes(64)).encrypt(frame, 0);
  return !frame.equals(before);
};

const passes = (test: (found: Addon) => boolean): boolean => {
  try { return addon !== undefined && test(addon); } catch { return false; }
};
const native = passes(aesIsRight) && passes(chachaIsRight);

/** True when the native ciphers are there and compute AES-GCM and chacha20 rightly. */
export const nativeCiphers = (): boolean => native;

/** An addon that loads but fails its self-test breaks logins: refuse to start. (Absent is only slower.) */
export const brokenCiphers = (): boolean => addon !== undefined && !native;

/**
 * AES-GCM in place, for the recorder: `frame` = 4 bytes of additional data, plaintext, room for the 16-byte tag. The nonce starts at
 * zero and counts by one per frame, so a key is used for one recording only. Undefined where there is no (working) addon.
 */
export const aesGcmInPlace = (key: Buffer): Sealer | undefined => {
  if (addon === undefined || !native) return undefined;
  return new addon.AESGCMCipher(`aes-${key.length * 8}-gcm`, key, Buffer.alloc(12));
};
