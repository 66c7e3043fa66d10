/** lockstep doctor. Rule: looks and says what to do; changes nothing. */
import { Fault, toFault } from "../kernel/fault.ts";
import { act, example, type Register, type Run } from "./act.ts";
import { isSilence, type Client } from "./client.ts";
import { facts } from "./print.ts";
import { broker, settings } from "./server.ts";
import type { Person } from "./shapes.ts";
import { operatorHere } from "./where.ts";

type Check = { readonly what: string; readonly ok: boolean; readonly said: string };
const report = (run: Run, checks: readonly Check[]): void => {
  run.print(checks, () => facts(checks.map((c) => [`${c.ok ? "ok  " : "FAIL"} ${c.what}`, c.said] as const)));
  const bad = checks.filter((c) => !c.ok);
  if (bad.length > 0) throw new Fault("unavailable", `${bad.length} of ${checks.length} checks failed: ${bad.map((c) => c.what).join(", ")}.`);
};

const check = async (what: string, look: () => Promise<string>): Promise<Check> => {
  try { return { what, ok: true, said: await look() }; } catch (e) { return { what, ok: false, said: toFault(e).message }; }
};
type Health = { readonly engine: string; readonly node: string; readonly passive: string | null; readonly liveSessions: number; readonly accounts: Readonly<Record<string, number>> };
const health = async (client: Client): Promise<string> => {
  const h = await client.json<Health>("GET", "/health");
  if (h.passive) throw new Fault("unavailable", `passive: ${h.passive}`);
  const bad = ["quarantined", "unverified"].filter((w) => (h.accounts[w] ?? 0) > 0).map((w) => `${h.accounts[w]!} ${w}`);
  if (bad.length > 0) throw new Fault("conflict", `accounts need a look: ${bad.join(", ")}`);
  return `${h.engine} on ${h.node}, ${h.liveSessions} live sessions`;
};
/** Somebody is behind the socket; one that was left behind by a crash answers nothing. */
const answers = async (client: Client): Promise<boolean> => {
  try { await client.json("GET", "/health"); return true; } catch (e) { return !isSilence(e); }
};
/** Reached, logged in, and (for admins and auditors) how the broker is. */
const remotely = async (run: Run): Promise<Check[]> => {
  const who = await check("Login", async () => { const { person } = await run.client.json<{ person: Person }>("GET", "/me"); return `${person.name} at ${run.client.place} (${person.roles.join(", ")})`; });
  return who.ok ? [who, await check("Broker", () => health(run.client))] : [who];
};

export const doctor: Register = (program, io) => {
  example(program.command("doctor").description("look at everything a start needs, and at the broker if it runs here; with --remote, at one elsewhere through its API").option("--remote", "through the API"), "lockstep doctor", "lockstep doctor --remote")
    .action(act(io, async (run) => {
      if (run.flag("remote")) return report(run, await remotely(run));
      const { config, secrets } = await settings(run), own = operatorHere(io.env), running = own !== null && await answers(own);
      const checks = await (await broker()).doctor(config, secrets, running);
      report(run, own && running ? [...checks, await check("Broker", () => health(own))] : checks);
    }));
};
