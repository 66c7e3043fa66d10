/**
 * A real RDP server on a lab host: xrdp with Xorg sessions of the host's own accounts, by PAM. Rule: everything it writes is on the host's own disk,
 * and it ends with the host.
 */
import { randomInt } from "node:crypto";
import type { LinuxHost } from "./host.ts";
import { needs, XRDP_PACKAGES } from "./needs.ts";
import { freePort, waitForPort } from "./ports.ts";

export type Xrdp = {
  readonly host: string; readonly port: number;
  /** SHA-256 of its certificate, `AA:BB:…`, as openssl says it on the host. */
  fingerprint(): Promise<string>;
  /** Sessions of this account that are logged in: processes of its own X server. */
  logins(user: string): Promise<number>;
  /** Its terminal takes what is typed. */
  typing(user: string): Promise<boolean>;
  /** How often its shell has prompted: once more after each Enter that arrived. */
  prompts(user: string): Promise<number>;
  changeCertificate(): Promise<void>;
  stop(): Promise<void>; start(): Promise<void>; log(): Promise<string>;
};

const CERTIFY = "cd /etc/xrdp; rm -f cert.pem key.pem; openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=xrdp.lab -keyout key.pem -out cert.pem 2>/dev/null; chown xrdp key.pem; chmod 400 key.pem";
/** A desktop of one terminal: it has the pointer over it, so it has the keyboard. A file says how often its shell has prompted. */
const UP = "/tmp/terminal-of";
const DESKTOP = `#!/bin/sh
rm -f ${UP}-$(id -un)
xsetroot -solid '#205080'
exec xterm -geometry 100x40+40+40 -fa '' -fn fixed -e env PROMPT_COMMAND="printf . >> ${UP}-$(id -un)" bash
`;
/** sesman's port is read by xrdp from /etc/xrdp/sesman.ini, whatever it is started with. Displays are one number space for every host here. */
const setup = (address: string, port: number, sesman: number, display: number): string => `set -e
cd /etc/xrdp
sed -i -e 's#^port=3389#port=tcp://${address}:${String(port)}#' -e 's#^certificate=.*#certificate=/etc/xrdp/cert.pem#' -e 's#^key_file=.*#key_file=/etc/xrdp/key.pem#' \
 -e 's#^autorun=.*#autorun=Xorg#' -e 's#^LogFile=.*#LogFile=/var/log/xrdp-lab.log#' -e 's#^EnableSyslog=.*#EnableSyslog=false#' xrdp.ini
sed -i -e 's#^ListenPort=.*#ListenPort=${String(sesman)}#' -e 's#^LogFile=.*#LogFile=/var/log/sesman-lab.log#' -e 's#^EnableSyslog=.*#EnableSyslog=false#' \
 -e 's#^EnableUserWindowManager=.*#EnableUserWindowManager=false#' -e 's#^KillDisconnected=.*#KillDisconnected=true#' -e 's#^AllowRootLogin=.*#AllowRootLogin=false#' \
 -e 's#^X11DisplayOffset=.*#X11DisplayOffset=${String(display)}#' sesman.ini
cat > startwm.sh; chmod 755 startwm.sh
touch /var/log/xrdp-lab.log; chown xrdp /var/log/xrdp-lab.log
${CERTIFY}
[ -e /dev/fuse ] || mknod -m 666 /dev/fuse c 10 229 || true
`;
const START = `set -e
. /usr/share/xrdp/socksetup
setsid /usr/sbin/xrdp-sesman -n </dev/null >/var/log/sesman-lab.out 2>&1 & echo $! > /run/sesman-lab.pid
setsid setpriv --reuid=xrdp --regid=xrdp --init-groups /usr/sbin/xrdp -n </dev/null >/var/log/xrdp-lab.out 2>&1 & echo $! > /run/xrdp-lab.pid
`;
const STOP = "for n in xrdp sesman; do kill \"$(cat /run/$n-lab.pid)\" 2>/dev/null || true; done; pkill -x xrdp || true; pkill -x xrdp-sesman || true";

/** Ready when it returns. `address`: of the host's own network namespace, which this process does not look into. `desktop`: the script a login is shown by. */
export const xrdp = async (on: LinuxHost, address?: string, desktop = DESKTOP): Promise<Xrdp> => {
  await needs({ linux: true, debian: XRDP_PACKAGES }, "A lab RDP server");
  const port = await freePort(), sesman = await freePort();
  const inside = async (command: string, stdin?: string): Promise<string> => {
    const out = await on.exec(command, stdin);
    if (out.code !== 0) throw new Error(`Inside the lab RDP server: ${(out.stderr || out.stdout).trim().slice(-600)}`);
    return out.stdout;
  };
  const start = async (): Promise<void> => { await inside(START); if (address === undefined) await waitForPort(port); };
  await inside(setup(address ?? "127.0.0.1", port, sesman, randomInt(100, 5_000)), desktop);
  await start();
  return {
    host: address ?? "127.0.0.1", port, start, stop: async () => { await inside(STOP); },
    fingerprint: async () => (await inside("openssl x509 -in /etc/xrdp/cert.pem -noout -fingerprint -sha256")).trim().replace(/^.*=/, ""),
    logins: async (user) => Number((await on.exec(`pgrep -c -u '${user}' Xorg`)).stdout.trim()),
    typing: async (user) => (await on.exec(`pgrep -x -u '${user}' xterm >/dev/null && test -e ${UP}-'${user}'`)).code === 0,
    prompts: async (user) => Number((await on.exec(`stat -c %s ${UP}-'${user}'`)).stdout.trim()),
    changeCertificate: async () => { await inside(CERTIFY); },
    log: async () => (await on.exec("cat /var/log/xrdp-lab.* /var/log/sesman-lab.* 2>/dev/null")).stdout,
  };
};
