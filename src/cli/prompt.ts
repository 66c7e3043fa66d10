/** Questions at the terminal. Rule: a secret is typed without echo or comes by stdin, never in the arguments. */
import { createInterface } from "node:readline/promises";
import { Fault } from "../kernel/fault.ts";
import type { Io } from "./io.ts";

/** Everything up to the end of stdin, without its last line end. */
export const fromStdin = async ({ stdin }: Pick<Io, "stdin">): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Uint8Array));
  const text = Buffer.concat(chunks).toString("utf8").replace(/\r?\n$/, "");
  if (text === "") throw new Fault("invalid", "Nothing came in on stdin.");
  return text;
};

const atTerminal = ({ stdin }: Io, instead: string): void => {
  if (!stdin.isTTY) throw new Fault("invalid", `This is no terminal, so nobody can be asked. ${instead}`);
};

const ETX = "\x03", EOT = "\x04", BACKSPACE = ["\x7f", "\b"];
/** One line, not shown. Ctrl-C gives up. */
const typed = (io: Io): Promise<string> => new Promise((resolve, reject) => {
  let text = "";
  const end = (work: () => void): void => { io.stdin.setRawMode(false); io.stdin.off("data", take).pause(); io.stderr.write("\n"); work(); };
  const take = (chunk: Buffer): void => {
    for (const c of chunk.toString("utf8")) {
      if (c === ETX) return end(() => { reject(new Fault("invalid", "Given up; nothing was done.")); });
      if (c === "\r" || c === "\n" || c === EOT) return end(() => { resolve(text); });
      text = BACKSPACE.includes(c) ? [...text].slice(0, -1).join("") : text + c;
    }
  };
  io.stdin.setRawMode(true);
  io.stdin.on("data", take).resume();
});
export const secret = async (io: Io, question: string, instead: string): Promise<string> => {
  atTerminal(io, instead);
  io.stderr.write(`${question}: `);
  const text = await typed(io);
  if (text === "") throw new Fault("invalid", "Nothing was typed; nothing was done.");
  return text;
};
/** Twice the same, or nothing is done. */
export const newSecret = async (io: Io, question: string, instead: string): Promise<string> => {
  const first = await secret(io, question, instead);
  if (await secret(io, "Once more", instead) !== first) throw new Fault("invalid", "The two do not match; nothing was done.");
  return first;
};

/** One line, shown as it is typed. */
export const question = async (io: Io, text: string, instead: string): Promise<string> => {
  atTerminal(io, instead);
  const ask = createInterface({ input: io.stdin, output: io.stderr }), gone = new AbortController();
  ask.once("SIGINT", () => gone.abort());
  ask.once("close", () => gone.abort());
  try { return (await ask.question(`${text} `, { signal: gone.signal })).trim(); } catch (cause) {
    throw new Fault("invalid", "Given up; nothing was done.", { cause });
  } finally { ask.close(); }
};
export const confirm = async (io: Io, question: string, instead: string): Promise<boolean> => {
  atTerminal(io, instead);
  const ask = createInterface({ input: io.stdin, output: io.stderr });
  try { return (await ask.question(`${question} [yes/no] `)).trim().toLowerCase() === "yes"; } finally { ask.close(); }
};
