/**
 * What every command is given. Rule: with --json stdout holds exactly the API's JSON, whatever a person would have seen; where nothing came of it, the
 * error as JSON, and a person's words on stderr alone.
 */
import type { Command } from "commander";
import { toFault, type FaultCode } from "../kernel/fault.ts";
import type { Client } from "./client.ts";
import { Exit, line, plainJson, type Io } from "./io.ts";
import { connect, type Where } from "./where.ts";

export type Options = Readonly<Record<string, unknown>>;
export type Run = {
  readonly io: Io; readonly now: Date; readonly where: Where; readonly json: boolean;
  /** Made at first use: some commands need no broker. */
  readonly client: Client;
  readonly options: Options;
  /** Something stands on stdout already. */
  readonly answered: boolean;
  /** An option's text, or undefined. */
  text(name: string): string | undefined;
  flag(name: string): boolean;
  many(name: string): readonly string[];
  /** Asks the API and prints: its JSON, or what `human` makes of it. */
  show<T>(method: string, path: string, body: unknown, human: (answer: T) => string): Promise<T>;
  print(value: unknown, human: () => string): void;
  say(text: string): void;
};

export const runOf = (io: Io, options: Options): Run => {
  const where: Where = { url: options["url"] as string | undefined, socket: options["socket"] as string | undefined, ca: options["ca"] as string | undefined }, json = options["json"] === true;
  let made: Client | null = null, answered = false;
  const answer = (text: string): void => { answered = true; line(io.stdout, text); };
  const run: Run = {
    io, now: io.clock.now(), where, json, options,
    get client() { return made ??= connect(where, io.env); },
    get answered() { return answered; },
    text: (name) => (typeof options[name] === "string" ? options[name] : undefined),
    flag: (name) => options[name] === true,
    many: (name) => (Array.isArray(options[name]) ? options[name] as string[] : []),
    show: async <T>(method: string, path: string, body: unknown, human: (answer: T) => string) => {
      const text = await run.client.text(method, path, body), said = JSON.parse(text) as T;
      answer(json ? plainJson(text) : human(said));
      return said;
    },
    print: (value, human) => { answer(json ? plainJson(JSON.stringify(value)) : human()); },
    say: (text) => { line(io.stderr, text); },
  };
  return run;
};

/** For programs: `{"error":{"code":…,"message":…}}`, the code being that of the API's problems. */
export const errorJson = (io: Io, code: FaultCode, message: string): void => { line(io.stdout, plainJson(JSON.stringify({ error: { code, message } }))); };

/** commander hands (…arguments, options, command). */
export const act = (io: Io, work: (run: Run, ...args: string[]) => Promise<unknown>) => async (...all: unknown[]): Promise<void> => {
  const command = all.at(-1) as Command, run = runOf(io, command.optsWithGlobals());
  try { await work(run, ...(all.slice(0, -2) as string[])); } catch (e) {
    // What was answered before says more than the error; its exit code says the rest.
    if (run.json && !run.answered && !(e instanceof Exit)) { const { code, message } = toFault(e); errorJson(io, code, message); }
    throw e;
  }
};
export type Register = (program: Command, io: Io) => void;
export const example = (command: Command, ...lines: string[]): Command => command.addHelpText("after", `\nExample:\n${lines.map((l) => `  $ ${l}`).join("\n")}\n`);
/** For options that may be given several times. */
export const collect = (value: string, before: readonly string[]): string[] => [...before, value];
