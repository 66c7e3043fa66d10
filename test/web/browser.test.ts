/** The portal in a real browser: scripts under the strict policy, live cards, keys, and what axe says of every page, light and dark. */
import { existsSync, readFileSync } from "node:fs";
import { serve } from "@hono/node-server";
import { chromium, type Browser as Chromium, type BrowserContext, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask } from "../../src/flow/ask.ts";
import { vote } from "../../src/flow/vote.ts";
import { release } from "../../src/flow/release.ts";
import { PASSWORD } from "../identity/world.ts";
import { Browser, ORIGIN, world, type Seed, type World } from "./world.ts";

const CHROMIUM = "/usr/bin/chromium", FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
if (!existsSync(CHROMIUM)) throw new Error("this test needs Debian's chromium: apt-get install chromium");

let w: World, server: ReturnType<typeof serve>, chrome: Chromium;
const problems: string[] = [];
beforeAll(async () => {
  w = await world();
  server = serve({ fetch: w.app.fetch, port: 22600, hostname: "127.0.0.1" });
  chrome = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
});
afterAll(async () => { await chrome?.close(); server?.close(); await w?.close(); });

/** A browser that has logged in over HTTP already. */
const as = async (seed: Seed, colorScheme: "light" | "dark" = "light", width = 1280): Promise<BrowserContext> => {
  const b = await new Browser(w).login(seed), context = await chrome.newContext({ colorScheme, viewport: { width, height: 900 } });
  await context.addCookies([...b.cookies].map(([name, value]) => ({ name, value, url: ORIGIN })));
  context.on("page", (p) => {
    p.on("console", (m) => { if (m.type() === "error" || m.type() === "warning") problems.push(`${p.url()}: ${m.text()}`); });
    p.on("pageerror", (e) => problems.push(`${p.url()}: ${e.message}`));
  });
  return context;
};
const asked = (minutes = 30) => ask(w.deps.flow, w.who.requester, { account: "app1@web-1", minutes, reason: "for the browser", ticket: "" });

it("logs in by the form", async () => {
  const page = await (await chrome.newContext()).newPage();
  await page.goto(`${ORIGIN}/me`);
  await page.fill("[name=name]", "outsider");
  await page.fill("[name=password]", PASSWORD);
  await page.press("[name=password]", "Enter");
  await page.waitForURL(`${ORIGIN}/me`);
  expect(await page.textContent("h1")).toBe("Otto Outsider");
});

it("a card changes before one's eyes when somebody else votes, and waits while one is typing", async () => {
  const id = await asked(), page = await (await as("requester")).newPage(), voter = await (await as("approver")).newPage();
  await page.goto(`${ORIGIN}/requests/${id}`);
  await voter.goto(`${ORIGIN}/requests/${id}`);
  await voter.click("summary.bad");
  await voter.fill("[name=reason]", "half a sent");
  await page.waitForTimeout(300);
  await vote(w.deps.flow, w.who.approver, id, { decision: "approve", minutes: 20 });
  await page.waitForSelector("article.request.approved", { timeout: 10_000 });
  expect(await page.textContent("article.request")).toContain("Approved for 20 min");
  expect(await page.textContent("aside")).toMatch(/broker \(policy\) approved.*votes 1 · 20 min/);
  expect(await voter.inputValue("[name=reason]")).toBe("half a sent");
});

it("approves in place by htmx, with the same card", async () => {
  const id = await asked(), page = await (await as("approver")).newPage();
  await page.goto(`${ORIGIN}/votes`);
  await page.click(`#card-${id} button:has-text("Approve")`);
  await page.waitForSelector(`#card-${id}.approved`);
  expect(page.url()).toBe(`${ORIGIN}/votes`);
});

it("finds as one types, by keyboard alone", async () => {
  const page = await (await as("requester")).newPage();
  await page.goto(`${ORIGIN}/ask`);
  await page.fill("form.search input", "app1");
  await expect.poll(() => page.locator("#offers tbody tr").count()).toBe(1);
  await page.fill("form.search input", "zzz");
  await page.waitForSelector("#offers .empty");
  await page.goto(`${ORIGIN}/`);
  await page.keyboard.press("/");
  expect(await page.evaluate("document.activeElement.name")).toBe("q");
  await page.keyboard.press("Escape");
  await page.evaluate("document.activeElement.blur()");
  await page.keyboard.press("g");
  await page.keyboard.press("r");
  await page.waitForURL(`${ORIGIN}/requests`);
});

