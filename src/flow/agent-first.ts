/**
 * The first start of an agent: its machine appears as a target. Rule: nothing becomes managed by it; its accounts are listed, and people say what is
 * done with them.
 */
import type { Agent } from "../domain/agent.ts";
import { byAgent } from "../domain/platform.ts";
import type { Target } from "../domain/target.ts";
import { newId } from "../kernel/ids.ts";
import * as agents from "../store/agents.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as discoveries from "../store/discoveries.ts";
import * as targets from "../store/targets.ts";
import type { Deps } from "./deps.ts";
import { openListing } from "./discover.ts";
import { broker, record } from "./record.ts";
import { hashIdentity } from "./targets.ts";

type Small = Pick<Deps, "db" | "random" | "eventJournal" | "bus">;
const PART = broker("agents");

/** The machine's name as a target's; another one's is never taken. */
const freeName = async (db: Reader, name: string): Promise<string> => {
  const plain = name
      .toLowerCase()
      .replace(/[^a-z0-9._-]/g, "-")
      .slice(0, 60),
    taken = new Set((await targets.all(db)).map((t) => t.name));
  for (let i = 1; ; i++) {
    const one = i === 1 ? plain : `${plain}-${i}`;
    if (!taken.has(one)) return one;
  }
};
/** What an agent's machine is reached by: the agent itself, to its own sshd. */
export const placeOf = (a: Pick<Agent, "id" | "facts">, sshKeys: readonly string[]): Pick<Target, "platform" | "host" | "port" | "link" | "settings"> => ({
  platform: byAgent(a.facts),
  host: "localhost",
  port: 22,
  link: a.id,
  settings: { agent: a.id, hostKeys: [...sshKeys] },
});

export const firstTarget = async (deps: Small, tx: Tx, a: Agent, sshKeys: readonly string[]): Promise<void> => {
  const place = placeOf(a, sshKeys),
    by = (await agents.findEnrolment(tx, a.enrolment))!.by;
  const t: Target = {
    id: newId("target", deps.random),
    name: await freeName(tx, a.name),
    ...place,
    owner: a.owner,
    tags: [],
    administrative: null,
    reconcile: null,
    identityNo: 1,
    identityHash: hashIdentity(place),
    locked: false,
    passwordPolicy: null,
  };
  await targets.add(tx, t, by);
  await agents.setTarget(tx, a.id, t.id);
  await record(deps, tx, {
    what: "target.added",
    who: PART,
    about: { target: t.id, agent: a.id },
    outcome: "ok",
    facts: { name: t.name, platform: t.platform, host: t.host, port: t.port, identity: t.identityHash },
  });
  await discoveries.setDaily(tx, t.id, true);
  await openListing(deps, tx, t, "hand", null, PART);
};
