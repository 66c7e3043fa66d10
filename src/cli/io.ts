/** The terminal a command runs at. Rule: answers go to stdout, everything said about them to stderr, so that a pipe gets data only. */
import type { Clock } from "../kernel/clock.ts";

export type Env = Readonly<Record<string, string | undefined>>;
export type Io = {
  readonly env: Env; readonly clock: Clock;
  readonly stdin: NodeJS.ReadStream; readonly stdout: NodeJS.WriteStream; readonly stderr: NodeJS.WriteStream;
};

export { plain } from "../kernel/plain.ts";
/** JSON says the same with them escaped; JSON.stringify leaves these as they are. */
// eslint-disable-next-line no-control-regex
export const plainJson = (json: string): string => json.replace(/[\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

export const line = (stream: NodeJS.WritableStream, text: string): void => void stream.write(`${text}\n`);
export const pause = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });

/** Ends the program with this status and no word of ours: somebody else has said all there is. */
export class Exit extends Error {
  readonly code: number;
  constructor(code: number) { super("exit"); this.code = code; }
}
