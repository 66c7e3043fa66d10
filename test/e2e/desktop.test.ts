/** A desktop as its people meet it, at the wire: asked, approved, opened with a ticket, typed into, killed, rotated. Rule: a real host with xrdp, a real guacd, the broker as it runs. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import WebSocket from "ws";
import { desktopOf } from "../../src/domain/desktop.ts";
import { acceptIdentity } from "../../src/flow/identity.ts";
import { readDesktop, setDesktop } from "../../src/flow/desktop.ts";
import { putPolicy } from "../../src/flow/people.ts";
import * as policies from "../../src/store/policies.ts";
import * as targets from "../../src/store/targets.ts";
import { guacd, type RunningGuacd } from "../lab/guacd.ts";
import { xrdp, type Xrdp } from "../lab/xrdp.ts";
import { lockstep } from "../cli/process.ts";
import { pageOn, type DesktopPage } from "../proxy/rdp-page.ts";
import { loginAs, ticketFor, type Login } from "./web.ts";
import { until, world, type World } from "./world.ts";

let w: World, daemon: RunningGuacd, rdp: Xrdp, mine: Login;
beforeAll(async () => {
  daemon = await guacd();
  w = await world({ accounts: 4, env: { LOCKSTEP_GUACD: `127.0.0.1:${daemon.port}`, LOCKSTEP_GUACD_HOME: daemon.home } });
  rdp = await xrdp(w.host);
  mine = await loginAs(w, "requester");
}, 240_000);
afterAll(async () => { await w?.close(); await daemon?.destroy(); });

const open = async (request: string): Promise<DesktopPage> => {
  const told = await ticketFor(w, mine, `/requests/${request}/desktop`);
  return pageOn(new WebSocket(`${w.origin.replace(/^http/, "ws")}${told.socket}`, [told.protocol, `ticket.${told.ticket}`], { headers: { cookie: mine.cookie, origin: w.origin }, perMessageDeflate: false }));
};
const drawn = (p: DesktopPage): Promise<unknown> => until("the desktop is drawn", () => p.shown.some((i) => i[0] === "img" && i[3] === "0"), 30_000);

test("a target gets its desktop: looked at, compared, pinned, and accepted by somebody else", async () => {
  const { deps } = w.core, t = (await targets.named(deps.db, "web-1"))!, seen = await readDesktop(deps, w.caller("operator"), { host: rdp.host, port: rdp.port });
  expect(seen).toMatchObject({ fingerprint: await rdp.fingerprint(), security: "tls", settings: { rdpPort: rdp.port } });
  expect(await w.ok("operator", "POST", "/targets/read-desktop", { host: rdp.host, port: rdp.port })).toEqual(seen);
  expect((await w.api("requester", "POST", "/targets/read-desktop", { host: rdp.host, port: rdp.port })).status).toBe(403);
  const after = await setDesktop(deps, w.caller("operator"), t.id, { port: seen.port, certificate: seen.fingerprint, security: seen.security, domain: "" });
  expect(desktopOf(after)).toEqual({ kind: "rdp", port: rdp.port, certificates: [seen.fingerprint], security: "tls", domain: "" });
  // By the command line it is the same, and another certificate than the one brought along is not pinned.
  const cli = (...args: string[]) => lockstep(["targets", "desktop", "web-1", "--port", String(rdp.port), ...args], { cwd: w.home, env: { LOCKSTEP_URL: w.origin, LOCKSTEP_TOKEN: w.who["operator"]!.token } });
  expect(await cli("--fingerprint", "AB:CD")).toMatchObject({ code: expect.any(Number) as number, err: expect.stringContaining(`shows ${seen.fingerprint}, not AB:CD. Nothing was changed`) as string });
  expect(await cli("--fingerprint", seen.fingerprint)).toMatchObject({ code: 0, out: expect.stringContaining(`web-1 has a desktop on port ${rdp.port}.`) as string });
  expect((await targets.find(deps.db, t.id))!.identityHash, "the same as before").toBe(after.identityHash);
  expect((await w.ok("operator", "GET", "/targets/web-1"))["fingerprints"]).toEqual([expect.stringMatching(/^SHA256:/), seen.fingerprint]);
  expect(String((await w.standing(w.account(0)))["word"])).toBe("blocked");
  await acceptIdentity(deps, w.caller("second"), t.id, after.identityHash);
  await w.settled(w.account(0));
});

test("asked, approved, opened, typed into, killed by an auditor: the login is gone within a second, the account is rotated, nothing of the password was told", async () => {
  const before = await w.host.shadow(w.names[0]!), secret = await w.vault(w.names[0]!), request = await w.access(w.account(0));
  expect((await w.ok("requester", "GET", `/requests/${request}`))["can"]).toMatchObject({ connect: true, desktop: true });
  const page = await open(request);
  await drawn(page);
  page.tell("mouse", 300, 300, 0);
  await until("its terminal is there", () => rdp.typing(w.names[0]!));
  page.type("echo made-$((40+2)) > /tmp/by-desktop\n");
  await until("the file is there", async () => (await w.host.exec("cat /tmp/by-desktop")).stdout === "made-42\n", 15_000);
  const [session] = await w.sessions({ request });
  expect(session).toMatchObject({ via: "web", protocol: "rdp", state: "live" });
  const begun = performance.now();
  await w.ok("auditor", "POST", `/sessions/${String(session!["id"])}/end`, { reason: "enough" });
  expect(await page.hears("ended", 3_000)).toMatchObject({ sentence: "ended by auditor: enough" });
  await until("guacd has let go", () => daemon.log().includes("disconnected"), 2_000);
  expect(performance.now() - begun).toBeLessThan(2_000);
  expect(await w.ended(request)).toMatchObject({ why: "killed" });
  await w.ok("requester", "POST", `/requests/${request}/give-back`, {});
  await w.rotated(0, before);
  expect(await w.lost()).toEqual([]);
  const events = JSON.stringify(await w.events()), log = w.log.join("\n");
  for (const text of [events, log, page.text(), JSON.stringify(page.said), daemon.log()]) expect(text.includes(secret)).toBe(false);
}, 120_000);

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const shots = process.env["SHOTS"] ?? path.join(import.meta.dirname, "../../docs/screens");
const keep = async (page: Page, name: string): Promise<void> => { if (process.env["KEEP_SCREENS"]) await page.screenshot({ path: path.join(shots, `${name}.png`) }); };
/** Of the drawn picture: its size, how many colours a band in it has, and the ground above the terminal. A layer's canvas is larger than what it shows. */
const PIXELS = `(() => {
  const canvas = [...document.querySelectorAll(".term-box canvas")].find((c) => c.width > 300), copy = document.createElement("canvas");
  Object.assign(copy, { width: canvas.width, height: canvas.height });
  const at = copy.getContext("2d", { willReadFrequently: true });
  at.drawImage(canvas, 0, 0);
  const row = at.getImageData(0, 60, 900, 40).data, colours = new Set();
  for (let i = 0; i < row.length; i += 4) colours.add(row[i] << 16 | row[i + 1] << 8 | row[i + 2]);
  const [r, g, b] = at.getImageData(500, 20, 1, 1).data, { offsetWidth: width, offsetHeight: height } = canvas.parentElement;
  return { width, height, colours: colours.size, corner: [r, g, b] };
})()`;
/**
 * The layer that is the desktop in cells of 16 pixels, each its mean light. What changes fast guacd may send as JPEG, and whoever comes later gets the
 * true picture of the same: then pixels differ, cells do not. One line of a terminal more or less is tens.
 */
