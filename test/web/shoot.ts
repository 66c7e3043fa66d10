/**
 * Takes a picture of every page: `tsx test/web/shoot.ts <directory> [page…] [--width=390] [--light]`; `--docs` takes what docs/screens keeps. Not a test: its pictures are
 * looked at. It says what a browser complained of, and what is too wide.
 */
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { serve } from "@hono/node-server";
import { chromium, type BrowserContext, type Page } from "playwright-core";
import { PASSWORD } from "../identity/world.ts";
import { workCheck } from "../../src/flow/audit-check.ts";
import { indexNext } from "../../src/flow/transcribe.ts";
import { rich, type Rich } from "./rich.ts";
import { code, HOST_KEY, type Seed } from "./world.ts";
import * as people from "../../src/store/people.ts";

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const [out = "shots", ...wanted] = process.argv.slice(2), docs = wanted.includes("--docs"), named = wanted.filter((w) => !w.startsWith("--"));
const widths = wanted.flatMap((w) => (w.startsWith("--width=") ? [Number(w.slice(8))] : [])), schemes = wanted.includes("--light") ? (["light"] as const) : (["light", "dark"] as const);
type Look = readonly [width: number, scheme: "light" | "dark"];
const LOOKS: readonly Look[] = (widths.length > 0 ? widths : [390, 1024, 1600]).flatMap((width) => schemes.map((scheme): Look => [width, scheme]));
/** What docs/screens keeps: the page, and how wide and in which light it says most. */
const DOCS: Readonly<Record<string, readonly Look[]>> = {
  home: [[1024, "light"], [390, "dark"]], votes: [[390, "light"]], "ask-form": [[1024, "light"]], "request-held": [[1024, "dark"]], release: [[1024, "dark"]], accounts: [[1024, "light"]], "target-reset": [[1024, "light"]],
  "import-preview": [[1024, "light"]], "policy-edit": [[1600, "light"]], person: [[1024, "light"]], search: [[390, "light"]], play: [[1600, "light"]], audit: [[1024, "dark"]], exposures: [[1024, "light"]], "bulk-preview": [[1024, "light"]], "target-new": [[1024, "light"]],
};
const taken = (name: string, look: Look): boolean => (docs ? (DOCS[name] ?? []).some(([w, s]) => w === look[0] && s === look[1]) : named.length === 0 || named.includes(name));
const FILE = `target,host,host_key,account,password,role,adopt\nweb-2,192.0.2.20,${HOST_KEY},rotator,Imp0rted-pass,administrative,yes\nweb-2,,,deploy,,,yes\ndb-9,,,root,,,\nweb-1,192.0.2.99,,root,,,`;

const login = async (w: Rich, page: Page, name: Seed): Promise<void> => {
  const { origin } = w.deps.config;
  await page.goto(`${origin}/login`);
  await page.fill("input[name=name]", name);
  await page.fill("input[name=password]", PASSWORD);
  await page.click("button[type=submit]");
  if (page.url().includes("/login/code")) {
    await w.core.deps.db.transaction(async (tx) => people.setTotp(tx, w.who[name].person.id, (await people.credentialsOf(tx, w.who[name].person.id)).totp));
    await page.fill("input[name=code]", code());
    await page.click("button[type=submit]");
  }
  await page.waitForURL(`${origin}/`);
};

