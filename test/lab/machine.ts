/**
 * A little machine: an overlay over `/` in its own mount, pid, uts and ipc namespaces.
 * Rule: it never outlives its maker, and nothing it does is seen by the machine below, except its ports on 127.0.0.1.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { appendFileSync, closeSync, existsSync, openSync, readFileSync, rmSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeExit, childrenOf, ended, gone, sharingNamespace, signal, until } from "./processes.ts";
import { BARE_ENV, run } from "./run.ts";
import type { Outcome } from "./run.ts";
import { canBeUpper, scratch } from "./scratch.ts";

export type MachineOptions = {
  name: string;
  dir?: string;
  /** Shell that becomes the machine's pid 1 at every start; it must end in `exec`. */
  boot: string;
  /** Shell run once, before the first boot, then deleted: the place for secrets. Extra files for it appear below /lab. */
  setup?: string;
  files?: Record<string, string>;
  /** In the log: the machine is up. */
  ready: RegExp;
  /** How long it may take, in milliseconds. Default: half a minute. */
  patience?: number;
  /** A network of its own instead of the ports of this machine: the name below /run/netns. */
  network?: string;
};

export type Machine = {
  readonly dir: string;
  /** What differs from the machine below; readable without entering. */
  readonly upper: string;
  pid(): number;
  pids(): number[];
  log(): string;
  /** `command` is argv, so public: secrets go into `stdin`. */
  exec(command: string, stdin?: string): Promise<Outcome>;
  start(): Promise<void>;
  stop(): Promise<void>;
  destroy(): Promise<void>;
};

/**
 * mkdir, cp and mount only. Root has a home of the machine's own: bash reads root's .bashrc at every command over SSH, and what the machine below
 * keeps there would run each time.
 * index and metacopy off keep the upper layer readable from outside and mountable again at once.
 */
const init = (dir: string, name: string): string => `set -e
M=${dir}/m
mount -t overlay overlay -o index=off,metacopy=off,lowerdir=/,upperdir=${dir}/u,workdir=${dir}/w $M
mount -t proc proc $M/proc
mount -t sysfs -o ro sysfs $M/sys
mount -t tmpfs -o mode=755 tmpfs $M/dev
dev() { mknod -m 666 $M/dev/$1 c $2 $3; }
dev null 1 3; dev zero 1 5; dev full 1 7; dev random 1 8; dev urandom 1 9; dev tty 5 0
mkdir $M/dev/pts $M/dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts $M/dev/pts
ln -s pts/ptmx $M/dev/ptmx; ln -s /proc/self/fd $M/dev/fd; ln -s /proc/self/fd/0 $M/dev/stdin
ln -s /proc/self/fd/1 $M/dev/stdout; ln -s /proc/self/fd/2 $M/dev/stderr
mount -t tmpfs -o mode=1777 tmpfs $M/dev/shm
mount -t tmpfs -o mode=755 tmpfs $M/run
mount -t tmpfs -o mode=1777 tmpfs $M/tmp
[ -d ${dir}/root ] || { mkdir -m 700 ${dir}/root; cp -r /etc/skel/. ${dir}/root; }
mount --bind ${dir}/root $M/root
hostname ${name}; echo ${name} > $M/etc/hostname
printf '127.0.0.1 localhost\\n127.0.1.1 ${name}\\n' > $M/etc/hosts
cd $M; exec chroot . /bin/sh /lab/boot
`;

const boot = (last: string): string => `set -e
if [ -f /lab/setup ]; then /bin/sh -e /lab/setup </dev/null; rm -f /lab/setup; fi
${last}
`;

const lay = async (dir: string, options: MachineOptions): Promise<void> => {
  for (const part of ["u", "w", "m"]) await mkdir(join(dir, part), { recursive: true, mode: 0o755 });
  await writeFile(join(dir, "init"), init(dir, options.name));
  const lab = join(dir, "u/lab");
  const old = existsSync(lab); // a given directory holds a machine already: it keeps its disk
  if (!old) await mkdir(lab, { mode: 0o700 });
  await writeFile(join(lab, "boot"), boot(options.boot), { mode: 0o600 });
  if (old) return;
  for (const [name, text] of Object.entries(options.files ?? {})) await writeFile(join(lab, name), text, { mode: 0o600 });
  if (options.setup !== undefined) await writeFile(join(lab, "setup"), options.setup, { mode: 0o600 });
};