const WHOLE = `(() => {
  const canvas = [...document.querySelectorAll(".term-box canvas")].find((c) => c.width > 300), copy = document.createElement("canvas"), { offsetWidth: width, offsetHeight: height } = canvas.parentElement;
  Object.assign(copy, { width, height });
  const at = copy.getContext("2d", { willReadFrequently: true });
  at.drawImage(canvas, 0, 0);
  const all = at.getImageData(0, 0, width, height).data, across = Math.ceil(width / 16), cells = Array.from({ length: across * Math.ceil(height / 16) }, () => 0);
  for (let y = 0, i = 0; y < height; y++) for (let x = 0; x < width; x++, i += 4) cells[(y >> 4) * across + (x >> 4)] += all[i] + all[i + 1] + all[i + 2];
  return { width, height, cells: cells.map((sum) => sum / 768) };
})()`;
type Whole = { width: number; height: number; cells: number[] };
const whole = (page: Page): Promise<Whole> => page.evaluate<Whole>(WHOLE);
const alike = (a: Whole, b: Whole): boolean => a.width === b.width && a.height === b.height && a.cells.every((c, i) => Math.abs(c - b.cells[i]!) < 8);
/** The one policy of the world, tuned. */
const terms = async (over: object): Promise<void> => {
  const { deps } = w.core, p = (await policies.all(deps.db)).find((x) => x.name === "by session")!;
  await putPolicy(deps, w.caller("operator"), { name: p.name, terms: { ...p.terms, ...over }, binding: p.binding }, p.id, true);
};
const same = (one: Page, two: Page): Promise<unknown> => until("both show the same", async () => alike(await whole(one), await whole(two)), 15_000);
/** A line at the terminal, until what it does is there. On a full machine a key may stay down long enough to repeat: a person would see it and type again. */
const entered = async (page: Page, line: string, there: () => Promise<boolean>): Promise<void> => {
  for (let tries = 3; ; tries--) {
    await page.keyboard.type(`${line}\n`, { delay: 15 });
    try { return void await until(`${line} has been done`, there, 10_000); } catch (error) { if (tries === 1) throw error; }
    await page.keyboard.press("Control+C");
  }
};
const holds = async (file: string, text: string): Promise<boolean> => (await w.host.exec(`cat ${file}`)).stdout === text;

