/**
 * Stories as Chromium and axe see them. Rule: pages are loaded once and looked at in every width and theme; what may be left out in which of them is
 * the caller's to say.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { serve, type ServerType } from "@hono/node-server";
import { chromium, type Browser, type Page } from "playwright-core";
import { pathOf, storyApp } from "../../scripts/stories/app.tsx";

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
export const WCAG = { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] };
export const WIDTHS = [390, 1024, 1600] as const;
const axe = readFileSync(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");

export type Theme = "light" | "dark";
export type Finding = readonly string[];
export type Eyes = { readonly browser: Browser; readonly pages: readonly Page[]; readonly problems: string[]; readonly origin: string; close(): Promise<void> };

const newPage = async (browser: Browser, problems: string[]): Promise<Page> => {
  const context = await browser.newContext({ reducedMotion: "reduce" });
  await context.addInitScript({ content: axe });
  const page = await context.newPage();
  page.on("console", (m) => { if (m.type() === "error" && !/404|Failed to load resource/.test(m.text())) problems.push(`${page.url()}: ${m.text()}`); });
  page.on("pageerror", (e) => problems.push(`${page.url()}: ${e.message}`));
  return page;
};
export const openEyes = async (count: number): Promise<Eyes> => {
  const app = storyApp(resolve(import.meta.dirname, "../..")), { promise, resolve: up } = Promise.withResolvers<number>();
  const server: ServerType = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, (at) => { up(at.port); }), origin = `http://127.0.0.1:${await promise}`;
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS }), problems: string[] = [], pages: Page[] = [];
  for (let i = 0; i < count; i++) pages.push(await newPage(browser, problems));
  return { browser, pages, problems, origin, close: async () => { await browser.close(); await new Promise<void>((done) => { server.close(() => done()); }); } };
};
export const load = async (page: Page, origin: string, name: string): Promise<void> => void await page.goto(`${origin}${pathOf(name)}`);
const themes = new WeakMap<Page, Theme>();
export const turn = async (page: Page, width: number, theme: Theme): Promise<void> => {
  if (page.viewportSize()?.width !== width) await page.setViewportSize({ width, height: 900 });
  if (themes.get(page) !== theme) await page.emulateMedia({ colorScheme: theme });
  themes.set(page, theme);
};
/** `context`: an expression for axe, of the page as it is in that moment; null, here and there: nothing of it is to be judged. */
export const judge = (page: Page, rules: object, context = "document", but: readonly string[] = []): Promise<Finding | null> => page.evaluate(`(async () => {
  const context = ${context}, rules = ${JSON.stringify(Object.fromEntries(but.map((id) => [id, { enabled: false }])))};
  if (context === null) return null;
  const { violations } = await axe.run(context, { resultTypes: ["violations"], rules, runOnly: ${JSON.stringify(rules)} });
  return violations.map((v) => v.id + ": " + v.nodes.map((n) => n.target.join(" ")).slice(0, 3).join(", "));
})()`);
export const tooWide = async (page: Page): Promise<Finding> => {
  const wide = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
  return wide > 0 ? [`${wide} px too wide`] : [];
};
/** Each story by whichever page is free. */
export const each = async (pages: readonly Page[], names: readonly string[], look: (page: Page, name: string) => Promise<Record<string, Finding>>): Promise<Record<string, Finding>> => {
  const queue = [...names], wrong: Record<string, Finding> = {};
  await Promise.all(pages.map(async (page) => { for (let name = queue.shift(); name !== undefined; name = queue.shift()) Object.assign(wrong, await look(page, name)); }));
  return wrong;
};
