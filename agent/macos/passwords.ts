/**
 * Passwords of a Mac's local accounts. Rules: `dscl . -authonly NAME` and `passwd` ask for a password where none stands beside them, and without a
 * terminal they read it from standard input; dscl's own way to take one as an argument is never used. "done" is said only when the new one opens.
 *
 * passwd, as root and of the local node, asks for the new one twice; of an account with a secure token it asks for the present one first, and an
 * agent has none, so such an account is refused. A comparison is a login: it may count towards a lock-out, so it is one password a call.
 */
import { words, type ChangeResult, type CompareResult, type NotTold } from "../../src/connectors/connector.ts";
import { local } from "../../src/connectors/linux-reach.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import type { Secret } from "../../src/kernel/secret.ts";
import { NO_ACCOUNT, type Hand } from "../platform.ts";
import { unsuited, type Fits } from "../suited.ts";
import { authorityOf, DISABLED, namesOf, SECURE_TOKEN, type Directory } from "./directory.ts";

/** getpass keeps 128 bytes and drops the rest without a word. */
const FITS: Fits = { length: (plain) => Buffer.byteLength(plain), most: 128, tooLong: "a password has at most 128 bytes here" };
const NODE = "/Local/Default";
const ONE = "a comparison is a login on macOS, and wrong ones may lock accounts out: one password is tried at a time",
  NOT_TOLD = "the machine's directory did not answer",
  TOKEN = "the account has a secure token (FileVault): macOS changes its password only with the present one, which an agent does not have";

export const has =
  (d: Directory) =>
  async (account: string, signal: AbortSignal): Promise<boolean | NotTold> => {
    if (!local(account)) return false;
    const names = await namesOf(d, signal);
    return names === null ? { unknown: NOT_TOLD } : names.includes(account);
  };
/** One login. It says nothing but its question when it is let in. */
const opens = async (d: Directory, account: string, secret: Secret, signal: AbortSignal): Promise<CompareResult> => {
  const r = await d.tell("dscl", [".", "-authonly", account], `${reveal(secret)}\n`, signal);
  const said = `${r.stdout} ${r.stderr}`.replaceAll("Password:", "").trim();
  if (r.code === 0 && said === "") return { match: 0 };
  if (r.code !== null && /\(-14090[,)]|\beDSAuthFailed\b/.test(said)) return "none";
  return { unknown: words(said, [reveal(secret)]) || NOT_TOLD };
};
export const compare =
  (d: Directory) =>
  async (account: string, secrets: readonly Secret[], _hand: unknown, signal: AbortSignal): Promise<CompareResult> => {
    const [one, ...more] = secrets;
    if (one === undefined || more.length > 0) return { unknown: ONE };
    const wrong = unsuited(reveal(one), FITS),
      authority = wrong === undefined ? await authorityOf(d, account, signal) : undefined;
    if (wrong !== undefined || authority === undefined) return { unknown: wrong ?? NOT_TOLD };
    return authority.includes(DISABLED) ? { unknown: "the account is disabled, so a login proves nothing" } : opens(d, account, one, signal);
  };
export const set =
  (d: Directory) =>
  async (account: string, to: Secret, hand: Hand, signal: AbortSignal): Promise<ChangeResult> => {
    const wrong = unsuited(reveal(to), FITS),
      authority = wrong === undefined && local(account) ? await authorityOf(d, account, signal) : undefined;
    if (wrong !== undefined) return { refused: wrong };
    if (authority === undefined) return { refused: local(account) ? NOT_TOLD : NO_ACCOUNT };
    if (authority.includes(SECURE_TOKEN)) return { refused: TOKEN };
    hand.moment("before_chpasswd");
    const r = await d.tell("passwd", ["-i", "opendirectory", "-l", NODE, account], `${reveal(to)}\n${reveal(to)}\n`, signal);
    hand.moment("after_chpasswd");
    const now = await opens(d, account, to, signal);
    hand.moment("read_back");
    if (typeof now === "object" && "match" in now) return "done";
    // A login that is refused may be refused for another reason than the password; passwd's own no counts with it.
    if (now === "none" && r.code !== null && r.code !== 0)
      return { refused: words(r.stderr || r.stdout, [reveal(to)]) || `passwd ended with ${r.code}, and the new password does not open` };
    return { unknown: now === "none" ? "passwd said nothing against it, and the new password does not open" : "passwd was run, and whether the new password opens could not be asked" };
  };