/** An auditor opens the session's page and looks on; what they point at goes nowhere. */
const lookedOn = async (chrome: Browser, session: string, owner: Page, problems: string[]): Promise<Page> => {
  const [name = "", value = ""] = (await loginAs(w, "auditor")).cookie.split("="), context = await chrome.newContext({ viewport: { width: 1600, height: 1000 } });
  await context.addCookies([{ name, value, url: w.origin }]);
  const page = await context.newPage();
  page.on("console", (m) => { if (m.type() === "error" || m.type() === "warning") problems.push(m.text()); });
  page.on("pageerror", (e) => problems.push(e.message));
  await page.goto(`${w.origin}/sessions/${session}`);
  await page.click("a:has-text('Watch live')");
  await page.waitForSelector(".term-box[data-drawn='yes']", { timeout: 15_000 });
  await same(owner, page);
  const box = (await page.locator(".term-box").boundingBox())!;
  await page.mouse.click(box.x + 300, box.y + 300, { button: "right" });
  await page.mouse.move(box.x + 310, box.y + 310);
  await keep(page, "desktop-watched-1600-light");
  return page;
};

/** #205080, however it was compressed. */
const GROUND = [0x20, 0x50, 0x80];
type Pixels = { width: number; height: number; colours: number; corner: number[] };

/** An auditor plays it: its last picture has the size and the ground of the one the person saw, and is not the first. */
const playedBack = async (chrome: Browser, session: string, last: Pixels, problems: string[]): Promise<void> => {
  const [name = "", value = ""] = (await loginAs(w, "auditor")).cookie.split("="), context = await chrome.newContext({ viewport: { width: 1600, height: 900 } });
  await context.addCookies([{ name, value, url: w.origin }]);
  const page = await context.newPage();
  page.on("console", (m) => { if (m.type() === "error" || m.type() === "warning") problems.push(m.text()); });
  page.on("pageerror", (e) => problems.push(e.message));
  await page.goto(`${w.origin}/sessions/${session}/play`);
  await page.waitForSelector("#player[data-now='ready']", { timeout: 30_000 });
  // What was typed stands beside it, line by line, and leads to its moment.
  await page.click("#jumps a:has-text('echo Both-$((40+3)) | tee /tmp/both')", { timeout: 10_000 });
  await until("it plays from there", async () => Number(await page.getAttribute("#player", "data-drawn")) > 3_000, 10_000);
  await page.click("[data-play]");
  const length = Number(await page.getAttribute("[data-seek]", "max"));
  expect(length).toBeGreaterThan(3_000);
  await page.evaluate("(() => { const s = document.querySelector('[data-seek]'); s.value = s.max; s.dispatchEvent(new Event('input')); })()");
  const shown = await until("the last picture is there", async () => {
    const p = await page.evaluate<Pixels>(PIXELS.replaceAll(".term-box", ".desk-player"));
    return p.width === last.width && GROUND.every((v, i) => Math.abs(v - p.corner[i]!) < 12) ? p : null;
  }, 20_000);
  expect([shown.height, shown.colours > 1]).toEqual([last.height, true]);
  await keep(page, "desktop-player-1600-light");
  await page.evaluate("(() => { const s = document.querySelector('[data-seek]'); s.value = '0'; s.dispatchEvent(new Event('input')); })()");
  await page.click("[data-play]");
  await until("it plays", async () => Number(await page.getAttribute("#player", "data-drawn")) > 500, 10_000);
  expect(await page.textContent("[data-play]")).toBe("Pause");
  expect((await w.events("session.played")).map((e) => (e["about"] as Record<string, unknown>)["session"])).toEqual([session]);
  // In the list there are small pictures on a press; each is an event.
  await page.goto(`${w.origin}/sessions`);
  await page.click("[data-glimpses]");
  await page.waitForSelector(`[data-glimpse='/sessions/${session}/picture'] canvas`, { timeout: 15_000 });
  const small = await page.evaluate<number[]>(`(() => {
    const c = document.querySelector("[data-glimpse='/sessions/${session}/picture'] canvas");
    return [...c.getContext("2d").getImageData(4, 4, 1, 1).data].slice(0, 3);
  })()`);
  expect(GROUND.every((v, i) => Math.abs(v - small[i]!) < 12), `${small.join(",")} is the ground`).toBe(true);
  expect((await w.events("session.played")).some((e) => (e["facts"] as Record<string, unknown>)["picture"] === true)).toBe(true);
  await keep(page, "desktop-pictures-1600-light");
  await context.close();
};

