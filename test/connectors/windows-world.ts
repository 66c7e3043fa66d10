/** The stand-in for a Windows machine over WinRM as the contract wants its targets. Rule: whether a password is in force is what stands in its own table. */
import { createServer } from "node:tls";
import type { AddressInfo } from "node:net";
import { windowsWinrm, type WindowsWinrmConfig } from "../../src/connectors/windows-winrm.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { certificate } from "../lab/certificate.ts";
import type { WinrmServer } from "../lab/winrm.ts";
import { scratch } from "../lab/scratch.ts";
import type { Named, World } from "./contract.ts";

export const ADMINISTRATOR: Named = { name: "Administrator", password: "Admin-Pw-1!x9Qz" };
let serial = 0;
export const local = (server: WinrmServer, name = `app${++serial}`, ...groups: string[]): Named => {
  const password = `Old-${++serial}-${systemRandom.bytes(6).toString("base64url")}`;
  server.machine.add(name, password, ...(groups.length > 0 ? groups : ["Remote Management Users"]));
  return { name, password };
};
/** Another certificate, and whatever is said after it. */
const impostor: World<WindowsWinrmConfig>["impostor"] = async () => {
  const made = await certificate(await scratch("impostor", false)), shown: string[] = [], server = createServer({ cert: made.crt, key: made.key }, (s) => s.on("error", () => undefined).on("data", (d: Buffer) => shown.push(d.toString("latin1"))));
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((up) => server.listen(0, "127.0.0.1", up));
  return { address: { host: "127.0.0.1", port: (server.address() as AddressInfo).port }, shown: () => shown, close: () => server.close() };
};
export const world = (server: () => WinrmServer, login: "ntlm" | "basic"): World<WindowsWinrmConfig> => ({
  make: windowsWinrm, as: () => ADMINISTRATOR, impostor, seenRunning: /powershell\.exe -NoProfile/,
  config: () => ({ tls: "pinned", certificates: [server().fingerprint], authority: "", login, machine: "" }), address: () => ({ host: server().host, port: server().port }),
  account: () => Promise.resolve(local(server())), fits: (name, password) => Promise.resolve(server().machine.find(name)?.password === password), everybody: () => Promise.resolve(server().machine.everybody()),
  policy: () => Promise.resolve({ to: "abc1-", change: "administrative", words: /does not meet the machine's rules/, undo: () => Promise.resolve() }),
  stop: () => server().stop(), start: () => server().start(), log: () => Promise.resolve(server().log()), watch: () => Promise.resolve(() => Promise.resolve(server().commands().join("\n"))),
});
