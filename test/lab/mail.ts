/** A real mail server (Debian's exim) that delivers into maildirs of its own. Rule: one directory, one port of loopback, no DNS, nothing leaves. */
import { spawn, type ChildProcess } from "node:child_process";
import { appendFileSync, closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { chown, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MAIL_PACKAGES, needs } from "./needs.ts";
import { freePort, waitForPort } from "./ports.ts";
import { beforeExit, childrenOf, ended, gone, until } from "./processes.ts";
import { BARE_ENV, must } from "./run.ts";
import { scratch } from "./scratch.ts";

export type MailOptions = {
  readonly port?: number;
  /** Takes nothing without this login over TLS. */
  readonly login?: { readonly user: string; readonly password: string };
};
/**
 * The name its certificate is for is 127.0.0.1; `ca` is that certificate. Local parts: `grey…` is put off for a moment first, `nobody…` is refused.
 */
export type MailServer = AsyncDisposable & {
  readonly port: number; readonly dir: string; readonly ca: string; readonly caFile: string;
  /** What has arrived for a local part, as text; oldest first. */
  mails(local: string): string[];
  /** Waits until at least `n` have. */
  arrived(local: string, n?: number): Promise<string[]>;
  start(): Promise<void>; stop(): Promise<void>; log(): string; destroy(): Promise<void>;
};
const DOMAIN = "lockstep.test", EXIM_USER = "Debian-exim";

const settings = (dir: string, port: number, login: MailOptions["login"]): string => `
primary_hostname = mail.${DOMAIN}
spool_directory = ${dir}/spool
log_file_path = ${dir}/log/%slog
pid_file_path = ${dir}/exim.pid
daemon_smtp_ports = ${String(port)}
local_interfaces = 127.0.0.1
domainlist ours = ${DOMAIN}
host_lookup =
deliver_drop_privilege = true
rfc1413_hosts =
tls_advertise_hosts = *
tls_certificate = ${dir}/cert.pem
tls_privatekey = ${dir}/key.pem
acl_smtp_rcpt = rcpt
keep_environment =
smtp_accept_max = 50
smtp_accept_queue_per_connection = 0
begin acl
rcpt:
${login ? "  require message = Log in first\n          authenticated = *\n" : ""}  deny    message = No such person here
          local_parts = ^nobody
  defer   message = Greylisted, come back later
          local_parts = ^grey
          !seen = 5m / key=grey_$local_part
  accept  domains = +ours
  deny    message = We carry no mail for others
begin routers
ours:
  driver = accept
  domains = +ours
  transport = maildir
begin transports
maildir:
  driver = appendfile
  directory = ${dir}/mail/\${lookup{$local_part}dsearch,ret=key{${dir}/mail}{$value}{other}}
  maildir_format
  create_directory
  user = ${EXIM_USER}
begin authenticators
${login ? `plain:
  driver = plaintext
  public_name = PLAIN
  server_advertise_condition = \${if def:tls_in_cipher}
  server_prompts = :
  server_condition = \${if and{{eq{$auth2}{${login.user}}}{eq{$auth3}{${login.password}}}}}
  server_set_id = $auth2
` : ""}`;

/** Maildirs exist beforehand: exim lets no stranger's word name a file. */
const PARTS = ["ada", "ben", "cleo", "dan", "grey1", "grey2", "team", "approver", "auditor", "operator", "owner", "requester", "second", "outsider",
  "other"] as const;

const prepare = async (dir: string, port: number, o: MailOptions): Promise<void> => {
  const [, , uid, gid] = (await must("getent", ["passwd", EXIM_USER])).split(":"), mine = (path: string) => chown(path, Number(uid), Number(gid));
  for (const part of ["spool", "log", "mail", ...PARTS.map((p) => `mail/${p}`)]) { await mkdir(join(dir, part), { mode: 0o755 });
    await mine(join(dir, part)); }
  await must("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", join(dir, "key.pem"), "-out", join(dir, "cert.pem")]);
  for (const file of ["key.pem", "cert.pem"]) await mine(join(dir, file));
  await writeFile(join(dir, "exim.conf"), settings(dir, port, o.login), { mode: 0o644 });
};

