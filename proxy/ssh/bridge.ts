/**
 * Joins the two ends of one forwarded connection through a tape. Rule: as relay.ts: a byte goes on only from the tape's `pass`; each end's own
 * end passes on after its last byte; when both are closed the tape is, once.
 */
import type { Duplex } from "node:stream";
import type { Tape } from "../recorder.ts";
import { lane, start } from "./relay.ts";

/** ssh2's channels have an error output that must be read, where they have one at all. */
type End = Duplex & { readonly stderr?: { resume?(): void }; close?(): void; eof?(): void };
const NOTHING = Buffer.alloc(0);
/** No more bytes this way, the other way stays open: ssh2 closes a whole channel at `end` where it is the server's. */
const endOne = (end: End): void => {
  if (end.eof === undefined) end.end();
  else if (!end.destroyed && end.writable) end.write(NOTHING, () => end.eof?.());
};
const shut = (end: End): void => { if (end.close !== undefined) end.close(); else end.destroy(); };

/** `done` runs when the last byte is in the recording. */
export const bridge = (user: End, target: End, tape: Tape, done: () => void): void => {
  for (const end of [user, target]) { end.on("error", () => undefined); end.stderr?.resume?.(); }
  start(target, lane({ from: target, to: user, stream: "out" }, tape));
  start(user, lane({ from: user, to: target, stream: "in" }, tape));
  let ended = 0;
  const over = (other: End) => (): void => {
    ended += 1;
    const both = ended === 2;
    tape.after(() => { endOne(other); if (both) { user.end(); target.end(); } });
  };
  user.once("end", over(target));
  target.once("end", over(user));
  let open = 2;
  const closed = (other: End) => (): void => {
    open -= 1;
    if (open > 0) return tape.after(() => shut(other));
    tape.finish();
    tape.closed(null, done);
  };
  user.once("close", closed(target));
  target.once("close", closed(user));
};
