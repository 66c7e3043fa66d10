/** Getting onto a Linux host and up to root. Rule: what every verb of this connector needs before it begins; nothing here changes anything. */
import { z } from "zod";
import type { Random } from "../../kernel/clock.ts";
import type { Link } from "../../kernel/link.ts";
import { times } from "../../kernel/times.ts";
import type { Client, Root, RootOptions } from "../../wires/ssh.ts";
import { connectSsh, ExecFailure, mayRun, SshFailure } from "../../wires/ssh.ts";
import type { ChangeResult, Credential, NotTold } from "../connector.ts";
import { nameable } from "../connector.ts";

export const config = z.object({
  /** Pinned OpenSSH public-key lines. */
  hostKeys: z.array(z.string().min(1)).min(1),
  /** Use sudo although the administrative account is called root. Any other one always goes through sudo. */
  sudo: z.boolean().default(false),
});
export type LinuxSshConfig = z.infer<typeof config>;

export const LIMIT = times();

/** A local account's name; digits alone would be read as a user id by other tools. */
export const local = (name: string): boolean => nameable(name) && !/^\d+$/.test(name) && !/[\\@]/.test(name);

export const login = (c: LinuxSshConfig, link: Link, who: Credential, signal: AbortSignal): Promise<Client> => connectSsh({
  link, username: who.name, auth: { password: who.secret }, hostKeys: c.hostKeys, timeoutMs: LIMIT.targetDial, signal,
});

export const why = (error: unknown): string =>
  error instanceof SshFailure ? error.why : error instanceof ExecFailure ? error.message : "the connection failed in a way we do not know";

/** Before any byte of a change: which of the three reasons. */
export const notSent = (error: unknown): Extract<ChangeResult, { not_sent: unknown }> => {
  const kind = error instanceof SshFailure ? error.kind : "closed";
  const reason = kind === "identity" ? "identity" : kind === "auth" || kind === "must_change" ? "auth_of_as" : "unreachable";
  return { not_sent: reason, why: why(error) };
};

export const withClient = async <T>(client: Client, use: (client: Client) => Promise<T>): Promise<T> => {
  try { return await use(client); } finally { client.end(); }
};

/** Root by name needs no sudo. Otherwise sudo is asked first, so a wrong password or a missing right shows before anything is sent. */
export const rootBy = async (client: Client, c: LinuxSshConfig, as: Credential, command: string, random: Random, o: RootOptions) =>
  c.sudo || as.name !== "root" ? mayRun(client, command, { password: as.secret, random }, o) : { root: { random } satisfies Root };

/** What a failure before the answer tells: over a verified identity a refused login is the administrator's own. */
export const notTold = (error: unknown): NotTold => ({ unknown: why(error), ...(error instanceof SshFailure && error.kind === "auth" ? { asRefused: true as const } : {}) });
