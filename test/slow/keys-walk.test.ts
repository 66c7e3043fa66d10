/** Accounts that log in by keys, as their people meet them: told, adopted, used over the proxy, shown, changed. Rule: what is in force is what stands on the host's disk. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { confirmChange, putPolicy } from "../../src/flow/people.ts";
import { Secret } from "../../src/kernel/secret.ts";
import * as people from "../../src/store/people.ts";
import { connectSsh, exec } from "../../src/wires/ssh.ts";
import { connectors } from "../../src/connectors/index.ts";
import type { Connector } from "../../src/connectors/connector.ts";
import { linuxKeys } from "../../src/connectors/linux-keys.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { directLink } from "../../src/links/direct.ts";
import { blobOf, freshKey, lineFor } from "../connectors/linux-keys-world.ts";
import { faultProxy, type FaultProxy } from "../lab/fault-proxy.ts";
import { until, world, type World } from "../e2e/world.ts";

describe("a host whose accounts have keys", () => {
  let w: World;
  const root = freshKey(), file = async (name: string): Promise<string> => (await w.host.exec(`cat ~${name}/.ssh/authorized_keys`)).stdout, vault = (name: string) => w.vault(`${name}@web-keys`);
  const admin = (method: string, at: string, body: Record<string, unknown>) => w.ok("operator", method, at, body);
  beforeAll(async () => {
    w = await world({ accounts: 2, host: { authorizedKey: lineFor(root, "ops@desk") } });
    const id = (name: string) => w.caller(name).person.id, { deps } = w.core, who = { targets: ["web-keys"], requesters: [id("requester")], approvers: [id("approver")] };
    for (const preset of ["session", "release"] as const) await putPolicy(deps, w.caller("operator"), { name: `keys by ${preset}`, terms: { preset, maxMinutes: 120, reconnectGraceSeconds: 0 }, binding: { ...who, accountNames: [preset === "session" ? w.names[0]! : w.names[1]!] } });
    for (const c of await people.openChanges(deps.db)) await confirmChange(deps, w.caller("auditor"), c.id);
    await admin("POST", "/targets", { name: "web-keys", platform: "linux-keys", host: w.host.host, port: w.host.port, settings: { hostKeys: [w.host.hostKey] } });
  }, 180_000);
  afterAll(() => w?.close());

  test("a password is refused as what it is not; the key that root has is told, and every account is adopted through it", async () => {
    const wrong = await w.api("operator", "POST", "/accounts", { target: "web-keys", login: "root", password: "Not-A-Key-1!" });
    expect([wrong.status, wrong.body["detail"]]).toEqual([422, expect.stringContaining("give a private key")]);
    const { id } = await admin("POST", "/accounts", { target: "web-keys", login: "root", password: root, adopt: true });
    await admin("PATCH", "/targets/web-keys", { administrative: id });
    const managed = (name: string) => until(`${name} is managed`, async () => (await admin("GET", `/accounts/${name}@web-keys`, undefined as never))["credential"] === "in_sync", 60_000);
    await managed("root");
    expect(await file("root")).toMatch(new RegExp(`^ssh-ed25519 ${blobOf(await vault("root")).replaceAll("+", "\\+")} ops@desk lockstep:acc_\\w+\\n$`));
    for (const name of w.names) { await admin("POST", "/accounts", { target: "web-keys", login: name, adopt: true }); await managed(name); }
    expect(await file(w.names[0]!)).toContain(blobOf(await vault(w.names[0]!)));
    expect(JSON.stringify((await admin("GET", "/password-violations", undefined as never))["items"])).not.toContain("web-keys");
  }, 120_000);

  test("a session goes in by the key, which nobody sees; at its end the key is another one", async () => {
    const name = w.names[0]!, account = `${name}@web-keys`, before = await file(name);
    await w.access(account);
    const ran = await w.run(account, ["id -un; cat .ssh/authorized_keys"]);
    expect([ran.code, ran.out, ran.err]).toEqual([0, `${name}\n${before}`, ""]);
    await until("the key is another one", async () => { const now = await file(name); return now !== before && now.trim().split("\n").length === 1; });
    await w.settled(account);
    expect(await file(name)).toContain(blobOf(await vault(name)));
  }, 60_000);

  test("shown where the policy says so: a text that opens the host with a client of one's own, until it is given back", async () => {
    const name = w.names[1]!, account = `${name}@web-keys`, request = await w.access(account), shown = String((await w.ok("requester", "POST", `/requests/${request}/release`, {}))["password"]);
    const dial = () => connectSsh({ link: directLink({ host: w.host.host, port: w.host.port }), username: name, auth: { privateKey: Secret.of(shown) }, hostKeys: [w.host.hostKey], timeoutMs: 10_000, signal: AbortSignal.timeout(10_000) });
    const client = await dial();
    expect((await exec(client, "id -un", { signal: AbortSignal.timeout(5_000), timeoutMs: 5_000 })).stdout).toBe(`${name}\n`);
    client.end();
    await w.ok("requester", "POST", `/requests/${request}/give-back`, {});
    await until("it was changed", async () => !(await file(name)).includes(blobOf(shown)));
    await expect(dial()).rejects.toMatchObject({ kind: "auth" });
    const spoken = JSON.stringify(await w.events()) + w.log.join("\n");
    for (const secret of [root, shown, await vault(name)]) for (const line of secret.split("\n").filter((l) => l.length > 20 && !l.startsWith("-----")).slice(1)) expect(spoken.includes(line)).toBe(false);
  }, 60_000);
});

describe("law: I1 — a change that is cut between its two writes", () => {
  let w: World, wire: FaultProxy, armed = false;
  const root = freshKey();
  beforeAll(async () => {
    const all = new Map(connectors(systemRandom)), struck = linuxKeys(systemRandom, (which) => { if (armed && which === "only") { armed = false; wire.reset(); } });
    all.set("linux-keys", struck as Connector);
    w = await world({ accounts: 1, host: { authorizedKey: lineFor(root) }, over: { connectors: all } });
    wire = await faultProxy(w.host.port);
    await w.ok("operator", "POST", "/targets", { name: "web-keys", platform: "linux-keys", host: w.host.host, port: wire.port, settings: { hostKeys: [w.host.hostKey] } });
  }, 180_000);
  afterAll(async () => { await w?.close(); await wire?.close(); });

  test.each([["with an administrative account", true], ["by the account itself", false]])("%s: both keys are there, and the same new one is brought to its end", async (_how, admin) => {
    const name = admin ? w.names[0]! : "root", account = `${name}@web-keys`, file = async () => (await w.host.exec(`cat ~${name}/.ssh/authorized_keys`)).stdout.trim().split("\n");
    const managed = () => until(`${account} is managed`, async () => (await w.ok("operator", "GET", `/accounts/${account}`))["credential"] === "in_sync");
    const versions = async () => ((await w.ok("operator", "GET", `/accounts/${account}/history`))["versions"] as unknown as unknown[]).length;
    if (admin) {
      const { id } = await w.ok("operator", "POST", "/accounts", { target: "web-keys", login: "root", password: root, adopt: true });
      await until("root is managed", async () => (await w.ok("operator", "GET", "/accounts/root@web-keys"))["credential"] === "in_sync");
      await w.ok("operator", "PATCH", "/targets/web-keys", { administrative: id });
      await w.ok("operator", "POST", "/accounts", { target: "web-keys", login: name, adopt: true });
    } else await w.ok("operator", "PATCH", "/targets/web-keys", { administrative: null });
    await managed();
    const before = await versions(), old = await w.vault(account);
    armed = true;
    await w.ok("operator", "POST", `/accounts/${account}/rotate`, { reason: "to be cut" });
    await until("it was cut with both in place", async () => !armed && (await file()).length === 2);
    await until("and brought to its end", async () => (await file()).length === 1 && !(await file())[0]!.includes(blobOf(old)));
    await w.settled(account);
    expect([(await file())[0]!.includes(blobOf(await w.vault(account))), await versions()]).toEqual([true, before + 1]);
    expect((await w.host.exec("ls ~root/.ssh")).stdout).toBe("authorized_keys\n");
  }, 120_000);
});
