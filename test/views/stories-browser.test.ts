/**
 * Every story in Chromium: what axe finds, what the policy stops, what is too wide, what scripts off leave dead. Rule: nothing is judged twice that
 * cannot have become another; which rule is asked where stands in survey.ts. Every rule for every story in every width and theme is
 * test/slow/stories-browser.test.ts.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pathOf } from "../../scripts/stories/app.tsx";
import { STORIES } from "../../views/stories.tsx";
import { exhaustive } from "./exhaustive.ts";
import { each, load, openEyes, type Eyes } from "./look.ts";
import { surveyor } from "./survey.ts";

const survey = surveyor();
let eyes: Eyes;
beforeAll(async () => { eyes = await openEyes(3); }, 120_000);
afterAll(() => eyes?.close());
const FRAMED = STORIES.find((s) => !s.alone)!.name;

describe("every story in Chromium", () => {
  it("axe finds nothing and nothing is too wide, at 390, 1024 and 1600 px, light and dark", { timeout: 600_000 }, async () => {
    expect(await each(eyes.pages, STORIES.map((s) => s.name), async (page, name) => { await load(page, eyes.origin, name); return survey(page, name); })).toEqual({});
  });
  it("the frame around them: every rule in every width and theme", async () => {
    expect(await exhaustive(eyes.pages[0]!, eyes.origin, FRAMED)).toEqual({});
  });
  it("axe would have said so: a picture without words, grey on grey, what only a wide page or only the dark shows, and a row that is too long", async () => {
    const page = eyes.pages[0]!;
    await load(page, eyes.origin, FRAMED);
    await page.evaluate(`{
      const sheet = new CSSStyleSheet();
      sheet.replaceSync("#wide { color: #bbb; background: #ccc } #night { color: #111; background: #fff } #long { width: 1200px }"
        + "@media (max-width: 1200px) { #wide { display: none } } @media (prefers-color-scheme: dark) { #night { color: #333; background: #222 } } @media (min-width: 1100px) { #long { display: none } }");
      document.adoptedStyleSheets = [sheet];
      document.querySelector("main").insertAdjacentHTML("beforeend", '<img src="/assets/favicon.svg"><p id="wide">hard to read</p><p id="night">hard to read</p><div id="long">x</div>');
    }`);
    const said = Object.entries(await survey(page, "spoilt")).map(([where, found]) => [where, found.map((f) => f.replace(/^\\d+ /, "").split(/[:,] /).join(" "))]);
    expect(said).toEqual([
      ["spoilt, 390 px, light", [expect.stringMatching(/^image-alt /), expect.stringMatching(/px too wide$/)]], ["spoilt, 390 px, dark", ["color-contrast #night"]],
      ["spoilt, 1024 px, light", [expect.stringMatching(/px too wide$/)]], ["spoilt, 1600 px, light", ["color-contrast #wide"]], ["spoilt, 1600 px, dark", ["color-contrast #wide"]],
    ]);
  });
  it("no script failed, and the content policy stopped nothing", () => { expect(eyes.problems).toEqual([]); });
});

describe("with scripts off", () => {
  /** Beyond the frame's own: what a page draws or plays by; what is busy is so by a script. Small pictures in a list are no more than that, and their button is not there. */
  const DRAWS = /src="\/assets\/(?:screen|play|play-desktop)\.js"/;
  it("no button is there that only a script answers, and a page that is drawn by scripts says so", { timeout: 120_000 }, async () => {
    const page = await (await eyes.browser.newContext({ javaScriptEnabled: false })).newPage(), wrong: string[] = [];
    let drawn = 0;
    for (const { name } of STORIES) {
      const html = await (await fetch(`${eyes.origin}${pathOf(name)}`)).text(), draws = DRAWS.test(html);
      if (!draws && !/<button[^>]*type="button"/.test(html.replace(/<button[^>]*(?:data-copy|data-opens)[^>]*>/g, ""))) continue;
      await page.goto(`${eyes.origin}${pathOf(name)}`);
      for (const dead of await page.locator("button[type=button]:not([aria-busy]):visible").all()) wrong.push(`${name}: ${await dead.innerText()}`);
      if (draws && !/needs? scripts/.test(await page.locator("main").innerText())) wrong.push(`${name}: does not say so`);
      if (draws) drawn += 1;
    }
    expect([wrong, drawn > 5]).toEqual([[], true]);
  });
});
