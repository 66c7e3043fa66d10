/** The upgrade router over HTTP and HTTPS: whom it lets through to a door, from which address, and what it closes. The door is the test's own: routers know none. */
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import type { Duplex } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask } from "../../src/flow/ask.ts";
import { vote } from "../../src/flow/vote.ts";
import { terminalTicket } from "../../src/flow/ticket.ts";
import { holderOf } from "../../src/identity/sessions.ts";
import { parseEnv } from "../../src/config/env.ts";
import type { RequestId } from "../../src/kernel/ids.ts";
import { portalServer, type Portal } from "../../src/tls.ts";
import { webApp } from "../../src/web/app.tsx";
import { upgradeRouter, type Admitted, type Router } from "../../src/web/upgrade.ts";
import type { WebDeps } from "../../src/web/deps.ts";
import { Browser, world, type World } from "./world.ts";

const PROTOCOL = "test.v1", PATH = "/sockets/test";

describe.each(["http", "https"] as const)("over %s", (scheme) => {
  let w: World, deps: WebDeps, portal: Portal, router: Router, port: number, cookie: string, request: RequestId, dir: string;
  const admitted: Admitted[] = [], sockets: Duplex[] = [];
  beforeAll(async () => {
    w = await world();
    dir = mkdtempSync(join(tmpdir(), "lockstep-upgrade-"));
    const { config } = parseEnv({ LOCKSTEP_DATA: dir, ...(scheme === "https" ? { LOCKSTEP_TLS: "yes" } : {}) });
    portal = await portalServer(config, { keys: dir });
    port = await portal.server.listen({ host: "127.0.0.1", port: 0 });
    deps = { ...w.deps, config: { ...w.deps.config, origin: `${scheme}://127.0.0.1:${port}`, secureCookies: scheme === "https", trustedProxies: ["127.0.0.1", "10.0.0.0/8"] } };
    router = upgradeRouter(deps, { [PATH]: { protocol: PROTOCOL, kinds: ["terminal"], open: (a, { socket }) => {
      admitted.push(a);
      sockets.push(socket);
      socket.resume();
      socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    } } });
    const app = webApp(deps);
    portal.server.serve((r, env) => app.fetch(r, env));
    portal.server.upgrade((r, s, h) => router.take(r, s, h));
    const b = await new Browser(w).login("requester"), value = [...b.cookies.values()][0]!;
    cookie = `${scheme === "https" ? "__Host-" : ""}lockstep_session=${value}`;
    request = await ask(w.deps.flow, w.who.requester, { account: "root@web-1", minutes: 30, reason: "for the test", ticket: "" });
    await vote(w.deps.flow, w.who.approver, request, { decision: "approve" });
  }, 180_000);
  afterAll(async () => { router?.close(); await portal?.server.close(); await w?.close(); rmSync(dir, { recursive: true, force: true }); });

  const ticket = async (): Promise<string> => (await terminalTicket(w.deps.flow, w.who.requester, holderOf(cookie.split("=")[1]!), request)).ticket;
  const open = (lines: readonly string[]): Promise<{ head: string; socket: Duplex }> => new Promise((resolve, reject) => {
    const socket: Duplex = scheme === "https" ? connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false }) : connect(port, "127.0.0.1");
    let head = "";
    socket.on("data", (d: Buffer) => { head += d.toString(); if (head.includes("\r\n\r\n")) resolve({ head, socket }); }).on("error", reject);
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  });
  const lines = (t: string, more: readonly string[] = []): string[] => [
    `GET ${PATH} HTTP/1.1`, `Host: 127.0.0.1:${port}`, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    `Sec-WebSocket-Protocol: ${PROTOCOL}, ticket.${t}`, `Origin: ${deps.config.origin}`, `Cookie: ${cookie}`, ...more,
  ];

  test("a good ticket gets through; the address is the one the trusted proxies saw, and no other", async () => {
    for (const [forwarded, address] of [[[], "127.0.0.1"], [["X-Forwarded-For: 203.0.113.9, 10.1.2.3"], "203.0.113.9"], [["X-Forwarded-For: 198.51.100.1, 203.0.113.9"], "203.0.113.9"]] as const) {
      const { head, socket } = await open(lines(await ticket(), forwarded));
      expect(head).toMatch(/^HTTP\/1\.1 101/);
      expect(admitted.at(-1)).toMatchObject({ caller: { person: { name: "requester" }, address, means: "portal" }, purpose: { kind: "terminal", account: "root", target: "web-1" } });
      socket.destroy();
    }
  });
  test("the ordinary pages are served beside it, and a socket elsewhere is refused", async () => {
    expect((await open([`GET /healthz HTTP/1.1`, `Host: 127.0.0.1:${port}`, "Connection: close"])).head).toMatch(/^HTTP\/1\.1 200/);
    expect((await open(lines(await ticket()).map((l) => l.replace(PATH, "/login")))).head).toMatch(/^HTTP\/1\.1 404/);
  });
  test("another origin, no cookie, the wrong cookie name, no ticket: refused, and the door never heard of it", async () => {
    const before = admitted.length, good = await ticket(), status = async (l: readonly string[]) => Number(/^HTTP\/1\.1 (\d+)/.exec((await open(l)).head)![1]);
    expect(await status(lines(good).map((l) => l.replace(/^Origin: .*/, "Origin: https://evil.example")))).toBe(403);
    expect(await status(lines(good).filter((l) => !l.startsWith("Cookie")))).toBe(401);
    expect(await status(lines(good).map((l) => l.replace(/^Cookie: .*/, `Cookie: ${scheme === "https" ? "" : "__Host-"}${cookie.replace("__Host-", "")}`)))).toBe(401);
    expect(await status(lines("A".repeat(43)))).toBe(403);
    expect(await status(lines(good).map((l) => l.replace(`, ticket.${good}`, "")))).toBe(403);
    expect(admitted.length).toBe(before);
  });
  test("one login has 24 sockets at most; ending the login closes them all", async () => {
    router.endOf(holderOf(cookie.split("=")[1]!));
    const many: Duplex[] = [], closed: Promise<void>[] = [];
    for (let i = 0; i < 24; i++) { const { head, socket } = await open(lines(await ticket())); expect(head).toMatch(/^HTTP\/1\.1 101/); many.push(socket); closed.push(new Promise((done) => { socket.once("close", () => done()); })); }
    expect((await open(lines(await ticket()))).head).toMatch(/^HTTP\/1\.1 429[^]*24 sockets open already/);
    router.endOf(holderOf(cookie.split("=")[1]!));
    await Promise.all(closed);
    const { head, socket } = await open(lines(await ticket()));
    expect(head).toMatch(/^HTTP\/1\.1 101/);
    socket.destroy();
  });
});
