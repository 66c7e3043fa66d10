/**
 * `npm run bare`: README's commands on a Debian 12 that has nothing but Node and npm, as root and without. `-- --tests [FILES…]` runs `npm test`
 * there too. Rule: a fresh clone of what is committed; every claim is a step, and a step says what it saw.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { rootOf } from "../../src/core.ts";
import { needs } from "../../test/lab/needs.ts";
import { must } from "../../test/lab/run.ts";
import { bare, type Bare } from "./machine.ts";
import { steps, type Step } from "./steps.ts";

const clone = async (machine: Bare): Promise<string> => {
  const root = rootOf();
  for (const name of ["lockstep", "fresh"]) await must("git", ["clone", "-q", "--no-hardlinks", root, path.join(machine.dir, "root", name)]);
  return (await must("git", ["-C", root, "log", "-1", "--format=%h of %cs"])).trim();
};

const walk = async (machine: Bare, all: readonly Step[]): Promise<boolean> => {
  for (const { what, script, alone, want } of all) {
    const ran = await machine.at(script, { alone: alone === true }), good = want(ran);
    console.log(`${good ? "ok  " : "FAIL"} ${what} (${ran.seconds} s)`);
    writeFileSync(path.join(rootOf(), ".bare", `${what.replace(/\W+/g, "-")}.log`), ran.out);
    if (!good) { console.log(ran.out.split("\n").slice(-40).join("\n")); return false; }
  }
  return true;
};

const main = async (): Promise<number> => {
  const at = process.argv.indexOf("--tests"), dir = path.join(rootOf(), ".bare");
  await needs({ debian: ["debootstrap", "git", "util-linux", "iproute2"], root: true, linux: true, namespaces: true }, "The bare machine");
  if (!existsSync(dir)) mkdirSync(dir);
  const machine = await bare(path.join(dir, "base"), path.join(dir, "machine"));
  console.log(`Debian 12 (minbase), Node ${machine.node}, commit ${await clone(machine)}`);
  const good = await walk(machine, steps(at < 0 ? null : process.argv.slice(at + 1)));
  if (good) rmSync(machine.dir, { recursive: true, force: true });
  return good ? 0 : 1;
};
process.exit(await main().catch((e: unknown) => { console.error(e instanceof Error ? e.message : String(e)); return 1; }));
