/**
 * What follows a change on a Windows machine, in PowerShell, and what its answers mean. Rules: as in windows-script.ts (the text is the same every
 * time, values come by standard input, a password goes into a method or a property of .NET or COM and never into a parameter of a cmdlet); what is
 * named is compared whole, never a pattern; whoever something runs as stays who it is; what was stopped is said the moment it is, so that a later
 * failure is never taken for nothing done.
 */
import { linesOf, PRELUDE, saysCode } from "./windows-script.ts";
import type { ChangeResult, TestResult } from "./connector.ts";

/** An error of Windows inside .NET's own carries its number beside the HRESULT. */
const FAILED =
  "}catch{$e=$_.Exception;while($e.InnerException){$e=$e.InnerException};$h=$e.HResult;if($e -is [ComponentModel.Win32Exception]){$h=-2147024896 -bor $e.NativeErrorCode};Say ('error {0:x8} {1}' -f $h,$e.GetType().FullName)}";
const script = (body: string): string => `${PRELUDE}${WHO}try{${body}${FAILED}`;
/**
 * Who a name means, as this machine itself reads it: DOMAIN\name, .\name, name@domain and S-1-… alike, so that two spellings of one account are
 * one, and one name in two domains is two. Empty: the machine knows nobody of that name.
 */
const WHO =
  "function Who($x){$x=[string]$x;if($x.StartsWith('.\\')){$x=$env:COMPUTERNAME+$x.Substring(1)};" +
  "try{if($x.StartsWith('S-1-')){(New-Object Security.Principal.SecurityIdentifier($x)).Value}else{(New-Object Security.Principal.NTAccount($x)).Translate([Security.Principal.SecurityIdentifier]).Value}}catch{''}};" +
  "function B64($x){[Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes([string]$x))};" +
  "function Mine($is,$w){$o=Who $w;if($o -eq ''){Say 'nobody';exit 0};if((Who $is) -ne $o){Say ('other '+(B64 $is));exit 0};Say 'found'};";
const CONTROL = "Add-Type -AssemblyName System.ServiceProcess;$s=New-Object ServiceProcess.ServiceController($n);[void]$s.Status;";
const SERVICE =
  "$s=$null;foreach($x in (New-Object Management.ManagementObjectSearcher('select * from Win32_Service')).Get()){if($x['Name'] -eq $n){$s=$x}};if($s -eq $null){Say 'missing';exit 0};Mine $s['StartName'] $w;";
const TASK =
  "$t=New-Object -ComObject Schedule.Service;$t.Connect();$f=$t.GetFolder('\\');$k=$f.GetTask($n);$d=$k.Definition;Mine $d.Principal.UserId $w;if($d.Principal.LogonType -ne 1){Say 'keeps';exit 0};";
const POOL =
  "[void][Reflection.Assembly]::LoadFrom($env:windir+'\\system32\\inetsrv\\Microsoft.Web.Administration.dll');$m=New-Object Microsoft.Web.Administration.ServerManager;$a=$null;foreach($x in $m.ApplicationPools){if($x.Name -eq $n){$a=$x}};" +
  "if($a -eq $null){Say 'missing';exit 0};if([string]$a.ProcessModel.IdentityType -ne 'SpecificUser'){Say 'keeps';exit 0};Mine $a.ProcessModel.UserName $w;";
/** Kind, name, account; the password is the fourth value, where there is one. */
const LOGON = (set: { service: string; task: string; pool: string }, values: number): string =>
  script(
    `Whole ${values};$c=Text 0;$n=Text 1;$w=Text 2;${values > 3 ? "$p=Text 3;" : ""}if($c -eq 'service'){${SERVICE}${set.service}}elseif($c -eq 'task'){${TASK}${set.task}}elseif($c -eq 'pool'){${POOL}${set.pool}};`,
  );
export const FOLLOW = {
  /**
   * Services that depend on it and ran are started again after a restart. `acted`: something may be otherwise than before; not said where Stop failed
   * and everything is seen to be as it was. `stopped`: it is down.
   */
  service: script(
    `Whole 2;$n=Text 0;$a=Text 1;${CONTROL}Say 'found';$t=[TimeSpan]::FromSeconds(30);$r=@();$k=[string]$s.Status;` +
      "if($a -ne 'start' -and $k -ne 'Stopped'){foreach($x in $s.DependentServices){if([string]$x.Status -eq 'Running'){$r+=$x}};" +
      "try{$s.Stop()}catch{$f=$_;$z=0;try{$s.Refresh();if([string]$s.Status -eq $k){$z=1};foreach($x in $r){$x.Refresh();if([string]$x.Status -ne 'Running'){$z=0}}}catch{$z=0};if($z -eq 0){Say 'acted'};throw $f};" +
      "Say 'acted';$s.WaitForStatus('Stopped',$t);Say 'stopped'};" +
      "if($a -ne 'stop'){$s.Refresh();if([string]$s.Status -ne 'Running'){$s.Start();Say 'acted';$s.WaitForStatus('Running',$t)};foreach($x in $r){$x.Refresh();if([string]$x.Status -eq 'Stopped'){$x.Start();$x.WaitForStatus('Running',$t)}}};" +
      "$s.Refresh();Say ('state '+[string]$s.Status);",
  ),
  admin: script(
    "Whole 0;$w=New-Object Security.Principal.WindowsPrincipal([Security.Principal.WindowsIdentity]::GetCurrent());Say ('admin {0}' -f [int]$w.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator));",
  ),
  /** Does it exist? */
  see: script(`Whole 1;$n=Text 0;${CONTROL}Say ('state '+[string]$s.Status);`),
  logon: LOGON(
    {
      service:
        "$i=$s.GetMethodParameters('Change');$i['StartName']=$s['StartName'];$i['StartPassword']=$p;Say ('change '+[string]$s.InvokeMethod('Change',$i,$null)['ReturnValue']);",
      task: "[void]$f.RegisterTaskDefinition($n,$d,4,$d.Principal.UserId,$p,1);Say 'change 0';",
      pool: "$a.ProcessModel.Password=$p;$m.CommitChanges();Say 'change 0';",
    },
    4,
  ),
  /** Who does it run as? */
  runs: LOGON({ service: "Say 'change 0';", task: "Say 'change 0';", pool: "Say 'change 0';" }, 3),
} as const;

