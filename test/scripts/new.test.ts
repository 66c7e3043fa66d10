/** What `npm run new connector` makes: it compiles, is listed like the others, and no contract passes on it. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newConnector } from "../../scripts/new/connector.ts";

const OURS = resolve(import.meta.dirname, "../..");
let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "lockstep-new-"));
  for (const dir of ["src", "test/connectors", "test/lab", "command-sets"]) cpSync(join(OURS, dir), join(root, dir), { recursive: true });
  symlinkSync(join(OURS, "node_modules"), join(root, "node_modules"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test("four files and two lists; names that are none, and a second time, are refused before anything is written", () => {
  for (const bad of ["", "Sql", "a_b", "-a", "a--b", "../x", "x".repeat(41)]) expect(() => newConnector(root, bad), bad).toThrow(/is no name of a platform/);
  expect(newConnector(root, "ticket-desk")).toEqual([
    "src/connectors/ticket-desk.ts", "test/lab/ticket-desk.ts", "test/connectors/ticket-desk.test.ts", "docs/platforms/ticket-desk.md", "src/connectors/index.ts", "src/domain/platform.ts",
  ]);
  const index = readFileSync(join(root, "src/connectors/index.ts"), "utf8");
  expect(() => newConnector(root, "ticket-desk")).toThrow("src/connectors/ticket-desk.ts is there already.");
  expect(readFileSync(join(root, "src/connectors/index.ts"), "utf8")).toBe(index);
  expect(index).toMatch(/import \{ ticketDesk \} from "\.\/ticket-desk\.ts";\n/);
});

test("it compiles, and is known by the same name to the connectors and to people", () => {
  const { compilerOptions } = JSON.parse(readFileSync(join(OURS, "tsconfig.json"), "utf8")) as { compilerOptions: Record<string, unknown> };
  writeFileSync(join(root, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(root, "tsconfig.json"), JSON.stringify({ compilerOptions: { ...compilerOptions, incremental: false, tsBuildInfoFile: undefined }, include: ["src/connectors/index.ts", "src/domain/platform.ts", "test/connectors/ticket-desk.test.ts", "src/wires/*.d.ts"] }));
  const tsc = spawnSync(process.execPath, [join(OURS, "node_modules/typescript/bin/tsc"), "-p", root], { encoding: "utf8" });
  expect(tsc.stdout).toBe("");
  const says = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", `
    const { connectors } = await import(${JSON.stringify(join(root, "src/connectors/index.ts"))}), { PLATFORMS } = await import(${JSON.stringify(join(root, "src/domain/platform.ts"))});
    const { systemRandom } = await import(${JSON.stringify(join(root, "src/kernel/clock.ts"))}), { Secret } = await import(${JSON.stringify(join(root, "src/kernel/secret.ts"))});
    const c = connectors(systemRandom).get("ticket-desk"), at = AbortSignal.timeout(1000);
    console.log(JSON.stringify([PLATFORMS["ticket-desk"].called, await c.probe({}, null, { name: "app" }, Secret.of("x"), at), await c.change({}, null, { name: "app" }, { to: Secret.of("x") }, at)]));`], { encoding: "utf8", cwd: OURS });
  expect(says.stderr.replace(/^.*ExperimentalWarning.*$|^\(Use.*$/gm, "").trim()).toBe("");
  expect(JSON.parse(says.stdout)).toEqual(["Ticket Desk", { unknown: "this kind of target is not written yet" }, { not_sent: "unreachable", why: "this kind of target is not written yet" }]);
}, 60_000);
