/** Questions and calls to a target, with what the vault opens for them. Rule: law A3: secrets are read at the moment of use and wiped after it; a connector that throws or overruns has told us nothing. */
import type { AccountId, VersionId } from "../kernel/ids.ts";
import type { Link } from "../kernel/link.ts";
import { Secret } from "../kernel/secret.ts";
import type { Connector, Credential, Login } from "../connectors/connector.ts";
import { settled } from "../connectors/connector.ts";
import type { ProbeOutcome } from "../domain/rotation-absorb.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader } from "../store/db.ts";
import * as versions from "../store/versions.ts";
import type { Deps } from "./deps.ts";
import { handOf } from "./agent-hand.ts";
import { blockIdentity } from "./identity.ts";
import { withAdmin, type LoginOf } from "./lend.ts";
import { helper, type World } from "./rotation-load.ts";
import { openForUse } from "./secrets.ts";

/** A3: read at the moment of use; the caller wipes it. */
export const credentialOf = async (deps: Deps, db: Reader, id: AccountId): Promise<Credential> => {
  const a = (await accounts.find(db, id))!;
  return { name: a.name, secret: await openForUse(deps, (await versions.inForce(db, id))!) };
};

/** The target's settings as its connector reads them, with the account that has to log in first where there is one. It is asked only while nothing is in doubt about it. */
export const withConfig = async <T>(deps: Deps, w: Pick<World, "connector" | "target">, use: (config: unknown) => Promise<T>): Promise<T> => {
  const config = w.connector.config.parse(w.target.settings) as object, name = w.connector.carrier?.(config);
  const found = name === undefined ? undefined : (await accounts.onTarget(deps.db, w.target.id)).find((a) => a.name === name);
  if (found === undefined || await helper(deps.db, found.id, w.target, deps.clock.now(), deps.trial) !== "ready") return use(config);
  const carrier = await credentialOf(deps, deps.db, found.id);
  try { return await use({ ...config, carrier }); } finally { carrier.secret.wipe(); }
};

/** Handed to a connector that works unaided: nobody, and no password. */
export const nobody = (): Credential => ({ name: "", secret: Secret.of("") });
/** The way to it, with its own agent where it has one. */
export const wayTo = (deps: Deps, target: World["target"]): Link => { const agent = handOf(deps, target), link = deps.link(target); return agent ? { ...link, agent } : link; };

/** The account as its connector knows it. */
export const loginAt = (w: Pick<World, "account" | "administrative" | "reconcile">): Login =>
  ({ name: w.account.name, id: w.account.id, alone: w.administrative === null && w.reconcile === null });

/** law no-way-round-2: whatever was asked, a target that proves another identity than the pinned one stops all its accounts. */
export const call = async <T>(deps: Deps, w: Pick<World, "connector" | "target">, verb: string, fn: (c: Connector, link: Link, config: unknown) => Promise<T>, limit: number): Promise<T | { unknown: string }> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<{ unknown: string }>((resolve) => { timer = setTimeout(() => resolve({ unknown: `${verb}: no answer in ${Math.round(limit / 1000)} s` }), limit + 1_000); });
  try {
    const said = await withConfig(deps, w, (config) => Promise.race([fn(w.connector, wayTo(deps, w.target), config), late]));
    if (typeof said === "object" && said !== null && "stranger" in said) await blockIdentity(deps, w.target.id, (said as unknown as { unknown: string }).unknown);
    return said;
  } catch (e) {
    return { unknown: `${verb}: ${e instanceof Error ? e.name : "error"}` };
  } finally { clearTimeout(timer); }
};

/** What an answer says of the administrative login it was asked with. */
export const loginBy = (said: string | object): LoginOf => typeof said === "object" && "unknown" in said ? ("asRefused" in said ? { refused: String(said.unknown) } : "unknown") : "accepted";

/** A refused login that may be a lock-out: the administrative account asks, where there is one. */
const doubted = async (deps: Deps, w: World, version: VersionId, unknown: string, usedBy: string): Promise<ProbeOutcome> => {
  const { administrative } = w;
  if (!administrative) return { unknown: `${unknown}; no administrative account is there to ask`, by: "login" };
  const state = await withAdmin(deps, administrative, w.target, usedBy, async () => {
    const as = await credentialOf(deps, deps.db, administrative);
    try {
      const said = await call(deps, w, "lock-out", (c, link, config) => c.lockedOut!(config, link, loginAt(w), as, AbortSignal.timeout(deps.times.probeLimit)), deps.times.probeLimit);
      return { answer: said, login: loginBy(said) };
    } finally { as.secret.wipe(); }
  });
  const answer = settled(state);
  return typeof answer === "object" ? { ...answer, by: "login" } : { refused_login: version };
};

/** `usedBy`: as for `compare`. */
export const login = async (deps: Deps, w: World, version: VersionId, usedBy: string): Promise<ProbeOutcome> => {
  using secret = await openForUse(deps, (await versions.find(deps.db, version))!);
  const answer = await call(deps, w, "probe", (c, link, config) => c.probe(config, link, loginAt(w), secret, AbortSignal.timeout(deps.times.probeLimit)), deps.times.probeLimit);
  if (typeof answer === "object" && "refused" in answer && w.connector.lockedOut) return doubted(deps, w, version, answer.unknown, usedBy);
  return answer === "yes" ? { match: version, by: "login" } : answer === "no" ? { refused_login: version }
    // Where the target's own files are asked, no login is spent by an answer that did not come.
    : { unknown: answer.unknown, by: "login", ...(w.connector.unaided && w.connector.compare ? { reached: false } : {}) };
};

/** `usedBy`: whose question it is, in the row that lends the administrative account. */
export const compare = async (deps: Deps, w: World, ids: readonly VersionId[], usedBy: string): Promise<ProbeOutcome> => {
  const { administrative } = w;
  if (!administrative && !w.connector.unaided) return { unknown: "no administrative credential to compare with", by: "compare" };
  const ask = async () => {
    const rows = await versions.many(deps.db, ids), secrets = await Promise.all(ids.map((id) => openForUse(deps, rows.find((v) => v.id === id)!))), as = administrative ? await credentialOf(deps, deps.db, administrative) : nobody();
    try {
      const said = await call(deps, w, "compare", (c, link, config) => c.compare!(config, link, loginAt(w), secrets, as, AbortSignal.timeout(deps.times.probeLimit)), deps.times.probeLimit);
      return { answer: said, login: loginBy(said) };
    } finally { for (const s of secrets) s.wipe(); as.secret.wipe(); }
  };
  const answer = administrative ? await withAdmin(deps, administrative, w.target, usedBy, ask) : (await ask()).answer;
  if (answer === "none") return "none_matches";
  return "match" in answer ? { match: ids[answer.match]!, by: "compare" } : { unknown: answer.unknown, by: "compare" };
};
