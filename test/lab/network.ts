/** A network of two: this machine and one lab machine. Rule: addresses of a range of their own (10.99.0.0/16), gone with whoever made them. */
import { randomInt } from "node:crypto";
import { beforeExit } from "./processes.ts";
import { must, run } from "./run.ts";
import { spawnSync } from "node:child_process";

export type Network = { readonly name: string; readonly here: string; readonly there: string; remove(): Promise<void> };

/** The pid is part of the names, so nobody takes another's away; a pair of addresses that is taken already is left to whoever has it. */
export const network = async (tries = 8): Promise<Network> => {
  const n = randomInt(1, 250), m = randomInt(0, 60) * 4, tag = `${process.pid.toString(36)}${n.toString(36)}${m.toString(36)}`, name = `lockstep-lab-${tag}`;
  const [here, there] = [`10.99.${n}.${m + 1}`, `10.99.${n}.${m + 2}`], veth = `ll${tag}`.slice(0, 14);
  if ((await run("ip", ["-br", "addr"])).stdout.includes(`10.99.${n}.`) && tries > 1) return network(tries - 1);
  await must("ip", ["netns", "add", name]);
  const forget = beforeExit(() => { spawnSync("ip", ["netns", "del", name]); });
  await must("ip", ["link", "add", veth, "type", "veth", "peer", "name", "eth0", "netns", name]);
  await must("ip", ["addr", "add", `${here}/30`, "dev", veth]);
  await must("ip", ["link", "set", veth, "up"]);
  for (const args of [["link", "set", "lo", "up"], ["addr", "add", `${there}/30`, "dev", "eth0"], ["link", "set", "eth0", "up"]]) await must("ip", ["-n", name, ...args]);
  return { name, here, there, remove: async () => { forget(); await run("ip", ["netns", "del", name]); } };
};
