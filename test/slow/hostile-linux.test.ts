/** 100,000 hostile names and passwords against a real Linux host, as root and through sudo. Rule: of everything in shadow and passwd only the named account's hash ever changes; the host's own files are the judge. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { linuxSsh } from "../../src/connectors/linux-ssh.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import { linuxHost, type LinuxHost } from "../lab/host.ts";
import { evidence, madeBy } from "./evidence.ts";

const PAIRS = Number(process.env["HOSTILE_PAIRS"] ?? 100_000), BATCH = 1_000;
const ROOT = { name: "root", password: "Root-Pw-1!x9Qz" }, ADMIN = { name: "admin1", password: "Admin-Pw-1!x9Qz" };
let host: LinuxHost;
/** Whoever the host has already: a name of theirs, come by chance, is no hostile one. */
let theirs: ReadonlySet<string> = new Set();
beforeAll(async () => {
  host = await linuxHost({ name: "hostile", rootPassword: ROOT.password, accounts: { app1: "App1-Pw-1!x9Qz", bystander: "By-Stander-1!x" }, extraSshd: "MaxStartups 200",
    sudoAdmin: { ...ADMIN, commands: "/usr/sbin/chpasswd -e, /usr/bin/getent shadow *" } });
  theirs = new Set((await host.exec("cut -d: -f1 /etc/passwd")).stdout.split("\n").filter((n) => n !== "app1"));
}, 120_000);
afterAll(async () => { await host?.destroy(); });

const connector = linuxSsh(systemRandom), link = () => directLink({ host: "127.0.0.1", port: host.port });
const others = async (): Promise<string> => (await host.exec("cat /etc/passwd; cat /etc/shadow | grep -v ^app1:; ls /home /root; cat /etc/group")).stdout;
/** Texts that some tool behind a name or a password might read as two records, an option, a path, a variable or a command. */
const evil = fc.oneof(fc.string({ unit: "binary", maxLength: 40 }), fc.string({ unit: "grapheme", maxLength: 40 }), fc.string({ maxLength: 600 }),
  fc.constantFrom("x\nroot:pwned", "x\r\nbystander:y", "app1:x\nroot:y", "$(id)", "`id`", "';id;'", "-e", "--help", "\0", "a:b:c", "\\n", "%s", "!!", "$HOME", "../root", "app1 ", " app1", "app1\u200b", "ａpp1", "0", "*", "!", ""),
  fc.tuple(fc.constantFrom("app1", "root", "bystander"), fc.string({ unit: "binary", maxLength: 8 })).map(([name, tail]) => name + tail));
/** One in fifty names is the real one: those calls go to the host. */
const names = fc.oneof({ weight: 49, arbitrary: evil.filter((n) => !theirs.has(n)) }, { weight: 1, arbitrary: fc.constant("app1") });

test(`${PAIRS} pairs: whoever is not named keeps their password, and what was said to be done opens`, async () => {
  let calls = 0, done = 0, refused = 0, noSuch = 0;
  const begun = performance.now(), before = await others(), config = (sudo: boolean) => ({ hostKeys: [host.hostKey], sudo, su: "" });
  for (let n = 0; n < PAIRS; n += BATCH) {
    await fc.assert(fc.asyncProperty(names, evil, fc.boolean(), async (name, password, sudo) => {
      calls += 1;
      const by = sudo ? ADMIN : ROOT, r = await connector.change(config(sudo), link(), { name }, { to: Secret.of(password), as: { name: by.name, secret: Secret.of(by.password) } }, AbortSignal.timeout(30_000));
      if (r === "done") { done += 1; expect(name).toBe("app1"); expect(await host.opens("app1", password)).toBe(true); return; }
      expect(r).toHaveProperty("refused");
      refused += 1;
      if (/nosuch|not exist|unknown/i.test((r as { refused: string }).refused)) noSuch += 1;
    }), { numRuns: Math.min(BATCH, PAIRS - n), endOnFailure: true });
    expect(await others(), `after ${calls} calls`).toBe(before);
  }
  expect(done).toBeGreaterThan(PAIRS / 200);
  expect([calls, done + refused]).toEqual([PAIRS, PAIRS]);
  evidence("hostile-linux", `# Hostile names and passwords against Linux
${madeBy("hostile-linux")}

${calls} pairs of a name and a password, as root and through sudo with the documented line: ${done} set the password of the named account and opened it (judged by libcrypt), ${refused} were refused
(${noSuch} of them by the host, as an account it does not have; the rest before anything was sent). After each thousand every other line of \`/etc/shadow\`, \`/etc/passwd\` and \`/etc/group\` was what it had been:
0 other accounts changed in ${calls}, so at most ${(300 / calls).toFixed(4)} % (95 %). ${Math.round((performance.now() - begun) / 1000)} s.
`);
}, 3_600_000);
