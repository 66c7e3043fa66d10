/**
 * macOS' own directory of accounts, by dscl. Rules: only the machine's own node (`.`) is asked, never a directory behind it; a name is one of the
 * list before it becomes part of a path; nothing secret is ever an argument.
 *
 * Not run on a real Mac: none was at hand. How dscl and passwd read a password is from the source Apple publishes (DSTools, system_cmds, Libc).
 */
import { local } from "../../src/connectors/linux-reach.ts";
import { runChild, type Ended } from "../../src/wires/child.ts";

export type Programs = { readonly dscl: string; readonly passwd: string };
export const PROGRAMS: Programs = { dscl: "/usr/bin/dscl", passwd: "/usr/bin/passwd" };
/** It ends with the number of its error, of which a system keeps eight bits: some errors end with 0. */
export const FAILED = /DS Error|failed/i;
/** Its shells that let nobody in. */
export const NO_SHELL = /\/(false|nologin)$/;

export type Directory = {
  /** Standard output; undefined: it did not work. */
  ask(args: readonly string[], signal: AbortSignal): Promise<string | undefined>;
  /** Whatever it reads a password by (getpass) takes /dev/tty where it has one, so it gets none. */
  tell(program: keyof Programs, args: readonly string[], input: string, signal: AbortSignal): Promise<Ended>;
};
export const directory = (p: Programs): Directory => ({
  ask: async (args, signal) => {
    const r = await runChild(p.dscl, [".", ...args], { input: "", signal, apart: true });
    return r.code === 0 && !FAILED.test(r.stderr) ? r.stdout : undefined;
  },
  tell: (program, args, input, signal) => runChild(p[program], args, { input, signal, apart: true }),
});

export const namesIn = (text: string): readonly string[] => text.split("\n").filter((l) => l !== "");
/** `dscl . -list /Users KEY`: a name, blanks, the value; names may hold blanks, so they are looked for and not cut out. The longest name wins. */
export const columnIn = (text: string, names: readonly string[]): ReadonlyMap<string, string> => {
  const longest = [...names].sort((a, b) => b.length - a.length);
  return new Map(
    text.split("\n").flatMap((line) => {
      const name = longest.find((n) => line.startsWith(n) && /^ +\S/.test(line.slice(n.length)));
      return name === undefined ? [] : [[name, line.slice(name.length).trim()] as const];
    }),
  );
};
/** `dscl . -read PATH KEY`: `KEY: a b`, or one value a line after it. */
export const valuesIn = (text: string, key: string): readonly string[] => {
  const [first = "", ...more] = text.split("\n");
  if (!first.startsWith(`${key}:`)) return [];
  return [...first.slice(key.length + 1).split(" "), ...more.map((l) => l.trim())].filter((v) => v !== "");
};

/** Null: the directory did not tell. */
export const namesOf = async (d: Directory, signal: AbortSignal): Promise<readonly string[] | null> => {
  const text = await d.ask(["-list", "/Users"], signal),
    names = namesIn(text ?? "");
  return names.length === 0 ? null : names;
};
/** What it says of how somebody proves who they are; undefined: it did not tell. */
export const authorityOf = async (d: Directory, account: string, signal: AbortSignal): Promise<string | undefined> =>
  local(account) ? await d.ask(["-read", `/Users/${account}`, "AuthenticationAuthority"], signal) : undefined;
export const DISABLED = ";DisabledUser;",
  SECURE_TOKEN = ";SecureToken;";
