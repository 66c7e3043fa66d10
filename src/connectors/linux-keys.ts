/**
 * Accounts of a Linux or Unix host that log in by a key. Rule: of authorized_keys only our own line changes. The new one is put behind the old one, a login with
 * it must succeed, then the old one goes: a change that is cut anywhere leaves one that works, and until it is over the first of ours counts as the one in force.
 *
 * The administrative account is root by a key, or one by a key that may become the accounts without a password, root excepted (tested as written here):
 *     admin1 ALL=(ALL, !root) NOPASSWD: /bin/sh -c *
 * That is no more than it could have anyway: whoever sets an account's keys can become it. Files are written as the account itself, so that no link in its
 * folder leads root anywhere. Without an administrative account each changes itself, logged in by its present key.
 * Where logins are to be ended after a change and accounts listed, also:
 *     admin1 ALL=(root) NOPASSWD: /usr/bin/getent shadow *, /usr/bin/pkill -KILL -e -u * sshd
 */
import type { z } from "zod";
import type { Random } from "../kernel/clock.ts";
import type { Link } from "../kernel/link.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Client } from "../wires/ssh.ts";
import { asRoot, connectSsh, exec, ExecFailure, fetchHostKey, hostKeyOf, keyFingerprint, keyPin, newPrivateKey, publicPart, SshFailure } from "../wires/ssh.ts";
import type { Answer, Change, ChangeResult, CompareResult, Connector, Credential, Login, TestResult } from "./connector.ts";
import { byWhom, connector, plain, scrubbed, words } from "./connector.ts";
import { discover } from "./linux-discover.ts";
import { follower } from "./linux-follow.ts";
import { readKeys, shellAs, writeKeys, type Read, type Shell } from "./linux-keys/file.ts";
import { markOf, oursIn, withBoth, withOnly, without, type Key } from "./linux-keys/lines.ts";
import { Doors } from "./linux-doors.ts";
import { endLogins } from "./linux-logins.ts";
import { config as settings, LIMIT, local, login, notSent, notTold, rootBy, stageOf, why, withClient, type LinuxSshConfig } from "./linux-reach.ts";

export const config = settings.omit({ su: true });
export type LinuxKeysConfig = z.infer<typeof config>;
type Config = LinuxKeysConfig;
const reached = (c: Config): LinuxSshConfig => ({ ...c, su: "" });

const NO_KEY = "this is no private key that opens without a passphrase", NO_NAME = "this is not the name of a local account";
/** Called with each of a change's two writes as its bytes leave; for tests. */
type Trap = (write: "both" | "only") => void;
type Work = { readonly sh: Shell; readonly to: Key; readonly from: Key | undefined; readonly mark: string; readonly as: Credential; readonly onSend: Trap; readonly login: () => Promise<Answer> };
const TRIES = 3;

/** One change of the file, taken up anew where somebody else's came between. */
const edit = async (w: Work, make: (text: string) => string, which: "both" | "only"): Promise<Exclude<Awaited<ReturnType<typeof writeKeys>>, "moved">> => {
  for (let i = 0; i < TRIES; i++) {
    const read = await readKeys(w.sh, w.as);
    if ("why" in read) return { refused: read.why };
    const text = make(read.text);
    if (text === read.text) return "written";
    const r = await writeKeys(w.sh, read, text, () => w.onSend(which));
    if (r !== "moved") return r;
  }
  return { refused: "authorized_keys is being changed by somebody else" };
};
const undone = async (w: Work): Promise<ChangeResult> => {
  const back = await edit(w, (text) => without(text, w.to, w.mark), "both"), says = "the host did not let the new key in (an option of its line such as from=, or sshd reads another file)";
  return back === "written" ? { refused: `${says}; it was taken out again` } : { unknown: `${says}, and it could not be taken out again` };
};
const exchange = async (w: Work): Promise<ChangeResult> => {
  const both = await edit(w, (text) => withBoth(text, w.to, w.from, w.mark), "both");
  if (both !== "written") return both;
  const let_in = await w.login();
  if (let_in === "no") return undone(w);
  if (let_in !== "yes") return { unknown: `the new key is in place beside the old one, and was not proven: ${let_in.unknown}` };
  const only = await edit(w, (text) => withOnly(text, w.to, w.from, w.mark), "only");
  return only === "written" ? "done" : { unknown: `the new key is in force, and the old one could not be taken out: ${"refused" in only ? only.refused : only.unknown}` };
};

const keyLogin = async (c: Config, link: Link, account: Login, secret: Secret, signal: AbortSignal): Promise<Client> =>
  connectSsh({ link, username: account.name, auth: { privateKey: secret }, hostKeys: c.hostKeys, timeoutMs: LIMIT.targetDial, signal });
const refusedBy = (error: unknown): Answer => error instanceof SshFailure && error.kind === "auth" ? "no" : { unknown: why(error) };

