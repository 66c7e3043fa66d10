/**
 * A host in a DMZ: a machine with a network of its own, from which only the broker's port can be reached and into which nothing comes. Rule: it
 * makes one pair of interfaces with addresses of its own and removes it; whoever tests the wall asserts it.
 */
import { randomBytes } from "node:crypto";
import { beforeExit } from "./processes.ts";
import { bootScript, setupFiles, setupScript, type LinuxOptions } from "./linux-setup.ts";
import { machine, type Machine } from "./machine.ts";
import { HOST_PACKAGES, needs } from "./needs.ts";
import { diskWithNode } from "./node-inside.ts";
import { must, run } from "./run.ts";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export type Dmz = AsyncDisposable & {
  readonly box: Machine;
  /** Of the broker's side and of the host's. */ readonly broker: string;
  readonly host: string;
  shadow(user: string): string;
  opens(user: string, password: string): Promise<boolean>;
  destroy(): Promise<void>;
};

/** Out: the broker's port alone. In: nothing but answers. */
const wall = (broker: string, port: number): string => `table inet wall {
  chain in { type filter hook input priority 0; policy drop;
    iif lo accept
    ct state established,related accept
    reject with tcp reset
  }
  chain out { type filter hook output priority 0; policy drop;
    oif lo accept
    ct state established,related accept
    ip daddr ${broker} tcp dport ${port} accept
    reject with icmpx type admin-prohibited
  }
}
`;
const CRYPT = 'local $/ = "\\0"; chomp(my ($hash, $password) = <STDIN>); exit(crypt($password, $hash) eq $hash ? 0 : 3)';

/** `port`: of the broker, on `broker`. */
export const dmz = async (o: LinuxOptions, port: number): Promise<Dmz> => {
  await needs({ linux: true, root: true, debian: [...HOST_PACKAGES, "nftables", "curl"], namespaces: true }, "A host in a DMZ");
  const tag = randomBytes(3).toString("hex"),
    name = `lockstep-dmz-${tag}`,
    net = `10.${64 + (parseInt(tag.slice(0, 2), 16) % 64)}.${parseInt(tag.slice(2, 4), 16)}`,
    broker = `${net}.1`,
    host = `${net}.2`;
  const remove = (): void => {
      spawnSync("ip", ["netns", "del", name]);
      spawnSync("ip", ["link", "del", `ls${tag}a`]);
    },
    forget = beforeExit(remove);
  await must("ip", ["netns", "add", name]);
  await must("ip", ["link", "add", `ls${tag}a`, "type", "veth", "peer", "name", "dmz0", "netns", name]);
  for (const [inside, args] of [
    [false, ["addr", "add", `${broker}/30`, "dev", `ls${tag}a`]],
    [false, ["link", "set", `ls${tag}a`, "up"]],
    [true, ["addr", "add", `${host}/30`, "dev", "dmz0"]],
    [true, ["link", "set", "dmz0", "up"]],
    [true, ["link", "set", "lo", "up"]],
  ] as const) {
    await must("ip", [...(inside ? ["-n", name] : []), ...args]);
  }
  const rules = await run("ip", ["netns", "exec", name, "nft", "-f", "-"], { stdin: wall(broker, port) });
  if (rules.code !== 0) throw new Error(`nft: ${rules.stderr}`);
  const box = await machine({
    name: o.name,
    boot: bootScript(22),
    setup: setupScript(o),
    files: setupFiles(o),
    ready: /Server listening on 127\.0\.0\.1 port/,
    network: name,
    dir: await diskWithNode(`dmz-${tag}`, {}),
  });
  await box.start();
  const shadow = (user: string): string => {
    const own = join(box.upper, "etc/shadow"),
      line = readFileSync(existsSync(own) ? own : "/etc/shadow", "utf8")
        .split("\n")
        .find((l) => l.startsWith(`${user}:`));
    if (line === undefined) throw new Error(`There is no account ${user}.`);
    return line.split(":")[1] ?? "";
  };
  const destroy = async (): Promise<void> => {
    await box.destroy();
    forget();
    remove();
  };
  return {
    box,
    broker,
    host,
    shadow,
    destroy,
    [Symbol.asyncDispose]: destroy,
    opens: async (user, password) => {
      const hash = shadow(user);
      return !/^[!*]|^$/.test(hash) && (await run("perl", ["-e", CRYPT], { stdin: `${hash}\0${password}\0` })).code === 0;
    },
  };
};
