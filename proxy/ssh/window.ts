/**
 * Mends two faults of ssh2 1.17 where stdout and stderr of a channel share one window: after a wait the last stdout piece could be sent a
 * second time, and stderr could wait for ever. Rule: called once per user channel, before its first byte; goes when ssh2 mends it.
 */
import type { ServerChannel } from "../../src/wires/ssh.ts";

type Done = (error?: Error | null) => void;
type Write = (data: Buffer, encoding: BufferEncoding | null, done: Done) => void;
/** ssh2's own fields: what waits for the window. */
type Inner = {
  _write: Write; _chunk: Buffer | undefined; _chunkcb: Done | undefined; _chunkErr: Buffer | undefined; _chunkcbErr: Done | undefined;
  _waitWindow: boolean; outgoing: { window: number }; stderr: { _write: Write };
};

export const untangle = (channel: ServerChannel): void => {
  const inner = channel as unknown as Inner, out = inner._write, err = inner.stderr._write;
  inner._write = (data, encoding, done) => out.call(inner, data, encoding, () => {
    inner._chunk = inner._chunkcb = undefined;
    done();
    const { _chunkErr: waiting, _chunkcbErr: told } = inner;
    if (waiting === undefined || told === undefined) return;
    if (inner.outgoing.window > 0) inner.stderr._write(waiting, null, told);
    else inner._waitWindow = true;
  });
  inner.stderr._write = (data, encoding, done) => err.call(inner.stderr, data, encoding, () => {
    inner._chunkErr = inner._chunkcbErr = undefined;
    done();
  });
};

/** Forgets stdout that waits for the window, so that a last sentence on stderr gets the next of it. The channel can then only be closed. */
export const dropWaiting = (channel: ServerChannel): void => {
  const inner = channel as unknown as Inner;
  inner._chunk = inner._chunkcb = undefined;
};
