/**
 * Local accounts of a Windows machine over SMB (MS-SAMR). Rule: always signed and encrypted (SMB 3, NTLMv2), by Samba's rpcclient, with every secret on
 * a pipe; a login is a "yes" by itself, for the server has then proven that it knows the password; a refusal is a "no" only by an administrator's word.
 *
 * The administrative account is a member of the machine's Administrators. On Windows that is the built-in Administrator, or any member once
 * LocalAccountTokenFilterPolicy is 1 (UAC takes a local administrator's rights away over the network otherwise). docs/platforms/windows-smb.md.
 * Found by trying, on Samba: a reset goes past the rules for passwords, a change by the account itself does not; a login to a disabled account tells a
 * right password from a wrong one, but anybody on the way could say so.
 */
import type { z } from "zod";
import type { Link } from "../kernel/link.ts";
import { reveal } from "../kernel/reveal.ts";
import { times } from "../kernel/times.ts";
import { changeOwn, LIST_ADMINISTRATORS, LIST_OPEN_FILES, LIST_USERS, lookUp, membersIn, queryUser, ridIn, ridsIn, samr, setPassword, userIn, type Reply } from "../wires/samr.ts";
import { smbAnswers } from "../wires/smb-hello.ts";
import type { Answer, Change, ChangeResult, Connector, Credential, FoundAccount, Login, NotTold, TestResult } from "./connector.ts";
import { byWhom, connector } from "./connector.ts";
import { afterSend, atProbe, before, flagsSay, isEnabled, lockIn, notSent, refusedLogin, says, whyOf } from "./windows-smb/answers.ts";
import { config, domainOf, forbidden, IDENTITY, naming, NO_NAME, pin, unsuited, type WindowsSmbConfig } from "./windows-smb/settings.ts";

export type { WindowsSmbConfig } from "./windows-smb/settings.ts";
type Config = WindowsSmbConfig;
const LIMIT = times();

/** One login as `who`, and these commands in it. Rejects with SamrFailure. */
const run = (c: Config, link: Link, who: Credential, commands: readonly string[], signal: AbortSignal): Promise<Reply[]> =>
  samr(link, { domain: domainOf(c), user: who.name, password: reveal(who.secret) }, commands, AbortSignal.any([signal, AbortSignal.timeout(LIMIT.changeLimit)]));
/** Shown to everybody who is let in; what it says does not matter. */
const NOTHING = ["getusername"] as const;

type Said = { readonly command: string; readonly check: string; passed(reply: Reply): boolean };
/** What is to be said for it, once it is known whom it is for, and a question whose answer shows that it was heard. Rejects while nothing was sent. */
const commandFor = async (c: Config, link: Link, account: Login, as: Credential, to: string, signal: AbortSignal): Promise<Said | Exclude<ChangeResult, "done">> => {
  if (as.name === account.name) return { command: changeOwn(account.name, reveal(as.secret), to), check: lookUp(account.name), passed: (r) => ridIn(r) !== undefined };
  const [found] = await run(c, link, as, [lookUp(account.name)], signal), rid = found === undefined ? undefined : ridIn(found);
  if (rid !== undefined) return { command: setPassword(rid, to), check: queryUser(rid), passed: (r) => userIn(r)?.rid === rid };
  const isGroup = found?.status === undefined && /: 0x[0-9a-f]+ \(\d+\)\s*$/i.test(found?.said ?? "");
  return isGroup || found?.status === "NT_STATUS_NONE_MAPPED" ? { refused: `the local account "${account.name}" does not exist there` } : { not_sent: "unreachable", why: says(found?.status ?? "the connection was lost") };
};
const change = async (c: Config, link: Link, account: Login, ch: Change, signal: AbortSignal): Promise<ChangeResult> => {
  const wrong = unsuited(account, ch.to), as = byWhom(account, ch);
  if (wrong !== undefined) return { refused: wrong };
  if ("refused" in as) return as;
  let sent = false;
  try {
    const how = await commandFor(c, link, account, as, reveal(ch.to), signal);
    if (!("command" in how)) return how;
    sent = true;
    const [done, check] = await run(c, link, as, [how.command, how.check], signal);
    // Silence is how it says that a command worked, and how it says that nobody heard it.
    if (done?.status !== undefined) return afterSend(done.status);
    return done?.said.trim() === "" && check !== undefined && how.passed(check) ? "done" : { unknown: "the connection was lost before the target said how it ended" };
  } catch (e) { return sent && !before(e) ? { unknown: whyOf(e) } : notSent(e); }
};

