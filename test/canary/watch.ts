/** The thread that samples /proc, so that looking does not slow down what is looked at. */
import { readdirSync, readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";

const seen = new Map<string, string>();
let samples = 0;
const look = (): void => {
  samples++;
  for (const pid of readdirSync("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    for (const what of ["cmdline", "environ"]) { try { const text = readFileSync(`/proc/${pid}/${what}`, "latin1"); if (text) seen.set(text, `/proc/${pid}/${what}`); } catch { /* gone, or a kernel thread */ } }
  }
};
setInterval(look, (workerData as { everyMs: number }).everyMs);
look();
parentPort?.postMessage("looking");
parentPort?.once("message", () => { look(); parentPort?.postMessage({ seen: [...seen], samples }); });
