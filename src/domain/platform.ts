/** The kinds of targets, as people know them. Rule: the same names as the connectors' (a test compares), and what cannot be done on one is said in one sentence, here. */
import type { Grade } from "./command-set/schema.ts";
import { DEVICES, type Device } from "./command-set/devices.ts";
import { desktopOf } from "./desktop.ts";
import type { Target } from "./target.ts";

export type Platform = { readonly called: string; readonly one: string; readonly port: number | null; readonly sessions: boolean;
  /** What is ended when a password was changed; begins a sentence. */
  readonly logins: string;
  /** What the account needs that changes the others; ends a sentence. */
  readonly rights: string;
  /** What its accounts log in with, if it is no password. */
  readonly key?: true;
  /** How sure it is, where it was never run against the real thing, or is a command set. */
  readonly grade?: Grade };
export const PLATFORMS: Readonly<Record<string, Platform>> = {
  "linux-ssh": { called: "Linux over SSH", one: "a host", port: 22, sessions: true, logins: "SSH logins", rights: "sudo for chpasswd and getent, without a terminal" },
  "linux-keys": { called: "Linux over SSH, by keys", one: "a host whose accounts have keys", port: 22, sessions: true, key: true, logins: "SSH logins",
    rights: "sudo to become the accounts without a password, root excepted: (ALL, !root) NOPASSWD: /bin/sh -c * (docs/platforms/linux-keys.md)" },
  "linux-agent": { called: "Linux by its own agent", one: "a host with an agent", port: 22, sessions: true, logins: "SSH logins", rights: "none: the agent on it changes the others by its own" },
  "windows-agent": { called: "Windows by its own agent", one: "a Windows machine with an agent", port: 22, sessions: true, grade: "draft", logins: "Windows logins", rights: "none: the agent on it changes the others by its own" },
  "macos-agent": { called: "macOS by its own agent", one: "a Mac with an agent", port: 22, sessions: true, grade: "draft", logins: "Logins", rights: "none: the agent on it changes the others by its own" },
  "postgres": { called: "PostgreSQL", one: "a PostgreSQL server", port: 5_432, sessions: false, logins: "Database logins",
    rights: "CREATEROLE, and from version 16 on each role WITH ADMIN OPTION; or a superuser (docs/platforms/postgres.md)" },
  "openldap": { called: "OpenLDAP", one: "an OpenLDAP directory", port: 636, sessions: false, logins: "Directory logins",
    rights: "write on userPassword, and read on uid and pwdAccountLockedTime, of the accounts it changes; never the root DN (docs/platforms/openldap.md)" },
  "mysql": { called: "MariaDB or MySQL", one: "a MariaDB or MySQL server", port: 3_306, sessions: false, logins: "Database logins",
    rights: "MariaDB: UPDATE on mysql.* and SELECT on mysql.global_priv; MySQL: CREATE USER, and SELECT on mysql.user (docs/platforms/mysql.md)" },
  "mssql": { called: "SQL Server", one: "a SQL Server", port: 1_433, sessions: false, grade: "draft", logins: "Database logins",
    rights: "ALTER ANY LOGIN; CONTROL SERVER to compare and for sysadmins (docs/platforms/mssql.md)" },
  "oracle": { called: "Oracle Database", one: "an Oracle Database", port: 2_484, sessions: false, grade: "draft", logins: "Database logins",
    rights: "CREATE SESSION, ALTER USER, and SELECT on SYS.DBA_USERS (docs/platforms/oracle.md)" },
  "active-directory": { called: "Active Directory", one: "an Active Directory domain", port: 636, sessions: false, logins: "Domain logins",
    rights: "the right Reset Password on the accounts it changes (docs/platforms/active-directory.md)" },
  "redis": { called: "Redis", one: "a Redis server", port: 6_379, sessions: false, logins: "Connections",
    rights: "+acl|getuser +acl|setuser +acl|save +acl|users +config|get +client|kill (docs/platforms/redis.md)" },
  "influxdb": { called: "InfluxDB 1.x", one: "an InfluxDB server", port: 8_086, sessions: false, logins: "Database logins", rights: "ALL PRIVILEGES (docs/platforms/http.md)" },
  "etcd": { called: "etcd 3", one: "an etcd server", port: 2_379, sessions: false, logins: "Tokens", rights: "the role root (docs/platforms/http.md)" },
  "rabbitmq": { called: "RabbitMQ", one: "a RabbitMQ server", port: 15_671, sessions: false, logins: "Connections", rights: "the tag administrator (docs/platforms/http.md)" },
  "windows-smb": { called: "Windows over SMB", one: "a Windows machine over SMB", port: 445, sessions: false, logins: "Windows logins",
    rights: "membership in the machine's Administrators, also over the network (docs/platforms/windows-smb.md)" },
  "windows-winrm": { called: "Windows over WinRM", one: "a Windows machine over WinRM", port: 5_986, sessions: false, grade: "draft", logins: "Windows logins",
    rights: "membership in the machine's Administrators, also over the network; the others in Remote Management Users (docs/platforms/windows-winrm.md)" },
  "windows-ssh": { called: "Windows over OpenSSH", one: "a Windows machine over SSH", port: 22, sessions: true, grade: "draft", logins: "SSH logins",
    rights: "membership in the machine's Administrators (docs/platforms/windows-ssh.md)" },
};
/** Made by an agent at its first start, and by nobody else: no form offers them. By what an agent says its machine is; an older one does not say. */
const BY_AGENT: Readonly<Record<string, string>> = { linux: "linux-agent", windows: "windows-agent", macos: "macos-agent" };
export const byAgent = (facts: Readonly<Record<string, unknown>>): string => BY_AGENT[String(facts["platform"] ?? "linux")] ?? "linux-agent";
/** Platforms made of a command set, by `cli:` and its name. */
export const COMMAND_SETS = "cli:";
const device = ([, called, one, grade, rights, sessions]: Device): Platform =>
  ({ called, one, port: sessions === false ? null : 22, sessions: sessions !== false, logins: "Logins", rights, grade });
