/**
 * What the answers of scripts.ts mean. Rules: a list comes whole or counts for nothing; "no" is said of a password only where Windows says that it
 * was wrong; what is not in a table is unknown.
 */
import { z } from "zod";
import type { ChangeResult, CompareResult, NotTold } from "../../src/connectors/connector.ts";
import { linesOf, saysCode } from "../../src/connectors/windows-script.ts";
import { NO_ACCOUNT, type Listed } from "../platform.ts";

export const CONTROLLER = "this machine is a domain controller: it has no local accounts; use the platform active-directory";
const NO_ANSWER = "PowerShell did not answer, or was cut before it did";
/** Of cmdlets; numbers of theirs say nothing. */
const TYPES: Readonly<Record<string, string>> = {
  "Microsoft.PowerShell.Commands.InvalidPasswordException": "the password does not meet the machine's rules (length, complexity or history)",
  "Microsoft.PowerShell.Commands.AccessDeniedException": "the right to do it is missing",
};
const ERROR = /^error ([0-9a-f]{8}) ([\w.+`]{1,200})$/i;
const errorIn = (lines: readonly string[]): string | undefined => {
  const m = lines.map((l) => ERROR.exec(l)).find((x) => x !== null);
  return m ? (TYPES[m[2]!] ?? saysCode(m[1]!.toLowerCase(), m[2]!)) : undefined;
};
const whyNot = (lines: readonly string[]): string => (lines.includes("controller") ? CONTROLLER : (errorIn(lines) ?? NO_ANSWER));
export const notTold = (stdout: string): NotTold => ({ unknown: whyNot(linesOf(stdout)) });

/** Null: it did not come, or not whole. */
const jsonIn = (lines: readonly string[]): unknown => {
  const text = /^json ([A-Za-z0-9+/]+=*)$/.exec(lines.at(-1) ?? "")?.[1];
  if (text === undefined) return null;
  try {
    return JSON.parse(Buffer.from(text, "base64").toString("utf8"));
  } catch {
    return null;
  }
};
/** PowerShell 5.1 writes a list as a list, as its one element, or as an object around it. */
const many = <T extends z.ZodType>(of: T) =>
  z.preprocess((v) => {
    const inside = typeof v === "object" && v !== null && "value" in v && "Count" in v ? v.value : v;
    return Array.isArray(inside) ? inside : [inside];
  }, z.array(of));
/** `/Date(1700000000000)/`, in milliseconds since 1970. Null: none was told; a date that is none is an error, which is no "never". */
const moment = z.union([
  z.null(),
  z
    .string()
    .regex(/^\/Date\(-?\d{1,15}\)\/$/)
    .transform((t) => Number(t.slice(6, -2)))
    .refine((ms) => Math.abs(ms) <= 8.64e15)
    .transform((ms) => new Date(ms)),
]);
const User = z.object({
  Name: z.string().min(1),
  Enabled: z.boolean(),
  Sid: z.string().regex(/^S-1-5-[\d-]{1,180}$/),
  LastLogon: moment,
  AccountExpires: moment,
  PasswordExpires: moment,
  PasswordRequired: z.boolean(),
});
const List = z.object({ users: many(User), admins: z.union([z.null(), many(z.string())]), count: z.number() }).refine((l) => l.users.length === l.count);

const found = (u: z.infer<typeof User>, admins: readonly string[] | null, now: Date): Listed => {
  const builtIn = u.Sid.endsWith("-500"),
    member = admins?.includes(u.Sid) === true,
    over = u.AccountExpires !== null && u.AccountExpires <= now;
  return {
    name: u.Name,
    enabled: u.Enabled && !over,
    privileged: builtIn || member ? true : admins === null ? null : false,
    lastLogin: u.LastLogon?.toISOString() ?? null,
    says: [
      ...(builtIn ? ["the built-in Administrator"] : []),
      ...(member ? ["member of Administrators"] : []),
      ...(admins === null && !builtIn ? ["who is in Administrators could not be read"] : []),
      ...(u.Enabled ? [] : ["disabled"]),
      ...(over ? [`expired on ${u.AccountExpires!.toISOString().slice(0, 10)}`] : []),
      ...(u.PasswordExpires !== null && u.PasswordExpires <= now ? ["its password has expired"] : []),
      ...(u.PasswordRequired ? [] : ["may have an empty password"]),
    ],
  };
};
/** Direct members of Administrators alone: of a group of a domain in it, nobody here is a member. */
export const listIn = (stdout: string, now: Date): readonly Listed[] | NotTold => {
  const lines = linesOf(stdout),
    read = List.safeParse(jsonIn(lines));
  if (read.success) return read.data.users.map((u) => found(u, read.data.admins, now));
  return errorIn(lines) !== undefined || lines.includes("controller") ? notTold(stdout) : { unknown: "the list of accounts did not come whole; nothing of it counts" };
};
export const foundIn = (stdout: string): boolean | NotTold => {
  const lines = linesOf(stdout);
  return lines.includes("found") ? true : lines.includes("missing") ? false : notTold(stdout);
};

/** Of LogonUser: what does not say whether the password was right. */
const LOGON: Readonly<Record<string, string>> = {
  1909: "the account is locked out, whatever its password is",
  1331: "the account is disabled",
  1793: "the account has expired",
  1328: "the account may not log on at this hour",
  1329: "the account may not log on to this machine",
  1327: "a policy keeps the account from logging on, an empty password perhaps",
  1330: "its password has expired",
  1907: "its password has to be changed at the next logon",
  1385: "the account has no right to log on here, neither over the network nor at the machine",
};
const WRONG = "1326";
/** Of one login with one password. */
export const loginIn = (stdout: string): CompareResult => {
  const lines = linesOf(stdout),
    said = /^logon (yes|no \d{1,10}|as S-[\d-]{1,190})$/.exec(lines.at(-1) ?? "")?.[1];
  if (said === "yes") return { match: 0 };
  if (said === `no ${WRONG}`) return "none";
  if (said?.startsWith("as ")) return { unknown: "Windows let in somebody else in its place (a guest): a login proves nothing here" };
  if (said !== undefined) return { unknown: LOGON[said.slice(3)] ?? `the login failed (Windows error ${said.slice(3)})` };
  if (lines.includes("missing")) return { unknown: NO_ACCOUNT };
  return lines.includes("disabled") ? { unknown: "the account is disabled, so a login proves nothing" } : notTold(stdout);
};
export const changedIn = (stdout: string): ChangeResult => {
  const lines = linesOf(stdout),
    at = (word: string): string | undefined => lines.map((l) => new RegExp(`^${word} (never|\\d{1,20})$`).exec(l)?.[1]).find((x) => x !== undefined),
    before = at("before"),
    after = at("after"),
    error = errorIn(lines);
  if (before === undefined) return lines.includes("missing") ? { refused: NO_ACCOUNT } : lines.includes("controller") ? { refused: CONTROLLER } : { unknown: whyNot(lines) };
  if (after === undefined) return { unknown: `Set-LocalUser was begun, and then: ${whyNot(lines)}` };
  if (lines.includes("set")) return after === before ? { unknown: "Set-LocalUser said nothing against it, and the machine shows no new password" } : "done";
  return error !== undefined && after === before ? { refused: error } : { unknown: `${error ?? NO_ANSWER}, and the machine shows a new password` };
};
export const adminIn = (stdout: string): boolean | NotTold => {
  const lines = linesOf(stdout);
  return lines.includes("admin 1") ? true : lines.includes("admin 0") ? false : notTold(stdout);
};
export const readyIn = (stdout: string): true | NotTold => (/^ready \d+$/.test(linesOf(stdout).at(-1) ?? "") ? true : notTold(stdout));

const Access = z.object({ sids: many(z.string().regex(/^S-[\d-]{1,190}$/)) });
/** SYSTEM and Administrators. */
const MAY: readonly string[] = ["S-1-5-18", "S-1-5-32-544"];
/** Who else may do something there, by their numbers; null: the folder is not there. */
export const othersIn = (stdout: string): readonly string[] | null | NotTold => {
  const lines = linesOf(stdout),
    read = Access.safeParse(jsonIn(lines));
  if (lines.includes("missing")) return null;
  return read.success ? read.data.sids.filter((s) => !MAY.includes(s)) : notTold(stdout);
};
