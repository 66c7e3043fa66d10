/** The protocol's own writing, and what may cross. Rule: any text, any order of instructions; what is not named in the policy never passes. */
import { EventEmitter } from "node:events";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Carriage, operationOf, type Told } from "../../proxy/rdp/carriage.ts";
import { Customs, type Crossing, type Rules } from "../../proxy/rdp/customs.ts";
import { instruction, parse, type Instruction } from "../../proxy/rdp/instructions.ts";
import { DesktopLine } from "../../proxy/rdp/line.ts";
import { parseStart } from "../../proxy/rdp/messages.ts";
import { DesktopStream } from "../../proxy/rdp/stream.ts";

const element = fc.string({ unit: "grapheme", maxLength: 20 }), words = fc.array(element, { minLength: 1, maxLength: 6 });
describe("instructions", () => {
  test("what is written is read back, whatever characters it has", () => {
    fc.assert(fc.property(fc.array(words, { maxLength: 6 }), (all) => { expect(parse(all.map((w) => instruction(...w)).join(""))).toEqual(all); }), { numRuns: 2_000 });
  });
  test("lengths are of code points", () => {
    expect(instruction("name", "Zürich€", "𝄞é")).toBe("4.name,7.Zürich€,2.𝄞é;");
    expect(instruction("key", 65, 1)).toBe("3.key,2.65,1.1;");
    // Half a character is one code point by itself, as it arrives.
    expect(parse(instruction("x", "\ud834a"))).toEqual([["x", "\ud834a"]]);
  });
  test("no text throws, and what is no whole instruction is refused", () => {
    fc.assert(fc.property(fc.oneof(fc.string({ maxLength: 80 }), fc.stringMatching(/^(\d{1,3}\.[a-z]{0,5}[,;]){0,6}$/)), (text) => {
      const all = parse(text);
      if (all !== undefined) expect(parse(all.map((i) => instruction(...i)).join(""))).toEqual(all);
    }), { numRuns: 5_000 });
    for (const text of ["4.sync", "4.sync,", "4.sync;x", "5.sync;", "3.sync;", "-1.a;", "1e1.a;", "99999999.a;", "4.sync,1.1;4.syn", " 4.sync;", ".;", "1.a1.b;"]) expect([text, parse(text)]).toEqual([text, undefined]);
    expect(parse("1.a,".repeat(200) + "1.b;")).toBeUndefined();
    expect(parse("")).toEqual([]);
  });
  test("every cut of a text is a whole number of instructions or none", () => {
    fc.assert(fc.property(fc.array(words, { minLength: 1, maxLength: 4 }), fc.nat(), (all, at) => {
      const texts = all.map((w) => instruction(...w)), text = texts.join(""), ends = texts.map((_, i) => texts.slice(0, i + 1).join("").length), cut = at % text.length;
      expect(parse(text.slice(0, cut)) !== undefined).toBe(cut === 0 || ends.includes(cut));
    }), { numRuns: 2_000 });
  });
});

