/** The whole picture for whoever comes later, against a guacd that draws at any moment. Rule: whatever comes between asking and answering, both see the same in the end. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Guacd, Heard } from "../../proxy/rdp/guac.ts";
import { instruction, parse } from "../../proxy/rdp/instructions.ts";
import { Picture } from "../../proxy/rdp/picture.ts";

/** A display of six places: a picture sets one, a fill sets one, a copy moves one to another. */
const PLACES = 6;
type Op = { readonly kind: "img" | "copy" | "sync"; readonly at: number; readonly to: number };
const text = (op: Op, time: number): string => op.kind === "sync" ? instruction("sync", time)
  : op.kind === "copy" ? instruction("copy", 0, op.at, 0, 1, 1, 14, 0, op.to, 0) : instruction("img", 1, 14, 0, "image/png", op.at, op.to) + instruction("blob", 1, "AAAA") + instruction("end", 1);
const draw = (on: number[], all: string): number[] => {
  for (const [opcode, ...a] of parse(all)!) {
    if (opcode === "img") on[Number(a[4])] = Number(a[5]);
    if (opcode === "copy") on[Number(a[7])] = on[Number(a[1])]!;
  }
  return on;
};

/** guacd as far as it matters here: what it draws is under way to the session for a while; a late-comer gets the display of one moment. */
class Drawing {
  readonly display = Array.from({ length: PLACES }, () => 0);
  time = 100;
  readonly #way: string[] = [];
  #asked: { heard: Heard; wait: number } | undefined;
  joins = 0; left = 0;
  readonly picture: Picture;
  readonly lag: () => number;
  constructor(lag: () => number) {
    this.lag = lag;
    this.picture = new Picture({ farewell: 1, patience: 60_000, join: (heard) => { this.joins += 1; this.#asked = { heard, wait: this.lag() }; return { send: () => undefined, leave: () => { this.left += 1; } } as unknown as Guacd; } });
  }
  step(op: Op): void {
    if (op.kind === "sync") this.time += 1;
    const said = text(op, this.time);
    draw(this.display, said);
    this.#way.push(said);
    while (this.#way.length > this.lag()) this.arrives();
    const asked = this.#asked;
    if (asked === undefined || asked.wait-- > 0) return;
    this.#asked = undefined;
    const whole = this.display.map((v, at) => text({ kind: "img", at, to: v }, 0)).join("");
    for (const it of parse(instruction("", "$id") + instruction("size", 0, PLACES, 1) + whole + instruction("sync", this.time))!) asked.heard.instruction(instruction(...it));
  }
  readonly seen: string[] = [];
  /** The next of what is under way has been recorded. */
  arrives(): void { const said = this.#way.shift(); if (said === undefined) return; for (const tell of this.live) tell(said); this.picture.kept(said); }
  readonly live: ((said: string) => void)[] = [];
  settle(): void { for (let i = 0; i < 20; i++) this.step({ kind: "sync", at: 0, to: 0 }); while (this.#way.length > 0) this.arrives(); }
}

const op = (copies: boolean): fc.Arbitrary<Op> => fc.record({ kind: copies ? fc.constantFrom("img", "img", "copy", "sync") : fc.constantFrom("img", "sync"), at: fc.nat(PLACES - 1), to: fc.integer({ min: 0, max: PLACES - 1 }) })
  .map((o) => ({ ...o, to: o.kind === "img" ? o.to + 1 : o.to }) as Op);

test.each([false, true])("a late-comer and the session see the same in the end (parts moved: %s)", (copies) => {
  fc.assert(fc.property(fc.array(op(copies), { minLength: 1, maxLength: 60 }), fc.nat(40), fc.array(fc.nat(4), { minLength: 1, maxLength: 20 }), (ops, when, lags) => {
    let n = 0;
    const d = new Drawing(() => lags[n++ % lags.length]!), late: number[] = [];
    let got = false;
    ops.forEach((o, i) => {
      if (i === when % ops.length) d.picture.want({ give: (whole) => { got = true; draw(late, whole); d.live.push((said) => { draw(late, said); }); }, none: () => { throw new Error("no picture"); } });
      d.step(o);
    });
    d.settle();
    expect(got).toBe(true);
    expect(late).toEqual(d.display);
    expect(d.left).toBe(d.joins);
  }), { numRuns: 2_000 });
});

test("two who come at once share one picture; guacd that refuses is asked again, and then there is none; one whose desktop moves all the time gets it as it is", () => {
  let joins = 0, heard: Heard | undefined;
  const got: string[] = [], picture = new Picture({ farewell: 1, patience: 60_000, join: (h) => { joins += 1; heard = h; return { send: () => undefined, leave: () => undefined } as unknown as Guacd; } });
  const want = (name: string): void => picture.want({ give: (whole) => { got.push(`${name} ${whole}`); }, none: () => { got.push(`${name} none`); } });
  want("one"); want("two");
  expect(joins).toBe(1);
  heard!.instruction("4.size,1.0,1.9,1.9;");
  heard!.instruction("9.clipboard,1.2,10.text/plain;");
  heard!.instruction("4.blob,1.2,8.c2VjcmV0;");
  heard!.instruction("4.sync,2.10;");
  picture.kept("4.sync,1.9;");
  picture.kept("4.sync,2.10;");
  expect(got).toEqual([]);
  picture.kept("4.sync,2.11;");
  expect(got.splice(0)).toEqual(["one", "two"].map((n) => `${n} 4.size,1.0,1.9,1.9;4.sync,2.10;4.sync,1.9;4.sync,2.10;4.sync,2.11;`));
  joins = 0;
  want("three");
  for (let i = 0; i < 4; i++) heard!.instruction("5.error,4.full,3.797;");
  expect([joins, got.splice(0)]).toEqual([4, ["three none"]]);
  joins = 0;
  want("four");
  for (let i = 0; i < 8; i++) { heard!.instruction("4.sync,2.20;"); picture.kept("4.copy,1.0,1.0,1.1,1.9,1.8,2.14,1.0,1.0,1.0;4.sync,2.21;"); }
  expect([joins, got.length]).toEqual([8, 1]);
});
