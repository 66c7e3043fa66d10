/** Connections to a Linux host that are kept for the next call. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Doors } from "../../src/connectors/linux-doors.ts";
import { linuxSsh, type LinuxSshConfig } from "../../src/connectors/linux-ssh.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import type { Link } from "../../src/kernel/link.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import { exec } from "../../src/wires/ssh.ts";
import { linuxHost, type LinuxHost } from "../lab/host.ts";

const ROOT = "Root-Pw-1!x9Qz", APP = "App-Pw-1!x9Qz";
let host: LinuxHost, dialled: AbortController[] = [];
beforeAll(async () => { host = await linuxHost({ name: "doors", rootPassword: ROOT, accounts: { app1: APP } }); });
afterAll(async () => { await host?.destroy(); });

/** Counts its connections, and can cut them. */
const counted = (): Link => {
  const link = directLink({ host: "127.0.0.1", port: host.port });
  return { ...link, connect: async (signal) => {
    const stream = await link.connect(signal), cut = new AbortController();
    cut.signal.addEventListener("abort", () => { stream.destroy(); });
    stream.on("error", () => undefined);
    dialled.push(cut);
    return stream;
  } };
};
const config = (): LinuxSshConfig => ({ hostKeys: [host.hostKey], sudo: false, su: "" }), soon = () => AbortSignal.timeout(20_000);
const root = (password = ROOT) => ({ name: "root", secret: Secret.of(password) }), app = { name: "app1" };
const shell = (doors: Doors, link: Link, password = ROOT) =>
  doors.through([config(), link, root(password)], soon(), async (client) => (await exec(client, "echo $PPID", { signal: soon(), timeoutMs: 5_000 })).stdout);
const pause = (ms: number) => new Promise((r) => { setTimeout(r, ms); });

