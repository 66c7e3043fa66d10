/** The full size of test/e2e/bulk.test.ts: 200 accounts of one host, and its administrator rotated in the middle. */
import { afterAll, beforeAll, test } from "vitest";
import { rotateInTheMiddle } from "../e2e/bulk-middle.ts";
import { world, type World } from "../e2e/world.ts";

let w: World;
beforeAll(async () => { w = await world({ accounts: 200, sudo: true }); }, 600_000);
afterAll(async () => { await w?.close(); });

test("the administrator rotated in the middle of a bulk change of 200: no refused login, 200 done", () => rotateInTheMiddle(w, 900_000), 1_800_000);
