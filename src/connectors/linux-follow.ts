/**
 * What follows a change on a Linux host: a service restarted, a file given the new password. Rules: every command is a fixed word with a checked
 * name or path, so that sudo can be told exactly these; the password stands in the file's text on standard input and nowhere else; a file is
 * replaced whole, by one rename, after the copy was read back by its hash, and only where nobody but root could lead the write elsewhere.
 *
 * For the file /etc/app.conf and the service app, as tested:
 *     admin1 ALL=(root) PASSWD: /usr/bin/stat *, /usr/bin/cat -- /etc/app.conf, /usr/bin/cp -a -- /etc/app.conf /etc/app.conf.lockstep, …
 * (docs/dependents.md has all of it). By trying: `service` of sysvinit ends with its script; a daemon that keeps its caller's output open keeps the
 * channel open too, and looks unknown. cp and dd follow a link at their destination, so a folder that others may write is refused.
 */
import { createHash } from "node:crypto";
import type { Random } from "../kernel/clock.ts";
import type { Link } from "../kernel/link.ts";
import { reveal } from "../kernel/reveal.ts";
import type { Client, Root, RootResult } from "../wires/ssh.ts";
import { asRoot, ExecFailure, hostKeyOf, keyFingerprint, SshFailure } from "../wires/ssh.ts";
import { rewritten } from "./config-file.ts";
import type { ChangeResult, Credential, Follower, Task, TestResult, TestStage } from "./connector.ts";
import { plain, words } from "./connector.ts";
import { deniedTo, LIMIT, login, notSent, rootBy, why, withClient, type LinuxSshConfig } from "./linux-reach.ts";

type Service = Extract<Task, { does: "service" }>;
type Rewrite = Extract<Task, { does: "rewrite" }>;
type Own = Service | Rewrite;
const MOST = 512 * 1024, NO_LISTS = "lists are walked on devices behind a command set, and passwords to log on by are given on Windows";
const UNIT = /^[A-Za-z0-9][A-Za-z0-9_.@-]{0,99}$/, PATH = /^(\/[A-Za-z0-9_.@+-]+)+$/;

/** No word of a command comes from anywhere else. */
const commands = {
  service: (t: Service, action: string) => `/usr/sbin/service ${t.unit} ${action}`,
  stat: (p: string) => `/usr/bin/stat -c %u:%a:%F:%n -- ${["/", ...p.split("/").slice(1).map((_, i, all) => `/${all.slice(0, i + 1).join("/")}`)].join(" ")}`,
  cat: (p: string) => `/usr/bin/cat -- ${p}`, copy: (p: string) => `/usr/bin/cp -a -- ${p} ${p}.lockstep`, fill: (p: string) => `/usr/bin/dd of=${p}.lockstep conv=fsync status=none`,
  sum: (p: string) => `/usr/bin/sha256sum -- ${p}`, move: (p: string) => `/usr/bin/mv -f -- ${p}.lockstep ${p}`, remove: (p: string) => `/usr/bin/rm -f -- ${p}.lockstep`,
};
const needed = (t: Own): string[] => (t.does === "service" ? [commands.service(t, t.action), commands.service(t, "status")]
  : [commands.stat(t.path), commands.cat(t.path), commands.copy(t.path), commands.fill(t.path), commands.sum(t.path), commands.sum(`${t.path}.lockstep`), commands.move(t.path), commands.remove(t.path)]);

/** Said before anything was changed: the target's own words, or ours. */
class Refused extends Error { override readonly name = "Refused"; }
/** Root's password was, by su: law A4 wants to know. */
class AsRefused extends Error { override readonly name = "AsRefused"; }
type Hand = (command: string, input?: () => Buffer) => Promise<RootResult>;
const lost = (): ExecFailure => new ExecFailure("closed", "the connection or the command was cut before the target said how it ended");

