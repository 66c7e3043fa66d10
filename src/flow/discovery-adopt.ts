/** Accounts that were found, taken under management: looked at first, then done. Rule: it is the road every adoption takes (accounts.ts), so two changes of the password are proven before an account counts as managed. */
import { spelled } from "../connectors/connector.ts";
import { Fault, toFault } from "../kernel/fault.ts";
import type { AccountId, TargetId } from "../kernel/ids.ts";
import type { Actor } from "../domain/audit.ts";
import { hindrance, stageOf, warnings, type Found, type Ours, type Stage } from "../domain/discovery.ts";
import { may } from "../domain/may.ts";
import type { Target } from "../domain/target.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader } from "../store/db.ts";
import * as discoveries from "../store/discoveries.ts";
import { addAccount, adopt, namingOf } from "./accounts.ts";
import type { Deps } from "./deps.ts";
import { discoverable } from "./discover.ts";
import type { Caller } from "./record.ts";

export const MOST = 200;
/** One of the list, with ours beside it. `hindered`: why it cannot be adopted. */
export type Staged = { readonly found: Found; readonly ours: Ours | null; readonly stage: Stage; readonly hindered: string | null; readonly warns: readonly string[] };

export const stagedOn = async (deps: Pick<Deps, "connectors">, db: Reader, t: Target): Promise<Staged[]> => {
  const naming = namingOf(deps, t.platform), known = new Map((await accounts.onTarget(db, t.id)).map((a) => [spelled(naming, a.name), { id: a.id, credential: a.credential }]));
  return (await discoveries.found(db, t.id)).map((found) => {
    const ours = known.get(spelled(naming, found.name)) ?? null;
    return { found, ours, stage: stageOf(found, ours), hindered: hindrance(found, ours, naming.fits(found.name)), warns: warnings(found) };
  });
};

/** Those of the list, in its order; one that is not on it is an error. */
export const chosen = async (deps: Pick<Deps, "connectors">, db: Reader, t: Target, names: readonly string[]): Promise<Staged[]> => {
  if (names.length === 0) throw new Fault("invalid", "No account was chosen. Tick one or more in the list.");
  if (names.length > MOST) throw new Fault("invalid", `${names.length} accounts are more than one press takes (${MOST}).`);
  const wanted = new Set(names), found = (await stagedOn(deps, db, t)).filter((s) => wanted.has(s.found.name));
  if (found.length < wanted.size) throw new Fault("not_found", `${t.name} has no such account on its list. Have it listed again.`);
  return found;
};

/** What a press would do: nothing is changed. */
export const adoptPreview = async (deps: Pick<Deps, "db" | "connectors">, caller: Caller, id: TargetId, names: readonly string[]): Promise<Staged[]> =>
  chosen(deps, deps.db, await managedTarget(deps.db, caller, id), names);
const managedTarget = async (db: Reader, caller: Caller, id: TargetId): Promise<Target> => {
  const t = await discoverable(db, caller, id);
  if (!may(caller.person, "account.manage", { owner: t.owner })) throw new Fault("forbidden", "Its owner, or an admin, adopts accounts.");
  return t;
};

export type Adopted = { readonly name: string; readonly account: AccountId | null; readonly ok: boolean; readonly said: string };
/** Added where it is not in the vault yet, then adopted. `who`: in whose name, where a rule does it. */
export const takeUp = async (deps: Deps, caller: Caller, t: Target, s: Staged, who?: Actor): Promise<Adopted> => {
  const name = s.found.name;
  if (s.hindered !== null) return { name, account: s.ours?.id ?? null, ok: false, said: `left alone: ${s.hindered}` };
  try {
    const id = s.ours?.id ?? (await addAccount(deps, caller, { target: t.id, name }, who)).id;
    await adopt(deps, caller, id, who);
    return { name, account: id, ok: true, said: "adoption begun: its password is changed twice, then it is managed" };
  } catch (e) {
    if (!(e instanceof Fault)) deps.log("error", "an adoption failed", { target: t.id, what: e instanceof Error ? e.name : "not an error" });
    return { name, account: null, ok: false, said: toFault(e).message };
  }
};
/** Each by itself; one that cannot be done leaves the others alone. */
export const adoptFound = async (deps: Deps, caller: Caller, id: TargetId, names: readonly string[]): Promise<Adopted[]> => {
  const t = await managedTarget(deps.db, caller, id), out: Adopted[] = [];
  for (const s of await chosen(deps, deps.db, t, names)) out.push(await takeUp(deps, caller, t, s));
  return out;
};
