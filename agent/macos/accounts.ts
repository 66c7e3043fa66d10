/** The accounts of a Mac, as its own directory has them. Rule: a list comes whole or is an error; read and never changed. */
import { readFileSync } from "node:fs";
import { local } from "../../src/connectors/linux-reach.ts";
import { Fault } from "../../src/kernel/fault.ts";
import { keysOf, keyWords } from "../keys.ts";
import type { Listed } from "../platform.ts";
import { sudoersAmong } from "../sudoers.ts";
import { columnIn, DISABLED, namesOf, NO_SHELL, valuesIn, type Directory } from "./directory.ts";

const NOT_WHOLE = "the list of accounts did not come whole; nothing of it counts";
/** Below it are those of the system. */
const FIRST_PERSON = 500;
const COLUMNS = ["UniqueID", "UserShell", "NFSHomeDirectory", "AuthenticationAuthority"] as const;
type Columns = Readonly<Record<(typeof COLUMNS)[number], ReadonlyMap<string, string>>>;

const columns = async (d: Directory, names: readonly string[], signal: AbortSignal): Promise<Columns> => {
  const out: [string, ReadonlyMap<string, string>][] = [];
  for (const key of COLUMNS) {
    const text = await d.ask(["-list", "/Users", key], signal);
    if (text === undefined) throw new Fault("upstream", NOT_WHOLE);
    out.push([key, columnIn(text, names)]);
  }
  return Object.fromEntries(out) as Columns;
};
const found = (name: string, c: Columns, admins: readonly string[], sudoers: ReadonlySet<string>): Listed => {
  const uid = Number(c.UniqueID.get(name)),
    shell = !NO_SHELL.test(c.UserShell.get(name) ?? ""),
    disabled = c.AuthenticationAuthority.get(name)?.includes(DISABLED) === true,
    noPassword = !c.AuthenticationAuthority.has(name),
    keys = keysOf(c.NFSHomeDirectory.get(name) ?? "/nonexistent"),
    rights = [...(uid === 0 ? ["user id 0"] : []), ...(admins.includes(name) ? ["group admin"] : []), ...(sudoers.has(name) ? ["sudoers"] : [])];
  return {
    name,
    enabled: shell && !disabled,
    privileged: rights.length > 0,
    says: [
      ...rights,
      ...(shell ? [] : ["no login shell"]),
      ...(disabled ? ["disabled"] : []),
      ...(noPassword ? ["no password (a key may let in)"] : []),
      ...(uid > 0 && uid < FIRST_PERSON ? ["system account"] : []),
      ...keyWords(keys),
    ],
    ...(keys === undefined ? {} : { keys }),
  };
};
export const listAccounts = async (d: Directory, signal: AbortSignal): Promise<Listed[]> => {
  const names = await namesOf(d, signal),
    group = await d.ask(["-read", "/Groups/admin", "GroupMembership"], signal);
  if (names === null || group === undefined) throw new Fault("upstream", NOT_WHOLE);
  const c = await columns(d, names, signal);
  // Everybody has a number, and one of them is root.
  if (names.some((n) => !/^-?\d+$/.test(c.UniqueID.get(n) ?? "")) || ![...c.UniqueID.values()].includes("0")) throw new Fault("upstream", NOT_WHOLE);
  const openable = names.filter((n) => local(n) && !NO_SHELL.test(c.UserShell.get(n) ?? "")),
    sudoers = await sudoersAmong(openable, signal),
    admins = valuesIn(group, "GroupMembership");
  return names.map((n) => found(n, c, admins, sudoers));
};

/** What people call it. */
export const osName = (file = "/System/Library/CoreServices/SystemVersion.plist"): string => {
  try {
    return `macOS ${/<key>ProductVersion<\/key>\s*<string>([\d.]{1,20})<\/string>/.exec(readFileSync(file, "utf8"))![1]!}`;
  } catch {
    return "macOS";
  }
};
