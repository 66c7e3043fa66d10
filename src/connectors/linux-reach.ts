/** Getting onto a Linux host and up to root, by password or key. Rule: what every verb of both connectors of such hosts needs before it begins; nothing here changes anything. */
import { z } from "zod";
import type { Random } from "../kernel/clock.ts";
import type { Link } from "../kernel/link.ts";
import { times } from "../kernel/times.ts";
import type { Client, MayRun, Root, RootOptions, Su } from "../wires/ssh.ts";
import { asRoot, authOf, connectSsh, ExecFailure, isPrivateKey, mayRun, SshFailure } from "../wires/ssh.ts";
import type { ChangeResult, Credential, Login, NotTold, TestStage } from "./connector.ts";
import { nameable, plain, toldNothing, words } from "./connector.ts";

/** A local account's name; digits alone would be read as a user id by other tools. */
export const local = (name: string): boolean => nameable(name) && !/^\d+$/.test(name) && !/[\\@]/.test(name);

export const config = z.object({
  /** Pinned OpenSSH public-key lines. */
  hostKeys: z.array(z.string().min(1)).min(1),
  /** Use sudo although the administrative account is called root. Any other one always goes through sudo. */
  sudo: z.boolean().default(false),
  /** Root does not log in itself: this account of the target does, and becomes root by su with root's password. */
  su: z.string().max(128).refine((name) => name === "" || (local(name) && name !== "root"), "the name of another account of this target").default("")
    .describe("Where root may not log in: the account that logs in and becomes root by su. Its password must be in the vault."),
});
/** `carrier`: the account that `su` names, with its password, read at the moment of use. */
export type LinuxSshConfig = z.infer<typeof config> & { readonly carrier?: Credential };

export const LIMIT = times();

/** Root is reached through another account's login. */
export const bySu = (c: LinuxSshConfig, who: Login): boolean => c.su !== "" && who.name === "root";

export const login = async (c: LinuxSshConfig, link: Link, who: Credential, signal: AbortSignal): Promise<Client> => {
  const by = bySu(c, who) ? c.carrier : who;
  if (by === undefined) throw new SshFailure("closed", `root is reached through ${c.su}, and the vault holds no certain password of it now`);
  try {
    return await connectSsh({ link, username: by.name, auth: authOf(by.secret), hostKeys: c.hostKeys, timeoutMs: LIMIT.targetDial, signal });
  } catch (e) {
    // Of root nothing was refused: it says so in other words, and is not the answer to a question about root's password.
    if (by !== who && e instanceof SshFailure && e.kind === "auth") throw new SshFailure("auth", `the target refused the login of ${by.name}, which becomes root there`, { cause: e });
    throw e;
  }
};

export const why = (error: unknown): string =>
  error instanceof SshFailure ? error.why : error instanceof ExecFailure ? error.message : "the connection failed in a way we do not know";

/** Before any byte of a change: which of the three reasons. */
export const notSent = (error: unknown): Extract<ChangeResult, { not_sent: unknown }> => {
  const kind = error instanceof SshFailure ? error.kind : "closed";
  const reason = kind === "identity" ? "identity" : kind === "auth" || kind === "must_change" ? "auth_of_as" : "unreachable";
  return { not_sent: reason, why: why(error) };
};

/** The step of a test that failed. */
export const stageOf = (error: unknown): TestStage => {
  const { not_sent: kind } = notSent(error);
  return kind === "identity" ? "identity" : kind === "auth_of_as" ? "login" : "reach";
};
export const withClient = async <T>(client: Client, use: (client: Client) => Promise<T>): Promise<T> => {
  try { return await use(client); } finally { client.end(); }
};

/**
 * Root by name needs no sudo. Otherwise sudo, or su, is asked first, so a wrong password or a missing right shows before anything is sent.
 */
export const rootBy = async (client: Client, c: LinuxSshConfig, as: Credential, command: string, random: Random, o: RootOptions): Promise<MayRun> => {
  if (bySu(c, as)) return suIsTaken(client, { random, su: { as: as.name, password: as.secret } }, o);
  return c.sudo || as.name !== "root" ? mayRun(client, command, { password: as.secret, random }, o) : { root: { random } };
};
const suIsTaken = async (client: Client, root: Root & { su: Su }, o: RootOptions): Promise<MayRun> => {
  if (isPrivateKey(root.su.password)) return { denied: `su asks for a password of ${root.su.as}, and the vault holds a key` };
  const r = await asRoot(client, "true", root, { signal: o.signal, timeoutMs: o.timeoutMs });
  if (r.code === null && !r.denied) throw new ExecFailure("closed", "the connection was lost");
  return r.code === 0 && !r.denied ? { root } : { denied: r.stderr.trim() || "su did not accept root's password" };
};

/** A right that is missing, in the target's words. Root's password refused by su is the administrative login refused. */
export const deniedTo = (c: LinuxSshConfig, as: Credential, denied: string): NotTold =>
  ({ unknown: words(denied, plain(as.secret)), ...(bySu(c, as) && /authentication failure|did not accept/i.test(denied) ? { asRefused: true as const } : {}) });

/** What a failure before the answer tells: over a verified identity a refused login is the administrator's own. */
export const notTold = (error: unknown): NotTold => { const kind = error instanceof SshFailure ? error.kind : "closed"; return toldNothing(why(error), kind === "auth", kind === "identity"); };
