/** From a terminal's bytes to lines, commands and typed text. Rule: pure; property tests where the input is a space; what was not echoed never comes out. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Channel, Piece } from "../../src/recordings/channels.ts";
import { hideUnechoed } from "../../src/recordings/echo.ts";
import { linesOf, render } from "../../src/recordings/lines.ts";
import { transcriptOf } from "../../src/recordings/transcript.ts";
import { phrasesOf, snippet, wordsOf } from "../../src/recordings/words.ts";

const o = (at: number, text: string): Piece => ({ at, code: "o", text }), i = (at: number, text: string): Piece => ({ at, code: "i", text });
const channel = (pieces: Piece[], over: Partial<Channel> = {}): Channel => ({ no: 1, opened: { kind: "shell", cols: 80, rows: 24 }, terminal: true, start: 0, pieces, shortened: false, ...over });

describe("a line", () => {
  it.each([
    ["plain", "plain"], ["ab\x08c", "ac"], ["abc\rX", "Xbc"], ["abc\r\x1b[KX", "X"], ["\x1b[1;32mgreen\x1b[0m", "green"], ["a\x1b[3Cb", "a   b"], ["abc\x1b[2DX", "aXc"], ["abcd\x1b[3D\x1b[P", "acd"], ["\x1b]0;title\x07x", "x"], ["x\x1b[99999999Cy", `x${" ".repeat(4_095)}y`], ["trail \r", "trail"],
  ])("%j reads %j", (raw, text) => { expect(render(raw)).toBe(text); });
  it("has no control character and no more than its input and WIDE allow, whatever comes", () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom("a", "\x1b", "[", "3", "C", "D", "K", "P", "G", "\r", "\x08", "\t", "]", "\x07", "é"), maxLength: 200 }), (raw) => {
      const text = render(raw);
      expect(text).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f]/); // eslint-disable-line no-control-regex
      expect(text.length).toBeLessThanOrEqual(4_097 + raw.length);
    }), { numRuns: 1_000 });
  });
  it("comes out the same however the output was cut", () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom("a", "b", "\n", "\r", "\x08", "\x1b[K", "é"), maxLength: 120 }), fc.array(fc.nat(120), { maxLength: 6 }), (text, cuts) => {
      const at = [...new Set([0, ...cuts.map((c) => c % (text.length + 1)), text.length])].sort((a, b) => a - b), pieces = at.slice(1).map((to, k) => o(k, text.slice(at[k], to)));
      expect(linesOf(channel(pieces)).map((l) => l.text)).toEqual(linesOf(channel([o(0, text)])).map((l) => l.text));
    }));
  });
  it("that is wider than any screen stays whole behind the columns that are edited", () => {
    const long = "abcdefghij".repeat(1_000);
    expect(render(`${long}\r`)).toBe(long);
    expect(render(`\x1b[31m${long}\x1b[K\x1b[0m`)).toBe(long);
    expect(render(`${long}\r\x1b[K`)).toBe("");
    expect(render(`${long}\r\x1b[3PX`)).toBe(`X${long.slice(4)}`);
  });
  it("that is very long goes on in the next; nothing of it is lost, no character is cut in two, and its middle is no prompt", () => {
    const text = `${"x".repeat(65_535)}😀${"y".repeat(70_000)}$ `, lines = linesOf(channel([o(0, text), o(1, "z\r\nend")]));
    expect(lines.map((l) => [l.text.length, l.ended, l.prompt])).toEqual([[65_535, false, 0], [65_536, false, 0], [4_469, true, 0], [3, false, 0]]);
    expect(lines.slice(0, 3).map((l) => l.text).join("")).toBe(`${text}z`);
  });
});

/** Whatever a session prints or its person types, the broker that reads it has other things to do: sizes here took many seconds, in ms of this process alone. */
describe("the work is in proportion to the text", () => {
  const within = (ms: number, work: () => void): void => { const begun = process.cpuUsage(); work(); expect(process.cpuUsage(begun).user / 1_000).toBeLessThan(ms); };
  it("of one line that deletes characters again and again", () => within(3_000, () => expect(render(`${"a".repeat(2_000_000)}\r${"\x1b[P".repeat(10_000)}`).length).toBe(2_000_000 - 4_096)));
  it("of a line with many stops that may be a prompt", () => within(3_000, () => expect(linesOf(channel(Array.from({ length: 70 }, (_, k) => o(k, k === 0 ? "\r".repeat(2_000_000) : "\r")))).every((l) => l.text === "" && l.prompt === 0)).toBe(true)));
  it("of keys and line ends that nobody echoed", () => within(3_000, () => expect(hideUnechoed([i(1, "x".repeat(120_000)), o(2, "\n".repeat(120_000))])[0]!.text).toBe("•".repeat(120_000))));
  it("of more keys than are kept: from there on all is hidden, and what was echoed before is not", () => {
    const [first, second] = hideUnechoed([i(1, "seen\r"), o(2, "seen\r\n"), i(3, `${"k".repeat(1 << 20)}\rlate\r`), o(4, `${"k".repeat(1 << 20)}\nlate\n`)]).filter((p) => p.code === "i");
    expect([first!.text, /[kl]/.test(second!.text)]).toEqual(["seen\r", false]);
  });
  it("of lines that send the cursor far to the right: what they leave empty has a bound of its own", () => {
    const text = linesOf(channel([o(0, "\x1b[4096Gx\n".repeat(5_000))])).reduce((n, l) => n + l.text.length, 0);
    expect(text).toBeLessThan((1 << 20) + 5_000 * 9 + 4_096);
  });
});

