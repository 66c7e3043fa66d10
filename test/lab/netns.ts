/**
 * Machines on networks of their own, with a firewall between them, as network namespaces. Rule: everything is inside namespaces of this lab's own
 * names; the machine's own interfaces, routes and firewall are never touched, and whoever tests a block asserts it.
 *
 *   broker 10.99.10.2 ── core ── gw (firewall) 10.99.10.254 │ 10.99.20.254 ── dmz ── agent 10.99.20.5
 *                                gateway 10.99.10.7, 10.99.30.7 ── iso ── island 10.99.30.5
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { needs, NETNS_PACKAGES } from "./needs.ts";
import { beforeExit } from "./processes.ts";
import { must, run, type Outcome } from "./run.ts";

export type Role = "broker" | "gw" | "gateway" | "agent" | "island";
const ROLES: readonly Role[] = ["broker", "gw", "gateway", "agent", "island"];
const BRIDGES = ["core", "dmz", "iso"] as const;
export const ADDRESS = { broker: "10.99.10.2", gateway: "10.99.10.7", inner: "10.99.30.7", agent: "10.99.20.5", island: "10.99.30.5" } as const;
/** Role, interface, bridge, address. */
const PLUGS: readonly (readonly [Role, string, (typeof BRIDGES)[number], string])[] = [
  ["broker", "c0", "core", `${ADDRESS.broker}/24`], ["gw", "c0", "core", "10.99.10.254/24"], ["gw", "d0", "dmz", "10.99.20.254/24"],
  ["gateway", "c0", "core", `${ADDRESS.gateway}/24`], ["gateway", "i0", "iso", `${ADDRESS.inner}/24`], ["agent", "d0", "dmz", `${ADDRESS.agent}/24`], ["island", "i0", "iso", `${ADDRESS.island}/24`],
];
/** From the DMZ to the broker's port and nowhere else; nothing is forwarded to the island, and nobody has a route there. */
const firewall = (port: number): string => `table inet fw {
  chain forward { type filter hook forward priority 0; policy drop;
    ct state established,related accept
    iifname "d0" oifname "c0" ip daddr ${ADDRESS.broker} tcp dport ${port} accept
    counter reject with icmpx type admin-prohibited
  }
}
`;
/** What leaves the broker's machine for the other networks. */
const COUNTERS = `table inet seen {
  counter island { }
  counter dmz { }
  chain out { type filter hook output priority 0; policy accept;
    ip daddr 10.99.30.0/24 counter name island
    ip daddr 10.99.20.0/24 ct state new counter name dmz
  }
}
`;

export type Netns = AsyncDisposable & {
  readonly tag: string; readonly port: number;
  /** "reached", or how the network said no. */
  reaches(role: Role, host: string, at: number): Promise<string>;
  /** The name below /run/netns. */
  nameOf(role: Role): string;
  /** What to write before a command so that it runs there. */
  within(role: Role): string[];
  run(role: Role, argv: readonly string[], stdin?: string): Promise<Outcome>;
  start(role: Role, argv: readonly string[], env?: Readonly<Record<string, string>>): ChildProcess;
  /** Packets that left the broker's machine for the island; connections it began to the DMZ. */
  seen(what: "island" | "dmz"): Promise<number>;
  /** More rules, in one of the machines. */
  nft(role: Role, rules: string): Promise<void>;
  destroy(): Promise<void>;
};

const plug = async (sw: string, of: (role: Role) => string, i: number): Promise<void> => {
  const [role, name, bridge, address] = PLUGS[i]!, end = `p${i}`;
  await must("ip", ["-n", sw, "link", "add", end, "type", "veth", "peer", "name", name, "netns", of(role)]);
  await must("ip", ["-n", sw, "link", "set", end, "master", bridge, "up"]);
  await must("ip", ["-n", of(role), "addr", "add", address, "dev", name]);
  await must("ip", ["-n", of(role), "link", "set", name, "up"]);
};

/** Networks that stand already, by what their names begin with. */
export const netnsOf = (tag: string, port: number): Netns => {
  const of = (role: Role): string => `${tag}-${role}`, within = (role: Role): string[] => ["ip", "netns", "exec", of(role)];
  const there = (role: Role, argv: readonly string[], stdin = ""): Promise<Outcome> => run("ip", ["netns", "exec", of(role), ...argv], { stdin });
  const destroy = (): Promise<void> => { remove(tag); return Promise.resolve(); };
  return {
    tag, port, nameOf: of, within, run: there, destroy, [Symbol.asyncDispose]: destroy,
    nft: async (role, rules) => {
      const said = await there(role, ["nft", "-f", "-"], rules);
      if (said.code !== 0) throw new Error(`nft in ${role}: ${said.stderr.trim()}`);
    },
    start: (role, argv, env = {}) => spawn("ip", ["netns", "exec", of(role), ...argv], { env: { PATH: process.env["PATH"] ?? "", ...env }, stdio: ["pipe", "pipe", "pipe"] }),
    reaches: async (role, host, at) => {
      const said = await there(role, ["timeout", "15", "bash", "-c", `exec 3<>/dev/tcp/${host}/${at}`]);
      return said.code === 0 ? "reached" : said.code === 124 ? "silence" : said.stderr.trim().split("\n")[0]!.replace(/^.*: /, "");
    },
    seen: async (what) => {
      const said = await there("broker", ["nft", "-j", "list", "counter", "inet", "seen", what]);
      return (JSON.parse(said.stdout) as { nftables: { counter?: { packets: number } }[] }).nftables.find((e) => e.counter)!.counter!.packets;
    },
  };
};

/** Only its own names, and what runs in them. */
const remove = (tag: string): void => {
  for (const name of ["sw", ...ROLES].map((role) => `${tag}-${role}`)) {
    for (const pid of spawnSync("ip", ["netns", "pids", name]).stdout.toString().split("\n").filter(Boolean).map(Number)) { try { process.kill(pid, "SIGKILL"); } catch { /* gone by itself */ } }
    spawnSync("ip", ["netns", "del", name]);
  }
};

/** `port`: the one of the broker that the firewall lets the DMZ through to. */
export const netns = async (port = 8_282): Promise<Netns> => {
  await needs({ linux: true, root: true, debian: NETNS_PACKAGES }, "A lab of several networks");
  const tag = `lockstep-net-${randomBytes(3).toString("hex")}`, n = netnsOf(tag, port), sw = `${tag}-sw`, forget = beforeExit(() => remove(tag));
  for (const name of [sw, ...ROLES.map(n.nameOf)]) { await must("ip", ["netns", "add", name]); await must("ip", ["-n", name, "link", "set", "lo", "up"]); }
  for (const bridge of BRIDGES) { await must("ip", ["-n", sw, "link", "add", bridge, "type", "bridge"]); await must("ip", ["-n", sw, "link", "set", bridge, "up"]); }
  for (let i = 0; i < PLUGS.length; i++) await plug(sw, n.nameOf, i);
  await must("ip", ["-n", n.nameOf("agent"), "route", "add", "default", "via", "10.99.20.254"]);
  await must("ip", ["-n", n.nameOf("broker"), "route", "add", "10.99.20.0/24", "via", "10.99.10.254"]);
  await must("ip", ["netns", "exec", n.nameOf("gw"), "sysctl", "-qw", "net.ipv4.ip_forward=1"]);
  await n.nft("gw", firewall(port));
  await n.nft("broker", COUNTERS);
  const destroy = async (): Promise<void> => { forget(); await n.destroy(); };
  return { ...n, destroy, [Symbol.asyncDispose]: destroy };
};
