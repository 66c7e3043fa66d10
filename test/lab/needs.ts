/** What a lab server needs of this machine. Rule: install it and say so in one line, or say in one sentence what to run. */
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GUACD_PACKAGES } from "../../scripts/guacd/packages.ts";
import { BARE_ENV, run } from "./run.ts";

export const HOST_PACKAGES = [
  "openssh-server", "openssh-client", "sudo", "libpam-pwquality", "cracklib-runtime", "wamerican", "procps", "util-linux", "iproute2", "sshpass",
  "perl-base",
] as const;
/** The clients people come with; rsync and git run on the target too, which shares this machine's tree. */
export const CLIENT_PACKAGES = ["rsync", "git", "ansible-core", "putty-tools", "dropbear-bin", "ssh-audit", "xauth", "python3", "netcat-openbsd"] as const;
export const POSTGRES_PACKAGES = ["postgresql"] as const;
export const OPENLDAP_PACKAGES = ["slapd", "ldap-utils", "openssl"] as const;
export const MARIADB_PACKAGES = ["mariadb-server", "openssl"] as const;
export const SAMBA_PACKAGES = ["samba", "smbclient", "samba-common-bin"] as const;
export const SAMBA_DC_PACKAGES = [
  ...SAMBA_PACKAGES, "samba-ad-dc", "samba-ad-provision", "samba-dsdb-modules", "samba-vfs-modules", "winbind", "krb5-user", "ldb-tools", "python3-samba", "acl", "attr",
  "python3-markdown", "python3-dnspython", "iproute2",
] as const;
/** A foreign client of WinRM, and of NTLM. */
export const WINRM_PACKAGES = ["python3-winrm", "python3-ntlm-auth", "python3", "openssl"] as const;
export const REDIS_PACKAGES = ["redis-server", "openssl"] as const;
/** A device with a command line; the other is a router. */
export const DEVICE_PACKAGES = ["busybox-static", "dropbear-bin", "openssl", "util-linux", "perl-base"] as const;
export const ROUTER_PACKAGES = ["frr"] as const;
export const INFLUXDB_PACKAGES = ["influxdb", "openssl"] as const;
export const ETCD_PACKAGES = ["etcd-server", "etcd-client", "openssl"] as const;
export const RABBITMQ_PACKAGES = ["rabbitmq-server", "openssl"] as const;
/** Machines on networks of their own. */
export const NETNS_PACKAGES = ["iproute2", "nftables", "procps"] as const;
export const MAIL_PACKAGES = ["exim4-daemon-light", "openssl"] as const;
/** An RDP server with a terminal for a desktop; what guacd loads is beside its packages (scripts/guacd). */
export const XRDP_PACKAGES = ["xrdp", "xorgxrdp", "xterm", "x11-xserver-utils", "x11-utils", "xclip", "fuse3", "openssl", "procps"] as const;
/** A VNC server with a terminal for a desktop. */
export const VNC_PACKAGES = ["tigervnc-standalone-server", "tigervnc-tools", "xterm", "x11-xserver-utils", "openssh-server"] as const;
/** Shells whose completion is tried as people use it; bash is everywhere. */
export const SHELL_PACKAGES = ["zsh", "fish"] as const;
export const BROWSER_PACKAGES = ["chromium", "fonts-dejavu-core", "fonts-liberation", "fonts-noto-color-emoji"] as const;

/** All that `npm test` needs, installed before the first of them begins: apt changes the tree that lab hosts stand on. The slow lane installs its own. */
export const SUITE_PACKAGES: readonly string[] = [...new Set<string>([
  ...HOST_PACKAGES, ...CLIENT_PACKAGES, ...POSTGRES_PACKAGES, ...OPENLDAP_PACKAGES, ...MARIADB_PACKAGES, ...SAMBA_PACKAGES,
  ...REDIS_PACKAGES, ...DEVICE_PACKAGES, ...ROUTER_PACKAGES, ...INFLUXDB_PACKAGES, ...ETCD_PACKAGES, ...MAIL_PACKAGES, ...WINRM_PACKAGES, ...SHELL_PACKAGES, ...BROWSER_PACKAGES, ...XRDP_PACKAGES, ...GUACD_PACKAGES,
])];

