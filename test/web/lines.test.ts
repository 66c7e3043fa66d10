/** An export whose second batch cannot be read, by the API and by the page. Rule: nobody gets a part for the whole, and nothing of the error is said but its name and code. */
import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import type * as Events from "../../src/store/events.ts";
import { bodyOf } from "../../src/web/lines.ts";
import { bad, longLog } from "../cli/long-log.ts";
import { openWorld, type World as Api } from "../cli/world.ts";
import { Browser, world, type World } from "./world.ts";

const store = vi.hoisted(() => ({ breaks: true }));
vi.mock("../../src/store/events.ts", async (real) => {
  const events = await real<typeof Events>();
  return { ...events, sequenced: (...a: Parameters<typeof events.sequenced>) => (store.breaks && a[1] >= 499 ? Promise.reject(bad()) : events.sequenced(...a)) };
});
let api: Api, portal: World;
const log: string[] = [];
beforeAll(async () => {
  [api, portal] = await Promise.all([openWorld(22_840, { log: (level, message, facts) => { if (level === "error") log.push(JSON.stringify([message, facts])); } }), world()]);
  await Promise.all([longLog(api.deps.flow), longLog(portal.deps.flow)]);
}, 180_000);
afterEach(() => { vi.restoreAllMocks(); store.breaks = true; log.length = 0; });
afterAll(() => Promise.all([api?.close(), portal?.close()]));

const fromApi = async (query = ""): Promise<string> => (await fetch(`${api.url}/api/v1/audit/export${query}`, { headers: { authorization: `Bearer ${await api.token("auditor")}` } })).text();
/** Everything that was printed. */
const printed = (): (() => string) => {
  const spies = (["error", "info", "log", "warn"] as const).map((n) => vi.spyOn(console, n).mockImplementation(() => undefined));
  return () => spies.flatMap((s) => s.mock.calls.flat()).map((x: unknown) => (x instanceof Error ? `${String(x.stack)} ${JSON.stringify(x)}` : String(x))).join("\n");
};

test("the API: the connection breaks; name and code are logged, the error's words nowhere", async () => {
  const out = printed();
  for (const query of ["", "?format=csv"]) await expect(fromApi(query)).rejects.toThrow();
  expect(log).toEqual(Array(2).fill(JSON.stringify(["an export broke off", { path: "/api/v1/audit/export", error: "RangeError", code: "ERR_OUT_OF_RANGE" }])));
  expect(out() + log.join("\n")).not.toMatch(/Geheim|select/);
});
test("the API: where nothing could be read there is no log that looks empty", async () => {
  const out = printed(), came = await fromApi("?after=600").catch(() => "broke off");
  expect(came).toMatch(/broke off$/);
  expect(came + out()).not.toMatch(/Geheim|select/);
});
test("the page: the same", async () => {
  const out = printed(), b = await new Browser(portal).login("auditor");
  await b.get("/audit");
  await expect(b.post("/audit/export", { format: "jsonl" })).rejects.toThrow();
  expect(out()).not.toMatch(/Geheim|select/);
});
test("a client that reads slowly: the body has no end either", async () => {
  printed();
  const lines = async function* () { yield "a".repeat(6_000_000); await Promise.resolve(); throw bad(); };
  const server = createServer(getRequestListener(() => new Response(bodyOf(lines(), "/", () => undefined))) as never).listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1").pause().on("error", () => undefined);
  client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await new Promise((r) => { setTimeout(r, 500); });
  let text = "";
  client.setEncoding("utf8").on("data", (t: string) => { text = (text + t).slice(-200); }).resume();
  await once(client, "close");
  server.close();
  expect(text).toMatch(/aaa\r\n$/);
  expect(text).not.toContain("broke off");
});
test("both are whole when nothing breaks", async () => {
  store.breaks = false;
  const b = await new Browser(portal).login("auditor");
  await b.get("/audit");
  const texts = [await fromApi(), (await b.post("/audit/export", { format: "jsonl" })).text];
  for (const text of texts) {
    const indexes = text.trimEnd().split("\n").map((l) => (JSON.parse(l) as { index: number }).index);
    expect(indexes.length).toBeGreaterThan(620);
    expect(indexes).toEqual(indexes.map((_, i) => i));
  }
});
