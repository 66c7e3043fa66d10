/** Long work gives way: others have their turn between its steps, and what it made comes out whole. */
import { expect, it } from "vitest";
import { atOnce, restfully, type Work } from "../../src/kernel/rest.ts";

function* counting(to: number): Work<number> { let n = 0; for (; n < to; n++) yield; return n; }

it("comes out the same at one go and with rests; with rests others are heard in between", async () => {
  let ms = 0, heard = 0, over = false;
  const others = (): void => { heard += 1; if (!over) setImmediate(others); };
  setImmediate(others);
  // A clock on which each look at it is a millisecond later.
  expect(await restfully({ mono: () => ms++ }, counting(1_000))).toBe(1_000);
  over = true;
  expect([atOnce(counting(1_000)), heard > 50]).toEqual([1_000, true]);
});
it("that fails fails there", async () => {
  const failing = function* (): Work<number> { yield; throw new Error("no"); };
  await expect(restfully({ mono: () => 0 }, failing())).rejects.toThrow("no");
});
