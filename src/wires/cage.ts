/**
 * A target's stream in the hands of a driver. Rules: what the driver throws at the target's words ends the stream, never the process; where the
 * protocol has frames the driver gets them whole, checked and one at a time; and a target says so much and no more.
 *
 * Drivers read in `data` listeners, and connectors share the event loop of everything else the broker does: an exception there would end the broker.
 */
import type { Duplex } from "node:stream";

/** A directory or a list of roles fits; the memory of a process does as well. */
const MOST = 64 * 1024 * 1024;
export type Cage = {
  /** What the stream is destroyed with. */
  readonly broke: () => Error;
  /** Whole messages out of what comes; throws at what is none. Absent: bytes as they come. */
  readonly frames?: (part: Buffer) => readonly Buffer[];
};

/** The stream itself. Call before a driver listens to it. */
export const caged = <S extends Duplex>(stream: S, { broke, frames = (part) => [part] }: Cage): S => {
  const emit = stream.emit.bind(stream) as (...args: unknown[]) => boolean;
  let heard = 0;
  const given = (part: Buffer): boolean => {
    if ((heard += part.length) > MOST) throw broke();
    // A listener may have ended it at the frame before: what came behind that one is nobody's.
    for (const frame of frames(part)) if (!stream.destroyed) emit("data", frame);
    return true;
  };
  const guarded = (...args: unknown[]): boolean => {
    try { return args[0] === "data" ? given(args[1] as Buffer) : emit(...args); } catch {
      stream.destroy(broke());
      return true;
    }
  };
  return Object.assign(stream, { emit: guarded as S["emit"] });
};

/** `sizeOf`: the whole length of the message that these bytes begin, at least 1; undefined: its head is not there yet; throws where it is none. */
export const framer = (sizeOf: (bytes: Buffer) => number | undefined): ((part: Buffer) => Buffer[]) => {
  let kept = Buffer.alloc(0), used = 0, wanted = 1;
  const append = (part: Buffer): void => {
    // Twice the room each time, so that a message in single bytes costs no more than one in a piece.
    if (used + part.length > kept.length) kept = Buffer.concat([kept.subarray(0, used)], Math.max(2 * kept.length, used + part.length));
    part.copy(kept, used);
    used += part.length;
  };
  return (part) => {
    append(part);
    const whole: Buffer[] = [];
    let at = 0;
    while (used - at >= wanted) {
      const size = sizeOf(kept.subarray(at, used));
      wanted = size ?? used - at + 1;
      if (size === undefined || used - at < size) break;
      whole.push(kept.subarray(at, at + size));
      at += size;
      wanted = 1;
    }
    // What was given out is never written over.
    if (at > 0) { kept = Buffer.from(kept.subarray(at, used)); used = kept.length; }
    return whole;
  };
};
