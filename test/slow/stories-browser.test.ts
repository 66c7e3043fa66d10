/** Every story in Chromium by every rule of axe's, in every width and theme. Rule: what test/views/stories-browser.test.ts leaves out is judged here. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { STORIES } from "../../views/stories.tsx";
import { exhaustive } from "../views/exhaustive.ts";
import { each, openEyes, type Eyes } from "../views/look.ts";

let eyes: Eyes;
beforeAll(async () => { eyes = await openEyes(3); });
afterAll(() => eyes?.close());

test("axe finds nothing and nothing is too wide: every rule, at 390, 1024 and 1600 px, light and dark", async () => {
  expect(await each(eyes.pages, STORIES.map((s) => s.name), (page, name) => exhaustive(page, eyes.origin, name))).toEqual({});
  expect(eyes.problems).toEqual([]);
});
