/**
 * Drivers that do not come with Lockstep, for tests that show what is made of them. Rule: the pinned version, in a directory of its own; nothing of
 * the checkout changes.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { DRIVERS, type Driver } from "../../src/wires/drivers.ts";
import { must } from "./run.ts";
import { scratch } from "./scratch.ts";

const there = new Map<Driver, Promise<string>>();
const install = async (d: Driver): Promise<string> => {
  const dir = await scratch(`driver-${d}`, false);
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, "package.json"), JSON.stringify({ name: "drivers", private: true }));
  // npm as whoever runs this has it set up: its registry, its way there.
  const env = Object.fromEntries(Object.entries(process.env).filter((e): e is [string, string] => e[1] !== undefined && e[0] !== "NODE_OPTIONS"));
  await must("npm", ["install", "--prefix", dir, "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", `${d}@${DRIVERS[d]}`], { env });
  return join(dir, "package.json");
};
/** The package.json beside it: what a process of its own finds it by. */
export const driverHome = (d: Driver): Promise<string> => {
  const home = there.get(d) ?? install(d);
  there.set(d, home);
  return home;
};
/** `file`: one of the package's own, where the package itself is not what is wanted. */
export const driver = async <T>(d: Driver, file = ""): Promise<T> => createRequire(await driverHome(d))(`${d}${file}`) as T;
