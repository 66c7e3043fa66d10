/**
 * The demo's closed networks: a host in a DMZ that reaches the broker's port and nothing else, with an agent of its own, and an island behind a gateway.
 * Rule: root on Linux alone, in network namespaces that end with the demo; the broker stays on its loopback address, and its port is shown to each
 * network by a door of the demo's own.
 */
import { randomBytes } from "node:crypto";
import { connect, createServer, type Server } from "node:net";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Broker } from "../../src/app.ts";
import { fingerprintOf } from "../../src/crypto/envelope.ts";
import { addAccount, adopt } from "../../src/flow/accounts.ts";
import { allowAgent } from "../../src/flow/agent-moves.ts";
import { adoptFound } from "../../src/flow/discovery-adopt.ts";
import type { Caller } from "../../src/flow/record.ts";
import { addTarget, changeTarget } from "../../src/flow/targets.ts";
import type { AccountId, TargetId } from "../../src/kernel/ids.ts";
import { Secret } from "../../src/kernel/secret.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as agents from "../../src/store/agents.ts";
import * as discoveries from "../../src/store/discoveries.ts";
import { publicLine } from "../../src/wires/ssh.ts";
import { runProgram } from "../../test/lab/agent-program.ts";
import { enrolmentToken } from "../../test/lab/agent-token.ts";
import { dmz } from "../../test/lab/dmz.ts";
import { linuxHost } from "../../test/lab/host.ts";
import { network } from "../../test/lab/network.ts";
import { must } from "../../test/lab/run.ts";
import { bundleAgent } from "../agent/bundle.ts";

/** Of the broker, as agents know it. */
const PORT = 8_282, PATIENCE = 60_000;
export const DMZ = "dmz-1", ISLAND = "island-1", ACCOUNT = { dmz: "kiosk", island: "plant" } as const;
export type Closed = { readonly ids: readonly AccountId[]; readonly hostKey: string; readonly address: string; close(): Promise<void> };

const until = async <T>(what: string, look: () => Promise<T | undefined | null | false>): Promise<T> => {
  for (const end = Date.now() + PATIENCE; ; await new Promise((r) => { setTimeout(r, 100); })) {
    const got = await look();
    if (got !== undefined && got !== null && got !== false) return got;
    if (Date.now() > end) throw new Error(`The demo's closed networks did not come up: ${what}.`);
  }
};
/** `host`: this machine's address on that network. */
const door = async (host: string, to: number): Promise<Server> => {
  const server = createServer((here) => {
    const there = connect(to, "127.0.0.1");
    for (const [one, other] of [[here, there], [there, here]] as const) one.on("error", () => undefined).once("close", () => other.destroy());
    here.pipe(there).pipe(here);
  });
  await new Promise<void>((done, fail) => { server.once("error", fail).listen(PORT, host, done); });
  return server;
};
const here = (broker: Broker, name: string) => until(`${name} is connected`, async () =>
  (await agents.all(broker.core.deps.db)).find((a) => a.name === name && a.state === "active" && broker.core.deps.tunnel.heard(a.id) !== null));

type Ground = { readonly broker: Broker; readonly operator: Caller; readonly home: string; readonly port: number; readonly key: string; readonly closers: (() => Promise<unknown> | void)[] };

/** Its accounts are known by its agent alone: no administrative password of it stands in the vault. */
const raiseDmz = async (g: Ground): Promise<AccountId[]> => {
  const { broker: { core: { deps } }, operator } = g, lab = await dmz({ name: DMZ, accounts: { [ACCOUNT.dmz]: randomBytes(12).toString("base64url") } }, PORT);
  g.closers.push(() => lab.destroy());
  const way = await door(lab.broker, g.port), file = join(g.home, "agent.mjs");
  g.closers.push(() => { way.close(); });
  await bundleAgent(file);
  const inside = async (command: string, stdin = ""): Promise<void> => {
    const r = await lab.box.exec(command, stdin);
    if (r.code !== 0) throw new Error(`${DMZ}: ${(r.stderr || r.stdout).trim().slice(-400)}`);
  };
  await inside("cat > /opt/lockstep-agent.mjs", readFileSync(file, "utf8"));
  const program = "/opt/node /opt/lockstep-agent.mjs", facts = `--server ${lab.broker} --port ${PORT} --user ${operator.person.name} --broker-key ${g.key} --tls off --host-name ${DMZ}`;
  await inside(`${program} enroll ${facts}`, await enrolmentToken(deps, operator, "agent"));
  await inside(`setsid ${program} run >/var/log/agent.log 2>&1 </dev/null &`);
  const target = (await here(g.broker, DMZ)).target as TargetId;
  await until(`the accounts of ${DMZ} are listed`, async () => (await discoveries.found(deps.db, target)).some((f) => f.name === ACCOUNT.dmz));
  await changeTarget(deps, operator, target, { tags: ["web"] });
  await adoptFound(deps, operator, target, [ACCOUNT.dmz]);
  return [(await accounts.named(deps.db, `${ACCOUNT.dmz}@${DMZ}`))!.id];
};

