/**
 * What a gateway carries: a directory over LDAPS, a device over Telnet, a Windows machine's stand-in over WinRM, each by its real connector from first
 * look to proven change, and listed. Rule: their names are known to the gateway alone, and what is in force is read where it is kept.
 */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AgentId } from "../../src/kernel/ids.ts";
import { helper, person, ROTATOR } from "../connectors/openldap-world.ts";
import { ADMINISTRATOR, local } from "../connectors/windows-world.ts";
import { hostless } from "../e2e/hostless.ts";
import { until, type World } from "../e2e/world.ts";
import { testAgent, type TestAgent } from "../lab/agent.ts";
import { enrolmentToken } from "../lab/agent-token.ts";
import { busybox, type Device } from "../lab/busybox.ts";
import { needs, NETNS_PACKAGES } from "../lab/needs.ts";
import { network, type Network } from "../lab/network.ts";
import { openLdap, PEOPLE, type OpenLdapServer } from "../lab/openldap.ts";
import { winrmServer, type WinrmServer } from "../lab/winrm.ts";

const ROOT = "Root-Pw-1!x9Qz", APP = "Old-Pw-1!x9Qz";
let w: World, net: Network, gateway: TestAgent, ldap: OpenLdapServer, windows: WinrmServer, device: Device;
type Way = { readonly host: string; readonly port: number; carried(): number };
const ways: Server[] = [], pairs: string[] = [];
/** The closed network's wire to a server of this machine: a gateway carries to no loopback. */
const wire = async (host: string, to: number): Promise<Way> => {
  let carried = 0;
  const server = createServer((here) => {
    carried += 1;
    const there = connect({ host: "127.0.0.1", port: to });
    for (const [one, other] of [[here, there], [there, here]] as const) one.on("error", () => other.destroy()).once("close", () => other.destroy()).pipe(other);
  });
  await once(server.listen(0, net.here), "listening");
  ways.push(server);
  const { port } = server.address() as AddressInfo;
  pairs.push(`${host}:${port}`);
  return { host, port, carried: () => carried };
};
let dir: Way, win: Way, box: Way;
beforeAll(async () => {
  await needs({ linux: true, root: true, debian: NETNS_PACKAGES }, "A gateway's network");
  net = await network();
  [ldap, windows, device] = await Promise.all([openLdap({ rotator: ROTATOR }), winrmServer(), busybox({ name: "behind", rootPassword: ROOT })]);
  [dir, win, box] = [await wire("dir.island.example", ldap.port), await wire("win.island.example", windows.port), await wire("box.island.example", device.telnetPort)];
  w = await hostless();
  const { deps } = w.core;
  gateway = testAgent({ origin: w.origin, brokerKeys: deps.brokerKeys.lines(), mode: "gateway", name: "gate", token: await enrolmentToken(deps, w.caller("operator"), "gateway"), resolve: () => Promise.resolve([net.here]) });
  await until("the gateway is in", () => gateway.standings.some((s) => s.state === "active"), 20_000);
}, 120_000);
afterAll(async () => {
  await gateway?.stop();
  await w?.close();
  for (const s of ways) s.close();
  await Promise.all([ldap?.destroy(), windows?.destroy(), device?.destroy()]);
  await net?.remove();
});

