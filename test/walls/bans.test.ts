/** Every ban of eslint.config.mjs bites, and only where it should. Rule: a ban without a plant fails the suite. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ESLint } from "eslint";
import { beforeAll, describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const TYPED = ["ts/no-floating-promises", "ts/no-misused-promises", "ts/switch-exhaustiveness-check"];

/** [ban, file, code]: `file` need not exist. */
const PLANTS = [
  ["clock-by-the-door", "src/flow/x.ts", `export const x = Date.now();`],
  ["clock-by-the-door", "src/domain/x.ts", `export const x = new Date();`],
  ["clock-by-the-door", "views/x.tsx", `export const x = Date();`],
  ["clock-by-the-door", "proxy/x.ts", `export const x = performance.now();`],
  ["clock-by-the-door", "proxy/x.ts", `export const x = process.hrtime.bigint();`],
  ["clock-by-the-door", "src/store/x.ts", `export const x = [1].map(Date.now);`],
  ["clock-by-the-door", "src/store/x.ts", `const { now } = Date; export { now };`],
  ["random-by-the-door", "src/flow/x.ts", `export const x = Math.random();`],
  ["random-by-the-door", "src/flow/x.ts", `const { random } = Math; export { random };`],
  ["random-by-the-door", "src/vault/x.ts", `import { randomBytes } from "node:crypto"; export { randomBytes as y };`],
  ["random-by-the-door", "src/identity/x.ts", `export const x = crypto.randomUUID();`],
  ["random-by-the-door", "src/web/x.ts", `export const x = crypto.getRandomValues(new Uint8Array(1));`],
  ["durations-in-times", "src/jobs/x.ts", `setInterval(() => {}, 30_000);`],
  ["durations-in-times", "proxy/x.ts", `export const x = AbortSignal.timeout(5000);`],
  ["ciphers-in-crypto", "src/vault/x.ts", `import { createCipheriv } from "node:crypto"; export { createCipheriv as y };`],
  ["ciphers-in-crypto", "src/recordings/x.ts", `import crypto from "node:crypto"; export const x = crypto.createDecipheriv("aes-256-gcm", "", "");`],
  ["environment-in-config", "src/flow/x.ts", `export const x = process.env.HOME;`],
  ["environment-in-config", "src/app.ts", `export const { HOME } = process.env;`],
  ["environment-in-config", "src/app.ts", `const { env } = process; export { env };`],
  ["environment-in-config", "src/app.ts", `export const x = globalThis.process.env;`],
  ["environment-in-config", "proxy/x.ts", `import { env } from "node:process"; export { env as y };`],
  ["print-in-cli", "src/flow/x.ts", `console.log("x");`],
  ["print-in-cli", "proxy/x.ts", `console.error("x");`],
  ["no-shell", "src/connectors/x.ts", `import { exec } from "node:child_process"; export { exec as y };`],
  ["no-shell", "scripts/x.ts", `import cp from "node:child_process"; cp.execSync("id");`],
  ["no-shell", "test/x.ts", `import { spawn } from "node:child_process"; export const x = spawn("id", [], { shell: true });`],
  ["dial-by-link", "src/connectors/x.ts", `import net from "node:net"; export const x = net.connect(22, "192.0.2.5");`],
  ["dial-by-link", "src/wires/x.ts", `import tls from "node:tls"; export const x = tls.connect({ host: "192.0.2.5", port: 636 });`],
  ["dial-by-link", "src/wires/x.ts", `import net from "node:net"; export const x = net.createConnection(22, "192.0.2.5");`],
  ["dial-by-link", "proxy/worker.ts", `import { connect } from "node:net"; export const x = connect;`],
  ["dial-by-link", "agent/x.ts", `import { createConnection as dial } from "node:net"; export const x = dial;`],
  ["dial-by-link", "src/wires/x.ts", `import net from "node:net"; export const x = new net.Socket();`],
  ["dial-by-link", "src/wires/x.ts", `import tls from "node:tls"; const { connect } = tls; export { connect };`],
  ["imports-are-literal", "src/flow/x.ts", `export const x = (name: string): Promise<unknown> => import(name);`],
  ["imports-are-literal", "src/flow/x.ts", `import { never } from "#src/kernel/never.ts"; export { never as y };`],
  ["no-require", "src/vault/x.ts", `import { createRequire } from "node:module"; export { createRequire as y };`],
  ["no-require", "src/web/x.ts", `export const x: unknown = require("ssh2");`],
  ["door-is-not-passed-on", "src/connectors/x.ts", `export { reveal } from "../kernel/reveal.ts";`],
  ["door-is-not-passed-on", "src/vault/x.ts", `export * from "../kernel/reveal.ts";`],
] as const;

