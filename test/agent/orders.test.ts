/** The agent's book of orders by itself: which may be made when, under which fence, and what its file may look like; any sequence of what can happen keeps the rules. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { begin, done, dueNow, fenceOf, keepBook, nextTime, place, put, putOff, raise, readBook, reportOf, tidy, timeOf, type Entry, type Placed } from "../../agent/orders.ts";
import { older, openState, type Fence } from "../../agent/state.ts";

const DAY = 86_400_000, dir = mkdtempSync(join(tmpdir(), "lockstep-book-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const order = (o: Partial<Placed> = {}): Placed => ({ do: "place", rotation: "rot_1", account: "app", no: 5, fence: 3, epoch: 1, due: 10_000, expires: 10_000 + DAY, now: 1_000, box: "sealed", ...o });
const placed = (book: readonly Entry[], o: Placed, newest?: Fence, here = o.now): readonly Entry[] => {
  const said = place(book, o, newest, here);
  if (typeof said === "string") throw new Error(said);
  return said;
};
const NONE = () => undefined;

describe("the book", () => {
  it("law: order-fenced — an order older than what was seen is not taken, by epoch, number and fence; the same and a newer one are", () => {
    for (const newest of [[2, 0, 0], [1, 6, 0], [1, 5, 4]] as const) expect(place([], order(), newest, 0), String(newest)).toBe("a newer change of this account came before this one");
    for (const newest of [[0, 9, 9], [1, 4, 9], [1, 5, 3], [1, 5, 2]] as const) expect(place([], order(), newest, 0), String(newest)).toHaveLength(1);
  });
  it("an order that ends before it begins, more than a day later, or has ended already is not taken; nor one that was begun moved", () => {
    const never = "an order is made between its time and a day later, and this one cannot be";
    for (const o of [{ expires: 10_000 }, { expires: 10_001 + DAY }, { now: 10_000 + DAY }]) expect(place([], order(o), undefined, 0)).toBe(never);
    const book = placed([], order());
    for (const e of [begin(book[0]!), done(begin(book[0]!), "")]) expect(place([e], order({ fence: 4, due: 20_000 }), [1, 5, 3], 0)).toBe("this order has come to its time already");
    expect(placed(book, order({ fence: 4, due: 20_000 }), [1, 5, 3])).toEqual([expect.objectContaining({ due: 20_000, fence: 4 })]);
  });
  it("one order an account: a newer rotation's takes the place of one that stands", () => {
    const book = placed(placed([], order()), order({ rotation: "rot_2", no: 6 }));
    expect(book.map((e) => e.rotation)).toEqual(["rot_2"]);
    expect(placed(book, order({ rotation: "rot_3", account: "other" })).map((e) => e.rotation)).toEqual(["rot_2", "rot_3"]);
  });
  it("its time is the broker's, by the skew of the moment it came; the broker goes first for a while where it is there", () => {
    const [e] = placed([], order(), undefined, 601_000);
    expect([e!.skew, timeOf(e!, 0), timeOf(e!, 15_000), nextTime([e!], 0)]).toEqual([600_000, 610_000, 625_000, 610_000]);
    expect([dueNow([e!], 609_999, 0), dueNow([e!], 610_000, 0)?.rotation, dueNow([e!], 610_000, 15_000)]).toEqual([undefined, "rot_1", undefined]);
  });
  it("law: order-fenced — expired is never due, and says so; begun and expired is in doubt; overtaken by a newer change it is gone", () => {
    const [e] = placed([], order()), end = 10_000 + DAY;
    expect(tidy([e!], NONE, end - 1)).toEqual([e]);
    expect(tidy([e!], NONE, end)).toEqual([expect.objectContaining({ state: "expired", box: null })]);
    expect(tidy([begin(e!)], NONE, end)).toEqual([expect.objectContaining({ state: "doubtful", box: null })]);
    expect(dueNow(tidy([e!, begin({ ...e!, rotation: "rot_2" })], NONE, end), end + 1, 0)).toBeUndefined();
    expect([tidy([e!], () => [1, 5, 4], 0), tidy([e!], () => [1, 6, 0], 0), tidy([e!], () => [1, 5, 3], 0)]).toEqual([[], [], [e]]);
    expect(tidy([done(begin(e!), "")], () => [9, 9, 9], end)).toEqual([expect.objectContaining({ state: "done" })]);
  });
  it("what is refused is tried again until it expires; a try of the same change by the broker takes the order along, another does not", () => {
    const [e] = placed([], order()), off = putOff(begin(e!), "locked", 40_000);
    expect([dueNow([off], 39_999, 0), dueNow([off], 40_000, 0)?.rotation, reportOf(off)]).toEqual([undefined, "rot_1", expect.objectContaining({ state: "begun", why: "locked" })]);
    expect(raise([e!], { rotation: "rot_1", account: "app", no: 5, epoch: 1, fence: 8 })).toEqual([{ ...e, fence: 8 }]);
    for (const other of [{ rotation: "rot_2" }, { account: "b" }, { no: 6 }, { epoch: 2 }]) expect(raise([e!], { rotation: "rot_1", account: "app", no: 5, epoch: 1, fence: 8, ...other })).toEqual([e]);
  });
  it("a report holds no box, and an ended order keeps none", () => {
    const [e] = placed([], order());
    expect([Object.keys(reportOf(e!)).includes("box"), done(begin(e!), "").box]).toEqual([false, null]);
  });
  it("law: order-fenced — whatever comes in whatever order, nothing is made before its time, after its end, twice after its end, or under a lower fence than was seen", () => {
    const act = fc.oneof(
      fc.record({ do: fc.constant("place" as const), no: fc.nat(3), fence: fc.nat(5), due: fc.integer({ min: 0, max: 200 }), lives: fc.integer({ min: 1, max: 60 }), skew: fc.integer({ min: -50, max: 50 }) }),
      fc.record({ do: fc.constant("change" as const), no: fc.nat(3), fence: fc.nat(5), works: fc.boolean() }),
      fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 60 }) }),
      fc.record({ do: fc.constant("look" as const), outcome: fc.constantFrom("done", "refused", "killed") }),
    );
    fc.assert(fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
      const clock = { now: 100 }, ended = new Set<string>();
      let here = clock.now, book: readonly Entry[] = [], fence: Fence | undefined;
      for (const a of acts) {
        if (a.do === "wait") here += a.ms;
        if (a.do === "place") {
          const o = order({ rotation: `rot_${a.no}`, no: a.no, fence: a.fence, due: a.due, expires: a.due + a.lives, now: Math.max(0, here - a.skew) }), said = place(tidy(book, () => fence, here), o, fence, here);
          if (typeof said !== "string") { book = said; fence = fenceOf(o); expect(ended.has(`${o.rotation}`) && book.find((e) => e.rotation === o.rotation)?.state !== "standing").toBe(false); }
        }
        if (a.do === "change") {
          const mine: Fence = [1, a.no, a.fence];
          if (fence === undefined || !older(mine, fence)) { book = raise(book, { rotation: `rot_${a.no}`, account: "app", no: a.no, epoch: 1, fence: a.fence }); fence = mine; if (a.works) book = book.filter((e) => e.rotation !== `rot_${a.no}`); }
        }
        if (a.do === "look") {
          book = tidy(book, () => fence, here);
          const e = dueNow(book, here, 0);
          if (!e) continue;
          expect(here - e.skew).toBeLessThan(e.expires);
          expect(here - e.skew).toBeGreaterThanOrEqual(e.due);
          expect(fence !== undefined && older(fenceOf(e), fence)).toBe(false);
          book = put(book, a.outcome === "done" ? done(begin(e), "") : a.outcome === "killed" ? begin(e) : putOff(begin(e), "no", here + 30));
        }
      }
      expect(book.filter((e) => e.state === "standing" || e.state === "begun").length).toBeLessThanOrEqual(1);
    }), { numRuns: 2_000 });
  });
});

describe("its file", () => {
  it("is root's alone, whole, and found again by another process; half of one counts for nothing", () => {
    const at = join(dir, "a"), book = placed([], order());
    keepBook(openState(at), book);
    writeFileSync(join(at, "orders.half"), '{"v":1,"orders":[{"rota');
    expect([readBook(openState(at)), statSync(join(at, "orders")).mode & 0o777]).toEqual([book, 0o600]);
    keepBook(openState(at), []);
    expect([readBook(openState(at)), existsSync(join(at, "orders.half"))]).toEqual([[], false]);
  });
  it("torn, or of another make, it is no fresh start: nothing of it is done and nothing is taken", () => {
    const at = join(dir, "b"), state = openState(at), book = placed([], order());
    keepBook(state, book);
    const whole = readFileSync(join(at, "orders"), "utf8");
    for (const text of ["", whole.slice(0, -5), whole.replace('"v":1', '"v":2'), whole.replace('"standing"', '"made"'), "[]"]) {
      writeFileSync(join(at, "orders"), text);
      expect(() => readBook(state), text.slice(0, 20)).toThrow("this machine's file of orders cannot be read: none of them is done, and none is taken");
    }
  });
  it("goes with everything else when the machine is enrolled anew", () => {
    const at = join(dir, "c"), state = openState(at);
    keepBook(state, placed([], order()));
    state.keepToken("lsa_x");
    expect(readBook(state)).toEqual([]);
  });
});
