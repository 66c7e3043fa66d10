/**
 * What other people's programs say of our half of Windows: npm's winrm-client of the stand-in for WinRM, and tree-sitter's grammar of PowerShell of our scripts. Rule: they are fetched for this test alone,
 * and are no part of the project.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SCRIPTS as AGENT } from "../../agent/windows/scripts.ts";
import { FOLLOW } from "../../src/connectors/windows-follow-script.ts";
import { SCRIPTS } from "../../src/connectors/windows-script.ts";
import { must, run } from "../lab/run.ts";
import { scratch } from "../lab/scratch.ts";
import { winrmServer, type WinrmServer } from "../lab/winrm.ts";

let server: WinrmServer, dir: string;
beforeAll(async () => {
  server = await winrmServer();
  server.machine.add("app1", "App1-Pw-1!x9Qz", "Remote Management Users");
  dir = await scratch("windows-foreign", false);
  // npm as whoever runs this has it set up: its registry, its way there.
  const env = Object.fromEntries(Object.entries(process.env).filter((e): e is [string, string] => e[1] !== undefined && e[0] !== "NODE_OPTIONS"));
  await must("npm", ["install", "--prefix", dir, "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "winrm-client@0.0.11", "web-tree-sitter@0.27.2", "tree-sitter-powershell@0.26.4"],
    { env });
}, 120_000);
afterAll(() => server?.destroy());

/** Run where the packages are. */
const node = async (program: string, stdin: string, env: Record<string, string> = {}): Promise<unknown> => {
  const file = join(dir, "asked.mjs");
  writeFileSync(file, `import { readFileSync } from "node:fs";\nimport { createRequire } from "node:module";\nconst need = createRequire(import.meta.url), q = JSON.parse(readFileSync(0, "utf8"));\n${program}`);
  const r = await run(process.execPath, [file], { stdin, env, cwd: dir });
  if (r.code !== 0 || r.stdout === "") throw new Error(r.stderr);
  return JSON.parse(r.stdout);
};

const CLIENT = `try { console.log(JSON.stringify([await need("winrm-client").runCommand("echo one", "127.0.0.1", q.user, q.password, q.port, false, true, false)])); } catch (e) { console.log(JSON.stringify({ error: String(e.message ?? e).slice(0, 200) })); }`;
test.each([["Basic", "app1"], ["NTLM", "LAB-WIN\\app1"]])("winrm-client by %s over HTTPS: let in, and refused", async (_how, user) => {
  const ask = (password: string) => node(CLIENT, JSON.stringify({ user, password, port: server.port }), { NODE_TLS_REJECT_UNAUTHORIZED: "0" });
  expect(await ask("App1-Pw-1!x9Qz")).toEqual([expect.stringContaining("one")]);
  expect(await ask("Wrong-1-wrong")).toEqual({ error: expect.stringMatching(/401|[Uu]nauthorized/) });
});

const GRAMMAR = `
const { Parser, Language } = await import("web-tree-sitter");
await Parser.init();
const p = new Parser(), bad = (t) => [...(t.isError || t.isMissing ? [t.text.slice(0, 60)] : []), ...t.children.flatMap(bad)];
p.setLanguage(await Language.load(need.resolve("tree-sitter-powershell/tree-sitter-powershell.wasm")));
console.log(JSON.stringify(Object.fromEntries(Object.entries(q).map(([name, text]) => [name, bad(p.parse(text).rootNode)]))));
`;
const ALL = { ...SCRIPTS, ...Object.fromEntries(Object.entries(FOLLOW).map(([name, text]) => [`follow ${name}`, text])), ...Object.fromEntries(Object.entries(AGENT).map(([name, text]) => [`agent ${name}`, text])) };
test("our scripts are PowerShell by a grammar of other people's, and one that is broken is not", async () => {
  const said = await node(GRAMMAR, JSON.stringify({ ...ALL, broken: SCRIPTS.set.replace("}catch", "catch") })) as Record<string, string[]>;
  for (const name of Object.keys(ALL)) expect(said[name], name).toEqual([]);
  expect(said["broken"]!.length).toBeGreaterThan(0);
});
