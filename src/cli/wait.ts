/** Waiting for something at the broker. Rule: what is waited for is always on the screen; leaving early changes nothing at the broker. */
import { times } from "../kernel/times.ts";
import { pause, plain, type Io } from "./io.ts";

const EVERY = times().cutoff;
const CLEAR = "\r\x1b[K";

/** Looks once a second until `done`; `say` is the line shown. On a terminal it is one line that counts, elsewhere a line per change. */
export const waitFor = async <T>(io: Io, look: () => Promise<T>, done: (seen: T) => boolean, say: (seen: T) => string): Promise<T> => {
  const since = io.clock.mono();
  let last = "";
  try {
    for (;;) {
      const seen = await look();
      if (done(seen)) return seen;
      const text = plain(say(seen)), seconds = Math.round((io.clock.mono() - since) / 1_000);
      if (io.stderr.isTTY) io.stderr.write(`${CLEAR}${text} (${seconds} s)`);
      else if (text !== last) io.stderr.write(`${text}\n`);
      last = text;
      await pause(EVERY);
    }
  } finally { if (io.stderr.isTTY && last !== "") io.stderr.write(CLEAR); }
};