const rules = (o: Partial<Rules> = {}): Rules => ({ clipboardIn: false, clipboardOut: false, filesIn: false, filesOut: false, ...o });
const passed = (c: Crossing): unknown => (c.pass === "broken" ? "broken" : c.pass);
describe("from a browser", () => {
  test("a closed list: nothing else passes, ever", () => {
    const KNOWN = ["mouse", "key", "touch", "sync", "size", "nop", "disconnect", "ack", "clipboard", "file", "blob", "end", "get", "put"];
    fc.assert(fc.property(fc.oneof(fc.constantFrom("select", "connect", "args", "argv", "audio", "video", "pipe", "usr", "require", "ready", "", "constructor", "__proto__", "toString", "img", "copy", "log"), fc.string()), fc.array(element, { maxLength: 4 }), (opcode, args) => {
      if (!KNOWN.includes(opcode)) expect(new Customs(rules({ clipboardIn: true, filesIn: true, filesOut: true, clipboardOut: true })).fromBrowser([opcode, ...args]).pass).toBe("broken");
    }), { numRuns: 2_000 });
    for (const it of [["mouse", "1", "1", "0"], ["key", "65", "1"], ["sync", "17"], ["size", "1024", "768"], ["nop"], ["ack", "1", "OK", "0"], ["disconnect"]] as Instruction[]) expect(passed(new Customs(rules()).fromBrowser(it))).toBe(true);
  });
  test("arguments of another kind end it: none reaches guacd that its own parser would have to judge", () => {
    for (const it of [["mouse", "x", "1", "0"], ["mouse", "1", "1"], ["key", "65", "2"], ["key", "6.5", "1"], ["size", "1", "1"], ["size", "99999", "100"], ["sync", "-1"], ["sync", "1", "2"], ["ack", "1", "OK", "x"], ["nop", "1"]] as Instruction[])
      expect([it, new Customs(rules()).fromBrowser(it).pass]).toEqual([it, "broken"]);
  });
  test("each direction by itself, and a refusal is answered with 771", () => {
    const ways = [["clipboardIn", ["clipboard", "0", "text/plain"], "paste"], ["filesIn", ["file", "0", "text/plain", "a.txt"], "upload"], ["filesIn", ["put", "0", "0", "text/plain", "/a.txt"], "upload"]] as const;
    for (const [rule, it, what] of ways) {
      const no = new Customs(rules(Object.fromEntries(["clipboardIn", "clipboardOut", "filesIn", "filesOut"].map((r) => [r, r !== rule])))), stream = "0";
      expect(no.fromBrowser(it as never)).toEqual({ pass: false, refused: what, answer: ["ack", stream, "refused", "771"] });
      expect(no.fromBrowser(["blob", "0", "AAAA"])).toEqual({ pass: false });
      expect(no.fromBrowser(["end", "0"])).toEqual({ pass: false });
      const yes = new Customs(rules({ [rule]: true }));
      expect(yes.fromBrowser(it as never)).toMatchObject({ pass: true, begins: { stream } });
      expect(yes.fromBrowser(["blob", "0", "AAAA"])).toEqual({ pass: true, piece: { stream, data: "AAAA" } });
      expect(yes.fromBrowser(["end", "0"])).toEqual({ pass: true, ends: stream });
      expect(yes.fromBrowser(["blob", "0", "AAAA"]), "over is over").toEqual({ pass: false });
    }
    expect(new Customs(rules({ clipboardIn: true, clipboardOut: true })).fromBrowser(["get", "0", "/"])).toEqual({ pass: false, refused: "download" });
  });
  test("streams are bounded", () => {
    const c = new Customs(rules({ clipboardIn: true }));
    for (let i = 0; i < 64; i++) expect(passed(c.fromBrowser(["clipboard", String(i), "text/plain"]))).toBe(true);
    expect(passed(c.fromBrowser(["clipboard", "64", "text/plain"]))).toBe(false);
  });
});
describe("from guacd", () => {
  test("content the policy keeps in is neither shown nor recorded, to its last piece; the picture always is", () => {
    const openers = [["clipboardOut", ["clipboard", "3", "text/plain"]], ["filesOut", ["file", "3", "text/plain", "a"]], ["filesOut", ["body", "0", "3", "text/plain", "/a"]]] as const;
    for (const [rule, it] of openers) for (const may of [true, false]) {
      const c = new Customs(rules({ [rule]: may })), first = c.fromGuacd(it as never);
      expect([first.kept, first.crossing.pass]).toEqual([false, may]);
      if (!may) expect(first.crossing).toMatchObject({ answer: ["ack", "3", "refused", "771"] });
      for (const more of [["blob", "3", "AAAA"], ["end", "3"]] as Instruction[]) { const { kept, crossing } = c.fromGuacd(more); expect([kept, crossing.pass]).toEqual([false, may]); }
      // The number is used again for a picture.
      for (const more of [["img", "3", "12", "0"], ["blob", "3", "AAAA"], ["end", "3"], ["sync", "1"]] as Instruction[]) { const { kept, crossing } = c.fromGuacd(more); expect([kept, crossing.pass]).toEqual([true, true]); }
    }
  });
  test("a folder may be seen by who may use it in either direction; its files only by who may take them out", () => {
    const listing = ["body", "0", "4", "application/vnd.glyptodon.guacamole.stream-index+json", "/"] as Instruction, file = ["body", "0", "5", "text/plain", "/a"] as Instruction;
    const c = (o: Partial<Rules>) => { const x = new Customs(rules(o)); return [x.fromGuacd(["filesystem", "0", "Lockstep"]).crossing.pass, x.fromGuacd(listing).crossing.pass, x.fromGuacd(file).crossing.pass]; };
    expect([c({}), c({ filesIn: true }), c({ filesOut: true })]).toEqual([[false, false, false], [true, true, false], [true, true, true]]);
  });
  test("whatever comes: what is shown without a clipboard or file right holds no piece of one", () => {
    const it = fc.oneof(
      fc.tuple(fc.constantFrom("clipboard", "file", "pipe", "img", "body"), fc.nat({ max: 4 })).map(([o, n]): Instruction => (o === "body" ? [o, "0", String(n), "text/plain", "x"] : o === "file" ? [o, String(n), "t", "x"] : [o, String(n), "t"])),
      fc.tuple(fc.constantFrom("blob", "end"), fc.nat({ max: 4 })).map(([o, n]): Instruction => (o === "blob" ? [o, String(n), "QUJD"] : [o, String(n)])),
    );
    fc.assert(fc.property(fc.array(it, { maxLength: 40 }), (all) => {
      const c = new Customs(rules()), content = new Map<string, boolean>();
      for (const i of all) {
        const stream = i[0] === "body" ? i[2]! : i[1]!, { crossing, kept } = c.fromGuacd(i);
        if (["clipboard", "file", "pipe", "body"].includes(i[0])) content.set(stream, true);
        if (i[0] === "img") content.set(stream, false);
        if (content.get(stream) === true) expect([crossing.pass, kept]).toEqual([false, false]); else expect([crossing.pass, kept]).toEqual([true, true]);
        if (i[0] === "end") content.delete(stream);
      }
    }), { numRuns: 2_000 });
  });
});
test("what was carried is told once, with its size and hash; what was cut off says so", () => {
  const told: Told[] = [], c = new Carriage((t) => told.push(t)), customs = new Customs(rules({ clipboardIn: true, filesIn: true }));
  for (const it of [["clipboard", "0", "text/plain"], ["blob", "0", Buffer.from("abc").toString("base64")], ["blob", "0", Buffer.from("def").toString("base64")], ["end", "0"], ["file", "1", "t", "b.txt"], ["blob", "1", "QUJD"]] as Instruction[]) c.pass("in", customs.fromBrowser(it));
  c.end();
  expect(told).toMatchObject([{ way: "in", what: "clipboard", bytes: 6, sha256: "bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721", whole: true }, { what: "file", name: "b.txt", bytes: 3, whole: false }]);
});
test("a name of any characters is told written out, and no longer than an event takes it", () => {
  const names = ["a.txt\r\n\x1b[2Kupload b.txt", "\n".repeat(1_024)], told: Told[] = [], c = new Carriage((t) => told.push(t)), customs = new Customs(rules({ filesIn: true }));
  for (const [i, name] of names.entries()) c.pass("in", customs.fromBrowser(["file", String(i), "t", name]));
  c.end();
  expect(told.map((t) => [t.name.slice(0, 40), t.name.length <= 1_024])).toEqual([["a.txt\\x0d\\x0a\\x1b[2Kupload b.txt", true], ["\\x0a".repeat(10), true]]);
  expect(operationOf(told[0]!)).toMatchObject({ op: "upload", path: "a.txt\\x0d\\x0a\\x1b[2Kupload b.txt" });
});
test("a page that is behind is waited for, not dropped: what came through the recording at once may be more than the mark", () => {
  const ws = Object.assign(new EventEmitter(), { bufferedAmount: 0, sent: 0, gone: false, send: (_t: string, _o: object, then: () => void) => { ws.sent += 1; ws.then = then; }, then: () => undefined as void, terminate: () => { ws.gone = true; }, close: () => undefined, resume: () => undefined });
  let drained = 0, line: DesktopLine | undefined;
  new DesktopLine(ws as never, (l) => { line = l; });
  ws.emit("message", Buffer.from("{\"type\":\"start\",\"width\":800,\"height\":600}"), false);
  line!.hear({ said: () => undefined, drained: () => { drained += 1; }, lost: () => undefined });
  expect(line!.show("3.nop;")).toBe(true);
  ws.bufferedAmount = 3 << 20;
  expect([line!.show("3.nop;"), line!.show("3.nop;"), ws.gone, ws.sent]).toEqual([false, false, false, 3]);
  ws.bufferedAmount = 1 << 17;
  ws.then();
  expect([drained, line!.show("3.nop;")]).toEqual([1, true]);
  ws.bufferedAmount = 13 << 20;
  line!.show("3.nop;");
  expect([ws.gone, line!.closed]).toEqual([true, true]);
});
test("a page begins with its screen, and with nothing else", () => {
  expect(parseStart("{\"type\":\"start\",\"width\":800,\"height\":600}")).toEqual({ width: 800, height: 600, dpi: 96, layout: "en-us-qwerty" });
  for (const text of ["", "{}", "[]", "null", "3.nop;", "{\"type\":\"start\",\"width\":1,\"height\":600}", "{\"type\":\"start\",\"width\":800,\"height\":600,\"layout\":\"xx\"}", "{\"type\":\"start\",\"width\":800,\"height\":600,\"hostname\":\"x\"}"]) expect([text, parseStart(text)]).toEqual([text, undefined]);
});