test("a change, its comparison and the end of logins take one login of the administrator; what proves a password, or changes itself, takes one of its own", async () => {
  const connector = linuxSsh(systemRandom), link = counted(), to = Secret.of("New-Pw-1!x9Qz");
  dialled = [];
  expect(await connector.change(config(), link, app, { to, as: root() }, soon())).toBe("done");
  expect(await connector.compare!(config(), link, app, [to], root(), soon())).toEqual({ match: 0 });
  expect(await connector.endLogins!(config(), link, app, root(), soon())).toEqual({ ended: 0 });
  expect(dialled).toHaveLength(1);
  expect(await connector.probe(config(), link, app, to, soon())).toBe("yes");
  expect(await connector.probe(config(), link, { name: "root" }, Secret.of(ROOT), soon())).toBe("yes");
  expect(await connector.test!(config(), link, root(), soon())).toMatchObject({ ok: true });
  expect(dialled).toHaveLength(4);
  expect(await connector.change(config(), link, app, { from: to, to: Secret.of(APP) }, soon())).toBe("done");
  expect(await connector.change(config(), link, app, { from: Secret.of(APP), to: Secret.of("Other-Pw-1!x9Qz") }, soon())).toBe("done");
  expect(dialled).toHaveLength(6);
});
test("it is for that very password alone, and a wrong one is refused beside an open door", async () => {
  const doors = new Doors(systemRandom), link = counted();
  dialled = [];
  const [first, again] = [await shell(doors, link), await shell(doors, link)];
  expect([again, dialled.length]).toEqual([first, 1]);
  await expect(shell(doors, link, "Wrong-Pw-1!x9Qz")).rejects.toMatchObject({ kind: "auth" });
  expect(dialled).toHaveLength(2);
});
test("the same address through another gateway is another machine, whatever key it shows", async () => {
  const doors = new Doors(systemRandom), link = counted();
  dialled = [];
  const [direct, east, west, again] = [await shell(doors, link), await shell(doors, { ...link, through: "east" }), await shell(doors, { ...link, through: "west" }), await shell(doors, { ...link, through: "east" })];
  expect([new Set([direct, east, west]).size, again, dialled.length]).toEqual([3, east, 3]);
});
test("law: A4 — of fifty who want a login that is refused one asks; who comes right after is refused with it; the Test button ends that", async () => {
  const connector = linuxSsh(systemRandom), link = counted(), wrong = root("Wrong-Pw-2!x9Qz"), ask = () => connector.compare!(config(), link, app, [Secret.of(APP)], wrong, soon());
  dialled = [];
  const said = await Promise.all(Array.from({ length: 50 }, ask));
  expect(new Set(said.map((s) => JSON.stringify(s)))).toEqual(new Set([JSON.stringify({ unknown: "the target refused the login", asRefused: true })]));
  expect([await ask(), dialled.length]).toEqual([said[0], 1]);
  await host.exec("/usr/sbin/chpasswd", "root:Wrong-Pw-2!x9Qz\n");
  try {
    expect(await ask(), "not asked again so soon").toEqual(said[0]);
    expect(await connector.test!(config(), link, wrong, soon())).toMatchObject({ ok: true });
    expect(await ask()).not.toHaveProperty("asRefused");
    expect(dialled).toHaveLength(3);
  } finally { await host.exec("/usr/sbin/chpasswd", `root:${ROOT}\n`); }
});
test("a login that did not come about for another reason is told to whoever waited, and tried by the next", async () => {
  const doors = new Doors(systemRandom), link: Link = { ...counted(), connect: () => { dialled.push(new AbortController()); return Promise.reject(new Error("planted")); } };
  dialled = [];
  const all = await Promise.allSettled([shell(doors, link), shell(doors, link), shell(doors, link)]);
  expect(all.map((r) => (r.status === "rejected" ? (r.reason as { kind: string }).kind : "done"))).toEqual(["unreachable", "unreachable", "unreachable"]);
  expect(dialled).toHaveLength(1);
  await expect(shell(doors, link)).rejects.toMatchObject({ kind: "unreachable" });
  expect(dialled).toHaveLength(2);
});
test("one caller at a time: two at once are two logins, and both are kept", async () => {
  const doors = new Doors(systemRandom), link = counted();
  dialled = [];
  const both = await Promise.all([shell(doors, link), shell(doors, link)]);
  expect(new Set(both).size).toBe(2);
  expect(new Set(await Promise.all([shell(doors, link), shell(doors, link)]))).toEqual(new Set(both));
  expect(dialled).toHaveLength(2);
});
test("it is left after its rest, at the end of its life, and after whatever did not end well", async () => {
  const link = counted(), doors = new Doors(systemRandom, { rest: 60, life: 60_000 });
  dialled = [];
  await shell(doors, link);
  await pause(200);
  await shell(doors, link);
  expect(dialled).toHaveLength(2);
  const short = new Doors(systemRandom, { rest: 60_000, life: 60 });
  await shell(short, link);
  await pause(200);
  await shell(short, link);
  expect(dialled).toHaveLength(4);
  const failing = new Doors(systemRandom), way = [config(), link, root()] as const;
  await expect(failing.through(way, soon(), () => Promise.reject(new Error("planted")))).rejects.toThrow("planted");
  expect(await failing.through(way, soon(), () => Promise.resolve({ unknown: "planted" }))).toEqual({ unknown: "planted" });
  await shell(failing, link);
  expect(dialled).toHaveLength(7);
});
test("a process that has nothing else to do is not kept by one", async () => {
  const doors = new Doors(systemRandom), link = directLink({ host: "127.0.0.1", port: host.port });
  const sockets = (): number => process.getActiveResourcesInfo().filter((r) => r === "TCPSocketWrap").length, before = sockets();
  await shell(doors, link);
  expect(sockets()).toBe(before);
});
test("one that the network cut while nobody used it is not used again", async () => {
  const doors = new Doors(systemRandom), link = counted();
  dialled = [];
  await shell(doors, link);
  dialled[0]!.abort();
  await pause(50);
  expect(await shell(doors, link)).toMatch(/^\d+\n$/);
  expect(dialled).toHaveLength(2);
});
