/**
 * Passwords of a Linux host. Rules: `chpasswd -e` gets a hash, on standard input; "done" is said only of what the shadow file then holds; comparing
 * reads that file, and costs no login.
 */
import { words, type ChangeResult, type CompareResult } from "../../src/connectors/connector.ts";
import { local } from "../../src/connectors/linux-reach.ts";
import { judge } from "../../src/connectors/linux-shadow.ts";
import { LONGEST, sha512crypt } from "../../src/connectors/sha512-crypt.ts";
import { reveal, revealBytes } from "../../src/kernel/reveal.ts";
import type { Secret } from "../../src/kernel/secret.ts";
import { installed, runChild } from "../../src/wires/child.ts";
import { NO_ACCOUNT, type Hand } from "../platform.ts";
import { unsuited, type Fits } from "../suited.ts";
import { shadowLines } from "./accounts.ts";

const fieldOf = (account: string): string | undefined => shadowLines().get(account)?.[1];
export const has = (account: string): Promise<boolean> => Promise.resolve(local(account) && fieldOf(account) !== undefined);

/** 0: it fits; 3: it does not; 4: this machine's libcrypt does not compute that kind. Both come by standard input. */
const CRYPT = `local $/ = "\\0"; chomp(my ($hash, $password) = <STDIN>); my $made = crypt($password, $hash);
exit 4 unless defined $made && length $made == length $hash && substr($made, 0, 3) eq substr($hash, 0, 3); exit($made eq $hash ? 0 : 3)`;
/** Kinds of hashes that are not computed here, by the machine's own library, where perl is there to ask it. Null: it cannot be asked. */
const byLibcrypt = async (field: string, secrets: readonly Secret[], signal: AbortSignal): Promise<CompareResult | null> => {
  if (!(await installed("perl"))) return null;
  for (const [match, secret] of secrets.entries()) {
    const { code } = await runChild("perl", ["-e", CRYPT], { input: `${field}\0${reveal(secret)}\0`, signal });
    if (code === 0) return { match };
    if (code !== 3) return null;
  }
  return "none";
};
export const compare = async (account: string, secrets: readonly Secret[], _hand: unknown, signal: AbortSignal): Promise<CompareResult> => {
  const field = fieldOf(account);
  if (field === undefined) return { unknown: NO_ACCOUNT };
  const said = judge(field, secrets),
    foreign = /^\$[^$]{1,8}\$/.test(field) && typeof said === "object" && "unknown" in said;
  return (foreign ? await byLibcrypt(field, secrets, signal) : null) ?? said;
};

const FITS: Fits = { length: (plain) => Buffer.byteLength(plain), most: LONGEST, tooLong: `a Unix password has at most ${LONGEST} bytes` };
export const set = async (account: string, to: Secret, hand: Hand, signal: AbortSignal): Promise<ChangeResult> => {
  const wrong = unsuited(reveal(to), FITS),
    before = fieldOf(account);
  if (wrong !== undefined) return { refused: wrong };
  const hash = sha512crypt(revealBytes(to), hand.random);
  hand.moment("before_chpasswd");
  const r = await runChild("chpasswd", ["-e"], { input: `${account}:${hash}\n`, signal });
  hand.moment("after_chpasswd");
  let after: string | undefined;
  try {
    after = fieldOf(account);
  } catch {
    return { unknown: "chpasswd was run, and the shadow file could not be read afterwards" };
  }
  hand.moment("read_back");
  if (after === hash) return "done";
  if (r.code === null || after !== before) return { unknown: "chpasswd was cut, and the shadow file holds something else than before" };
  return { refused: words(r.stderr || r.stdout, [hash, reveal(to)]) || `chpasswd ended with ${r.code} and changed nothing` };
};
