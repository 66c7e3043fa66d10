/** A desktop as its people meet it, at the wire: asked, approved, opened with a ticket, typed into, killed, rotated. Rule: a real host with xrdp, a real guacd, the broker as it runs. */
import { afterAll, beforeAll, expect, test } from "vitest";
import WebSocket from "ws";
import { desktopOf } from "../../src/domain/desktop.ts";
import { acceptIdentity } from "../../src/flow/identity.ts";
import { readDesktop, setDesktop } from "../../src/flow/desktop.ts";
import * as targets from "../../src/store/targets.ts";
import { guacd, type RunningGuacd } from "../lab/guacd.ts";
import { xrdp, type Xrdp } from "../lab/xrdp.ts";
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
  expect(desktopOf(after)).toEqual({ port: rdp.port, certificates: [seen.fingerprint], security: "tls", domain: "" });
  expect(String((await w.standing(w.account(0)))["word"])).toBe("blocked");
  await acceptIdentity(deps, w.caller("second"), t.id, after.identityHash);
  await w.settled(w.account(0));
});

test("asked, approved, opened, typed into, killed by an auditor: the login is gone within a second, the account is rotated, nothing of the password was told", async () => {
  const before = await w.host.shadow(w.names[0]!), secret = await w.vault(w.names[0]!), request = await w.access(w.account(0));
  expect((await w.ok("requester", "GET", `/requests/${request}`))["can"]).toMatchObject({ connect: true, desktop: true });
  const page = await open(request);
  await drawn(page);
  await until("the desktop is there", async () => await rdp.logins(w.names[0]!) > 0);
  page.tell("mouse", 300, 300, 0);
  await new Promise((r) => { setTimeout(r, 1_000); });
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
