/** The last screen: exactly the newest bytes, bounded, with the modes that fell out in front. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { KEPT, Screen } from "../../proxy/screen.ts";

test("while it fits it is what was shown, byte for byte; beyond, the end of it", () => {
  fc.assert(fc.property(fc.array(fc.nat(40_000), { maxLength: 12 }), fc.nat(255), (sizes, seed) => {
    const screen = new Screen(80, 24), all: Buffer[] = [];
    sizes.forEach((n, i) => { const part = Buffer.from(Array.from({ length: n }, (_, k) => 32 + ((seed + i * 7 + k * 13 + (k >> 8)) % 90))); all.push(part); screen.add(part); });
    const whole = Buffer.concat(all);
    expect(screen.total).toBe(whole.length);
    expect(screen.last(KEPT).equals(whole.subarray(Math.max(0, whole.length - KEPT)))).toBe(true);
    if (whole.length <= KEPT) expect(screen.snapshot().equals(whole)).toBe(true);
    expect(screen.snapshot().length).toBeLessThan(KEPT + 4_096);
  }), { numRuns: 200 });
});
test("what an older sequence switched on is in front, also when it was cut over two pieces", () => {
  for (const cut of [0, 1, 3, 7]) {
    const screen = new Screen(80, 24), on = "\x1b[?1049h\x1b[?2004h\x1b[?25l\x1b[3;20r\x1b[1;32m";
    screen.add(Buffer.from(on.slice(0, cut)));
    screen.add(Buffer.from(on.slice(cut)));
    for (let i = 0; i < 400; i++) screen.add(Buffer.from(`line ${i} ${"x".repeat(500)}\r\n`));
    const text = screen.snapshot().toString();
    expect(text.startsWith("\x1b[?1049h\x1b[?2004h\x1b[?25l\x1b[3;20r\x1b[1;32mline ")).toBe(true);
    screen.add(Buffer.from("\x1b[?1049l\x1b[?25h\x1b[0m\x1b[r"));
    for (let i = 0; i < 400; i++) screen.add(Buffer.from(`line ${i} ${"x".repeat(500)}\r\n`));
    expect(screen.snapshot().toString().startsWith("\x1b[?1049l\x1b[?2004h\x1b[?25hline ")).toBe(true);
  }
});
test("a flood of modes stays bounded, a reset forgets them", () => {
  const screen = new Screen(80, 24);
  for (let i = 0; i < 5_000; i++) screen.add(Buffer.from(`\x1b[?${i}h${"y".repeat(100)}\n`));
  expect(screen.snapshot().length).toBeLessThan(KEPT + 1_024);
  screen.add(Buffer.from("\x1bc"));
  screen.add(Buffer.alloc(KEPT * 2, 0x7a));
  expect(screen.snapshot().includes(0x1b)).toBe(false);
});
