/**
 * What stands in for the programs an agent runs on Windows (powershell.exe, icacls.exe) and on a Mac (dscl, passwd): real processes, so that what they
 * are given by argument, environment and standard input is what the real ones would be given. Rules: PowerShell's scripts are known by their very text;
 * what each answers is what Microsoft's and Apple's documents and sources say. It shows nothing about Windows or macOS.
 */
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SCRIPTS } from "../../agent/windows/scripts.ts";
import { encoded } from "../../src/connectors/windows-script.ts";

export type User = {
  name: string; password: string; enabled?: boolean; admin?: boolean; locked?: boolean; failures?: number; sid?: string;
  /** Milliseconds since 1970; null: never. */
  lastLogin?: number | null; expires?: number | null; set?: number;
  /** Of a Mac. */
  token?: boolean; uid?: number; shell?: string; home?: string;
};
export type State = {
  users: User[];
  /** Where it goes wrong, and how the machine is set up. */
  controller?: boolean; guestOnly?: boolean; noNetworkLogon?: boolean; noLogon?: boolean; minLength?: number; denied?: boolean; noGroup?: boolean; aclSids?: string[]; icaclsFails?: boolean;
  goes?: "silent" | "cut after it was set" | "set and an error" | "no error and not set" | "error and not set" | "half a list" | "error that ends with 0";
};
export type Lab = { readonly dir: string; state(): State; put(s: Partial<State>): void; user(name: string): User; /** Every argument and environment of every process. */ log(): string; runs(): string[] };

