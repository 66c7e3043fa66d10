/** Runs once before all tests. Rule: the first line refuses an old Node with a sentence; the migrated embedded database is made once per set of migrations and then only loaded, the programs that tests start once per run. */
import { ready } from "../scripts/ready.ts";
import { SUITE_PACKAGES } from "./lab/needs.ts";
import { programs } from "./lab/program.ts";
import { migrated } from "./store/migrated.ts";

export default async (): Promise<void> => {
  if (Number(process.versions.node.split(".")[0]) < 22) throw new Error(`Lockstep needs Node 22 or later; this is ${process.version}. Run it through npm: it brings its own.`);
  await ready(SUITE_PACKAGES, "The test suite");
  await Promise.all([migrated(), programs()]);
};
