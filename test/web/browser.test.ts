/** The portal in a real browser: scripts under the strict policy, live cards, keys, and what axe says of every page, light and dark. */
import { existsSync, readFileSync } from "node:fs";
import { serve } from "@hono/node-server";
import { chromium, type Browser as Chromium, type BrowserContext, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask } from "../../src/flow/ask.ts";
import { vote } from "../../src/flow/vote.ts";
import { release } from "../../src/flow/release.ts";
import { indexNext } from "../../src/flow/transcribe.ts";
import * as events from "../../src/store/events.ts";
import { PASSWORD } from "../identity/world.ts";
import { recorded, type Shown } from "./recorded.ts";
import { addManaged, Browser, ORIGIN, world, type Seed, type World } from "./world.ts";

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
const as = async (seed: Seed, colorScheme: "light" | "dark" = "light", width = 1280, javaScriptEnabled = true): Promise<BrowserContext> => {
  const b = await new Browser(w).login(seed), context = await chrome.newContext({ colorScheme, viewport: { width, height: 900 }, javaScriptEnabled });
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

it("with scripts off: asked for, approved, looked at, given back; a bulk change previewed and begun", async () => {
  await addManaged(w.core, w.who.operator, "web-2", ["app2"]);
  const bare = async (seed: Seed): Promise<Page> => (await as(seed, "light", 1280, false)).newPage();
  const page = await bare("requester"), voter = await bare("approver"), admin = await bare("operator");
  await page.goto(`${ORIGIN}/ask`);
  await page.fill("form.search input", "app2");
  await page.press("form.search input", "Enter");
  await page.click("tr:has-text('app2') a:has-text('Ask')");
  expect([await page.isVisible("[name=exactly]"), await page.isVisible(".slider output")]).toEqual([true, false]);
  await page.fill("[name=exactly]", "25");
  await page.fill("[name=reason]", "without scripts");
  await page.click("main button:has-text('Ask')");
  await page.waitForURL(/\/requests\/req_\w+\?done=asked$/);
  const at = new URL(page.url()).pathname;
  expect(await page.textContent("main")).toMatch(/waits for approval[\s\S]*25 min[\s\S]*Without scripts this page does not renew itself/);

  await voter.goto(`${ORIGIN}/votes`);
  await voter.click(`#card-${at.split("/").at(-1)!} button:has-text("Approve")`);
  await voter.waitForSelector("#notice .ok");
  await page.click("main a:has-text('Reload')");
  await page.waitForSelector("article.request.approved");
  await page.click("button:has-text('Show the password')");
  expect(await page.textContent(".letters")).toMatch(/^Pw-app2-of-web-2/);
  expect(await page.getAttribute("meta[http-equiv=refresh]", "content"), "it hides by itself").toBe(`20;url=${at}`);
  await page.click("a:has-text('Hide it now')");
  await page.click("button:has-text('Give back now'):visible");
  await page.waitForSelector("article.request.closed");

  await admin.goto(`${ORIGIN}/bulk/new`);
  await admin.fill("[name=search]", "web-1");
  await admin.fill("[name=reason]", "without scripts");
  await admin.click("main form[action='/bulk/preview'] button[type=submit]");
  await admin.click("button:has-text('passwords')");
  await admin.waitForURL(/\/bulk\/blk_\w+/);
  expect(await admin.textContent("main")).toMatch(/0 of \d changed/);
  expect(await admin.getAttribute("meta[http-equiv=refresh]", "content"), "it renews itself").toBe("5");
  await admin.click("button:has-text('Stop')");
  for (const p of [page, voter, admin]) await p.context().close();
});

describe("a recording is played", () => {
  /** Four screens, 20 s each, the last for a moment: each wipes what stood before it. */
  const SCREENS = ["apple", "banana", "cherry", "damson"], SECONDS = 20;
  const shown = (): Shown => SCREENS.flatMap((word, i) => {
    const at = i * SECONDS * 1_000;
    return [[at, "\x1b[2J\x1b[Hroot@web-1:~# "], [at + 500, `echo ${word}`], [at + 1_000, "\r\n"], [at + 1_001, `${word} it is\r\n`]] as const;
  });
  const screen = (page: Page): Promise<string> => page.evaluate("document.querySelector('.ap-term-text')?.innerText.trim() ?? ''");
  const shows = (page: Page, word: string, timeout = 5_000): Promise<void> => expect.poll(() => screen(page), { timeout, interval: 20 }).toContain(`${word} it is`);
  const clickAt = async (page: Page, share: number): Promise<void> => {
    const bar = (await page.locator(".ap-bar").boundingBox())!;
    await page.mouse.click(bar.x + bar.width * share, bar.y + bar.height / 2);
  };
  const secondNow = async (page: Page): Promise<number> => {
    const copied = (): Promise<string> => page.evaluate("navigator.clipboard.readText()");
    await page.evaluate("navigator.clipboard.writeText('')");
    await page.click("[data-link]");
    await expect.poll(copied).toMatch(/#t=[\d.]+$/);
    return Number(/[\d.]+$/.exec(await copied())![0]);
  };
  it("from a hit, a command and the time line; pauses left out or not, faster or slower: always the screen of that second", async () => {
    const id = await ask(w.deps.flow, w.who.requester, { account: "root@web-1", minutes: 30, reason: "to be played", ticket: "" });
    await vote(w.deps.flow, w.who.approver, id, { decision: "approve" });
    const session = await recorded(w.core, w.who.requester, "root", "web-1", shown());
    while (await indexNext(w.core.deps, w.core.places.recordings));
    const context = await as("auditor"), page = await context.newPage();
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: ORIGIN });
    await page.goto(`${ORIGIN}/sessions`);
    await page.fill("[aria-label='Search in what was said']", "banana");
    await page.click("button:has-text('Search in recordings')");
    await page.click("li.hit a:has-text('Play from 0:21')");
    await page.waitForURL(`${ORIGIN}/sessions/${session}/play?channel=1#t=21`);
    await shows(page, "banana");
    // Two seconds of the twenty are played; then the next screen, not in twenty seconds.
    await shows(page, "cherry", 4_000);
    const at = await secondNow(page);
    expect([at >= 2 * SECONDS, at < 3 * SECONDS], `${at} s is of the third screen`).toEqual([true, true]);
    await page.selectOption("[data-speed]", "0.5");
    await shows(page, "cherry", 1_000);
    const still = await secondNow(page);
    expect(Math.abs(still - at), `${at} s, then ${still} s`).toBeLessThan(3);

    await page.uncheck("[data-idle]");
    await page.click("#jumps a:has-text('echo apple')");
    await shows(page, "apple");
    await page.selectOption("[data-speed]", "16");
    const begun = performance.now();
    await shows(page, "apple", 500);
    await shows(page, "banana", 4_000);
    expect([performance.now() - begun > 600, performance.now() - begun < 4_000], "some 19 s at 16 times the speed").toEqual([true, true]);

    await page.selectOption("[data-speed]", "0.5");
    for (const [share, word] of [[0.9, "cherry"], [0.2, "apple"], [0.5, "banana"], [0.995, "damson"]] as const) { await clickAt(page, share); await shows(page, word); }
    // A second within a pause, with pauses left out: what stood there then, not what came after.
    await page.check("[data-idle]");
    await page.evaluate("location.hash = '#t=35'");
    await shows(page, "banana", 1_500);
    expect((await events.story(w.deps.flow.db, session)).filter((e) => e.what === "session.played"), "asked for once").toHaveLength(1);
    await context.close();
  }, 30_000);
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
