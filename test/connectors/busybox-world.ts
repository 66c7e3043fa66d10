/** A real BusyBox device as the contract wants its targets. Rule: whether a password is in force is asked of its shadow file, never of its servers. */
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { commandSet, shippedSet, SHIPPED, type CommandSetSettings } from "../../src/connectors/command-set.ts";
import { parseCommandSet, type CommandSet } from "../../src/domain/command-set/index.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { newKeyPair, receive, sshServer } from "../../src/wires/ssh.ts";
import type { Device } from "../lab/busybox.ts";
import type { Named, World } from "./contract.ts";

export const setFrom = (text: string): CommandSet => { const r = parseCommandSet(text); if ("mistakes" in r) throw new Error(JSON.stringify(r.mistakes)); return r.set; };
export const shipped = (name: string): CommandSet => setFrom(readFileSync(new URL(`../../command-sets/${name}.yaml`, import.meta.url), "utf8"));

let serial = 0;
/** A server with another key that writes down every attempt to log in. */
const impostor: World<CommandSetSettings>["impostor"] = async () => {
  const shown: string[] = [], server = sshServer({ hostKeys: [newKeyPair().private] }, (connection) => {
    connection.on("error", () => undefined);
    connection.on("authentication", (ctx) => { shown.push(`${ctx.method} ${ctx.username}`); ctx.reject(["password"]); });
  });
  const net = createServer((socket) => receive(server, socket));
  await new Promise<void>((up) => net.listen(0, "127.0.0.1", up));
  return { address: { host: "127.0.0.1", port: (net.address() as AddressInfo).port }, shown: () => shown, close: () => net.close() };
};
const seen = (pids: readonly number[]): string => pids.map((pid) => {
  try { return `${readFileSync(`/proc/${String(pid)}/cmdline`, "utf8")}\n${readFileSync(`/proc/${String(pid)}/environ`, "utf8")}`.replaceAll("\0", "\n"); } catch { return ""; }
}).join("\n");

export const account = async (device: Device): Promise<Named> => {
  const who = { name: `app${++serial}`, password: `Old-${serial}-${systemRandom.bytes(6).toString("base64url")}` };
  await device.add(who.name, who.password);
  return who;
};
export const overSsh = (d: Device): CommandSetSettings => ({ over: "ssh-shell", hostKeys: [d.hostKey], plaintext: false, version: SHIPPED });
export const overTelnet: CommandSetSettings = { over: "telnet", hostKeys: [], plaintext: true, version: SHIPPED };

export const world = (device: () => Device, set: CommandSet, as: Named, over: CommandSetSettings["over"]): World<CommandSetSettings> => ({
  make: () => shippedSet(set), as: () => as, impostor, seenRunning: /passwd\n-a\nsha512\napp\d+/,
  // passwd wants it twice: the change leaves with the second one.
  struck: (onSend) => { let sent = 0; return commandSet(set, { version: () => set, newest: SHIPPED, onSend: () => { if (++sent === 2) onSend(); } }); },
  config: () => (over === "telnet" ? overTelnet : { ...overSsh(device()), over }),
  address: () => ({ host: "127.0.0.1", port: over === "telnet" ? device().telnetPort : device().port }),
  account: () => account(device()), fits: (name, password) => device().opens(name, password),
  everybody: () => Promise.resolve(device().everybody()),
  policy: () => Promise.resolve({ to: "abc", change: "own", words: /Bad password: too short/, undo: () => Promise.resolve() }),
  stop: () => device().stop(), start: () => device().start(),
  log: async () => device().log() + (await device().exec("cat /var/log/* /root/.ash_history /home/*/.ash_history 2>/dev/null; true")).stdout,
  watch: () => {
    const all = new Set<string>(), timer = setInterval(() => all.add(seen(device().pids())), 5);
    return Promise.resolve(() => { clearInterval(timer); return Promise.resolve([...all].join("\n")); });
  },
});
