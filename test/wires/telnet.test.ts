/** Telnet's bytes, however they come. */
import fc from "fast-check";
import { duplexPair } from "node:stream";
import { expect, test } from "vitest";
import { telnetBytes, telnetLine, telnetReader } from "../../src/wires/telnet.ts";

const IAC = 255, DONT = 254, DO = 253, WONT = 252, WILL = 251, SB = 250, SE = 240;
const all = (...bytes: number[]) => { const { data, reply } = telnetReader()(Buffer.from(bytes)); return { data: data.toString("latin1"), reply: [...reply] }; };
test("every option is refused once; what is not asked is not answered", () => {
  expect(all(IAC, DO, 24, IAC, WILL, 1, 97)).toEqual({ data: "a", reply: [IAC, WONT, 24, IAC, DONT, 1] });
  expect(all(IAC, DO, 24, IAC, DO, 24, IAC, DONT, 24, IAC, WONT, 1)).toEqual({ data: "", reply: [IAC, WONT, 24] });
  expect(all(IAC, SB, 24, 1, IAC, IAC, 5, IAC, SE, 98)).toEqual({ data: "b", reply: [] });
  expect(all(97, IAC, IAC, 98, IAC, 241)).toEqual({ data: "a\xffb", reply: [] });
});
test("law: cut anywhere it reads the same, and answers no more than it was asked", () => {
  const part = fc.oneof(fc.uint8Array({ maxLength: 6 }).map((b) => [...b]), fc.constantFrom([IAC, DO, 1], [IAC, WILL, 3], [IAC, SB, 24, 1, IAC, SE], [IAC, IAC], [IAC]));
  fc.assert(fc.property(fc.array(part, { maxLength: 12 }), fc.array(fc.nat(40), { maxLength: 6 }), (parts, cuts) => {
    const bytes = Buffer.from(parts.flat()), whole = telnetReader()(bytes), read = telnetReader(), at = [...new Set([0, ...cuts.filter((c) => c < bytes.length), bytes.length])].toSorted((a, b) => a - b);
    const pieces = at.slice(1).map((end, i) => read(bytes.subarray(at[i], end)));
    expect([Buffer.concat(pieces.map((p) => p.data)), Buffer.concat(pieces.map((p) => p.reply))]).toEqual([whole.data, whole.reply]);
    expect(whole.reply.length).toBeLessThanOrEqual(bytes.length);
  }));
});
test("what is sent: IAC is doubled, a lone return is followed by NUL, a line's end is not", () => {
  expect([...telnetBytes(Buffer.from([97, 255, 13, 10, 13, 98]))]).toEqual([97, 255, 255, 13, 10, 13, 0, 98]);
});
test("a line gives what came before anybody listened, and its end once", async () => {
  const [ours, theirs] = duplexPair(), line = telnetLine(ours), heard: string[] = [];
  let ends = 0;
  theirs.write(Buffer.from("login: ", "utf8"));
  theirs.write(Buffer.from([0xc3]));
  await new Promise((r) => setTimeout(r, 5));
  line.listen((t) => heard.push(t), () => { ends++; });
  theirs.write(Buffer.from([0xa4]));
  theirs.end();
  await expect.poll(() => ends).toBe(1);
  expect(heard.join("")).toBe("login: ä");
  line.write(Buffer.from("x\r\n"));
  line.close();
});
