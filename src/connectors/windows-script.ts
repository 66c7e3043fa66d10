/**
 * What is run on a Windows machine in PowerShell, and what its answers mean; by whichever way it gets there. Rules: a script is the same text every time and holds no value; names and
 * passwords come as lines of base64 on standard input, ended by a line of their own; passwords go into methods of .NET, which no logging of PowerShell writes down, never into a parameter of a
 * cmdlet; the error table is by HRESULT.
 */
import { reveal } from "../kernel/reveal.ts";
import type { Secret } from "../kernel/secret.ts";
import type { ChangeResult, FoundAccount, LockState, NotTold } from "./connector.ts";

// No double quotes: where a shell stands in between, none has to be told what they mean. $input, because powershell.exe itself reads a redirected standard input into it, beside whoever else would.
export const PRELUDE = "$ErrorActionPreference='Stop';$ProgressPreference='SilentlyContinue';$q=@($input);"
  + "function Say($t){[Console]::Out.WriteLine('lockstep '+$t)};"
  + "function Text($i){[Text.Encoding]::UTF8.GetString([Convert]::FromBase64String([string]$q[$i]))};"
  + "function Whole($n){if($q.Count -le $n -or (Text $n) -ne 'end'){Say 'cut';exit 0}};";
const ACCOUNTS = ""
  + "function Account($n){$u=[ADSI]('WinNT://'+$env:COMPUTERNAME+'/'+$n+',user');$u.psbase.RefreshCache();$u};"
  + "function Sid($o){(New-Object Security.Principal.SecurityIdentifier($o.psbase.InvokeGet('objectSid'),0)).Value};"
  + "function Member($u,$s){foreach($g in $u.psbase.Invoke('Groups')){$d=New-Object DirectoryServices.DirectoryEntry($g);if($s -contains (Sid $d)){return 1}};return 0};"
  + "function Local{if((Get-CimInstance Win32_ComputerSystem).DomainRole -ge 4){Say 'controller';exit 0}};";
const FAILED = "}catch{$e=$_.Exception;while($e.InnerException){$e=$e.InnerException};Say ('error {0:x8} {1}' -f $e.HResult,$e.GetType().FullName)}";
const script = (body: string): string => `${PRELUDE}${ACCOUNTS}try{${body}${FAILED}`;

/** Administrators; Remote Management Users. By number: their names are in the machine's language. */
const ADMINISTRATORS = "S-1-5-32-544", REMOTE = "S-1-5-32-580";
const flags = "[int]$u.psbase.InvokeGet('UserFlags')", locked = "[int][bool]$u.psbase.InvokeGet('IsAccountLocked')";
export const SCRIPTS = {
  set: script(`Whole 2;$n=Text 0;$p=Text 1;Local;$u=Account $n;Say 'found';[void]$u.psbase.Invoke('SetPassword',[object[]]@($p));Say 'done';`),
  look: script(`Whole 1;$n=Text 0;Local;$u=Account $n;Say ('look {0} {1} {2}' -f ${flags},${locked},(Member $u @('${ADMINISTRATORS}','${REMOTE}')));`),
  test: script(`Whole 0;Local;$w=New-Object Security.Principal.WindowsPrincipal([Security.Principal.WindowsIdentity]::GetCurrent());Say ('admin {0}' -f [int]$w.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator));`),
  list: script(`Whole 0;Local;$c=0;foreach($u in ([ADSI]('WinNT://'+$env:COMPUTERNAME)).psbase.Children){if($u.psbase.SchemaClassName -ne 'User'){continue};`
    + "$l='-';try{$l=([datetime]$u.psbase.InvokeGet('LastLogin')).ToUniversalTime().ToString('s')}catch{};"
    + `$n=[Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes([string]$u.psbase.Name));Say ('account {0} {1} {2} {3} {4}' -f $n,${flags},${locked},(Member $u @('${ADMINISTRATORS}')),$l);$c++};Say ('accounts '+$c);`),
} as const;
/** As an argument that every shell takes as one word. */
export const encoded = (text: string): string => Buffer.from(text, "utf16le").toString("base64");
export const POWERSHELL = (text: string): readonly string[] => ["-NoProfile", "-NonInteractive", "-EncodedCommand", encoded(text)];

/** Standard input. A beginning of it is told from the whole by its last line. */
export const inputOf = (...values: readonly (string | Secret)[]): Buffer =>
  Buffer.from([...values, "end"].map((v) => `${Buffer.from(typeof v === "string" ? v : reveal(v)).toString("base64")}\r\n`).join(""));