/** Everything that is needed is asked for before anything is done. */
const handOf = async (client: Client, c: LinuxSshConfig, as: Credential, task: Own, random: Random, signal: AbortSignal): Promise<Hand> => {
  const o = { signal, timeoutMs: LIMIT.dependentLimit }, roots = new Map<string, Root>();
  for (const command of needed(task)) {
    const may = await rootBy(client, c, as, command, random, o);
    if ("denied" in may && deniedTo(c, as, may.denied).asRefused) throw new AsRefused(may.denied);
    if ("denied" in may) throw new Refused(`${as.name} may not run ${command}: ${may.denied}`);
    roots.set(command, may.root);
  }
  return (command, input) => asRoot(client, command, roots.get(command)!, { ...o, keep: MOST + 1, ...(input ? { input } : {}) });
};
const insist = async (hand: Hand, command: string, input?: () => Buffer): Promise<RootResult> => {
  const r = await hand(command, input);
  if (r.denied) throw new Refused("the target did not take the administrative password");
  if (r.code === null) throw lost();
  if (r.code !== 0) throw new Refused(r.stderr.trim() || `${command.split(" ")[0]!} ended with ${r.code}`);
  return r;
};

/** Every folder on the way is root's alone, and the file is a file. */
const unsafe = (said: string, path: string): string | undefined => {
  const lines = said.trim().split("\n").map((l) => /^(\d+):(\d+):([^:]+):(.*)$/.exec(l)), file = lines.at(-1);
  if (lines.some((l) => l === null) || file?.[4] !== path) return "the target did not say whose the file and its folders are";
  if (file[3] !== "regular file" && file[3] !== "regular empty file") return `${path} is a ${file[3]}, not a file`;
  const open = lines.slice(0, -1).find((l) => l![1] !== "0" || (parseInt(l![2]!, 8) & 0o022) !== 0 || l![3] !== "directory");
  return open ? `others than root may change ${open[4]}, and could lead the password elsewhere` : undefined;
};
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** The file's text as it is, and as it is to be. */
const planned = async (hand: Hand, t: Rewrite, password: string | null): Promise<{ was: string; to: string; same: boolean }> => {
  const no = unsafe((await insist(hand, commands.stat(t.path))).stdout, t.path);
  if (no !== undefined) throw new Refused(no);
  const { stdout: was, cut } = await insist(hand, commands.cat(t.path));
  if (cut || was.length > MOST) throw new Refused(`${t.path} is longer than ${MOST / 1024} KiB`);
  if (was.includes("\uFFFD")) throw new Refused(`${t.path} is not text in UTF-8`);
  const r = rewritten(was, t.line, t.form, password);
  if ("refused" in r) throw new Refused(r.refused);
  return { was, to: r.text, same: r.same };
};
const sumOf = async (hand: Hand, path: string): Promise<string> => (await insist(hand, commands.sum(path))).stdout.split(" ")[0] ?? "";

/** `moved`: from here on the file may be the new one. */
const rewrite = async (hand: Hand, t: Rewrite, password: string, moved: () => void): Promise<"done"> => {
  const { was, to, same } = await planned(hand, t, password);
  if (same) return "done";
  try {
    await insist(hand, commands.copy(t.path));
    await insist(hand, commands.fill(t.path), () => Buffer.from(to));
    if (await sumOf(hand, `${t.path}.lockstep`) !== sha256(to)) throw new Refused("the copy does not read back as it was written");
    if (await sumOf(hand, t.path) !== sha256(was)) throw new Refused("somebody else wrote to the file meanwhile");
  } catch (e) {
    if (e instanceof Refused) await hand(commands.remove(t.path));
    throw e;
  }
  moved();
  await insist(hand, commands.move(t.path));
  if (await sumOf(hand, t.path) !== sha256(to)) throw new ExecFailure("closed", "the file does not read back as it was written");
  return "done";
};

