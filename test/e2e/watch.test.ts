/** Looking on at live sessions, at the wire: the last screen first, what comes, nothing in. Rule: the session is a real one, by stock ssh or by browser. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loginAs, post, socketOf, terminal, ticketFor, type Login, type Wire } from "./web.ts";
import { until, world, type World } from "./world.ts";

let w: World, auditor: Login, mine: Login;
beforeAll(async () => { w = await world({ accounts: 3 }); auditor = await loginAs(w, "auditor"); mine = await loginAs(w, "requester"); }, 180_000);
afterAll(() => w?.close());

const watching = async (session: string): Promise<Wire> => {
  const wire = socketOf(w, auditor, await ticketFor(w, auditor, `/sessions/${session}/watch`));
  await wire.hears("piece");
  return wire;
};
const idOf = async (request: string): Promise<string> => String((await w.sessions({ request }))[0]!["id"]);
const over = async (request: string, i: number, before: string): Promise<void> => {
  await w.ended(request);
  await w.ok("requester", "POST", `/requests/${request}/give-back`, {});
  await w.rotated(i, before);
};

test("a stock ssh session: last screen first, then what comes, by two at once; neither can type; ended with a reason the user reads", async () => {
  const before = await w.host.shadow(w.names[0]!), request = await w.access(w.account(0)), client = w.ssh(w.account(0), [], { stdin: "open", options: ["-tt"] });
  client.child.stdin!.write("echo before-$((1+1))\n");
  await client.up("before-2\r");
  const session = await idOf(request), one = await watching(session);
  await one.sees("before-2");
  expect(one.said.find((m) => m.type === "piece")).toMatchObject({ channel: 1, kind: "shell", terminal: true, reset: "join", over: false });
  const two = await watching(session);
  client.child.stdin!.write("echo both-$((2+2))\n");
  await Promise.all([one.sees("both-4\r"), two.sees("both-4\r")]);
  // The first was not drawn over for the second's sake.
  expect(one.said.filter((m) => m.type === "piece" && m["reset"] === "join").length).toBe(1);
  for (const x of [one, two]) { x.type("touch /tmp/watcher-typed\r"); x.send({ type: "start", cols: 1, rows: 1 }); x.send({ type: "resize", cols: 10, rows: 10 }); x.type(Buffer.alloc(900, 10)); }
  client.child.stdin!.write("stty size; ls /tmp/watcher-typed; echo after-$((3+3))\n");
  await one.sees("after-6\r");
  expect((await w.host.exec("ls /tmp/watcher-typed")).code).not.toBe(0);
  expect(client.out()).toContain("No such file");
  two.ws.close();
  await w.ok("auditor", "POST", `/sessions/${session}/end`, { reason: "looks wrong" });
  const ran = await client.exit;
  expect([ran.code, ran.err]).toEqual([255, "\r\nlockstep: ended by auditor: looks wrong\r\n"]);
  expect(await one.over()).toEqual({ code: 4000, why: "the session has ended" });
  const said = await until("four events", async () => {
    const all = (await w.events()).filter((e) => /^session\.(un)?watched$/.test(String(e["what"])));
    return all.length === 4 && all.map((e) => [e["what"], (e["who"] as unknown as { name: string }).name, e["why"]]).reverse();
  });
  expect(said).toEqual([["session.watched", "auditor", null], ["session.watched", "auditor", null], ["session.unwatched", "auditor", "left"], ["session.unwatched", "auditor", "the session has ended"]]);
  await over(request, 0, before);
}, 120_000);

test("a web terminal, and an exec without a terminal", async () => {
  const before = await w.host.shadow(w.names[1]!), request = await w.access(w.account(1)), wire = await terminal(w, mine, request, { cols: 101, rows: 33 });
  wire.type("echo web-$((5+5))\r");
  await wire.sees("web-10\r");
  const look = await watching(await idOf(request));
  await look.sees("web-10\r");
  expect(look.said.find((m) => m.type === "piece")).toMatchObject({ cols: 101, rows: 33 });
  wire.send({ type: "resize", cols: 77, rows: 22 });
  wire.type("echo resized\r");
  await look.until(() => look.said.some((m) => m.type === "piece" && m["cols"] === 77));
  wire.type("exit\r");
  expect(await look.over()).toMatchObject({ code: 4000 });
  await over(request, 1, before);
  const again = await w.host.shadow(w.names[1]!), second = await w.access(w.account(1)), client = w.ssh(w.account(1), ["echo up; i=0; while :; do i=$((i+1)); echo tick-$i; sleep 0.2; done"], { stdin: "open" });
  await client.up("up\n");
  const exec = await watching(await idOf(second));
  await exec.sees(/tick-\d+\n/);
  expect(exec.said.find((m) => m.type === "piece")).toMatchObject({ kind: "exec", terminal: false, command: expect.stringContaining("tick-") as string });
  client.child.kill();
  await over(second, 1, again);
}, 120_000);

describe("who may not", () => {
  test("nobody but an auditor gets a ticket; a ticket is the login's own; over is over", async () => {
    const before = await w.host.shadow(w.names[2]!), request = await w.access(w.account(2)), client = await w.live(w.account(2)), session = await idOf(request), at = `/sessions/${session}/watch`;
    for (const who of ["operator", "approver", "requester", "outsider"]) expect(await w.api(who, "POST", at), who).toMatchObject({ status: 403, body: { detail: "Watching live sessions is for auditors." } });
    expect((await post(w, mine, at)).body.detail).toBe("Watching live sessions is for auditors.");
    const told = await ticketFor(w, auditor, at), stolen = socketOf(w, mine, told);
    expect(await stolen.over()).toMatchObject({ status: 403, text: expect.stringContaining("This ticket is not known") as string });
    const asTerminal = socketOf(w, auditor, { ...told, socket: "/sockets/terminal", protocol: "lockstep.terminal.v1" });
    expect(await asTerminal.over()).toMatchObject({ status: 403, text: "This ticket is for something else.\n" });
    const first = socketOf(w, auditor, told);
    await first.hears("piece");
    const twice = socketOf(w, auditor, told);
    expect(await twice.over()).toMatchObject({ status: 403 });
    await w.ok("operator", "PATCH", "/people/auditor", { disabled: true });
    expect(await first.over(5_000)).toEqual({ code: 4003, why: "no longer allowed" });
    await w.ok("operator", "PATCH", "/people/auditor", { disabled: false });
    auditor = await loginAs(w, "auditor");
    client.child.kill();
    await over(request, 2, before);
    expect(await w.api("auditor", "POST", at)).toMatchObject({ status: 409, body: { detail: "This session is over. Its recording can be played." } });
  }, 120_000);
});

test("a watcher that reads nothing is dropped, a flood is skipped through, and the session does not notice", async () => {
  const before = await w.host.shadow(w.names[0]!), request = await w.access(w.account(0)), wire = await terminal(w, mine, request), session = await idOf(request);
  const slow = await watching(session), good = await watching(session);
  slow.ws.pause();
  const ended = async () => (await w.events("session.unwatched")).filter((e) => (e["about"] as unknown as { session: string }).session === session).map((e) => e["why"]);
  // Fast enough to be skipped through, slow enough for this process, which is broker and both watchers at once. A shell loses a Ctrl-C that falls between two of its children: a file ends it.
  await w.host.write("/tmp/flood", "on");
  wire.type("while test -e /tmp/flood; do head -c 400000 /dev/zero | tr '\\0' x; sleep 0.05; done; echo flood-$((4+4))\r");
  await until("the one that reads nothing is dropped", async () => (await ended()).length > 0).finally(() => w.host.exec("rm /tmp/flood"));
  // What was on its way is shown first, by a machine that has other things to do.
  await wire.sees("flood-8\r", 120_000);
  await good.sees("flood-8\r", 60_000);
  expect(good.said.some((m) => m.type === "piece" && m["reset"] === "skip")).toBe(true);
  // Far less than the session itself was shown.
  expect(good.shown.length).toBeLessThan(wire.shown.length);
  await w.ok("auditor", "POST", `/sessions/${session}/end`, { reason: "enough" });
  await over(request, 0, before);
  const whys = await until("both watches are written down", async () => { const all = await ended(); return all.length === 2 && all; });
  expect(whys.sort()).toEqual(["the session has ended", "too slow to follow"]);
}, 260_000);

test("the account's own password is masked on the way, also when it comes in pieces", async () => {
  const i = 2, name = w.names[i]!, password = await w.vault(name), before = await w.host.shadow(name), request = await w.access(w.account(i)), wire = await terminal(w, mine, request);
  const half = Math.floor(password.length / 2);
  await w.host.write(`/tmp/one-${name}`, password.slice(0, half));
  await w.host.write(`/tmp/two-${name}`, password.slice(half));
  const look = await watching(await idOf(request));
  wire.type(`cat /tmp/one-${name} /tmp/two-${name}; echo; cat /tmp/one-${name}; sleep 0.4; cat /tmp/two-${name}; echo; echo shown-$((6+6))\r`);
  await wire.sees("shown-12\r");
  await look.sees("shown-12\r");
  expect(wire.shown.toString().split(password).length).toBe(3);
  expect(look.shown.toString()).not.toContain(password);
  expect(look.shown.toString()).toContain("*".repeat(password.length));
  const late = await watching(await idOf(request));
  await late.sees("shown-12\r");
  expect(late.shown.toString()).not.toContain(password);
  wire.ws.close(4000);
  await over(request, i, before);
}, 120_000);
