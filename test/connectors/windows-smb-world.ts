/** A real SMB server with local accounts (Samba standalone) as the contract wants its targets. Rule: whether a password is in force is the NT hash in its own database. */
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { windowsSmb, type WindowsSmbConfig } from "../../src/connectors/windows-smb.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { run } from "../lab/run.ts";
import type { SambaServer } from "../lab/samba.ts";
import type { Named, World } from "./contract.ts";

let serial = 0;
export const local = async (server: SambaServer, name = `app${++serial}`): Promise<Named> => {
  const password = `Old-${++serial}-${systemRandom.bytes(6).toString("base64url")}`;
  await server.account(name, password);
  return { name, password };
};
/** MD4 is not in OpenSSL's usual provider any more. */
const ntHash = async (password: string): Promise<string> =>
  (await run("sh", ["-c", "base64 -d | openssl dgst -provider legacy -md4 -r"], { stdin: Buffer.from(password, "utf16le").toString("base64") })).stdout.slice(0, 32).toUpperCase();
export const fits = async (server: SambaServer, name: string, password: string): Promise<boolean> =>
  (await server.everybody()).find((line) => line.startsWith(`${name}:`))?.split(":")[1] === await ntHash(password);

/** Takes whatever is said to it and answers nothing that makes sense. */
const recorder: World<WindowsSmbConfig>["impostor"] = async () => {
  const shown: string[] = [], server = createServer((s) => { s.on("error", () => undefined).on("data", (part: Buffer) => { shown.push(part.toString("latin1"), part.toString("utf16le")); s.write("HTTP/1.1 400 no\r\n\r\n"); s.end(); }); });
  await new Promise<void>((up) => server.listen(0, "127.0.0.1", up));
  return { address: { host: "127.0.0.1", port: (server.address() as AddressInfo).port }, shown: () => shown, close: () => server.close() };
};
export const world = (server: () => SambaServer): World<WindowsSmbConfig> => ({
  make: windowsSmb, as: () => ({ name: "root", password: server().administrator }), impostor: recorder, seenRunning: /smbd[\s\S]*rpcclient|rpcclient[\s\S]*smbd/,
  config: () => ({ machine: "" }), address: () => ({ host: server().host, port: server().port }), account: () => local(server()),
  fits: (name, password) => fits(server(), name, password), everybody: () => server().everybody(),
  policy: () => Promise.resolve({ to: "abc1-", change: "own", words: /does not meet the machine's rules/, undo: () => Promise.resolve() }),
  stop: () => server().stop(), start: () => server().start(), log: () => server().log(),
  watch: () => {
    const seen = new Set<string>(), here = `/proc/${process.pid}/task/${process.pid}/children`;
    const look = (): void => {
      const children = readFileSync(here, "utf8").trim().split(" ").filter(Boolean).map(Number);
      for (const pid of [...server().box.pids(), ...children]) for (const f of ["cmdline", "environ"]) try { seen.add(readFileSync(`/proc/${pid}/${f}`, "utf8")); } catch { /* ended meanwhile */ }
    };
    const timer = setInterval(look, 3);
    return Promise.resolve(() => { clearInterval(timer); look(); return Promise.resolve([...seen].join("\n")); });
  },
});
