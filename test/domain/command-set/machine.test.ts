/** The interpreter against devices that say what they like, when they like. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { begin, dueAt, hangUp, hear, lastLine, parseCommandSet, visible, wake, withoutEcho, type Rules, type Sent, type Step, type Talk } from "../../../src/domain/command-set/index.ts";

const steps = (list: object[]): Step[] => {
  const r = parseCommandSet(JSON.stringify({ set: "box", called: "B", one: "a b", grade: "draft", over: [JSON.stringify(list).includes("exit") ? "ssh-exec" : "ssh-shell"], change: [...list, { sendSecret: "new", expect: [] }] }));
  if ("mistakes" in r) throw new Error(JSON.stringify(r.mistakes));
  return r.set.change.slice(0, -1);
};
const SECRETS = { present: "old-Pw-1", new: "new-Pw-2" };
const lineOf = (s: Sent): string => s.parts.map((p) => ("text" in p ? p.text : SECRETS[p.secret])).join("");
const rules = (list: object[], errors: Rules["errors"] = []): Rules =>
  ({ steps: steps(list), errors, names: { account: "app", user: "root" }, settle: 50, atLeast: 500, unecho: (text, sent) => withoutEcho(text, lineOf(sent)) });
/** A device: answers each line it is sent, in pieces with the silences given. */
type Piece = { readonly after: number; readonly text: string };
const run = (r: Rules, greets: Piece[], answers: (line: string) => Piece[] | null): { talk: Talk; sent: string[]; at: number; moves: number } => {
  let now = 0, t = begin(r, now), moves = 0;
  const sent: string[] = [], coming = greets.map((p) => ({ at: p.after, text: p.text }));
  while (t.over === null && moves++ < 10_000) {
    const due = dueAt(t)!, next = coming[0];
    if (next && next.at <= Math.max(due, now)) { now = Math.max(now, next.at); coming.shift(); t = hear(t, next.text, now); } else { now = Math.max(now, due); t = wake(t, now); }
    if (t.out) {
      sent.push(lineOf(t.out));
      const said = answers(lineOf(t.out));
      if (said === null) { t = hangUp(t, { exit: null }, now); break; }
      let at = now;
      for (const p of said) coming.push({ at: at += p.after, text: p.text });
    }
  }
  return { talk: t, sent, at: now, moves };
};
const PASSWD = [
  { send: "passwd {{account}}", expect: [{ match: "unknown user.*", is: "refused" }, { match: "New password: $", is: "ok" }] },
  { sendSecret: "new", expect: [{ match: "Bad password.*", is: "refused" }, { match: "Retype password: $", is: "ok" }] },
  { sendSecret: "new", expect: [{ match: "do not match", is: "refused" }, { match: "changed by", is: "ok" }] },
];
const box = (line: string): Piece[] => [{ after: 5, text: line.startsWith("passwd ") ? "New password: " : "Retype password: " }];

