/** Tokens kept between commands. Rule: one file of mode 600, one token per address, and a token goes to its own address only. */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { Fault } from "../kernel/fault.ts";
import type { Env } from "./io.ts";

type Logins = { readonly last: string | null; readonly tokens: Readonly<Record<string, string>> };

export const loginFile = (env: Env): string => path.join(env["XDG_CONFIG_HOME"] || path.join(env["HOME"] || homedir(), ".config"), "lockstep", "logins.json");

/** A file that others may read is refused: the token in it is not only ours any more. */
export const readOwn = (file: string, ifNot = ""): string => {
  let mode;
  try { mode = statSync(file).mode; } catch (cause) { throw new Fault("invalid", `${file} cannot be read. ${ifNot}`.trim(), { cause }); }
  if ((mode & 0o077) !== 0) throw new Fault("invalid", `${file} may be read by others. Run: chmod 600 ${file}`);
  return readFileSync(file, "utf8");
};

export const readLogins = (env: Env): Logins => {
  const file = loginFile(env);
  if (!existsSync(file)) return { last: null, tokens: {} };
  try { return JSON.parse(readOwn(file)) as Logins; } catch (e) {
    if (e instanceof Fault) throw e;
    throw new Fault("invalid", `${file} is damaged. Delete it and log in again.`, { cause: e });
  }
};

const write = (env: Env, logins: Logins): string => {
  const file = loginFile(env), fresh = `${file}.${process.pid}`;
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(fresh, `${JSON.stringify(logins, null, 2)}\n`, { mode: 0o600 });
  chmodSync(fresh, 0o600);
  renameSync(fresh, file);
  return file;
};
export const keepLogin = (env: Env, origin: string, token: string): string => write(env, { last: origin, tokens: { ...readLogins(env).tokens, [origin]: token } });
export const dropLogin = (env: Env, origin: string): boolean => {
  const { last, tokens } = readLogins(env), { [origin]: gone, ...rest } = tokens;
  if (gone === undefined) return false;
  write(env, { last: last === origin ? null : last, tokens: rest });
  return true;
};
