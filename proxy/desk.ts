/**
 * The broker's end of one worker's channel: reads its asks, lets the ControlPlane decide, answers. Rule: nothing is answered before the
 * worker has shown its one-time token, and a worker speaks only for sessions that were admitted to it.
 */
import type { KeyObject } from "node:crypto";
import { timingSafeEqual } from "node:crypto";
import type { Duplex } from "node:stream";
import { openBox } from "../src/crypto/box.ts";
import { Fault, toFault } from "../src/kernel/fault.ts";
import { never } from "../src/kernel/never.ts";
import type { AdmitReply, ControlPlane, Down, LoginReply, Up } from "./channel.ts";
import { BOX, upSchema } from "./channel.ts";
import { readLines, writeLine } from "./lines.ts";
import type { Log } from "./log.ts";
import { words } from "./log.ts";

/** What the broker knows of one worker process. `token` is spent by `hello`. */
export type Seat = { token: string | undefined; key: string | undefined; stream: Duplex | undefined; readonly sessions: Set<string> };
type Cut = Extract<Down, { kind: "cut" }>;
/** `admitting`: admits under way. `early`: cuts for sessions that one of them may be about to name. */
export type Desk = {
  admitting: number; readonly early: Map<string, Cut>;
 readonly control: ControlPlane; readonly key: { readonly publicKey: string; readonly privateKey: KeyObject }; readonly log: Log };

const sameToken = (a: string | undefined, b: string): boolean =>
  a !== undefined && a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

export const send = (seat: Seat, message: Down): boolean => {
  if (seat.stream === undefined || seat.stream.destroyed) return false;
  writeLine(seat.stream, message);
  return true;
};

const login = async (m: Extract<Up, { kind: "login" }>, seat: Seat, { control, key }: Desk): Promise<LoginReply> => {
  const { connection, person, address, factor } = m, worker = seat.key ?? "";
  if (factor.kind !== "password") return await control.login({ worker, connection, person, address, factor });
  using password = openBox(key.privateKey, BOX.login(connection, person), factor.password);
  return await control.login({ worker, connection, person, address, factor: { kind: "password", password } });
};

/** A session may be revoked between its row and this answer: such a cut waits here for its worker. */
const admit = async (m: Extract<Up, { kind: "admit" }>, seat: Seat, desk: Desk): Promise<AdmitReply> => {
  const { login: by, account, target, channel } = m;
  desk.admitting += 1;
  try {
    const reply = await desk.control.admit({ login: by, account, target, channel, workerKey: seat.key ?? "" });
    if (!reply.ok) return reply;
    seat.sessions.add(reply.session);
    const cut = desk.early.get(reply.session);
    if (cut !== undefined) send(seat, cut);
    return reply;
  } finally { if (--desk.admitting === 0) desk.early.clear(); }
};

/** False when no worker holds the session and none is about to. */
export const cutSession = (cut: Cut, seat: Seat | undefined, desk: Desk): boolean => {
  if (seat !== undefined) return send(seat, cut);
  if (desk.admitting > 0) desk.early.set(cut.session, cut);
  return desk.admitting > 0;
};

const own = (seat: Seat, session: string): void => {
  if (!seat.sessions.has(session)) throw new Fault("not_found", "no such session here");
};

const bare = <M extends { kind: string; n: number }>({ kind: _kind, n: _n, ...rest }: M): Omit<M, "kind" | "n"> => rest;

const answer = async (m: Exclude<Up, { kind: "hello" }>, seat: Seat, desk: Desk): Promise<unknown> => {
  const { control } = desk;
  switch (m.kind) {
    case "login": return await login(m, seat, desk);
    case "menu": return await control.menu({ ...bare(m), worker: seat.key ?? "" });
    case "ask": return await control.ask({ ...bare(m), worker: seat.key ?? "" });
    case "wait": return await control.wait({ ...bare(m), worker: seat.key ?? "" });
    case "cancel": return await control.cancel({ ...bare(m), worker: seat.key ?? "" });
    case "admit": return await admit(m, seat, desk);
    case "refused": return await control.refused({ login: m.login, worker: seat.key ?? "", to: m.to, what: m.what });
    case "rejoin": own(seat, m.session); return await control.rejoin({ login: m.login, session: m.session });
    case "look": own(seat, m.session); return await control.look({ login: m.login, session: m.session });
    case "opened": own(seat, m.session); return await control.opened(m.session);
    case "event": own(seat, m.session); return await control.event(m.session, m.event);
    case "frame": own(seat, m.session); return await control.frame(m.session, m.frame);
    case "mark": own(seat, m.session); return await control.mark(m.session, { chunk: m.chunk, hash: m.hash, bytes: m.bytes });
    case "heartbeat": return await control.heartbeat(m.sessions.filter((id) => seat.sessions.has(id)));
    case "ended": {
      own(seat, m.session);
      await control.ended(m.session, { why: m.why, cause: m.cause, detail: m.detail, ledger: m.ledger });
      return void seat.sessions.delete(m.session);
    }
    default: return never(m);
  }
};

/** Serves until the stream closes. `find` gives the worker a token belongs to. */
export const serveDesk = (stream: Duplex, find: (matches: (token: string | undefined) => boolean) => Seat | undefined, desk: Desk): void => {
  let seat: Seat | undefined;
  stream.on("error", () => undefined);
  readLines(stream, upSchema, (message) => {
    if (message.kind === "hello") {
      seat = seat === undefined ? find((token) => sameToken(token, message.token)) : undefined;
      if (seat === undefined) return void stream.destroy();
      Object.assign(seat, { token: undefined, key: message.key, stream });
      return writeLine(stream, { kind: "reply", re: message.n, body: { key: desk.key.publicKey } } satisfies Down);
    }
    if (seat === undefined) return void stream.destroy();
    answer(message, seat, desk).then(
      (body) => writeLine(stream, { kind: "reply", re: message.n, body: body ?? null } satisfies Down),
      (error: unknown) => {
        const { code, message: text } = toFault(error);
        if (code === "internal") desk.log("error", "a session worker's ask failed", { kind: message.kind, error: words(error) });
        writeLine(stream, { kind: "fault", re: message.n, code, message: text } satisfies Down);
      });
  });
};
