/**
 * Two streams made one, both ways. Rule: what one of them said before it ended still reaches the other; what is cut is cut on both sides; and
 * neither outlives the other.
 */
import type { Duplex } from "node:stream";

/** `gone` is over: what `left` was given already may still leave, and then it is over too. */
const follow = (gone: Duplex, left: Duplex): void => {
  const end = (): void => void left.destroy();
  gone.on("error", () => undefined).once("close", () => {
    if (!left.writableEnded || left.writableFinished) end(); else left.once("finish", end);
  });
};

export const join = (one: Duplex, other: Duplex): void => {
  follow(one, other);
  follow(other, one);
  one.pipe(other);
  other.pipe(one);
};
