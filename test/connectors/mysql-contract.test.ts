/**
 * The MySQL connector keeps the contract, against a real MariaDB that writes down everything: with all rights, and with exactly the grants its file
 * documents.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mysql } from "../../src/connectors/mysql.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import { mariadb, type MariaDb } from "../lab/mariadb.ts";
import { contract, type Named } from "./contract.ts";
import { account, pinned, PRIVILEGES, world } from "./mysql-world.ts";

let db: MariaDb, boss: Named, rotator: Named;
beforeAll(async () => {
  db = await mariadb(["--plugin-load-add=auth_ed25519"]);
  boss = await account(db, "boss");
  rotator = await account(db, "rotator");
  await db.sql(PRIVILEGES);
});
afterAll(async () => {
  await db?.destroy();
});

describe("with all rights", () => {
  contract(
    "mysql, all rights",
    () =>
      world(
        () => db,
        () => boss,
      ),
    { lists: true },
  );
});
describe("with the documented grants", () => {
  contract(
    "mysql, documented grants",
    () => ({
      ...world(
        () => db,
        () => rotator,
      ),
      policy: quietPolicy,
    }),
    { lists: true },
  );
});
/** Without SUPER the general log would hold the password, so it is off while the plugin is there. */
const quietPolicy = async () => {
  await db.sql("install soname 'simple_password_check'; set global general_log = 0");
  return {
    to: "short1",
    change: "administrative" as const,
    words: /policy requirements.*Too short/,
    undo: async () => {
      await db.sql("uninstall soname 'simple_password_check'; set global general_log = 1");
    },
  };
};

test("discovery: hosts of a user are one line; locked, without a password, and mighty ones are told as such", async () => {
  await account(db, "found", ["%", "10.0.%"]);
  await account(db, "dormant", ["%"], "account lock");
  const list = async (by: Named) => {
    const all = await mysql(systemRandom).discover!(
      pinned(db),
      directLink({ host: "127.0.0.1", port: db.port }),
      { name: by.name, secret: Secret.of(by.password) },
      AbortSignal.timeout(20_000),
    );
    if ("unknown" in all) throw new Error(all.unknown);
    return all.filter((f) => ["boss", "dormant", "found", "rotator"].includes(f.name));
  };
  expect(await list(boss)).toEqual([
    { name: "boss", enabled: true, privileged: true, says: ["from %", "may change accounts or everything"] },
    { name: "dormant", enabled: false, privileged: false, says: ["from %", "locked"] },
    { name: "found", enabled: true, privileged: false, says: ["from %, 10.0.%"] },
    { name: "rotator", enabled: true, privileged: true, says: ["from %", "may write the grant tables"] },
  ]);
  expect((await list(rotator)).map((f) => f.privileged)).toEqual([true, null, null, null]);
});
