/** passwd's conversation, and what a target may make of it. Rule: each secret once, to its own prompt, in a time that grows with what was said alone. */
import { describe, expect, test } from "vitest";
import { Secret } from "../../src/kernel/secret.ts";
import { passwdDialogue } from "../../src/wires/passwd-dialogue.ts";

const line = () => {
  const written: string[] = [];
  let closed = false;
  return { write: (b: Buffer) => written.push(b.toString()), end: () => undefined, close: () => { closed = true; }, written, closed: () => closed };
};
const dialogue = () => passwdDialogue(Secret.of("Old-1"), Secret.of("New-2"));
const SAID = "Changing password for app.\n(current) UNIX password: |New password: |Retype new password: |passwd: password updated successfully\n";

describe("passwd", () => {
  test("each prompt is answered once, however it is cut", () => {
    for (const size of [1, 3, 10_000]) {
      const l = line(), d = dialogue();
      for (const turn of SAID.split("|")) for (let i = 0; i < turn.length; i += size) d.listen(turn.slice(i, i + size), l);
      expect([l.written, d.sent(), d.askedAgain(), l.closed()]).toEqual([["Old-1\n", "New-2\n", "New-2\n"], true, false, false]);
    }
  });
  test("a prompt is the end of the last line: what stands before it, or on lines above, is none", () => {
    const l = line(), d = dialogue();
    d.listen("current password: \nand more", l);
    d.listen(`(current) ${"x".repeat(600)} pass`, l);
    expect(l.written).toEqual([]);
    d.listen("\nCurrent password: ", l);
    expect(l.written).toEqual(["Old-1\n"]);
  });
  test("asked for a new one again: it hangs up", () => {
    const l = line(), d = dialogue();
    for (const text of ["Current password: ", "New password: ", "BAD PASSWORD: too short\nNew password: "]) d.listen(text, l);
    expect([l.written, d.askedAgain(), l.closed(), d.complaint()]).toEqual([["Old-1\n", "New-2\n"], true, true, expect.stringContaining("BAD PASSWORD: too short")]);
  });
  test("a megabyte of what nearly is a prompt, in parts of any size, is heard in a moment", () => {
    for (const size of [16, 8_192]) {
      const d = dialogue(), begun = performance.now();
      for (let heard = 0; heard < 1 << 20; heard += size) d.listen("old ".repeat(size / 4), line());
      expect(performance.now() - begun).toBeLessThan(3_000);
    }
  });
});
