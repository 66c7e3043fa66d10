/**
 * VNC servers on a lab host: TigerVNC's, as users of the host start them, on its loopback address. Rule: a display of its own each, everything on the host's
 * own disk, ended with the host.
 */
import { randomInt } from "node:crypto";
import type { LinuxHost } from "./host.ts";
import { needs, VNC_PACKAGES } from "./needs.ts";
import { freePort, waitForPort } from "./ports.ts";

export type Vnc = { readonly port: number; stop(): Promise<void> };
/** As TigerVNC names them. `VncAuth`: a password in the user's own file; `TLSPlain`: the user's login, by PAM. */
export type VncKind = "None" | "VncAuth" | "TLSPlain";

const START = (user: string, port: number, display: number, kind: VncKind): string => `set -e
install -d -m 1777 /tmp/.X11-unix
setsid setpriv --reuid='${user}' --regid='${user}' --init-groups env HOME=/home/${user} Xtigervnc :${String(display)} -rfbport ${String(port)} -localhost -geometry 900x700 -depth 24 \
  -SecurityTypes ${kind} -PlainUsers '*' -PAMService sshd ${kind === "VncAuth" ? `-rfbauth /home/${user}/.vnc/passwd` : ""} </dev/null >/tmp/vnc-${String(display)}.log 2>&1 & echo $! > /run/vnc-${String(display)}.pid
for i in $(seq 100); do [ -S /tmp/.X11-unix/X${String(display)} ] && break; sleep 0.05; done
setsid setpriv --reuid='${user}' --regid='${user}' --init-groups env HOME=/home/${user} DISPLAY=:${String(display)} sh -c "xsetroot -solid '#205080'; exec xterm -geometry 100x40+40+40 -fa '' -fn fixed" </dev/null >/dev/null 2>&1 &
`;
/** Ready when it returns. `password`: the server's own, of eight characters at most. */
export const vncServer = async (on: LinuxHost, user: string, kind: VncKind, password = ""): Promise<Vnc> => {
  await needs({ linux: true, debian: VNC_PACKAGES }, "A lab VNC server");
  const port = await freePort(), display = randomInt(5_000, 9_000);
  const inside = async (command: string, stdin?: string): Promise<string> => {
    const out = await on.exec(command, stdin);
    if (out.code !== 0) throw new Error(`Inside the lab VNC server: ${(out.stderr || out.stdout).trim().slice(-600)} ${(await on.exec(`cat /tmp/vnc-${String(display)}.log`)).stdout.slice(-600)}`);
    return out.stdout;
  };
  if (kind === "VncAuth") await inside(`d=/home/${user}/.vnc; mkdir -p $d; tigervncpasswd -f > $d/passwd; chmod 600 $d/passwd; chown -R '${user}:' $d`, `${password}\n`);
  await inside(START(user, port, display, kind));
  await waitForPort(port);
  return { port, stop: async () => { await inside(`kill "$(cat /run/vnc-${String(display)}.pid)" || true`); } };
};
