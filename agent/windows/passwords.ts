/**
 * Passwords of a Windows machine's local accounts. Rules: comparing is a login, and a wrong one counts towards a lock-out, so it is one password a
 * call; "done" is said only where the machine shows that a password was set after it was asked.
 */
import type { ChangeResult, CompareResult, NotTold } from "../../src/connectors/connector.ts";
import { naming } from "../../src/connectors/windows-names.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import type { Secret } from "../../src/kernel/secret.ts";
import type { Hand } from "../platform.ts";
import { unsuited, type Fits } from "../suited.ts";
import { changedIn, foundIn, loginIn } from "./answers.ts";
import { SCRIPTS } from "./scripts.ts";
import type { Shell } from "./shell.ts";

/** Windows takes 127 characters at a logon. */
const FITS: Fits = { length: (plain) => plain.length, most: 127, tooLong: "a Windows password has at most 127 characters" };
const ONE = "a comparison is a login on Windows, and wrong ones lock accounts out: one password is tried at a time";

export const has =
  (s: Shell) =>
  async (account: string, signal: AbortSignal): Promise<boolean | NotTold> =>
    naming.fits(account) ? foundIn(await s.run(SCRIPTS.find, [account], signal)) : false;
export const compare =
  (s: Shell) =>
  async (account: string, secrets: readonly Secret[], { dir }: Pick<Hand, "dir">, signal: AbortSignal): Promise<CompareResult> => {
    const [one, ...more] = secrets;
    if (one === undefined || more.length > 0) return { unknown: ONE };
    const wrong = unsuited(reveal(one), FITS);
    return wrong === undefined ? loginIn(await s.run(SCRIPTS.logon, [account, one], signal, dir)) : { unknown: wrong };
  };
export const set =
  (s: Shell) =>
  async (account: string, to: Secret, hand: Hand, signal: AbortSignal): Promise<ChangeResult> => {
    const wrong = unsuited(reveal(to), FITS);
    if (wrong !== undefined) return { refused: wrong };
    hand.moment("before_chpasswd");
    const said = await s.run(SCRIPTS.set, [account, to], signal);
    hand.moment("after_chpasswd");
    return changedIn(said);
  };
