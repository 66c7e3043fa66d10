/**
 * The program lockstep-agent. Rule: a secret never stands in its arguments or environment (the token comes by standard input), and it ends with 0
 * only when what was asked for is so.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { systemClock, systemRandom } from "../src/kernel/clock.ts";
import { Fault, FAULTS, toFault } from "../src/kernel/fault.ts";
import { times } from "../src/kernel/times.ts";
import { ConfMistakes } from "./conf.ts";
import { printed } from "./doctor.ts";
import { enroll, install, uninstall, type Wish } from "./install.ts";
import { readBook } from "./orders.ts";
import { connectedNow, doctor, run } from "./run.ts";
import { pinnedFingerprints } from "./pins.ts";
import { thisPlatform } from "./platforms.ts";
import { readConf, stateOf, toolsOf, VERSION, type Tools } from "./tools.ts";

const USAGE = `lockstep-agent ${VERSION}

  enroll     writes agent.conf and lets this machine in; the token is read from standard input
  install    the same, and what starts it with the machine from now on
  run        stays connected, in the foreground
  doctor     goes through everything that can be wrong, and says what to do
  status     who it is, and whether it is connected
  uninstall  stops it and removes everything of it (--yes)

  enroll and install take: --server NAME --port N --user LOGIN --broker-key SHA256:… [--mode agent|gateway] [--allow "host:port …"]
                           [--host-name NAME] [--proxy http://host:port] [--relay host:port] [--tls verify|any|off|AA:BB:…]
  all take:                [--conf FILE] [--state FOLDER]
`;
const OPTIONS = {
  server: "ServerName",
  port: "ServerPort",
  user: "UserName",
  "broker-key": "BrokerKey",
  mode: "Mode",
  allow: "Allow",
  "host-name": "HostName",
  proxy: "Proxy",
  relay: "Relay",
  tls: "Tls",
} as const;
const text = { type: "string" } as const;
const options = {
  ...Object.fromEntries(Object.keys(OPTIONS).map((o) => [o, text])),
  conf: text,
  state: text,
  yes: { type: "boolean" },
  timescale: text,
  help: { type: "boolean" },
  version: { type: "boolean" },
} as const;
type Values = Readonly<Record<string, string | boolean | undefined>>;

const input = async (): Promise<string | null> => {
  if (process.stdin.isTTY) return null;
  let all = "";
  for await (const part of process.stdin.setEncoding("utf8")) {
    all += part as string;
    if (all.length > 4_096) break;
  }
  return all.trim() === "" ? null : all.trim();
};
const wishOf = async (v: Values): Promise<Wish> => ({
  conf: Object.fromEntries(Object.entries(OPTIONS).map(([o, name]) => [name, v[o] as string | undefined])),
  token: await input(),
});

const iso = (ms: number): string => new Date(ms).toISOString();
/** What is left here for later, by this machine's clock; never a password. */
const ordersOf = (t: Tools, state: ReturnType<typeof stateOf>): void => {
  try {
    for (const o of readBook(state))
      t.say(`order for ${o.account}: ${o.state}, due ${iso(o.due + o.skew)}, not after ${iso(o.expires + o.skew)}${o.why === null ? "" : ` (${o.why})`}`);
  } catch (e) {
    t.say(toFault(e).message);
  }
};
const status = (t: Tools): number => {
  const conf = readConf(t),
    state = stateOf(t),
    now = connectedNow(state),
    s = state.standing();
  t.say(`${state.agent() ?? "not enrolled"} ${VERSION}, ${conf.Mode} of ${conf.UserName}, broker ${conf.ServerName}:${conf.ServerPort}`);
  t.say(`its broker proves itself by ${pinnedFingerprints(conf, state).join(" or ")}`);
  t.say(now === null ? "not connected" : `connected since ${new Date(now.since).toISOString()}, process ${now.pid}`);
  if (s) t.say(`by its broker ${s.state}${s.why ? `: ${s.why}` : ""}, as of ${new Date(s.heardAt).toISOString()}`);
  ordersOf(t, state);
  return now === null || s?.state === "refused" ? FAULTS.unavailable.exit : 0;
};
const COMMANDS: Readonly<Record<string, (t: Tools, v: Values, signal: AbortSignal) => Promise<number>>> = {
  enroll: async (t, v, signal) => {
    t.say(`Enrolled as ${await enroll(t, await wishOf(v), signal)}.`);
    return 0;
  },
  install: async (t, v, signal) => {
    await install(t, await wishOf(v), signal);
    return 0;
  },
  run: async (t, _v, signal) => {
    await run(t, signal);
    return 0;
  },
  doctor: async (t, _v, signal) => {
    const checks = await doctor(t, signal);
    for (const c of checks) t.say(printed(c));
    return checks.every((c) => c.ok) ? 0 : FAULTS.conflict.exit;
  },
  status: (t) => Promise.resolve(status(t)),
  uninstall: async (t, v, signal) => {
    if (v["yes"] !== true) throw new Fault("invalid", "This removes its keys: the machine has to be enrolled again afterwards. Say so with --yes");
    await uninstall(t, signal);
    return 0;
  },
};

export const main = async (argv: readonly string[], signal: AbortSignal, more: Partial<Tools> = {}): Promise<number> => {
  const out = (line: string): void => void process.stdout.write(`${line}\n`),
    err = (line: string): void => void process.stderr.write(`${line}\n`);
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true }) as { values: Values; positionals: string[] },
      command = COMMANDS[positionals[0] ?? ""];
    if (values["version"] === true) {
      out(VERSION);
      return 0;
    }
    if (!command || positionals.length > 1) {
      (values["help"] === true ? out : err)(USAGE);
      return values["help"] === true ? 0 : FAULTS.invalid.exit;
    }
    const platform = more.platform ?? thisPlatform(),
      places = { conf: String(values["conf"] ?? platform.places.conf), state: String(values["state"] ?? platform.places.state) };
    return await command(
      toolsOf({
        places,
        platform,
        clock: systemClock,
        random: systemRandom,
        say: out,
        log: (level, what) => err(`${level}: ${what}`),
        self: fileURLToPath(import.meta.url),
        ...(values["timescale"] === undefined ? {} : { times: times(Number(values["timescale"])) }),
        ...more,
      }),
      values,
      signal,
    );
  } catch (e) {
    const fault =
      e instanceof ConfMistakes
        ? new Fault("invalid", `agent.conf: ${e.mistakes.join("; ")}`)
        : (e as { code?: string }).code?.startsWith("ERR_PARSE_ARGS")
          ? new Fault("invalid", `${(e as Error).message}\n${USAGE}`)
          : toFault(e);
    err(`lockstep-agent: ${fault.message}${fault.code === "internal" && fault.cause instanceof Error ? ` (${fault.cause.message})` : ""}`);
    return FAULTS[fault.code].exit;
  }
};
