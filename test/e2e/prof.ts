import { world } from "./world.ts";
const t0 = performance.now();
const w = await world({ accounts: 3, over: { log: (l, m, f) => console.log(Math.round(performance.now() - t0), l, m, JSON.stringify(f ?? {})) } });
console.log("up", Math.round(performance.now() - t0));
await w.close();
console.log("down", Math.round(performance.now() - t0));
