/** A router for tests: a FRRouting daemon with its own command line over Telnet, and vtysh behind a real sshd. Rule: staticd alone runs, which touches no route of the machine below. */
import { linuxHost, type LinuxHost } from "./host.ts";
import { needs, ROUTER_PACKAGES } from "./needs.ts";
import { freePort, waitForPort } from "./ports.ts";

export type Router = AsyncDisposable & {
  /** sshd, where `netadmin` gets vtysh for a shell. */
  readonly host: LinuxHost; readonly vtyPort: number;
  /** What it has saved. */
  saved(): Promise<string>;
  /** Kills the daemon and starts it again from what was saved. */
  reboot(): Promise<void>;
  stop(): Promise<void>; start(): Promise<void>; destroy(): Promise<void>;
};
const CONF = "/etc/frr/staticd.conf";

export const router = async (o: { name: string; vtyPassword: string; adminPassword: string }): Promise<Router> => {
  await needs({ linux: true, root: true, debian: ROUTER_PACKAGES, namespaces: true }, "A lab router");
  const host = await linuxHost({ name: o.name, accounts: { netadmin: o.adminPassword }, setup: "usermod -s /usr/bin/vtysh -aG frr,frrvty netadmin" });
  let vtyPort = 0;
  const inside = async (command: string, stdin = ""): Promise<string> => {
    const r = await host.exec(command, stdin);
    if (r.code !== 0) throw new Error(`Inside the lab router: ${r.stderr}`);
    return r.stdout;
  };
  const start = async (): Promise<void> => {
    vtyPort ||= await freePort();
    await inside(`mkdir -p /run/frr && chown frr:frr /run/frr /etc/frr && /usr/lib/frr/staticd -d -f ${CONF} -A 127.0.0.1 -P ${vtyPort}`);
    await waitForPort(vtyPort, /Password: /);
  };
  const end = async (): Promise<void> => { await inside("kill -KILL $(cat /run/frr/staticd.pid); rm -f /run/frr/staticd.pid /run/frr/staticd.vty; sleep 0.1"); };
  await inside(`cat > ${CONF}; chown frr:frr ${CONF}; chmod 640 ${CONF}; printf 'service integrated-vtysh-config\\n' > /dev/null; printf 'no service integrated-vtysh-config\\n' > /etc/frr/vtysh.conf; chown frr:frrvty /etc/frr/vtysh.conf`,
    `hostname rtr1\npassword ${o.vtyPassword}\nenable password ${o.vtyPassword}\n`);
  try { await start(); } catch (e) { await host.destroy(); throw e; }
  return {
    host, get vtyPort() { return vtyPort; }, saved: () => inside(`cat ${CONF}`), reboot: async () => { await end(); await start(); }, stop: end, start,
    destroy: () => host.destroy(), [Symbol.asyncDispose]: () => host.destroy(),
  };
};
