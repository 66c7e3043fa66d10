/** Takes a picture of every page: `tsx test/web/shoot.ts <directory> [page…]`; `--docs` takes what docs/screens keeps. Not a test; its pictures are looked at. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { serve } from "@hono/node-server";
import { chromium, type BrowserContext, type Page } from "playwright-core";
import { PASSWORD } from "../identity/world.ts";
import { workCheck } from "../../src/flow/audit-check.ts";
import { indexNext } from "../../src/flow/transcribe.ts";
import { rich, type Rich } from "./rich.ts";
import { code, HOST_KEY, ORIGIN, type Seed } from "./world.ts";
import * as people from "../../src/store/people.ts";

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const DOCS = ["home", "votes", "ask-form", "request-held", "accounts", "target-reset", "import-preview", "policy-edit", "person", "search"];
const [out = "shots", ...wanted] = process.argv.slice(2), docs = wanted.includes("--docs"), only = docs ? DOCS : wanted;
const LOOKS = ([390, 1024, 1600] as const).flatMap((width) => (["light", "dark"] as const).map((scheme) => [width, scheme] as const));
const FILE = `target,host,host_key,account,password,role,adopt\nweb-2,192.0.2.20,${HOST_KEY},rotator,Imp0rted-pass,administrative,yes\nweb-2,,,deploy,,,yes\ndb-9,,,root,,,\nweb-1,192.0.2.99,,root,,,`;

const login = async (w: Rich, page: Page, name: Seed): Promise<void> => {
  await page.goto(`${ORIGIN}/login`);
  await page.fill("input[name=name]", name);
  await page.fill("input[name=password]", PASSWORD);
  await page.click("button[type=submit]");
  if (page.url().includes("/login/code")) {
    await w.core.deps.db.transaction(async (tx) => people.setTotp(tx, w.who[name].person.id, (await people.credentialsOf(tx, w.who[name].person.id)).totp));
    await page.fill("input[name=code]", code());
    await page.click("button[type=submit]");
  }
  await page.waitForURL(`${ORIGIN}/`);
};

const pages = (w: Rich): readonly [string, Seed | null, string, ((p: Page) => Promise<void>)?][] => [
  ["login", null, "/login"], ["home", "requester", "/"], ["home-approver", "approver", "/"], ["home-empty", "outsider", "/"], ["ask", "requester", "/ask"], ["ask-form", "requester", "/ask/app1@web-1"], ["requests", "requester", "/requests?show=all"],
  ["votes", "approver", "/votes"], ["request-pending", "approver", `/requests/${w.ids.pending}`, (p) => p.click("summary.bad")], ["request-held", "requester", `/requests/${w.ids.held}`], ["request-shown", "requester", `/requests/${w.ids.shown}`], ["request-denied", "requester", `/requests/${w.ids.denied}`], ["request-closed", "requester", `/requests/${w.ids.closed}`],
  ["release", "requester", `/requests/${w.ids.shown}`, async (p) => { await p.click("text=Show the password"); await p.waitForSelector(".letters"); }],
  ["accounts", "operator", "/accounts"], ["account", "operator", "/accounts", async (p) => { await p.click("text=root@web-1"); await p.waitForSelector(".facts"); }], ["targets", "operator", "/targets"], ["target-new", "operator", "/targets/new"], ["target", "operator", "/targets", async (p) => { await p.click("text=web-1"); await p.waitForSelector(".facts"); }],
  ["target-reset", "operator", "/targets", async (p) => { await p.click("text=web-1"); await p.click("text=Remote reset"); await p.selectOption("[name=administrative]", { label: "root" }); await p.click("text=Save"); await p.click("text=Test the administrative account"); await p.waitForSelector(".checks-done", { timeout: 60_000 }); }],
  ["target-edit", "operator", "/targets", async (p) => { await p.click("text=web-1"); await p.click("main >> text=Edit"); await p.waitForSelector("textarea"); }],
  ["import", "operator", "/targets/import"], ["import-preview", "operator", "/targets/import", async (p) => { await p.fill("textarea", FILE); await p.click("text=Look at it first"); await p.waitForSelector("table"); }],
  ["search", "operator", "/search?q=web-1"], ["person", "operator", "/people", async (p) => { await p.click("main >> text=approver"); await p.waitForSelector(".facts"); }], ["several", "operator", "/accounts", async (p) => { await p.check("[name=shown]"); await p.click("text=Block …"); await p.waitForSelector("table"); }],
  ["collections", "operator", "/collections"],
  ["sessions", "auditor", "/sessions"], ["session", "auditor", `/sessions/${w.ids.live}`], ["play", "auditor", `/sessions/${w.ids.past}/play`, (p) => p.waitForTimeout(1500)],
  ["transcript", "auditor", `/sessions/${w.ids.past}/play`, async (p) => { await p.click("text=Read the transcript"); await p.waitForSelector(".said"); }], ["certificate", "auditor", `/requests/${w.ids.closed}/certificate`],
  ["session-search", "auditor", "/sessions", async (p) => { while (await indexNext(w.core.deps, w.core.places.recordings)); await p.fill("input[name=text]", "nginx"); await p.click("text=Search in recordings"); await p.waitForSelector(".hits"); }],
   ["audit", "auditor", "/audit"], ["audit-check", "auditor", "/audit", async (p) => { await p.click("text=Check the whole log now"); while (await workCheck(w.core.deps)); await p.reload(); }],
  ["exposures", "auditor", "/exposures"], ["exposures-seen", "operator", "/exposures/seen?person=requester&used=1"], ["exposures-run", "operator", "/exposures/seen?person=requester", async (p) => { await p.click("button.danger"); await p.waitForSelector("progress"); }],
   ["people", "operator", "/people"], ["policies", "operator", "/policies"], ["policy-edit", "operator", "/policies/new"], ["me", "requester", "/me"], ["fault", "requester", "/requests/req_00000000000000000000"],
];

const run = async (): Promise<void> => {
  mkdirSync(out, { recursive: true });
  const w = await rich(), server = serve({ fetch: w.app.fetch, port: 22600, hostname: "127.0.0.1" }), browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
  const logs: string[] = [];
  for (const [width, colorScheme] of LOOKS) {
    const contexts = new Map<Seed | null, BrowserContext>();
    for (const [name, who, path, act] of pages(w)) {
      if (only.length > 0 && !only.includes(name)) continue;
      let context = contexts.get(who);
      const fresh = context === undefined;
      context ??= await browser.newContext({ viewport: { width, height: width > 800 ? 900 : 844 }, colorScheme, deviceScaleFactor: 1 });
      contexts.set(who, context);
      const page = await context.newPage();
      page.on("console", (m) => { if (m.type() === "error" || m.type() === "warning") logs.push(`${name}: ${m.text()}`); });
      page.on("pageerror", (e) => logs.push(`${name}: ${e.message}`));
      if (fresh && who !== null) await login(w, page, who);
      await page.goto(`${ORIGIN}${path}`, { waitUntil: "load" });
      await act?.(page);
      const wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth") as number;
      if (wide > 0) logs.push(`${name} @${width}: ${wide} px too wide`);
      await page.screenshot({ path: join(out, `${name}-${width}-${colorScheme}.png`), fullPage: !docs });
      await page.close();
    }
    for (const c of contexts.values()) await c.close();
  }
  for (const line of new Set(logs)) process.stdout.write(`${line}\n`);
  await browser.close();
  server.close();
  await w.close();
};
await run();
process.exit(0);
