/** The web terminal at the wire: who gets in, what goes through, what ends it. Rule: a real host, the broker as it runs, a client that follows no page. */
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gone, legs } from "./ssh.ts";
import { knock, loginAs, post, socketOf, terminal, ticketFor, type Login } from "./web.ts";
import { world, type World } from "./world.ts";

let w: World, mine: Login, other: Login;
beforeAll(async () => { w = await world({ accounts: 3 }); mine = await loginAs(w, "requester"); other = await loginAs(w, "rival"); }, 180_000);
afterAll(() => w?.close());

const over = async (request: string, i: number, before: string): Promise<void> => {
  await w.ended(request);
  await w.ok("requester", "POST", `/requests/${request}/give-back`, {});
  await w.rotated(i, before);
};

test("typed, shown, done on the host, resized, recorded like any other, and the account is rotated", async () => {
  const before = await w.host.shadow(w.names[0]!), request = await w.access(w.account(0)), wire = await terminal(w, mine, request, { cols: 91, rows: 31 });
  wire.type("stty size; echo made-$((40+2)) > /tmp/web-file; cat /tmp/web-file\r");
  await wire.sees("31 91");
  await wire.sees("made-42");
  expect((await w.host.exec("cat /tmp/web-file")).stdout).toBe("made-42\n");
  wire.send({ type: "resize", cols: 120, rows: 40 });
  wire.type("stty size\r");
  await wire.sees("40 120");
  expect((await w.sessions({ request }))[0]).toMatchObject({ via: "web", protocol: "ssh", state: "live", address: "127.0.0.1" });
  wire.type("exit\r");
  expect(await wire.hears("ended")).toMatchObject({ sentence: "The shell has ended." });
  expect((await wire.over()) as object).toMatchObject({ code: 1000 });
  const session = await w.ended(request);
  expect(session).toMatchObject({ why: "client_closed" });
  const cast = await w.api("auditor", "GET", `/sessions/${String(session["id"])}/cast`), lines = cast.text.trim().split("\n").map((l) => JSON.parse(l) as [number, string, string]);
  expect(lines[0]).toMatchObject({ version: 2, width: 91, height: 31, env: { TERM: "xterm-256color" } });
  expect(lines.slice(1).filter((l) => l[1] === "o").map((l) => l[2]).join("")).toBe(wire.shown.toString());
  expect(lines.filter((l) => l[1] === "r").map((l) => l[2])).toEqual(["120x40"]);
  await over(request, 0, before);
  expect(await w.lost()).toEqual([]);
}, 120_000);

