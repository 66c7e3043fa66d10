/** Logging in to ssh by a code typed in the portal: the stock client at a terminal, the portal by its own forms. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { world, type World } from "./world.ts";

let w: World;
beforeAll(async () => { w = await world({ accounts: 1 }); }, 240_000);
afterAll(async () => { await w?.close(); });

/** A browser as far as HTTP goes. */
const portal = async (name: string) => {
  const same = { "sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded" };
  const send = (at: string, form: Record<string, string>, cookie = "") => fetch(`${w.origin}${at}`, { method: "POST", redirect: "manual", headers: { ...same, cookie }, body: new URLSearchParams(form).toString() });
  const cookie = (await send("/login", { name, password: w.who[name]!.password })).headers.getSetCookie().map((c) => c.split(";")[0]!).filter((c) => !c.endsWith("=")).join("; ");
  const get = async (): Promise<string> => (await fetch(`${w.origin}/terminal`, { headers: { cookie } })).text();
  return { get, post: async (at: string, form: Record<string, string>) => { const r = await send(at, { _csrf: /name="_csrf" value="([^"]+)"/.exec(await get())![1]!, ...form }, cookie); return { status: r.status, to: r.headers.get("location"), text: await r.text() }; } };
};
/** What the server says beside a prompt is shown from INFO on, the stock level. */
const KEYBOARD = ["-o", "LogLevel=INFO", "-o", "PubkeyAuthentication=no", "-o", "PreferredAuthentications=keyboard-interactive", "-o", "BatchMode=no", "-o", "NumberOfPasswordPrompts=1"];
const terminal = async () => {
  const t = w.terminal(w.account(0), { options: KEYBOARD, command: ["id -un; exit 4"] });
  await t.see("Leave the password empty to log in with your browser.", 60_000);
  await t.see("Password:");
  t.type("\r");
  const text = await t.see(/type this code there: [A-Z]{4}-[A-Z]{4}/, 60_000);
  return { t, text, code: /there: (\S+)/.exec(text)![1]! };
};

test("the code on the screen, typed in the portal, lets this terminal in; a token may not, and a GET does nothing", async () => {
  const id = await w.access(w.account(0)), { t, text, code } = await terminal(), browser = await portal("requester");
  expect(text).toContain(`Open ${w.origin}/terminal`);
  const page = await browser.get();
  expect(page).toContain("asks to log in as <b>requester</b>");
  expect(page).not.toContain(code);
  expect((await w.ok("requester", "GET", "/me/terminals"))["items"]).toMatchObject([{ address: "127.0.0.1" }]);
  expect(await w.api("requester", "POST", "/me/terminals/approve", { code })).toMatchObject({ status: 403, body: { detail: expect.stringMatching(/^A token cannot let a terminal in/) as string } });
  expect((await browser.post("/terminal", { code })).text).toContain("Say that the terminal is yours");
  expect(await (await portal("rival")).post("/terminal", { code, mine: "yes" })).toMatchObject({ status: 422 });
  expect(await browser.post("/terminal", { code, mine: "yes" })).toMatchObject({ status: 303, to: "/terminal?done=terminal_in" });
  await t.see(w.names[0]!, 60_000);
  expect(await t.exit).toBe(4);
  const said = await w.events();
  expect(said.find((e) => e["what"] === "login.ok" && (e["facts"] as Record<string, unknown>)["factors"] === "browser")).toMatchObject({ who: { name: "requester", means: "ssh" } });
  expect(said.find((e) => e["what"] === "terminal.approved")).toMatchObject({ who: { name: "requester", means: "portal" }, facts: { terminal_address: "127.0.0.1" } });
  await w.ok("requester", "POST", `/requests/${id}/give-back`, {});
}, 240_000);

test("kept out by the person: the terminal is told, and is not in", async () => {
  const { t } = await terminal(), browser = await portal("requester"), id = /\/terminal\/(trm_\w+)\/deny/.exec(await browser.get())![1]!;
  expect(await browser.post(`/terminal/${id}/deny`, {})).toMatchObject({ to: "/terminal?done=terminal_out" });
  await t.see("This login was refused in the browser.", 60_000);
  expect(await t.exit).toBe(255);
}, 240_000);
