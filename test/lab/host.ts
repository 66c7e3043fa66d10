/** A real Linux host for tests: sshd, PAM, sudo, pwquality. Rule: what it says of its accounts is read from its disk, never through its sshd. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bootScript, setupFiles, setupScript } from "./linux-setup.ts";
import type { LinuxOptions } from "./linux-setup.ts";
import { machine } from "./machine.ts";
import type { Machine } from "./machine.ts";
import { HOST_PACKAGES, needs } from "./needs.ts";
import { freePort, waitForPort } from "./ports.ts";
import { nameOf, signal } from "./processes.ts";
import { run } from "./run.ts";
import type { Outcome } from "./run.ts";

export type { LinuxOptions } from "./linux-setup.ts";

export type LinuxHost = AsyncDisposable & {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** "ssh-ed25519 AAAA…", and its "SHA256:…"; both follow changeHostKey(). */
  readonly hostKey: string;
  readonly fingerprint: string;
  readonly dir: string;
  /** The hash field of /etc/shadow, from the disk; works while stopped. Rejects for an unknown account. */
  shadow(user: string): Promise<string>;
  /** Does `password` fit that hash? Judged by libcrypt; expiry and shells are not looked at. A locked account opens with nothing. */
  opens(user: string, password: string): Promise<boolean>;
  /** As root inside. `command` is argv, so public: secrets go into `stdin`. */
  exec(command: string, stdin?: string): Promise<Outcome>;
  write(path: string, text: string, mode?: number): Promise<void>;
  /** Stops every sshd inside: connections are still accepted by the kernel, then silence. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
  /** Over the same disk, on the same port. */
  start(): Promise<void>;
  /** Cuts open sessions: the machine restarts. */
  changeHostKey(): Promise<void>;
  log(): string;
  destroy(): Promise<void>;
};

const CRYPT = 'local $/ = "\\0"; chomp(my ($hash, $password) = <STDIN>); exit(crypt($password, $hash) eq $hash ? 0 : 3)';

const fits = async (hash: string, password: string): Promise<boolean> => {
  if (hash === "" || /^[!*]/.test(hash)) return false;
  const { code, stderr } = await run("perl", ["-e", CRYPT], { stdin: `${hash}\0${password}\0` });
  if (code !== 0 && code !== 3) throw new Error(`perl could not judge a hash: ${stderr.trim()}`);
  return code === 0;
};

/** The upper layer has the file as soon as one byte of it changed; until then the one below counts. */
const shadowField = (upper: string, user: string): string => {
  const own = join(upper, "etc/shadow");
  const line = readFileSync(existsSync(own) ? own : "/etc/shadow", "utf8").split("\n").find((l) => l.startsWith(`${user}:`));
  if (line === undefined) throw new Error(`There is no account ${user}.`);
  return line.split(":")[1] ?? "";
};

const publicKey = (upper: string): string =>
  readFileSync(join(upper, "etc/ssh/ssh_host_ed25519_key.pub"), "utf8").trim().split(" ").slice(0, 2).join(" ");

const fingerprintOf = (key: string): string =>
  `SHA256:${createHash("sha256").update(Buffer.from(key.split(" ")[1] ?? "", "base64")).digest("base64").replace(/=+$/, "")}`;

const READY = /Server listening on 127\.0\.0\.1 port/;
/** Milliseconds useradd may take on a busy machine. */
const AN_ACCOUNT = 1_000;
const TAKEN = /Address already in use/;

/** A free port can be lost to somebody quicker between asking and binding: then with another one, on a fresh disk. */
const raise = async (o: LinuxOptions, tries = 4): Promise<{ box: Machine; port: number }> => {
  const port = o.port ?? (o.network ? 22 : await freePort());
  const given = { ...(o.dir === undefined ? {} : { dir: o.dir }), ...(o.network ? { network: o.network.name } : {}) };
  const box = await machine({ name: o.name, ...given, boot: bootScript(port), setup: setupScript(o), files: setupFiles(o), ready: READY, patience: 30_000 + AN_ACCOUNT * Object.keys(o.accounts ?? {}).length });
  try {
    await box.start();
    if (!o.network) await waitForPort(port, /^SSH-2\.0-/, 10_000);
    return { box, port };
  } catch (error) {
    await (o.dir === undefined ? box.destroy() : box.stop());
    if (tries > 1 && o.port === undefined && o.dir === undefined && TAKEN.test(String(error))) return await raise(o, tries - 1);
    throw error;
  }
};

const insist = async (box: Machine, command: string, stdin?: string): Promise<void> => {
  const out = await box.exec(command, stdin);
  if (out.code !== 0) throw new Error(`Inside the lab host: ${out.stderr.trim()}`);
};

const quote = (path: string): string => `'${path.replaceAll("'", "'\\''")}'`;

const writeInside = (box: Machine, path: string, text: string, mode: number): Promise<void> => {
  const to = quote(path), half = quote(`${path}.half`);
  return insist(box, `umask 077; mkdir -p "$(dirname ${to})" && cat > ${half} && chmod ${mode.toString(8)} ${half} && mv -f ${half} ${to}`, text);
};

/** Ready when it returns: sshd answers on 127.0.0.1:port. Needs root and namespaces; installs its packages on Debian. */
export const linuxHost = async (o: LinuxOptions): Promise<LinuxHost> => {
  if (!/^[a-z0-9][a-z0-9-]{0,40}$/.test(o.name)) throw new Error(`${JSON.stringify(o.name)} cannot be the name of a lab host.`);
  await needs({ linux: true, root: true, debian: HOST_PACKAGES, namespaces: true }, "A lab host");
  const { box, port } = await raise(o);
  const sshds = (): number[] => box.pids().filter((pid) => nameOf(pid) === "sshd");
  const start = async (): Promise<void> => { await box.start(); if (!o.network) await waitForPort(port, /^SSH-2\.0-/, 10_000); };
  return {
    name: o.name, host: o.network?.address ?? "127.0.0.1", port, dir: box.dir,
    get hostKey() { return publicKey(box.upper); },
    get fingerprint() { return fingerprintOf(publicKey(box.upper)); },
    shadow: (user) => Promise.resolve().then(() => shadowField(box.upper, user)),
    opens: async (user, password) => fits(shadowField(box.upper, user), password),
    exec: (command, stdin) => box.exec(command, stdin),
    write: (path, text, mode = 0o644) => writeInside(box, path, text, mode),
    freeze: () => { for (const pid of sshds()) signal(pid, "SIGSTOP"); },
    thaw: () => { for (const pid of sshds()) signal(pid, "SIGCONT"); },
    stop: () => box.stop(), start,
    changeHostKey: async () => {
      await insist(box, `f=/etc/ssh/ssh_host_ed25519_key; rm -f $f $f.pub; ssh-keygen -q -t ed25519 -N '' -C ${o.name} -f $f`);
      await box.stop();
      await start();
    },
    log: () => box.log(),
    destroy: () => box.destroy(),
    [Symbol.asyncDispose]: () => box.destroy(),
  };
};