const ENTER = ["--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child", "--propagation", "private"];

/** pdeathsig ties unshare to this process, --kill-child ties pid 1 to unshare, and pid 1 takes its namespace along. */
const launch = (dir: string, network: string | undefined): ChildProcess => {
  const log = openSync(join(dir, "log"), "a");
  const within = network === undefined ? [] : ["nsenter", `--net=/run/netns/${network}`, "--"];
  const args = ["--pdeathsig", "KILL", ...within, "unshare", ...ENTER, "/bin/sh", join(dir, "init")];
  const child = spawn("setpriv", args, { env: BARE_ENV, cwd: "/", detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  child.unref();
  return child;
};

const READY_MS = 30_000, TERM_MS = 1_500;

/** unshare(1) ignores TERM, so pid 1 gets it; what is left after that is killed from the top. */
const halt = async (child: ChildProcess, inner: number | undefined): Promise<void> => {
  const all = inner === undefined ? [] : sharingNamespace(inner);
  for (const pid of all) signal(pid, "SIGCONT");
  if (inner !== undefined && all.length > 0) signal(inner, "SIGTERM");
  if (inner === undefined || !(await until(() => ended(child), TERM_MS, 5))) child.kill("SIGKILL");
  if (!(await until(() => ended(child), 5_000, 5)) || !(await gone(all, 5_000))) throw new Error("A lab machine would not end.");
};

const homeFor = async (options: MachineOptions): Promise<string> => {
  const dir = options.dir ?? await scratch(`host-${options.name}`, true);
  await mkdir(dir, { recursive: true, mode: 0o711 });
  if (!/^[\w./-]+$/.test(dir)) throw new Error(`A lab machine's directory may hold only letters, digits and ._-/, not ${dir}.`);
  if (!(await canBeUpper(dir))) throw new Error(`${dir} is on an overlay file system, which cannot carry another one.`);
  return dir;
};

export const machine = async (options: MachineOptions): Promise<Machine> => {
  const dir = await homeFor(options), logFile = join(dir, "log");
  await lay(dir, options);
  let child: ChildProcess | undefined, inner: number | undefined;
  const log = (): string => existsSync(logFile) ? readFileSync(logFile, "utf8") : "";
  const pid = (): number => { if (inner === undefined) throw new Error(`${options.name} is stopped.`); return inner; };
  const forget = beforeExit(() => { child?.kill("SIGKILL"); if (options.dir === undefined) rmSync(dir, { recursive: true, force: true }); });
  const stop = async (): Promise<void> => {
    const running = child, first = inner;
    child = inner = undefined;
    if (running !== undefined) await halt(running, ended(running) ? undefined : first);
  };
  const start = async (): Promise<void> => {
    if (child !== undefined) throw new Error(`${options.name} is running already.`);
    const seen = log().length, started = child = launch(dir, options.network);
    started.once("error", (error) => { appendFileSync(logFile, `${String(error)}\n`); });
    const up = await until(() => ended(started) || options.ready.test(log().slice(seen)), options.patience ?? READY_MS, 8);
    if (started.pid !== undefined && up && !ended(started)) inner = childrenOf(started.pid)[0];
    if (inner !== undefined) return;
    await stop();
    throw new Error(`${options.name} did not come up: ${log().slice(seen).trim().slice(-600)}`);
  };
  const exec = (command: string, stdin = ""): Promise<Outcome> => run(
    "nsenter", ["--target", String(pid()), "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd", "--", "/bin/sh", "-c", command], { stdin },
  );
  const destroy = async (): Promise<void> => { await stop(); forget(); await rm(dir, { recursive: true, force: true }); };
  return { dir, upper: join(dir, "u"), pid, pids: () => inner === undefined ? [] : sharingNamespace(inner), log, exec, start, stop, destroy };
};
