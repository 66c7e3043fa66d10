/** Runs once before all tests. Rule: the first line refuses an old Node with a sentence; the migrated embedded database is made once per set of migrations and then only loaded. */
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { ready } from "../scripts/ready.ts";
import { SUITE_PACKAGES } from "./lab/needs.ts";

declare module "vitest" {
  export interface ProvidedContext { /** A tar of the migrated, empty embedded database. */ readonly migrated: string }
}

const ROOT = join(import.meta.dirname, "..");

/** Named by what it was made from, so an edited migration never meets an old copy. */
const migrated = async (): Promise<string> => {
  const hash = createHash("sha256");
  const sources = [...globSync("drizzle/*.sql", { cwd: ROOT }), "drizzle/meta/_journal.json", "node_modules/@electric-sql/pglite/package.json"];
  for (const file of sources.sort()) hash.update(readFileSync(join(ROOT, file)));
  const cache = join(ROOT, "node_modules/.cache"), file = join(cache, `lockstep-pglite-${hash.digest("hex").slice(0, 16)}.tar`);
  if (existsSync(file)) return file;
  const [{ PGlite }, { drizzle }, { migrate }] = await Promise.all([import("@electric-sql/pglite"), import("drizzle-orm/pglite"), import("drizzle-orm/pglite/migrator")]);
  const lite = await PGlite.create();
  await migrate(drizzle(lite), { migrationsFolder: join(ROOT, "drizzle") });
  const dump = Buffer.from(await (await lite.dumpDataDir("none")).arrayBuffer());
  await lite.close();
  mkdirSync(cache, { recursive: true });
  writeFileSync(`${file}.${process.pid}`, dump);
  renameSync(`${file}.${process.pid}`, file);
  return file;
};

export default async ({ provide }: TestProject): Promise<void> => {
  if (Number(process.versions.node.split(".")[0]) < 22) throw new Error(`Lockstep needs Node 22 or later; this is ${process.version}. Run it through npm: it brings its own.`);
  await ready(SUITE_PACKAGES, "The test suite");
  provide("migrated", await migrated());
};
