/**
 * A small device: BusyBox, dropbear and telnetd in a root of their own inside a lab machine. Rule: what it says of its accounts is read
 * from its disk, never through its servers.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { machine, type Machine } from "./machine.ts";
import { DEVICE_PACKAGES, needs } from "./needs.ts";
import { freePort, waitForPort } from "./ports.ts";
import { must, run, type Outcome } from "./run.ts";

export type Device = AsyncDisposable & {
  readonly port: number; readonly telnetPort: number;
  /** "ssh-ed25519 AAAA…" */
  readonly hostKey: string;
  add(name: string, password: string): Promise<void>;
  /** /etc/shadow's field. */
  shadow(name: string): string;
  opens(name: string, password: string): Promise<boolean>;
  /** Lines of passwd and shadow, the account's name first. */
  everybody(): string[];
  /** As root inside the device. Secrets go into `stdin`. */
  exec(command: string, stdin?: string): Promise<Outcome>;
  /** The ids of its processes as this machine sees them. */
  pids(): number[];
  stop(): Promise<void>; start(): Promise<void>; log(): string; destroy(): Promise<void>;
};

/** Everything dropbear needs is copied; BusyBox is one file. The root is made once and is plain files, so it outlives a restart. */
const SETUP = `set -e
mkdir -p /box/bin /box/sbin /box/usr/bin /box/etc/dropbear /box/dev /box/proc /box/tmp /box/root /box/home /box/lib /box/lib64 /box/var/log
cp /bin/busybox /box/bin/busybox; chmod 4755 /box/bin/busybox
chroot /box /bin/busybox --install -s /bin
for f in /usr/sbin/dropbear /usr/bin/dropbearkey; do
  cp $f /box/bin/
  ldd $f | grep -o '/[^ ]*' | while read lib; do mkdir -p /box/$(dirname $lib); cp -L $lib /box/$lib; done
done
printf 'root:x:0:0:root:/root:/bin/sh\\n' > /box/etc/passwd; printf 'root:x:0:\\nusers:x:100:\\n' > /box/etc/group
printf '/bin/sh\\n' > /box/etc/shells; printf 'passwd: files\\nshadow: files\\ngroup: files\\n' > /box/etc/nsswitch.conf
cp /lib/x86_64-linux-gnu/libnss_files.so.2 /box/lib/x86_64-linux-gnu/ 2>/dev/null || true
printf 'root:%s:19000:0:99999:7:::\\n' "$(openssl passwd -6 -stdin < /lab/root)" > /box/etc/shadow; chmod 600 /box/etc/shadow
chroot /box /bin/dropbearkey -t ed25519 -f /etc/dropbear/k > /dev/null
chroot /box /bin/dropbearkey -y -f /etc/dropbear/k | grep ^ssh- > /box/etc/dropbear/k.pub
rm -f /lab/root
`;
const boot = (ssh: number, telnet: number): string => `
mount --rbind /dev /box/dev; mount -t proc proc /box/proc; hostname box
chroot /box /bin/telnetd -p ${telnet} -b 127.0.0.1 -l /bin/login
exec chroot /box /bin/dropbear -F -E -r /etc/dropbear/k -p 127.0.0.1:${ssh}
`;
/** Runs inside; the hash comes by stdin. */
const ADD = `read -r h; n=$(wc -l < /etc/passwd); printf '%s:x:%s:100:%s:/home/%s:/bin/sh\\n' NAME $((1000 + n)) NAME NAME >> /etc/passwd
mkdir -p /home/NAME && chown $((1000 + n)):100 /home/NAME && printf '%s:%s:19000:0:99999:7:::\\n' NAME "$h" >> /etc/shadow`;
const CRYPT = 'local $/ = "\\0"; chomp(my ($hash, $password) = <STDIN>); exit(crypt($password, $hash) eq $hash ? 0 : 3)';

const lines = (box: Machine, file: string): string[] => readFileSync(join(box.upper, "box/etc", file), "utf8").trim().split("\n");
const fieldOf = (box: Machine, name: string): string => {
  const line = lines(box, "shadow").find((l) => l.startsWith(`${name}:`));
  if (line === undefined) throw new Error(`There is no account ${name}.`);
  return line.split(":")[1] ?? "";
};
const fits = async (hash: string, password: string): Promise<boolean> => {
  if (hash === "" || /^[!*]/.test(hash)) return false;
  return (await run("perl", ["-e", CRYPT], { stdin: `${hash}\0${password}\0` })).code === 0;
};
const NAME = /^[a-z_][a-z0-9_-]{0,30}$/;

/** Ready when it returns: SSH and Telnet answer on 127.0.0.1. */
export const busybox = async (o: { name: string; rootPassword: string }): Promise<Device> => {
  await needs({ linux: true, root: true, debian: DEVICE_PACKAGES, namespaces: true }, "A lab device");
  const port = await freePort(), telnetPort = await freePort();
  const box = await machine({ name: o.name, boot: boot(port, telnetPort), setup: SETUP, files: { root: `${o.rootPassword}\n` }, ready: /Not backgrounding/ });
  const start = async (): Promise<void> => { await box.start(); await waitForPort(port, /^SSH-2\.0-/); await waitForPort(telnetPort); };
  try { await start(); } catch (e) { await box.destroy(); throw e; }
  const add = async (name: string, password: string): Promise<void> => {
    if (!NAME.test(name)) throw new Error(`${name} cannot be an account of a lab device.`);
    const out = await box.exec(ADD.replaceAll("NAME", name), await must("openssl", ["passwd", "-6", "-stdin"], { stdin: `${password}\n` }));
    if (out.code !== 0) throw new Error(`Inside the lab device: ${out.stderr}`);
  };
  return {
    port, telnetPort, add, start, stop: () => box.stop(), log: () => box.log(), destroy: () => box.destroy(), [Symbol.asyncDispose]: () => box.destroy(), pids: () => box.pids(),
    hostKey: readFileSync(join(box.upper, "box/etc/dropbear/k.pub"), "utf8").trim().split(" ").slice(0, 2).join(" "),
    shadow: (name) => fieldOf(box, name), opens: (name, password) => fits(fieldOf(box, name), password),
    everybody: () => [...lines(box, "shadow"), ...lines(box, "passwd").map((l) => `${l.split(":")[0]!}: ${l}`)],
    exec: (command, stdin) => box.exec(command, stdin),
  };
};
