/** Keys, lines and the menu: pure pieces of the dialogue. Rule: whatever a terminal sends or is called, no line is wider than it and nothing steers it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { MenuItem, Progress } from "../../proxy/channel.ts";
import { edit, fold, head, keysOf, tail } from "../../proxy/ssh/keys.ts";
import { chosenBy, filtered, menuLines, standingWords } from "../../proxy/ssh/menu.ts";
import { newsOf, waitingLine } from "../../proxy/ssh/waiting.ts";

const typed = (input: string): string => keysOf(input).reduce((line, key) => edit(line, key, 500), "");
// eslint-disable-next-line no-control-regex
const STEERS = /[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/;

describe("keys", () => {
  test("editing", () => {
    expect(typed("hello")).toBe("hello");
    expect(typed("hellp\x7fo")).toBe("hello");
    expect(typed("größe\b\b")).toBe("grö");
    expect(typed("one two\x17")).toBe("one ");
    expect(typed("one\x15two")).toBe("two");
    expect(typed("a\x1b[Ab\x1bOC\x1b[3~c")).toBe("abc");
    expect(keysOf("a\r\nb\n\x03\x04\x1b").map((k) => k.kind)).toEqual(["text", "enter", "text", "enter", "interrupt", "end", "other"]);
  });
  test("no input throws, loses Ctrl-C, or gets a control character into a line", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), (input) => {
      const line = typed(input);
      expect([...line].length).toBeLessThanOrEqual(500);
      expect(line.isWellFormed()).toBe(true);
      return !STEERS.test(line);
    }));
    fc.assert(fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => keysOf(`${a}\x03${b}`).some((k) => k.kind === "interrupt")));
  });
  test("a line is bounded in characters", () => expect(edit("x".repeat(499), { kind: "text", text: "äöü" }, 500)).toBe(`${"x".repeat(499)}ä`));
  test("folding, the head and the tail keep to the room", () => {
    fc.assert(fc.property(fc.array(fc.string({ minLength: 1, maxLength: 12 }).map((s) => s.replace(/\s/g, "_"))), fc.integer({ min: 12, max: 100 }), (words, room) => {
      const lines = fold(words.join(" "), room);
      expect(lines.join(" ")).toBe(words.join(" "));
      return lines.every((l) => [...l].length <= room);
    }));
    fc.assert(fc.property(fc.string(), fc.integer({ min: 0, max: 40 }), (text, room) => [...head(text, room)].length <= room && [...tail(text, room)].length <= room));
  });
});

const item = (name: string, over: Partial<MenuItem> = {}): MenuItem => ({ account: name, target: "web-1", standing: { word: "available", by: null, leftMs: null }, mine: null, offers: [], ...over });
const mine = (state: "pending" | "approved" | "checked_out", leftMs: number) => ({ mine: { request: "req_1", state, leftMs } });

describe("menu", () => {
  const items = [item("root", mine("checked_out", 1_500_000)), item("app1"), item("app2", { standing: { word: "held", by: "rival", leftMs: 30_000 } })];
  test("how things stand", () => {
    expect(items.map(standingWords)).toEqual(["yours, 25 min left", "available", "held by rival for less than a minute"]);
    expect(standingWords(item("x", { ...mine("approved", 7_200_000), standing: { word: "held", by: "rival", leftMs: 60_000 } }))).toBe("approved, start within 2 h; held by rival for 1 min");
    expect([standingWords(item("x", mine("pending", 1))), standingWords(item("x", { standing: { word: "rotating", by: null, leftMs: null } }))]).toEqual(["asked, waits for approval", "password is being changed"]);
  });
  test("chosen by number, by mark and by name", () => {
    expect(filtered(items, "app").map((i) => i.account)).toEqual(["app1", "app2"]);
    expect(filtered(items, "2")).toBe(items);
    expect(chosenBy(items, "2", 0)?.account).toBe("app1");
    expect(chosenBy(items, "9", 0)).toBeUndefined();
    expect(chosenBy(items, "0", 0)).toBeUndefined();
    expect(chosenBy(filtered(items, "APP2 web"), "APP2 web", 0)?.account).toBe("app2");
    expect(chosenBy([], "zzz", 0)).toBeUndefined();
  });
  test("no line is wider than the terminal or steers it, and the marked one is always shown", () => {
    const anything = fc.record({ name: fc.string({ unit: "binary", minLength: 1, maxLength: 60 }), by: fc.string({ unit: "binary", maxLength: 30 }) });
    fc.assert(fc.property(fc.array(anything, { minLength: 1, maxLength: 40 }), fc.integer({ min: 10, max: 200 }), fc.integer({ min: 1, max: 50 }), fc.nat(), (list, cols, rows, at) => {
      const all = list.map(({ name, by }) => item(name, { standing: { word: "held", by, leftMs: 1 } })), marked = at % all.length, lines = menuLines(all, marked, cols, rows);
      expect(lines.length).toBe(Math.min(rows, all.length));
      expect(lines.filter((l) => l.startsWith(">")).length).toBe(1);
      return lines.every((l) => [...l].length < cols && !STEERS.test(l));
    }));
  });
});

describe("waiting", () => {
  const p: Progress = { ok: true, tag: "t", state: "pending", account: "root@web-1", minutes: 90, have: 0, need: 1, approvers: ["approver", "operator"], approvedBy: [], confirming: false, place: null, holder: null, sentence: "", link: "" };
  test("one line says for whom, for what, and which place in the queue", () => {
    expect(waitingLine(p, 0)).toBe("Waiting for one of: approver, operator");
    expect(waitingLine({ ...p, need: 2, have: 1 }, 0)).toBe("Waiting for 2 of: approver, operator - 1 of 2 approved");
    expect(waitingLine({ ...p, approvers: [] }, 0)).toBe("Waiting for somebody who may approve: nobody is seated");
    expect(waitingLine({ ...p, state: "blocked", holder: { by: "rival", leftMs: 0 } }, 61_000)).toBe("root@web-1 is held by rival for 1:01 more");
    expect(waitingLine({ ...p, state: "blocked", place: 3, holder: { by: "rival", leftMs: 0 } }, 1)).toBe("You are number 3 in the queue. root@web-1 is held by rival for 0:00 more");
    expect(waitingLine({ ...p, state: "blocked", place: 1, sentence: "Its password is being changed right now." }, 1)).toBe("You are next. Its password is being changed right now.");
  });
  test("what is new is told once", () => {
    const one = { ...p, need: 2, have: 1, approvedBy: ["approver"] }, two = { ...p, state: "go" as const, need: 2, have: 2, approvedBy: ["approver", "operator"] };
    expect([newsOf(p, undefined), newsOf(one, p), newsOf(one, one), newsOf(two, one)]).toEqual([
      [], ["Approved by approver (1 of 2)."], [], ["Approved by operator (2 of 2).", "You have root@web-1 for 1 h 30 min from the first use."],
    ]);
  });
});