describe("law: ticket-once — a ticket opens one socket, for the login it was issued to, in its time", () => {
  const HEAD = (t: { socket: string; protocol: string; ticket: string }, more: readonly string[] = []): string[] => [
    `GET ${t.socket} HTTP/1.1`, "Host: 127.0.0.1", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", `Sec-WebSocket-Protocol: ${t.protocol}, ticket.${t.ticket}`, ...more,
  ];
  const cookied = (login: Login): string[] => [`Origin: ${w.origin}`, `Cookie: ${login.cookie}`];

  test("replayed 200 times at the door: nobody else gets in (10,000 times behind it: test/flow/ticket.test.ts)", async () => {
    const before = await w.host.shadow(w.names[1]!), request = await w.access(w.account(1)), told = await ticketFor(w, mine, `/requests/${request}/terminal`);
    const first = socketOf(w, mine, told);
    first.ws.on("open", () => first.send({ type: "start", cols: 80, rows: 24 }));
    await first.hears("hello");
    const answers = new Map<string, number>();
    for (let i = 0; i < 200; i += 50) {
      for (const { status, text } of await Promise.all(Array.from({ length: 50 }, () => knock(w, HEAD(told, cookied(mine)))))) {
        const key = `${status} ${text.split("\r\n\r\n")[1]!.trim()}`;
        answers.set(key, (answers.get(key) ?? 0) + 1);
      }
    }
    expect([...answers]).toEqual([["403 This ticket is not known, was used already, or is older than 30 seconds. Go back to the page and connect again.", 200]]);
    expect((await w.sessions({ request })).length).toBe(1);
    first.ws.close(4000);
    await over(request, 1, before);
  }, 240_000);

  test("spent by many at once: one session", async () => {
    const before = await w.host.shadow(w.names[1]!), request = await w.access(w.account(1)), told = await ticketFor(w, mine, `/requests/${request}/terminal`);
    const wires = Array.from({ length: 12 }, () => socketOf(w, mine, told));
    for (const x of wires) x.ws.on("open", () => x.send({ type: "start", cols: 80, rows: 24 }));
    const ends = await Promise.all(wires.map((x) => x.until(() => x.said.find((m) => m.type === "hello")?.type ?? x.said.find((m) => m.type === "ended")?.["sentence"] ?? x.refused?.text)));
    expect(ends.filter((e) => e === "hello").length).toBe(1);
    for (const e of ends.filter((x) => x !== "hello")) expect(e).toMatch(/^This ticket is not known, was used already/);
    expect((await w.sessions({ request })).length).toBe(1);
    for (const x of wires) x.ws.close(4000);
    await over(request, 1, before);
  }, 120_000);

  test("another login's, a forged one, one for something else, an old one, and none", async () => {
    const request = await w.access(w.account(1)), at = `/requests/${request}/terminal`, told = await ticketFor(w, mine, at), again = await loginAs(w, "requester");
    const refused = async (lines: readonly string[]): Promise<string> => { const { status, text } = await knock(w, lines); return `${status} ${(text.split("\r\n\r\n")[1] ?? "").trim()}`; };
    const NOT = "403 This ticket is not known, was used already, or is older than 30 seconds. Go back to the page and connect again.";
    expect(await refused(HEAD(told, cookied(other)))).toBe(NOT);
    // The same person's second login is another login.
    expect(await refused(HEAD(told, cookied(again)))).toBe(NOT);
    expect(await refused(HEAD({ ...told, ticket: "A".repeat(43) }, cookied(mine)))).toBe(NOT);
    expect(await refused(HEAD({ ...told, ticket: "short" }, cookied(mine)))).toBe("403 This socket needs one ticket, in its subprotocol. The API gives one.");
    expect(await refused(HEAD(told, [`Origin: ${w.origin}`]))).toBe("401 Please log in.");
    expect(await refused(HEAD(told, [`Cookie: ${mine.cookie}`]))).toBe(`403 This socket was not opened by the portal at ${w.origin}.`);
    expect(await refused(HEAD(told, ["Origin: http://evil.example", `Cookie: ${mine.cookie}`]))).toBe(`403 This socket was not opened by the portal at ${w.origin}.`);
    expect(await refused(HEAD(told, [...cookied(mine), "Sec-Fetch-Site: cross-site"]))).toBe("403 This socket was not opened by this portal's own page.");
    expect(await refused(HEAD({ ...told, socket: "/sockets/nothing" }, cookied(mine)))).toBe("404 There is no such socket.");
    expect(await refused(HEAD({ ...told, socket: `${told.socket}?ticket=${told.ticket}` }, cookied(mine)))).toBe("404 There is no such socket.");
    expect(await refused(HEAD(told, cookied(mine)).filter((l) => !l.startsWith("Sec-WebSocket-Key")))).toBe("422 This is not a WebSocket handshake.");
    expect((await post(w, other, at)).status).toBe(404);
    expect(await w.api("approver", "POST", at, {})).toMatchObject({ status: 404 });
    await w.core.deps.db.q.execute(sql.raw("update tickets set expires_at = now() - interval '1 second'"));
    expect(await refused(HEAD(told, cookied(mine)))).toBe(NOT);
    expect((await w.sessions({ request })).length).toBe(0);
    await w.ok("requester", "POST", `/requests/${request}/cancel`, {});
  }, 120_000);

  test("an API token gets in with its own ticket and names no origin; a login's ticket is not its", async () => {
    const before = await w.host.shadow(w.names[2]!), request = await w.access(w.account(2)), at = `/requests/${request}/terminal`, bearer = `Authorization: Bearer ${w.who["requester"]!.token}`;
    const byLogin = await ticketFor(w, mine, at), byToken = await w.ok("requester", "POST", at, {}) as unknown as typeof byLogin;
    expect((await knock(w, HEAD(byLogin, [bearer]))).status).toBe(403);
    expect((await knock(w, HEAD(byToken, [bearer, "Origin: http://evil.example"]))).status).toBe(403);
    const wire = socketOf(w, { cookie: "" }, byToken, { authorization: `Bearer ${w.who["requester"]!.token}`, origin: w.origin });
    wire.ws.on("open", () => wire.send({ type: "start", cols: 80, rows: 24 }));
    await wire.hears("hello");
    wire.ws.close(4000);
    await over(request, 2, before);
  }, 120_000);
});

test("what is not of the protocol closes the socket and nothing else", async () => {
  const before = await w.host.shadow(w.names[0]!), request = await w.access(w.account(0)), told = await ticketFor(w, mine, `/requests/${request}/terminal`), wire = socketOf(w, mine, told);
  wire.ws.on("open", () => wire.ws.send("{\"type\":\"resize\",\"cols\":80,\"rows\":24}"));
  expect(await wire.over()).toMatchObject({ code: 1008, why: "not of this protocol" });
  expect((await w.sessions({ request })).length).toBe(0);
  const good = await terminal(w, mine, request);
  good.ws.send("{\"type\":\"start\",\"cols\":80,\"rows\":24}");
  expect(await good.over()).toMatchObject({ code: 1008 });
  expect(await w.ended(request)).toMatchObject({ why: "client_closed" });
  expect(await gone(legs(w.names[0]!)), "the target's login ends with it").toBeLessThan(1_000);
  await over(request, 0, before);
}, 120_000);

test("logging out closes this login's terminals", async () => {
  const before = await w.host.shadow(w.names[0]!), login = await loginAs(w, "requester"), request = await w.access(w.account(0)), wire = await terminal(w, login, request);
  await fetch(`${w.origin}/logout`, { method: "POST", redirect: "manual", headers: { cookie: login.cookie, "sec-fetch-site": "same-origin", origin: w.origin, "content-type": "application/x-www-form-urlencoded" }, body: `_csrf=${login.csrf}` });
  expect(await wire.over(2_000)).toMatchObject({ code: 1006 });
  await over(request, 0, before);
}, 120_000);
