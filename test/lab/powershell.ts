/**
 * What stands in for PowerShell and the accounts of a Windows machine. Rule: it knows the scripts of windows-script.ts by their very text, and does what Windows is documented to do for
 * each; anything else it runs is `hostname`, `echo` or `cat`. It shows that values arrive whole and unmangled, and nothing about Windows.
 */
import { FOLLOW } from "../../src/connectors/windows-follow-script.ts";
import { SCRIPTS, encoded } from "../../src/connectors/windows-script.ts";

export type Account = { name: string; password: string; groups: string[]; disabled: boolean; failures: number };
/** What logs on by itself: `as` whom, with which password; null: as nobody with one. `fails`: where a control of it goes wrong. */
export type Keeper = {
  readonly as: string | null; password: string; state: "Running" | "Stopped" | "StartPending" | "StopPending";
  fails?: "at stop" | "in the middle of a stop" | "while it stops" | "at start" | "while it starts" | "right after the start" };
export type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };
export type Machine = {
  readonly name: string;
  add(name: string, password: string, ...groups: string[]): void;
  find(name: string): Account | undefined;
  groups(name: string): readonly string[];
  everybody(): string[];
  /** Its real name, or null: refused, disabled or locked out. */
  login(name: string, password: string): string | null;
  /** A login whose answer fitted nobody: `message` names whom it was for. */
  failed(message: Buffer): void;
  /** Null: it waits for its input. */
  run(user: string, argv: readonly string[], input: Buffer, whole: boolean): Ran | null;
  log(): readonly string[];
  minLength: number; lockAfter: number; controller: boolean;
  /** By kind and name. */
  readonly keepers: Map<string, Keeper>;
  /** Domains whose accounts it can look up. */
  readonly trusts: { readonly netbios: string; readonly dns: string; readonly users: readonly string[] }[];
};
const ADMINS = "Administrators", REMOTE = "Remote Management Users", SAYS = (text: string): string => `lockstep ${text}\r\n`;
const COM = "System.Runtime.InteropServices.COMException";

