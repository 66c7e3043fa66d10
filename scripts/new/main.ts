/** `npm run new connector <name>`: the files of a new kind of target. */
import { resolve } from "node:path";
import { newConnector } from "./connector.ts";

const [what, name] = process.argv.slice(2);
if (what !== "connector" || name === undefined) {
  process.stderr.write("npm run new connector <name>      such as: npm run new connector sql-server\n");
  process.exit(2);
}
try {
  const files = newConnector(resolve(import.meta.dirname, "../.."), name);
  process.stdout.write(`${files.map((f) => `  ${f}`).join("\n")}\nNext: raise a real server in test/lab/${name}.ts, write its world, then: npx vitest run test/connectors/${name}.test.ts\n`);
} catch (e) {
  process.stderr.write(`${e instanceof Error ? e.message : String(e)}\n`);
  process.exit(1);
}
