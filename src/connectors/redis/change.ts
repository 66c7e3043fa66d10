/** Setting a user of Redis. Rule: looked at first, as the server would create it; what could not be saved is put back. */
import { RespError } from "../../wires/resp.ts";
import type { ChangeResult, Login } from "../connector.ts";
import { failureIn, type RedisSession } from "./reach.ts";
import { userIn, type User } from "./users.ts";

export const look = async (s: RedisSession, name: string): Promise<User | null> => userIn(await s.ask("ACL", "GETUSER", name));
/** A modifier there is none of: refused for its syntax where the right is there, and for the right where it is not. Creates nobody. */
export const maySet = async (s: RedisSession, name: string): Promise<string | undefined> => {
  try {
    await s.ask("ACL", "SETUSER", name, "?lockstep");
  } catch (e) {
    const f = failureIn(e);
    if (f.kind !== "said") throw e;
    return f.why.startsWith("NOPERM") ? f.why : undefined;
  }
  return "the server took a modifier there is none of";
};
/** What makes users outlive a restart; null: nothing does. */
export const keeper = async (s: RedisSession): Promise<readonly string[] | null> => {
  const file = await s.ask("CONFIG", "GET", "aclfile");
  if (Array.isArray(file) && file[1] !== "") return ["ACL", "SAVE"];
  const info = await s.ask("INFO", "server").catch((e: unknown) => {
    if (failureIn(e).kind === "said") return "";
    throw e;
  });
  return /^config_file:\S/m.test(String(info)) ? ["CONFIG", "REWRITE"] : null;
};
export const MEMORY =
  "this Redis keeps its users in memory alone, so that a restart would bring the old password back: " +
  "give it an aclfile, or say in the settings that you know (memoryAlone)";

export const hindrance = (account: Login, u: User | null): string | undefined =>
  u === null
    ? `user "${account.name}" does not exist`
    : u.nopass
      ? `user "${account.name}" is let in with any password (nopass); give it one on the server first, as whoever uses it has none`
      : u.on
        ? undefined
        : `user "${account.name}" is off, so no password of it could be proven; turn it on first`;

/** One write: both arrive or neither. What could not be saved is put back as it was, as it would be gone at the next restart. */
export const set = async (s: RedisSession, name: string, u: User, hash: string, save: readonly string[] | null): Promise<ChangeResult> => {
  const to = (hashes: readonly string[]): string[] => ["ACL", "SETUSER", name, "resetpass", ...hashes.map((h) => `#${h}`)];
  const [done, saved] = await s.all(to([hash]), ...(save === null ? [] : [save]));
  if (done instanceof RespError) return { refused: done.message };
  if (!(saved instanceof RespError)) return "done";
  const [back] = await s.all(to(u.hashes));
  return back instanceof RespError
    ? { unknown: `it is in force but could not be saved: ${saved.message}` }
    : { refused: `it could not be saved, and was put back: ${saved.message}` };
};