export const standIn = (name: string): Machine => {
  const accounts = new Map<string, Account>(), log: string[] = [], find = (n: string): Account | undefined => accounts.get(n.toLowerCase());
  const locked = (a: Account): boolean => m.lockAfter > 0 && a.failures >= m.lockAfter, flags = (a: Account): number => 0x200 | (a.disabled ? 2 : 0);
  const member = (a: Account, ...groups: string[]): number => Number(a.groups.some((g) => groups.includes(g)));
  const error = (hresult: string, kind = COM): string => SAYS(`error ${hresult} ${kind}`);
  const valuesOf = (input: Buffer): string[] | null => {
    const lines = input.toString("ascii").split("\r\n").slice(0, -1).map((l) => Buffer.from(l, "base64").toString("utf8"));
    return lines.at(-1) === "end" ? lines.slice(0, -1) : null;
  };
  const SCRIPT: Record<keyof typeof SCRIPTS, (by: Account, values: string[]) => string> = {
    set: (by, [who = "", to = ""]) => {
      const a = find(who);
      if (a === undefined) return error("800708ad");
      if (member(by, ADMINS) === 0) return SAYS("found") + error("80070005", "System.UnauthorizedAccessException");
      if (to.length < m.minLength) return SAYS("found") + error("800708c5");
      a.password = to;
      return SAYS("found") + SAYS("done");
    },
    look: (_by, [who = ""]) => { const a = find(who); return a === undefined ? error("800708ad") : SAYS(`look ${flags(a)} ${Number(locked(a))} ${member(a, ADMINS, REMOTE)}`); },
    test: (by) => SAYS(`admin ${member(by, ADMINS)}`),
    list: (by) => member(by, ADMINS) === 0 ? error("80070005", "System.UnauthorizedAccessException")
      : [...accounts.values()].map((a) => SAYS(`account ${Buffer.from(a.name).toString("base64")} ${flags(a)} ${Number(locked(a))} ${member(a, ADMINS)} -`)).join("") + SAYS(`accounts ${accounts.size}`),
  };
  const keepers = new Map<string, Keeper>(), WIN32 = "System.ComponentModel.Win32Exception", denied = error("80070005", "System.UnauthorizedAccessException");
  /** Whom a name means here, by a number, as NTAccount.Translate tells it; empty: nobody. A name alone is one of its own. */
  const OWN = "S-1-5-21-1-", here = name.toLowerCase(), whom = (written: string): string => {
    const upn = written.includes("@"), [first = "", second] = written.toLowerCase().replace(/^\.\\/, `${here}\\`).split(/[\\@]/);
    const [user, place] = upn ? [first, second] : second === undefined ? [first, here] : [second, first];
    if (place === here && !upn) return find(user) ? OWN + user : "";
    const domain = m.trusts.find((t) => t.dns === place || (!upn && t.netbios.toLowerCase() === place));
    return domain?.users.includes(user) ? `S-1-5-21-${domain.dns}-${user}` : "";
  };
  const startable = (k: Keeper): boolean => { const n = whom(k.as ?? ""); return !n.startsWith(OWN) || find(n.slice(OWN.length))!.password === k.password; };
  const FOLLOWS: Record<keyof typeof FOLLOW, (by: Account, values: string[]) => string> = {
    admin: (by) => SAYS(`admin ${member(by, ADMINS)}`),
    see: (_by, [name = ""]) => { const k = keepers.get(`service ${name}`); return k ? SAYS(`state ${k.state}`) : error("80070424", WIN32); },
    service: (by, [name = "", action = ""]) => {
      const k = keepers.get(`service ${name}`);
      if (!k) return error("80070424", WIN32);
      if (member(by, ADMINS) === 0) return SAYS("found") + error("80070005", WIN32);
      const out = [SAYS("found")], done = (...more: string[]): string => [...out, ...more].join("");
      if (action !== "start" && k.state !== "Stopped") {
        // 1052: the control is not valid for this service. In the middle: one that depends on it was stopped already.
        if (k.fails === "at stop") return done(error("8007041c", WIN32));
        if (k.fails === "in the middle of a stop") return done(SAYS("acted"), error("8007041c", WIN32));
        if (k.fails === "while it stops") { k.state = "StopPending"; return done(SAYS("acted"), error("80131505", "System.ServiceProcess.TimeoutException")); }
        k.state = "Stopped";
        out.push(SAYS("acted"), SAYS("stopped"));
      }
      if (action === "stop") return done(SAYS(`state ${k.state}`));
      if (k.state !== "Running") {
        // 1069: not started because of a logon failure. 1053: it did not answer in time.
        if (!startable(k)) return done(error("8007042d", WIN32));
        if (k.fails === "at start") return done(error("8007041d", WIN32));
        k.state = "Running";
        out.push(SAYS("acted"));
        if (k.fails === "while it starts") { k.state = "StartPending"; return done(error("80131505", "System.ServiceProcess.TimeoutException")); }
        if (k.fails === "right after the start") k.state = "Stopped";
      }
      return done(SAYS(`state ${k.state}`));
    },
    runs: (_by, [of = "", name = "", account = ""]) => told(of, name, account, () => SAYS("change 0")),
    logon: (by, [of = "", name = "", account = "", password = ""]) => told(of, name, account, (k) => {
      if (member(by, ADMINS) === 0) return of === "service" ? SAYS("change 2") : denied;
      k.password = password;
      return SAYS("change 0");
    }),
  };
  const told = (of: string, name: string, account: string, then: (k: Keeper) => string): string => {
    const k = keepers.get(`${of} ${name}`);
    if (!k) return of === "task" ? error("80070002", "System.IO.FileNotFoundException") : SAYS("missing");
    if (k.as === null) return SAYS(of === "service" ? `other ${Buffer.from("LocalSystem").toString("base64")}` : "keeps");
    const wanted = whom(account);
    if (wanted === "") return SAYS("nobody");
    return whom(k.as) === wanted ? SAYS("found") + then(k) : SAYS(`other ${Buffer.from(k.as).toString("base64")}`);
  };
  const follows = new Map(Object.entries(FOLLOW).map(([verb, text]) => [encoded(text), verb as keyof typeof FOLLOW]));
  const known = new Map(Object.entries(SCRIPTS).map(([verb, text]) => [encoded(text), verb as keyof typeof SCRIPTS]));
  const powershell = (user: string, argv: readonly string[], input: Buffer): Ran => {
    const verb = known.get(argv.at(-1) ?? ""), by = find(user)!, values = valuesOf(input);
    const after = follows.get(argv.at(-1) ?? "");
    if (after !== undefined) {
      log.push(`powershell ${after} by ${by.name}`);
      return { code: 0, stdout: values === null ? SAYS("cut") : FOLLOWS[after](by, values), stderr: "" };
    }
    if (verb === undefined || argv.slice(0, -1).join(" ") !== "-NoProfile -NonInteractive -EncodedCommand") return { code: 1, stdout: "", stderr: "it cannot be run" };
    log.push(`powershell ${verb} by ${by.name}`);
    return { code: 0, stdout: values === null ? SAYS("cut") : m.controller ? SAYS("controller") : SCRIPT[verb](by, values), stderr: "#< CLIXML\r\n" };
  };
  const m: Machine = {
    name, keepers, trusts: [], minLength: 8, lockAfter: 0, controller: false, find, log: () => log,
    add: (n, password, ...groups) => { accounts.set(n.toLowerCase(), { name: n, password, groups, disabled: false, failures: 0 }); },
    groups: (n) => find(n)?.groups ?? [],
    everybody: () => [...accounts.values()].map((a) => `${a.name}:${a.password}:${a.groups.join()}`).sort(),
    login: (n, password) => {
      const a = find(n);
      if (a === undefined || a.disabled || locked(a)) return null;
      if (a.password === password) { a.failures = 0; return a.name; }
      a.failures += 1;
      return null;
    },
    failed: (raw) => { const at = raw.readUInt32LE(40), a = find(raw.subarray(at, at + raw.readUInt16LE(36)).toString("utf16le")); if (a) a.failures += 1; },
    run: (user, [program = "", ...rest], input, whole) => {
      const argv = program.includes(" ") ? program.split(" ") : [program, ...rest], exe = argv[0]!.toLowerCase();
      if (exe === "hostname") return { code: 0, stdout: `${name}\r\n`, stderr: "" };
      if (exe === "echo") return { code: 3, stdout: `${argv.slice(1).join(" ")}\r\n`, stderr: "to stderr" };
      if (!whole) return null;
      return exe === "cat" ? { code: 0, stdout: input.toString("utf8"), stderr: "" } : /^powershell(\.exe)?$/.test(exe) ? powershell(user, argv.slice(1), input) : { code: 1, stdout: "", stderr: "not recognized" };
    },
  };
  return m;
};
