/** Drafts from changes shown by hand: what is read out of a conversation, and that no password is ever in what comes of one. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keptOf, readLine, untellable } from "../../../src/connectors/command-set/hand.ts";
import { inferCommandSet, parseCommandSet, shownTranscript, transcriptText, type About, type Part, type Piece } from "../../../src/domain/command-set/index.ts";
import { Secret } from "../../../src/kernel/secret.ts";

const ABOUT: About = { account: "app", user: "root", self: false, over: "ssh-shell", where: "box-1", tried: { forbid: "[^A-Za-z0-9]", longest: 64 } };
const device = (text: string): Piece => ({ by: "device", at: 0, text });
const person = (...parts: (string | Part)[]): Piece => ({ by: "person", at: 0, enter: true, parts: parts.map((p) => (typeof p === "string" ? { text: p } : p)) });
const NEW: Part = { secret: "new" }, PRESENT: Part = { secret: "present" };
const read = (pieces: readonly Piece[], a: About = ABOUT) => {
  const r = inferCommandSet(pieces, a);
  if ("why" in r) return { why: r.why, unsure: r.unsure, set: null };
  const set = parseCommandSet(r.draft);
  if ("mistakes" in set) throw new Error(JSON.stringify(set.mistakes));
  return { why: null, unsure: r.unsure, set: set.set };
};
const PASSWD = [device("BusyBox v1.35.0\n~ # "), person("passwd app"), device("passwd app\nChanging password for app\nNew password: "), person(NEW), device("\nRetype password: "), person(NEW), device("\npasswd: password for app changed by root\n~ # ")];

describe("what is read out of it", () => {
  test("prompts as anchored patterns, names as placeholders, the sentence that says it was done", () => {
    const { set } = read(PASSWD);
    expect(set).toMatchObject({ set: "like-box-1", grade: "draft", over: ["ssh-shell"], start: [{ expect: [{ match: "# $", is: "ok" }] }], change: [] });
    expect(set!["change-with-admin"].map((s) => [s.send, s.sendSecret, s.expect.map((e) => e.match)])).toEqual([
      ["passwd {{account}}", undefined, ["New password: $"]], [undefined, "new", ["Retype password: $"]], [undefined, "new", ["(?m)^.*passwd: password for \\S+ changed by \\S+\\s*$"]]]);
  });
  test("a mistake is left out, its text kept for what it says; a refused password becomes an alternative of its own step", () => {
    const { set, unsure } = read([device("sw1# "), person("conf trm"), device("conf trm\n% Unknown command.\nsw1# "), person("conf t"), device("conf t\nsw1(config)# "),
      person("password ", NEW), device("password [secret]\n% Too simple\nsw1(config)# "), person("password ", NEW), device("password [secret]\nsw1(config)# "), person("end"), device("end\nsw1# "), person("write memory"), device("write memory\nConfiguration saved\nsw1# "), person("exit"), device("exit\n")], { ...ABOUT, self: true, account: "vty", user: "vty" });
    expect(set!.change.map((s) => s.send)).toEqual(["conf t", "password "]);
    expect(set!.change[1]!.expect).toEqual([{ match: "(?m)^% ?(.*)$", is: "refused" }, { match: "\\(config\\)# $", is: "ok" }]);
    expect([set!.errors, set!["on-success"].map((s) => s.send)]).toEqual([[{ match: "(?m)^% ?(.*)$", is: "refused" }], ["end", "write memory"]]);
    expect(unsure.join("\n")).toMatch(/"conf trm" was answered by "% Unknown command."[^]*says that it was taken[^]*on-success/);
  });
  test("over Telnet the login comes first; who is asked again was refused", () => {
    const { set } = read([device("box login: "), person("app"), device("app\nPassword: "), person(PRESENT), device("\n~ $ "), person("passwd"), device("passwd\nOld password: "), person(PRESENT), device("\nNew password: "), person(NEW), device("\nRetype password: "), person(NEW), device("\nchanged\n~ $ ")],
      { ...ABOUT, over: "telnet", self: true, user: "app" });
    expect(set!.login).toMatchObject([{ expect: [{ match: "box login: $", is: "ok" }] }, { send: "{{user}}" }, { sendSecret: "present", expect: [{ match: "\\$ $", is: "ok" }, { match: "box login: $", is: "auth" }, { match: "Password: $", is: "auth" }] }]);
    expect(set!.change[1]).toMatchObject({ sendSecret: "present", expect: [{ is: "ok" }, { match: "Old password: $", is: "auth" }] });
  });
  test("no change, no login, nothing at all: no draft, and a sentence", () => {
    expect(read([device("# "), person("id"), device("id\nuid=0\n# ")]).why).toMatch(/nothing was changed in what was shown/);
    expect(read(PASSWD, { ...ABOUT, over: "telnet" }).why).toMatch(/The login was not shown/);
    expect(read([]).why).toMatch(/nothing was changed/);
    expect(read([device("# "), person("passwd app"), device("passwd app\nNew password: "), person(NEW), device("\nBad password: too short\nNew password: ")]).why).toMatch(/nothing was changed/);
  });
  test("what it is not sure of is said", () => {
    expect(read(PASSWD).unsure.join("\n")).toMatch(/No refusal was seen[^]*sent more than once[^]*Tried with passwords of A-Za-z0-9 alone/);
    expect(read([...PASSWD, person("enable secret hunter2"), device("enable secret hunter2\n# ")]).unsure.join("\n")).toMatch(/has a text behind a word for passwords/);
  });
});

describe("whatever is typed and said", () => {
  const secret = fc.string({ unit: fc.constantFrom(..."ABCdef0123._=+'\"$\\{}: #%"), minLength: 8, maxLength: 24 }).map((s) => `Z9${s.trim()}q7`).filter((s) => !s.includes("{{"));
  const noise = fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom("New password: ", "Password: ", "# ", "login: ", "% Error\n", "changed\n# ", "\x1b[6n", "\r\n", "Bad password\n", "\0", "[secret]", "a: b\n", "{{new}}", "- x\n", "#"));
  type Bit = { kind: "noise"; text: string } | { kind: "present" | "next" | "old" };
  const bit: fc.Arbitrary<Bit> = fc.oneof({ weight: 4, arbitrary: noise.map((text): Bit => ({ kind: "noise", text })) }, { weight: 1, arbitrary: fc.constantFrom<Bit>({ kind: "present" }, { kind: "next" }, { kind: "old" }) });
  const typed = fc.oneof({ weight: 3, arbitrary: fc.constantFrom("{{new}}", "{{present}}", "passwd {{account}}", "password {{new}} x", "exit", "", "{{user}}") }, { weight: 2, arbitrary: fc.array(bit, { maxLength: 3 }) });
  const turn = fc.record({ typed, said: fc.array(bit, { maxLength: 5 }), cut: fc.nat(9), broken: fc.constantFrom("", "\r\n", " ", "\x1b[0m", "\x1b[1m\r") });
  /** A secret as a device may show it: whole, or broken by what a terminal puts into it. */
  const shown = (bits: Bit[], s: Record<"present" | "next" | "old", string>, cut: number, broken: string): string =>
    bits.map((b) => { if (b.kind === "noise") return b.text; const text = s[b.kind], at = cut % text.length; return text.slice(0, at) + broken + text.slice(at); }).join("");
  const squeezed = (text: string): string => text.replaceAll(/[\s\p{Cc}]/gu, "");

  test("law: secrets-one-door — no password is in the draft, its doubts or the transcript, and a draft is a command set or there is a sentence why not", () => {
    fc.assert(fc.property(secret, secret, secret, fc.array(turn, { maxLength: 7 }), fc.array(bit, { maxLength: 3 }), fc.constantFrom<About["over"]>("ssh-shell", "telnet"), fc.boolean(), (present, next, old, turns, greeting, over, self) => {
      fc.pre(new Set([present, next, old]).size === 3);
      const s = { present, next, old }, secrets = [present, next, old].map((x) => Secret.of(x)), known = { present: secrets[0]!, next: secrets[1]!, others: [secrets[2]!] };
      const raw: Piece[] = [{ by: "device", at: 0, text: shown(greeting, s, 0, "") }];
      for (const t of turns) {
        const line = typeof t.typed === "string" ? t.typed : t.typed.map((b) => (b.kind === "noise" ? b.text : s[b.kind])).join(""), parts = readLine(line, { account: "app", user: "root" }, known);
        if (typeof parts === "string") continue;
        raw.push({ by: "person", at: 1, parts, enter: true }, { by: "device", at: 2, text: shown(t.said, s, t.cut, t.broken) });
      }
      const kept = keptOf(raw, secrets), about = { ...ABOUT, over, self, user: self ? "app" : "root" }, r = inferCommandSet(kept, about);
      const all = [JSON.stringify(kept), transcriptText(shownTranscript(kept)), "draft" in r ? r.draft : r.why, ...r.unsure].join("\n");
      for (const x of [present, next, old]) {
        expect(all.includes(x)).toBe(false);
        for (const p of kept) if (p.by === "device") expect(squeezed(p.text).includes(squeezed(x))).toBe(false);
      }
      if ("draft" in r) expect(parseCommandSet(r.draft)).toHaveProperty("set"); else expect(r.why).not.toBe("");
    }), { numRuns: 600 });
  });
  test("what is typed in clear and known becomes its placeholder; two of them, or a part of one, do not leave", () => {
    const known = { present: Secret.of("Old-Pw-1!xyz"), next: Secret.of("New-Pw-2!xyz"), others: [Secret.of("Older-Pw-0!xyz")] }, names = { account: "app", user: "root" };
    expect(readLine("password New-Pw-2!xyz end", names, known)).toEqual([{ text: "password " }, { secret: "new" }, { text: " end" }]);
    expect(readLine("su {{user}} {{present}}", names, known)).toEqual([{ text: "su root " }, { secret: "present" }]);
    for (const [line, words] of [["{{new}} {{new}}", /One password a line/], ["x New-Pw-", /holds a password/], ["Older-Pw-0!xyz", /holds a password/], ["Old-Pw{{account}}", /holds a password/], ["{{pw}}", /There is no/], ["a\nb", /One line/], ["x".repeat(401), /400/]] as const) expect(readLine(line, names, known), line).toMatch(words);
  });
  test("a password that reads like an ordinary word cannot be told from what devices say", () => {
    for (const bad of ["cisco", "password", "Password1", "enable123", "administrator", "short1!", "abcdefghij"]) expect(untellable(Secret.of(bad)), bad).toMatch(/ordinary word/);
    for (const good of ["Root-Pw-1!x9Qz", "a1b2c3d4", "First-vty-Pw-1"]) expect(untellable(Secret.of(good)), good).toBeNull();
  });
});
