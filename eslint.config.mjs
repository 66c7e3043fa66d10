/**
 * The bans of the house that an import wall cannot see. Rule: each row of BANS is one rule of its own (`house/<name>`) with the places
 * where the thing is allowed; test/walls plants one violation per row.
 */
import tseslint from "typescript-eslint";

const TESTING = ["test/**", "bench/**", "scripts/**"];
/** Loads ssh2 and compares its native ciphers with Node's own at start. */
const NATIVE = "src/wires/ssh-tuned.ts";
/** A named thing however it is reached: called bare, as a member, or imported. */
const named = (...names) => {
  const any = `/^(${names.join("|")})$/`;
  return `CallExpression[callee.name=${any}], MemberExpression[property.name=${any}], ImportSpecifier[imported.name=${any}]`;
};

export const BANS = {
  "clock-by-the-door": { allow: ["src/kernel/clock.ts", ...TESTING],
    on: `MemberExpression[object.name="Date"][property.name="now"], NewExpression[callee.name="Date"][arguments.length=0], CallExpression[callee.name="Date"], `
      + `MemberExpression[object.name="performance"][property.name="now"], MemberExpression[object.name="process"][property.name="hrtime"], `
      + `VariableDeclarator[init.name=/^(Date|performance)$/] Property[key.name="now"], VariableDeclarator[init.name=/^(Date|performance)$/][id.type="Identifier"]`,
    say: "Time comes in by the door: take a Clock, or tx.now." },
  "random-by-the-door": { allow: ["src/kernel/clock.ts", "src/crypto/**", NATIVE, ...TESTING],
    on: `MemberExpression[object.name="Math"][property.name="random"], VariableDeclarator[init.name="Math"] Property[key.name="random"], ${named("randomBytes", "randomInt", "randomUUID", "getRandomValues")}`,
    say: "Randomness comes in by the door: take a Random." },
  "durations-in-times": { allow: ["src/kernel/times.ts", ...TESTING],
    on: `CallExpression[callee.name=/^(setTimeout|setInterval|sleep|delay)$/][arguments.1.value>0], CallExpression[callee.object.name="AbortSignal"][callee.property.name="timeout"][arguments.0.type="Literal"]`,
    say: "Every wait has a name in kernel/times.ts, where tests scale it." },
  "ciphers-in-crypto": { allow: ["src/crypto/**", NATIVE, ...TESTING], on: named("createCipheriv", "createDecipheriv"),
    say: "Ciphers live in src/crypto: seal and open there, with the AAD bound." },
  "environment-in-config": { allow: ["src/config/**", ...TESTING],
    on: `MemberExpression[object.name="process"][property.name="env"], MemberExpression[object.property.name="process"][property.name="env"], `
      + `VariableDeclarator[init.name="process"] Property[key.name="env"], ImportDeclaration[source.value=/^(node:)?process$/] ImportSpecifier[imported.name="env"]`,
    say: "The environment is read once, in src/config." },
  "print-in-cli": { allow: ["src/cli/**", "src/main.ts", ...TESTING], on: `MemberExpression[object.name="console"]`,
    say: "Only the command line prints; everything else logs through the logger it is given." },
  "no-shell": { allow: [],
    on: `ImportDeclaration[source.value=/^(node:)?child_process$/] ImportSpecifier[imported.name=/^(exec|execSync)$/], `
      + `CallExpression[callee.object.name=/^(cp|childProcess|child_process)$/][callee.property.name=/^exec(Sync)?$/], `
      + `CallExpression[callee.name=/^(spawn|spawnSync|execFile|execFileSync)$/] Property[key.name="shell"]:not([value.value=false])`,
    say: "No shell: spawn or execFile with an argument list." },
  // Targets are dialled by a Link. Beside it: TLS over a stream that a Link gave; guacd, which is no target; Unix sockets of our own processes.
  "dial-by-link": { allow: ["src/links/**", "src/wires/tls.ts", "src/wires/guacd.ts", "proxy/pool.ts", "proxy/uplink.ts", "proxy/tunnel/keeper.ts", ...TESTING],
    on: `CallExpression[callee.object.name=/^(net|tls)$/][callee.property.name=/^(connect|createConnection)$/], NewExpression[callee.property.name=/^(Socket|TLSSocket)$/], NewExpression[callee.name=/^(Socket|TLSSocket)$/], `
      + `ImportDeclaration[importKind!="type"][source.value=/^(node:)?(net|tls)$/] ImportSpecifier[imported.name=/^(connect|createConnection|Socket|TLSSocket)$/][importKind!="type"], `
      + `VariableDeclarator[init.name=/^(net|tls)$/] Property[key.name=/^(connect|createConnection)$/]`,
    say: "A target is dialled by its Link (law dial-by-link): take one, and call connect." },
  "imports-are-literal": { allow: TESTING,
    on: `ImportExpression:not([source.type="Literal"]), ImportDeclaration[source.value=/^#/], ImportExpression[source.value=/^#/]`,
    say: "The walls read imports: write them as relative literals." },
  "no-require": { allow: [NATIVE, "proxy/rdp/guac.ts", ...TESTING], on: `${named("createRequire")}, CallExpression[callee.name="require"]`,
    say: "import, so that the walls see it." },
  "door-is-not-passed-on": { allow: [], on: `ExportNamedDeclaration[source.value=/kernel\\u002Freveal/], ExportAllDeclaration[source.value=/kernel\\u002Freveal/]`,
    say: "kernel/reveal.ts is imported where it is used, never re-exported." },
};

