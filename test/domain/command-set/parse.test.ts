/** Command sets as people write them: what is read, and what is said of each mistake. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mistakeText, parseCommandSet, wordLike } from "../../../src/domain/command-set/index.ts";

const GOOD = `set: box
called: Box
one: a box
grade: draft
over: [ssh-shell, telnet]
login:
  - expect: [{ match: 'login: $', is: ok }]
  - send: '{{user}}'
    expect: [{ match: 'Password: $', is: ok }]
  - sendSecret: present
    expect: [{ match: 'incorrect', is: auth }, { match: '[#$] $', is: ok }]
change-with-admin:
  - send: passwd {{account}}
    expect:
      - { match: 'unknown user.*', is: refused }
      - { match: 'New password: $', is: ok }
  - sendSecret: new
    expect: [{ match: 'changed', is: ok }]
`;
const said = (text: string): string[] => { const r = parseCommandSet(text); return "mistakes" in r ? r.mistakes.map(mistakeText) : []; };

test("a set is read, with what was left out filled in", () => {
  const r = parseCommandSet(GOOD);
  expect(r).toMatchObject({ set: { set: "box", sessions: true, passwords: { forbid: "[^ -~]", longest: 127 }, change: [], "change-with-admin": [{ timeout: 10, enter: true }, { sendSecret: "new" }] } });
});
describe("each mistake with its line and key", () => {
  test.each([
    ["a word that is none", GOOD.replace("is: refused", "is: perhaps"), /^line 15, change-with-admin\[0\]\.expect\[0\]\.is: /],
    ["a pattern RE2 cannot read", GOOD.replace("unknown user.*", "(a)\\1"), /^line 15, .*match: no pattern that RE2 reads/],
    ["look-ahead", GOOD.replace("'changed'", "'(?=x)'"), /^line 18, .*no pattern that RE2 reads/],
    ["a key that does not exist", `${GOOD}colour: red\n`, /^line 19, colour: there is no colour here$/],
    ["a key of a step that does not exist", GOOD.replace("sendSecret: new", "sendsecret: new"), /^line 17, change-with-admin\[1\]\.sendsecret: there is no sendsecret here$/],
    ["a missing key", GOOD.replace("grade: draft\n", ""), /^line 1, grade: /],
    ["a template with a secret", GOOD.replace("passwd {{account}}", "passwd {{password}}"), /^line 13, .*send: there is no \{\{password\}\}: .*sendSecret/],
    ["a template of two lines", GOOD.replace("passwd {{account}}", '"passwd\\nreboot"'), /^line 13, .*one line, without control characters/],
    ["an exit status without ssh-exec", GOOD.replace("match: 'changed'", "exit: 0"), /^line 18, .*only ssh-exec has an exit status/],
    ["no new password", GOOD.replace("sendSecret: new", "sendSecret: present"), /^line 12, change-with-admin: sends no new password/],
    ["the new password at the login", GOOD.replace("sendSecret: present", "sendSecret: new"), /login\[2\]\.sendSecret: the new password is sent by change/],
    ["no YAML", "set: [", /^line \d+: /],
    ["a key twice", `${GOOD}set: other\n`, /^line 19: .*unique/],
    ["two documents", `${GOOD}---\nset: other\n`, /^line \d+: /],
    ["anchors", GOOD.replace("called: Box", "called: &x Box").replace("one: a box", "one: *x"), /anchors and aliases/],
    ["a tag", GOOD.replace("called: Box", "called: !!js/function x"), /^line 2: /],
    ["an empty text", "", /^line 1, set: /],
    ["no list of changes", GOOD.slice(0, GOOD.indexOf("change-with-admin")), /change: a set needs change, change-with-admin, or both/],
    ["telnet without a login", GOOD.replace(/login:[^]*(?=change-with)/, ""), /login: over Telnet the login is written here/],
    ["a step that does nothing", GOOD.replace("sendSecret: new\n    expect: [{ match: 'changed', is: ok }]", "timeout: 3"), /sends nothing, expects nothing/],
    ["a secret in the command of an exec", GOOD.replace("[ssh-shell, telnet]", "[ssh-exec]").replace("send: passwd {{account}}", "{ send: passwd, sendSecret: new }").replace("- { send", "- send").replace("passwd, sendSecret: new }", "passwd\n    sendSecret: new"), /the first line sent is a command/],
    ["forbidden characters that are no class", `${GOOD}passwords: { forbid: 'a+' }\n`, /^line 19, passwords\.forbid: one class/],
    ["match and exit at once", GOOD.replace("match: 'changed',", "match: 'changed', exit: 0,"), /either match or exit/],
  ])("%s", (_what, text, words) => { expect(said(text).some((m) => words.test(m)), said(text).join("\n") || "nothing said").toBe(true); });
  test("all of them at once, in the order of the lines", () => {
    const lines = said(GOOD.replace("is: refused", "is: perhaps").replace("called: Box", "called: ''")).map((m) => Number(/^line (\d+)/.exec(m)![1]));
    expect(lines).toEqual([2, 15]);
  });
});
test("whatever the text is, an answer comes, quickly, and mistakes have lines that exist", () => {
  const cut = fc.tuple(fc.nat(GOOD.length), fc.nat(GOOD.length), fc.string({ maxLength: 12 })).map(([a, b, s]) => GOOD.slice(0, Math.min(a, b)) + s + GOOD.slice(Math.max(a, b)));
  fc.assert(fc.property(fc.oneof(cut, fc.string({ maxLength: 200 })), (text) => {
    const r = parseCommandSet(text);
    if ("mistakes" in r) for (const m of r.mistakes) expect(m.line >= 1 && m.line <= text.split("\n").length + 1 && m.says !== "").toBe(true);
  }), { numRuns: 400 });
  expect(said(`set: ${"x".repeat(70_000)}`)).toEqual(["line 1: longer than 64 KiB"]);
});
test("law: a name that fits is a word to every shell", () => {
  for (const bad of ["", "-x", ".x", "a b", "a;b", "a$b", "a`b", "a|b", "a\nb", "a'b", 'a"b', "a\\b", "a/b", "a:b", "a{b", "a*b", "a?b", "~a", "ä", "a\0"]) expect(wordLike(bad), bad).toBe(false);
  for (const good of ["root", "app1", "A_b.c-d", "0"]) expect(wordLike(good), good).toBe(true);
  fc.assert(fc.property(fc.string({ unit: "binary" }), (name) => !wordLike(name) || /^[\w.-]+$/.test(name)));
});
