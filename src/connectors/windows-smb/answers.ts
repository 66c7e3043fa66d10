/** What a machine's answers over SMB mean. Rule: the error table, by NTSTATUS; a refusal is said by nobody in particular, so no answer to a login is a "no" by itself. */
import { SamrFailure } from "../../wires/samr.ts";
import type { Answer, ChangeResult, LockState } from "../connector.ts";

const MEANS: Readonly<Record<string, string>> = {
  NT_STATUS_LOGON_FAILURE: "a wrong password, or no such account", NT_STATUS_WRONG_PASSWORD: "a wrong password", NT_STATUS_NO_SUCH_USER: "no such account",
  NT_STATUS_ACCOUNT_DISABLED: "the account is disabled", NT_STATUS_ACCOUNT_LOCKED_OUT: "the account is locked out", NT_STATUS_ACCOUNT_EXPIRED: "the account has expired",
  NT_STATUS_ACCOUNT_RESTRICTION: "a restriction of the account", NT_STATUS_PASSWORD_EXPIRED: "its password has expired", NT_STATUS_PASSWORD_MUST_CHANGE: "its password must be changed at the next logon",
  NT_STATUS_LOGON_TYPE_NOT_GRANTED: "it may not log in over the network", NT_STATUS_INVALID_LOGON_HOURS: "it may not log in at this hour", NT_STATUS_INVALID_WORKSTATION: "it may not log in from here",
  NT_STATUS_PASSWORD_RESTRICTION: "the password does not meet the machine's rules (length, complexity, history or minimum age)", NT_STATUS_ACCESS_DENIED: "the right to do it is missing",
  NT_STATUS_NONE_MAPPED: "the account does not exist", NT_STATUS_NOT_SUPPORTED: "the machine does not encrypt SMB", NT_STATUS_INVALID_NETWORK_RESPONSE: "the machine does not speak SMB 3",
  NT_STATUS_IO_TIMEOUT: "it did not answer in time", NT_STATUS_CONNECTION_REFUSED: "the connection was refused", NT_STATUS_CONNECTION_RESET: "the connection was reset",
  NT_STATUS_CONNECTION_DISCONNECTED: "the connection was lost",
};
export const says = (status: string): string => MEANS[status] === undefined ? status : `${MEANS[status]} (${status})`;
const failed = (e: unknown): SamrFailure => e instanceof SamrFailure ? e : new SamrFailure("closed", "the connection failed in a way we do not know");
export const whyOf = (e: unknown): string => { const f = failed(e); return f.status === undefined ? f.why : says(f.status); };
/** A login that was refused for its password, as far as anybody can tell. */
const WRONG: readonly string[] = ["NT_STATUS_LOGON_FAILURE", "NT_STATUS_WRONG_PASSWORD", "NT_STATUS_NO_SUCH_USER"];

export const IN_DOUBT = "the login was refused; SMB does not show by whom, or whether the account is locked";
export const atProbe = (e: unknown): Answer =>
  WRONG.includes(failed(e).status ?? "") && failed(e).kind === "refused" ? { unknown: IN_DOUBT, refused: true } : { unknown: `the login came to nothing: ${whyOf(e)}` };
/** Before a byte of the change. */
export const notSent = (e: unknown): Extract<ChangeResult, { not_sent: string }> => ({ not_sent: failed(e).kind === "refused" ? "auth_of_as" : "unreachable", why: whyOf(e) });
export const refusedLogin = (e: unknown): boolean => failed(e).kind === "refused";
/** Certain to be before the first command of the run it came from. */
export const before = (e: unknown): boolean => failed(e).kind !== "closed";

/** Nothing was changed, for certain. */
const REFUSED = /^NT_STATUS_(NONE_MAPPED|NO_SUCH_USER|ACCESS_DENIED|PASSWORD_RESTRICTION|WRONG_PASSWORD|ILL_FORMED_PASSWORD|ACCOUNT_RESTRICTION|INVALID_PARAMETER|INVALID_INFO_CLASS|ACCOUNT_LOCKED_OUT|ACCOUNT_DISABLED|NO_SUCH_DOMAIN)$/;
export const afterSend = (status: string): ChangeResult => REFUSED.test(status) ? { refused: says(status) } : { unknown: says(status) };

const DISABLED = 0x1, LOCKED = 0x400, EXPIRED = 0x2_0000;
export const flagsSay = (flags: number): readonly string[] => [...(flags & DISABLED ? ["disabled"] : []), ...(flags & LOCKED ? ["locked out"] : []), ...(flags & EXPIRED ? ["its password has expired"] : [])];
export const isEnabled = (flags: number): boolean => (flags & DISABLED) === 0;
export const lockIn = (flags: number): LockState => {
  const [first] = flagsSay(flags);
  return first === undefined ? "open" : { locked: `the account is not let in whatever its password is (${first}), so a refused login proves nothing` };
};
