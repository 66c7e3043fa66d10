/**
 * The worker's end of the channel. Rules: an ask is answered or rejected, never forgotten; after the channel is lost everything is rejected
 * at once and `lost` says so, while running sessions go on until their own deadline; what the other side would not take as this protocol is
 * rejected here and not sent, because it would end the channel for everybody on it.
 */
import { connect } from "node:net";
import type { Socket } from "node:net";
import { Fault } from "../src/kernel/fault.ts";
import type { Down, Reply, Up } from "./channel.ts";
import { VERSION, downSchema, replies, upSchema } from "./channel.ts";
import { readLines, writeLine } from "./lines.ts";

type Ask<K extends Up["kind"]> = Omit<Extract<Up, { kind: K }>, "n" | "kind">;
type Waiting = { readonly kind: Up["kind"]; readonly resolve: (body: never) => void; readonly reject: (error: Fault) => void };

export type Uplink = {
  /** The broker's box key. */
  readonly key: string;
  ask<K extends Up["kind"]>(kind: K, message: Ask<K>): Promise<Reply<K>>;
  /** False once the channel is gone. */
  alive(): boolean;
  onDown(listener: (message: Extract<Down, { kind: "cut" | "terms" | "watch" }>) => void): void;
  onLost(listener: () => void): void;
};

const LOST = "the broker cannot be asked right now";

const settle = (waiting: Map<number, Waiting>, message: Extract<Down, { kind: "reply" | "fault" }>): void => {
  const one = waiting.get(message.re);
  waiting.delete(message.re);
  if (one === undefined) return;
  if (message.kind === "fault") return one.reject(new Fault(message.code, message.message));
  const body = replies[one.kind].safeParse(message.body);
  if (body.success) one.resolve(body.data as never);
  else one.reject(new Fault("internal", "the broker's answer is not of this protocol"));
};

const link = (socket: Socket): Omit<Uplink, "key"> => {
  const waiting = new Map<number, Waiting>(), downs: ((m: Extract<Down, { kind: "cut" | "terms" | "watch" }>) => void)[] = [], losses: (() => void)[] = [];
  let n = 0, alive = true;
  socket.on("error", () => undefined);
  socket.on("close", () => {
    alive = false;
    for (const one of waiting.values()) one.reject(new Fault("unavailable", LOST));
    waiting.clear();
    for (const listener of losses) listener();
  });
  readLines(socket, downSchema, (message) => {
    if (message.kind === "reply" || message.kind === "fault") settle(waiting, message);
    else for (const listener of downs) listener(message);
  });
  return {
    alive: () => alive,
    onDown: (listener) => void downs.push(listener),
    onLost: (listener) => void losses.push(listener),
    ask: (kind, message) => new Promise((resolve, reject) => {
      if (!alive) return reject(new Fault("unavailable", LOST));
      const line = { ...message, kind, n: n + 1 };
      if (!upSchema.safeParse(line).success) return reject(new Fault("invalid", `this ${kind} cannot be told to the broker`));
      waiting.set(++n, { kind, resolve, reject });
      writeLine(socket, line);
    }),
  };
};

/** Connects and introduces this worker with its one-time token and its box key. */
export const openUplink = async (path: string, token: string, workerKey: string): Promise<Uplink> => {
  const socket = connect(path), up = link(socket);
  const { key } = await up.ask("hello", { v: VERSION, token, key: workerKey });
  return { ...up, key };
};
