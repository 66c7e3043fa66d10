/**
 * A body whose lines come a batch at a time. Rule: one that ends early breaks the connection, so that nobody takes a part for the whole; of the
 * error its name and code alone are said, as a driver hangs the statement and what it was given on it.
 *
 * Not hono's stream(): it closes the body as if it were whole, and prints the error as it is.
 */
import type { Log } from "../flow/deps.ts";

const BROKE_OFF = "an export broke off";
/** Of the error, or of what it wraps. */
const codeOf = (e: Error): string => {
  const { code, cause } = e as { code?: unknown; cause?: unknown };
  if (typeof code === "string" && /^[A-Z0-9_]{1,64}$/.test(code)) return code;
  return cause instanceof Error ? codeOf(cause) : "";
};
/** The HTTP server prints what breaks a body, and before the first line answers with its message: so it is this sentence, and no stack. */
const broken = (): Error => Object.assign(new Error(BROKE_OFF), { stack: BROKE_OFF });

export const bodyOf = (lines: AsyncGenerator<string>, path: string, log: Log): ReadableStream<Uint8Array> => {
  const utf8 = new TextEncoder(),
    fail = (thrown: unknown): never => {
      const e = thrown instanceof Error ? thrown : new Error("no error");
      log("error", BROKE_OFF, { path, error: e.constructor.name, code: codeOf(e) });
      throw broken();
    };
  const pull = async (out: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    const next = await lines.next().catch(fail);
    if (next.done === true) out.close();
    else out.enqueue(utf8.encode(next.value));
  };
  // Nothing is read ahead: to a body that fails while its reader waits for a slow client, the HTTP server adds the message and ends it as if whole.
  return new ReadableStream<Uint8Array>({ pull, cancel: async () => void (await lines.return(undefined)) }, { highWaterMark: 0 });
};
