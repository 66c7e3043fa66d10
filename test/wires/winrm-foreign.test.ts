/** The stand-in for WinRM is spoken to by a client of other people's: python3-winrm, by Basic and by NTLM. A second one: test/slow/winrm-client.test.ts. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CLIENT_PACKAGES, needs, WINRM_PACKAGES } from "../lab/needs.ts";
import { withMd4 } from "../lab/md4.ts";
import { run } from "../lab/run.ts";
import { scratch } from "../lab/scratch.ts";
import { winrmServer, type WinrmServer } from "../lab/winrm.ts";

let server: WinrmServer, ca: string, env: Record<string, string>;
beforeAll(async () => {
  await needs({ debian: [...WINRM_PACKAGES, ...CLIENT_PACKAGES] }, "A foreign client of WinRM");
  server = await winrmServer();
  server.machine.add("app1", "App1-Pw-1!x9Qz", "Remote Management Users");
  ca = join(await scratch("winrm-ca", false), "ca.crt");
  writeFileSync(ca, server.authority);
  env = await withMd4();
});
afterAll(() => server?.destroy());

const CLIENT = `
import sys, json
from winrm.protocol import Protocol
q = json.load(sys.stdin)
p = Protocol(endpoint="https://127.0.0.1:%d/wsman" % q["port"], transport=q["transport"], username="app1", password=q["password"], ca_trust_path=q["ca"], message_encryption="never")
try:
    s = p.open_shell(); c = p.run_command(s, "echo", ["one", "a <b> & 'c'"]); out, err, code = p.get_command_output(s, c); p.cleanup_command(s, c); p.close_shell(s)
    print(json.dumps([out.decode(), err.decode(), code]))
except Exception as e: print(json.dumps([type(e).__name__]))
`;
const asked = async (transport: string, password: string): Promise<unknown> => {
  const r = await run("/usr/bin/python3", ["-W", "ignore", "-c", CLIENT], { stdin: JSON.stringify({ port: server.port, transport, password, ca }), env });
  if (r.code !== 0) throw new Error(r.stderr);
  return JSON.parse(r.stdout);
};
test.each(["basic", "ntlm"])("python3-winrm by %s: let in with the right password, and run; refused with a wrong one", async (transport) => {
  expect(await asked(transport, "App1-Pw-1!x9Qz")).toEqual(["one a <b> & 'c'\r\n", "to stderr", 3]);
  expect(await asked(transport, "Wrong-1-wrong")).toEqual(["InvalidCredentialsError"]);
});
