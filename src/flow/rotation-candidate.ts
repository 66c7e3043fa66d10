/** The candidate of a rotation: made, checked, journalled, and only then prepared. Rule: a crash anywhere here resumes with the SAME candidate. */
import { PASSWORD_POLICIES } from "../domain/password-policy.ts";
import { prepare, refuse, type Rotation } from "../domain/rotation.ts";
import type { Tx } from "../store/db.ts";
import type { SecretRow } from "../store/versions.ts";
import { brokenBy, generate, repeats } from "../vault/generate.ts";
import type { Deps } from "./deps.ts";
import type { World } from "./rotation-load.ts";
import { saveStep, underLock } from "./rotation-save.ts";
import { journalled, keepVersion, openVersion } from "./secrets.ts";

/** queued -> prepared, or refused with every broken rule of a typed password named at once. */
export const prepareCandidate = async (deps: Deps, r: Rotation<"queued">): Promise<void> => {
  await deps.moment("before_candidate");
  const kept = await underLock(deps, r, async (tx, now, w) => {
    const row = ours(now, w) ?? (now.candidate ? w.versions.find((v) => v.id === now.candidate)! : await newCandidate(deps, tx, now, w));
    await deps.moment("candidate_inserted");
    const broken = now.origin === "given" ? brokenRulesOf(deps, row, w) : [];
    if (broken.length > 0) await saveStep(deps, tx, refuse(now, `unchanged: the password needs ${broken.join("; ")}`, w.facts, tx.now, deps.times), w);
    return { row, w, broken };
  });
  if (kept.broken.length > 0) return;
  await deps.moment("candidate_committed");
  await journalled(deps, kept.row, kept.w.account, kept.w.target, r.fence);
  await deps.moment("journalled");
  await underLock(deps, r, (tx, now, w) => saveStep(deps, tx, prepare(now, kept.row.id, w.account.usedNo), w));
  await deps.moment("prepared");
};

const originOf = (r: Rotation): string => `rotation ${r.id} ${r.rejected}`;
/** What an earlier life of this rotation made before it died. */
const ours = (r: Rotation, w: World): SecretRow | undefined => w.versions.find((v) => v.origin === originOf(r) && v.status === "candidate");

const newCandidate = async (deps: Deps, tx: Tx, r: Rotation, w: World): Promise<SecretRow> => {
  const secret = generate(policyOf(w), w.account.name, w.connector.forbidden, deps.random);
  try { return await keepVersion(deps, tx, { account: w.account, secret, status: "candidate", origin: originOf(r), by: r.by }); } finally { secret.wipe(); }
};

export const policyOf = (w: Pick<World, "account">) => PASSWORD_POLICIES[w.account.passwordPolicy] ?? PASSWORD_POLICIES["medium"]!;

const brokenRulesOf = (deps: Deps, row: SecretRow, w: World): string[] => {
  const policy = policyOf(w), earlier = w.versions.filter((v) => v.id !== row.id).slice(-policy.history).map((v) => openVersion(deps, v));
  using secret = openVersion(deps, row);
  const broken = brokenBy(secret, policy, w.account.name, w.connector.forbidden);
  if (repeats(secret, earlier)) broken.push(`to differ from the last ${policy.history}`);
  for (const e of earlier) e.wipe();
  return broken;
};