describe("a picture's way", () => {
  const turn = (): Promise<void> => new Promise((done) => { setImmediate(() => { setImmediate(done); }); });
  const stream = (drawing: number) => {
    const shown: string[] = [], kept: string[] = [], nothing = (): undefined => undefined;
    const tape = { take: (_: string, data: Buffer, pass: () => void) => { kept.push(data.toString()); pass(); }, after: (then: () => void) => then(), now: nothing, full: () => false };
    const line = { show: (text: string | Buffer) => { shown.push(text.toString()); return true; }, closed: false, choked: false }, guacd = { send: nothing, pause: nothing, resume: nothing, behind: () => 0 };
    const s = new DesktopStream({
      rules: rules({ filesOut: true }), tape: tape as never, refused: nothing, carried: nothing, failed: nothing, left: nothing, goodbye: nothing, drawn: nothing, join: nothing as never, farewell: 1, patience: 1, pause: 1, drawing,
    });
    s.join(line as never);
    s.reach(guacd as never);
    return { s, shown, kept };
  };
  const FRAME = ["3.img,1.2,2.12,1.0,9.image/png,1.0,1.0;", "4.blob,1.2,4.BBBB;", "3.end,1.2;", "4.copy,1.0,1.0,1.0,1.1,1.1,2.12,1.0,1.5,1.5;"], SYNC = "4.sync,1.8;";

  test("a frame goes on as one, with the sync behind it, and is kept as one; much of it goes before", async () => {
    const { s, shown, kept } = stream(60_000);
    for (const piece of FRAME) { s.fromGuacd(piece); await turn(); }
    expect([shown, kept]).toEqual([[], []]);
    s.fromGuacd(SYNC);
    expect([shown, kept]).toEqual([[FRAME.join("") + SYNC], [FRAME.join("") + SYNC]]);
    const large = `4.blob,1.2,5.70000.${"B".repeat(70_000)};`.replace("5.70000.", "70000.");
    s.fromGuacd(FRAME[0]!);
    s.fromGuacd(large);
    expect(shown.at(-1)).toBe(FRAME[0]! + large);
    s.end();
  });
  test("what gets no sync does not wait for ever; what is no picture does not wait at all", async () => {
    const { s, shown } = stream(5);
    s.fromGuacd(FRAME[3]!);
    await expect.poll(() => shown).toEqual([FRAME[3]]);
    const patient = stream(60_000), file = ["4.body,1.1,1.3,24.application/octet-stream,6./a.txt;", "4.blob,1.3,4.AAAA;"];
    for (const it of [...file, "3.ack,1.1,2.OK,1.0;"]) { patient.s.fromGuacd(it); await turn(); expect(patient.shown.join("")).toContain(it); }
    for (const one of [s, patient.s]) one.end();
  });
});
