/**
 * SSH packets that no honest client sends. Rule: all from the dice. Most keep the form of their message and lie in its fields, because a packet
 * whose form is broken ends the connection and with it whatever could have come after; one in `BROKEN` has its form broken too.
 */
export type Roll = () => number;
const BROKEN = 150;
type Field = { readonly u32: number } | { readonly text: Buffer } | { readonly byte: number } | { readonly raw: Buffer };

const pick = <T>(roll: Roll, from: readonly T[]): T => from[Math.floor(roll() * from.length)]!;
const bytes = (roll: Roll, most: number): Buffer => Buffer.from(Array.from({ length: Math.floor(roll() * most) }, () => Math.floor(roll() * 256)));
const ODD = [0, 1, 2, 63, 64, 255, 32_768, 2_097_152, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
const u32 = (roll: Roll, usual = 0): Field => ({ u32: roll() < 0.5 ? usual : roll() < 0.5 ? pick(roll, ODD) : Math.floor(roll() * 2 ** 32) });
const NASTY = [
  "",
  "\0",
  "a\0b",
  "../../etc/passwd",
  "x".repeat(5_000),
  "\xff\xfe",
  "%s%n",
  "__proto__",
  "constructor",
  "-oProxyCommand=x",
  "\r\n\x1b[2J",
  "requester@app1@web-1",
  "@@",
  "root",
];
const text = (roll: Roll, usual: readonly string[]): Field => ({
  text: roll() < 0.6 ? Buffer.from(pick(roll, usual)) : roll() < 0.6 ? Buffer.from(pick(roll, NASTY), "latin1") : bytes(roll, 300),
});
const flag = (roll: Roll): Field => ({ byte: roll() < 0.9 ? (roll() < 0.5 ? 0 : 1) : Math.floor(roll() * 256) });

const KINDS = (
  "session session session direct-tcpip forwarded-tcpip direct-streamlocal@openssh.com forwarded-streamlocal@openssh.com x11 "
  + "auth-agent@openssh.com tun@openssh.com"
).split(" ");
const REQUESTS = (
  "pty-req x11-req env shell exec subsystem window-change xon-xoff signal exit-status exit-signal auth-agent-req@openssh.com "
  + "eow@openssh.com break"
).split(" ");
const GLOBALS = (
  "tcpip-forward cancel-tcpip-forward streamlocal-forward@openssh.com cancel-streamlocal-forward@openssh.com keepalive@openssh.com "
  + "hostkeys-prove-00@openssh.com"
).split(" ");
const METHODS = "none password publickey keyboard-interactive hostbased gssapi-with-mic".split(" ");
const one = (byte: number): Field => ({ byte });

const EXTRA: Readonly<Record<string, (roll: Roll) => Field[]>> = {
  "pty-req": (r) => [text(r, ["xterm"]), u32(r, 80), u32(r, 24), u32(r), u32(r), modes(r)],
  "x11-req": (r) => [flag(r), text(r, ["MIT-MAGIC-COOKIE-1"]), text(r, ["00112233"]), u32(r)],
  env: (r) => [text(r, ["LANG", "LD_PRELOAD", "PATH"]), text(r, ["C"])],
  exec: (r) => [text(r, ["true", "scp -t /", "sh -c 'exit 3'"])],
  subsystem: (r) => [text(r, ["sftp", "netconf"])],
  "window-change": (r) => [u32(r, 80), u32(r, 24), u32(r), u32(r)],
  signal: (r) => [text(r, ["INT", "KILL", "NOPE"])],
  "exit-status": (r) => [u32(r)],
  "exit-signal": (r) => [text(r, ["KILL"]), flag(r), text(r, ["x"]), text(r, [""])],
  "xon-xoff": (r) => [flag(r)],
  "tcpip-forward": (r) => [text(r, ["localhost", "0.0.0.0", ""]), u32(r, 0)],
  "cancel-tcpip-forward": (r) => [text(r, ["localhost"]), u32(r, 0)],
  "streamlocal-forward@openssh.com": (r) => [text(r, ["/tmp/x.sock"])],
  "cancel-streamlocal-forward@openssh.com": (r) => [text(r, ["/tmp/x.sock"])],
  "direct-tcpip": (r) => [text(r, ["127.0.0.1"]), u32(r, 22), text(r, ["127.0.0.1"]), u32(r, 1)],
  "forwarded-tcpip": (r) => [text(r, ["127.0.0.1"]), u32(r, 22), text(r, ["127.0.0.1"]), u32(r, 1)],
  x11: (r) => [text(r, ["127.0.0.1"]), u32(r, 6_000)],
  "forwarded-streamlocal@openssh.com": (r) => [text(r, ["/run/docker.sock"]), text(r, [""])],
  "direct-streamlocal@openssh.com": (r) => [text(r, ["/run/docker.sock"]), text(r, [""]), u32(r)],
  password: (r) => [flag(r), text(r, ["guess", "hunter2"])],
  publickey: (r) => [flag(r), text(r, ["ssh-ed25519", "ssh-rsa", "none"]), { text: bytes(r, 60) }, { text: bytes(r, 90) }],
  "keyboard-interactive": (r) => [text(r, [""]), text(r, [""])],
  hostbased: (r) => [text(r, ["ssh-ed25519"]), { text: bytes(r, 60) }, text(r, ["host"]), text(r, ["root"]), { text: bytes(r, 90) }],
};
/** Terminal modes: opcode and value; an unknown opcode is a broken form to ssh2, and rare here. */
const modes = (roll: Roll): Field => {
  const one = (): number[] => [roll() < 0.99 ? pick(roll, [1, 53, 128, 129]) : 99, 0, 0, Math.floor(roll() * 256), Math.floor(roll() * 256)];
  return { text: Buffer.from([...Array.from({ length: Math.floor(roll() * 5) }, one).flat(), 0]) };
};
const extra = (roll: Roll, name: string): Field[] => EXTRA[name]?.(roll) ?? (roll() < 0.3 ? [{ raw: bytes(roll, 50) }] : []);
const channel = (roll: Roll): Field => ({
  u32: roll() < 0.9 ? Math.floor(roll() * 4) : roll() < 0.97 ? Math.floor(roll() * 2 ** 31) : pick(roll, ODD),
});

type Make = (roll: Roll) => Field[];
const open: Make = (r) => {
  const kind = pick(r, KINDS);
  return [
    one(90),
    text(r, [kind]),
    { u32: r() < 0.995 ? Math.floor(r() * 2 ** 30) : pick(r, ODD) },
    u32(r, 2_097_152),
    { u32: r() < 0.99 ? 256 + Math.floor(r() * 99_999) : pick(r, ODD) },
    ...extra(r, kind),
  ];
};
const request: Make = (r) => {
  const name = pick(r, REQUESTS);
  return [one(98), channel(r), { text: Buffer.from(name) }, flag(r), ...extra(r, name)];
};
const global: Make = (r) => {
  const name = pick(r, GLOBALS);
  return [one(80), { text: Buffer.from(name) }, flag(r), ...extra(r, name)];
};
const login: Make = (r) => {
  const method = pick(r, METHODS);
  return [one(50), text(r, ["requester@app1@web-1", "root"]), text(r, ["ssh-connection", "ssh-userauth"]), text(r, [method]), ...extra(r, method)];
};
const service: Make = (r) => [one(5), text(r, ["ssh-userauth"])];
const answers: Make = (r) => [one(61), { u32: 1 }, text(r, ["123456"])];
const data: Make = (r) => [one(94), channel(r), { text: bytes(r, 400) }];
const more: Make = (r) => [one(95), channel(r), u32(r, 1), { text: bytes(r, 100) }];
const adjust: Make = (r) => [one(93), channel(r), u32(r, 1)];
const ends: Make = (r) => [one(pick(r, [96, 97, 99, 100])), channel(r)];
const idle: Make = (r) => [one(pick(r, [2, 3])), ...(r() < 0.5 ? [{ text: bytes(r, 50) }] : [u32(r)])];
/** Numbers that mean nothing, or nothing here: unassigned, of the server, of another method. */
const numbers: Make = (r) => [one(pick(r, [8, 9, 62, 65, 79, 101, 127, 150, 192, 193, 200, 255])), { raw: bytes(r, 60) }];
const anything: Make = (r) => [one(Math.floor(r() * 256)), { raw: bytes(r, 200) }];

/** Weights by repetition. `login` is rare: six of them end a connection. */
const BEFORE: readonly Make[] = [
  open,
  open,
  open,
  request,
  request,
  request,
  global,
  global,
  global,
  data,
  data,
  more,
  adjust,
  ends,
  idle,
  idle,
  numbers,
  numbers,
];
const AFTER: readonly Make[] = [
  open,
  open,
  request,
  request,
  request,
  request,
  request,
  request,
  request,
  global,
  global,
  data,
  data,
  more,
  adjust,
  adjust,
  ends,
  idle,
  numbers,
];
const RARE: readonly Make[] = [login, login, login, login, login, service, answers, anything];

const encode = (fields: readonly Field[]): Buffer =>
  Buffer.concat(
    fields.map((f) => {
      if ("byte" in f) return Buffer.from([f.byte]);
      if ("raw" in f) return f.raw;
      const head = Buffer.alloc(4);
      head.writeUInt32BE("u32" in f ? f.u32 >>> 0 : f.text.length);
      return "u32" in f ? head : Buffer.concat([head, f.text]);
    }),
  );
/** The form itself: cut short, longer, a bit turned, a length changed. */
const broken = (roll: Roll, packet: Buffer): Buffer => {
  const how = Math.floor(roll() * 4),
    at = Math.floor(roll() * packet.length),
    out = Buffer.from(packet);
  if (how === 0) return out.subarray(0, Math.max(1, at));
  if (how === 1) return Buffer.concat([out, bytes(roll, 2_000)]);
  if (how === 2) out[at] = (out[at] ?? 0) ^ (1 << Math.floor(roll() * 8));
  else out.writeUInt32BE(pick(roll, ODD), Math.max(0, Math.min(at, out.length - 4)));
  return out;
};

/** One payload, message number first; never empty, never longer than a packet may be. `DISCONNECT` is left out: it only says goodbye. */
export const fuzzed = (roll: Roll, loggedIn: boolean): Buffer => {
  const make = roll() < 0.015 ? pick(roll, RARE) : pick(roll, loggedIn ? AFTER : BEFORE),
    packet = encode(make(roll)),
    out = roll() * BROKEN < 1 && packet.length >= 4 ? broken(roll, packet) : packet;
  if (out[0] === 1) out[0] = 0;
  return out.length > 0 ? out.subarray(0, 30_000) : Buffer.from([0]);
};
/** What an honest client begins with, so that what comes after meets a session under way: two channels, a command in the first. */
export const honest = (): Buffer[] => {
  const text = (t: string): Field => ({ text: Buffer.from(t) }),
    channel = (id: number): Field[] => [one(90), text("session"), { u32: id }, { u32: 2_097_152 }, { u32: 32_768 }];
  return [channel(0), [one(98), { u32: 0 }, text("exec"), one(1), text("true")], channel(1)].map(encode);
};
/** In the clear, before any key: identification lines and what may follow them. */
export const rawBytes = (roll: Roll): Buffer => {
  const ident = pick(roll, [
    "SSH-2.0-x\r\n",
    "SSH-2.0-x\r\n",
    "SSH-1.99-x\n",
    "SSH-2.0-" + "x".repeat(300) + "\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "\r\n\r\n",
    "",
  ]);
  const framed = (payload: Buffer): Buffer => {
    const pad = 8 - ((payload.length + 5) % 8) + 8,
      head = Buffer.alloc(5);
    head.writeUInt32BE(roll() < 0.8 ? payload.length + pad + 1 : pick(roll, ODD));
    head[4] = roll() < 0.8 ? pad : Math.floor(roll() * 256);
    return Buffer.concat([head, payload, Buffer.alloc(pad)]);
  };
  const lists = [
    "curve25519-sha256",
    "ssh-ed25519",
    "aes128-gcm@openssh.com",
    "aes128-gcm@openssh.com",
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-256-etm@openssh.com",
    "none",
    "none",
    "",
    "",
  ];
  const kexinit = encode([
    one(20),
    { raw: Buffer.alloc(16) },
    ...lists.map((l) => text(roll, [l, l, l, `${l},kex-strict-c-v00@openssh.com`])),
    flag(roll),
    u32(roll),
  ]);
  const rest = [
    framed(roll() < 0.7 ? kexinit : fuzzed(roll, false)),
    framed(encode([one(30), { text: bytes(roll, 64) }])),
    framed(encode([one(21)])),
  ];
  return Buffer.concat([Buffer.from(ident, "latin1"), ...rest.slice(0, Math.floor(roll() * 4))]);
};