test("in a browser, under the portal's strict policy: pressed, drawn, typed into, resized, ended with a reason the person reads", async () => {
  const chrome: Browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS }), problems: string[] = [];
  try {
    await terms({ reconnectGraceSeconds: 20, filesIn: true, filesOut: true, recordInput: true });
    const request = await w.access(w.account(3)), [name = "", value = ""] = mine.cookie.split("="), context = await chrome.newContext({ viewport: { width: 1280, height: 900 } });
    await context.addCookies([{ name, value, url: w.origin }]);
    const page = await context.newPage();
    page.on("console", (m) => { if (m.type() === "error" || m.type() === "warning") problems.push(m.text()); });
    page.on("pageerror", (e) => problems.push(e.message));
    await page.goto(`${w.origin}/requests/${request}`);
    await page.click("a:has-text('Open the desktop')");
    await page.waitForSelector("#term[data-now='open'], #term[data-now='ended']", { timeout: 90_000 });
    expect(await page.getAttribute("#term", "data-now"), String(await page.textContent("[data-said]"))).toBe("open");
    const look = (): Promise<Pixels> => page.evaluate(PIXELS);
    const drawn = await until("the desktop is in the picture, its ground and its terminal", async () => { const p = await look(); return GROUND.every((v, i) => Math.abs(v - p.corner[i]!) < 12) && p.colours > 1 ? p : null; }, 30_000).catch(async (e: unknown) => { throw new Error(`${JSON.stringify(await look())} ${String(await page.textContent("[data-said]"))}`, { cause: e }); });
    const box = (await page.locator(".term-box").boundingBox())!;
    expect(Math.abs(drawn.width - box.width)).toBeLessThan(4);
    await page.mouse.move(box.x + 300, box.y + 300);
    await page.mouse.click(box.x + 300, box.y + 300);
    await until("its terminal is there", () => rdp.typing(w.names[3]!));
    // The first keys of a new X server may be lost: a person would press Enter until something happens.
    await until("a key arrives", async () => { await page.keyboard.press("Enter"); return await rdp.prompts(w.names[3]!) > 1; });
    await page.waitForTimeout(1_500);
    await entered(page, "echo Browser-$((40+2)) > /tmp/by-browser; ls -la /etc/ssh", () => holds("/tmp/by-browser", "Browser-42\n"));
    const [live] = await w.sessions({ request }), watcher = await lookedOn(chrome, String(live!["id"]), page, problems);
    await entered(page, "clear; echo Both-$((40+3)) | tee /tmp/both", () => holds("/tmp/both", "Both-43\n"));
    await same(page, watcher);
    // The page is loaded anew: it comes back to the same desktop.
    const before = await whole(page);
    await page.reload();
    await page.waitForSelector("text=You are back in your session.", { timeout: 15_000 });
    await until("the same picture is back", async () => alike(await whole(page), before), 10_000);
    await page.mouse.move(box.x + 301, box.y + 301);
    await page.mouse.click(box.x + 300, box.y + 300);
    await entered(page, "echo Back-$((40+4)) > /tmp/back", () => holds("/tmp/back", "Back-44\n"));
    await page.setInputFiles("[data-files]", { name: "from-here.txt", mimeType: "text/plain", buffer: Buffer.from("carried in") });
    await page.waitForSelector("text=from-here.txt is in the drive", { timeout: 10_000 });
    await page.click("[data-tool='drive']");
    const [down] = await Promise.all([page.waitForEvent("download"), page.click("[data-entries] button:has-text('from-here.txt')")]);
    expect(await readFile(await down.path(), "utf8")).toBe("carried in");
    await keep(page, "desktop-files-1280-light");
    await page.click("[data-tool='drive']");
    await same(page, watcher);
    for (const [width, colorScheme] of [[1600, "light"], [1024, "dark"], [390, "light"]] as const) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      if (process.env["KEEP_SCREENS"]) await page.waitForTimeout(1_200);
      expect([width, await page.evaluate("document.documentElement.scrollWidth - innerWidth")]).toEqual([width, 0]);
      await keep(page, `desktop-${width}-${colorScheme}`);
    }
    await page.setViewportSize({ width: 1100, height: 800 });
    await until("the desktop has the window's size", async () => { const p = await look(), b = (await page.locator(".term-box").boundingBox())!; return Math.abs(p.width - b.width) < 8; }, 15_000);
    const [session] = await w.sessions({ request });
    await w.ok("auditor", "POST", `/sessions/${String(session!["id"])}/end`, { reason: "this looks wrong" });
    await page.waitForSelector("text=ended by auditor: this looks wrong", { timeout: 3_000 });
    expect(await page.getAttribute("#term", "data-now")).toBe("ended");
    await watcher.waitForSelector("text=The session has ended.", { timeout: 3_000 });
    const last = await look();
    await w.ended(request);
    const told = (await w.events()).map((e) => String(e["what"])).filter((what) => /watched|rejoined/.test(what)).reverse();
    expect(told).toEqual(["session.watched", "session.rejoined", "session.unwatched"]);
    await playedBack(chrome, String(session!["id"]), last, problems);
    expect(problems).toEqual([]);
  } finally { await chrome.close(); await terms({ reconnectGraceSeconds: 0, filesIn: false, filesOut: false, recordInput: false }); }
}, 260_000);

