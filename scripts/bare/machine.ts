/**
 * A Debian 12 with nothing on it: debootstrap's smallest, this machine's Node and npm, and its ways to the mirror and the registry. Rule: each
 * command has mount, pid, uts and ipc namespaces of its own, so nothing it leaves behind outlives it; nothing is changed outside the directory.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { spawn } from "node:child_process";
import { must, run } from "../../test/lab/run.ts";

export type Ran = { readonly code: number; readonly out: string; readonly seconds: number };
export type Bare = { readonly dir: string; readonly node: string; at(script: string, o?: { alone?: boolean; show?: boolean }): Promise<Ran> };

/** The mirror and the release's own name as apt knows them. */
const mirror = async (): Promise<string> => {
  const lines = (await must("apt-get", ["indextargets", "--format", "$(CODENAME) $(COMPONENT) $(REPO_URI)", "Created-By: Packages"])).split("\n");
  const found = lines.find((l) => l.startsWith("bookworm main "));
  if (found === undefined) throw new Error("apt on this machine knows no mirror of Debian 12 (bookworm), so no bare one can be made.");
  return found.split(" ")[2]!;
};

const copyIf = (from: string, dir: string): void => { if (existsSync(from)) cpSync(from, path.join(dir, from), { recursive: true, dereference: true }); };
/** What says how to reach things; nothing that says what is installed. */
const ways = (dir: string): void => {
  for (const file of ["/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt", "/etc/apt/sources.list", "/etc/apt/sources.list.d", "/etc/npmrc"]) copyIf(file, dir);
  for (const name of readdirSync("/etc/apt/apt.conf.d")) if (readFileSync(`/etc/apt/apt.conf.d/${name}`, "utf8").includes("Acquire::")) copyIf(`/etc/apt/apt.conf.d/${name}`, dir);
  rmSync(path.join(dir, "var/lib/apt/lists"), { recursive: true, force: true });
};
/** npm tells its children which Node and which npm it is; the project's own newer Node is not what a fresh machine has. */
const nodeAndNpm = (dir: string): string => {
  const node = process.env["npm_node_execpath"], cli = process.env["npm_execpath"];
  if (!node || !cli) throw new Error("Run this with: npm run bare");
  const npm = path.resolve(cli, "../..");
  cpSync(node, path.join(dir, "usr/bin/node"));
  cpSync(npm, path.join(dir, "usr/lib/node_modules/npm"), { recursive: true, dereference: true });
  copyIf(path.join(path.dirname(path.dirname(node)), "etc/npmrc"), dir);
  for (const tool of ["npm", "npx"]) writeFileSync(path.join(dir, "usr/bin", tool), `#!/bin/sh\nexec node /usr/lib/node_modules/npm/bin/${tool}-cli.js "$@"\n`, { mode: 0o755 });
  return node;
};

const PASSED = /^(https?_proxy|no_proxy|all_proxy|NODE_EXTRA_CA_CERTS)$/i;
const env = (): Record<string, string> => ({
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root", LC_ALL: "C.UTF-8",
  ...Object.fromEntries(Object.entries(process.env).filter(([k]) => PASSED.test(k))) as Record<string, string>,
});

/** `alone`: without the machine's network, so that the demo's ports are free whatever else runs here. */
const enter = (dir: string, alone: boolean): string => `set -e
mount --bind ${dir} ${dir}; cd ${dir}
mount -t proc proc proc; mount -t sysfs -o ro sysfs sys; mount -t tmpfs -o mode=755 tmpfs dev
for d in "null 3" "zero 5" "full 7" "random 8" "urandom 9"; do set -- $d; mknod -m 666 dev/$1 c 1 $2; done
mknod -m 666 dev/tty c 5 0; mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts dev/pts; mount -t tmpfs -o mode=1777 tmpfs dev/shm
ln -s pts/ptmx dev/ptmx; ln -s /proc/self/fd dev/fd; ln -s /proc/self/fd/0 dev/stdin; ln -s /proc/self/fd/1 dev/stdout; ln -s /proc/self/fd/2 dev/stderr
mount -t tmpfs -o mode=755 tmpfs run
hostname bare${alone ? "; ip link set lo up" : ""}
exec chroot . /bin/sh /root/step
`;

const APART = ["--mount", "--pid", "--uts", "--ipc"], TIED = ["--fork", "--kill-child", "--propagation", "private"];
/** One that is laid out already. */
export const machineIn = (dir: string): Pick<Bare, "dir" | "at"> => ({
  dir,
  at: (script, { alone = false, show = false } = {}) => new Promise((resolve, reject) => {
    writeFileSync(path.join(dir, "root/step"), script);
    const begun = performance.now(), args = ["--pdeathsig", "KILL", "unshare", ...APART, ...(alone ? ["--net"] : []), ...TIED, "/bin/sh", "-c", enter(dir, alone)];
    const child = spawn("setpriv", args, { env: env(), cwd: "/", stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    for (const from of [child.stdout, child.stderr]) from.setEncoding("utf8").on("data", (d: string) => { out += d; if (show) process.stderr.write(d); });
    child.once("error", reject).once("close", (code) => { resolve({ code: code ?? 128, out, seconds: Math.round((performance.now() - begun) / 100) / 10 }); });
  }),
});

export const bare = async (base: string, dir: string): Promise<Bare> => {
  if (!existsSync(path.join(base, "etc/debian_version"))) {
    mkdirSync(base, { recursive: true });
    await must("debootstrap", ["--variant=minbase", "bookworm", base, await mirror()]);
  }
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir);
  await must("cp", ["-a", `${base}/.`, dir]);
  ways(dir);
  return { ...machineIn(dir), node: (await run(nodeAndNpm(dir), ["--version"])).stdout.trim() };
};
