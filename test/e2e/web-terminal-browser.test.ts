/** The web terminal as a person meets it: Chromium, the portal's strict policy, a real host. Pictures go to docs/screens with KEEP_SCREENS=1. */
import path from "node:path";
import { sql } from "drizzle-orm";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { putPolicy } from "../../src/flow/people.ts";
import * as policies from "../../src/store/policies.ts";
import { loginAs } from "./web.ts";
import { until, world, type World } from "./world.ts";

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
let w: World, chrome: Browser;
const problems: string[] = [], shots = process.env["SHOTS"] ?? path.join(import.meta.dirname, "../../docs/screens");
beforeAll(async () => { [w, chrome] = await Promise.all([world({ accounts: 4 }), chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS })]); await terms({ reconnectGraceSeconds: 20 }); }, 240_000);
afterAll(async () => { await chrome?.close(); await w?.close(); });

/** The one policy of the world, tuned. */
const terms = async (over: object): Promise<void> => {
  const { deps } = w.core, p = (await policies.all(deps.db)).find((x) => x.name === "by session")!;
  await putPolicy(deps, w.caller("operator"), { name: p.name, terms: { ...p.terms, ...over }, binding: p.binding }, p.id, true);
};
const as = async (who: string, o: { width?: number; colorScheme?: "light" | "dark" } = {}): Promise<BrowserContext> => {
  const { cookie } = await loginAs(w, who), [name = "", value = ""] = cookie.split("="), context = await chrome.newContext({ viewport: { width: o.width ?? 1280, height: 860 }, colorScheme: o.colorScheme ?? "light" });
  await context.addCookies([{ name, value, url: w.origin }]);
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: w.origin });
  context.on("page", (p) => {
    p.on("console", (m) => { if (m.type() === "error" || m.type() === "warning") problems.push(`${p.url()}: ${m.text()}`); });
    p.on("pageerror", (e) => problems.push(`${p.url()}: ${e.message}`));
  });
  return context;
};
const keep = async (page: Page, name: string): Promise<void> => { if (process.env["KEEP_SCREENS"]) await page.screenshot({ path: path.join(shots, `${name}.png`) }); };
const screen = (page: Page): Promise<string> => page.evaluate("[...document.querySelectorAll('.xterm-rows > div')].map((r) => r.textContent).join('\\n').replaceAll('\\u00a0', ' ')");
const sees = (page: Page, text: string | RegExp, ms = 20_000): Promise<unknown> => until(`the screen shows ${String(text)}`, async () => { const s = await screen(page); return typeof text === "string" ? s.includes(text) : text.test(s); }, ms);
const type = async (page: Page, text: string): Promise<void> => { await page.keyboard.type(text); await page.keyboard.press("Enter"); };
/** Given back and settled, so that the next test may ask for it: one person's second request waits behind the first. */
const over = async (request: string, i: number): Promise<void> => {
  await w.ended(request);
  await w.api("requester", "POST", `/requests/${request}/give-back`, {});
  await w.settled(w.account(i));
};
const connected = async (page: Page, request: string): Promise<void> => {
  await page.goto(`${w.origin}/requests/${request}`);
  await page.click("a:has-text('Connect in the browser')");
  await page.waitForSelector("#term[data-now='open']", { timeout: 20_000 });
  await sees(page, /[$#]/);
};

test("connect, type, the file appears on the host, the window's size is the shell's", async () => {
  const request = await w.access(w.account(0)), page = await (await as("requester")).newPage();
  await connected(page, request);
  expect(await page.title()).toBe(`${w.account(0)} · terminal · Lockstep`);
  const sized = async (mark: string): Promise<number[]> => {
    await type(page, `echo ${mark}=$(stty size)=`);
    await sees(page, new RegExp(`${mark}=\\d+ \\d+=`));
    return new RegExp(`${mark}=(\\d+) (\\d+)=`).exec(await screen(page))!.slice(1).map(Number);
  };
  await type(page, "echo from-the-browser-$((40+2)) > /tmp/from-browser; cat /tmp/from-browser");
  await sees(page, "from-the-browser-42");
  expect((await w.host.exec("cat /tmp/from-browser")).stdout).toBe("from-the-browser-42\n");
  const wide = await sized("wide");
  await page.setViewportSize({ width: 900, height: 600 });
  await page.waitForTimeout(500);
  const narrow = await sized("narrow");
  expect([narrow[0]! < wide[0]!, narrow[1]! < wide[1]!]).toEqual([true, true]);
  await page.setViewportSize({ width: 1280, height: 860 });
  await type(page, "clear; printf '\\033[1;32mgreen\\033[0m \\033[38;2;255;120;0mtrue colour\\033[0m \\033[7minverse\\033[0m\\n'; ls --color=always -la /");
  await sees(page, "true colour");
  for (const [width, colorScheme] of [[1280, "light"], [1600, "dark"], [1024, "light"], [390, "dark"], [390, "light"]] as const) {
    await page.setViewportSize({ width, height: width < 500 ? 800 : 860 });
    await page.emulateMedia({ colorScheme });
    await page.waitForTimeout(300);
    expect([width, await page.evaluate("document.documentElement.scrollWidth - innerWidth")]).toEqual([width, 0]);
    await keep(page, `terminal-${width}-${colorScheme}`);
  }
  await type(page, "exit");
  await page.waitForSelector("text=The shell has ended.");
  expect(await page.title()).toContain("Ended: ");
  await over(request, 0);
  expect(problems).toEqual([]);
}, 120_000);

test("the network goes and comes back: the same shell, its last screen, nothing twice; also after a reload; and too late is too late", async () => {
  const request = await w.access(w.account(1)), context = await as("requester"), page = await context.newPage();
  await connected(page, request);
  await type(page, "S=still-here; echo first-$((1+1)); echo x >> /tmp/once-only");
  await sees(page, "first-2");
  await context.setOffline(true);
  await page.waitForSelector("#term[data-now='away']");
  expect(await page.textContent("[data-said]")).toContain("Your session goes on for");
  await keep(page, "terminal-away");
  await page.keyboard.type("typed-into-nothing");
  await page.waitForTimeout(500);
  await context.setOffline(false);
  await page.waitForSelector("#term[data-now='open']", { timeout: 20_000 });
  await sees(page, "first-2");
  await type(page, "echo $S-again");
  await sees(page, "still-here-again");
  expect(await screen(page)).not.toContain("typed-into-nothing");
  await page.reload();
  await page.waitForSelector("#term[data-now='open']", { timeout: 20_000 });
  await sees(page, "still-here-again");
  await type(page, "echo $S-reloaded; wc -l < /tmp/once-only");
  await sees(page, /still-here-reloaded\n1\n/);
  expect((await w.sessions({ request })).length).toBe(1);
  expect((await w.events("session.rejoined")).length).toBe(2);
  await terms({ reconnectGraceSeconds: 20 });
  await context.setOffline(true);
  const ended = await w.ended(request);
  expect(ended).toMatchObject({ why: "client_closed", detail: "the browser did not come back in time" });
  await context.setOffline(false);
  await page.waitForSelector("#term[data-now='ended']", { timeout: 20_000 });
  expect(await page.textContent("[data-said]")).toMatch(/This session is over|did not come back in time/);
  await over(request, 1);
  const ours = problems.filter((p) => !/ERR_INTERNET_DISCONNECTED|409 \(Conflict\)/.test(p));
  problems.length = 0;
  expect(ours).toEqual([]);
}, 150_000);

test("pasting and copying where they are kept out: said so, and nothing arrives", async () => {
  await terms({ reconnectGraceSeconds: 0, clipboardIn: false, clipboardOut: false });
  const request = await w.access(w.account(2)), page = await (await as("requester", { colorScheme: "dark" })).newPage();
  await connected(page, request);
  expect([await page.isHidden("[data-tool=paste]"), await page.isHidden("[data-tool=copy]")]).toEqual([true, true]);
  await page.evaluate("navigator.clipboard.writeText('touch /tmp/pasted-anyway\\n')");
  await page.keyboard.press("Control+Shift+V");
  await page.waitForSelector("text=Pasting into this session is not part of your access.");
  await keep(page, "terminal-no-paste");
  await type(page, "echo typed-$((1+1))");
  await sees(page, "typed-2");
  await page.mouse.dblclick(400, 300);
  await page.keyboard.press("Control+Shift+C");
  await page.waitForSelector("text=Copying out of this session is not part of your access.");
  expect(await page.evaluate("navigator.clipboard.readText()")).toBe("touch /tmp/pasted-anyway\n");
  expect((await w.host.exec("ls /tmp/pasted-anyway")).code).not.toBe(0);
  await page.click("[data-tool=leave]");
  await page.waitForSelector("text=You have disconnected.");
  await over(request, 2);
  await terms({ reconnectGraceSeconds: 0, clipboardIn: true, clipboardOut: true });
  const again = await w.access(w.account(3)), free = await (await as("requester")).newPage();
  await connected(free, again);
  await free.evaluate("navigator.clipboard.writeText('echo pasted-$((20+3))')");
  await free.keyboard.press("Control+Shift+V");
  await free.keyboard.press("Enter");
  await sees(free, "pasted-23");
  await free.click("[data-tool=leave]");
  await over(again, 3);
  expect(problems).toEqual([]);
}, 150_000);

test("an auditor watches in the browser, last screen first, and ends it with a reason the person reads", async () => {
  await w.settled(w.account(0));
  const request = await w.access(w.account(0)), page = await (await as("requester")).newPage(), auditor = await (await as("auditor")).newPage();
  await connected(page, request);
  await type(page, "echo before-watching-$((1+1))");
  await sees(page, "before-watching-2");
  await auditor.goto(`${w.origin}/sessions?live=1`);
  await auditor.click("a:has-text('Watch')");
  await auditor.waitForSelector("#term[data-now='open']");
  await sees(auditor, "before-watching-2");
  await type(page, "echo while-watching-$((2+2))");
  await sees(auditor, "while-watching-4");
  await auditor.click(".term-box");
  await auditor.keyboard.type("echo never-$((1+1))");
  await auditor.keyboard.press("Enter");
  await auditor.waitForTimeout(500);
  expect(await screen(page)).not.toContain("never-");
  for (const [width, colorScheme] of [[1280, "light"], [390, "dark"]] as const) {
    await auditor.setViewportSize({ width, height: 860 });
    await auditor.emulateMedia({ colorScheme });
    await auditor.waitForTimeout(200);
    await keep(auditor, `watch-${width}-${colorScheme}`);
    expect(await auditor.evaluate("document.documentElement.scrollWidth - innerWidth")).toBe(0);
  }
  await auditor.click("summary:has-text('End this session')");
  await auditor.fill("[name=reason]", "this looks wrong");
  const begun = performance.now();
  await auditor.click("button:has-text('End it now')");
  await page.waitForSelector("text=ended by auditor: this looks wrong", { timeout: 3_000 });
  expect(performance.now() - begun).toBeLessThan(2_000);
  await keep(page, "terminal-ended");
  expect(await w.ended(request)).toMatchObject({ why: "killed" });
  await over(request, 0);
  expect(problems).toEqual([]);
}, 120_000);

test("at its time the session is cut within a second, warned before, the sentence on the screen", async () => {
  await w.settled(w.account(1));
  const request = await w.access(w.account(1)), page = await (await as("requester")).newPage(), { deps } = w.core, before = await w.host.shadow(w.names[1]!);
  await connected(page, request);
  await page.click("[data-tool=leave]");
  await w.ended(request);
  await w.rotated(1, before);
  const { rows } = await deps.db.q.execute(sql.raw(`update requests set until = now() + interval '12 seconds' where id = '${request}' returning until`)) as unknown as { rows: { until: string | Date }[] };
  await page.click("[data-tool=connect]");
  await page.waitForSelector("#term[data-now='open']", { timeout: 10_000 });
  await page.waitForSelector("text=Less than a minute is left.");
  await keep(page, "terminal-last-minute");
  // The session process and the broker both watch the time; whoever is first says it.
  await page.waitForSelector("text=/Your time is up: this session has ended|your time with this account is over/", { timeout: 20_000 });
  const late = Date.now() - new Date(rows[0]!.until).getTime();
  expect(late).toBeGreaterThan(-200);
  expect(late).toBeLessThan(1_000);
  expect(await w.ended(request)).toMatchObject({ why: "expired" });
  expect(problems).toEqual([]);
}, 120_000);

test("without scripts the page says what to do instead; a link from elsewhere opens nothing", async () => {
  await w.settled(w.account(2));
  const request = await w.access(w.account(2)), { cookie } = await loginAs(w, "requester"), [name = "", value = ""] = cookie.split("=");
  const bare = await chrome.newContext({ javaScriptEnabled: false });
  await bare.addCookies([{ name, value, url: w.origin }]);
  const page = await bare.newPage();
  await page.goto(`${w.origin}/requests/${request}/terminal`);
  expect(await page.textContent("main")).toContain(`requester@${w.account(2)}@127.0.0.1`);
  await keep(page, "terminal-no-scripts");
  const typed = await (await as("requester")).newPage();
  await typed.goto(`${w.origin}/requests/${request}/terminal#connect`);
  await typed.waitForTimeout(1_000);
  expect(await typed.getAttribute("#term", "data-now")).toBe("idle");
  expect((await w.sessions({ request })).length).toBe(0);
}, 60_000);
