/** Drivers that are not there. Rule: every door that needs one says the same command. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { rootOf } from "../../src/core.ts";
import { DRIVERS, DriverMissing, installing, lacking, loaded } from "../../src/wires/drivers.ts";
import { scratch } from "../lab/scratch.ts";

test("the versions are package.json's optional peers, and no dependency of ours", () => {
  const p = JSON.parse(readFileSync(path.join(rootOf(), "package.json"), "utf8")) as Record<string, Record<string, unknown>>;
  expect([p["peerDependencies"], Object.keys(p["peerDependenciesMeta"]!).toSorted()]).toEqual([{ ...DRIVERS }, Object.keys(DRIVERS).toSorted()]);
  for (const where of ["dependencies", "devDependencies", "optionalDependencies"])
    for (const d of Object.keys(DRIVERS)) expect([where, d, p[where]![d]]).toEqual([where, d, undefined]);
});
test("missing, another version, and the right one, there or in a folder above", async () => {
  const dir = await scratch("drivers", false),
    deep = path.join(dir, "a", "b"),
    put = (version: string) => {
      mkdirSync(path.join(dir, "node_modules", "tedious"), { recursive: true });
      writeFileSync(path.join(dir, "node_modules", "tedious", "package.json"), JSON.stringify({ version }));
    };
  mkdirSync(deep, { recursive: true });
  expect(lacking("tedious", deep)).toBe(
    `the driver tedious is not installed on the broker: run ${installing("tedious")} in Lockstep's directory, and start the broker again`,
  );
  put("1.0.0");
  expect(lacking("tedious", deep)).toContain("is there in version 1.0.0");
  put(DRIVERS.tedious);
  expect([lacking("tedious", deep), lacking("tedious", dir)]).toEqual([undefined, undefined]);
  expect(installing("oracledb")).toBe(`npm install --no-save --ignore-scripts oracledb@${DRIVERS.oracledb}`);
});
test("what is missing is not loaded", async () => {
  if (lacking("tedious") === undefined) return void expect(await loaded("tedious", () => Promise.resolve(1))).toBe(1);
  await expect(loaded("tedious", () => Promise.reject(new Error("loaded")))).rejects.toBeInstanceOf(DriverMissing);
});