test("law: ticket-once — a desktop's ticket opens one socket; a terminal's opens none", async () => {
  const request = await w.access(w.account(1)), told = await ticketFor(w, mine, `/requests/${request}/desktop`), terminal = await ticketFor(w, mine, `/requests/${request}/terminal`);
  const url = `${w.origin.replace(/^http/, "ws")}${told.socket}`, headers = { cookie: mine.cookie, origin: w.origin };
  const refused = (ticket: string): Promise<number> => new Promise((resolve) => {
    const ws = new WebSocket(url, [told.protocol, `ticket.${ticket}`], { headers });
    ws.on("unexpected-response", (_q, res) => { resolve(res.statusCode ?? 0); ws.terminate(); }).on("open", () => resolve(101)).on("error", () => undefined);
  });
  expect(await refused(terminal.ticket)).toBe(403);
  const first = pageOn(new WebSocket(url, [told.protocol, `ticket.${told.ticket}`], { headers, perMessageDeflate: false }));
  await first.hears("hello");
  expect(await Promise.all(Array.from({ length: 20 }, () => refused(told.ticket)))).toEqual(Array.from({ length: 20 }, () => 403));
  expect((await w.sessions({ request })).length).toBe(1);
  first.ws.close();
  await w.ended(request);
  await w.ok("requester", "POST", `/requests/${request}/give-back`, {});
}, 60_000);

test("the certificate is another one: no password is sent, the accounts stop, and somebody has to look", async () => {
  await w.settled(w.account(2));
  const request = await w.access(w.account(2));
  await rdp.changeCertificate();
  const page = await open(request);
  expect(await page.hears("ended", 20_000)).toMatchObject({ sentence: expect.stringMatching(/^web-1 does not show the certificate on record\. No password was sent to it/) as string });
  expect(await w.ended(request)).toMatchObject({ why: "error" });
  await until("the accounts are blocked", async () => String((await w.standing(w.account(2)))["word"]) === "blocked");
  expect(await (await open(request)).hears("ended", 10_000)).toMatchObject({ sentence: expect.stringMatching(/no longer proves itself/) as string });
  expect((await w.sessions({ request })).length).toBe(1);
}, 60_000);