const pages = (w: Rich): readonly [string, Seed | null, string, ((p: Page) => Promise<void>)?][] => [
  ["login", null, "/login"], ["home", "requester", "/"], ["home-approver", "approver", "/"], ["home-empty", "outsider", "/"], ["home-auditor", "auditor", "/"], ["home-operator", "operator", "/"], ["ask", "requester", "/ask"], ["ask-form", "requester", "/ask/app1@web-1"], ["requests", "requester", "/requests?show=all"],
  ["votes", "approver", "/votes"], ["request-pending", "approver", `/requests/${w.ids.pending}`, (p) => p.click("summary.bad")], ["request-held", "requester", `/requests/${w.ids.held}`], ["request-shown", "requester", `/requests/${w.ids.shown}`], ["request-denied", "requester", `/requests/${w.ids.denied}`], ["request-closed", "requester", `/requests/${w.ids.closed}`],
  ["release", "requester", `/requests/${w.ids.shown}`, async (p) => { await p.click("text=Show the password"); await p.waitForSelector(".letters"); }],
  ["accounts", "operator", "/accounts"], ["account", "operator", "/accounts", async (p) => { await p.click("text=root@web-1"); await p.waitForSelector(".facts"); }], ["targets", "operator", "/targets"], ["target-new", "operator", "/targets/new"], ["target", "operator", "/targets", async (p) => { await p.click("text=web-1"); await p.waitForSelector(".facts"); }],
  ["target-reset", "operator", "/targets", async (p) => { await p.click("text=web-1"); await p.click("text=Remote reset"); await p.selectOption("[name=administrative]", { label: "root" }); await p.click("text=Save"); await p.click("text=Test the administrative account"); await p.waitForSelector(".checks-done", { timeout: 60_000 }); }],
  ["target-edit", "operator", "/targets", async (p) => { await p.click("text=web-1"); await p.click("main >> text=Edit"); await p.waitForSelector("textarea"); }],
  ["import", "operator", "/targets/import"], ["import-preview", "operator", "/targets/import", async (p) => { await p.fill("textarea", FILE); await p.click("text=Look at it first"); await p.waitForSelector("table"); }],
  ["search", "operator", "/search?q=web-1"], ["person", "operator", "/people", async (p) => { await p.click("main >> text=approver"); await p.waitForSelector(".facts"); }], ["several", "operator", "/accounts", async (p) => { await p.check("[name=shown]"); await p.click("text=Block …"); await p.waitForSelector("table"); }],
  ["collections", "operator", "/collections"],
  ["bulk-form", "operator", "/bulk/new?q=web-1"], ["bulk-preview", "operator", "/bulk/new?q=web-1", async (p) => { await p.fill("[name=reason]", "quarterly change"); await p.click("text=See who is affected"); await p.waitForSelector("table"); }],
  ["bulk", "operator", "/bulk/new?q=web-1", async (p) => { await p.fill("[name=reason]", "quarterly change"); await p.click("text=See who is affected"); await p.click("form[action='/bulk'] button"); await p.waitForSelector("progress"); }],
  ["bulks", "operator", "/bulk"], ["schedule-form", "operator", "/schedules/new"], ["schedules", "operator", "/schedules"],
  ["sessions", "auditor", "/sessions"], ["session", "auditor", `/sessions/${w.ids.live}`], ["play", "auditor", `/sessions/${w.ids.past}/play`, (p) => p.waitForTimeout(1500)],
  ["transcript", "auditor", `/sessions/${w.ids.past}/play`, async (p) => { await p.click("text=Read the transcript"); await p.waitForSelector(".said"); }], ["certificate", "auditor", `/requests/${w.ids.closed}/certificate`],
  ["session-search", "auditor", "/sessions", async (p) => { while (await indexNext(w.core.deps, w.core.places.recordings)); await p.fill("input[name=text]", "nginx"); await p.click("text=Search in recordings"); await p.waitForSelector(".hits"); }],
   ["audit", "auditor", "/audit"], ["audit-check", "auditor", "/audit", async (p) => { await p.click("text=Check the whole log now"); while (await workCheck(w.core.deps)); await p.reload(); }],
  ["exposures", "auditor", "/exposures"], ["exposures-seen", "operator", "/exposures/seen?person=requester&used=1"], ["exposures-run", "operator", "/exposures/seen?person=requester", async (p) => { await p.click("button.danger"); await p.waitForSelector("progress"); }],
   ["people", "operator", "/people"], ["policies", "operator", "/policies"], ["policy-edit", "operator", "/policies/new"], ["locks", "operator", "/locks"], ["terminal-code", "requester", "/terminal"], ["me", "requester", "/me"], ["notices", "operator", "/notices"], ["notice-settings", "operator", "/notices/settings"], ["notice-settings-open", "operator", "/notices/settings", async (p) => { for (const s of await p.$$("summary.button")) await s.click(); }], ["fault", "requester", "/requests/req_00000000000000000000"],
];

const run = async (): Promise<void> => {
  mkdirSync(out, { recursive: true });
  const late: { app?: Rich["app"] } = {};
  const server = serve({ fetch: (...a) => late.app!.fetch(...a), port: 0, hostname: "127.0.0.1" });
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const w = await rich(origin), browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
  const logs: string[] = [];
  late.app = w.app;
  for (const [width, colorScheme] of LOOKS) {
    const contexts = new Map<Seed | null, BrowserContext>();
    for (const [name, who, path, act] of pages(w)) {
      if (!taken(name, [width, colorScheme])) continue;
      let context = contexts.get(who);
      const fresh = context === undefined;
      context ??= await browser.newContext({ viewport: { width, height: width > 800 ? 900 : 844 }, colorScheme, deviceScaleFactor: 1 });
      contexts.set(who, context);
      const page = await context.newPage();
      page.on("console", (m) => { if (m.type() === "error" || m.type() === "warning") logs.push(`${name}: ${m.text()}`); });
      page.on("pageerror", (e) => logs.push(`${name}: ${e.message}`));
      if (fresh && who !== null) await login(w, page, who);
      await page.goto(`${origin}${path}`, { waitUntil: "load" });
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
