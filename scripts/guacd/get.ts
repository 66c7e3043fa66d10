/**
 * Fetches guacd once for this machine and unpacks it into a folder only root may write. Rules: no source of the machine's own apt is touched, and
 * no mirror is named: its own one is asked; nothing is unpacked whose checksum is another.
 */
import { createHash, randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readdir, readFile, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { needs } from "../../test/lab/needs.ts";
import { alive } from "../../test/lab/processes.ts";
import { BARE_ENV, must, run } from "../../test/lab/run.ts";
import { GUACD, GUACD_PACKAGES, unsuited } from "./packages.ts";

/** Where it is kept; `root` holds the unpacked tree. */
export const CACHE = "/var/cache/lockstep/guacd";
const LIBRARIES = "usr/lib/x86_64-linux-gnu";
/** The folder FreeRDP looks for its add-ins in is compiled in: without these two links drives and sound are silently off. */
const ADDINS = `/${LIBRARIES}/freerdp2`;
export type Guacd = { readonly program: string; readonly libraries: string };

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const DONE = GUACD.map((p) => p.sha256).join("\n");

/** The mirror this machine installs Debian from. A proxy in its apt configuration counts, too. */
const mirror = async (): Promise<string> => {
  const out = await must("apt-get", ["indextargets", "--format", "$(REPO_URI)|$(ORIGIN)|$(CODENAME)", "Created-By: Packages"]);
  const found = out.split("\n").map((l) => l.split("|")).find(([, origin, codename]) => origin === "Debian" && codename === "bookworm");
  if (found?.[0] === undefined) throw new Error("This machine's apt knows no Debian 12 mirror (apt-get update was never run?), so guacd's packages cannot be fetched. Run: apt-get update");
  return found[0];
};

const env = (): Record<string, string> => ({
  ...BARE_ENV, DEBIAN_FRONTEND: "noninteractive",
  ...Object.fromEntries(Object.entries(process.env).filter(([k, v]) => /^(https?|no|all)_proxy$/i.test(k) && v !== undefined)) as Record<string, string>,
});

/** An apt of its own: Debian 11's main alone (its security archive lacks files its own index names). */
const apart = async (dir: string): Promise<string[]> => {
  for (const part of ["lists/partial", "cache/archives/partial"]) await mkdir(path.join(dir, part), { recursive: true });
  await writeFile(path.join(dir, "status"), "");
  await writeFile(path.join(dir, "sources.list"), `deb [signed-by=${KEYRING}] ${await mirror()} bullseye main\n`);
  const set = {
    "Dir::State": dir, "Dir::State::lists": `${dir}/lists`, "Dir::State::status": `${dir}/status`, "Dir::Cache": `${dir}/cache`,
    "Dir::Etc::sourcelist": `${dir}/sources.list`, "Dir::Etc::sourceparts": "/dev/null", "Dir::Etc::preferencesparts": "/dev/null", "APT::Sandbox::User": "root", "Acquire::Retries": "3",
  };
  return ["-qq", ...Object.entries(set).flatMap(([k, v]) => ["-o", `${k}=${v}`])];
};

const fetched = async (dir: string): Promise<void> => {
  const options = await apart(path.join(dir, "apt")), debs = path.join(dir, "debs");
  await mkdir(debs, { recursive: true });
  const update = await run("apt-get", [...options, "update"], { env: env() });
  const got = update.code === 0 ? await run("apt-get", [...options, "download", ...GUACD.map((p) => `${p.name}=${p.version}`)], { env: env(), cwd: debs }) : update;
  if (got.code !== 0) throw new Error(`guacd's packages of Debian 11 could not be fetched from this machine's own mirror: ${got.stderr.trim().split("\n").slice(-3).join(" / ")}`);
  const files = await readdir(debs);
  for (const { name, sha256 } of GUACD) {
    const file = files.find((f) => f.startsWith(`${name}_`)), sum = file && createHash("sha256").update(readFileSync(path.join(debs, file))).digest("hex");
    if (file === undefined || sum !== sha256) throw new Error(`${file ?? name} is not the package that was tried here: its SHA-256 is ${sum ?? "missing"}, not ${sha256}. Nothing was unpacked.`);
    await must("dpkg", ["-x", path.join(debs, file), path.join(dir, "root")]);
  }
};

const linkAddIns = async (libraries: string): Promise<void> => {
  await mkdir(ADDINS, { recursive: true });
  for (const file of (await readdir(path.join(libraries, "freerdp2"))).filter((f) => f.endsWith(".so"))) {
    const link = path.join(ADDINS, file), to = path.join(libraries, "freerdp2", file);
    if (await readlink(link).catch(() => "") === to) continue;
    const fresh = `${link}.${process.pid}.${randomUUID()}`;
    await symlink(to, fresh);
    await rename(fresh, link);
  }
};

const unpacked = async (into: string): Promise<void> => {
  const fresh = `${into}.${process.pid}`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true, mode: 0o755 });
  try {
    await fetched(fresh);
    await rm(path.join(fresh, "apt"), { recursive: true, force: true });
    await writeFile(path.join(fresh, "done"), DONE);
    await rm(into, { recursive: true, force: true });
    await rename(fresh, into);
  } finally { await rm(fresh, { recursive: true, force: true }); }
};

const isDone = (into: string): boolean => existsSync(path.join(into, "done")) && readFileSync(path.join(into, "done"), "utf8") === DONE;
/** One at a time on this machine: whoever waited finds it done. A lock left by a process that is gone counts for nothing. */
const once = async (into: string): Promise<void> => {
  const lock = `${into}.lock`;
  await mkdir(path.dirname(into), { recursive: true, mode: 0o755 });
  for (; !isDone(into); await sleep(100)) {
    try { await writeFile(lock, String(process.pid), { flag: "wx" }); } catch {
      const pid = Number(await readFile(lock, "utf8").catch(() => "0"));
      if (pid > 0 && !alive(pid)) await rm(lock, { force: true });
      continue;
    }
    try { if (!isDone(into)) await unpacked(into); } finally { await rm(lock, { force: true }); }
  }
};

/** Ready to be started when it returns. */
export const getGuacd = async (into = CACHE): Promise<Guacd> => {
  const no = process.platform === "linux" ? unsuited(existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "", process.arch) : `guacd runs on Linux; this is ${process.platform}.`;
  if (no !== null) throw new Error(no);
  await needs({ linux: true, root: true, debian: GUACD_PACKAGES }, "guacd");
  await once(into);
  const libraries = path.join(into, "root", LIBRARIES);
  await linkAddIns(libraries);
  return { program: path.join(into, "root/usr/sbin/guacd"), libraries };
};
