/**
 * Runs an agent's verbs inside a lab machine, without a broker: a list of steps on standard input, a line of JSON each on standard output. Rule: it
 * is the agent's own bodies and state folder; what is killed here is killed as an agent would be.
 */
import { spawnSync } from "node:child_process";
import { examine } from "../../agent/doctor.ts";
import { deeds } from "../../agent/deeds.ts";
import { keeper } from "../../agent/keeper.ts";
import { openState } from "../../agent/state.ts";
import { toolsOf } from "../../agent/tools.ts";
import { systemClock, systemRandom } from "../../src/kernel/clock.ts";
import type { Verb } from "../../src/wires/agent-words.ts";

type Step = {
  readonly verb?: Verb;
  readonly ask?: unknown;
  readonly dieAt?: string;
  readonly enroll?: string;
  readonly sh?: string;
  readonly examine?: { conf: string };
  /** Makes what is due, by a clock that is this far ahead, in ms. */
  readonly look?: number;
};
const input = async (): Promise<Step[]> => {
  let all = "";
  for await (const part of process.stdin.setEncoding("utf8")) all += part as string;
  return JSON.parse(all) as Step[];
};

const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
const places = { conf: "/none", state: "/var/lib/lockstep-agent" };
for (const step of await input()) {
  if (step.sh) {
    if (spawnSync("/bin/sh", ["-c", step.sh], { stdio: "ignore" }).status !== 0) throw new Error(`${step.sh} did not work`);
    continue;
  }
  if (step.examine) {
    const tools = toolsOf({
        places: { ...places, conf: step.examine.conf },
        clock: systemClock,
        random: systemRandom,
        say: () => undefined,
        log: () => undefined,
        self: "",
      }),
      now = systemClock.now().getTime();
    say(
      await examine(
        tools,
        {
          uid: process.getuid!(),
          reach: () => Promise.resolve({ proven: "ssh-ed25519 AAAA" }),
          standing: () => Promise.resolve({ state: "active", owner: "operator", now, heardAt: now }),
        },
        AbortSignal.timeout(10_000),
      ),
    );
    continue;
  }
  const state = openState(places.state);
  if (step.enroll) {
    state.keepAgent(step.enroll);
    say({ boxKey: state.box().publicKey });
    continue;
  }
  const ahead = step.look ?? 0;
  const tools = toolsOf({
    places,
    clock: { ...systemClock, now: () => new Date(systemClock.now().getTime() + ahead) },
    random: systemRandom,
    say: () => undefined,
    log: () => undefined,
    self: "",
    moment: (m) => {
      if (m === step.dieAt) process.kill(process.pid, "SIGKILL");
    },
  });
  const conf = { ServerName: "broker", ServerPort: 8_282, UserName: "operator", BrokerKey: [], Mode: "agent" as const, Tls: "any" as const };
  const keeps = keeper(tools, state);
  if (step.look !== undefined) {
    await keeps.look(false, AbortSignal.timeout(20_000));
    continue;
  }
  const verbs = deeds(tools, { conf, state, keeper: keeps, allowNo: () => 0, examine: () => Promise.resolve([]), told: () => undefined });
  try {
    say(
      await (verbs as Record<string, (ask: unknown, signal: AbortSignal) => Promise<unknown>>)[step.verb!]!(
        step.ask ?? {},
        AbortSignal.timeout(20_000),
      ),
    );
  } catch (e) {
    say({ fault: e instanceof Error ? e.message : String(e) });
  }
}
