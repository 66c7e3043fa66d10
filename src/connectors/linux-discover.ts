/**
 * The accounts of a Linux host: its own files, not those of a directory behind it. Rule: a list is told only when it came whole, up to its last
 * mark; what the administrative account may not read is null, never "no".
 *
 * What is read without any right: getent passwd and group, lastlog. As root or through the documented sudoers line: getent shadow, many names a
 * call. As root alone: what sudo would let each of them do (sudo -l -U).
 */
import type { Random } from "../kernel/clock.ts";
import type { Link } from "../kernel/link.ts";
import type { Client, Root } from "../wires/ssh.ts";
import { asRoot, exec } from "../wires/ssh.ts";
import type { Credential, FoundAccount, NotTold } from "./connector.ts";
import { plain, words } from "./connector.ts";
import { bySu, deniedTo, LIMIT, local, login, notTold, rootBy, withClient, type LinuxSshConfig } from "./linux-reach.ts";

const MARK = "== lockstep";
/** musl's getent knows no -s: there the list may hold a directory's people too. */
export const SCRIPT = `{ getent -s files passwd 2>/dev/null || getent passwd; } && echo "${MARK} groups" && getent group && echo "${MARK} logins"`
  + ` && { lastlog 2>/dev/null || lastlog2 2>/dev/null || :; } && echo "${MARK} clock" && date +%s && echo "${MARK} end"`;
const READ = `env LC_ALL=C sh -c '${SCRIPT}'`;
const KEEP = 8 * 1024 * 1024, NAMES_A_CALL = 200, MOST = 20_000;
/** Groups whose members are root, or a step away from it. */
const GROUPS = ["root", "sudo", "wheel", "admin", "docker", "lxd", "incus", "incus-admin", "libvirt", "disk", "shadow"];
export const NO_SHELL = /\/(nologin|false|sync|shutdown|halt)$/;
const NOT_WHOLE: NotTold = { unknown: "the list of accounts did not come whole; nothing of it counts" };

type Line = { readonly name: string; readonly uid: number; readonly gid: number; readonly home: string; readonly shell: string };
type Read = { readonly lines: readonly Line[]; readonly groups: ReadonlyMap<string, readonly string[]>; readonly logins: ReadonlyMap<string, string | null> | null; readonly today: number };

const passwdLines = (text: string): Line[] => [...new Map(text.split("\n").map((l) => l.split(":")).filter((f) => f.length === 7 && f[0] !== "" && /^\d+$/.test(f[2]!))
  .map(([name = "", , uid, gid, , home = "", shell = ""]) => [name, { name, uid: Number(uid), gid: Number(gid), home, shell }] as const)).values()];
/** Who is in one of GROUPS: by its list of members, or as their first group. */
const groupsOf = (text: string, lines: readonly Line[]): Map<string, string[]> => {
  const out = new Map<string, string[]>(), put = (who: string, group: string): void => { const all = out.get(who) ?? []; if (!all.includes(group)) out.set(who, [...all, group]); };
  for (const [group = "", , gid, members = ""] of text.split("\n").map((l) => l.split(":"))) {
    if (!GROUPS.includes(group)) continue;
    for (const who of members.split(",")) if (who.trim() !== "") put(who.trim(), group);
    for (const l of lines) if (String(l.gid) === gid) put(l.name, group);
  }
  return out;
};
const LOGIN = /^(\S+)\s.*?(?:(\*\*Never logged in\*\*)|[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d\d:\d\d:\d\d) ([+-]\d{4}) (\d{4}))\s*$/;
/** `Port`, `From` and `Latest` stand above; a host without lastlog tells nothing, which is not "never". */
const loginsOf = (text: string): Map<string, string | null> | null => {
  const found = text.split("\n").map((l) => LOGIN.exec(l)).filter((m) => m !== null);
  if (found.length === 0) return null;
  return new Map(found.map(([, name = "", never, month, day, time, zone, year]) => {
    const at = never ? null : new Date(`${month} ${day} ${year} ${time} ${zone}`);
    return [name, at === null || Number.isNaN(at.getTime()) ? null : at.toISOString()] as const;
  }));
};

/** Exported for its test: the text of READ, or null where it did not come whole. */
export const readOf = (text: string): Read | null => {
  const [passwd, rest = ""] = cut(text, "groups"), [group, more = ""] = cut(rest, "logins"), [logins, clock = ""] = cut(more, "clock"), [seconds, end] = cut(clock, "end");
  if (end === undefined || !/^\d+$/.test(seconds.trim())) return null;
  const lines = passwdLines(passwd);
  return lines.length === 0 ? null : { lines, groups: groupsOf(group, lines), logins: loginsOf(logins), today: Math.floor(Number(seconds) / 86_400) };
};
const cut = (text: string, mark: string): [string, string?] => {
  const line = `${MARK} ${mark}\n`, at = text.startsWith(line) ? 0 : text.indexOf(`\n${line}`) + 1;
  return at === 0 && !text.startsWith(line) ? [text] : [text.slice(0, at), text.slice(at + line.length)];
};

