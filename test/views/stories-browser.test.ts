/** Every story in Chromium: what axe finds, what the policy stops, what is too wide. Rule: one browser; a page is laid out at every width in both themes. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { serve, type ServerType } from "@hono/node-server";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pathOf, storyApp } from "../../scripts/stories/app.tsx";
import { STORIES } from "../../views/stories.tsx";

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const WIDTHS = [390, 1024, 1600] as const, WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
/** Of axe's rules these look at colours, which the theme decides and no width; these at the layout, which the width decides; the rest say the same everywhere. */
const LAYOUT = ["color-contrast", "target-size", "scrollable-region-focusable", "label-content-name-mismatch", "meta-viewport"];
const COLOUR = ["color-contrast", "link-in-text-block"];
const axe = readFileSync(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");

let server: ServerType, browser: Browser, origin: string;
const pages: Page[] = [], problems: string[] = [];
beforeAll(async () => {
  const app = storyApp(resolve(import.meta.dirname, "../.."));
  server = await new Promise<ServerType>((done) => { const s = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, (at) => { origin = `http://127.0.0.1:${at.port}`; done(s); }); });
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
  for (let i = 0; i < 3; i++) pages.push(await newPage());
}, 120_000);
afterAll(async () => { await browser?.close(); await new Promise<void>((done) => { server.close(() => done()); }); });

const newPage = async (): Promise<Page> => {
  const page = await (await browser.newContext({ reducedMotion: "reduce" })).newPage();
  page.on("console", (m) => { if (m.type() === "error" && !/404|Failed to load resource/.test(m.text())) problems.push(`${page.url()}: ${m.text()}`); });
  page.on("pageerror", (e) => problems.push(`${page.url()}: ${e.message}`));
  return page;
};

type Finding = readonly string[];
const judge = async (page: Page, rules: object): Promise<Finding> => page.evaluate(`(async () => {
  const found = (await axe.run(document, { resultTypes: ["violations"], runOnly: ${JSON.stringify(rules)} })).violations.map((v) => v.id + ": " + v.nodes.map((n) => n.target.join(" ")).slice(0, 3).join(", "));
  const wide = document.documentElement.scrollWidth - innerWidth;
  return wide > 0 ? [...found, wide + " px too wide"] : found;
})()`);

/** Everything that is wrong with one story, by width and theme. */
const lookAt = async (page: Page, name: string): Promise<Record<string, Finding>> => {
  const wrong: Record<string, Finding> = {};
  await page.goto(`${origin}${pathOf(name)}`);
  await page.evaluate(axe);
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      const dark = { type: "rule", values: width === 1024 ? COLOUR.slice(1) : COLOUR }, light = width === 1024 ? { type: "rule", values: LAYOUT } : { type: "tag", values: WCAG };
      const found = await judge(page, colorScheme === "light" ? light : dark);
      if (found.length > 0) wrong[`${name}, ${width} px, ${colorScheme}`] = found;
    }
  }
  return wrong;
};

describe("every story in Chromium", () => {
  it("axe finds nothing and nothing is too wide, at 390, 1024 and 1600 px, light and dark", { timeout: 600_000 }, async () => {
    const queue = STORIES.map((s) => s.name), wrong: Record<string, Finding> = {};
    await Promise.all(pages.map(async (page) => { for (let name = queue.shift(); name !== undefined; name = queue.shift()) Object.assign(wrong, await lookAt(page, name)); }));
    expect(wrong).toEqual({});
  });
  it("axe would have said so: a picture without words and a grey on grey are found", async () => {
    const page = pages[0]!;
    await page.evaluate(`document.querySelector("main").insertAdjacentHTML("beforeend", '<img src="/assets/favicon.svg"><p class="muted"><span class="note warn"><b id="faint"></b></span></p>')`);
    await page.evaluate(`{ const b = document.getElementById("faint"); b.textContent = "hard to read"; b.className = "badge"; b.style.color = "#bbb"; b.style.background = "#ccc"; }`);
    expect((await judge(page, { type: "tag", values: WCAG })).map((f) => f.split(":")[0])).toEqual(expect.arrayContaining(["image-alt", "color-contrast"]));
  });
  it("no script failed, and the content policy stopped nothing", () => { expect(problems).toEqual([]); });
});
