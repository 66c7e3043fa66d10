/** The candidate of a rotation: made, checked, journalled, and only then prepared. Rule: a crash anywhere here resumes with the SAME candidate; one that breaks the policy is never prepared. */
import { drawAgain, prepare, refuse, type Rotation } from "../domain/rotation.ts";
import { NEW_CANDIDATES } from "../domain/rotation-absorb.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as versions from "../store/versions.ts";
import type { SecretRow } from "../store/versions.ts";
import { generate } from "../vault/generate.ts";
import type { Deps } from "./deps.ts";
import { brokenRulesOf, keptStill, policyOf } from "./password-check.ts";
import type { World } from "./rotation-load.ts";
import { saveStep, underLock } from "./rotation-save.ts";
import { journalled, keepVersion, openVersion } from "./secrets.ts";

/** queued -> prepared; or refused, with every broken rule of a typed password named at once. */
export const prepareCandidate = async (deps: Deps, r: Rotation<"queued">): Promise<void> => {
  await deps.moment("before_candidate");
  const kept = await underLock(deps, r, (tx, now, w) => checked(deps, tx, now, w));
  if (kept === null) return;
  await deps.moment("candidate_committed");
  await journalled(deps, kept.row, kept.w.account, kept.w.target, r.fence);
  await deps.moment("journalled");
  await underLock(deps, r, (tx, now, w) => saveStep(deps, tx, prepare(now, kept.row.id, w.account.usedNo), w));
  await deps.moment("prepared");
};

/** The row to go on with; null: the step that ends or redraws it is saved. What a person says is in force already is judged by the target alone. */
const checked = async (deps: Deps, tx: Tx, r: Rotation<"queued">, w: World): Promise<{ row: SecretRow; w: World } | null> => {
  const bound = await policyOf(tx, w);
  const stop = (why: string, candidate = r.candidate) => saveStep(deps, tx, refuse({ ...r, candidate }, `unchanged: ${why}`, w.facts, tx.now, deps.times), w).then(() => null);
  const kept = r.origin === "local" ? null : keptStill(deps, w, bound, r.trigger, tx.now);
  if (kept !== null) return stop(kept);
  let row: SecretRow;
  try { row = await ours(tx, r, w) ?? await newCandidate(deps, tx, r, w, bound.policy); } catch (e) {
    if (e instanceof RangeError) return stop(e.message);
    throw e;
  }
  await deps.moment("candidate_inserted");
  using secret = openVersion(deps, row);
  const broken = r.origin === "local" ? [] : await brokenRulesOf(deps, tx, w, bound, secret, row.id);
  if (broken.length === 0) return { row, w };
  // Made before the policy changed, or drawn twice in a lifetime: nobody has seen it, another one is drawn.
  if (r.origin === "generated" && r.rejected < NEW_CANDIDATES) { await saveStep(deps, tx, drawAgain(r, row.id, `the password needs ${broken.join("; ")}`), w); return null; }
  return stop(`the password needs ${broken.join("; ")}`, row.id);
};

const originOf = (r: Rotation): string => `rotation ${r.id} ${r.rejected}`;
/** What an earlier life of this rotation made before it died, or the candidate it was opened with. */
const ours = (db: Reader, r: Rotation, w: World): Promise<SecretRow | null> => {
  const id = w.versions.find((v) => v.origin === originOf(r) && v.status === "candidate")?.id ?? r.candidate;
  return id ? versions.find(db, id) : Promise.resolve(null);
};

const newCandidate = async (deps: Deps, tx: Tx, r: Rotation, w: World, policy: Parameters<typeof generate>[0]): Promise<SecretRow> => {
  const secret = w.connector.keys?.make() ?? generate(policy, w.account.name, w.connector.forbidden, deps.random);
  try { return await keepVersion(deps, tx, { account: w.account, secret, status: "candidate", origin: originOf(r), by: r.by }); } finally { secret.wipe(); }
};
