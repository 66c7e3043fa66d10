/** lockstep agent. Rule: the line with its token goes to stdout once; nothing keeps it. */
import type { Command } from "commander";
import { act, collect, example, type Register, type Run } from "./act.ts";
import { brokerKeys } from "./broker-keys.ts";
import { seg } from "./client.ts";
import type { Io } from "./io.ts";
import { relative, table } from "./print.ts";
import type { List, When } from "./shapes.ts";
import { Fault } from "../kernel/fault.ts";

type Agent = {
  readonly id: string;
  readonly name: string;
  readonly mode: string;
  readonly state: string;
  readonly presence: string;
  readonly heardAt: When;
  readonly owner: string;
  readonly target: When;
  readonly version: string;
  readonly skewMs: number | null;
  readonly fingerprint: string;
  readonly nextFingerprint: When;
  readonly brokerKeys: readonly string[];
  readonly allow: readonly string[];
  readonly why: When;
};
type Token = {
  readonly id: string;
  readonly kind: string;
  readonly mode: string;
  readonly owner: string;
  readonly by: string;
  readonly expiresAt: When;
  readonly maxUses: number;
  readonly used: number;
};
type Made = { readonly line: string; readonly owner: string; readonly expiresAt: When; readonly uses: number };
type Examined = { readonly checks: readonly { check: string; ok: boolean; says: string; hint: When }[]; readonly unreachable: When };

const skew = (ms: number | null): string => (ms === null ? "-" : Math.abs(ms) < 1_000 ? `${ms} ms` : `${Math.round(ms / 1_000)} s`);
const word = (a: Agent): string =>
  a.state === "active" ? a.presence : a.state === "paused" ? `paused, ${a.presence}` : a.state === "enrolled" ? "enrolled, not come yet" : a.state;
const rows = (list: readonly Agent[], now: Date): string =>
  table(
    ["name", "id", "mode", "state", "heard", "target", "owner", "version", "clock", "key"],
    list.map((a) => [
      a.name,
      a.id,
      a.mode,
      word(a),
      a.heardAt === null ? "-" : relative(a.heardAt, now),
      a.target ?? "-",
      a.owner,
      a.version,
      skew(a.skewMs),
      a.fingerprint,
    ]),
    "No agent yet. Let one in with: lockstep agent enroll --new",
  );
const shown = (a: Agent, now: Date): string =>
  [
    rows([a], now),
    ...(a.why ? [`why: ${a.why}`] : []),
    `knows this broker by: ${a.brokerKeys.join(" ") || "not told yet"}`,
    ...(a.nextFingerprint ? [`its next key: ${a.nextFingerprint}`] : []),
    `carries to: ${a.allow.join(", ") || "nowhere"}`,
  ].join("\n");
const move = (run: Run, id: string, path: string, body: unknown = {}): Promise<unknown> =>
  run.show<Agent>("POST", `/agents/${seg(id)}/${path}`, body, (a) => shown(a, run.now));
const enroll = async (run: Run): Promise<unknown> => {
  if (!run.flag("new")) throw new Fault("invalid", "This makes a token that lets a machine in. Say so with --new");
  const many = run.flag("many") || run.text("hours") !== undefined || run.text("uses") !== undefined,
    number = (n: string): Record<string, number> => (run.text(n) === undefined ? {} : { [n]: Number(run.text(n)) });
  const body = {
    mode: run.flag("gateway") ? "gateway" : "agent",
    kind: many ? "many" : "once",
    ...(run.text("owner") ? { owner: run.text("owner") } : {}),
    ...number("hours"),
    ...number("uses"),
  };
  const made = await run.client.json<Made>("POST", "/enrolments", body);
  const machines = made.uses === 1 ? "one machine" : `${made.uses} machines`;
  run.say(
    `Paste this into a root shell on the machine (Node 22 or newer). It is ${made.owner}'s, good for ${machines}, until ${made.expiresAt ?? "?"}:`,
  );
  return run.print(made, () => made.line);
};
const examined = (d: Examined): string =>
  d.unreachable ?? d.checks.map((c) => `${c.ok ? "ok  " : "FAIL"} ${c.check}: ${c.says}${c.hint ? `\n     What to do: ${c.hint}.` : ""}`).join("\n");

const oneOf =
  (agent: Command) =>
  (name: string, says: string, line: string): Command =>
    example(agent.command(name).description(says).argument("<agent>", "its name or agt_…"), line);
