/**
 * Joins a user's channel and a target's channel through the tape. Rules: (law) a byte goes on only from the tape's `pass`; either side waits
 * for the other and for the file; the end goes out after the last byte of both streams.
 */
import type { Duplex, Readable, Writable } from "node:stream";
import type { ClientChannel } from "../../src/wires/ssh.ts";
import type { Stream, Tape } from "../recorder.ts";

type Way = { readonly from: Readable; readonly to: Writable; readonly stream: Stream };

type Send = (data: Buffer) => void;
/** Who stands between the two sides and what they send; it may hold, drop and add. `answer`: to the user, because of what the user sent. */
export type Between = (send: { readonly toUser: Send; readonly toTarget: Send; readonly answer: Send }) => { readonly fromUser: Send; readonly fromTarget: Send };
const straight: Between = ({ toUser, toTarget }) => ({ fromUser: toTarget, fromTarget: toUser });

type Brake = { hold(): void; free(): void };
/** A sender for whom several may be behind goes on when the last of them is not. */
const brakeOf = (from: Readable): Brake => {
  let holds = 0;
  return { hold: () => { if (holds++ === 0) from.pause(); }, free: () => { if (--holds === 0) from.resume(); } };
};

/** Sends on by way of the tape. While the receiver or the file is behind, the sender is paused; both report when they are not. */
export const lane = ({ from, to, stream }: Way, tape: Tape, brake = brakeOf(from)): Send => {
  let choked = false, paused = false;
  const stop = (): void => { paused = true; brake.hold(); };
  const go = (): void => { if (paused && !choked && !tape.full()) { paused = false; brake.free(); } };
  to.on("drain", () => { choked = false; go(); });
  to.on("error", () => undefined);
  from.on("error", () => undefined);
  return (data) => {
    tape.take(stream, data, () => {
      if (!to.destroyed && to.writable && !to.write(data)) choked = true;
      if (choked && !paused) stop();
      go();
    });
    if (!paused && tape.full()) stop();
  };
};

export const start = (from: Readable, send: Send): void => { from.on("data", send).resume(); };

/** `exit`: what the target has told by now: a code, a signal's name, or nothing. */
export type TargetChannel = { readonly channel: ClientChannel; exit(): number | string | null };

/** The person's end of one channel, whatever carries it. */
export type PersonEnd = { readonly channel: Duplex & { readonly stderr: Writable }; readonly over: boolean; say(sentence: string): void; exit(status: number | string | null): void };

/** A dead recording calls nobody back, so a paused sender stays paused: the session is being closed then. */
export const relay = (user: PersonEnd, target: TargetChannel, tape: Tape, done: (exit: number | string | null) => void, between: Between = straight): void => {
  const { channel } = target, brake = brakeOf(user.channel);
  const way = between({
    toUser: lane({ from: channel, to: user.channel, stream: "out" }, tape), toTarget: lane({ from: user.channel, to: channel, stream: "in" }, tape, brake),
    answer: lane({ from: user.channel, to: user.channel, stream: "out" }, tape, brake),
  });
  start(channel, way.fromTarget);
  start(channel.stderr, lane({ from: channel.stderr, to: user.channel.stderr, stream: "err" }, tape));
  start(user.channel, way.fromUser);
  user.channel.on("end", () => tape.after(() => channel.end()));
  user.channel.on("close", () => channel.close());
  // ssh2 says "close" when stdout has ended, which may be before a slow reader has taken all of stderr: wait for all three.
  let waiting = 3;
  const over = (): void => {
    if (--waiting > 0) return;
    const exit = target.exit();
    tape.finish();
    tape.closed(exit, () => { user.exit(exit); done(exit); });
  };
  channel.once("close", over);
  channel.once("end", over);
  channel.stderr.once("end", over);
};
