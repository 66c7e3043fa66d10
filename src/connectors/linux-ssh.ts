/**
 * Accounts of a Linux or Unix host, reached over SSH. Rule: the target gets a hash computed here, on standard input, for one
 * account per call; nothing but a checked account name ever stands in a command.
 *
 * The administrative account is root, or one that may do exactly this (tested as written here):
 *     admin1 ALL=(root) PASSWD: /usr/sbin/chpasswd -e, /usr/bin/getent shadow *
 * and, where logins are to be ended after a change, also:  /usr/bin/pkill -KILL -e -u * sshd
 * That ends SSH logins (their terminals hang up), never what the account runs as a service.
 * Where root may not log in, `su` names an account that does and becomes root by root's password: then root is the administrative account, and
 * no sudoers line is needed. An account without any of these changes itself by passwd's dialogue, with the host's quality rules.
 * Hashes pass by the host's own quality rules, so the password policy of the broker is the one that counts.
 */
import type { z } from "zod";
import type { Random } from "../kernel/clock.ts";
import type { Link } from "../kernel/link.ts";
import { reveal, revealBytes } from "../kernel/reveal.ts";
import type { Secret } from "../kernel/secret.ts";
import { desktopComplete, desktopShape, vncShape } from "../wires/desktop.ts";
import type { Client, ExecResult, Root, RootOptions } from "../wires/ssh.ts";
import { asRoot, exec, ExecFailure, fetchHostKey, hostKeyOf, keyFingerprint, keyPin, passwdDialogue, SshFailure } from "../wires/ssh.ts";
import type { Answer, Change, ChangeResult, CompareResult, Connector, Credential, Login, NotTold, TargetRules, TestResult } from "./connector.ts";
import { byWhom, connector, plain, sendable, words } from "./connector.ts";
import { READ_RULES, rulesOf } from "./linux-rules.ts";
import { discover } from "./linux-discover.ts";
import { follower } from "./linux-follow.ts";
import { Doors } from "./linux-doors.ts";
import { endLogins } from "./linux-logins.ts";
import { bySu, config, deniedTo, LIMIT, local, login, notSent, notTold, rootBy, stageOf, why, withClient, type LinuxSshConfig } from "./linux-reach.ts";
import { LONGEST, sha512crypt } from "./sha512-crypt.ts";
import { judge } from "./linux-shadow.ts";

export type { LinuxSshConfig } from "./linux-reach.ts";

const CHPASSWD = "/usr/sbin/chpasswd -e";
/** Not the credential's fault: the password files are held by somebody else, or cannot be written at all. */
const BUSY = /cannot lock|try again later|no space|read-only/i;
// eslint-disable-next-line no-control-regex
const forbidden = /[\x00-\x1f\x7f]/;

/** An empty batch: proves the right to run chpasswd and changes nothing. */
const rehearse = async (client: Client, c: LinuxSshConfig, as: Credential, random: Random, o: RootOptions):
Promise<{ root: Root } | { denied: string }> => {
  const may = await rootBy(client, c, as, CHPASSWD, random, o);
  if ("denied" in may) return may;
  const dry = await asRoot(client, CHPASSWD, may.root, { ...o, input: () => Buffer.alloc(0) });
  if (dry.code === null && !dry.denied) throw new ExecFailure("closed", "the connection was lost");
  return dry.code === 0 ? may : { denied: dry.stderr || dry.stdout || "chpasswd cannot be run" };
};

const verdict = (r: ExecResult, hidden: readonly string[]): ChangeResult =>
  r.code === 0 ? "done"
    : r.code === null ? { unknown: "the connection or the command was cut before the target said how it ended" }
    : { refused: words(r.stderr || r.stdout, hidden) || `chpasswd ended with ${r.code}` };

