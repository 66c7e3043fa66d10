/**
 * What follows a change on Windows, against the stand-in for PowerShell: which values arrive, what an answer means, and that nobody is given a
 * password who is not meant. What Windows does is not shown here.
 */
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Task } from "../../src/connectors/connector.ts";
import { controlled, fitting, FOLLOW, given, there } from "../../src/connectors/windows-follow-script.ts";
import { windowsWinrm } from "../../src/connectors/windows-winrm.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import { faultProxy } from "../lab/fault-proxy.ts";
import { winrmServer, type WinrmServer } from "../lab/winrm.ts";
import type { Named } from "./contract.ts";
import type { Keeper } from "../lab/powershell.ts";
import { ADMINISTRATOR, local, world } from "./windows-world.ts";

const OLD = "Old-1-x!",
  NEW = "New-2-x!'\"$(x)`";
let server: WinrmServer, weak: Named;
beforeAll(async () => {
  server = await winrmServer();
  server.machine.add(ADMINISTRATOR.name, ADMINISTRATOR.password, "Administrators");
  weak = local(server);
});
afterAll(() => server?.destroy());
beforeEach(() => {
  const k = server.machine.keepers;
  k.clear();
  server.machine.add("svc_app", NEW, "Users");
  for (const name of ["service Billing", "service MSSQL$X", "task \\Backup\\Nightly", "pool Shop Pool"])
    k.set(name, { as: ".\\svc_app", password: OLD, state: "Running" });
  k.set("service Other", { as: "DOMAIN\\other", password: OLD, state: "Running" });
  k.set("pool Default", { as: null, password: "", state: "Running" });
});
const c = windowsWinrm(systemRandom),
  f = c.follower!,
  at = () => world(() => server, "ntlm"),
  soon = () => AbortSignal.timeout(10_000),
  as = (n: Named = ADMINISTRATOR) => ({ name: n.name, secret: Secret.of(n.password) });
const run = (task: Task, by?: Named, port = server.port) =>
  f.run(at().config(), directLink({ host: "127.0.0.1", port }), task, task.does === "service" ? null : Secret.of(NEW), as(by), soon());
const rehearse = (task: Task, by?: Named) => f.rehearse(at().config(), directLink({ host: "127.0.0.1", port: server.port }), task, as(by), soon());
const logon = (of: "service" | "task" | "pool", name: string, account = ".\\svc_app"): Task => ({ does: "logon", of, name, account }),
  service = (unit: string, action: "restart" | "stop" | "start" | "reload"): Task => ({ does: "service", unit, action });

