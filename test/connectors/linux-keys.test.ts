/** The connector for accounts with keys against a real sshd: as root, and each account by itself. Through sudo: test/slow/linux-keys.test.ts. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { linuxKeys } from "../../src/connectors/linux-keys.ts";
import { lineOf, markOf, withBoth } from "../../src/connectors/linux-keys/lines.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { publicPart } from "../../src/wires/ssh.ts";
import type { LinuxHost } from "../lab/host.ts";
import { run } from "../lab/run.ts";
import { atServer, contract, type Named } from "./contract.ts";
import { ADMIN, blobOf, freshKey, keyed, keyedHost, keyOf, lineFor, ROOT } from "./linux-keys-world.ts";

let host: LinuxHost;
beforeAll(async () => { host = await keyedHost(); });
afterAll(async () => { await host?.destroy(); });
const { inside, homeOf, fileOf, fileText, put, account, everybody, config, world } = keyed(() => host);

describe("as root", () => { contract("linux-keys, root", () => world(ROOT), { oneKind: true, lists: true }); });

const connector = linuxKeys(systemRandom), { change, probe, link, soon, as } = atServer(connector, { address: () => ({ host: "127.0.0.1", port: host.port }), config, as: () => ROOT });
const itself = (who: Named, to: string) => connector.change(config(), link(), who, { to: Secret.of(to), from: Secret.of(who.password), as: as(who) }, soon());
const alone = (who: Named, text: string) => connector.probe(config(), link(), { name: who.name, alone: true }, Secret.of(text), soon());
const compared = (who: Named, ...texts: string[]) => connector.compare!(config(), link(), who, texts.map((t) => Secret.of(t)), as(ROOT), soon());

describe("nothing but our own line", () => {
  test("law: other lines, options, comment, mode, owner and a link in its place stay to the byte; no file of ours is left", async () => {
    const who = await account(), to = freshKey(), before = `${"# of many\n".repeat(12_000)}# one\n` + "ssh-rsa AAAAB3NzaC1yc2E= me@home\n\ncommand=\"echo \\\"lockstep:x\\\" #\" ssh-ed25519 AAAAC3NzaC1lZDI1= b\xe9\xff\r\n", after = "  no-pty ssh-ed25519 AAAAC3NzaC1lZDI2= last", mine = (text: string, mark = "") => `no-pty,from="127.0.0.1,::1" ${lineFor(text, `ci@jenkins${mark}`)}\n`;
    await put(who.name, before + mine(who.password) + after);
    await inside(`cd ${homeOf(who.name)}/.ssh; mkdir -m 700 real; mv authorized_keys real/keys; ln -s real/keys authorized_keys; chmod 640 real/keys; chgrp users real/keys; usermod -aG users ${who.name}; chown ${who.name} real`);
    expect(await connector.change(config(), link(), who, { to: Secret.of(to), from: Secret.of(who.password), as: as(ROOT) }, soon())).toBe("done");
    expect(await fileText(who.name)).toBe(before + mine(to, ` ${markOf(who)}`) + after);
    expect(await inside(`cd ${homeOf(who.name)}/.ssh; ls -A; readlink authorized_keys; ls -A real; stat -c '%U %G %a' real/keys`)).toBe(`authorized_keys\nreal\nreal/keys\nkeys\n${who.name} users 640\n`);
  });
  test("law: of any file, only lines of ours come and go, and each step is the same done twice", () => {
    const [a, b, c] = [freshKey(), freshKey(), freshKey()].map(keyOf) as [ReturnType<typeof keyOf>, ReturnType<typeof keyOf>, ReturnType<typeof keyOf>], mark = "lockstep:acc_1";
    const line = fc.oneof(fc.string({ unit: "binary", maxLength: 60 }).map((t) => Buffer.from(t).toString("latin1").replaceAll("\n", " ")), fc.constantFrom("", "#", `# ${mark}`, "\"", `from="a b" ssh-ed25519 ${c.blob} ${mark}`, `ssh-ed25519 ${a.blob}`, `ssh-ed25519 ${c.blob} ${mark}x`, `x" y ssh-ed25519 ${c.blob} z`));
    fc.assert(fc.property(fc.array(line, { maxLength: 8 }), fc.boolean(), fc.boolean(), (all, end, known) => {
      const text = all.join("\n") + (end ? "\n" : ""), from = known ? a : undefined, theirs = (t: string): string[] => t.split("\n").filter((l) => { const x = lineOf(l); return l !== "" && (x === null || (x.comment.split(/[ \t]/).at(-1) !== mark && x.blob !== b.blob && (!known || x.blob !== a.blob))); });
      const both = withBoth(text, b, from, mark), ours = both.split("\n").map(lineOf).filter((l) => l !== null && l.comment.split(/[ \t]/).at(-1) === mark && l.blob === b.blob);
      expect([theirs(both), ours.length, withBoth(both, b, from, mark)]).toEqual([theirs(text), 1, both]);
    }), { numRuns: 80 });
  });
  test("law: a link in an account's folder leads root nowhere", async () => {
    const who = await account(), root = await fileText("root");
    await inside(`rm -r ${homeOf(who.name)}/.ssh; ln -s /root/.ssh ${homeOf(who.name)}/.ssh`);
    expect(await change(who, freshKey())).toMatchObject({ refused: expect.stringMatching(/File exists|Permission denied/) });
    expect(await fileText("root")).toBe(root);
  });
  test("a file that belongs to somebody else is not replaced; one that is missing is made for its account alone", async () => {
    const who = await account(), bare = await account(), to = freshKey();
    await inside(`chown root ${fileOf(who.name)}; chmod 644 ${fileOf(who.name)}; rm -r ${homeOf(bare.name)}/.ssh`);
    expect(await change(who, freshKey())).toEqual({ refused: expect.stringContaining("belongs to another user") });
    expect([await change(bare, to), await inside(`stat -c '%U %a' ${homeOf(bare.name)}/.ssh ${fileOf(bare.name)}`), await probe(bare, to)]).toEqual(["done", `${bare.name} 700\n${bare.name} 600\n`, "yes"]);
  });
  test("law: hostile names change nothing, and no key of a strange form is sent", async () => {
    const before = await everybody(), evil = fc.oneof(fc.string({ unit: "binary", maxLength: 30 }), fc.constantFrom("root\n", "$(id)", "';id;'", "-l", "0", "", "a b", "root;x"));
    await fc.assert(fc.asyncProperty(evil, async (name) => { expect(await change({ name }, freshKey())).toHaveProperty("refused"); }), { numRuns: 40 });
    for (const text of ["Plain-Pw-1!", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", ""]) expect(await change({ name: "bystander" }, text)).toEqual({ refused: expect.stringContaining("no private key") });
    expect(await everybody()).toEqual(before);
  });
});

test("a list of accounts does not say of a locked password that no key lets in", async () => {
  const locked = await account(), expired = await account();
  await inside(`echo '${locked.name}:Some-Pw-1!' | chpasswd; usermod -L ${locked.name}; chage -E 2001-02-03 ${expired.name}`);
  const found = await connector.discover!(config(), link(), as(ROOT), AbortSignal.timeout(60_000));
  if ("unknown" in found) throw new Error(found.unknown);
  expect([locked, expired].map((who) => { const f = found.find((x) => x.name === who.name); return [f?.enabled, f?.says[0]]; })).toEqual([[null, "locked"], [false, "no password (a key may let in)"]]);
  expect(await probe(locked, locked.password)).toBe("yes");
});

describe("a change that was cut", () => {
  test("law: with both lines in place both work, the old one counts, and the change is taken up again to its end", async () => {
    const who = await account(), to = freshKey(), other = freshKey();
    await put(who.name, withBoth(await fileText(who.name), keyOf(to), undefined, markOf(who)));
    expect([await probe(who, to), await probe(who, who.password), await compared(who, to, who.password), await compared(who, other)]).toEqual(["yes", "yes", { match: 1 }, "none"]);
    expect([await alone(who, to), await alone(who, who.password)]).toEqual(["no", "yes"]);
    expect([await itself(who, to), await alone(who, to), await compared(who, to, who.password), await probe(who, who.password)]).toEqual(["done", "yes", { match: 0 }, "no"]);
  });
  test("an account changes itself by its present key; a wrong one opens nothing", async () => {
    const who = await account((text) => lineFor(text, "somebody@desk")), to = freshKey();
    expect([await itself(who, to), await fileText(who.name)]).toEqual(["done", `${lineFor(to, "somebody@desk")} ${markOf(who)}\n`]);
    expect(await itself({ ...who, password: freshKey() }, freshKey())).toMatchObject({ not_sent: "auth_of_as" });
  });
  test("root changes itself; an administrator who may not become root is told so before anything is sent", async () => {
    const to = freshKey(), was = ROOT.password, own = (from: string, key: string) => connector.change(config(), link(), ROOT, { to: Secret.of(key), from: Secret.of(from), as: { name: "root", secret: Secret.of(from) } }, soon());
    expect([await own(was, to), await fileText("root"), await own(to, was)]).toEqual(["done", `${lineFor(to, "first@desk")} ${markOf(ROOT)}\n`, "done"]);
    expect(await change({ name: "root" }, to, ADMIN, { ...config(), sudo: true })).toMatchObject({ not_sent: "auth_of_as", why: expect.stringMatching(/sudo does not allow the command|password is required/) });
  });
});

describe("keys", () => {
  test("ours are read by ssh-keygen and sign; RSA and ECDSA keys, CR LF and PEM are read; a passphrase is not guessed", async () => {
    for (let i = 0; i < 10; i++) {
      const text = freshKey(), shown = await run("sh", ["-c", "t=$(mktemp); chmod 600 $t; cat > $t; ssh-keygen -y -f $t; rm $t"], { stdin: text });
      expect([shown.stdout.trim(), shown.code]).toEqual([`ssh-ed25519 ${blobOf(text)}`, 0]);
    }
    const made = async (...how: string[]): Promise<string> => (await run("sh", ["-c", `d=$(mktemp -d); ssh-keygen -q -f $d/k ${how.join(" ")} && cat $d/k; rm -r $d`])).stdout;
    for (const [how, type] of [["-t rsa -b 2048 -N ''", "ssh-rsa"], ["-t rsa -b 2048 -m PEM -N ''", "ssh-rsa"], ["-t ecdsa -N ''", "ecdsa-sha2-nistp256"]] as const) {
      const text = await made(how);
      expect([publicPart(Secret.of(text))?.type, publicPart(Secret.of(text.trim().replaceAll("\n", "\r\n")))?.type]).toEqual([type, type]);
    }
    expect([publicPart(Secret.of(await made("-t ed25519 -N secret-phrase"))), connector.keys!.objection(Secret.of("x"))]).toEqual([undefined, expect.stringContaining("without a passphrase")]);
  });
  test("an RSA key that somebody brought along is put in force and opens", async () => {
    const who = await account(), rsa = (await run("sh", ["-c", "d=$(mktemp -d); ssh-keygen -q -t rsa -b 2048 -N '' -f $d/k && cat $d/k; rm -r $d"])).stdout;
    expect([await change(who, rsa), await probe(who, rsa), await probe(who, who.password)]).toEqual(["done", "yes", "no"]);
  });
});