const KIND = { service: "service", task: "scheduled task", pool: "application pool" } as const;
export type Kind = keyof typeof KIND;
/** HRESULTs that say what there is to say before anything was done: no such service, task or file, no right. */
const MISSING: readonly string[] = ["80070424", "80070002", "80070003"],
  DENIED: readonly string[] = ["80070005", "80070522"];
const ERROR = /^error ([0-9a-f]{8}) ([\w.+`]{1,200})$/i;
const errorIn = (lines: readonly string[]): { code: string; says: string } | undefined => {
  const m = lines.map((l) => ERROR.exec(l)).find((x) => x !== null);
  return m ? { code: m[1]!.toLowerCase(), says: saysCode(m[1]!.toLowerCase(), m[2]!) } : undefined;
};
const NO_ANSWER = "the connection or the command was cut before the machine said how it ended";
const cut = (lines: readonly string[]): string =>
  lines.includes("cut") ? "the connection was cut before the whole of it came; nothing was done" : NO_ANSWER;

/** Windows went on waiting, or did not answer: what was asked may still be done. */
const LATE: readonly string[] = ["8007041d", "800706ba", "800706be", "800706bf"];
/** Of a service: what its state is afterwards counts; once something was done, nothing that failed later says that nothing was. */
export const controlled = (stdout: string, name: string, action: string): ChangeResult => {
  const lines = linesOf(stdout),
    state = /^state (\w+)$/.exec(lines.at(-1) ?? "")?.[1],
    error = errorIn(lines),
    down = lines.includes("stopped") ? `${name} was stopped, and may be down: ` : lines.includes("acted") ? `${name} was told to stop or start: ` : undefined;
  if (state === (action === "stop" ? "Stopped" : "Running")) return "done";
  if (state !== undefined) return down === undefined ? { refused: `${name} is ${state} afterwards` } : { unknown: `${down}it is ${state} afterwards` };
  const says = error === undefined ? cut(lines) : `${name}: ${error.says}`;
  if (down !== undefined) return { unknown: down + (error?.says ?? says) };
  if (error === undefined || LATE.includes(error.code)) return { unknown: says };
  return { refused: !lines.includes("found") && MISSING.includes(error.code) ? `there is no service ${name}` : says };
};
const elseOf = (lines: readonly string[], kind: Kind, name: string, account: string): string | undefined => {
  const other = /^other ([A-Za-z0-9+/]*=*)$/.exec(lines.at(-1) ?? "")?.[1];
  if (other !== undefined)
    return `the ${KIND[kind]} ${name} runs as ${Buffer.from(other, "base64").toString("utf8") || "nobody"}, not as ${account}: it was left as it is`;
  if (lines.includes("nobody")) return `the machine knows nobody by the name of ${account}: it was left as it is`;
  if (lines.includes("missing")) return `there is no ${KIND[kind]} ${name}`;
  return lines.includes("keeps") ? `the ${KIND[kind]} ${name} keeps no password of an account` : undefined;
};
/** Win32_Service.Change: what its number says. 0 is done. */
const CHANGE: Readonly<Record<string, string>> = {
  2: "the right to do it is missing",
  22: "the machine does not take this account for a service",
  15: "the account has no right to log on as a service",
};
export const given = (stdout: string, kind: Kind, name: string, account: string): ChangeResult => {
  const lines = linesOf(stdout),
    no = elseOf(lines, kind, name, account),
    code = /^change (\d{1,3})$/.exec(lines.at(-1) ?? "")?.[1],
    error = errorIn(lines);
  if (no !== undefined) return { refused: no };
  if (code !== undefined) return code === "0" ? "done" : { refused: `${name}: ${CHANGE[code] ?? "it was not taken"} (${code})` };
  if (error === undefined) return { unknown: cut(lines) };
  if (!lines.includes("found"))
    return {
      refused: MISSING.includes(error.code)
        ? `there is no ${KIND[kind]} ${name}, or what it needs is not installed (${error.says})`
        : `${name}: ${error.says}`,
    };
  return DENIED.includes(error.code) ? { refused: `${name}: ${error.says}` } : { unknown: `${name}: ${error.says}` };
};
export const there = (stdout: string, name: string): Extract<TestResult, { ok: false }> | undefined => {
  const lines = linesOf(stdout),
    error = errorIn(lines);
  if (/^state \w+$/.test(lines.at(-1) ?? "")) return undefined;
  return {
    ok: false,
    stage: "right",
    why: error === undefined ? cut(lines) : MISSING.includes(error.code) ? `there is no service ${name}` : `${name}: ${error.says}`,
  };
};
export const fitting = (stdout: string, kind: Kind, name: string, account: string): Extract<TestResult, { ok: false }> | undefined => {
  const r = given(stdout, kind, name, account);
  return r === "done" ? undefined : { ok: false, stage: "right", why: "refused" in r ? r.refused : "unknown" in r ? r.unknown : r.why };
};
