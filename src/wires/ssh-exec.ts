/**
 * Runs one command on a logged-in client. Rules: both output streams are always consumed (ssh2 closes a channel only then), output is
 * bounded, and the call always settles: by the command's end, the limit, the signal or the loss of the connection.
 */
import type { Client, ClientChannel, PseudoTtyInfo } from "./ssh-tuned.ts";

/** Kept of each stream; the rest is read and dropped. */
const KEPT = 65_536;

export type ExecResult = {
  /** null: no exit status came: the connection or the process was cut, so what the command did is unknown. */
  readonly code: number | null; readonly signal?: string; readonly stdout: string; readonly stderr: string;
  /** More came than is kept: what stands here is not all of it. */
  readonly cut?: true;
};
export type ExecOptions = {
  readonly signal: AbortSignal; readonly timeoutMs: number;
  /**
   * Written in one piece, then end of input. A function is called at the moment its bytes leave, so a caller knows whether they did.
   * Without it the input stays open for `onStdout`/`onStderr` to write, unless neither is given.
   */
  readonly input?: Buffer | (() => Buffer);
  readonly pty?: boolean | PseudoTtyInfo;
  /** Bytes kept of each stream; KEPT where absent. */
  readonly keep?: number;
  readonly onStdout?: (text: string, channel: ClientChannel) => void;
  readonly onStderr?: (text: string, channel: ClientChannel) => void;
};

/** refused: the target opened no channel or ran nothing. */
export class ExecFailure extends Error {
  override readonly name = "ExecFailure";
  readonly kind: "timeout" | "closed" | "refused";
  constructor(kind: "timeout" | "closed" | "refused", why: string) {
    super(why);
    this.kind = kind;
  }
}

const bounded = (stream: NodeJS.ReadableStream, most: number, onText?: (text: string) => void): { text(): string; over(): boolean } => {
  const kept: Buffer[] = [];
  let size = 0;
  stream.on("data", (chunk: Buffer) => {
    if (size < most) kept.push(chunk.subarray(0, most - size));
    size += chunk.length;
    onText?.(chunk.toString("utf8"));
  });
  stream.on("error", () => undefined);
  return { text: () => Buffer.concat(kept).toString("utf8"), over: () => size > most };
};

const attach = (channel: ClientChannel, o: ExecOptions, resolve: (r: ExecResult) => void): void => {
  const most = o.keep ?? KEPT, stdout = bounded(channel, most, o.onStdout && ((t) => o.onStdout?.(t, channel)));
  const stderr = bounded(channel.stderr, most, o.onStderr && ((t) => o.onStderr?.(t, channel)));
  let code: number | null = null, name: string | undefined;
  channel.on("exit", (status: number | null, by?: string) => { code = status; name = by; });
  channel.on("close", () => resolve({ code, ...(name === undefined ? {} : { signal: name }), ...(stdout.over() || stderr.over() ? { cut: true as const } : {}), stdout: stdout.text(), stderr: stderr.text() }));
  channel.on("error", () => undefined);
  if (o.input !== undefined) channel.end(typeof o.input === "function" ? o.input() : o.input);
  else if (o.onStdout === undefined && o.onStderr === undefined) channel.end();
};

/** Rejects with ExecFailure when the command could not be started or did not end in time (the channel is then closed). */
export const exec = (client: Client, command: string, o: ExecOptions): Promise<ExecResult> => new Promise((resolve, reject) => {
  const limit = AbortSignal.any([o.signal, AbortSignal.timeout(o.timeoutMs)]);
  let channel: ClientChannel | undefined;
  const stop = (): void => { limit.removeEventListener("abort", onAbort); client.removeListener("close", onClose); };
  const fail = (failure: ExecFailure): void => { stop(); channel?.close(); reject(failure); };
  const onAbort = (): void =>
    fail(o.signal.aborted ? new ExecFailure("closed", "called off") : new ExecFailure("timeout", "the command did not end in time"));
  const onClose = (): void => fail(new ExecFailure("closed", "the connection was lost"));
  if (limit.aborted) return onAbort();
  limit.addEventListener("abort", onAbort, { once: true });
  client.once("close", onClose);
  const settle = (result: ExecResult): void => { stop(); resolve(result); };
  try {
    client.exec(command, o.pty === undefined ? {} : { pty: o.pty }, (error, opened) => {
      if (error) return fail(new ExecFailure("refused", "the target refused to run a command"));
      channel = opened;
      attach(opened, o, settle);
      if (limit.aborted) opened.close();
    });
  } catch { fail(new ExecFailure("closed", "the connection was lost")); }
});
