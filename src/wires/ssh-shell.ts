/** A shell, or one command on a terminal, as a line. Rule: the window is wide and long, so that nothing wraps its lines or asks for the next page. */
import { StringDecoder } from "node:string_decoder";
import { incoming, type Ended, type Line } from "./line.ts";
import { ExecFailure } from "./ssh-exec.ts";
import type { Client, ClientChannel, PseudoTtyInfo } from "./ssh-tuned.ts";

const WINDOW = { term: "dumb", cols: 250, rows: 200, width: 0, height: 0, modes: {} } as const satisfies PseudoTtyInfo;

const lineOf = (client: Client, channel: ClientChannel): Line => {
  const side = incoming();
  let end: Ended = { exit: null };
  for (const stream of [channel, channel.stderr]) {
    const text = new StringDecoder("utf8");
    stream.on("data", (part: Buffer) => { side.heard(text.write(part)); });
    stream.on("error", () => undefined);
  }
  channel.on("exit", (status: number | null) => { end = { exit: status }; });
  channel.on("close", () => { side.ended(end); });
  client.once("close", () => { side.ended({ exit: null, cut: "the connection was lost" }); });
  return { enter: "\r", write: (bytes) => { if (channel.writable) channel.write(bytes); }, listen: side.listen, close: () => { channel.close(); client.end(); } };
};

/** `command` null: the shell. Rejects with ExecFailure. */
export const openLine = (client: Client, command: string | null, signal: AbortSignal): Promise<Line> => new Promise((resolve, reject) => {
  const stop = (): void => { signal.removeEventListener("abort", late); client.removeListener("close", gone); };
  const fail = (failure: ExecFailure): void => { stop(); reject(failure); };
  const late = (): void => fail(new ExecFailure("timeout", "the target opened no terminal in time"));
  const gone = (): void => fail(new ExecFailure("closed", "the connection was lost"));
  if (signal.aborted) return late();
  signal.addEventListener("abort", late, { once: true });
  client.once("close", gone);
  const opened = (error: Error | undefined, channel: ClientChannel): void => {
    if (error) return fail(new ExecFailure("refused", "the target opened no terminal"));
    stop();
    resolve(lineOf(client, channel));
  };
  try {
    if (command === null) client.shell(WINDOW, opened); else client.exec(command, { pty: WINDOW }, opened);
  } catch { fail(new ExecFailure("closed", "the connection was lost")); }
});