const probe = async (c: Config, link: Link, account: Login, secret: Credential["secret"], signal: AbortSignal): Promise<Answer> => {
  const why = unsuited(account, secret);
  if (why !== undefined) return { unknown: why };
  try {
    const [hello] = await run(c, link, { name: account.name, secret }, NOTHING, signal);
    return hello?.status === undefined && hello?.said.trim() === "" ? { unknown: "the connection was lost after the login" } : "yes";
  } catch (e) { return atProbe(e); }
};

const notTold = (e: unknown): NotTold => ({ unknown: whyOf(e), ...(refusedLogin(e) ? { asRefused: true as const } : {}) });
/** The administrator's own login shows who answers: the server signs with the password's hash. */
const lockedOut: NonNullable<Connector<Config>["lockedOut"]> = async (c, link, account, as, signal) => {
  if (!naming.fits(account.name)) return { unknown: NO_NAME };
  try {
    const [found] = await run(c, link, as, [lookUp(account.name)], signal), rid = found === undefined ? undefined : ridIn(found);
    if (rid === undefined) return { unknown: found?.status === undefined ? "the account does not exist there" : says(found.status) };
    const user = (await run(c, link, as, [queryUser(rid)], signal)).map(userIn)[0];
    return user === undefined ? { unknown: "the administrative account is not shown whether it is locked" } : lockIn(user.flags);
  } catch (e) { return notTold(e); }
};

const test: NonNullable<Connector<Config>["test"]> = async (c, link, as, signal): Promise<TestResult> => {
  try {
    const [shown] = await run(c, link, as, [LIST_OPEN_FILES], signal);
    if (shown !== undefined && shown.status === undefined) return { ok: true, identity: "the administrative account's own password: SMB has no certificate" };
    return { ok: false, stage: "right", why: `it got in, but is not shown what administrators are shown (${shown?.status ?? "no answer"}): it is no member of Administrators, or UAC takes its rights away over the network (LocalAccountTokenFilterPolicy)` };
  } catch (e) { return { ok: false, stage: refusedLogin(e) ? "login" : "reach", why: whyOf(e) }; }
};

const ADMINISTRATOR = 500;
const discover: NonNullable<Connector<Config>["discover"]> = async (c, link, as, signal) => {
  try {
    const [list, admins] = await run(c, link, as, [LIST_USERS, LIST_ADMINISTRATORS], signal);
    if (list === undefined || list.status !== undefined) return { unknown: `it got in, but is not shown the accounts: ${list?.status ?? "no answer"}` };
    const rids = ridsIn(list), members = admins === undefined || admins.status !== undefined ? null : membersIn(admins);
    const users = rids.length === 0 ? [] : (await run(c, link, as, rids.map(queryUser), signal)).map(userIn);
    if (users.length < rids.length || users.includes(undefined)) return { unknown: "it got in, but is not shown every account" };
    return users.map((u): FoundAccount => {
      const admin = u!.rid === ADMINISTRATOR ? true : members?.includes(u!.rid) ?? null;
      return { name: u!.name, enabled: isEnabled(u!.flags), privileged: admin, lastLogin: u!.lastLogon, says: [...(admin ? ["member of Administrators"] : []), ...flagsSay(u!.flags)] };
    });
  } catch (e) { return notTold(e); }
};

export const windowsSmb = (): Connector<Config> => connector<Config>({
  platform: "windows-smb", config: config as z.ZodType<Config>, forbidden, naming, changesItself: true, pin, probe, change, lockedOut, test, discover,
  identity: async (link, signal) => { await smbAnswers(link, signal); return IDENTITY; },
});