/** What its status must say afterwards. */
const service = async (hand: Hand, t: Service, begun: () => void): Promise<ChangeResult> => {
  begun();
  const r = await hand(commands.service(t, t.action));
  if (r.denied) return { refused: "the target did not take the administrative password" };
  if (r.code === null) throw lost();
  if (r.code !== 0) return { refused: `service ${t.unit} ${t.action} ended with ${r.code}: ${r.stderr || r.stdout}` };
  const { code, stdout, stderr } = await hand(commands.service(t, "status"));
  if (code === null) throw lost();
  if ((code === 0) !== (t.action === "stop")) return "done";
  return { refused: t.action === "stop" ? `${t.unit} still runs` : `${t.unit} does not run afterwards: ${stdout || stderr}` };
};

const unfit = (t: Own): string | undefined =>
  t.does === "service" ? (UNIT.test(t.unit) ? undefined : "this is not the name of a service") : PATH.test(t.path) && !/\/\.{1,2}(\/|$)/.test(t.path) ? undefined : "this is not a path we name to a shell";
const quiet = (r: ChangeResult, hidden: readonly string[]): ChangeResult =>
  typeof r === "string" ? r : "refused" in r ? { refused: words(r.refused, hidden) } : "unknown" in r ? { unknown: words(r.unknown, hidden) } : { ...r, why: words(r.why, hidden) };

const run = (random: Random): Follower<LinuxSshConfig>["run"] => async (c, link, task, secret, as, signal): Promise<ChangeResult> => {
  if ((task.does === "steps" || task.does === "logon")) return { refused: NO_LISTS };
  const wrong = unfit(task) ?? (task.does === "rewrite" && secret === null ? "there is no password to write" : undefined), hidden = plain(as.secret, secret ?? undefined);
  if (wrong !== undefined) return { refused: wrong };
  let begun = false;
  const begin = (): void => { begun = true; };
  try {
    return quiet(await withClient(await login(c, link, as, signal), async (client) => {
      const hand = await handOf(client, c, as, task, random, signal);
      return task.does === "service" ? service(hand, task, begin) : rewrite(hand, task, reveal(secret!), begin);
    }), hidden);
  } catch (error) {
    if (error instanceof Refused) return quiet({ refused: error.message }, hidden);
    if (error instanceof AsRefused) return quiet({ not_sent: "auth_of_as", why: error.message }, hidden);
    return begun ? { unknown: why(error) } : notSent(error);
  }
};

const stageOf = (error: unknown): TestStage => error instanceof Refused ? "right"
  : error instanceof SshFailure && error.kind === "identity" ? "identity" : error instanceof AsRefused || (error instanceof SshFailure && error.kind === "auth") ? "login" : "reach";
const rehearse = (random: Random): Follower<LinuxSshConfig>["rehearse"] => async (c, link: Link, task, as, signal): Promise<TestResult> => {
  if ((task.does === "steps" || task.does === "logon")) return { ok: false, stage: "right", why: NO_LISTS };
  const wrong = unfit(task);
  if (wrong !== undefined) return { ok: false, stage: "right", why: wrong };
  try {
    return await withClient(await login(c, link, as, signal), async (client): Promise<TestResult> => {
      const hand = await handOf(client, c, as, task, random, signal);
      if (task.does === "rewrite") await planned(hand, task, null);
      else if ((await insistKnown(hand, task)) !== undefined) return { ok: false, stage: "right", why: `there is no service ${task.unit}` };
      return { ok: true, identity: keyFingerprint(hostKeyOf(client)) };
    });
  } catch (error) { return { ok: false, stage: stageOf(error), why: words(error instanceof Refused || error instanceof AsRefused ? error.message : why(error), plain(as.secret)) }; }
};
/** LSB: 4 says that nothing is known of it; `service` itself says "unrecognized service" with 1. */
const insistKnown = async (hand: Hand, t: Service): Promise<string | undefined> => {
  const r = await hand(commands.service(t, "status"));
  if (r.code === null) throw lost();
  return r.code === 4 || /unrecognized service|could not be found/i.test(`${r.stdout}${r.stderr}`) ? "unknown" : undefined;
};

export const follower = (random: Random): Follower<LinuxSshConfig> => ({ does: ["service", "rewrite"], run: run(random), rehearse: rehearse(random) });
