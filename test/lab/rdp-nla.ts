/** An RDP server that lets nobody draw before NLA: FreeRDP's shadow server over a virtual screen, in place of Windows. Rule: its own directory, loopback, ended by its own pids. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { randomInt } from "node:crypto";
import { daemon, type Daemon } from "./daemon.ts";
import { needs } from "./needs.ts";
import { freePort, waitForPort } from "./ports.ts";
import { must, run } from "./run.ts";
import { scratch } from "./scratch.ts";

export const NLA_PACKAGES = ["freerdp2-shadow-x11", "xvfb", "x11-xserver-utils", "xterm", "openssl"] as const;
export const NLA_PASSWORD = "Nla-Pass-1";
export type NlaServer = { readonly port: number; destroy(): Promise<void> };

/** NT hash: MD4 of the password in UTF-16, which OpenSSL keeps among its legacy algorithms. */
const ntHash = async (password: string): Promise<string> =>
  (await must("openssl", ["dgst", "-md4", "-provider", "legacy", "-provider", "default"], { stdin: Buffer.from(password, "utf16le").toString("latin1") })).trim().replace(/^.*[ =]/, "");

export const nlaServer = async (): Promise<NlaServer> => {
  await needs({ linux: true, root: true, debian: NLA_PACKAGES }, "A lab RDP server with NLA");
  const dir = await scratch("rdp-nla", false), screen = await scratch("rdp-nla-x", false), display = `:${randomInt(5_100, 6_000)}`, port = await freePort();
  await writeFile(join(dir, "sam"), `nlauser:::${await ntHash(NLA_PASSWORD)}:::\n`, { mode: 0o600 });
  const x: Daemon = daemon({ called: "A virtual screen", dir: screen, command: () => ["Xvfb", display, "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"], ready: async () => (await run("xset", ["-display", display, "q"])).code === 0 });
  const shadow: Daemon = daemon({ called: "A lab RDP server with NLA", dir, env: { DISPLAY: display, HOME: dir }, command: () => ["freerdp-shadow-cli", `/port:${port}`, "/bind-address:127.0.0.1", "/sec:nla", `/sam-file:${join(dir, "sam")}`, "+auth"], ready: async () => { try { await waitForPort(port, undefined, 50); return true; } catch { return false; } } });
  // Something has to be drawn, or nothing is ever sent.
  const desk = await scratch("rdp-nla-desk", false), xterm: Daemon = daemon({ called: "A terminal", dir: desk, env: { DISPLAY: display }, command: () => ["xterm", "-geometry", "80x24+10+10", "-e", "sh", "-c", "while :; do date; sleep 0.3; done"], ready: () => true });
  await x.start();
  await xterm.start();
  await shadow.start();
  return { port, destroy: async () => { await shadow.destroy(); await xterm.destroy(); await x.destroy(); } };
};
