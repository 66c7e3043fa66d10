/** What the worlds of both connectors for Linux hosts have in common. Rule: what a host says of itself is read by its own root, never through its sshd. */
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import type { LinuxHost } from "../lab/host.ts";
import { newKeyPair, receive, sshServer } from "../../src/wires/ssh.ts";
import type { World } from "./contract.ts";

export const insideOf = async (on: LinuxHost, command: string, stdin = ""): Promise<string> => {
  const r = await on.exec(command, stdin);
  if (r.code !== 0) throw new Error(`${command}: ${r.stderr}`);
  return r.stdout;
};
/** A server with another key that writes down every attempt to log in. */
export const impostor: World<unknown>["impostor"] = async () => {
  const shown: string[] = [], server = sshServer({ hostKeys: [newKeyPair().private] }, (connection) => {
    connection.on("error", () => undefined);
    connection.on("authentication", (ctx) => { shown.push(`${ctx.method} ${ctx.username}`); ctx.reject(["password", "publickey"]); });
  });
  const net = createServer((socket) => receive(server, socket));
  await new Promise<void>((up) => net.listen(0, "127.0.0.1", up));
  return { address: { host: "127.0.0.1", port: (net.address() as AddressInfo).port }, shown: () => shown, close: () => net.close() };
};
const WATCH = "rm -f /watch.on /watch.out; touch /watch.on; (while [ -e /watch.on ]; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ; sleep 0.005; done 2>/dev/null | tr '\\0' '\\n' > /watch.out) >/dev/null 2>&1 &";
export const watch = async (on: LinuxHost): Promise<() => Promise<string>> => {
  await insideOf(on, WATCH);
  return () => insideOf(on, "rm -f /watch.on; sleep 0.1; cat /watch.out");
};