/** The same things where they belong, and their harmless neighbours anywhere. */
const ALLOWED = [
  ["src/kernel/clock.ts", `export const x = [Date.now(), new Date(), performance.now()];`],
  ["src/crypto/envelope.ts", `import { createCipheriv, randomBytes } from "node:crypto"; export const x = [createCipheriv, randomBytes];`],
  ["src/config/env.ts", `export const x = process.env.HOME;`],
  ["src/cli/x.ts", `console.log("x");`],
  ["test/x.ts", `console.log(Date.now(), Math.random(), process.env.HOME);`],
  ["src/flow/x.ts", `export const x = (ms: number): Date => new Date(ms);`],
  ["src/jobs/x.ts", `export const x = (ms: number): unknown => [setTimeout(() => {}, ms), setTimeout(() => {}, 0), AbortSignal.timeout(ms)];`],
  ["src/flow/x.ts", `export const x = (text: string): RegExpExecArray | null => /a/.exec(text);`],
  ["src/wires/x.ts", `import { spawn } from "node:child_process"; export const x = spawn("id", [], { stdio: "ignore" });`],
  ["src/flow/x.ts", `export const x = (): Promise<unknown> => import("../kernel/never.ts");`],
  ["src/links/x.ts", `import net from "node:net"; export const x = net.connect(22, "192.0.2.5");`],
  ["src/wires/tls.ts", `import tls from "node:tls"; export const x = tls.connect({ host: "192.0.2.5", port: 636 });`],
  ["src/wires/x.ts", `import { createServer, type Socket } from "node:net"; export const x = (s: Socket): unknown => createServer(() => s.end());`],
  ["src/wires/ssh-tuned.ts", `import { createRequire } from "node:module"; export const x = createRequire(import.meta.url);`],
] as const;

const lint = async (engine: ESLint, file: string, code: string): Promise<string[]> => {
  const [result] = await engine.lintText(`${code}\n`, { filePath: join(ROOT, file) });
  return [...new Set((result?.messages ?? []).map((m) => m.ruleId ?? m.message))];
};

describe("law: bans —, law: dial-by-link —", () => {
  // Planted files do not exist, so this engine asks no compiler; the last test does.
  const bare = new ESLint({ cwd: ROOT, overrideConfig: [{ files: ["**/*.{ts,tsx}"], languageOptions: { parserOptions: { projectService: false } },
    rules: Object.fromEntries(TYPED.map((rule) => [rule, "off"])) }] });
  let bans: string[] = [];
  beforeAll(async () => {
    const config = await import(pathToFileURL(join(ROOT, "eslint.config.mjs")).href) as { BANS: Record<string, unknown> };
    bans = Object.keys(config.BANS);
  });

  it("every ban has a plant", () => expect([...new Set<string>(PLANTS.map(([ban]) => ban))].sort()).toEqual([...bans].sort()));
  it.each(PLANTS)("%s bites in %s: %s", async (ban, file, code) => expect(await lint(bare, file, code)).toEqual([`house/${ban}`]));
  it.each(ALLOWED)("%s may: %s", async (file, code) => expect(await lint(bare, file, code)).toEqual([]));

  it("a promise nobody waits for is an error", async () => {
    const typed = new ESLint({ cwd: ROOT });
    const code = `const work = async (): Promise<void> => { await Promise.resolve(); };\nexport const start = (): void => { work(); };`;
    expect(await lint(typed, "src/kernel/never.ts", code)).toEqual(["ts/no-floating-promises"]);
    expect(await lint(typed, "src/kernel/never.ts", code.replace("{ work(); }", "{ void work(); }"))).toEqual([]);
  });
});
