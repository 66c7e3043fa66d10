/** Files of a new kind of target, and the lines that list it. Rule: what is made compiles, says that it is not written yet, and fails its contract test until it is. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** `sql-server` -> sqlServer, Sql Server */
const camel = (name: string): string => name.replace(/-(\w)/g, (_, c: string) => c.toUpperCase());
const title = (name: string): string => name.split("-").map((w) => w[0]!.toUpperCase() + w.slice(1)).join(" ");

const source = (name: string): string => `/**
 * Accounts of ${title(name)}. Rule: TODO, the one rule of this file.
 *
 * What the administrative account needs (tested as written here): TODO
 * Found by trying: TODO, which statements land in the target's log, what silently creates an account, what an error code means.
 */
import { z } from "zod";
import type { Random } from "../kernel/clock.ts";
import type { Link } from "../kernel/link.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Answer, Change, ChangeResult, Connector, Login } from "./connector.ts";
import { connector, sendable, USUAL_NAMES } from "./connector.ts";
import { reveal } from "../kernel/reveal.ts";

const config = z.object({});
export type ${title(name).replaceAll(" ", "")}Config = z.infer<typeof config>;
type Config = ${title(name).replaceAll(" ", "")}Config;

// eslint-disable-next-line no-control-regex
const forbidden = /[\\x00-\\x1f\\x7f]/;
const LATER = "this kind of target is not written yet";

/** One login. "no" only over a verified identity. */
const probe = (_c: Config, _link: Link, account: Login, _secret: Secret, _signal: AbortSignal): Promise<Answer> =>
  Promise.resolve({ unknown: USUAL_NAMES.fits(account.name) ? LATER : USUAL_NAMES.says });

/** Idempotent. \`not_sent\` only while no byte of the change has left. */
const change = (_c: Config, _link: Link, account: Login, ch: Change, _signal: AbortSignal): Promise<ChangeResult> =>
  Promise.resolve(USUAL_NAMES.fits(account.name) && sendable({ forbidden }, reveal(ch.to)) ? { not_sent: "unreachable", why: LATER } : { refused: USUAL_NAMES.says });

export const ${camel(name)} = (_random: Random): Connector<Config> => connector<Config>({
  platform: "${name}", config: config as z.ZodType<Config>, forbidden, probe, change,
});
`;
const lab = (name: string): string => `/** A real ${title(name)} server for tests. Rule: a directory of its own, loopback, a port the system chose, stopped by its process id. */
export type ${title(name).replaceAll(" ", "")}Server = { readonly port: number; stop(): Promise<void>; start(): Promise<void>; log(): string; destroy(): Promise<void> };

/** Ready when it returns. */
export const ${camel(name)}Server = (): Promise<${title(name).replaceAll(" ", "")}Server> => Promise.reject(new Error("test/lab/${name}.ts: raise a real server here"));
`;
const suite = (name: string): string => {
  const type = title(name).replaceAll(" ", "");
  return `/** ${title(name)} against a real server. Rule: whether a password is in force is asked of the server's own store, never of the connector under test. */
import { afterAll, beforeAll, describe } from "vitest";
import { ${camel(name)}, type ${type}Config } from "../../src/connectors/${name}.ts";
import { ${camel(name)}Server, type ${type}Server } from "../lab/${name}.ts";
import { contract, type World } from "./contract.ts";

let server: ${type}Server;
beforeAll(async () => { server = await ${camel(name)}Server(); });
afterAll(async () => { await server?.destroy(); });

const open = (what: string): never => { throw new Error(\`test/connectors/${name}.test.ts: \${what} is not written yet\`); };
const world = (): World<${type}Config> => ({
  make: ${camel(name)}, config: () => ({}), address: () => ({ host: "127.0.0.1", port: server.port }), as: () => open("the administrative account"),
  account: () => open("a fresh account"), fits: () => open("asking the server's own store"), everybody: () => open("every account and what it opens with"),
  impostor: () => open("another machine in its place"), stop: () => server.stop(), start: () => server.start(), log: () => Promise.resolve(server.log()),
  watch: () => open("argv and environment of its processes"), seenRunning: /${name}/,
});

describe("with the documented rights", () => { contract("${name}", world, { blind: true, lawless: true }); });
`;
};
const page = (name: string): string => `# ${title(name)} as a target
TODO: what Lockstep does with it, in three sentences.

## What leaves the broker
TODO: what is sent, in which form, and where it may be written down.

## Where it goes: the target's settings
## The administrative account
TODO: the smallest rights that suffice; a test holds exactly these.

## What is refused, and why
## Tried and not tried
TODO: against which version, by which test; and what was never run.
`;

const listed = (text: string, mark: RegExp, what: string, put: (found: RegExpExecArray) => string): string => {
  const found = mark.exec(text);
  if (!found) throw new Error(`${what} looks different from what this generator knows: add the line by hand.`);
  return text.slice(0, found.index) + put(found) + text.slice(found.index + found[0].length);
};
const inIndex = (name: string, text: string): string => {
  const imports = [...text.matchAll(/^import \{ \w+ \} from "\.\/[\w-]+\.ts";\n/gm)], last = imports.at(-1)!, at = last.index + last[0].length;
  const withImport = `${text.slice(0, at)}import { ${camel(name)} } from "./${name}.ts";\n${text.slice(at)}`;
  return listed(withImport, /new Map\(\[\n/, "src/connectors/index.ts", ([begin]) => `${begin}    ${camel(name)}(random) as Connector,\n`);
};
const inPlatforms = (name: string, text: string): string => listed(text, /export const PLATFORMS: [^\n]*\{\n/, "src/domain/platform.ts", ([begin]) =>
  `${begin}  "${name}": { called: "${title(name)}", one: "a ${title(name)} target", port: null, sessions: false, logins: "Logins", rights: "TODO (docs/platforms/${name}.md)" },\n`);

/** The files written, in order. Nothing is written where anything stands in the way. */
export const newConnector = (root: string, name: string): string[] => {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > 40) throw new Error(`"${name}" is no name of a platform: small letters, digits and single dashes, beginning with a letter.`);
  const files: [string, string][] = [
    [`src/connectors/${name}.ts`, source(name)], [`test/lab/${name}.ts`, lab(name)], [`test/connectors/${name}.test.ts`, suite(name)], [`docs/platforms/${name}.md`, page(name)],
  ];
  for (const [file] of files) if (existsSync(join(root, file))) throw new Error(`${file} is there already.`);
  const changed = ([["src/connectors/index.ts", inIndex], ["src/domain/platform.ts", inPlatforms]] as const).map(([file, put]) => [file, put(name, readFileSync(join(root, file), "utf8"))] as const);
  for (const [file, text] of [...files, ...changed]) { mkdirSync(dirname(join(root, file)), { recursive: true }); writeFileSync(join(root, file), text); }
  return [...files, ...changed].map(([file]) => file);
};
