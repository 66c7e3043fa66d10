/** npm run agent: dist/agent/lockstep-agent.mjs, which the portal hands out. */
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bundleAgent } from "./bundle.ts";

const out = fileURLToPath(new URL("../../dist/agent/lockstep-agent.mjs", import.meta.url));
mkdirSync(new URL("./", `file://${out}`), { recursive: true });
console.log(`${out}: ${Math.round(await bundleAgent(out) / 1024)} KiB`);