test("a service, a task and a pool are given the password in this order, and the service starts with it and not without", async () => {
  expect(await run(service("Billing", "restart"))).toEqual({ unknown: expect.stringMatching(/^Billing was stopped, and may be down: .*0x8007042d/) });
  expect([
    await run(logon("service", "Billing")),
    await run(service("Billing", "restart")),
    await run(logon("task", "\\Backup\\Nightly")),
    await run(logon("pool", "Shop Pool", `${server.machine.name}\\SVC_app`)),
  ]).toEqual(Array(4).fill("done"));
  expect(
    [...server.machine.keepers]
      .filter(([, k]) => k.password === NEW)
      .map(([name]) => name)
      .toSorted(),
  ).toEqual(["pool Shop Pool", "service Billing", "task \\Backup\\Nightly"]);
  expect([
    await run(service("MSSQL$X", "stop")),
    server.machine.keepers.get("service MSSQL$X")!.state,
    await run(logon("service", "Billing")),
  ]).toEqual(["done", "Stopped", "done"]);
});
test("a name is the account only in its own domain, however it is written; the same name elsewhere is somebody else", async () => {
  server.machine.trusts.push(
    { netbios: "CORP", dns: "corp.example", users: ["svc_app", "svc-b"] },
    { netbios: "CORPX", dns: "corp.other", users: ["svc_app"] },
  );
  const runsAs = async (as: string, account: string): Promise<string> => {
    server.machine.keepers.set("service S", { as, password: OLD, state: "Running" });
    const r = await run(logon("service", "S", account)),
      given = server.machine.keepers.get("service S")!.password === NEW;
    expect(given, `${as} for ${account}`).toBe(r === "done");
    return typeof r === "string" ? r : "refused" in r ? r.refused : JSON.stringify(r);
  };
  const spellings = (host: string): string[] => [".\\svc_app", `${host}\\svc_app`, `${host.toLowerCase()}\\SVC_APP`, "svc_app"];
  for (const as of spellings(server.machine.name)) expect([as, await runsAs(as, ".\\svc_app")]).toEqual([as, "done"]);
  for (const as of ["CORP\\svc_app", "corp.example\\svc_app", "svc_app@corp.example"])
    for (const account of ["corp.example\\svc_app", "svc_app@corp.example"]) expect([as, account, await runsAs(as, account)]).toEqual([as, account, "done"]);
  const other = (as: string, account: string) => `the service S runs as ${as}, not as ${account}: it was left as it is`;
  for (const [as, account] of [
    ["CORP\\svc_app", ".\\svc_app"],
    ["svc_app@corp.example", ".\\svc_app"],
    [".\\svc_app", "corp.example\\svc_app"],
    ["svc_app", "svc_app@corp.example"],
    ["CORPX\\svc_app", "corp.example\\svc_app"],
    ["svc_app@corp.other", "svc_app@corp.example"],
    ["CORP\\svc_app", "corp.other\\svc_app"],
    ["CORP\\svc-b", "corp.example\\svc_app"],
    ["NOSUCH\\svc_app", "corp.example\\svc_app"],
  ] as const)
    expect(await runsAs(as, account)).toBe(other(as, account));
  // Two names that the machine cannot look up are not the same by that.
  expect(await runsAs("NOSUCH\\svc_app", "NOSUCH\\svc_app")).toBe("the machine knows nobody by the name of NOSUCH\\svc_app: it was left as it is");
  const before = server.commands().length;
  for (const account of ["svc_app", "", "\\svc_app", "a\\b\\c"])
    expect(await runsAs(".\\svc_app", account)).toBe(`of which machine or domain ${account} is, is not known: it may be another one there`);
  expect(server.commands().length).toBe(before);
});
test("once a service was stopped, whatever fails afterwards is not known, and never nothing done", async () => {
  const ended = async (fails: Keeper["fails"], action: "restart" | "stop" | "start", state: Keeper["state"] = "Running") => {
    const k: Keeper = { as: null, password: "", state, ...(fails === undefined ? {} : { fails }) };
    server.machine.keepers.set("service S", k);
    return [await run(service("S", action)), k.state];
  };
  const down = "S was stopped, and may be down: ",
    told = "S was told to stop or start: ";
  expect(await ended("at stop", "restart")).toEqual([{ refused: "S: System.ComponentModel.Win32Exception (0x8007041c)" }, "Running"]);
  expect(await ended("in the middle of a stop", "restart")).toEqual([{ unknown: `${told}System.ComponentModel.Win32Exception (0x8007041c)` }, "Running"]);
  expect(await ended("while it stops", "stop")).toEqual([
    { unknown: `${told}System.ServiceProcess.TimeoutException (0x80131505)` },
    "StopPending",
  ]);
  expect(await ended("at start", "restart")).toEqual([{ unknown: `${down}System.ComponentModel.Win32Exception (0x8007041d)` }, "Stopped"]);
  expect(await ended("while it starts", "restart")).toEqual([
    { unknown: `${down}System.ServiceProcess.TimeoutException (0x80131505)` },
    "StartPending",
  ]);
  expect(await ended("right after the start", "restart")).toEqual([{ unknown: `${down}it is Stopped afterwards` }, "Stopped"]);
  // Nothing was stopped: what a start did not do is refused, but for one that may still come.
  expect(await ended("at start", "start", "Stopped")).toEqual([{ unknown: "S: System.ComponentModel.Win32Exception (0x8007041d)" }, "Stopped"]);
  expect(await ended("right after the start", "start", "Stopped")).toEqual([{ unknown: `${told}it is Stopped afterwards` }, "Stopped"]);
  expect(await ended(undefined, "stop", "Stopped")).toEqual(["done", "Stopped"]);
  expect(controlled("lockstep found\nlockstep acted\nlockstep stopped\n", "S", "restart")).toEqual({ unknown: expect.stringMatching(`^${down}.*cut`) });
});
test("law: what runs as somebody else, or as nobody with a password, is left as it is", async () => {
  expect([
    await run(logon("service", "Other")),
    await run(logon("pool", "Default")),
    await run(logon("service", "None")),
    await run(logon("task", "\\None")),
    await run(service("None", "stop")),
  ]).toEqual([
    { refused: "the service Other runs as DOMAIN\\other, not as .\\svc_app: it was left as it is" },
    { refused: "the application pool Default keeps no password of an account" },
    { refused: "there is no service None" },
    { refused: expect.stringContaining("there is no scheduled task \\None") },
    { refused: "there is no service None" },
  ]);
  expect([...server.machine.keepers.values()].some((k) => k.password === NEW)).toBe(false);
});
test("without the right, with a wrong administrator, at another machine: said so, and nothing was done", async () => {
  server.machine.find(weak.name)!.groups = ["Remote Management Users"];
  expect([
    await run(logon("service", "Billing"), weak),
    await run(logon("pool", "Shop Pool"), weak),
    await run(service("Billing", "stop"), weak),
  ]).toEqual([
    { refused: expect.stringContaining("right to do it is missing") },
    { refused: expect.stringContaining("right") },
    { refused: expect.stringContaining("right to do it is missing") },
  ]);
  expect(await run(logon("service", "Billing"), { ...ADMINISTRATOR, password: "Wrong-1" })).toMatchObject({ not_sent: "auth_of_as" });
  const stranger = await at().impostor();
  expect(await run(logon("service", "Billing"), ADMINISTRATOR, stranger.address.port)).toMatchObject({ not_sent: "identity" });
  expect([stranger.shown(), server.machine.keepers.get("service Billing")]).toEqual([[], { as: ".\\svc_app", password: OLD, state: "Running" }]);
  stranger.close();
});
test("a trial looks and changes nothing", async () => {
  const before = JSON.stringify([...server.machine.keepers]);
  expect([await rehearse(logon("service", "Billing")), await rehearse(service("Billing", "stop"))]).toEqual(
    Array(2).fill({ ok: true, identity: server.fingerprint }),
  );
  expect(
    [
      await rehearse(logon("task", "\\None")),
      await rehearse(logon("service", "Other")),
      await rehearse(service("None", "stop")),
      await rehearse(service("Billing", "reload")),
      await rehearse(service("Billing", "stop"), weak),
      await rehearse(service("Billing", "stop"), { ...ADMINISTRATOR, password: "Wrong-2" }),
    ].map((r) => (r.ok ? "ok" : [r.stage, r.why])),
  ).toEqual([
    ["right", expect.stringContaining("no scheduled task")],
    ["right", expect.stringContaining("runs as DOMAIN\\other")],
    ["right", "there is no service None"],
    ["right", expect.stringContaining("no reload")],
    ["right", expect.stringContaining("administrator's rights")],
    ["login", expect.any(String)],
  ]);
  expect(JSON.stringify([...server.machine.keepers])).toBe(before);
});
test("law: wherever the wire is cut the answer is true, and no secret stands in a command line", async () => {
  await using proxy = await faultProxy(server.port);
  expect(await run(logon("service", "Billing"), ADMINISTRATOR, proxy.port)).toBe("done");
  const whole = proxy.up,
    kinds = new Set<string>();
  for (let cut = 0; cut <= whole + 40; cut += Math.ceil(whole / 10)) {
    const k = server.machine.keepers.get("service Billing")!;
    k.password = OLD;
    proxy.heal();
    proxy.cutAfterUp(cut);
    const r = await run(logon("service", "Billing"), ADMINISTRATOR, proxy.port),
      kind = typeof r === "string" ? r : Object.keys(r)[0]!;
    kinds.add(kind);
    expect([kind, k.password === NEW], `cut at ${cut}`).toSatisfy(([what, set]) =>
      what === "done" ? set : what === "not_sent" ? !set : what === "unknown",
    );
  }
  expect([kinds.has("not_sent"), kinds.has("refused"), server.commands().join("\n").includes(NEW), server.log().includes(NEW)]).toEqual([
    true,
    false,
    false,
    false,
  ]);
});
test("names that mean more than a name are not sent", async () => {
  const before = server.commands().length;
  for (const name of ["", " a", "a*", "a?", "[a]", "a\nb", 'a"b', "x".repeat(241)])
    expect([name, await run(logon("service", name)), await run(service(name, "stop"))]).toEqual([
      name,
      ...Array<unknown>(2).fill({ refused: expect.stringContaining("not the name") }),
    ]);
  expect([
    await run({ does: "rewrite", path: "/a", line: "x {{password}}", form: "plain" }),
    await run({ does: "steps", list: "a", account: "b" }),
    server.commands().length,
  ]).toEqual([{ refused: expect.stringContaining("not done on Windows") }, { refused: expect.stringContaining("not done on Windows") }, before]);
});
describe("answers", () => {
  test("are read whole, by number; before anything was done an error is a no, afterwards it is not known", () => {
    const e = (code: string, before = "lockstep found\r\n") => `${before}lockstep error ${code} System.X\r\n`,
      kind = (r: unknown) => (typeof r === "string" ? r : Object.keys(r as object)[0]);
    expect(
      [
        e("80070005"),
        e("deadbeef"),
        e("deadbeef", ""),
        e("80070424", ""),
        e("80070005", "lockstep found\nlockstep acted\n"),
        e("deadbeef", "lockstep found\nlockstep acted\nlockstep stopped\n"),
        e("800706be"),
        "lockstep found\nlockstep acted\nlockstep stopped\nlockstep state Stopped",
        "",
        "lockstep cut",
        "lockstep found",
        "lockstep found\nlockstep state Running",
        "lockstep found\nlockstep state Stopped",
      ].map((t) => kind(controlled(t, "a", "restart"))),
    ).toEqual(["refused", "refused", "refused", "refused", ...Array<string>(7).fill("unknown"), "done", "refused"]);
    expect(
      [
        e("80070005"),
        e("deadbeef"),
        e("80070002", ""),
        "",
        "lockstep found\nlockstep change 0",
        "lockstep found\nlockstep change 22",
        "lockstep other",
        "lockstep other QQ==",
      ].map((t) => kind(given(t, "service", "a", "b"))),
    ).toEqual(["refused", "unknown", "refused", "unknown", "done", "refused", "unknown", "refused"]);
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 80 }), (t) => {
        if (!/change 0|state/.test(t)) {
          expect([controlled(t, "a", "stop"), given(t, "task", "a", "b")]).not.toContain("done");
          expect([there(t, "a"), fitting(t, "pool", "a", "b")]).not.toContain(undefined);
        }
      }),
    );
  });
  test("no script holds a value, a double quote or a line break, and all fit into a command line", () => {
    for (const [name, text] of Object.entries(FOLLOW))
      expect([name, /["\r\n]/.test(text), Buffer.from(text, "utf16le").toString("base64").length < 8_000]).toEqual([name, false, true]);
  });
});
