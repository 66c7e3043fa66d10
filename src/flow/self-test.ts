/** What a self-test asks of its own broker and of the target. Rule: the target's own hash says what is in force, never a row of ours. */
import { Fault } from "../kernel/fault.ts";
import { newId, type AccountId } from "../kernel/ids.ts";
import { keepsIn } from "../domain/no-release.ts";
import * as accounts from "../store/accounts.ts";
import * as people from "../store/people.ts";
import * as rotations from "../store/rotations.ts";
import * as targets from "../store/targets.ts";
import * as versions from "../store/versions.ts";
import type { Deps } from "./deps.ts";
import type { Caller } from "./record.ts";
import { openVersion } from "./secrets.ts";
import { credentialOf } from "./target-calls.ts";

const NAME = "selftest";
/** The one person of a self-test's database; made at first sight. */
export const tester = async (deps: Pick<Deps, "db" | "random">): Promise<Caller> => {
  const there = await people.named(deps.db, NAME), id = there?.id ?? newId("person", deps.random);
  if (!there) await deps.db.transaction((tx) => people.add(tx, { id, name: NAME, fullName: "Self-test", mail: null, subject: null, employeeNo: null, roles: ["admin", "user"], disabled: false }, null));
  return { person: (await people.find(deps.db, id))!, address: "local", means: "cli" };
};

const placeOf = async (deps: Deps, id: AccountId) => {
  const account = (await accounts.find(deps.db, id))!, target = (await targets.find(deps.db, account.target))!, connector = deps.connectors.get(target.platform)!;
  return { account, target, connector, config: connector.config.parse(target.settings), link: deps.link(target) };
};
/** `inForce`: how many of everything we hold the target accepts; `current`: the one we would hand out is it; `offered`: it could be handed out now. */
export type InForce = { readonly inForce: number; readonly current: boolean; readonly offered: boolean };
export const inForceNow = async (deps: Deps, id: AccountId): Promise<InForce> => {
  const { account, target, connector, config, link } = await placeOf(deps, id), rows = await versions.of(deps.db, id);
  const open = await rotations.openOf(deps.db, id), offered = account.credential === "in_sync" && !(open !== null && keepsIn(open, deps.clock.now()));
  const secrets = rows.map((row) => openVersion(deps, row)), as = await credentialOf(deps, deps.db, target.administrative!);
  try {
    const found = await connector.compare!(config, link, { name: account.name }, secrets, as, AbortSignal.timeout(deps.times.probeLimit));
    if (typeof found === "object" && "unknown" in found) throw new Fault("upstream", `The target could not be asked which password is in force: ${found.unknown}.`);
    const match = found === "none" ? null : rows[found.match]!.id;
    return { inForce: match === null ? 0 : 1, current: match !== null && match === account.current, offered };
  } finally { for (const s of secrets) s.wipe(); as.secret.wipe(); }
};
/** A fresh login with the current password. */
export const loginNow = async (deps: Deps, id: AccountId): Promise<"yes" | "no" | "unknown"> => {
  const { account, connector, config, link } = await placeOf(deps, id);
  using secret = openVersion(deps, (await versions.find(deps.db, account.current!))!);
  const said = await connector.probe(config, link, { name: account.name }, secret, AbortSignal.timeout(deps.times.probeLimit));
  return typeof said === "object" ? "unknown" : said;
};
/** What is still going on, in words; null: nothing, and the closures are asked. */
export const unsettled = async (deps: Deps, id: AccountId): Promise<string | null> => {
  const account = (await accounts.find(deps.db, id))!, open = await rotations.openOf(deps.db, id);
  if (open) return `${open.state}: ${open.why}`;
  if (account.credential !== "in_sync") return account.credential;
  // The nightly ones are another day's.
  const soon = new Date(deps.clock.now().getTime() + deps.times.probeWindow);
  return (await rotations.closuresOfAccount(deps.db, id)).some((c) => c.doneAt === null && c.dueAt < soon) ? "the closure is not asked yet" : null;
};