/** What every program begins with. */
const HEAD = (dir: string): string => `#!${process.execPath}
const fs = require("node:fs"), FILE = ${JSON.stringify(join(dir, "state.json"))}, LOG = ${JSON.stringify(join(dir, "log"))};
const S = JSON.parse(fs.readFileSync(FILE, "utf8")), keep = () => fs.writeFileSync(FILE, JSON.stringify(S)), input = fs.readFileSync(0, "utf8"), argv = process.argv.slice(2);
fs.appendFileSync(LOG, JSON.stringify([require("node:path").basename(process.argv[1]), argv, process.env]) + "\\n");
const user = (n) => S.users.find((u) => u.name === n), out = (t) => fs.writeSync(1, t), err = (t) => fs.writeSync(2, t);
`;
const POWERSHELL = (scripts: Record<string, string>): string => `
const VERBS = ${JSON.stringify(scripts)}, say = (t) => out("lockstep " + t + "\\r\\n"), b64 = (t) => Buffer.from(t).toString("base64"), verb = VERBS[argv.at(-1)];
const lines = input.split("\\r\\n").slice(0, -1).map((l) => Buffer.from(l, "base64").toString("utf8")), error = (t, code = "80131500") => say("error " + code + " " + t);
// As ConvertTo-Json of 5.1 writes it: dates by their milliseconds, some characters by their number.
const json = (o) => JSON.stringify(o).replace(/[<>&']/g, (c) => "\\\\u00" + c.charCodeAt(0).toString(16)).replace(/"\\/Date\\((-?\\d+)\\)\\/"/g, '"\\\\/Date($1)\\\\/"');
const date = (ms) => ms === null || ms === undefined ? null : "/Date(" + ms + ")/", ticks = (u) => u.set === undefined ? "never" : String(BigInt(u.set) * 10000n + 621355968000000000n);
const logon = (u, password) => {
  if (S.noLogon) return "no 1385";
  if (S.guestOnly) return "as S-1-5-21-1-501";
  if (u.locked) return "no 1909";
  if (u.password === password) return "yes";
  u.failures = (u.failures ?? 0) + 1; keep();
  return "no 1326";
};
const end = (t) => { if (t) say(t); process.exit(0); };
out("#< CLIXML some other program's words\\r\\n");
if (S.goes === "silent") process.exit(1);
if (argv.slice(0, -1).join(" ") !== "-NoProfile -NonInteractive -EncodedCommand" || verb === undefined) { err("it cannot be run"); process.exit(1); }
if (lines.at(-1) !== "end") end("cut");
if (verb === "rights") end("admin " + Number(!S.denied));
if (verb === "access") { const sids = S.aclSids ?? ["S-1-5-18", "S-1-5-32-544"]; end(fs.existsSync(lines[0]) ? "json " + b64(json({ sids: sids.length === 1 ? sids[0] : sids })) : "missing"); }
if (S.controller) end("controller");
if (verb === "ready") end("ready " + S.users.length);
if (verb === "list") {
  const users = S.users.map((u) => ({ Name: u.name, Enabled: u.enabled !== false, Sid: u.sid, LastLogon: date(u.lastLogin), AccountExpires: date(u.expires), PasswordExpires: null, PasswordRequired: true }));
  const admins = S.noGroup ? null : S.users.filter((u) => u.admin).map((u) => u.sid).concat(["S-1-12-1-1-2-3-4"]);
  const text = b64(json({ count: users.length, users: users.length === 1 ? users[0] : { value: users, Count: users.length }, admins }));
  end("json " + (S.goes === "half a list" ? text.slice(0, text.length / 2) : text));
}
const u = user(lines[0]);
if (!u) end("missing");
if (verb === "find") end("found");
if (verb === "logon") { if (u.enabled === false) end("disabled"); end("logon " + logon(u, lines[1])); }
say("before " + ticks(u));
if (S.goes === "no error and not set") say("set");
else if (S.goes === "error and not set") error("System.Whatever");
else if (S.denied) error("Microsoft.PowerShell.Commands.AccessDeniedException");
else if (lines[1].length < (S.minLength ?? 0)) error("Microsoft.PowerShell.Commands.InvalidPasswordException");
else {
  u.password = lines[1]; u.set = (u.set ?? 0) + 1; keep();
  if (S.goes === "cut after it was set") process.exit(0);
  if (S.goes === "set and an error") error("System.Whatever"); else say("set");
}
end("after " + ticks(u));
`;
const ICACLS = `
if (S.icaclsFails) process.exit(5);
`;
/** As DSTools' dscl.m and system_cmds' passwd.c read: a password by getpass, which without a terminal asks on standard error and reads a line of standard input. */
const GETPASS = `
let at = 0;
const getpass = (ask) => {
  err(ask);
  const rest = input.slice(at), line = rest.split("\\n")[0];
  at += line.length + 1;
  return Buffer.from(line).subarray(0, 128).toString("utf8");
};
try { fs.closeSync(fs.openSync("/dev/tty", "r")); err("a terminal is there"); process.exit(70); } catch {}
`;
const DSCL = `${GETPASS}
const [node, command, ...rest] = argv, ds = (n, name) => { err("<dscl_cmd> DS Error: -" + n + " (" + name + ")\\n"); process.exit(n & 255); };
if (node !== ".") process.exit(64);
if (S.goes === "silent") ds(14002, "eDSCannotAccessSession");
if (S.goes === "error that ends with 0") ds(14080, "eDSSomething");
const name = (rest[0] ?? "").replace("/Users/", "");
if (command === "-list" && rest.length === 1) { out(S.users.map((u) => u.name + "\\n").join("")); process.exit(0); }
if (command === "-list") {
  const value = { UniqueID: (u) => u.uid, UserShell: (u) => u.shell ?? "/bin/zsh", NFSHomeDirectory: (u) => u.home ?? "/Users/" + u.name, AuthenticationAuthority: authority }[rest[1]];
  const rows = S.users.map((u) => [u.name, value(u)]).filter(([, v]) => v !== undefined), wide = Math.max(...rows.map(([n]) => n.length)) + 1;
  const shown = S.goes === "half a list" ? rows.slice(0, rows.length / 2) : rows;
  out(shown.map(([n, v]) => n.padEnd(wide) + " " + v + "\\n").join(""));
  process.exit(0);
}
function authority(u) { return u.password === "" ? undefined : [";ShadowHash;HASHLIST:<SALTED-SHA512-PBKDF2>", ";Kerberosv5;;" + u.name + "@LKDC;", ...(u.token ? [";SecureToken;"] : []), ...(u.enabled === false ? [";DisabledUser;"] : [])].join(" "); }
if (command === "-read" && rest[0] === "/Groups/admin") { out("GroupMembership: root " + S.users.filter((u) => u.admin).map((u) => u.name).join(" ") + "\\n"); process.exit(0); }
const u = user(name);
if (command === "-read") { if (!u) ds(14136, "eDSRecordNotFound"); out(authority(u) === undefined ? "No such key: AuthenticationAuthority\\n" : "AuthenticationAuthority:\\n " + authority(u).replaceAll(" ;", "\\n ;") + "\\n"); process.exit(0); }
if (command === "-authonly") {
  if (rest.length !== 1) process.exit(64);
  const given = getpass("Password: ");
  if (u?.locked) ds(14170, "eDSAuthAccountTemporarilyLocked");
  if (u && u.password === given) process.exit(0);
  if (u) { u.failures = (u.failures ?? 0) + 1; keep(); }
  out("Authentication for node /Local/Default failed. (-14090, eDSAuthFailed)\\n");
  ds(14090, "eDSAuthFailed");
}
process.exit(64);
`;
const PASSWD = `${GETPASS}
if (argv.slice(0, 4).join(" ") !== "-i opendirectory -l /Local/Default" || argv.length !== 5) process.exit(64);
const u = user(argv[4]);
if (!u) { err("passwd: Unknown user name '" + argv[4] + "'.\\n"); process.exit(255); }
out("Changing password for " + u.name + ".\\n");
let old = null;
if (u.token) old = getpass("Old password:");
for (;;) {
  const a = getpass("New password:");
  if (a === "") { out("Password unchanged.\\n"); process.exit(0); }
  if (a !== getpass("Retype new password:")) { out("Mismatch; try again, EOF to quit.\\n"); continue; }
  if (old !== null && old !== u.password) { err("passwd: Credentials could not be verified\\n"); process.exit(1); }
  if (a.length < (S.minLength ?? 0)) { err("passwd: Password does not meet policy: " + a + "\\n"); process.exit(1); }
  if (S.goes !== "no error and not set") { u.password = a; keep(); }
  if (S.goes === "cut after it was set") process.kill(process.pid, "SIGKILL");
  if (S.goes === "set and an error") { err("passwd: something else failed\\n"); process.exit(1); }
  process.exit(0);
}
`;
const program = (dir: string, name: string, text: string): string => {
  const file = join(dir, name);
  writeFileSync(file, HEAD(dir) + text);
  chmodSync(file, 0o755);
  return file;
};
const lab = (dir: string, users: readonly User[]): Lab => {
  const file = join(dir, "state.json"), logFile = join(dir, "log"), state = (): State => JSON.parse(readFileSync(file, "utf8")) as State, log = (): string => (existsSync(logFile) ? readFileSync(logFile, "utf8") : "");
  writeFileSync(file, JSON.stringify({ users }));
  return {
    dir, state, log, put: (s) => { writeFileSync(file, JSON.stringify({ ...state(), ...s })); }, user: (name) => state().users.find((u) => u.name === name)!,
    runs: () => log().split("\n").filter((l) => l !== "").map((l) => { const [name, argv] = JSON.parse(l) as [string, string[]]; return [name, VERB.get(argv.at(-1) ?? "") ?? argv.join(" ")].join(" "); }),
  };
};
const VERB = new Map(Object.entries(SCRIPTS).map(([verb, text]) => [encoded(text), verb]));
export const windowsPrograms = (dir: string, users: readonly User[]): Lab & { readonly programs: { powershell: string; icacls: string } } => ({
  ...lab(dir, users.map((u, i) => ({ set: 1_700_000_000_000, sid: `S-1-5-21-1-2-3-${1_001 + i}`, ...u }))),
  programs: { powershell: program(dir, "powershell", POWERSHELL(Object.fromEntries(VERB))), icacls: program(dir, "icacls", ICACLS) },
});
export const macPrograms = (dir: string, users: readonly User[]): Lab & { readonly programs: { dscl: string; passwd: string } } => ({
  ...lab(dir, users.map((u, i) => ({ uid: 501 + i, ...u }))), programs: { dscl: program(dir, "dscl", DSCL), passwd: program(dir, "passwd", PASSWD) },
});