const rules = Object.fromEntries(Object.entries(BANS).map(([name, { on, say }]) => [name, {
  meta: { type: "problem", schema: [], messages: { say } },
  create: (context) => ({ [on]: (node) => context.report({ node, messageId: "say" }) }),
}]));

const EVERY = ["src", "views", "proxy", "agent", "test", "bench", "scripts"].map((room) => `${room}/**/*.{ts,tsx}`);
const WITH_TYPES = ["src", "views", "proxy", "agent", "test"].map((room) => `${room}/**/*.{ts,tsx}`);
const banned = Object.entries(BANS).map(([name, { allow }]) => ({ files: EVERY, ignores: allow, rules: { [`house/${name}`]: "error" } }));

export default [
  { ignores: ["dist/**", "node_modules/**", ".bare/**", "test/walls/.tmp/**", "drizzle/**"] },
  { linterOptions: { reportUnusedDisableDirectives: "off" } },
  { files: EVERY, languageOptions: { parser: tseslint.parser }, plugins: { house: { rules }, ts: tseslint.plugin },
    rules: {
      "eqeqeq": ["error", "always"], "no-debugger": "error", "no-eval": "error", "no-implied-eval": "error", "no-new-func": "error", "no-var": "error",
      "prefer-const": "error", "no-control-regex": "error", "no-unsafe-finally": "error", "no-fallthrough": "error", "no-self-compare": "error",
      "ts/no-explicit-any": "error", "ts/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_", caughtErrorsIgnorePattern: "^_" }],
      "ts/consistent-type-imports": ["error", { fixStyle: "inline-type-imports", disallowTypeAnnotations: false }],
      "ts/no-import-type-side-effects": "error",
    } },
  ...banned,
  { files: EVERY.filter((glob) => !/^(test|bench)/.test(glob)),
    rules: { "max-lines": ["error", 250], "max-lines-per-function": ["error", { max: 50, IIFEs: true }] } },
  { files: ["views/**/*.{ts,tsx,js}"], ignores: ["views/icons.tsx"], rules: { "max-len": ["error", { code: 150, ignoreUrls: true, ignoreRegExpLiterals: true }] } },
  { files: WITH_TYPES, languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: { "ts/no-floating-promises": "error", "ts/no-misused-promises": ["error", { checksVoidReturn: { arguments: false, attributes: false, properties: false } }],
      "ts/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }] } },
];
