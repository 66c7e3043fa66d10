/** What people get to read of a broker: portal pages, every GET of the API, recordings. Rule: every answer is kept for the scan; the one answer that shows a password (the release) is not asked here. */
import { createSecretKey } from "node:crypto";
import path from "node:path";
import type { Broker } from "../../src/app.ts";
import type { SessionId } from "../../src/kernel/ids.ts";
import { toAsciicast, transcript } from "../../src/recordings/asciicast.ts";
import { readFrames } from "../recordings/read.ts";
import * as sessions from "../../src/store/sessions.ts";
import { ENDPOINTS } from "../../src/web/api/index.ts";
import { webApp } from "../../src/web/app.tsx";
import { Browser, ORIGIN, type Seed, type World } from "../web/world.ts";

export const ROLES = ["requester", "approver", "operator", "auditor", "outsider"] as const;
export type Kept = (where: string, text: string) => void;
export type Answer = { readonly status: number; readonly text: string; readonly body: Record<string, unknown> };
export type Api = (who: Seed, method: string, at: string, body?: unknown) => Promise<Answer>;

/** Over HTTP, as a program does it. */
export const apiOf = (origin: string, tokens: Readonly<Record<Seed, string>>, keep: Kept): Api => async (who, method, at, body) => {
  const r = await fetch(`${origin}/api/v1${at}`, { method, headers: { authorization: `Bearer ${tokens[who]}`, ...(body === undefined ? {} : { "content-type": "application/json" }) }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }), text = await r.text();
  if (!/\/release$/.test(at)) keep(`${method} /api/v1${at} as ${who}`, text + JSON.stringify([...r.headers]));
  return { status: r.status, text, body: /[/+]json(;|$)/.test(r.headers.get("content-type") ?? "") ? JSON.parse(text) as Record<string, unknown> : {} };
};

/** All pages of a list. Null: this role may not. */
const every = async (api: Api, who: Seed, at: string): Promise<Record<string, unknown>[] | null> => {
  const out: Record<string, unknown>[] = [];
  for (let next = "", turn = 0; turn < 400; turn++) {
    const r = await api(who, "GET", `${at}?limit=500${ASKED[at] ?? ""}${next}`);
    if (r.status !== 200) return null;
    out.push(...(Array.isArray(r.body["items"]) ? r.body["items"] as Record<string, unknown>[] : []));
    if (typeof r.body["next"] !== "string") return out;
    next = `&cursor=${encodeURIComponent(r.body["next"])}`;
  }
  throw new Error(`${at} never ends`);
};

/** What a list must be asked for, where it says nothing to nobody in particular. */
const ASKED: Readonly<Record<string, string>> = { "/exposures/seen": "&person=requester&usedToo=true", "/sessions/search": "&text=done", "/search": "&q=app" };
/** Every GET of the document, for every thing there is, as everybody. Returns how many answers, and the routes that answered nobody. `known`: ids of what no list names. */
export const readApi = async (api: Api, known: Readonly<Record<string, string[]>>): Promise<{ answers: number; silent: string[] }> => {
  const routes = ENDPOINTS.filter((e) => e.method === "get").map((e) => e.path), ids = new Map<string, string[]>(Object.entries(known)), spoken = new Set<string>();
  for (const at of routes.filter((p) => !p.includes("{"))) for (const who of ROLES) {
    const items = at === "/audit/export" ? ((await api(who, "GET", at)).status === 200 ? [] : null) : await every(api, who, at);
    if (items === null) continue;
    spoken.add(at);
    ids.set(at, [...new Set([...ids.get(at) ?? [], ...items.map((i) => String(i["id"]))])]);
  }
  let answers = spoken.size;
  for (const at of routes.filter((p) => p.includes("{"))) for (const id of ids.get(at.slice(0, at.indexOf("/{"))) ?? []) for (const who of ROLES) {
    const r = await api(who, "GET", at.replace(/\{\w+\}/, id));
    answers++;
    if (r.status === 200) spoken.add(at);
  }
  return { answers, silent: routes.filter((p) => !spoken.has(p)) };
};

const portalOf = (broker: Broker, who: World["who"]): World =>
  ({ core: broker.core, app: webApp({ ...broker.web, config: { ...broker.web.config, origin: ORIGIN } }), who, close: () => Promise.resolve() }) as unknown as World;

/** Every page a logged-in person reaches by links from the menus. */
const crawl = async (browser: Browser, name: Seed, keep: Kept): Promise<number> => {
  const todo = ["/", "/accounts", "/requests", "/targets", "/sessions", "/audit", "/people", "/policies", "/me", "/ask", "/groups"], done = new Set<string>();
  for (let at = todo.shift(); at !== undefined && done.size < 150; at = todo.shift()) {
    if (done.has(at)) continue;
    done.add(at);
    const page = await browser.get(at);
    keep(`GET ${at} as ${name}`, page.text + JSON.stringify([...page.headers]));
    for (const [, href] of page.text.matchAll(/(?:href|hx-get)="(\/[^"#]*)"/g)) if (href && !/logout|^\/assets|^\/api|\.(css|js|svg|png)$/.test(href)) todo.push(href.replaceAll("&amp;", "&"));
  }
  return done.size;
};
export const readPortal = async (broker: Broker, who: World["who"], played: readonly string[], keep: Kept): Promise<{ pages: number; casts: number }> => {
  let pages = 0, casts = 0;
  for (const name of ROLES) {
    const browser = await new Browser(portalOf(broker, who)).login(name);
    pages += await crawl(browser, name, keep);
    for (const id of played) {
      const shown = await browser.post(`/sessions/${id}/cast`);
      keepCast(`POST /sessions/${id}/cast as ${name}`, shown.text, keep);
      if (shown.status === 200) casts++;
    }
  }
  return { pages, casts };
};

/** As it came, and what was on the screen or typed: a password cut into events is one word again, for the scan as for a viewer. */
export const keepCast = (where: string, cast: string, keep: Kept): void => {
  keep(where, cast);
  if (!cast.startsWith("{\"version\"")) return;
  const events = cast.trim().split("\n").slice(1).map((l) => JSON.parse(l) as [number, string, string]);
  for (const code of new Set(events.map((e) => e[1]))) {
    const text = events.filter((e) => e[1] === code).map((e) => e[2]).join("");
    keep(`${where}, stream ${code}`, text);
    // eslint-disable-next-line no-control-regex
    keep(`${where}, stream ${code} without controls`, text.replace(/ \r|\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x09\x0b-\x1f\x7f]/g, ""));
  }
};

/** Unmasked, by the root key: proof that the passwords really were on the screen. */
export const rawRecording = async ({ core: { deps, places } }: Broker, id: SessionId): Promise<string> => {
  const s = (await sessions.find(deps.db, id))!, row = (await sessions.recording(deps.db, s.recording))!, key = createSecretKey(deps.keyring.openRecordingKey(row.id, row.wrapped, row.keyId)), file = path.join(places.recordings, row.file);
  const streams = [...toAsciicast(readFrames(file, key, row.id))].slice(1).map((l) => JSON.parse(l) as [number, string, string]);
  return [transcript(readFrames(file, key, row.id)), ...["o", "i"].map((code) => streams.filter((e) => e[1] === code).map((e) => e[2]).join(""))].join("\n");
};
