/** The command line. Rule: answers on stdout, one sentence and what to do on stderr, and the exit code from the table of faults. */
import { Command, CommanderError } from "commander";
import { systemClock } from "../kernel/clock.ts";
import { FAULTS, toFault, type Fault, type FaultCode } from "../kernel/fault.ts";
import { accounts } from "./accounts.ts";
import { agents } from "./agents.ts";
import { ask } from "./ask.ts";
import { errorJson, type Register } from "./act.ts";
import { audit } from "./audit.ts";
import { backup } from "./backup.ts";
import { bulk } from "./bulk.ts";
import { collections } from "./collections.ts";
import { completion } from "./completion.ts";
import { connect } from "./connect.ts";
import { dependents } from "./dependents.ts";
import { discover } from "./discover.ts";
import { doctor } from "./doctor.ts";
import { exposures } from "./exposures.ts";
import { imports } from "./import.ts";
import { Exit, line, plain, type Env, type Io } from "./io.ts";
import { lock, locks, unlock } from "./locks.ts";
import { notices, webhooks } from "./notices.ts";
import { login } from "./login.ts";
import { cancel, giveBack, revoke } from "./own.ts";
import { passwd, passwordPolicies, violations } from "./password-policies.ts";
import { groups, people } from "./people.ts";
import { platform } from "./platform.ts";
import { play } from "./play.ts";
import { changes, policies } from "./policies.ts";
import { release } from "./release.ts";
import { requests } from "./requests.ts";
import { preflight, rotate, verify } from "./rotate.ts";
import { rotations } from "./rotations.ts";
import { restore } from "./restore.ts";
import { config, init, serve } from "./server.ts";
import { schedules } from "./schedules.ts";
import { several } from "./several.ts";
import { search } from "./search.ts";
import { selftest } from "./selftest.ts";
import { sessions } from "./sessions.ts";
import { targets } from "./targets.ts";
import { token } from "./token.ts";
import { approve, deny, review } from "./vote.ts";

const COMMANDS: readonly Register[] = [
  login, imports, several, bulk, schedules, ask, connect, approve, deny, review, cancel, release, giveBack, revoke, requests, search, accounts, rotate, passwd, preflight, verify, rotations,
  targets, discover, collections, sessions, play, audit, exposures, people, groups, policies, passwordPolicies, violations, changes, lock, unlock, locks, token, doctor, serve, init, backup, restore, config,
  selftest, completion, notices, webhooks, platform, dependents, agents,
];

/** What to do, where the sentence itself does not say. */
const NEXT: Partial<Record<FaultCode, string>> = {
  unauthenticated: "Log in with: lockstep login", unavailable: "Is the broker running, and is this its address? Name it with --url or LOCKSTEP_URL.", internal: "The broker's log says more.",
};

export const programOf = (io: Io): Command => {
  const program = new Command("lockstep").description("Ask for privileged access, use it, give it back; passwords change behind you.")
    .option("--url <address>", "the broker (LOCKSTEP_URL; else the last login; else http://127.0.0.1:8282)").option("--socket <file>", "the broker's own socket on this machine: its operator makes backups and reads its health there").option("--ca <file>", "certificate authority of the broker (PEM)").option("--json", "the API's JSON on stdout, or {\"error\":{\"code\",\"message\"}}");
  for (const register of COMMANDS) register(program, io);
  const settle = (c: Command): void => {
    c.exitOverride().configureOutput({ writeOut: (t) => void io.stdout.write(t), writeErr: (t) => void io.stderr.write(t) }).showHelpAfterError("(see --help)");
    c.commands.forEach(settle);
  };
  settle(program);
  return program;
};

/** Not a Fault: a bug of this program, or a file that cannot be read; its message holds no secret, and there is no log to put it in. */
const sentence = (fault: Fault): string => (fault.code === "internal" && fault.cause instanceof Error ? `${fault.message} (${fault.cause.message})` : fault.message);
/** The call got nowhere; a broker that answered "not right now" is the right one, and running. */
const neverArrived = (fault: Fault): boolean => fault.cause instanceof Error && "syscall" in fault.cause;
const misread = (io: Io, e: CommanderError, json: boolean): number => {
  if (e.exitCode === 0) return 0;
  if (json) errorJson(io, "invalid", e.code === "commander.help" ? "Name a command; --help lists them." : e.message.replace(/^error: /, ""));
  return FAULTS.invalid.exit;
};
const refused = (io: Io, e: unknown, json: boolean): number => {
  if (e instanceof CommanderError) return misread(io, e, json);
  if (e instanceof Exit) return e.code;
  const fault = toFault(e), next = fault.code === "unavailable" && !neverArrived(fault) ? undefined : NEXT[fault.code];
  line(io.stderr, `lockstep: ${plain(sentence(fault))}`);
  if (next) line(io.stderr, next);
  return FAULTS[fault.code].exit;
};

/** The exit code. What follows `--` is another program's. */
export const runAt = async (io: Io, argv: readonly string[]): Promise<number> => {
  const own = argv.includes("--") ? argv.slice(0, argv.indexOf("--")) : argv;
  try { await programOf(io).parseAsync([...argv], { from: "user" }); return 0; } catch (e) { return refused(io, e, own.includes("--json")); }
};
/** `env` is handed in: the environment is read in config alone. */
export const run = (argv: readonly string[], env: Env): Promise<number> =>
  runAt({ env, clock: systemClock, stdin: process.stdin, stdout: process.stdout, stderr: process.stderr }, argv);
