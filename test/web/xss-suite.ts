/**
 * Stored texts that want to run: reasons, names, file names, commands, terminal titles and output, in a real Chromium. Rule: once under the
 * portal's own content policy and once with it switched off, so that it is the escaping that is tested and not only the net below it.
 */
import { createSecretKey } from "node:crypto";
import { mkdirSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { serve, type ServerType } from "@hono/node-server";
import { chromium, type Browser as Chromium, type BrowserContext, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask } from "../../src/flow/ask.ts";
import { addPerson, addSshKey, putPolicy } from "../../src/flow/people.ts";
import { admit, sessionEnded, sessionEvent, sessionLive } from "../../src/flow/session.ts";
import { indexNext } from "../../src/flow/transcribe.ts";
import { cancelRequest, vote } from "../../src/flow/vote.ts";
import { makeToken } from "../../src/identity/tokens.ts";
import { startRecording } from "../../src/recordings/writer.ts";
import { webApp } from "../../src/web/app.tsx";
import { CORPUS } from "./xss-corpus.ts";
import { Browser, world, type Seed, type World } from "./world.ts";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** A list shows 200 rows at most. */
const WAVE = 170;
let all: readonly string[] = [];
let w: World, server: ServerType, chrome: Chromium, origin: string;
const ran = new Set<number>(),
  dangers: string[] = [],
  shown = new Set<number>(),
  waves: { session: string; requests: string[]; people: string[] }[] = [];
const pages: Partial<Record<`${Seed} ${"own" | "none"}`, Page>> = {};

/** Every text of a wave stands in a title, in a link of the terminal, and in the open. */
const recorded = async (texts: readonly string[]): Promise<string> => {
  const flow = w.core.deps,
    a = await admit(flow, w.who.requester, "root", "web-1", "shell"),
    dir = w.core.places.recordings;
  mkdirSync(dir, { recursive: true });
  const r = startRecording({
    file: join(dir, `${a.recording.id}.lsr`),
    directory: dir,
    recording: a.recording.id,
    key: createSecretKey(a.recording.key),
    clock: flow.clock,
    onDead: (e) => {
      throw e;
    },
    manifest: {
      session: a.session,
      person: "requester",
      account: "root",
      target: "web-1",
      address: "127.0.0.1",
      protocol: "ssh",
      started: a.started.toISOString(),
    },
  });
  r.put("opened", 1, Buffer.from(JSON.stringify({ kind: "shell", term: texts[0], cols: 200, rows: 60 })));
  for (const t of texts) r.put("output", 1, Buffer.from(`\x1b]0;${t}\x07\x1b]2;${t}\x1b\\\x1b]8;;${t}\x07link\x1b]8;;\x07# ${t}\r\n${t}\r\n`));
  for (const [i, t] of texts.slice(0, 40).entries()) r.put("opened", i + 2, Buffer.from(JSON.stringify({ kind: "exec", command: t })));
  r.put("mark", 0, Buffer.from(texts[1] ?? ""));
  const head = await r.close("client_closed");
  await sessionLive(flow, a.session);
  for (const [i, t] of texts.entries()) {
    const facts =
      i % 2 === 0 ? { kind: "file", channel: 1, op: "open", path: t, to: t } : { kind: "channel_opened", channel: i, type: "exec", command: t };
    await sessionEvent(flow, a.session, facts, false);
  }
  await sessionEnded(flow, a.session, {
    why: "client_closed",
    detail: texts[2] ?? "",
    bytes: 1,
    identityChanged: false,
    facts: {},
    recording: { ...head, complete: true },
  });
  return a.session;
};
const stored = async (from: number): Promise<void> => {
  const flow = w.core.deps, { requester, approver, operator } = w.who,
    texts = all.slice(from, from + WAVE),
    asked: string[] = [],
    joined: string[] = [];
  for (const [i, t] of texts.entries()) {
    const id = await ask(flow, requester, { account: "app1@web-1", minutes: 5, reason: t.length < 3 ? `${t}   ` : t, ticket: t.slice(0, 60) });
    asked.push(id);
    if (i % 3 === 1) await cancelRequest(flow, requester, id, t);
    if (i % 3 === 2) await vote(flow, approver, id, { decision: "deny", reason: t });
    joined.push((await addPerson(flow, operator, { name: `p${from + i}`, fullName: t, mail: t.slice(0, 100), employeeNo: t.slice(0, 60) }, null)).id);
    if (i % 10 > 0) continue;
    await putPolicy(flow, operator, { name: t.slice(0, 80), terms: {}, binding: {} });
    await makeToken(
      w.deps.identity,
      requester.person,
      { label: t.slice(0, 80), days: 1, readOnly: true, networks: [] },
      { address: t, means: "portal" },
    );
    await addSshKey(flow, requester, requester.person.id, {
      fingerprint: `SHA256:${String(from + i).padStart(43, "0")}`,
      line: "ssh-ed25519 AAAA",
      label: t.slice(0, 80),
    });
  }
  waves.push({ session: await recorded(texts), requests: asked, people: joined });
};

const open = async (seed: Seed, policy: "own" | "none"): Promise<Page> => {
  const context: BrowserContext = await chrome.newContext({ viewport: { width: 1280, height: 900 }, bypassCSP: policy === "none" }),
    b = await new Browser(w).login(seed);
  await context.addCookies([...b.cookies].map(([name, value]) => ({ name, value, url: origin })));
  await context.exposeFunction("hit", (n: number) => {
    ran.add(n);
  });
  const page = await context.newPage();
  page.on("dialog", (d) => {
    dangers.push(`a dialog: ${d.message()}`);
    void d.dismiss();
  });
  return page;
};
/** In the page: elements whose attributes would run one of the texts, and the texts that are there as text. */
const INSPECT = `(() => {
  const runs = /^(on|hx-|data-hx-)|^(href|src|action|formaction|data|srcdoc|style|content|xlink:href)$/i;
  const ours = /^\\/[a-z]/, theirs = /^\\s*(java\\s*script|data:text)|^hit\\(|[;{]hit\\(|<script|onerror=/i;
  const bad = [...document.querySelectorAll("*")].flatMap((e) => [...e.attributes]
    .filter((a) => runs.test(a.name) && theirs.test(a.value) && !ours.test(a.value)).map((a) => e.tagName + " " + a.name + "=" + a.value));
  const fields = [...document.querySelectorAll("input,textarea,option")].map((e) => e.value).join(" ");
  const there = new Set([...(document.documentElement.textContent + fields).matchAll(/hit\\((\\d+)\\)/g)].map((m) => Number(m[1])));
  return { bad, there: [...there] };
})()`;
const look = async (seed: Seed, policy: "own" | "none", path: string, act?: (p: Page) => Promise<unknown>): Promise<void> => {
  const page = (pages[`${seed} ${policy}`] ??= await open(seed, policy));
  await page.goto(`${origin}${path}`, { waitUntil: "load" });
  await act?.(page);
  const { bad, there } = (await page.evaluate(INSPECT)) as { bad: string[]; there: number[] };
  for (const b of bad) dangers.push(`${path}: ${b}`);
  for (const n of there) shown.add(n);
};

/** `texts`: of the corpus, those that are stored. */
export const storedTexts = (texts: readonly string[]): void => {
  all = texts;
  beforeAll(async () => {
    w = await world();
    const late: { app?: ReturnType<typeof webApp> } = {};
    server = await new Promise<ServerType>((up) => {
      const s = serve(
        { fetch: (r: Request, env: unknown) => late.app!.fetch(r, env as never), port: 0, hostname: "127.0.0.1" },
        (at: AddressInfo) => {
          origin = `http://127.0.0.1:${at.port}`;
          up(s);
        },
      );
    });
    late.app = webApp({ ...w.deps, config: { ...w.deps.config, origin } });
    chrome = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
    const used = await ask(w.core.deps, w.who.requester, { account: "root@web-1", minutes: 120, reason: "for the test", ticket: "" });
    await vote(w.core.deps, w.who.approver, used, { decision: "approve" });
  }, 120_000);
  afterAll(async () => {
    await chrome?.close();
    server?.close();
    await w?.close();
  });

  it("the corpus has five hundred texts, all different", () => {
    expect(new Set(CORPUS).size).toBe(500);
  });
  it("a careless page would run most of them, and the eyes here see it", async () => {
    const page = await (await chrome.newContext({ bypassCSP: true })).newPage(),
      seen = new Set<number>();
    await page.exposeFunction("hit", (n: number) => {
      seen.add(n);
    });
    page.on("dialog", (d) => {
      void d.dismiss();
    });
    for (let i = 0; i < 360; i += 12) {
      await page.goto(`${origin}/login`);
      await page
        .evaluate(`document.open(); document.write(${JSON.stringify(`<!doctype html><body>${CORPUS[i]!}</body>`)}); document.close();`)
        .catch(() => undefined);
      await page.waitForTimeout(60);
    }
    expect(seen.size, "of thirty, one of each kind").toBeGreaterThan(15);
    await page.goto(`${origin}/login`);
    await page.evaluate(`document.body.innerHTML = '<a href="javascript:hit(1)">x</a>'`);
    expect(((await page.evaluate(INSPECT)) as { bad: string[] }).bad).toEqual(["A href=javascript:hit(1)"]);
    await page.context().close();
  });

  describe.each([
    ["the portal's own content policy", "own"],
    ["no content policy at all", "none"],
  ] as const)("under %s", (_name, policy) => {
    it("lists, cards, searches, logs, player and transcript show the texts and run none", async () => {
      for (let from = 0; from < all.length; from += WAVE) {
        if (policy === "own") await stored(from);
        const { session, requests, people } = waves[from / WAVE]!,
          q = encodeURIComponent(all[from + 7]!);
        if (from === 0) while (await indexNext(w.core.deps, w.core.places.recordings));
        for (const path of [
          "/",
          "/requests?show=all",
          `/requests/${requests[0]!}`,
          `/requests/${requests[1]!}`,
          `/requests/${requests[2]!}`,
          "/me",
          `/search?q=${q}`,
          `/sessions/${session}`,
          `/ask?q=${q}`,
        ])
          await look("requester", policy, path);
        for (const path of ["/", "/votes", `/requests/${requests[3]!}`]) await look("approver", policy, path);
        for (const path of [
          "/people",
          `/people/${people[4]!}`,
          "/policies",
          "/policies/new",
          "/audit",
          `/search?q=${q}`,
          `/accounts?q=${q}`,
          `/targets?q=${q}`,
        ])
          await look("operator", policy, path);
        for (const path of ["/sessions", `/sessions/${session}`, "/audit", `/audit?text=${q}`, "/exposures", `/sessions?text=${q}`])
          await look("auditor", policy, path);
        await look("auditor", policy, `/sessions/${session}/play#t=0.1`, (p) => p.waitForTimeout(1_500));
        await look("auditor", policy, `/sessions/${session}/play`, async (p) => {
          await p.click("text=Read the transcript");
          await p.waitForSelector(".said");
        });
      }
      expect([...ran]).toEqual([]);
      expect(dangers).toEqual([]);
      process.stdout.write(`xss under ${policy}: ${all.length} texts stored, ${shown.size} seen on pages, ${ran.size} run\n`);
      expect(shown.size, "all of them were there to be seen").toBe(all.length);
      shown.clear();
    }, 300_000);
  });
};
