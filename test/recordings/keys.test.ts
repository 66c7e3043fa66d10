/** What was typed on a desktop, from its recording: lines with the player's own times. Rule: pure; a property test where the input is a space. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { instruction } from "../../proxy/rdp/instructions.ts";
import { maskChannel } from "../../src/flow/recordings.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { channelsIn, type Channel } from "../../src/recordings/channels.ts";
import type { Frame } from "../../src/recordings/frame.ts";
import { keyReader } from "../../src/recordings/keys.ts";
import { transcriptOf } from "../../src/recordings/transcript.ts";

const symOf = (c: string): number => (c === "\n" ? 0xff0d : c === "\b" ? 0xff08 : c.codePointAt(0)! < 0x100 ? c.codePointAt(0)! : 0x0100_0000 + c.codePointAt(0)!);
const press = (k: number, at = 0): string => instruction("key", k, 1, at) + instruction("key", k, 0, at);
const down = (k: number): string => instruction("key", k, 1, 0), up = (k: number): string => instruction("key", k, 0, 0);
const read = (text: string): string => keyReader()(text).map((k) => k.text).join("");

describe("keys", () => {
  it.each<[string, string, string]>([
    ["letters, with Shift held as browsers say it", down(0xffe1) + press(0x41) + up(0xffe1) + press(0x62), "Ab"], ["Ctrl and C", down(0xffe3) + press(0x63) + up(0xffe3) + press(0x64), "⟨Ctrl+c⟩d"],
    ["Ctrl, Alt and Delete", down(0xffe3) + down(0xffe9) + press(0xffff), "⟨Ctrl+Alt+Delete⟩"], ["Alt and F4", down(0xffe9) + press(0xffc1), "⟨Alt+F4⟩"], ["Ctrl and Enter", down(0xffe3) + press(0xff0d), "⟨Ctrl+Enter⟩"],
    ["Tab, an arrow, a function key, a key nobody knows", press(0xff09) + press(0xff51) + press(0xffbe) + press(0xfd01), "⟨Tab⟩⟨Left⟩⟨F1⟩⟨key fd01⟩"], ["the number pad", press(0xffb1) + press(0xff8d), "1\r"],
    ["AltGr says nothing by itself", down(0xfe03) + press(0x40) + up(0xfe03), "@"], ["nothing that is no key", instruction("mouse", 1, 1, 1, 5) + "garbage", ""], ["a surrogate is none", press(0x0100_d800), "⟨key 100d800⟩"],
  ])("%s", (_, text, typed) => { expect(read(text)).toBe(typed); });
  it("what people type comes out as they typed it, however it was cut into frames", () => {
    const visible = fc.string({ unit: fc.integer({ min: 0x20, max: 0x2_ffff }).filter((c) => c < 0x7f || (c >= 0xa0 && (c < 0xd800 || c > 0xdfff))).map((c) => String.fromCodePoint(c)), maxLength: 40 });
    fc.assert(fc.property(visible, fc.nat(90), (typed, per) => {
      const all = [...typed].map((c) => press(symOf(c))).join(""), reader = keyReader(), out: string[] = [];
      for (let i = 0; i < all.length; i += per + 1) out.push(...reader(all.slice(i, i + per + 1)).map((k) => k.text));
      expect(out.join("")).toBe(typed);
    }), { numRuns: 500 });
  });
  it("whatever stands in a frame, reading it ends and throws nothing", () => { fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => { keyReader()(text); }), { numRuns: 1_000 }); });
});

const frame = (type: Frame["type"], time: number, text: string): Frame => ({ seq: 0, type, channel: 1, time, data: Buffer.from(text) }) as Frame;
const desktop = (...keys: [text: string, at: number][]): Channel => channelsIn([
  frame("opened", 100, JSON.stringify({ kind: "desktop", width: 800, height: 600 })), frame("output", 150, "4.size,1.0,3.800,3.600;"), frame("output", 900, `3.nop;${instruction("sync", 50_000)}`),
  ...keys.map(([text, at]) => frame("input", 900 + at, [...text].map((c) => press(symOf(c), 50_000 + at)).join(""))),
  frame("event", 9_000, JSON.stringify({ op: "upload", path: "a.txt", result: "ok" })),
]).channels[0]!;
const typed = (c: Channel, ...secrets: string[]): [number, string][] => transcriptOf([maskChannel(c, secrets.map((s) => Secret.of(s)))]).filter((r) => r.kind === "typed").map((r) => [r.at, r.text]);

describe("a desktop's lines", () => {
  it("end with Enter or a rest; their time is the player's", () => {
    expect(typed(desktop(["ls\npw", 2_000], ["d\n", 2_500], ["name", 8_000], ["field two", 20_000]))).toEqual([[2_000, "ls"], [2_000, "pwd"], [8_000, "name"], [20_000, "field two"]]);
  });
  it("what was taken back is taken back", () => { expect(typed(desktop([`wrong${"\b".repeat(5)}right\n`, 1]))).toEqual([[1, "right"]]); });
  it("the account's passwords are masked, also typed in pieces and mended; nothing of the picture is text", () => {
    const secret = "S3cret-Passw0rd!";
    expect(typed(desktop(["su\nS3cret-", 100], ["Passx\bw0rd!\n", 400]), secret)).toEqual([[100, "su"], [100, "•".repeat(secret.length)]]);
    expect(transcriptOf([maskChannel(desktop(["a", 1]), [])]).map((r) => r.kind)).toEqual(["typed", "printed"]);
  });
});
