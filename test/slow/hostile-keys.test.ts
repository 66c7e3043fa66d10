/** 100,000 hostile files and names against the exchange of keys. Rule: of any file only lines of ours come and go; on a real host only the named account's file ever changes, by the host's own disk. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { linuxKeys } from "../../src/connectors/linux-keys.ts";
import { lineOf, markOf, withBoth, withOnly, without } from "../../src/connectors/linux-keys/lines.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { atServer } from "../connectors/contract.ts";
import { freshKey, keyed, keyedHost, keyOf, ROOT } from "../connectors/linux-keys-world.ts";
import type { LinuxHost } from "../lab/host.ts";
import { evidence, madeBy } from "./evidence.ts";

const FILES = Number(process.env["HOSTILE_PAIRS"] ?? 100_000), ON_HOST = Math.ceil(FILES / 500);
let host: LinuxHost;
beforeAll(async () => { host = await keyedHost(); }, 120_000);
afterAll(async () => { await host?.destroy(); });
const { account, config, everybody, fileText, fits, put } = keyed(() => host), connector = linuxKeys(systemRandom);

const [old, made, other] = [freshKey(), freshKey(), freshKey()], A = keyOf(old), B = keyOf(made), C = keyOf(other), MARK = "lockstep:acc_1";
const piece = fc.oneof(fc.string({ unit: "binary", maxLength: 40 }).map((t) => Buffer.from(t).toString("latin1").replaceAll("\n", "\r")), fc.constantFrom("", "#", "\"", "\\\"", "\t", `${A.type} ${A.blob}`, `${B.type} ${B.blob}`, `${C.type} ${C.blob}`, MARK, `${MARK}x`, `x${MARK}`, "from=\"a b\"", "command=\"x \\\" y\"", "no-pty,", "cert-authority", "ssh-rsa AAAAB3NzaC1yc2E=", "\r", " "));
const file = fc.tuple(fc.array(fc.array(piece, { maxLength: 5 }).map((p) => p.join(" ")), { maxLength: 7 }), fc.boolean()).map(([lines, end]) => lines.join("\n") + (end ? "\n" : ""));
const ours = (known: boolean) => (line: string): boolean => { const l = lineOf(line); return l !== null && (l.comment.split(/[ \t]/).at(-1) === MARK || l.blob === B.blob || (known && l.blob === A.blob)); };
const theirs = (text: string, known: boolean): string => text.split("\n").filter((l) => !ours(known)(l)).join("\n").replace(/\n+$/, "");

test(`${FILES} files: whoever's line is not ours keeps it to the byte, and one of ours is left`, async () => {
  const begun = performance.now();
  fc.assert(fc.property(file, fc.boolean(), (text, known) => {
    const from = known ? A : undefined, both = withBoth(text, B, from, MARK), only = withOnly(both, B, from, MARK);
    expect([theirs(both, known), theirs(only, known), withBoth(both, B, from, MARK), withOnly(only, B, from, MARK)]).toEqual([theirs(text, known), theirs(text, known), both, only]);
    expect([only.split("\n").filter(ours(known)).length, lineOf(only.split("\n").find(ours(known))!)?.blob, without(both, B, MARK).split("\n").some((l) => lineOf(l)?.blob === B.blob && lineOf(l)!.comment.endsWith(MARK))]).toEqual([1, B.blob, false]);
  }), { numRuns: FILES });

  const who = await account(), { change } = atServer(connector, { address: () => ({ host: "127.0.0.1", port: host.port }), config, as: () => ROOT }), before = (await everybody()).filter((l) => !l.startsWith(`${who.name}:`)), mark = markOf(who);
  let current = who.password, done = 0, refused = 0;
  const evil = fc.oneof(fc.string({ unit: "binary", maxLength: 30 }), fc.constantFrom("root\n", "$(id)", "';id;'", "-l", "0", "", "a b", "../root", `${who.name}\n`, `${who.name} `, "app1\0"));
  await fc.assert(fc.asyncProperty(fc.oneof({ weight: 1, arbitrary: fc.constant(who.name) }, { weight: 2, arbitrary: evil }), file, async (name, text) => {
    const to = freshKey(), mine = `${keyOf(current).type} ${keyOf(current).blob} ${mark}\n`;
    if (name === who.name) await put(name, `${theirs(text.replaceAll(MARK, "x"), true).replaceAll(A.blob, "AAAA")}\n${mine}`);
    const r = await change({ name }, to), sent = name === who.name;
    if (!sent) { refused += 1; expect(r).toHaveProperty("refused"); return; }
    expect([r, await fits(name, to), await fits(name, current)]).toEqual(["done", true, false]);
    done += 1; current = to;
  }), { numRuns: ON_HOST, endOnFailure: true });
  expect((await everybody()).filter((l) => !l.startsWith(`${who.name}:`))).toEqual(before);
  expect([done > 0, refused > 0, (await fileText(who.name)).split("\n").filter((l) => lineOf(l)?.comment.endsWith(mark)).length, Secret.of(current).toString()]).toEqual([true, true, 1, "[secret]"]);
  evidence("hostile-linux-keys", `# Hostile files and names against the exchange of SSH keys
${madeBy("hostile-keys")}

${FILES} texts of an authorized_keys file (options, quotes, marks, keys and random bytes, with and without a last line end), each through every step of a change: 0 in which a line that is not ours was another one afterwards, so at
most ${(300 / FILES).toFixed(4)} % (95 %), and in all of them exactly one of ours was left. On a real sshd ${done} such files were changed, each proven by a login and read from the disk, and ${refused} hostile names were refused; no other account's file, mode, owner or
password had changed. ${Math.round((performance.now() - begun) / 1000)} s.
`);
}, 3_600_000);