export type Needs = {
  debian?: readonly string[];
  root?: boolean;
  linux?: boolean;
  /** The right to make mount and pid namespaces: more than root in an unprivileged container has. */
  namespaces?: boolean;
};

/**
 * Under one lock, as apt's own does not cover its lists. Nothing may start: policy-rc.d 101 stands in for as long as there is none.
 * "$1" is the lock-free path of policy-rc.d, the rest are packages.
 */
const INSTALL = `
policy=$1; shift
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\\nexit 101\\n' > "$policy" && chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT; trap 'exit 130' HUP INT TERM
fi
get() { apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -qq "$@"; }
get install -y --no-install-recommends "$@" </dev/null && exit 0
get update && get install -y --no-install-recommends "$@" </dev/null
`;

/** Of `packages`, those dpkg does not call installed. */
export const missingPackages = async (packages: readonly string[]): Promise<string[]> => {
  if (packages.length === 0) return [];
  const { stdout } = await run("dpkg-query", ["-W", "-f", "${db:Status-Abbrev}${Package}\\n", ...packages]);
  const installed = new Set(stdout.split("\n").filter((line) => line.startsWith("ii ")).map((line) => line.slice(3).trim()));
  return packages.filter((name) => !installed.has(name));
};

/** apt may need the caller's proxy settings; nothing else of the environment is wanted. */
const aptEnv = (): Record<string, string> => {
  const proxies = Object.entries(process.env).filter(([key, value]) => /^(https?|no|all)_proxy$/i.test(key) && value !== undefined);
  return { ...BARE_ENV, DEBIAN_FRONTEND: "noninteractive", ...Object.fromEntries(proxies) } as Record<string, string>;
};

const install = async (packages: readonly string[], forWhat: string): Promise<void> => {
  process.stderr.write(`lab: installing ${packages.join(" ")} for ${forWhat}\n`);
  const lock = join(tmpdir(), "lockstep-lab-apt.lock");
  const out = await run("flock", [lock, "/bin/sh", "-c", INSTALL, "install", "/usr/sbin/policy-rc.d", ...packages], { env: aptEnv() });
  const still = await missingPackages(packages);
  if (still.length === 0) return;
  const why = (out.stderr || out.stdout).trim().split("\n").slice(-3).join(" / ");
  throw new Error(`${forWhat} needs ${still.join(", ")}, and apt-get could not install it: ${why}`);
};

const isRoot = (): boolean => process.getuid?.() === 0;

/** Throws one sentence, or returns with everything in place. `forWhat` starts that sentence, e.g. "A lab host". */
export const needs = async (wanted: Needs, forWhat: string): Promise<void> => {
  if ((wanted.linux || wanted.debian || wanted.namespaces) && process.platform !== "linux") {
    throw new Error(`${forWhat} needs Linux; this is ${process.platform}, so run it in a Debian 12 machine or container.`);
  }
  if (wanted.root && !isRoot()) throw new Error(`${forWhat} needs root; run the same command with sudo.`);
  const debian = existsSync("/etc/debian_version");
  const missing = debian ? await missingPackages(wanted.debian ?? []) : [...wanted.debian ?? []];
  if (missing.length > 0) {
    const list = missing.join(" ");
    if (!debian) throw new Error(`${forWhat} needs Debian 12 with ${list}; run it in a Debian machine or container.`);
    if (!isRoot()) throw new Error(`${forWhat} needs ${list}; run: sudo apt-get install -y --no-install-recommends ${list}`);
    await install(missing, forWhat);
  }
  if (wanted.namespaces && (await run("unshare", ["--mount", "--pid", "--uts", "--ipc", "--fork", "true"])).code !== 0) {
    throw new Error(`${forWhat} needs the right to make mount and pid namespaces; start the container with --privileged or use a whole machine.`);
  }
};