describe("commands", () => {
  const shell = (prompt: string, command: string, result: string) => channel([o(10, `\x1b[?2004h${prompt}`), ...[...command].map((c, k) => o(500 + k, c)), o(900, "\r\n"), o(905, `${result}\r\n`), o(910, prompt)]);
  it.each(["root@web-1:~# ", "$ ", "[ada@db /srv]$ ", "mysql> ", ">>> ", "\x1b[32muser@h\x1b[0m % "])("are found behind the prompt %j, with the time of Enter", (prompt) => {
    expect(transcriptOf([shell(prompt, "ls -l /etc", "total 0")]).map((r) => [r.kind, r.at, r.text.replace(/ ?(\$|#|%|>>>|mysql>)$/, "").trim()])).toEqual([["command", 900, "ls -l /etc"], ["printed", 905, expect.stringContaining("total 0") as string]]);
  });
  it("are not seen in what a program prints, also when it looks like one", () => {
    expect(transcriptOf([channel([o(1, "# a comment\r\n$ not typed\r\n> quoted\r\n")])]).map((r) => r.kind)).toEqual(["printed"]);
  });
  it("a redirection in a command is part of it", () => { expect(transcriptOf([shell("$ ", "echo a > b", "")])[0]!.text).toBe("echo a > b"); });
  it("of an exec is what was sent", () => {
    const exec = channel([o(5, "out\n"), { at: 6, code: "o", text: "oops\n", err: true }], { opened: { kind: "exec", command: "do it" }, terminal: false });
    expect(transcriptOf([exec])).toEqual([{ channel: 1, at: 0, kind: "command", text: "do it" }, { channel: 1, at: 5, kind: "printed", text: "out\noops" }]);
  });
});

describe("typed text", () => {
  const typed = (pieces: Piece[]) => transcriptOf([channel(hideUnechoed(pieces))]).filter((r) => r.kind === "typed").map((r) => r.text);
  it("is shown where it was echoed, and a silent prompt's answer never is", () => {
    const pieces = [o(0, "$ "), i(1, "sudo ls\r"), o(2, "sudo ls\r\n"), o(3, "[sudo] password: "), i(4, "Hunter2!\r"), o(5, "\r\n"), o(6, "file\r\n$ "), i(7, "exit\r"), o(8, "exit\r\n")];
    expect(typed(pieces)).toEqual(["sudo ls", "exit"]);
    expect(hideUnechoed(pieces).filter((p) => p.code === "i").map((p) => p.text)).toEqual(["sudo ls\r", "••••••••\r", "exit\r"]);
  });
  it("typed ahead, partly echoed or never ended it is hidden", () => {
    expect(typed([o(0, "$ "), i(1, "secret"), o(2, "sec")])).toEqual([]);
    expect(hideUnechoed([i(1, "secret")])[0]!.text).toBe("••••••");
    expect(typed([i(1, "secret\r"), o(2, "secre"), o(3, "\r\n")])).toEqual([]);
  });
  it("nothing that was not drawn comes out, whatever else is", () => {
    const key = fc.constantFrom("S", "E", "C");
    fc.assert(fc.property(fc.array(fc.oneof(fc.record({ typed: key }), fc.record({ drawn: fc.constantFrom("x", "y", "\r\n", "$ ") }), fc.constant({ enter: true })), { maxLength: 40 }), (steps) => {
      const pieces = steps.map((s, at) => ("typed" in s ? i(at, s.typed) : "drawn" in s ? o(at, s.drawn) : i(at, "\r")));
      for (const p of hideUnechoed(pieces)) if (p.code === "i") expect(p.text).not.toMatch(/[SEC]/);
    }), { numRuns: 1_000 });
  });
  it("keeps every length", () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.boolean(), fc.string({ unit: "binary", maxLength: 12 })), { maxLength: 12 }), (all) => {
      const pieces = all.map(([typedOne, text], at) => (typedOne ? i(at, text) : o(at, text)));
      expect(hideUnechoed(pieces).map((p) => p.text.length)).toEqual(pieces.map((p) => p.text.length));
    }));
  });
});

it("of a file transfer each operation is a row of its own, told as one of files", () => {
  const c = { ...channel([o(0, "open /etc/motd read 12 bytes: ok\r\n"), o(5, "remove /srv/x: Not by this policy.\r\n")]), opened: { kind: "sftp" }, terminal: false };
  expect(transcriptOf([c]).map((r) => [r.kind, r.at, r.text])).toEqual([["sftp", 0, "open /etc/motd read 12 bytes: ok"], ["sftp", 5, "remove /srv/x: Not by this policy."]]);
});

describe("words", () => {
  it("are the same for what is indexed and what is asked", () => {
    expect(wordsOf("Restart /etc/nginx/nginx.conf; rm -RF É")).toEqual(["restart", "etc", "nginx", "nginx", "conf", "rm", "rf", "é"]);
    expect(phrasesOf('"rm -rf" /srv "" --')).toEqual([["rm", "rf"], ["srv"]]);
  });
  it("a snippet is a piece of the text with the words marked", () => {
    fc.assert(fc.property(fc.array(fc.constantFrom("alpha", "beta", "gamma", "\n", " ", "-"), { minLength: 1, maxLength: 200 }), (parts) => {
      const text = parts.join(" "), s = snippet(text, new Set(["beta"]));
      expect(text).toContain(s.map((p) => p.text).join("").replace(/^…|…$/g, ""));
      for (const p of s) if (p.hit) expect(p.text).toBe("beta");
      if (wordsOf(text).includes("beta")) expect(s.some((p) => p.hit)).toBe(true);
    }));
  });
});
