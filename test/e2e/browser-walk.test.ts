/** The main job in a real browser against a real host: ask, approve with a second factor, show, give back, rotated. Pictures go to docs/screens with KEEP_SCREENS=1. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Secret as OtpKey, TOTP } from "otpauth";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { raise, type Stage } from "../../scripts/demo/stage.ts";
import * as accounts from "../../src/store/accounts.ts";

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const home = mkdtempSync(path.join(tmpdir(), "lockstep-walk-")), screens = path.join(import.meta.dirname, "../../docs/screens");
let stage: Stage, chrome: Browser;
const problems: string[] = [];

beforeAll(async () => {
  [stage, chrome] = await Promise.all([raise(() => {}, { http: 0, ssh: 0 }, home, {}, { desktop: "none can be had here" }), chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS })]);
  mkdirSync(screens, { recursive: true });
}, 180_000);
afterAll(async () => { await chrome?.close(); await stage?.close(); rmSync(home, { recursive: true, force: true }); });

const login = async (name: string, width: number, colorScheme: "light" | "dark"): Promise<Page> => {
  const who = stage.access.logins.find((l) => l.name === name)!, page = await (await chrome.newContext({ viewport: { width, height: 900 }, colorScheme })).newPage();
  page.on("console", (m) => { if (m.type() === "error") problems.push(`${page.url()}: ${m.text()}`); });
  page.on("pageerror", (e) => problems.push(`${page.url()}: ${e.message}`));
  await page.goto(stage.access.portal);
  await page.fill("[name=name]", name);
  await page.fill("[name=password]", who.password);
  await page.press("[name=password]", "Enter");
  if (who.totp) {
    await page.waitForSelector("[name=code]");
    await page.fill("[name=code]", new TOTP({ secret: OtpKey.fromBase32(who.totp) }).generate());
    await page.press("[name=code]", "Enter");
  }
  await page.waitForSelector("h1:has-text('Hello')");
  return page;
};
/** Kept only on request, so that a test run leaves the tree as it was. */
const keep = async (page: Page, name: string): Promise<void> => { if (process.env["KEEP_SCREENS"]) await page.screenshot({ path: path.join(screens, `${name}.png`), fullPage: true }); };

test("ask, approve, show, give back, rotated: as requester and approver see it", async () => {
  const requester = await login("requester", 1280, "light");
  await requester.click("a:has-text('Ask for access'):visible");
  // Where the demo has no desktop it says why, and offers none.
  expect([stage.access.noDesktop, stage.desktop, (await requester.content()).includes("desk-1")]).toEqual(["none can be had here", null, false]);
  await requester.click("tr:has-text('ops') a:has-text('Ask')");
  await requester.fill("[name=reason]", "look at the slow query of the nightly report");
  await keep(requester, "walk-1-ask");
  await requester.click("main button:has-text('Ask')");
  await requester.waitForSelector("text=waits for approval");
  const url = requester.url();
  await keep(requester, "walk-2-waiting");

  const approver = await login("approver", 390, "light");
  await approver.goto(`${stage.access.portal}/votes`);
  await keep(approver, "walk-3-vote-phone");
  await approver.click("button:has-text('Approve')");
  await requester.waitForSelector("article.request.approved", { timeout: 15_000 });
  await keep(requester, "walk-4-approved");

  await requester.click("button:has-text('Show the password')");
  await requester.waitForSelector("text=That you looked is in the audit log");
  const shown = (await requester.textContent("output.letters"))!;
  expect(await stage.hosts["db-1"].opens("ops", shown.trim())).toBe(true);
  await requester.goto(url);
  expect(await requester.content()).not.toContain(shown.trim());
  await keep(requester, "walk-5-held");

  await requester.click("button:has-text('Give back now'):visible");
  await requester.waitForSelector("article.request.closed", { timeout: 15_000 });
  await expect.poll(async () => (await stage.hosts["db-1"].opens("ops", shown.trim())), { timeout: 60_000, interval: 250 }).toBe(false);
  await expect.poll(async () => (await accounts.named(stage.broker.core.deps.db, "ops@db-1"))!.credential, { timeout: 60_000, interval: 250 }).toBe("in_sync");
  await keep(requester, "walk-6-given-back");
  expect(problems).toEqual([]);
}, 180_000);