/** What a shadow line says of the password. `off`: nobody can log in; null: a key may let in all the same, where the host asks PAM. */
const shadowWords = (field: string, expires: string, today: number, byKey: boolean): { off: boolean | null; says: string[] } => {
  const says: string[] = [], locked = /^!+[$_./0-9A-Za-z]{2,}/.test(field), expired = /^\d+$/.test(expires) && Number(expires) <= today;
  if (locked) says.push("locked");
  else if (/^[!*]/.test(field)) says.push("no password (a key may let in)");
  else if (field === "") says.push("empty password");
  if (expired) says.push(`expired on ${new Date(Number(expires) * 86_400_000).toISOString().slice(0, 10)}`);
  return { off: expired || (locked && byKey ? null : locked), says };
};
/** `shadow`: lines by name, null: not read. `sudoers`: who may use sudo, null: not read. */
export const accountsOf = (r: Read, shadow: ReadonlyMap<string, readonly string[]> | null, sudoers: ReadonlySet<string> | null, byKey = false): FoundAccount[] => r.lines.map((l) => {
  const fields = shadow?.get(l.name), told = fields === undefined ? null : shadowWords(fields[1] ?? "", fields[7] ?? "", r.today, byKey), shell = !NO_SHELL.test(l.shell);
  const rights = [...(l.uid === 0 ? ["user id 0"] : []), ...(r.groups.get(l.name) ?? []).map((g) => `group ${g}`), ...(sudoers?.has(l.name) ? ["sudoers"] : [])];
  return {
    name: l.name, enabled: !shell ? false : told === null || told.off === null ? null : !told.off, privileged: rights.length > 0 ? true : sudoers === null && shell ? null : false,
    ...(r.logins === null ? {} : { lastLogin: r.logins.get(l.name) ?? null }),
    says: [...rights, ...(shell ? [] : ["no login shell"]), ...(told?.says ?? []), ...(l.uid > 0 && l.uid < 1_000 ? ["system account"] : [])],
  };
});

const chunks = (names: readonly string[]): string[][] => Array.from({ length: Math.ceil(names.length / NAMES_A_CALL) }, (_, i) => names.slice(i * NAMES_A_CALL, (i + 1) * NAMES_A_CALL));
type Options = { readonly signal: AbortSignal; readonly timeoutMs: number; readonly keep: number };
/** By the same line of sudoers that `compare` needs. Code 2: some of the names have no line. */
const readShadow = async (client: Client, c: LinuxSshConfig, as: Credential, names: readonly string[], random: Random, o: Options): Promise<Map<string, string[]> | NotTold> => {
  const out = new Map<string, string[]>();
  let root: Root | undefined;
  for (const some of chunks(names)) {
    const command = `/usr/bin/getent shadow ${some.map((n) => `'${n}'`).join(" ")}`;
    if (root === undefined) { const may = await rootBy(client, c, as, command, random, o); if ("denied" in may) return deniedTo(c, as, may.denied); root = may.root; }
    const r = await asRoot(client, command, root, o);
    if (r.denied) return { unknown: "sudo did not accept the administrative password" };
    if (r.cut || (r.code !== 0 && r.code !== 2)) return r.code === null || r.cut ? NOT_WHOLE : { unknown: words(r.stderr, plain(as.secret)) || "the target did not show the state of its accounts" };
    for (const line of r.stdout.split("\n").map((l) => l.split(":"))) if (line.length >= 8) out.set(line[0]!, line);
  }
  return out;
};
/** Null: this account may not ask. Asked of those alone who could log in: sudo is of no use to the others. */
const readSudoers = async (client: Client, c: LinuxSshConfig, as: Credential, names: readonly string[], random: Random, o: Options): Promise<ReadonlySet<string> | null | NotTold> => {
  if (c.sudo || as.name !== "root") return null;
  const out = new Set<string>(), root: Root = bySu(c, as) ? { random, su: { as: as.name, password: as.secret } } : { random };
  for (const some of chunks(names)) {
    const ask = `for u in ${some.map((n) => n.replaceAll("$", "\\$")).join(" ")}; do sudo -n -l -U "$u" 2>/dev/null | grep -q " may run the following" && echo "$u"; done; echo "${MARK} end"`;
    const r = await asRoot(client, `sh -c '${ask}'`, root, o);
    if (r.code !== 0 || r.cut || !r.stdout.endsWith(`${MARK} end\n`)) return NOT_WHOLE;
    for (const name of r.stdout.split("\n")) if (some.includes(name)) out.add(name);
  }
  return out;
};

const list = async (client: Client, c: LinuxSshConfig, as: Credential, random: Random, byKey: boolean, o: Options): Promise<readonly FoundAccount[] | NotTold> => {
  const first = await exec(client, READ, o), read = first.code === 0 && !first.cut ? readOf(first.stdout) : null;
  if (read === null) return first.code === 0 || first.code === null ? NOT_WHOLE : { unknown: words(first.stderr, plain(as.secret)) || "the target did not list its accounts" };
  if (read.lines.length > MOST) return { unknown: `${read.lines.length} accounts are more than are listed here (${MOST})` };
  const named = read.lines.filter((l) => local(l.name)), shadow = await readShadow(client, c, as, named.map((l) => l.name), random, o);
  if ("unknown" in shadow) return shadow;
  const sudoers = await readSudoers(client, c, as, named.filter((l) => !NO_SHELL.test(l.shell)).map((l) => l.name), random, o);
  return sudoers !== null && "unknown" in sudoers ? sudoers : accountsOf(read, shadow, sudoers, byKey);
};

/** `byKey`: its accounts log in by keys, so a locked password says little. */
export const discover = (random: Random, byKey = false) => async (c: LinuxSshConfig, link: Link, as: Credential, signal: AbortSignal): Promise<readonly FoundAccount[] | NotTold> => {
  try {
    return await withClient(await login(c, link, as, signal), (client) => list(client, c, as, random, byKey, { signal, timeoutMs: LIMIT.discoverLimit, keep: KEEP }));
  } catch (error) { return notTold(error); }
};
