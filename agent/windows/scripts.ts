/**
 * What is run on a Windows machine by its own agent, in PowerShell 5.1. Rules: as in connectors/windows-script.ts (a script is the same text every
 * time and holds no value; values come by standard input, base64, with an end of their own); a name is compared whole and by its letters, never as a
 * pattern; a password goes into a method or a SecureString; what is told is ASCII, because a console speaks the code page of its country.
 *
 * Not run on a real Windows: none was at hand.
 */
import { PRELUDE } from "../../src/connectors/windows-script.ts";

/** The exception's own type says more than its number where a cmdlet made it. */
const FAILED = "}catch{$e=$_.Exception;while($e.InnerException){$e=$e.InnerException};Say ('error {0:x8} {1}' -f $e.HResult,$e.GetType().FullName)}";
const OURS =
  "function Local{if((Get-CimInstance Win32_ComputerSystem).DomainRole -ge 4){Say 'controller';exit 0};Import-Module Microsoft.PowerShell.LocalAccounts};" +
  // Get-LocalUser -Name takes patterns.
  "function Find($n){$f=$null;foreach($x in @(Get-LocalUser)){if($x.Name -ceq $n){$f=$x}};if($f -eq $null){Say 'missing';exit 0};$f};" +
  "function Json($o){Say ('json '+[Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes((ConvertTo-Json $o -Depth 4 -Compress))))};" +
  "function Set-At($u){if($u.PasswordLastSet -eq $null){'never'}else{[string]$u.PasswordLastSet.ToUniversalTime().Ticks}};";
const script = (body: string): string => `${PRELUDE}${OURS}try{${body}${FAILED}`;

/**
 * `.` is this machine's own database and nothing else. A token of somebody else is a guest's: where the policy "Guest only" holds, Windows lets in
 * whoever knows no password. 1385: the right to log on that way is missing; the other way then decides.
 */
const LOGON =
  "using System;using System.Runtime.InteropServices;using System.Security.Principal;public static class LockstepLogon{" +
  '[DllImport("advapi32.dll",CharSet=CharSet.Unicode,SetLastError=true)]static extern bool LogonUserW(string u,string d,string p,int t,int v,out IntPtr h);' +
  '[DllImport("kernel32.dll")]static extern bool CloseHandle(IntPtr h);' +
  'public static string Try(string u,string p,int t){IntPtr h;if(!LogonUserW(u,".",p,t,0,out h))return "no "+Marshal.GetLastWin32Error();' +
  'try{using(WindowsIdentity w=new WindowsIdentity(h))return "as "+w.User.Value;}finally{CloseHandle(h);}}}';

/** Administrators; by number, because their name is in the machine's language. */
const ADMINISTRATORS = "S-1-5-32-544";
export const SCRIPTS = {
  list: script(
    "Whole 0;Local;$u=@(foreach($x in @(Get-LocalUser)){New-Object PSObject -Property @{Name=$x.Name;Enabled=$x.Enabled;Sid=$x.SID.Value;LastLogon=$x.LastLogon;" +
      "AccountExpires=$x.AccountExpires;PasswordExpires=$x.PasswordExpires;PasswordRequired=$x.PasswordRequired}});$a=$null;" +
      // It fails as a whole where one member's account is gone or its domain does not answer.
      `try{$a=@(Get-LocalGroupMember -SID '${ADMINISTRATORS}'|ForEach-Object{$_.SID.Value})}catch{};` +
      "Json @{users=$u;admins=$a;count=$u.Count};",
  ),
  find: script("Whole 1;$n=Text 0;Local;[void](Find $n);Say 'found';"),
  logon: script(
    `Whole 2;$n=Text 0;$p=Text 1;Local;$u=Find $n;if(-not $u.Enabled){Say 'disabled';exit 0};Add-Type -TypeDefinition '${LOGON}';` +
      "$r=[LockstepLogon]::Try($n,$p,3);if($r -eq 'no 1385'){$r=[LockstepLogon]::Try($n,$p,2)};if($r -eq ('as '+$u.SID.Value)){$r='yes'};Say ('logon '+$r);",
  ),
  /** When its password was set is read before and after: what the machine shows is what counts. */
  set: script(
    "Whole 2;$n=Text 0;Local;$u=Find $n;$s=New-Object Security.SecureString;foreach($c in (Text 1).ToCharArray()){$s.AppendChar($c)};$s.MakeReadOnly();" +
      "Say ('before '+(Set-At $u));try{Set-LocalUser -SID $u.SID -Password $s;Say 'set'}catch{$e=$_.Exception;Say ('error {0:x8} {1}' -f $e.HResult,$e.GetType().FullName)};" +
      "Say ('after '+(Set-At (Find $n)));",
  ),
  rights: script(
    "Whole 0;$w=New-Object Security.Principal.WindowsPrincipal([Security.Principal.WindowsIdentity]::GetCurrent());Say ('admin {0}' -f [int]$w.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator));",
  ),
  ready: script("Whole 0;Local;[void](Get-Command Set-LocalUser);Say ('ready '+@(Get-LocalUser).Count);"),
  /** Who may do anything in a folder; a child that is closed in another way than its folder is told too. */
  access: script(
    "Whole 1;$d=Text 0;if(-not (Test-Path -LiteralPath $d)){Say 'missing';exit 0};$o=@();foreach($f in @(Get-Item -LiteralPath $d)+@(Get-ChildItem -LiteralPath $d -Recurse -Force)){" +
      "$a=$f.GetAccessControl();$o+=$a.GetOwner([Security.Principal.SecurityIdentifier]).Value;foreach($x in $a.GetAccessRules($true,$true,[Security.Principal.SecurityIdentifier])){if([string]$x.AccessControlType -eq 'Allow'){$o+=$x.IdentityReference.Value}}};" +
      "Json @{sids=@($o|Select-Object -Unique)};",
  ),
} as const;
