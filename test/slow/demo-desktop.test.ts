/** A newcomer's way through `npm run demo` to a desktop, in a real browser: asked for, approved, opened, left; played by the auditor. Pictures go to docs/screens with KEEP_SCREENS=1. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Secret as OtpKey, TOTP } from "otpauth";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { desktopReady } from "../../scripts/demo/desktop.ts";
import { raise, type Stage } from "../../scripts/demo/stage.ts";

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const home = mkdtempSync(path.join(tmpdir(), "lockstep-newcomer-")), screens = path.join(import.meta.dirname, "../../docs/screens");
const problems: string[] = [];
let stage: Stage, chrome: Browser;
beforeAll(async () => {
  expect(await desktopReady()).toBeNull();
  [stage, chrome] = await Promise.all([raise(() => undefined, { http: 0, ssh: 0 }, home, {}, { desktop: true }), chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS })]);
}, 240_000);
afterAll(async () => { await chrome?.close(); await stage?.close(); rmSync(home, { recursive: true, force: true }); });

const login = async (name: string, width: number, colorScheme: "light" | "dark" = "light"): Promise<Page> => {
  const who = stage.access.logins.find((l) => l.name === name)!, page = await (await chrome.newContext({ viewport: { width, height: 900 }, colorScheme })).newPage();
  page.on("console", (m) => { if (m.type() === "error" || m.type() === "warning") problems.push(`${page.url()}: ${m.text()}`); });
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
const keep = async (page: Page, name: string): Promise<void> => { if (process.env["KEEP_SCREENS"]) await page.screenshot({ path: path.join(screens, `${name}.png`) }); };
/** Colours of the terminal's middle, in the largest picture on the page: a drawn text has many, a ground one. */
const colours = (page: Page, box: string): Promise<number> => page.evaluate<number>(`(() => {
  const canvas = [...document.querySelectorAll("${box} canvas")].filter((c) => c.width > 300).sort((a, b) => b.width - a.width)[0];
  if (!canvas) return 0;
  const row = canvas.getContext("2d").getImageData(60, 60, 700, 60).data, seen = new Set();
  for (let i = 0; i < row.length; i += 4) seen.add(row[i] << 16 | row[i + 1] << 8 | row[i + 2]);
  return seen.size;
})()`);

test("asked for, approved, opened, typed into, given back; the auditor plays it", async () => {
  expect(stage.access.noDesktop).toBeNull();
  const requester = await login("requester", 1_600);
  await requester.click("a:has-text('Ask for access'):visible");
  await requester.click("tr:has-text('analyst') a:has-text('Ask')");
  await requester.fill("[name=reason]", "look at the figures of the quarter");
  await requester.click("main button:has-text('Ask')");
  await requester.waitForSelector("text=waits for approval");
  const request = requester.url(), approver = await login("approver", 390);
  await approver.goto(`${stage.access.portal}/votes`);
  await approver.click("button:has-text('Approve')");
  await requester.waitForSelector("article.request.approved", { timeout: 15_000 });
  await requester.click("a:has-text('Open the desktop')");
  await requester.waitForSelector("#term[data-now='open']", { timeout: 40_000 });
  await expect.poll(() => colours(requester, ".term-box"), { timeout: 30_000 }).toBeGreaterThan(4);
  const box = (await requester.locator(".term-box").boundingBox())!;
  await requester.mouse.click(box.x + 300, box.y + 300);
  await requester.waitForTimeout(800);
  await requester.keyboard.type("id > /tmp/newcomer; cat /etc/os-release | head -4; ls -l /etc | head -16\n", { delay: 15 });
  await expect.poll(async () => (await stage.desktop!.host.exec("cat /tmp/newcomer")).stdout, { timeout: 15_000 }).toContain("(analyst)");
  await requester.waitForTimeout(700);
  await keep(requester, "desktop-1600-light");
  await requester.setViewportSize({ width: 390, height: 844 });
  await requester.waitForTimeout(1_500);
  await keep(requester, "desktop-390-light");
  await requester.setViewportSize({ width: 1_600, height: 900 });
  await requester.waitForTimeout(1_000);
  await requester.goto(request);
  await requester.click("button:has-text('Give back now'):visible");
  await requester.waitForSelector("article.request.closed", { timeout: 15_000 });

  const auditor = await login("auditor", 1_600);
  await auditor.goto(`${stage.access.portal}/sessions`);
  await auditor.click("tr:has-text('analyst') a[href*='/sessions/ses']");
  await auditor.click("a:has-text('Play')");
  await auditor.waitForSelector("#player[data-now='ready']", { timeout: 30_000 });
  await auditor.evaluate("(() => { const s = document.querySelector('[data-seek]'); s.value = String(Math.max(0, s.max - 2800)); s.dispatchEvent(new Event('input')); })()");
  await expect.poll(() => colours(auditor, ".desk-player"), { timeout: 20_000 }).toBeGreaterThan(4);
  await keep(auditor, "desktop-player-1600-light");
  expect(problems).toEqual([]);
}, 240_000);