/** Its lines; anything else that was printed counts for nothing. */
export const linesOf = (stdout: string): string[] => stdout.split(/\r?\n/).filter((l) => l.startsWith("lockstep ")).map((l) => l.slice("lockstep ".length).trim());
const CONTROLLER = "the machine is a domain controller: it has no local accounts; use the platform active-directory";
const MEANS: Readonly<Record<string, string>> = {
  "80070005": "the right to do it is missing", "800708ad": "the account does not exist there", "800708c5": "the password does not meet the machine's rules (length, complexity or history)", "8007052d": "the password does not meet the machine's rules (length, complexity or history)",
  "800708c4": "the password was used before", "800708c6": "the password is too young to be changed again", "800708c3": "the password of this account cannot be changed", "80070056": "a wrong password", "80070775": "the account is locked out",
  "800706ba": "the machine's own service did not answer", "8007054b": "the domain cannot be reached",
};
export const saysCode = (code: string, kind: string): string => MEANS[code] === undefined ? `${kind} (0x${code})` : `${MEANS[code]} (0x${code})`;
const ERROR = /^error ([0-9a-f]{8}) ([\w.+`]{1,200})$/i;
const errorIn = (lines: readonly string[]): { code: string; says: string } | undefined => {
  const m = lines.map((l) => ERROR.exec(l)).find((x) => x !== null);
  return m ? { code: m[1]!.toLowerCase(), says: saysCode(m[1]!.toLowerCase(), m[2]!) } : undefined;
};
/** Nothing was changed, for certain. */
const REFUSED: readonly string[] = ["80070005", "800708ad", "800708c5", "8007052d", "800708c4", "800708c6", "800708c3"];
const NO_ANSWER = "the connection or the command was cut before the machine said how it ended";

export const changed = (stdout: string): ChangeResult => {
  const lines = linesOf(stdout), error = errorIn(lines);
  if (lines.at(-1) === "done") return "done";
  if (lines.includes("controller")) return { refused: CONTROLLER };
  // Before the account was found nothing is set.
  if (error) return REFUSED.includes(error.code) ? { refused: error.says } : { unknown: error.says };
  return { unknown: lines.includes("cut") ? "the connection was cut before the whole of it came; nothing was set" : NO_ANSWER };
};
const notTold = (stdout: string): NotTold => {
  const lines = linesOf(stdout);
  return { unknown: lines.includes("controller") ? CONTROLLER : errorIn(lines)?.says ?? "PowerShell did not answer" };
};

const DISABLED = 0x2, LOCKED = 0x10, EXPIRED = 0x80_0000;
const flagsSay = (bits: number, shut: boolean): string[] => [...(bits & DISABLED ? ["disabled"] : []), ...(shut || bits & LOCKED ? ["locked out"] : []), ...(bits & EXPIRED ? ["its password has expired"] : [])];
/** `remote`: only members of two groups get in by this way. */
export const lockIn = (stdout: string, remote: boolean): LockState => {
  const m = linesOf(stdout).map((l) => /^look (\d{1,10}) ([01]) ([01])$/.exec(l)).find((x) => x !== null);
  if (!m) return notTold(stdout);
  const [first] = flagsSay(Number(m[1]), m[2] === "1");
  if (first !== undefined) return { locked: `the account is not let in whatever its password is (${first}), so a refused login proves nothing` };
  return remote && m[3] === "0" ? { locked: "the account is in neither Administrators nor Remote Management Users, so a refused login proves nothing" } : "open";
};
export const isAdmin = (stdout: string): true | { why: string } => {
  const told = linesOf(stdout);
  return told.includes("admin 1") ? true : { why: told.includes("admin 0") ? "it got in, but without an administrator's rights: it is no member of Administrators, or UAC takes its rights away over the network (LocalAccountTokenFilterPolicy)" : notTold(stdout).unknown };
};
export const listIn = (stdout: string): readonly FoundAccount[] | NotTold => {
  const lines = linesOf(stdout), end = /^accounts (\d+)$/.exec(lines.at(-1) ?? ""), found = lines.map((l) => /^account ([A-Za-z0-9+/]+=*) (\d{1,10}) ([01]) ([01]) (-|[\dT:-]{19})$/.exec(l)).filter((m) => m !== null);
  if (!end || Number(end[1]) !== found.length) return errorIn(lines) || lines.includes("controller") ? notTold(stdout) : { unknown: "the list of accounts did not come whole; nothing of it counts" };
  return found.map(([, name = "", bits, shut, admin, last = "-"]): FoundAccount => ({
    name: Buffer.from(name, "base64").toString("utf8"), enabled: (Number(bits) & DISABLED) === 0, privileged: admin === "1", lastLogin: last === "-" ? null : `${last}Z`,
    says: [...(admin === "1" ? ["member of Administrators"] : []), ...flagsSay(Number(bits), shut === "1")],
  }));
};
