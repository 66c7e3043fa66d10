/**
 * The connector for Windows over OpenSSH, against a real sshd on Linux with a program of ours named powershell.exe. Rule: it shows that scripts, values and answers get through a real SSH server as
 * they are, and what a login proves there; nothing about PowerShell, Windows or its own OpenSSH.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { settled } from "../../src/connectors/connector.ts";
import { windowsSsh, type WindowsSshConfig } from "../../src/connectors/windows-ssh.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { newPrivateKey, publicPart } from "../../src/wires/ssh.ts";
import { linuxHost, type LinuxHost } from "../lab/host.ts";
import { atServer, contract, fresh, type Named, type World } from "../connectors/contract.ts";
import { impostor, insideOf, watch } from "../connectors/linux-world.ts";

const ROOT: Named = { name: "root", password: "Root-Pw-1!x9Qz" }, KEY = newPrivateKey(systemRandom), { type, blob } = publicPart(KEY)!;
/** Which script it is, is told by what it does; the values come as the real one would read them. */
const STAND_IN = String.raw`#!/usr/bin/python3
import base64, os, pwd, subprocess, sys
def say(text): sys.stdout.write("lockstep " + text + "\r\n"); sys.stdout.flush()
def error(code): say("error %s System.Runtime.InteropServices.COMException" % code); sys.exit()
if sys.argv[1:4] != ["-NoProfile", "-NonInteractive", "-EncodedCommand"] or len(sys.argv) != 5: sys.exit(64)
text = base64.b64decode(sys.argv[4], validate=True).decode("utf-16-le")
lines = [base64.b64decode(l, validate=True) for l in sys.stdin.read().split("\r\n")[:-1]]
if not lines or lines[-1] != b"end": say("cut"); sys.exit()
name = lines[0].decode() if len(lines) > 1 else None
if name is not None:
    try: pwd.getpwnam(name)
    except KeyError: error("800708ad")
if "SetPassword" in text:
    say("found")
    if os.getuid() != 0: error("80070005")
    if len(lines[1]) < 8: error("800708c5")
    subprocess.run(["/usr/sbin/chpasswd"], input=lines[0] + b":" + lines[1] + b"\n", check=True)
    say("done")
elif "look {0}" in text: say("look 512 0 0")
elif "admin {0}" in text: say("admin %d" % (os.getuid() == 0))
else:
    if os.getuid() != 0: error("80070005")
    every = pwd.getpwall()
    for p in every: say("account %s 512 0 %d -" % (base64.b64encode(p.pw_name.encode()).decode(), p.pw_uid == 0))
    say("accounts %d" % len(every))
`;
let host: LinuxHost, serial = 0;
beforeAll(async () => {
  host = await linuxHost({ name: "not-windows", rootPassword: ROOT.password, authorizedKey: `${type} ${blob}`, accounts: { bystander: "By-Stander-1!" }, extraSshd: "LogLevel DEBUG2\nMaxAuthTries 6" });
  await host.write("/usr/local/bin/powershell.exe", STAND_IN, 0o755);
});
afterAll(async () => { await host?.destroy(); });
const inside = (command: string, stdin = ""): Promise<string> => insideOf(host, command, stdin);
const account = async (): Promise<Named> => {
  const who = { name: `app${++serial}`, password: `Old-${serial}-${systemRandom.bytes(6).toString("base64url")}` };
  await inside(`useradd -m -s /bin/bash ${who.name} && chpasswd`, `${who.name}:${who.password}\n`);
  return who;
};
const world: World<WindowsSshConfig> = {
  seenRunning: /powershell\.exe\n-NoProfile\n/, make: windowsSsh, as: () => ROOT, account, impostor, config: () => ({ hostKeys: [host.hostKey] }), address: () => ({ host: "127.0.0.1", port: host.port }),
  fits: (name, password) => host.opens(name, password), everybody: async () => (await inside("cut -d: -f1,2 /etc/shadow")).trim().split("\n"),
  policy: () => Promise.resolve({ to: "short", change: "administrative", words: /does not meet the machine's rules/, undo: () => Promise.resolve() }),
  stop: () => host.stop(), start: () => host.start(), log: async () => host.log() + await inside("cat /var/log/*.log /root/.*history 2>/dev/null; true"), watch: () => watch(host),
};

describe("as an administrator", () => { contract("windows-ssh", () => world, { blind: true, chatty: true, lists: true }); });

const c = windowsSsh(), { change, probe, link, soon, as } = atServer(c, world);
describe("over a real sshd", () => {
  test("values of any kind arrive as they are; who is none changes nobody", async () => {
    const who = await account(), to = "Ünï-€uro 'q' \"dq\" $x `b` \\ %PATH% ^&|<>!";
    expect([await change(who, to), await probe(who, to), await host.opens(who.name, to)]).toEqual(["done", "yes", true]);
    expect(await change({ name: "bystander" }, fresh(), { ...who, password: to })).toEqual({ refused: expect.stringContaining("right to do it is missing") });
  });
  test("an administrator may log in by a key that the vault holds", async () => {
    const who = await account(), to = fresh();
    expect([await change(who, to, { name: "root", password: reveal(KEY) }), await probe(who, to)]).toEqual(["done", "yes"]);
  });
  test("a refused login is a no only by the administrator's word", async () => {
    const who = await account(), said = await probe(who, "Wrong-1-wrong");
    expect(said).toEqual({ unknown: expect.stringContaining("only an administrator"), refused: true });
    expect(settled(await c.lockedOut!(world.config(), link(), who, as(ROOT), soon()))).toBe("no");
  });
  test("where PowerShell does not answer, nothing is said to be done", async () => {
    const who = await account();
    await inside("mv /usr/local/bin/powershell.exe /usr/local/bin/x");
    expect([await change(who, fresh()), await c.test!(world.config(), link(), as(ROOT), soon()), await host.opens(who.name, who.password)]).toEqual([{ unknown: expect.stringContaining("cut before") }, { ok: false, stage: "right", why: "PowerShell did not answer" }, true]);
    await inside("mv /usr/local/bin/x /usr/local/bin/powershell.exe");
  });
});
