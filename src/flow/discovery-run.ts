/**
 * One listing, done: the target is asked once, and what it said is compared with the list before. Rule: only a whole list is written, in one
 * transaction with its end; anything less is the failure of this listing and changes no row of what was found.
 */
import { newId } from "../kernel/ids.ts";
import type { Credential, FoundAccount, NotTold } from "../connectors/connector.ts";
import { obstacle } from "../domain/account.ts";
import { claim, countsOf, fail, finish, merge, type Discovery, type Found, type Step } from "../domain/discovery.ts";
import type { Target } from "../domain/target.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as discoveries from "../store/discoveries.ts";
import * as targets from "../store/targets.ts";
import * as versions from "../store/versions.ts";
import type { Deps } from "./deps.ts";
import { cannotList } from "./discover.ts";
import { withAdmin } from "./lend.ts";
import { broker, record } from "./record.ts";
import { call, credentialOf, nobody } from "./target-calls.ts";
import { connectorOf } from "./targets.ts";

const PART = broker("discovery");

export type Claimed = { readonly id: string; readonly target: string; readonly discovery: Discovery<"running"> };
/** What waits, or what a dead owner left; null: nothing, or this broker must not. */
export const claimDiscovery = (deps: Deps, busy: readonly string[], full: readonly string[]): Promise<Claimed | null> => deps.db.transaction(async (tx) => {
  if (deps.passive.why) return null;
  const seen = await discoveries.claimable(tx, busy, full), step = seen && claim(seen, tx.now, deps.times);
  return step && await discoveries.save(tx, step) ? { id: seen.id, target: seen.target, discovery: step.to } : null;
});

/** law no-way-round-2: a target whose identity waits for somebody gets no password, a locked one neither. */
const stops = async (deps: Deps, db: Reader, t: Target): Promise<string | null> => {
  const no = cannotList(deps, t), admin = t.administrative ? await accounts.find(db, t.administrative) : null;
  if (deps.passive.why) return deps.passive.why;
  if (no !== null) return no;
  if (t.locked) return "the target is locked";
  if (connectorOf(deps, t.platform).unaided) return null;
  if (!admin) return "its administrative account is gone";
  if (!(await versions.inForce(db, admin.id))) return `the vault holds no password of ${admin.name} yet; type it on the account's page`;
  return obstacle({ credential: "in_sync", block: admin.block === "none" && admin.identityNo !== t.identityNo ? "identity_changed" : admin.block }, false);
};
const listAs = (deps: Deps, t: Target, as: Credential): Promise<readonly FoundAccount[] | NotTold> =>
  call(deps, { target: t, connector: connectorOf(deps, t.platform) }, "discover", (c, link, config) => c.discover!(config, link, as, AbortSignal.timeout(deps.times.discoverLimit)), deps.times.discoverLimit);
const ask = async (deps: Deps, t: Target): Promise<readonly FoundAccount[] | { unknown: string }> =>
  connectorOf(deps, t.platform).unaided ? listAs(deps, t, nobody()) : withAdmin<readonly FoundAccount[] | NotTold>(deps, t.administrative!, t, newId("event", deps.random), async () => {
    const as = await credentialOf(deps, deps.db, t.administrative!);
    try {
      const said = await listAs(deps, t, as);
      return { answer: said, login: !("unknown" in said) ? "accepted" as const : "asRefused" in said ? { refused: said.unknown } : "unknown" as const };
    } finally { as.secret.wipe(); }
  });

type Said = Awaited<ReturnType<typeof ask>>;
/** What this listing comes to, in the transaction that writes it. */
const judge = async (tx: Tx, d: Discovery<"running">, t: Target, said: Said): Promise<{ step: Step<"running", "done" | "failed">; rows: readonly Found[] }> => {
  if ("unknown" in said) return { step: fail(d, said.unknown, tx.now), rows: [] };
  // Another identity by now: the list is of another machine than the rows are about.
  if ((await targets.lock(tx, t.id))?.identityNo !== t.identityNo) return { step: fail(d, "the target's address or key was changed meanwhile", tx.now), rows: [] };
  const first = (await discoveries.recent(tx, { target: t.id, whole: true, limit: 1 })).length === 0, rows = merge(await discoveries.found(tx, t.id), said, t.id, first, tx.now);
  return { step: finish(d, countsOf(rows), first, tx.now), rows };
};
const MOST_NAMES = 20;
/** Who it is that came, went or rose, for the log and for those who are told. */
const named = (rows: readonly Found[]): Record<string, string> => Object.fromEntries((["new", "back", "gone", "became_privileged", "new_keys"] as const).flatMap((change) => {
  const names = rows.filter((r) => r.changes.includes(change)).map((r) => r.name);
  return names.length === 0 ? [] : [[`names_${change}`, `${names.slice(0, MOST_NAMES).join(", ")}${names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : ""}`]];
}));

export const runDiscovery = async (deps: Deps, d: Discovery<"running">): Promise<void> => {
  const t = (await targets.find(deps.db, d.target))!, no = await stops(deps, deps.db, t), said = no === null ? await ask(deps, t) : { unknown: no };
  await deps.db.transaction(async (tx) => {
    const { step, rows } = await judge(tx, d, t, said), { to } = step;
    // Somebody took it over while we waited for the target: what they note of it is what counts.
    if (!(await discoveries.save(tx, step))) return;
    await discoveries.putFound(tx, rows);
    await record(deps, tx, {
      what: to.state === "done" ? "discovery.done" : "discovery.failed", who: PART, about: { target: t.id, discovery: d.id }, outcome: to.state === "done" ? "ok" : "failed",
      ...(to.state === "done" ? { facts: { ...to.counts, first: to.first, ...named(rows) } } : { why: to.why }),
    });
    tx.onCommit(() => deps.bus.publish("discoveries"));
  });
};
