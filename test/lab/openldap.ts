/** A private OpenLDAP server for tests. Rule: its own directory and ports of loopback; what an account opens with is read from its database by slapcat, never by a login. */
import { spawn, type ChildProcess } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { appendFileSync, closeSync, existsSync, openSync, readFileSync, rmSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { certificate, type Certificate } from "./certificate.ts";
import { needs, OPENLDAP_PACKAGES } from "./needs.ts";
import { freePort, waitForPort } from "./ports.ts";
import { beforeExit, ended, until } from "./processes.ts";
import { BARE_ENV, must } from "./run.ts";
import { scratch } from "./scratch.ts";

export const SUFFIX = "dc=lab,dc=test", PEOPLE = `ou=people,${SUFFIX}`, ROOT = `cn=root,${SUFFIX}`, POLICY = `cn=default,ou=policies,${SUFFIX}`;
/** What docs/platforms/openldap.md gives the administrative account: these lines and no others. */
const grants = (who: string): string => `
access to attrs=userPassword by dn.exact="${who}" write by self =w by anonymous auth by * none
access to attrs=pwdAccountLockedTime by dn.exact="${who}" read by * none
access to attrs=entry,uid by dn.exact="${who}" read by * none break`;

export type Entry = { readonly dn: string; readonly attributes: Readonly<Record<string, readonly string[]>> };
export type OpenLdapOptions = {
  /** DN of the one that may change passwords, with the minimal grants. */
  readonly rotator: string;
  /** ppolicy's default policy; absent: no ppolicy in this server. */
  readonly policy?: Readonly<Record<string, string>>;
  /** It says in a bind's answer that an account is locked. */
  readonly tellsLocks?: boolean;
  /** A replica of that one, which sends changes there. */
  readonly provider?: OpenLdapServer;
};
export type OpenLdapServer = AsyncDisposable & {
  /** LDAPS, and StartTLS. */
  readonly port: number; readonly plainPort: number; readonly dir: string; readonly certificate: Certificate; readonly rootPassword: string;
  /** LDIF as root, past ppolicy: secrets go in by stdin. */
  modify(ldif: string): Promise<void>;
  entries(): Promise<Entry[]>;
  /** By the stored hash. */
  fits(dn: string, password: string): Promise<boolean>;
  start(): Promise<void>; stop(): Promise<void>; pid(): number; log(): string; destroy(): Promise<void>;
};

export const ssha = (password: string, salt = randomBytes(8)): string =>
  `{SSHA}${Buffer.concat([createHash("sha1").update(password).update(salt).digest(), salt]).toString("base64")}`;
const opensWith = (stored: string, password: string): boolean => {
  const raw = Buffer.from(stored.replace(/^\{SSHA\}/, ""), "base64");
  return stored.startsWith("{SSHA}") && ssha(password, raw.subarray(20)) === stored;
};
const b64 = (text: string): string => Buffer.from(text).toString("base64");
/** One entry as LDIF; base64 throughout, so no value is read as anything else. */
export const ldif = (dn: string, attributes: Record<string, string | string[]>): string =>
  [`dn:: ${b64(dn)}`, "changetype: add", ...Object.entries(attributes).flatMap(([k, v]) => [v].flat().map((one) => `${k}:: ${b64(one)}`)), "", ""].join("\n");

const parse = (text: string): Entry[] => text.replaceAll("\n ", "").split(/\n\n+/).filter((block) => block.startsWith("dn")).map((block) => {
  const attributes: Record<string, string[]> = {};
  for (const line of block.split("\n")) {
    const [, name = "", coded, value = ""] = /^([^:]+):(:?) ?(.*)$/.exec(line) ?? [];
    (attributes[name] ??= []).push(coded ? Buffer.from(value, "base64").toString("utf8") : value);
  }
  return { dn: attributes["dn"]![0]!, attributes };
});

/** Everything a server writes down that is not the bytes themselves: connections, operations, results, filters, rights. */
const LOUD = String(256 + 512 + 128 + 32 + 64);
const config = (dir: string, o: OpenLdapOptions, rootHash: string, provider: OpenLdapServer | undefined): string => `
${["core", "cosine", "inetorgperson", "nis"].map((s) => `include /etc/ldap/schema/${s}.schema`).join("\n")}
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
moduleload syncprov
pidfile ${dir}/pid
TLSCertificateFile ${dir}/server.crt
TLSCertificateKeyFile ${dir}/server.key
TLSCACertificateFile ${dir}/ca.crt
security simple_bind=128
serverID ${provider ? 2 : 1}
${grants(o.rotator)}
access to * by self read by users read by * none
database config
rootdn cn=config
rootpw ${rootHash}
database mdb
suffix ${SUFFIX}
rootdn ${ROOT}
rootpw ${rootHash}
directory ${dir}/db
maxsize 67108864
dbnosync
lastbind on
index objectClass,uid,entryCSN,entryUUID eq
overlay syncprov
${o.policy ? `overlay ppolicy\nppolicy_default ${POLICY}\nppolicy_hash_cleartext\n${o.tellsLocks ? "ppolicy_use_lockout\n" : ""}` : ""}
${provider ? `syncrepl rid=001 provider=ldap://127.0.0.1:${provider.plainPort} type=refreshAndPersist retry="1 +" searchbase=${SUFFIX} bindmethod=simple
  binddn=${ROOT} credentials=${provider.rootPassword} starttls=critical tls_reqcert=never
updateref ldap://127.0.0.1:${provider.plainPort}` : ""}
`;
const tree = (o: OpenLdapOptions): string => [
  ldif(SUFFIX, { objectClass: ["dcObject", "organization"], dc: "lab", o: "Lab" }), ldif(PEOPLE, { objectClass: "organizationalUnit", ou: "people" }),
  ldif(`ou=policies,${SUFFIX}`, { objectClass: "organizationalUnit", ou: "policies" }),
  ...(o.policy ? [ldif(POLICY, { objectClass: ["pwdPolicy", "device"], cn: "default", pwdAttribute: "userPassword", ...o.policy })] : []),
].join("").replaceAll("changetype: add\n", "");

type Laid = { dir: string; ports: readonly [number, number]; shown: Certificate; rootPassword: string };
const server = ({ dir, ports: [port, plainPort], shown, rootPassword }: Laid): OpenLdapServer => {
  let child: ChildProcess | undefined;
  const logFile = join(dir, "log"), conf = join(dir, "slapd.conf"), log = (): string => (existsSync(logFile) ? readFileSync(logFile, "utf8") : "");
  const forget = beforeExit(() => { child?.kill("SIGKILL"); rmSync(dir, { recursive: true, force: true, maxRetries: 3 }); });
  const start = async (): Promise<void> => {
    const out = openSync(logFile, "a", 0o600);
    child = spawn("setpriv", ["--pdeathsig", "KILL", "/usr/sbin/slapd", "-f", conf, "-h", `ldaps://127.0.0.1:${port} ldap://127.0.0.1:${plainPort}`, "-d", LOUD],
      { env: BARE_ENV, cwd: "/", detached: true, stdio: ["ignore", out, out] });
    closeSync(out);
    child.once("error", (e) => { appendFileSync(logFile, `${String(e)}\n`); });
    child.unref();
    const up = child;
    await Promise.all([port, plainPort].map((p) => waitForPort(p))).catch((e: unknown) => { throw new Error(`A lab directory did not come up: ${String(e)} ${log().slice(-800)}`); });
    if (ended(up)) throw new Error(`A lab directory did not stay up: ${log().slice(-800)}`);
  };
  const stop = async (): Promise<void> => {
    const running = child;
    child = undefined;
    if (running === undefined || ended(running)) return;
    running.kill("SIGTERM");
    if (!(await until(() => ended(running), 5_000))) running.kill("SIGKILL");
    if (!(await until(() => ended(running), 5_000))) throw new Error("A lab directory would not end.");
  };
  const pid = (): number => { if (child?.pid === undefined) throw new Error("The lab directory is not running."); return child.pid; };
  const entries = async (): Promise<Entry[]> => parse(await must("slapcat", ["-f", conf, "-b", SUFFIX]));
  const fits = async (dn: string, password: string): Promise<boolean> =>
    ((await entries()).find((e) => e.dn.toLowerCase() === dn.toLowerCase())?.attributes["userPassword"] ?? []).some((stored) => opensWith(stored, password));
  const modify = async (text: string): Promise<void> => {
    await must("ldapmodify", ["-x", "-ZZ", "-H", `ldap://127.0.0.1:${plainPort}`, "-D", ROOT, "-y", join(dir, "rootpw")],
      { stdin: text, env: { ...BARE_ENV, LDAPTLS_CACERT: join(dir, "ca.crt") } });
  };
  const destroy = async (): Promise<void> => { await stop(); forget(); await rm(dir, { recursive: true, force: true }); };
  return { port, plainPort, dir, certificate: shown, rootPassword, modify, entries, fits, start, stop, pid, log, destroy, [Symbol.asyncDispose]: destroy };
};

/** Running when it returns. */
export const openLdap = async (o: OpenLdapOptions): Promise<OpenLdapServer> => {
  await needs({ linux: true, debian: OPENLDAP_PACKAGES }, "A lab directory");
  const dir = await scratch("ldap", false), rootPassword = `Root-${randomBytes(12).toString("base64url")}`;
  await mkdir(join(dir, "db"), { mode: 0o700 });
  const shown = await certificate(dir);
  await writeFile(join(dir, "rootpw"), rootPassword, { mode: 0o600 });
  await writeFile(join(dir, "slapd.conf"), config(dir, o, ssha(rootPassword), o.provider), { mode: 0o600 });
  if (!o.provider) await must("slapadd", ["-q", "-f", join(dir, "slapd.conf"), "-b", SUFFIX], { stdin: tree(o) });
  const made = server({ dir, ports: [await freePort(), await freePort()], shown, rootPassword });
  try { await made.start(); return made; } catch (e) { await made.destroy(); throw e; }
};
