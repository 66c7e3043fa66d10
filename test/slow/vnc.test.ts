/** Desktops by VNC through the account's SSH login: TigerVNC on a real host, a real guacd, the session processes. Rule: what proves who is there is the host key. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { guacd, type RunningGuacd } from "../lab/guacd.ts";
import { linuxHost, type LinuxHost } from "../lab/host.ts";
import { vncServer, type Vnc } from "../lab/vnc.ts";
import { carrier, type Carrier } from "../proxy/rdp-lab.ts";
import type { DesktopPage } from "../proxy/rdp-page.ts";
import { eventually } from "../proxy/ssh-lab.ts";
import WebSocket from "ws";
import { desktopOf } from "../../src/domain/desktop.ts";
import { acceptIdentity } from "../../src/flow/identity.ts";
import * as targets from "../../src/store/targets.ts";
import { lockstep } from "../cli/process.ts";
import { loginAs, ticketFor } from "../e2e/web.ts";
import { world } from "../e2e/world.ts";
import { pageOn } from "../proxy/rdp-page.ts";
import { evidence, madeBy } from "./evidence.ts";

const PASSWORD = "Login-Pw-1!ü€9Qz", VNC_PASSWORD = "Vn(c)-8!";
const lines: string[] = [];
let host: LinuxHost, daemon: RunningGuacd, c: Carrier, server: Vnc;
beforeAll(async () => {
  [host, daemon] = await Promise.all([linuxHost({ name: "desk-1", accounts: { u1: PASSWORD, u2: PASSWORD, u3: PASSWORD } }), guacd()]);
  c = await carrier(daemon);
  server = await vncServer(host, "u1", "VncAuth", VNC_PASSWORD);
}, 240_000);
afterAll(async () => {
  await c?.[Symbol.asyncDispose](); await daemon?.destroy(); await host?.destroy();
});
const account = (name: string, port: number, hostKeys = [host.hostKey], password = PASSWORD): void =>
  void c.broker.accounts.set(`${name}@desk-1`, { host: host.host, port: host.port, username: name, hostKeys, password, desktop: { kind: "vnc", port } });
const drawn = (p: DesktopPage): Promise<unknown> => eventually(() => p.shown.some((i) => i[0] === "img" && i[3] === "0"), 30_000)
  .catch(() => { throw new Error(`${JSON.stringify(p.said)} ${p.shown.slice(0, 12).map((i) => i.join(" ").slice(0, 60)).join("; ")} ${daemon.log().slice(-1_500)}`); });
const typed = async (p: DesktopPage, file: string): Promise<void> => {
  p.tell("mouse", 300, 300, 0);
  await new Promise((done) => { setTimeout(done, 700); });
  p.type(`echo vnc-$((40+2)) > /tmp/${file}\n`);
  await eventually(async () => (await host.exec(`cat /tmp/${file}`)).stdout === "vnc-42\n", 15_000);
};
const sshLogins = async (user: string): Promise<number> => Number((await host.exec(`pgrep -c -u '${user}' sshd`)).stdout.trim());

test("a password of the server's own: read from the account's file, drawn, typed into, looked on at, come back to, killed; neither password is told to anybody", async () => {
  account("u1", server.port);
  c.broker.terms = { ...c.broker.terms, graceMs: 5_000 };
  const p = c.page("u1");
  await drawn(p);
  await typed(p, "by-vnc");
  const session = c.broker.last(), look = c.look(session.id);
  await eventually(() => look.shown.some((i) => i[0] === "img" && i[3] === "0"), 10_000);
  p.ws.terminate();
  await eventually(() => session.events.some((e) => e.kind === "away"));
  const again = c.back(session.id);
  await drawn(again);
  await typed(again, "by-vnc-again");
  const begun = performance.now();
  c.proxy.cut(session.id, "killed", "ended by auditor: enough");
  expect(await again.hears("ended")).toMatchObject({ sentence: "ended by auditor: enough" });
  expect(await look.closed()).toBe(4000);
  await eventually(async () => await sshLogins("u1") === 0, 2_000);
  expect(performance.now() - begun).toBeLessThan(2_000);
  expect((await c.ended(session)).ended).toMatchObject({ why: "killed" });
  const { frames, verdict } = c.recording(session);
  expect([verdict.complete, frames.find((f) => f.type === "manifest") !== undefined && JSON.parse(frames[0]!.data.toString()) as object]).toMatchObject([true, { protocol: "vnc" }]);
  for (const text of [p.text(), again.text(), look.text(), JSON.stringify([p.said, again.said]), c.lines.join("\n"), daemon.log()]) for (const secret of [PASSWORD, VNC_PASSWORD]) expect(text.includes(secret)).toBe(false);
  lines.push("TigerVNC 1.12, a password of its own (VncAuth) read from ~/.vnc/passwd: drawn, typed into, looked on at, come back to, killed with the SSH login gone within 2 s");
}, 120_000);

test("no password, and the account's own login (VeNCrypt TLSPlain)", async () => {
  const none = await vncServer(host, "u2", "None"), login = await vncServer(host, "u3", "TLSPlain");
  account("u2", none.port);
  const p = c.page("u2");
  await drawn(p);
  await typed(p, "by-none");
  p.ws.close(4000);
  await c.ended();
  account("u3", login.port);
  const q = c.page("u3");
  await drawn(q);
  await typed(q, "by-login");
  q.ws.close(4000);
  await c.ended();
  lines.push("TigerVNC 1.12 without a password, and with the account's own login (VeNCrypt TLSPlain, PAM)");
}, 120_000);

test("what can be wrong, each with its sentence: another host key, a wrong login, no server, no file, a file of another password", async () => {
  const says = async (name: string): Promise<string> => String((await c.page(name).hears("ended", 30_000))["sentence"]);
  account("u1", server.port, ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBcrfT1Xz8ftfYUyTmVWYyyQ1zC4p1eKcjL0FfJZ5cUe"]);
  expect(await says("u1")).toBe("desk-1 does not show the host key on record. Nothing was sent to it. Tell the owner of desk-1.");
  expect((await c.ended()).ended).toMatchObject({ cause: "identity_changed" });
  account("u1", server.port, undefined, "wrong-Pw-1");
  expect(await says("u1")).toMatch(/^desk-1 refused the password or key on record/);
  expect((await c.ended()).ended).toMatchObject({ cause: "target_refused" });
  account("u1", 1);
  expect(await says("u1")).toBe("desk-1 cannot be used right now: no VNC server listens on port 1 of its own loopback address, or its SSH server forwards nothing.");
  await c.ended();
  account("u1", server.port);
  await host.exec("mv /home/u1/.vnc/passwd /home/u1/away");
  expect(await says("u1")).toBe("desk-1 cannot be used right now: its VNC server asks for a password, and the account has no file of it (~/.vnc/passwd).");
  await c.ended();
  await host.exec("printf wrong-12 > /home/u1/.vnc/passwd; chown u1: /home/u1/.vnc/passwd");
  expect(await says("u1")).toBe("desk-1 cannot be used right now: its VNC server did not take the password in the account's own file.");
  await c.ended();
}, 180_000);

test("where another user of the host listens on the port, neither password is read or sent", async () => {
  await host.exec("install -d -o u2 /home/u2/.vnc; cp /home/u1/away /home/u2/.vnc/passwd; chown u2: /home/u2/.vnc/passwd");
  account("u2", server.port);
  const rogue = await vncServer(host, "u1", "TLSPlain"), why = (port: number): string => `desk-1 cannot be used right now: somebody else than the account or root listens on port ${port} of it, and could take its password.`;
  expect(String((await c.page("u2").hears("ended", 30_000))["sentence"])).toBe(why(server.port));
  await c.ended();
  account("u3", rogue.port);
  expect(String((await c.page("u3").hears("ended", 30_000))["sentence"])).toBe(why(rogue.port));
  await c.ended();
  lines.push("a port that another user of the host listens on: refused with a sentence, for a server with a password and for one that would be given the account's login");
}, 120_000);

test("in the whole broker: set by the command line, accepted by somebody else, opened, told as VNC, without files, and the account is rotated", async () => {
  const w = await world({ accounts: 1, env: { LOCKSTEP_GUACD: `127.0.0.1:${daemon.port}`, LOCKSTEP_GUACD_HOME: daemon.home } });
  try {
    const [name = ""] = w.names, { deps } = w.core, own = await vncServer(w.host, name, "VncAuth", VNC_PASSWORD), before = await w.host.shadow(name);
    const env = { LOCKSTEP_URL: w.origin, LOCKSTEP_TOKEN: w.who["operator"]!.token }, cli = (...args: string[]) => lockstep(["targets", "desktop", "web-1", ...args], { cwd: w.home, env });
    expect(await cli("--vnc", "--domain", "LAB")).toMatchObject({ err: expect.stringContaining("--vnc goes with --port alone") as string });
    expect(await cli("--vnc", "--port", String(own.port))).toMatchObject({ code: 0, out: expect.stringContaining(`web-1 has a desktop by VNC on port ${own.port}.`) as string });
    const t = (await targets.named(deps.db, "web-1"))!;
    expect(desktopOf(t)).toEqual({ kind: "vnc", port: own.port });
    expect(String((await w.standing(w.account(0)))["word"])).toBe("blocked");
    await acceptIdentity(deps, w.caller("second"), t.id, t.identityHash);
    await w.settled(w.account(0));
    const request = await w.access(w.account(0)), mine = await loginAs(w, "requester"), told = await ticketFor(w, mine, `/requests/${request}/desktop`);
    const headers = { cookie: mine.cookie, origin: w.origin };
    expect(await (await fetch(`${w.origin}/requests/${request}/desktop`, { headers })).text()).toContain("It is carried by VNC");
    const page = pageOn(new WebSocket(`${w.origin.replace(/^http/, "ws")}${told.socket}`, [told.protocol, `ticket.${told.ticket}`], { headers, perMessageDeflate: false }));
    await drawn(page);
    expect(page.said.find((m) => m.type === "hello")).toMatchObject({ filesIn: false, filesOut: false });
    const [session] = await w.sessions({ request });
    expect(session).toMatchObject({ via: "web", protocol: "vnc", state: "live" });
    page.ws.close(4000);
    await w.ended(request);
    await w.ok("requester", "POST", `/requests/${request}/give-back`, {});
    await w.rotated(0, before);
    const all = JSON.stringify(await w.events()) + w.log.join("\n");
    expect(all).not.toContain(VNC_PASSWORD);
    expect(await cli("--none")).toMatchObject({ code: 0 });
    expect(desktopOf((await targets.named(deps.db, "web-1"))!)).toBeNull();
    lines.push("in the whole broker: set, accepted, opened, ended, the account rotated");
  } finally { await w.close(); }
}, 180_000);

test("what was tried is written down", () => {
  expect(lines).toHaveLength(4);
  evidence("vnc", `# Desktops by VNC\n\n${madeBy("test/slow/vnc.test.ts")}\n\n${lines.map((l) => `- ${l}`).join("\n")}\n`);
});