it("a press says that it is under way and for how long, is sent once, and what was said of it is said once", async () => {
  const page = await (await as("requester")).newPage(), sent: string[] = [];
  await page.route("**/ask", async (route) => { sent.push(route.request().method()); await new Promise((r) => setTimeout(r, 2_500)); await route.continue(); });
  await page.goto(`${ORIGIN}/ask/root@web-1`);
  await page.fill("[name=reason]", "press it twice");
  // The page itself takes notes: a driver waits for the navigation that is under way.
  await page.evaluate(`{ let n = 0; setInterval(() => {
    const b = document.querySelector("main button[aria-busy]");
    if (!b) return;
    sessionStorage.said = (sessionStorage.said ?? "") + "|" + b.textContent.trim();
    if (++n === 3) document.querySelector("main form").requestSubmit();
  }, 100); }`);
  await page.click("main button[type=submit]", { noWaitAfter: true });
  await page.waitForURL(/\/requests\/req_\w+$/);
  expect(sent).toEqual(["POST"]);
  expect(await page.evaluate("sessionStorage.said")).toMatch(/^\|Ask(\|Ask)*(\|Ask · 1 s)+(\|Ask · [2-9] s)*$/);
  expect(await page.textContent("#notice")).toContain("Asked. The approvers see it now.");
  await page.reload();
  expect(await page.textContent("#notice")).toBe("");
});

it("? shows the keys of this person's own menu, and a key beyond it leads nowhere", async () => {
  const page = await (await as("requester")).newPage();
  await page.goto(`${ORIGIN}/requests`);
  await page.keyboard.press("?");
  await page.waitForSelector("#keys[open]");
  const keys = (await page.textContent("#keys"))!;
  expect([/g\s*r\s*Requests/.test(keys), /Audit log|People/.test(keys)]).toEqual([true, false]);
  await page.keyboard.press("Escape");
  expect(await page.locator("#keys[open]").count()).toBe(0);
  await page.keyboard.press("g");
  await page.keyboard.press("l");
  await page.waitForTimeout(300);
  expect(page.url()).toBe(`${ORIGIN}/requests`);
});

it("on a phone a row of a list is a block that names its facts, and nothing of it lies outside", async () => {
  const page = await (await as("operator", "light", 390)).newPage();
  await page.goto(`${ORIGIN}/accounts`);
  expect(await page.evaluate("getComputedStyle(document.querySelector(`td[data-th='Held by']`), '::before').content")).toBe("\"Held by \"");
  const outside = await page.evaluate("[...document.querySelectorAll('.table td')].map((td) => td.getBoundingClientRect()).filter((b) => b.width > 0 && (b.left < 0 || b.right > innerWidth)).length");
  expect(outside).toBe(0);
});

it("hides a shown password after 20 s and keeps nothing of it", async () => {
  const id = await asked(10);
  await vote(w.deps.flow, w.who.approver, id, { decision: "approve" });
  (await release(w.deps.flow, w.who.requester, id)).password.wipe();
  const page = await (await as("requester")).newPage();
  await page.clock.install();
  await page.goto(`${ORIGIN}/requests/${id}`);
  await page.click("text=Show the password");
  await page.waitForSelector(".letters");
  expect(await page.textContent(".letters")).toBe("Pw-app1-of-web-1-8Q!");
  await page.clock.runFor(21_000);
  await page.waitForURL(`${ORIGIN}/requests/${id}`);
  expect(await page.content()).not.toContain("Pw-app1");
});

describe("accessible, and nothing too wide", () => {
  const axe = readFileSync(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");
  const PAGES: readonly [Seed, readonly string[]][] = [["requester", ["/", "/ask", "/ask/app1@web-1", "/requests?show=all", "/me"]], ["operator", ["/accounts", "/targets", "/targets/new", "/people", "/policies", "/policies/new"]], ["auditor", ["/audit", "/sessions"]]];
  const judge = async (page: Page): Promise<string[]> => {
    const found = await page.evaluate(`(async () => { ${axe}; return (await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"] })).violations.map((v) => v.id + ": " + v.nodes.map((n) => n.target.join(" ")).slice(0, 3).join(", ")); })()`) as string[];
    const wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth") as number;
    return wide > 0 ? [...found, `${wide} px too wide`] : found;
  };
  it.each([["light", 1280], ["dark", 390]] as const)("%s at %i px", async (scheme, width) => {
    for (const [seed, paths] of PAGES) {
      const context = await as(seed, scheme, width), page = await context.newPage();
      for (const path of paths) { await page.goto(`${ORIGIN}${path}`); expect([path, await judge(page)]).toEqual([path, []]); }
      await context.close();
    }
  });
  it("no script failed, and the policy stopped nothing of ours", () => { expect(problems).toEqual([]); });
});