type ByAdmin = Change & { readonly as: Credential };
const administrative = async (c: LinuxSshConfig, client: Client, account: Login, change: ByAdmin, random: Random, signal: AbortSignal):
Promise<ChangeResult> => {
  const o = { signal, timeoutMs: LIMIT.changeLimit };
  const hidden = plain(change.to, change.as.secret, change.from);
  let sent = false;
  try {
    const ready = await rehearse(client, c, change.as, random, o);
    if ("denied" in ready) return { not_sent: BUSY.test(ready.denied) ? "unreachable" : "auth_of_as", why: words(ready.denied, hidden) };
    // One write of one whole record: a half of it, without its end, would be taken for a hash too.
    const input = (): Buffer => {
      sent = true;
      const hash = sha512crypt(revealBytes(change.to), random);
      hidden.push(hash);
      return Buffer.from(`${account.name}:${hash}\n`);
    };
    return verdict(await asRoot(client, CHPASSWD, ready.root, { ...o, input }), hidden);
  } catch (error) {
    return sent ? { unknown: why(error) } : notSent(error);
  }
};

/** The account changes its own password: the host's quality rules apply. */
const own = async (client: Client, change: Change & { from: Secret }, signal: AbortSignal): Promise<ChangeResult> => {
  const dialogue = passwdDialogue(change.from, change.to);
  try {
    const o = { signal, timeoutMs: LIMIT.changeLimit, onStdout: dialogue.listen, onStderr: dialogue.listen };
    const r = await exec(client, "env LC_ALL=C passwd", o);
    const said = words(dialogue.complaint() || r.stderr || r.stdout, plain(change.from, change.to));
    if (r.code === 0 && dialogue.sent()) return "done";
    if (!dialogue.sent()) return { refused: said || "passwd did not ask for a new password" };
    return dialogue.askedAgain() || (r.code !== null && r.code !== 0) ? { refused: said || "passwd refused" } : { unknown: "the dialogue was cut" };
  } catch (error) {
    return dialogue.sent() ? { unknown: why(error) } : notSent(error);
  }
};

const unsuited = (account: Login, to: Secret): string | undefined => {
  if (!local(account.name)) return "this is not the name of a local account";
  if (!sendable({ forbidden }, reveal(to))) return "the password is empty or holds a control character";
  return revealBytes(to).length > LONGEST ? `a Unix password has at most ${LONGEST} bytes` : undefined;
};

const change = (random: Random, doors: Doors) => async (c: LinuxSshConfig, link: Link, account: Login, ch: Change, signal: AbortSignal): Promise<ChangeResult> => {
  const wrong = unsuited(account, ch.to);
  if (wrong !== undefined) return { refused: wrong };
  const as = byWhom(account, ch);
  if ("refused" in as) return as;
  const itself = ch.from !== undefined && account.name !== "root" && as.name === account.name;
  // What the old password opened does not outlive it.
  const through: Doors["through"] = as.name === account.name ? async (way, s, work) => withClient(await login(...way, s), work) : (way, s, work) => doors.through(way, s, work);
  try {
    return await through([c, link, as], signal, async (client) => {
      const dialogue = () => own(client, { ...ch, from: as.secret }, signal);
      if (itself && ch.as === undefined) return dialogue();
      const r = await administrative(c, client, account, { ...ch, as }, random, signal);
      // It got in by its own password and has no right to set others': passwd lets it set this one.
      return itself && typeof r === "object" && "not_sent" in r && r.not_sent === "auth_of_as" ? dialogue() : r;
    });
  } catch (error) { return notSent(error); } // The work itself throws nothing: it was the login.
};

/** Root's password, asked of su. The carrier's own refused login says nothing of root. */
const probeRoot = async (c: LinuxSshConfig, link: Link, account: Login, secret: Secret, random: Random, signal: AbortSignal): Promise<Answer> => {
  try {
    return await withClient(await login(c, link, { name: account.name, secret }, signal), async (client) => {
      const r = await asRoot(client, "true", { random, su: { as: account.name, password: secret } }, { signal, timeoutMs: LIMIT.probeLimit });
      if (r.code === 0 && !r.denied) return "yes";
      return r.denied && /authentication failure/i.test(r.stderr) ? "no" : { unknown: words(r.stderr, plain(secret)) || "su did not say" };
    });
  } catch (error) { return { unknown: why(error) }; }
};

