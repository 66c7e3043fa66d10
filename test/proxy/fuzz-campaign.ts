/** Fuzzed packets against the real proxy until enough were taken. Rule: judged by what the broker was asked, what the target saw and what the processes said. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { dice } from "../lab/dice.ts";
import { attack, shout } from "./fuzz-peer.ts";
import type { Where } from "./fuzz-peer.ts";
import { fuzzed, honest, rawBytes } from "./fuzz-packets.ts";
import type { SmallTarget } from "./small-target.ts";
import { smallTarget } from "./small-target.ts";
import type { Lab } from "./ssh-lab.ts";
import { sshLab } from "./ssh-lab.ts";

/** What the policy gives here; nothing else may ever reach the target. */
const GIVEN = "exec";
const LANES = 8,
  PER_CONNECTION = 1_000;
const STRANGE =
  /an exception nobody caught|a rejection nobody caught|a session process|a channel failed|a forward failed|was not taken|did not close/;

export type Phase = { taken: number; connections: number; ended: number; letIn: number; opened: number; unreached: number };
export type Range = { readonly lab: Lab; readonly target: SmallTarget; readonly pids: readonly number[]; close(): Promise<void> };

export const range = async (workers: number): Promise<Range> => {
  const target = await smallTarget(),
    lab = await sshLab({ workers });
  lab.broker.terms = { ...lab.broker.terms, channels: [GIVEN], record: "digest", forwardTo: [] };
  lab.broker.accounts.set("app1@web-1", target.account);
  return {
    lab,
    target,
    pids: lab.proxy.pids(),
    close: async () => {
      await lab[Symbol.asyncDispose]();
      target.close();
    },
  };
};

export const whereOf = (lab: Lab, lane: number): Where => ({
  port: lab.proxy.port,
  username: "requester@app1@web-1",
  privateKey: readFileSync(join(lab.dir, "person_key"), "utf8"),
  localAddress: `127.0.1.${1 + lane}`,
});

/** At least `wanted` packets taken; each lane has an address, a connection at a time and dice of its own. */
export const campaign = async ({ lab }: Range, loggedIn: boolean, wanted: number, seed: number): Promise<Phase> => {
  const phase: Phase = { taken: 0, connections: 0, ended: 0, letIn: 0, opened: 0, unreached: 0 };
  const lane = async (n: number): Promise<void> => {
    const where = whereOf(lab, n),
      roll = dice(seed * 1_000 + n * 2 + Number(loggedIn));
    while (phase.taken < wanted && phase.unreached < 100) {
      try {
        const one = await attack(where, loggedIn, PER_CONNECTION, () => fuzzed(roll, loggedIn), loggedIn ? honest() : []);
        phase.taken += one.taken;
        phase.connections += 1;
        phase.ended += Number(one.ended);
        phase.letIn += one.letIn;
        phase.opened += one.opened;
      } catch {
        phase.unreached += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_, n) => lane(n)));
  return phase;
};
/** `wanted` connections that never get as far as keys. */
export const clear = async ({ lab }: Range, wanted: number, seed: number): Promise<number> => {
  let left = wanted;
  const lane = async (n: number): Promise<void> => {
    for (const where = whereOf(lab, n), roll = dice(seed * 7_000 + n); left-- > 0;) await shout(where, rawBytes(roll));
  };
  await Promise.all(Array.from({ length: LANES }, (_, n) => lane(n)));
  return wanted;
};

/** What must not have happened: names of channels at the target or in the broker's events that the policy does not give. */
export const unauthorised = ({ lab, target }: Range): string[] => [
  ...[...target.opened.keys()].filter((kind) => kind !== GIVEN).map((kind) => `the target saw ${kind}`),
  ...lab.broker.sessions.flatMap((s) =>
    s.events.flatMap((e) => (e.kind === "channel_opened" && e.type !== GIVEN ? [`${s.id} opened ${e.type}`] : [])),
  ),
];
/** Of the processes: gone, replaced, or anything in the log that somebody should have caught. */
export const crashes = ({ lab, pids }: Range): string[] => [
  ...(JSON.stringify(lab.proxy.pids()) === JSON.stringify(pids) ? [] : ["a session process was replaced"]),
  ...lab.lines.filter((line) => STRANGE.test(line)),
];