type Kind = { readonly platform: string; readonly way: Way; readonly settings?: object };
const add = async (name: string, { platform, way, settings }: Kind): Promise<void> => {
  const where = { platform, host: way.host, port: way.port, through: ["gate"] };
  const seen = settings && "over" in settings ? {} : (await w.ok("operator", "POST", "/targets/read-identity", where))["settings"];
  await w.ok("operator", "POST", "/targets", { name, ...where, settings: { ...(seen as object | undefined), ...settings } });
};
/** Tested, an account adopted and changed: what stands before and after a change that somebody asked for. */
const manage = async (target: string, admin: { name: string; password: string }, app: string): Promise<readonly [before: string, after: string]> => {
  const chief = await w.ok("operator", "POST", "/accounts", { target, login: admin.name, password: admin.password }), at = (name: string) => encodeURIComponent(`${name}@${target}`);
  await w.ok("operator", "PATCH", `/targets/${target}`, { administrative: chief["id"] });
  expect(await w.ok("operator", "POST", `/targets/${target}/test`, {})).toMatchObject({ ok: true });
  await w.ok("operator", "POST", "/accounts", { target, login: app, adopt: true });
  await w.settled(at(app));
  const before = await w.vault(`${app}@${target}`);
  await w.ok("operator", "POST", `/accounts/${at(app)}/rotate`, {});
  await until(`${app} has another password`, async () => (await w.vault(`${app}@${target}`)) !== before);
  await w.settled(at(app));
  expect(await w.ok("operator", "POST", `/accounts/${at(app)}/verify`, {})).toMatchObject({ verdict: "in_force" });
  return [before, await w.vault(`${app}@${target}`)];
};
const listed = async (target: string): Promise<string[]> => {
  const { id } = await w.ok("operator", "POST", `/targets/${target}/discoveries`, {});
  const d = await until(`${target} is listed`, async () => { const one = await w.ok("operator", "GET", `/discoveries/${String(id)}`); return one["done"] ? one : null; });
  expect(d).toMatchObject({ state: "done", why: null });
  return ((await w.ok("operator", "GET", `/targets/${target}/found?limit=100`))["items"] as unknown as { name: string }[]).map((f) => f.name);
};

test("law: carry-by-allow-list — the broker has no way there, and the gateway carries nothing before its list says so", async () => {
  const at = { platform: "openldap", host: dir.host, port: dir.port };
  expect((await w.api("operator", "POST", "/targets/read-identity", at)).text).toContain(`${dir.host}:${dir.port} cannot be reached: its name is not known`);
  expect((await w.api("operator", "POST", "/targets/read-identity", { ...at, through: ["gate"] })).text).toContain(`${dir.host}:${dir.port} is not on the list of what it may carry to`);
  expect([dir, win, box].map((x) => x.carried())).toEqual([0, 0, 0]);
  await w.ok("operator", "POST", `/agents/${gateway.id as AgentId}/allow`, { allow: pairs });
  await until("its list is there", () => gateway.carry.no() === 2, 10_000);
});

test("an OpenLDAP directory: its certificate read and pinned, an account adopted, changed, verified and listed", async () => {
  const rotator = await helper(ldap), app = await person(ldap);
  await add("dir-1", { platform: "openldap", way: dir, settings: { base: PEOPLE } });
  const [before, after] = await manage("dir-1", rotator, app.name);
  expect(await Promise.all([app.password, before, after].map((p) => ldap.fits(app.dn, p)))).toEqual([false, false, true]);
  expect(await listed("dir-1")).toContain(app.name);
  expect(dir.carried()).toBeGreaterThan(4);
}, 90_000);

test("a Windows machine over WinRM, by its stand-in: the same", async () => {
  windows.machine.add(ADMINISTRATOR.name, ADMINISTRATOR.password, "Administrators");
  const app = local(windows);
  await add("win-1", { platform: "windows-winrm", way: win });
  const [before, after] = await manage("win-1", ADMINISTRATOR, app.name);
  expect([app.password, before, after].map((p) => windows.machine.find(app.name)!.password === p)).toEqual([false, false, true]);
  expect(await listed("win-1")).toContain(app.name);
  expect(win.carried()).toBeGreaterThan(4);
}, 90_000);

test("a BusyBox device over Telnet: adopted, changed and verified in the clear that this wire is", async () => {
  await device.add("app1", APP);
  await add("box-1", { platform: "cli:busybox", way: box, settings: { over: "telnet", plaintext: true, hostKeys: [] } });
  const [before, after] = await manage("box-1", { name: "root", password: ROOT }, "app1");
  expect(await Promise.all([APP, before, after].map((p) => device.opens("app1", p)))).toEqual([false, false, true]);
  expect(box.carried()).toBeGreaterThan(4);
}, 90_000);