const probe = (random: Random) => async (c: LinuxSshConfig, link: Link, account: Login, secret: Secret, signal: AbortSignal): Promise<Answer> => {
  if (!local(account.name)) return { unknown: "this is not the name of a local account" };
  if (bySu(c, account)) return probeRoot(c, link, account, secret, random, signal);
  try {
    (await login(c, link, { name: account.name, secret }, signal)).end();
    return "yes"; // a nologin shell or a password that must be changed comes after the password was found right
  } catch (error) {
    const kind = error instanceof SshFailure ? error.kind : "closed";
    return kind === "must_change" ? "yes" : kind === "auth" ? "no" : { unknown: why(error) };
  }
};

type Compare = NonNullable<Connector<LinuxSshConfig>["compare"]>;
const compare = (random: Random, doors: Doors): Compare => async (c, link, account, secrets, as, signal): Promise<CompareResult> => {
  if (!local(account.name)) return { unknown: "this is not the name of a local account" };
  const o = { signal, timeoutMs: LIMIT.probeLimit }, command = `/usr/bin/getent shadow '${account.name}'`;
  try {
    return await doors.through([c, link, as], signal, async (client) => {
      const may = await rootBy(client, c, as, command, random, o);
      if ("denied" in may) return deniedTo(c, as, may.denied);
      const r = await asRoot(client, command, may.root, o), [name, field] = r.stdout.split("\n")[0]?.split(":") ?? [];
      if (r.code === 2) return { unknown: "the target knows no such account" };
      if (r.code !== 0 || name !== account.name || field === undefined) return { unknown: "the target did not show the account's hash" };
      return judge(field, secrets);
    });
  } catch (error) { return notTold(error); }
};

/** World-readable files, and the account's own line of the shadow file. */
const preflight = (random: Random, doors: Doors) => async (c: LinuxSshConfig, link: Link, account: Login, as: Credential, signal: AbortSignal):
Promise<TargetRules | NotTold> => {
  if (!local(account.name)) return { unknown: "this is not the name of a local account" };
  const o = { signal, timeoutMs: LIMIT.probeLimit }, command = `/usr/bin/getent shadow '${account.name}'`;
  try {
    return await doors.through([c, link, as], signal, async (client) => {
      const may = await rootBy(client, c, as, command, random, o);
      if ("denied" in may) return deniedTo(c, as, may.denied);
      const files = await exec(client, READ_RULES, o), line = await asRoot(client, command, may.root, o);
      return line.code === 0 ? rulesOf(files.stdout, line.stdout) : { unknown: "the target did not show the account's own days" };
    });
  } catch (error) { return notTold(error); }
};

const test = (random: Random, doors: Doors) => async (c: LinuxSshConfig, link: Link, as: Credential, signal: AbortSignal): Promise<TestResult> => {
  try {
    return await withClient(await login(c, link, as, signal), async (client): Promise<TestResult> => {
      doors.proven([c, link, as]);
      const may = await rehearse(client, c, as, random, { signal, timeoutMs: LIMIT.probeLimit });
      return "denied" in may ? { ok: false, stage: "right", why: words(may.denied, plain(as.secret)) } : { ok: true, identity: keyFingerprint(hostKeyOf(client)) };
    });
  } catch (error) { return { ok: false, stage: stageOf(error), why: why(error) }; }
};

/** Its desktop is nothing to this connector: sessions read it. */
const withDesktop = config.extend(desktopShape).extend(vncShape).superRefine(desktopComplete);

export const linuxSsh = (random: Random): Connector<LinuxSshConfig> => {
  const doors = new Doors(random);
  return connector<LinuxSshConfig>({
    platform: "linux-ssh", changesItself: true, config: withDesktop as z.ZodType<LinuxSshConfig>, forbidden, probe: probe(random), carrier: (c) => c.su || undefined,
    change: change(random, doors), compare: compare(random, doors), endLogins: endLogins(random, doors), preflight: preflight(random, doors), test: test(random, doors), discover: discover(random), follower: follower(random),
    identity: (link, signal) => fetchHostKey(link, signal, LIMIT.targetDial), pin: keyPin,
  });
};