const server = (dir: string, port: number): MailServer => {
  let child: ChildProcess | undefined;
  const out = join(dir, "out"), logs = () => [out, join(dir, "log", "mainlog"), join(dir, "log", "rejectlog"), join(dir, "log", "paniclog")];
  const log = (): string => logs().map((f) => (existsSync(f) ? readFileSync(f, "utf8") : "")).join("");
  const forget = beforeExit(() => { child?.kill("SIGKILL"); rmSync(dir, { recursive: true, force: true, maxRetries: 3 }); });
  const start = async (): Promise<void> => {
    const fd = openSync(out, "a", 0o600);
    child = spawn("setpriv", ["--pdeathsig", "KILL", "/usr/sbin/exim4", "-C", join(dir, "exim.conf"), "-bdf", "-q1m"],
      { env: BARE_ENV, cwd: "/", detached: true, stdio: ["ignore", fd, fd] });
    closeSync(fd);
    child.once("error", (e) => { appendFileSync(out, `${String(e)}\n`); });
    child.unref();
    await waitForPort(port, /^220 /).catch((e: unknown) => { throw new Error(`A lab mail server did not come up: ${String(e)} ${log().slice(-600)}`);
      });
  };
  const stop = async (): Promise<void> => {
    const running = child;
    child = undefined;
    if (running?.pid === undefined || ended(running)) return;
    const children = childrenOf(running.pid);
    running.kill("SIGKILL");
    for (const pid of children) try { process.kill(pid, "SIGKILL"); } catch { /* gone by itself */ }
    if (!(await until(() => ended(running), 5_000)) || !(await gone(children, 5_000))) throw new Error("A lab mail server would not end.");
  };
  const mails = (local: string): string[] => {
    const box = join(dir, "mail", local, "new");
    return existsSync(box) ? readdirSync(box).sort().map((f) => readFileSync(join(box, f), "utf8")) : [];
  };
  const arrived = async (local: string, n = 1): Promise<string[]> => {
    if (await until(() => mails(local).length >= n, 15_000, 25)) return mails(local);
    throw new Error(`${String(mails(local).length)} of ${String(n)} mail(s) arrived for ${local}: ${log().slice(-800)}`);
  };
  const destroy = async (): Promise<void> => { await stop(); forget(); await rm(dir, { recursive: true, force: true }); };
  const caFile = join(dir, "cert.pem");
  return { port, dir, ca: readFileSync(caFile, "utf8"), caFile, mails, arrived, start, stop, log, destroy, [Symbol.asyncDispose]: destroy };
};

/** Running when it returns. */
export const mailServer = async (o: MailOptions = {}): Promise<MailServer> => {
  await needs({ linux: true, debian: MAIL_PACKAGES, root: true }, "A lab mail server");
  const dir = await scratch("mail", false), port = o.port ?? await freePort();
  await prepare(dir, port, o);
  const made = server(dir, port);
  try { await made.start(); return made; } catch (e) { await made.destroy(); throw e; }
};

const HEADER_END = /\r?\n\r?\n/;
/** Headers by lower-case name, and the text as its reader sees it (quoted-printable undone, encoded words too). */
export const readMail = (raw: string): { readonly headers: Readonly<Record<string, string>>; readonly text: string } => {
  const cut = HEADER_END.exec(raw)!, head = raw.slice(0, cut.index).replace(/\r?\n[ \t]+/g, " "), body = raw.slice(cut.index + cut[0].length);
  const bytes = (text: string) => Buffer.from(text.replace(/=\r?\n/g, "").replace(/=([0-9A-F]{2})/g,
    (_, h: string) => String.fromCharCode(parseInt(h, 16))), "latin1").toString("utf8");
  const word = (text: string) => text.replace(/\?=\s+=\?/g, "?==?").replace(/=\?utf-8\?([qb])\?([^?]*)\?=/gi,
    (_, how: string, t: string) => (how.toLowerCase() === "q" ? bytes(t.replaceAll("_", " ")) : Buffer.from(t, "base64").toString("utf8")));
  const headers = Object.fromEntries(head.split(/\r?\n/).filter((l) => /^[\w-]+:/.test(l)).map((l) =>
    [l.slice(0, l.indexOf(":")).toLowerCase(), word(l.slice(l.indexOf(":") + 1).trim())]));
  return { headers, text: /quoted-printable/i.test(headers["content-transfer-encoding"] ?? "") ? bytes(body) : body };
};
