/** lockstep agent …-broker-key(s): the broker's own key and what follows it. Rule: whom it cuts off is named on the command line, or nothing is done. */
import type { Command } from "commander";
import { act, collect, example } from "./act.ts";
import type { Io } from "./io.ts";
import { relative, table } from "./print.ts";
import type { When } from "./shapes.ts";

type Knowing = { readonly id: string; readonly name: string; readonly knows: string; readonly presence: string; readonly heardAt: When };
type Keys = {
  readonly current: { readonly fingerprint: string; readonly since: When } | null;
  readonly following: { readonly fingerprint: string; readonly since: When; readonly by: string } | null;
  readonly agents: readonly Knowing[];
  readonly all: boolean;
  readonly cutOff: readonly Knowing[];
};
const ago = (at: When, now: Date): string => (at === null ? "-" : relative(at, now));
const WORDS: Readonly<Record<string, string>> = {
  both: "knows both",
  following: "knows the new one alone",
  current: "not told yet",
  older: "still knows the old one",
  neither: "knows neither",
  unknown: "not heard of",
};
const who = (list: readonly Knowing[], now: Date): string =>
  table(
    ["name", "id", "the broker's keys", "heard"],
    list.map((k) => [k.name, k.id, WORDS[k.knows] ?? k.knows, ago(k.heardAt, now)]),
    "No agent.",
  );
/** Names that two have are no names. */
const option = (k: Knowing, all: readonly Knowing[]): string => `--cut-off ${all.filter((x) => x.name === k.name).length > 1 ? k.id : k.name}`;
const following = (k: Keys, now: Date): string[] => [
  `follows:  ${k.following!.fingerprint}, made ${ago(k.following!.since, now)} by ${k.following!.by}`,
  who(k.agents, now),
  k.cutOff.length === 0
    ? `${k.all ? "Every agent has" : "All of yours have"} pinned the new key. The old one goes by itself when every agent has.`
    : `The old one goes by itself when all have pinned the new one. To retire it now: lockstep agent retire-broker-key ${k.cutOff.map((x) => option(x, k.cutOff)).join(" ")}`,
];
const settled = (k: Keys, now: Date): string[] => {
  const older = k.agents.filter((x) => x.knows === "older");
  return [
    ...(older.length > 0 ? ["They still know the key before it, and are told to forget it when they next come:", who(older, now)] : []),
    ...(k.cutOff.length > 0 ? ["Cut off, because they know another key; enroll or revoke them:", who(k.cutOff, now)] : []),
  ];
};
const shown = (k: Keys, now: Date): string =>
  [
    k.current === null ? "in force: none" : `in force: ${k.current.fingerprint}, since ${ago(k.current.since, now)}`,
    ...(k.following !== null ? following(k, now) : settled(k, now)),
  ].join("\n");

export const brokerKeys = (agent: Command, io: Io): void => {
  example(agent.command("broker-keys").description("the keys by which this broker proves itself, and who has pinned them"), "lockstep agent broker-keys").action(
    act(io, (run) => run.show<Keys>("GET", "/broker-keys", undefined, (k) => shown(k, run.now))),
  );
  example(
    agent.command("roll-broker-key").description("make another key, and tell it to every agent; nobody is cut off"),
    "lockstep agent roll-broker-key",
  ).action(act(io, (run) => run.show<Keys>("POST", "/broker-keys/roll", {}, (k) => shown(k, run.now))));
  example(
    agent
      .command("retire-broker-key")
      .description("retire the old key now; those that have not pinned the new one are cut off, and named")
      .option("--cut-off <agent>", "its name or agt_…; all of them, each with its own --cut-off", collect, []),
    "lockstep agent retire-broker-key",
    "lockstep agent retire-broker-key --cut-off web-9 --cut-off lab-3",
  ).action(act(io, (run) => run.show<Keys>("POST", "/broker-keys/retire", { cutOff: run.many("cutOff") }, (k) => shown(k, run.now))));
};
