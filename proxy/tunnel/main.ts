/**
 * The entry of THE tunnel process; all it needs comes as the first message of its parent. Rule: it holds the broker's agent keys and no other
 * secret, no keyring and no database; when its broker is gone, so is it.
 */
import { rmSync } from "node:fs";
import { systemClock } from "../../src/kernel/clock.ts";
import { Fault, toFault } from "../../src/kernel/fault.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { times } from "../../src/kernel/times.ts";
import { ASKS } from "../../src/wires/agent-words.ts";
import { words } from "../log.ts";
import { Agents, type Voice } from "./agents.ts";
import { openDoor } from "./door.ts";
import { openExchange } from "./exchange.ts";
import { questions } from "./questions.ts";
import { downSchema, enrolReply, upReply, whoReply, type Down, type TunnelSetup, type Up } from "./words.ts";

const tell = (message: Up, then: () => void = () => undefined): void => { if (process.connected) process.send?.(message, undefined, undefined, then); else then(); };
const log = (level: "info" | "warn" | "error", what: string, fields: Record<string, string> = {}): void => tell({ kind: "log", level, what, fields });

const voiceOf = (q: ReturnType<typeof questions>): Voice => ({
  who: async (agent, address) => whoReply.parse(await q.ask((n) => ({ kind: "who", n, agent, address }))),
  enrol: async (hostKey, brokerKey, hello, address) => enrolReply.parse(await q.ask((n) => ({ kind: "enrol", n, hostKey, brokerKey, hello, address }))),
  up: async (seen) => upReply.parse(await q.ask((n) => ({ kind: "up", n, ...seen }))),
  beat: (agent) => tell({ kind: "beat", agent }), down: (agent, why) => tell({ kind: "down", agent, why: why.slice(0, 1_000) }),
});

const answer = async (agents: Agents, m: Extract<Down, { kind: "call" }>, calls: Map<number, AbortController>): Promise<void> => {
  const given = new AbortController();
  calls.set(m.n, given);
  try {
    const ask = ASKS[m.verb].safeParse(m.ask);
    if (!ask.success) throw new Fault("invalid", `this ${m.verb} cannot be asked of an agent`);
    tell({ kind: "reply", re: m.n, body: await agents.call(m.agent, m.verb, ask.data as never, { limit: m.limit, signal: given.signal }) });
  } catch (e) {
    const fault = toFault(e);
    if (fault.code === "internal") log("error", "a call to an agent failed", { error: words(e) });
    tell({ kind: "fault", re: m.n, code: fault.code, message: fault.message });
  } finally { calls.delete(m.n); }
};

const run = async (setup: TunnelSetup): Promise<void> => {
  const limits = times(setup.timescale), q = questions(tell, limits.agentCall), voice = voiceOf(q), calls = new Map<number, AbortController>(), secrets = (texts: readonly string[]): Secret[] => texts.map((text) => Secret.of(text));
  const agents = new Agents({ voice, keys: secrets(setup.agentKeys), clock: systemClock, times: limits, log });
  for (const path of [setup.door, setup.exchange]) rmSync(path, { force: true });
  process.on("message", (raw) => {
    const m = downSchema.safeParse(raw);
    if (!m.success) return log("error", "the broker said something that is not of this protocol");
    switch (m.data.kind) {
      case "setup": return;
      case "call": return void answer(agents, m.data, calls);
      case "forget": return calls.get(m.data.re)?.abort();
      case "drop": return agents.drop(m.data.agent, m.data.why);
      case "keys": return agents.prove(secrets(m.data.agentKeys));
      case "use": return agents.use(m.data.agent, m.data.no);
      case "reply": case "fault": return q.hear(m.data);
    }
  });
  await openExchange(setup.exchange, agents, Buffer.from(setup.passes, "hex"), limits.handshake);
  await openDoor(setup.door, { agents, voice, log });
  tell({ kind: "ready" });
};

// A terminal's Ctrl-C reaches the whole process group; the parent decides when this one ends.
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => undefined);
// SIGUSR1 would open an inspector, and with it every connection of this process.
process.on("SIGUSR1", () => undefined);
process.on("disconnect", () => process.exit(0));
process.on("uncaughtException", (error) => log("error", "an exception nobody caught", { error: words(error) }));
process.on("unhandledRejection", (error) => log("error", "a rejection nobody caught", { error: words(error) }));
process.once("message", (raw) => {
  const setup = downSchema.safeParse(raw);
  if (!setup.success || setup.data.kind !== "setup") return process.exit(1);
  run(setup.data).catch((error: unknown) => tell({ kind: "log", level: "error", what: "the tunnel did not start", fields: { error: words(error) } }, () => process.exit(1)));
});
