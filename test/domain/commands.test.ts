/** What command rules stop, and what they say of themselves. Rule: the allow-list is tried with everything a shell gives a meaning to. */
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CommandRules, judge as judgeBy, readRules, type CommandRule } from "../../src/domain/commands.ts";
import { like } from "../../src/domain/like.ts";

const rules = (mode: "open" | "listed", ...list: [CommandRule["effect"], string, string?][]) => CommandRules.parse({ mode, rules: list.map(([effect, glob, says]) => ({ effect, like: glob, ...(says ? { says } : {}) })) });
const judge = (r: CommandRules, command: string) => judgeBy(r, command, like);
const effect = (r: CommandRules, command: string) => judge(r, command).effect;

describe("open: a guard-rail", () => {
  const r = rules("open", ["deny", "rm -rf *", "Use the clean-up job."], ["warn", "*passwd*"], ["deny", "reboot"]);
  test("denies a command wherever in the line it begins, and says the rule's sentence", () => {
    expect(judge(r, "rm -rf /tmp/x")).toEqual({ effect: "deny", like: "rm -rf *", says: "Use the clean-up job." });
    for (const c of ["ls; rm -rf /x", "true && rm -rf /x", "a | rm -rf /x", "echo $(rm -rf /x)", "echo `rm -rf /x`", "sh -c 'rm -rf /x'", 'bash -c "rm -rf /x"', "  rm   -rf\t/x", "x\nrm -rf /x", "{ reboot; }", "(reboot)"]) expect(effect(r, c), c).toBe("deny");
    for (const c of ["ls -l", "rm -r /tmp/x", "rebooting", "echo rm"]) expect(effect(r, c), c).toBe("pass");
  });
  test("deny beats warn beats pass; without a sentence of its own it names the glob", () => {
    expect(judge(r, "cat /etc/passwd")).toEqual({ effect: "warn", like: "*passwd*", says: 'Commands like "*passwd*" are noted for the auditors.' });
    expect(effect(r, "cat /etc/passwd; reboot")).toBe("deny");
    expect(judge(rules("open", ["deny", "reboot"]), "reboot")).toMatchObject({ says: 'Commands like "reboot" are not part of this access.' });
  });
  test("is honest about what it cannot see: these pass, and the documentation says so", () => {
    for (const c of ["/bin/rm -rf /x", "rm -fr /x", "r''m -rf /x", "x=rm; $x -rf /x", "find / -delete", "python3 script.py"]) expect(effect(r, c), c).toBe("pass");
  });
});

describe("listed: a wall", () => {
  const r = rules("listed", ["allow", "systemctl status *"], ["allow", "df -h"], ["allow", "sh -c 'sync; sync'"], ["deny", "systemctl status secret*"]);
  test("runs what is listed and nothing else", () => {
    for (const c of ["systemctl status nginx", "df -h", "sh -c 'sync; sync'", "df  -h "]) expect(effect(r, c), c).toBe("pass");
    for (const c of ["df", "df -h /", "bash", "", "systemctl stop nginx"]) expect(judge(r, c), c).toMatchObject({ effect: "deny", says: "This access runs listed commands only, and this is none of them." });
    expect(effect(r, "systemctl status secret-thing"), "deny beats allow").toBe("deny");
  });
  const META = [...";&|<>$`\\\"'(){}[]*?~#!\n\r\t\0\x1b\x7f"];
  test("law: listed-commands — no character with a meaning to a shell gets through a glob, in any place", () => {
    const word = fc.string({ unit: fc.constantFrom(..."abc /.-_=,:@%+"), maxLength: 12 });
    fc.assert(fc.property(word, fc.constantFrom(...META), word, (a, meta, b) => { expect(effect(r, `systemctl status ${a}${meta}${b}`)).toBe("deny"); }), { numRuns: 1_000 });
    expect(judge(r, "systemctl status $(id)")).toMatchObject({ says: expect.stringMatching(/unless that very command is listed/) as string });
    expect(effect(r, "systemctl status *"), "the glob itself, which a shell would expand past a deny").toBe("deny");
    expect(effect(r, "sh -c 'sync; sync' "), "that very command, to the last blank").toBe("deny");
  });
  test("what passes by a glob is one command to a real shell, with the words that were read", () => {
    const any = fc.string({ unit: "grapheme-ascii", maxLength: 24 });
    fc.assert(fc.property(any, (tail) => {
      const command = `systemctl status ${tail}`;
      if (effect(r, command) === "deny") return;
      const seen = execFileSync("/bin/sh", ["-c", `systemctl() { printf '%s\\n' "$#"; }; ${command}`], { encoding: "utf8", env: {} });
      expect(seen).toBe(`${command.trim().split(/ +/).length - 1}\n`);
    }), { numRuns: 150 });
  });
  test("an empty list runs nothing", () => { fc.assert(fc.property(fc.string(), (c) => { expect(effect(rules("listed"), c)).toBe("deny"); })); });
});

test("rules are read from lines, each mistake by its line; many stars take no time", () => {
  expect(readRules("deny rm -rf * : Use the clean-up job.\n\n  warn *passwd*\nallow df -h")).toEqual([{ effect: "deny", like: "rm -rf *", says: "Use the clean-up job." }, { effect: "warn", like: "*passwd*", says: "" }, { effect: "allow", like: "df -h", says: "" }]);
  expect(() => readRules("forbid rm")).toThrow('"forbid rm" is not like: deny rm -rf * : Use the clean-up job.');
  expect(CommandRules.safeParse({ rules: [{ effect: "deny", like: "a\nb" }] }).success).toBe(false);
  const begun = performance.now();
  expect(effect(rules("open", ["deny", `${"a*".repeat(100)}b`]), `${"a".repeat(4_000)};${"a".repeat(4_000)}`)).toBe("pass");
  expect(performance.now() - begun).toBeLessThan(500);
});