test("a dialogue is walked, and each prompt is answered only after a moment of silence", () => {
  let n = 0;
  const r = run(rules(PASSWD), [], (line) => (n++ === 2 ? [{ after: 5, text: "password for app changed by root\n# " }] : box(line)));
  expect(r.sent).toEqual(["passwd app", SECRETS.new, SECRETS.new]);
  expect(r.talk.over).toEqual({ is: "ok", why: "", asked: false, begun: true, made: true, step: 3 });
  expect(r.at).toBe(3 * 55);
});
test("law: not_sent has a ground: nothing has begun before the first step that sends the new password", () => {
  const unknown = run(rules(PASSWD), [], () => [{ after: 1, text: "passwd: unknown user app\n# " }]);
  expect([unknown.talk.over, unknown.sent]).toEqual([{ is: "refused", why: "unknown user app", asked: false, begun: false, made: false, step: 0 }, ["passwd app"]]);
  const silent = run(rules(PASSWD), [], () => []);
  expect([silent.talk.over, silent.at]).toEqual([{ is: "unknown", why: "the device said nothing that step 1 expects", asked: false, begun: false, made: false, step: 0 }, 10_000]);
  const cut = run(rules(PASSWD), [], (line) => (line === SECRETS.new ? null : box(line)));
  expect(cut.talk.over).toMatchObject({ is: "unknown", begun: true, made: false, why: "the device ended the conversation" });
});
test("refused after the first secret is refused; once a step that commits was answered, it is said that the change is made", () => {
  const weak = run(rules(PASSWD), [], (line) => (line === SECRETS.new ? [{ after: 1, text: "Bad password: too short\nNew password: " }] : box(line)));
  expect(weak.talk.over).toEqual({ is: "refused", why: "Bad password: too short", asked: false, begun: true, made: false, step: 1 });
  const saved = [{ send: "password ", sendSecret: "new", expect: [{ match: "# $", is: "ok" }] }, { send: "write", expect: [{ match: "% .*", is: "refused" }] }];
  expect(run(rules(saved), [], (line) => [{ after: 1, text: line === "write" ? "% no space\n# " : "r1# " }]).talk.over).toMatchObject({ is: "refused", made: true });
  const marked = [{ ...saved[0]!, commits: true }, { send: "also ", sendSecret: "new", expect: [{ match: "% .*", is: "refused" }] }];
  expect(run(rules(marked), [], (line) => [{ after: 1, text: line.startsWith("also") ? "% no\n" : "r1# " }]).talk.over).toMatchObject({ is: "refused", made: true });
});
test("error texts count after every step that sent something, before its own alternatives, and not for what was there before", () => {
  const list = [{ expect: [{ match: "> $", is: "ok" }] }, { send: "conf t", expect: [{ match: "> $", is: "ok" }] }], errors = [{ match: "(?m)^% (.*)$", is: "refused" as const }];
  expect(run(rules(list, errors), [{ after: 1, text: "% welcome\nr1> " }], () => [{ after: 1, text: "ok\nr1> " }]).talk.over).toMatchObject({ is: "ok" });
  expect(run(rules(list, errors), [{ after: 1, text: "r1> " }], () => [{ after: 1, text: "\r\n% Unknown command.\r\nr1> " }]).talk.over).toMatchObject({ is: "refused", why: "Unknown command." });
});
test("a step with `when` is left out where the last text does not fit", () => {
  const list = [{ expect: [{ match: "[>#] $", is: "ok" }] }, { when: "> $", send: "enable", expect: [{ match: "# $", is: "ok" }] }, { send: "x", expect: [{ match: "# $", is: "ok" }] }];
  expect(run(rules(list), [{ after: 1, text: "r1# " }], () => [{ after: 1, text: "r1# " }]).sent).toEqual(["x"]);
  expect(run(rules(list), [{ after: 1, text: "r1> " }], () => [{ after: 1, text: "r1# " }]).sent).toEqual(["enable", "x"]);
});
test("an exit status, or none, is an answer where the set names it", () => {
  const list = [{ send: "cmd", expect: [{ exit: 0, is: "ok" }, { exit: "none", is: "unknown" }, { exit: "any", is: "refused" }] }];
  const ended = (exit: number | null): unknown => { let t = wake(wake(begin(rules(list), 0), 0), 0); t = hear(t, "said\n", 1); return hangUp(t, { exit }, 2).over; };
  expect([ended(0), ended(3), ended(null)]).toMatchObject([{ is: "ok" }, { is: "refused", why: "said" }, { is: "unknown" }]);
});
test("a password that reads like an answer decides nothing by its echo, however it is cut and broken", () => {
  fc.assert(fc.property(fc.constantFrom("Bad password: no", "do not match", "Retype password: ", "unknown user x"), fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 8 }), fc.boolean(), (pw, cuts, wraps) => {
    const list = [{ send: "set ", sendSecret: "new", expect: [{ match: "Bad password|do not match|unknown user", is: "refused" }, { match: "Retype password: $", is: "ok" }, { match: "changed\n# $", is: "ok" }] }];
    const line = `set ${pw}`, echo = wraps ? `${line.slice(0, 7)} \r${line.slice(7)}` : line, whole = `${echo}\r\nchanged\r\n# `, pieces: Piece[] = [];
    for (let at = 0, i = 0; at < whole.length; i++) { const n = cuts[i % cuts.length]!; pieces.push({ after: 70, text: whole.slice(at, at + n) }); at += n; }
    const r = { ...rules(list), unecho: (text: string, sent: Sent) => withoutEcho(text, sent.parts.map((p) => ("text" in p ? p.text : pw)).join("")) };
    expect(run(r, [], () => pieces).talk.over).toMatchObject({ is: "ok" });
  }));
});
describe("whatever a device says", () => {
  const anything = fc.array(fc.record({ after: fc.integer({ min: 0, max: 3_000 }), text: fc.oneof(fc.string({ unit: "binary", maxLength: 30 }), fc.constantFrom("New password: ", "Retype password: ", "changed by", "Bad password: x\n", "\x1b[6n", "# ", "\r\n")) }), { maxLength: 6 });
  test("law: it ends within its time-outs, sends each line at most once, the new password only to its prompt, and says begun exactly when it was sent", () => {
    fc.assert(fc.property(anything, fc.array(anything, { maxLength: 4 }), (greets, answers) => {
      let n = 0;
      const r = run(rules(PASSWD), greets, () => answers[n++] ?? []);
      expect(r.talk.over).not.toBeNull();
      expect(r.at).toBeLessThanOrEqual(3 * 10_000 + 500);
      expect(r.sent).toEqual(["passwd app", SECRETS.new, SECRETS.new].slice(0, r.sent.length));
      expect(r.talk.over!.begun).toBe(r.sent.length > 1);
      if (r.talk.over!.is === "ok") expect(r.sent.length).toBe(3);
    }), { numRuns: 500 });
  });
  test("law: how it is cut into reads changes nothing, as long as no silence falls between", () => {
    fc.assert(fc.property(fc.array(fc.nat(60), { maxLength: 8 }), (cuts) => {
      const text = "\x1b[6n\r\npasswd app\r\nChanging\x1b[1mpass\x1b[0mword\r\nNew password: ", at = [...new Set([0, ...cuts.filter((c) => c < text.length), text.length])].toSorted((a, b) => a - b);
      const pieces = at.slice(1).map((end, i) => ({ after: 3, text: text.slice(at[i], end) }));
      expect(run(rules(PASSWD.slice(0, 1)), [], () => pieces).talk.over).toMatchObject({ is: "ok" });
    }));
  });
  test("a device that never stops talking is decided on all the same", () => {
    const flood = Array.from({ length: 2_000 }, () => ({ after: 10, text: "log line\n" }));
    const r = run(rules(PASSWD.slice(0, 1)), [], () => flood);
    expect([r.talk.over!.is, r.at]).toEqual(["unknown", 10_000]);
    expect(r.talk.heard.length).toBeLessThanOrEqual(16_384);
  });
});
describe("the screen", () => {
  test.each([["a\x1b[6nb", "ab"], ["a\x1b[", "a"], ["\x1b]0;title\x07x", "x"], ["\x1b]0;half", ""], ["ab\b\bX", "X"], ["a\r\r\nb\rc", "a\nb\nc"], ["\x1b(Bx\x1b=y", "xy"], ["a\0b\x7f", "ab"], ["\x1b[?2004h$ ", "$ "]])("%j reads %j", (raw, text) => { expect(visible(raw)).toBe(text); });
  test("no control characters are left but line ends and tabs", () => {
    // eslint-disable-next-line no-control-regex
    fc.assert(fc.property(fc.string({ unit: "binary" }), (raw) => !/[\x00-\x08\x0b-\x1f\x7f]/.test(visible(raw))));
  });
  test("the last line", () => { expect([lastLine("a\n b \n\n"), lastLine("")]).toEqual(["b", ""]); });
  test.each([["cmd\nrest", "cmd", "\nrest"], ["\ncmd\n$ ", "cmd", "\ncmd\n$ "], ["\nRetype: ", "Retype: x", "\nRetype: "], ["\nRetype: ", "R", "\nRetype: "], ["cm", "cmd", ""], ["xyz", "cmd", "xyz"], ["", "cmd", ""], ["\n", "cmd", "\n"], ["ab \ncd\n# ", "abcd", "\n# "]])("%j without the echo of %j is %j", (text, line, rest) => { expect(withoutEcho(text, line)).toBe(rest); });
});
