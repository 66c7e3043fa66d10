/**
 * The accounts database of a Windows machine (MS-SAMR over SMB 3), by Samba's rpcclient over a Link. Rules: signed and encrypted or not at all, NTLMv2;
 * the login's password goes in by a pipe, a new one on standard input; an account is meant by its number (RID), never by text that reads as one.
 * Found by reading and trying rpcclient 4.17: it takes "1000abc" for RID 1000; says nothing when a command worked, and ends with 0 when one did not;
 * reads at most 127 bytes of a password; splits a line as popt does (a backslash means the next character); sees a line that came together with
 * another only once its input ends, so questions that need an answer first are runs of their own.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Link } from "../kernel/link.ts";
import { bridge } from "./bridge.ts";
import { installed, runChild } from "./child.ts";

/** unreachable: no connection came about · refused: the login was, by `status` · closed: cut, or words we do not know. */
export class SamrFailure extends Error {
  override readonly name = "SamrFailure";
  readonly kind: "unreachable" | "refused" | "closed";
  readonly why: string;
  readonly status: string | undefined;
  constructor(kind: SamrFailure["kind"], why: string, status?: string) {
    super(`${kind}: ${why}`);
    this.kind = kind;
    this.why = why;
    this.status = status;
  }
}
export type SamrLogin = { readonly domain: string; readonly user: string; readonly password: string };
export type Reply = { readonly said: string; readonly status: string | undefined };
export type SamrUser = { readonly rid: number; readonly name: string; readonly flags: number; readonly lastLogon: string | null };
export const LOGIN_BYTES = 127, NO_CLIENT = "rpcclient is not installed on the broker's machine (Debian: smbclient)";

const MARK = "lockstep-next", TURN = `command not found: ${MARK}\n`;
/** What a login is refused by; anything else at that point is a connection that did not come about. */
const LOGIN_SAID = /^NT_STATUS_(LOGON_|WRONG_PASSWORD|NO_SUCH_USER|ACCOUNT_|PASSWORD_|INVALID_(LOGON|WORKSTATION)|ACCESS_DENIED|NOLOGON|TRUST)/;
const statusIn = (text: string): string | undefined => /\b(NT_STATUS|WERR)_(?!OK\b)[A-Z0-9_]+/.exec(text)?.[0];
/** For popt: letters, digits and what is not ASCII as they are. */
const word = (text: string): string => text.replace(/[\x01-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]/g, "\\$&"); // eslint-disable-line no-control-regex
const hex = (n: number): string => `0x${n.toString(16)}`;

/** Everything it would keep goes into a directory that is gone afterwards. */
const argumentsFor = (host: string, port: number, who: SamrLogin, dir: string): string[] => [
  host, "-I", "127.0.0.1", "-p", String(port), "-U", `${who.domain}\\${who.user}`, "--client-protection=encrypt", "--use-kerberos=off", "--configfile=/dev/null",
  "--option=client min protocol=SMB3_00", "--option=client ipc min protocol=SMB3_00", "--option=client ipc signing=required", "--option=client ntlmv2 auth=yes",
  ...["lock directory", "state directory", "cache directory", "private dir"].map((kind) => `--option=${kind}=${dir}`),
];

/**
 * One login, these commands, a reply to each. Rejects with SamrFailure: unreachable and refused are certain to be before the first command; with
 * `closed` nobody knows how many were heard.
 */
export const samr = async (link: Link, who: SamrLogin, commands: readonly string[], signal: AbortSignal): Promise<Reply[]> => {
  if (!(await installed("rpcclient"))) throw new SamrFailure("unreachable", NO_CLIENT);
  const dir = await mkdtemp(join(tmpdir(), "lockstep-smb-")), way = await bridge(link, signal);
  try {
    const input = commands.map((line) => `${line}\n${MARK}\n`).join("");
    const { stdout, stderr } = await runChild("rpcclient", argumentsFor(link.address.host, way.port, who, dir), { input, signal, third: who.password, env: { PASSWD_FD: "3" } });
    const replies = stdout.split(TURN).slice(0, -1).map((said) => ({ said, status: statusIn(said) })), trouble = statusIn(stderr);
    // A connection that is lost between two commands is told on standard error alone, and every command after it "works".
    if (replies.length >= commands.length && (trouble === undefined || replies.some((r) => r.status !== undefined))) return replies;
    const failed = way.failed(), status = statusIn(stderr + stdout), before = /Cannot connect to server/.test(stderr + stdout);
    if (failed) throw new SamrFailure("unreachable", failed.message);
    if (before && status !== undefined) throw new SamrFailure(LOGIN_SAID.test(status) ? "refused" : "unreachable", status, status);
    throw new SamrFailure("closed", signal.aborted ? "the server did not answer in time" : "the connection was lost", status);
  } finally { way.close(); await rm(dir, { recursive: true, force: true }); }
};

/** Commands. A name stands in none that would take it for a number. */
export const lookUp = (name: string): string => `samlookupnames domain ${word(name)}`;
export const queryUser = (rid: number): string => `queryuser ${hex(rid)}`;
export const setPassword = (rid: number, to: string): string => `setuserinfo2 ${hex(rid)} 23 ${word(to)}`;
export const changeOwn = (name: string, from: string, to: string): string => `chgpasswd3 ${word(name)} ${word(from)} ${word(to)}`;
export const LIST_USERS = "enumdomusers", LIST_ADMINISTRATORS = "queryaliasmem builtin 0x220";
/** Shown to administrators alone. */
export const LIST_OPEN_FILES = "netfileenum";

/** Of a reply to `lookUp`: the user of this name, not a group. */
export const ridIn = (reply: Reply): number | undefined => { const rid = /: (0x[0-9a-f]+) \(1\)\s*$/i.exec(reply.said.trim())?.[1]; return rid === undefined ? undefined : Number(rid); };
export const ridsIn = (reply: Reply): number[] => [...reply.said.matchAll(/^user:\[.*\] rid:\[(0x[0-9a-f]+)\]$/gim)].map((m) => Number(m[1]));
/** Numbers of this machine's own accounts among the members. */
export const membersIn = (reply: Reply): number[] => [...reply.said.matchAll(/sid:\[S-1-5-21-[\d-]+-(\d+)\]/g)].map((m) => Number(m[1]));
export const userIn = ({ said }: Reply): SamrUser | undefined => {
  const one = (label: string): string | undefined => new RegExp(`^\\t${label} *:\\t?(.*)$`, "m").exec(said)?.[1]?.trim();
  const [name, rid, flags, last] = ["User Name", "user_rid", "acb_info", "Logon Time"].map(one), at = Date.parse(last ?? "");
  return name === undefined || rid === undefined || flags === undefined ? undefined
    : { rid: Number(rid), name, flags: Number(flags), lastLogon: at > 0 ? new Date(at).toISOString().replace(/\.\d+Z$/, "Z") : null };
};
