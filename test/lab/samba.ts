/** A real SMB server with local accounts (Samba standalone) on a machine of its own. Rule: what an account opens with is the NT hash in its own database, read inside by pdbedit. */
import { randomBytes } from "node:crypto";
import { machine, type Machine } from "./machine.ts";
import { needs, SAMBA_PACKAGES } from "./needs.ts";
import { freePort, waitForPort } from "./ports.ts";

export type SambaServer = AsyncDisposable & {
  readonly host: "127.0.0.1"; readonly port: number; readonly administrator: string; readonly box: Machine;
  /** Makes a local account. */
  account(name: string, password: string): Promise<void>;
  /** `name:NT hash:flags` of everybody, from the database. */
  everybody(): Promise<string[]>;
  start(): Promise<void>; stop(): Promise<void>; log(): Promise<string>; destroy(): Promise<void>;
};
const conf = (port: number): string => `[global]
workgroup = LABGRP
netbios name = WINBOX
server role = standalone server
security = user
passdb backend = tdbsam
smb ports = ${String(port)}
bind interfaces only = yes
interfaces = 127.0.0.1/8
server min protocol = SMB3
server signing = mandatory
server smb encrypt = required
ntlm auth = ntlmv2-only
map to guest = never
restrict anonymous = 2
disable spoolss = yes
load printers = no
log level = 3 auth_audit:3 auth:5
logging = file
log file = /var/log/samba/log.smbd
max log size = 0
`;
/** The machine's root is a member of the server's Administrators. */
const setup = (port: number): string => `
mkdir -p /etc/samba /var/lib/samba/private /var/log/samba /run/samba; rm -f /var/lib/samba/private/*.tdb /var/lib/samba/*.tdb
cat > /etc/samba/smb.conf <<'CONF'
${conf(port)}
CONF
printf 'root = Administrator\\n' > /etc/samba/users.map
{ cat /lab/admin; echo; cat /lab/admin; echo; } | smbpasswd -s -a root >/dev/null
net groupmap add sid=S-1-5-32-544 unixgroup=root type=builtin ntgroup=Administrators >/dev/null
net sam addmem 'BUILTIN\\Administrators' root >/dev/null
pdbedit -P 'min password length' -C 8 >/dev/null; pdbedit -P 'bad lockout attempt' -C 4 >/dev/null
`;
const ADD = "set -e; read -r n; read -r p; useradd -M -s /usr/sbin/nologin -- \"$n\" 2>/dev/null || useradd --badname -M -s /usr/sbin/nologin -- \"$n\"; printf '%s\\n%s\\n' \"$p\" \"$p\" | smbpasswd -s -a -- \"$n\"";

export const sambaServer = async (tries = 3): Promise<SambaServer> => {
  await needs({ linux: true, root: true, namespaces: true, debian: SAMBA_PACKAGES }, "A lab SMB server");
  const administrator = `Admin-${randomBytes(9).toString("base64url")}-1`, port = await freePort();
  const box = await machine({ name: "winbox", files: { admin: administrator }, setup: setup(port), ready: /LAB-SMB-STARTS/, boot: "mkdir -p /run/samba; echo LAB-SMB-STARTS; exec smbd -F --no-process-group" });
  const start = async (): Promise<void> => { await box.start(); await waitForPort(port); };
  const inside = async (command: string, stdin?: string): Promise<string> => {
    const out = await box.exec(command, stdin);
    if (out.code !== 0) throw new Error(`Inside the lab SMB server: ${(out.stderr || out.stdout).trim().slice(-600)}`);
    return out.stdout;
  };
  try { await start(); } catch (e) {
    await box.destroy();
    if (tries > 1) return sambaServer(tries - 1);
    throw e;
  }
  const everybody = async (): Promise<string[]> => (await inside("pdbedit -L -w")).trim().split("\n").map((line) => { const [name = "", , , nt = "", flags = ""] = line.split(":"); return `${name}:${nt}:${flags}`; }).sort();
  const log = async (): Promise<string> => box.log() + (await box.exec("cat /var/log/samba/* 2>/dev/null")).stdout;
  return {
    host: "127.0.0.1", port, administrator, box, everybody, log, start, stop: () => box.stop(), destroy: () => box.destroy(), [Symbol.asyncDispose]: () => box.destroy(),
    account: async (name, password) => { await inside(ADD, `${name}\n${password}\n`); },
  };
};