const raiseIsland = async (g: Ground): Promise<{ ids: AccountId[]; hostKey: string; address: string }> => {
  const { broker: { core: { deps } }, operator } = g, net = await network(), island = `${net.name}-i`, [inner, address] = ["10.99.254.1", "10.99.254.2"], root = randomBytes(12).toString("base64url");
  g.closers.push(() => net.remove());
  await must("ip", ["netns", "add", island]);
  g.closers.push(() => must("ip", ["netns", "del", island]));
  await must("ip", ["-n", net.name, "link", "add", "i0", "type", "veth", "peer", "name", "eth0", "netns", island]);
  for (const [ns, dev, at] of [[net.name, "i0", inner], [island, "eth0", address]] as const) {
    for (const args of [["addr", "add", `${at}/30`, "dev", dev], ["link", "set", dev, "up"], ["link", "set", "lo", "up"]]) await must("ip", ["-n", ns, ...args]);
  }
  const host = await linuxHost({ name: ISLAND, rootPassword: root, accounts: { [ACCOUNT.island]: randomBytes(12).toString("base64url") }, network: { name: island, address } }), way = await door(net.here, g.port);
  g.closers.push(() => host.destroy(), () => { way.close(); });
  const token = await enrolmentToken(deps, operator, "gateway");
  const gateway = await runProgram({ within: ["ip", "netns", "exec", net.name], dir: g.home, name: "island-gw", server: net.here, port: PORT, user: operator.person.name, brokerKey: g.key, token, mode: "gateway", tls: "off" });
  g.closers.push(() => gateway.stop());
  const { id } = await here(g.broker, "island-gw");
  await allowAgent(deps, operator, id, [`${address}:22`]);
  const target = await addTarget(deps, operator, { name: ISLAND, platform: "linux-ssh", host: address, port: 22, through: ["island-gw"], settings: { hostKeys: [host.hostKey] }, tags: ["web"] });
  const chief = await addAccount(deps, operator, { target: target.id, name: "root", password: Secret.of(root) });
  await changeTarget(deps, operator, target.id, { administrative: chief.id });
  await adopt(deps, operator, chief.id);
  return { ids: [chief.id, (await addAccount(deps, operator, { target: target.id, name: ACCOUNT.island, adopt: true })).id], hostKey: host.hostKey, address };
};

/** Root on Linux has them; anybody else hears why not, and has the rest. */
export const closedFor = async (broker: Broker, operator: Caller, home: string, said: (line: string) => void): Promise<Closed | null> => {
  said("Closing off two networks: dmz-1 behind its own agent, island-1 behind a gateway …");
  try { return await raiseClosed(broker, operator, home); } catch (e) {
    said(`They are left out: ${e instanceof Error ? e.message : String(e)}`);
    return null;
  }
};

/** As the demo's own page of access tells of hosts and accounts. */
export const tellClosed = (c: Closed, policy: string) => ({
  targets: [
    { name: DMZ, host: "localhost", port: 22, hostKey: "", rotatedBy: "its own agent; no password of its administrators is kept" },
    { name: ISLAND, host: c.address, port: 22, hostKey: c.hostKey, rotatedBy: "root, through the gateway island-gw" },
  ],
  accounts: [{ name: ACCOUNT.dmz, target: DMZ, policy }, { name: "root", target: ISLAND, policy }, { name: ACCOUNT.island, target: ISLAND, policy }],
});

/** Their accounts are on their way to being managed when it returns. */
export const raiseClosed = async (broker: Broker, operator: Caller, home: string): Promise<Closed> => {
  const closers: Ground["closers"] = [], key = fingerprintOf(publicLine(readFileSync(broker.core.places.agentKey, "utf8"))), g: Ground = { broker, operator, home, port: Number(new URL(broker.origin).port), key, closers };
  const close = async (): Promise<void> => { for (const fn of closers.reverse()) await fn(); closers.length = 0; };
  try {
    const one = await raiseDmz(g), two = await raiseIsland(g);
    return { ids: [...one, ...two.ids], hostKey: two.hostKey, address: two.address, close };
  } catch (e) { await close(); throw e; }
};
