/** The demo's desktop, asked for, opened, typed into, given back and played. Rule: that it was drawn is not enough; the host says who is logged in and what was done. */
import WebSocket from "ws";
import { loginAs, ticketFor, type Login, type Site } from "../../test/e2e/web.ts";
import { pageOn, type DesktopPage } from "../../test/proxy/rdp-page.ts";
import { askAndApprove, fail, inVault, ok, provenRotated, settled, until, type Json } from "./acts.ts";
import { NAME, PERSON, type Desktop } from "./desktop.ts";
import type { Stage } from "./stage.ts";

const MADE = "/tmp/made-on-the-desktop";
const siteOf = ({ access }: Stage): Site => ({ origin: access.portal, who: Object.fromEntries(access.logins.map((l) => [l.name, l])) });

/** As the portal's page opens it. */
const open = async (site: Site, mine: Login, request: string): Promise<DesktopPage> => {
  const told = await ticketFor(site, mine, `/requests/${request}/desktop`), headers = { cookie: mine.cookie, origin: site.origin };
  return pageOn(new WebSocket(`${site.origin.replace(/^http/, "ws")}${told.socket}`, [told.protocol, `ticket.${told.ticket}`], { headers, perMessageDeflate: false }));
};
const whyOver = (page: DesktopPage): string => String(page.said.find((m) => m.type === "ended")?.["sentence"] ?? "");
/** The terminal has the keyboard when the pointer is over it; until it is up, what is typed goes nowhere. */
const typed = async ({ host }: Desktop, page: DesktopPage): Promise<void> => {
  let tries = 0;
  await until("what was typed on the desktop was done", async () => {
    if (whyOver(page) !== "") fail(`the desktop ended: ${whyOver(page)}`);
    if (tries++ % 10 === 0) { page.tell("mouse", 300 + tries, 300, 0); page.type(`id -un > ${MADE}\n`); }
    return (await host.exec(`cat ${MADE} 2>/dev/null`)).stdout === `${PERSON}\n`;
  });
};

/** The picture as the auditor's player takes it. */
const played = async (stage: Stage, site: Site, request: string): Promise<void> => {
  const session = ((await ok(stage, "auditor", "GET", "/sessions"))["items"] as Json[]).find((s) => s["request"] === request), auditor = await loginAs(site, "auditor");
  if (session?.["protocol"] !== "rdp") fail("the auditor does not see the session of the desktop");
  const headers = { cookie: auditor.cookie, origin: site.origin, "sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded" };
  const r = await fetch(`${site.origin}/sessions/${String(session!["id"])}/desktop`, { method: "POST", headers, body: new URLSearchParams({ _csrf: auditor.csrf }).toString() }), stream = await r.text();
  if (r.status !== 200 || !/^4\.size,1\.0,/.test(stream) || !stream.includes("3.img,")) fail(`the recording of the desktop does not play: ${r.status}`);
};

export const desktopWalk = async (stage: Stage, desktop: Desktop, step: (s: string) => void): Promise<void> => {
  const { host, rdp } = desktop, name = `${PERSON}@${NAME}`, site = siteOf(stage), old = await inVault(stage, name), before = await host.shadow(PERSON);
  const id = await askAndApprove(stage, name, 15, "look at the figures of the quarter"), page = await open(site, await loginAs(site, "requester"), id);
  await until("the desktop is drawn", async () => whyOver(page) !== "" || page.shown.some((i) => i[0] === "img" && i[3] === "0"));
  await typed(desktop, page);
  if (await rdp.logins(PERSON) !== 1) fail("nobody is logged in at the desktop");
  if (page.text().includes(old)) fail("the password came to the browser");
  step(`${name} in the browser: drawn, typed into, done on the host, and the password never came along`);
  page.ws.close();
  await ok(stage, "requester", "POST", `/requests/${id}/give-back`, {});
  await settled(stage, name, old);
  await provenRotated(stage, host, PERSON, old, before);
  await played(stage, site, id);
  step("desktop left, given back: rotated, the old password refused; the auditor plays what was drawn");
};
