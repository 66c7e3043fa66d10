/**
 * The migrated, empty embedded database, made once per set of migrations and then copied: making one takes seconds of work, and a hundred brokers of
 * the suite begin with it. Rule: named by what it was made from, so an edited migration never meets an old copy.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/** The path of its tar. */
export const migrated = async (): Promise<string> => {
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

/** Into a directory that has no database yet, as a broker's first start would leave it. */
export const layOut = async (database: string): Promise<void> => {
  if (existsSync(database)) return;
  mkdirSync(database, { recursive: true, mode: 0o700 });
  execFileSync("tar", ["-xf", await migrated(), "-C", database], { stdio: ["ignore", "ignore", "pipe"] });
};
