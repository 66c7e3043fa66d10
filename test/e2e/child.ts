/** A whole broker in a process of its own, to be stopped and killed. Rule: settings come as one line on stdin, "up" goes out as one line; it ends when stdin does. */
import { createInterface } from "node:readline";
import { startBroker } from "../../src/app.ts";
import { parseEnv } from "../../src/config/env.ts";
import { patient } from "./times.ts";

createInterface({ input: process.stdin }).once("line", (line) => {
  const { dieAt, ...env } = JSON.parse(line) as Record<string, string>, { config, secrets } = parseEnv(env);
  startBroker(config, secrets, { ...(config.timescale === 1 ? {} : { times: patient(0.2) }), moment: (m) => { if (m === dieAt) process.kill(process.pid, "SIGKILL"); }, log: (level, message, facts) => { process.stderr.write(`${level} ${message} ${JSON.stringify(facts ?? {})}\n`); } }).then((b) => {
    process.stdout.write(`${JSON.stringify({ origin: b.origin, sshPort: b.sshPort, pids: b.pids() })}\n`);
    process.stdin.once("end", () => { void b.close().then(() => process.exit(0)); }).resume();
  }, (e: unknown) => { process.stdout.write(`${JSON.stringify({ failed: e instanceof Error ? e.message : String(e) })}\n`); process.exit(1); });
});