const SHIPPED: Readonly<Record<string, Platform>> = Object.fromEntries(DEVICES.map((d) => [`${COMMAND_SETS}${d[0]}`, device(d)]));
/** One of somebody's own; how sure it is stands where the set is kept. */
const own = (name: string): Platform =>
  ({ called: `command set ${name}`, one: `a device of the command set ${name}`, port: 22, sessions: true, logins: "Logins", rights: "those its command set names" });

/** Not kept from sessions by name: without a pinned host key none comes about. */
const STRANGE: Platform = { called: "unknown", one: "a target of an unknown kind", port: null, sessions: true, logins: "Logins", rights: "those its documentation names" };
export const platformOf = (name: string): Platform =>
  PLATFORMS[name] ?? SHIPPED[name] ?? (name.startsWith(COMMAND_SETS) ? own(name.slice(COMMAND_SETS.length)) : STRANGE);
/** Every one that is known without asking anybody. */
export const KNOWN_PLATFORMS: readonly string[] = [...Object.keys(PLATFORMS), ...Object.keys(SHIPPED)];

/** Have its accounts private keys in the vault, not passwords? */
export const hasKeys = (t: Pick<Target, "platform">): boolean => platformOf(t.platform).key === true;

/** Does the broker carry a shell to it, and what comes with one? */
export const carriesShells = (t: Pick<Target, "platform">): boolean => platformOf(t.platform).sessions;
/** Does the broker carry sessions of any kind to it, or show passwords of it alone? */
export const carriesSessions = (t: Pick<Target, "platform" | "settings">): boolean => carriesShells(t) || desktopOf(t) !== null;
export const noShells = (t: Pick<Target, "name" | "platform">): string => `${t.name} is ${platformOf(t.platform).one}: the broker carries no shell to it. Open its desktop in the portal instead.`;
export const noDesktop = (t: Pick<Target, "name">): string => `${t.name} has no desktop that the broker carries: its settings name no RDP or VNC server.`;
export const noSessions = (t: Pick<Target, "name" | "platform">): string =>
  `${t.name} is ${platformOf(t.platform).one}: the broker carries no sessions to it. Ask for its password under a policy that shows it (release or break-glass), and use your own client.`;