const change = (random: Random, trap: Trap) => async (c: Config, link: Link, account: Login, ch: Change, signal: AbortSignal): Promise<ChangeResult> => {
  const to = publicPart(ch.to), as = byWhom(account, ch), o = { signal, timeoutMs: LIMIT.changeLimit };
  if (!local(account.name)) return { refused: NO_NAME };
  if (to === undefined) return { refused: NO_KEY };
  if ("refused" in as) return as;
  let client: Client, sent = false;
  try { client = await login(reached(c), link, as, signal); } catch (error) { return notSent(error); }
  try {
    return scrubbed(await withClient(client, async (): Promise<ChangeResult> => {
      const id = await exec(client, `id -u '${account.name}'`, o);
      if (id.code === null) throw new ExecFailure("closed", "the connection was lost");
      if (id.code !== 0) return { refused: `the account ${account.name} does not exist there` };
      const sh = await shellAs({ client, c: reached(c), as, random, o }, account);
      if (typeof sh !== "function") return { not_sent: "auth_of_as", why: sh.denied };
      const proof = async (): Promise<Answer> => { try { (await keyLogin(c, link, account, ch.to, signal)).end(); return "yes"; } catch (error) { return refusedBy(error); } };
      return exchange({ sh, to, from: ch.from && publicPart(ch.from), mark: markOf(account), as, login: proof, onSend: (which) => { sent = true; trap(which); } });
    }), plain(ch.to, ch.from, as.secret));
  } catch (error) { return sent ? { unknown: why(error) } : notSent(error); }
};

/** Whose line comes first of ours. A key that nobody marked yet counts where it is one of those asked for. */
const inForce = (read: Read, account: Login, keys: readonly (Key | undefined)[]): Key | undefined =>
  oursIn(read.text, { mark: markOf(account), mine: keys.filter((k) => k !== undefined) })[0];

/** An account that changes itself is asked by its own login whether a change that was cut is over; with an administrative one `compare` asks that. */
const finished = async (client: Client, account: Login, secret: Secret, random: Random, c: Config, signal: AbortSignal): Promise<Answer> => {
  const as = { name: account.name, secret }, sh = await shellAs({ client, c: reached(c), as, random, o: { signal, timeoutMs: LIMIT.probeLimit } }, account);
  const read = typeof sh === "function" ? await readKeys(sh, as) : { why: "" }, key = publicPart(secret);
  if ("why" in read) return "yes";
  const first = inForce(read, account, [key]);
  return first === undefined || first.blob === key?.blob ? "yes" : "no";
};
const probe = (random: Random) => async (c: Config, link: Link, account: Login, secret: Secret, signal: AbortSignal): Promise<Answer> => {
  if (!local(account.name)) return { unknown: NO_NAME };
  if (publicPart(secret) === undefined) return { unknown: NO_KEY };
  try {
    return await withClient(await keyLogin(c, link, account, secret, signal), (client) => account.alone ? finished(client, account, secret, random, c, signal) : Promise.resolve("yes"));
  } catch (error) { return refusedBy(error); }
};

const compare = (random: Random): NonNullable<Connector<Config>["compare"]> => async (c, link, account, secrets, as, signal): Promise<CompareResult> => {
  if (!local(account.name)) return { unknown: NO_NAME };
  const o = { signal, timeoutMs: LIMIT.probeLimit }, keys = secrets.map(publicPart);
  try {
    return await withClient(await login(reached(c), link, as, signal), async (client) => {
      const sh = await shellAs({ client, c: reached(c), as, random, o }, account);
      if (typeof sh !== "function") return { unknown: words(sh.denied, plain(as.secret)) };
      const read = await readKeys(sh, as);
      if ("why" in read) return { unknown: read.why };
      const first = inForce(read, account, keys), match = first === undefined ? -1 : keys.findIndex((k) => k?.blob === first.blob);
      return match < 0 ? "none" : { match };
    });
  } catch (error) { return notTold(error); }
};

const test = (random: Random): NonNullable<Connector<Config>["test"]> => async (c, link, as, signal): Promise<TestResult> => {
  const o = { signal, timeoutMs: LIMIT.probeLimit }, sudo = c.sudo || as.name !== "root", run = (text: string) => sudo ? `-u nobody ${text}` : `su -s /bin/sh nobody -c '${text}'`;
  try {
    return await withClient(await login(reached(c), link, as, signal), async (client): Promise<TestResult> => {
      const may = await rootBy(client, reached(c), as, run("/bin/sh -c true"), random, o);
      if ("denied" in may) return { ok: false, stage: "right", why: words(may.denied, plain(as.secret)) };
      const r = await asRoot(client, run("/bin/sh -c true"), may.root, o);
      return r.code === 0 ? { ok: true, identity: keyFingerprint(hostKeyOf(client)) } : { ok: false, stage: "right", why: words(r.stderr, plain(as.secret)) || "it could not become another account" };
    });
  } catch (error) { return { ok: false, stage: stageOf(error), why: why(error) }; }
};

export const linuxKeys = (random: Random, trap: Trap = () => undefined, doors: Doors = new Doors(random)): Connector<Config> => connector<Config>({
  platform: "linux-keys", changesItself: true, config: config as z.ZodType<Config>, forbidden: /(?!)/, probe: probe(random), change: change(random, trap), compare: compare(random), test: test(random),
  keys: { make: () => newPrivateKey(random), objection: (secret) => publicPart(secret) === undefined ? "a private key in OpenSSH's or PEM's form, without a passphrase" : undefined },
  endLogins: (c, ...rest) => endLogins(random, doors)(reached(c), ...rest), discover: (c, ...rest) => discover(random, true)(reached(c), ...rest),
  follower: { ...follower(random), run: (c, ...rest) => follower(random).run(reached(c), ...rest), rehearse: (c, ...rest) => follower(random).rehearse(reached(c), ...rest) },
  identity: (link, signal) => fetchHostKey(link, signal, LIMIT.targetDial), pin: keyPin,
});