const seen = (agent: Command, io: Io): void => {
  const one = oneOf(agent);
  example(agent.command("list").description("all of them"), "lockstep agent list").action(
    act(io, (run) => run.show<List<Agent>>("GET", "/agents?limit=500", undefined, ({ items }) => rows(items, run.now))),
  );
  one("show", "one of them", "lockstep agent show web-1").action(
    act(io, (run, id) => run.show<Agent>("GET", `/agents/${seg(id!)}`, undefined, (a) => shown(a, run.now))),
  );
  one("doctor", "have the machine examine itself", "lockstep agent doctor web-1").action(
    act(io, (run, id) => run.show<Examined>("POST", `/agents/${seg(id!)}/doctor`, {}, examined)),
  );
};
const moves = (agent: Command, io: Io): void => {
  const one = oneOf(agent);
  one("pause", "ask nothing of it", 'lockstep agent pause web-1 --reason "maintenance"')
    .requiredOption("-r, --reason <text>", "why")
    .action(act(io, (run, id) => move(run, id!, "pause", { reason: run.text("reason") })));
  one("resume", "use it again", "lockstep agent resume web-1").action(act(io, (run, id) => move(run, id!, "resume")));
  one("revoke", "let it in no more; its connection ends", 'lockstep agent revoke web-1 --reason "taken away"')
    .requiredOption("-r, --reason <text>", "why")
    .action(act(io, (run, id) => move(run, id!, "revoke", { reason: run.text("reason") })));
  one("delete", "off the lists, once it is revoked", "lockstep agent delete web-1").action(
    act(io, (run, id) => run.show("DELETE", `/agents/${seg(id!)}`, undefined, () => "Deleted. Its events and its target stay.")),
  );
  one("map", "let it stand for another target", "lockstep agent map agt_… --target web-1")
    .requiredOption("--target <name>", "the target")
    .action(act(io, (run, id) => move(run, id!, "map", { target: run.text("target") })));
  one("give", "to another owner", "lockstep agent give web-1 --owner operator")
    .requiredOption("--owner <login>", "whom")
    .action(act(io, (run, id) => move(run, id!, "give", { owner: run.text("owner") })));
  one("allow", "where it may carry to; the whole list", "lockstep agent allow gate-1 --to db-1.island:5432 --to 10.0.0.7:22")
    .option("--to <host:port>", "may be given again; none: nowhere", collect, [])
    .action(act(io, (run, id) => move(run, id!, "allow", { allow: run.many("to") })));
  one("roll-key", "have it make another key", "lockstep agent roll-key web-1").action(act(io, (run, id) => move(run, id!, "roll-key")));
};
const letIn = (agent: Command, io: Io): void => {
  example(
    agent
      .command("enroll")
      .description("the line to paste on a machine that is to come")
      .option("--new", "make a token")
      .option("--owner <login>", "whose it is; else yours")
      .option("--gateway", "it carries connections of its network")
      .option("--many", "one key for many machines")
      .option("--hours <n>", "how long that key lives (24)")
      .option("--uses <n>", "how many machines (1000)"),
    "lockstep agent enroll --new --owner operator",
    "lockstep agent enroll --new --many --hours 8 --uses 40",
  ).action(act(io, (run) => enroll(run)));
  example(agent.command("tokens").description("those that still let a machine in"), "lockstep agent tokens").action(
    act(io, (run) =>
      run.show<List<Token>>("GET", "/enrolments?limit=500", undefined, ({ items }) =>
        table(
          ["id", "for", "mode", "owner", "by", "until"],
          items.map((t) => [
            t.id,
            t.kind === "once" ? "one machine" : `${t.maxUses - t.used} more`,
            t.mode,
            t.owner,
            t.by,
            t.expiresAt === null ? "-" : relative(t.expiresAt, run.now),
          ]),
          "None.",
        ),
      ),
    ),
  );
  example(
    agent.command("end-token").description("let nobody in by it any more").argument("<token>", "enr_…"),
    "lockstep agent end-token enr_…",
  ).action(act(io, (run, id) => run.show("DELETE", `/enrolments/${seg(id!)}`, undefined, () => "Ended.")));
};
export const agents: Register = (program, io) => {
  const agent = program.command("agent").description("agents and gateways: machines that dial out to this broker");
  for (const part of [seen, letIn, moves, brokerKeys]) part(agent, io);
};
