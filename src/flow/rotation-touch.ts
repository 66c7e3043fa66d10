/** The two outside things of a rotation: change and probe. Rule: law I6, intent durable before, outcome durable after; the fence is checked right before each. */
import type { AccountId, VersionId } from "../kernel/ids.ts";
import { absorb, type ChangeOutcome } from "../domain/rotation-absorb.ts";
import type { Ask } from "../domain/rotation-next.ts";
import { currentOf, loginsLeft, reserveLogin, type Way } from "../domain/rotation-facts.ts";
import { fenceHolds } from "../domain/rotation-lease.ts";
import { beginApply, later, reserveProbe, wait, type Appliable, type Rotation } from "../domain/rotation.ts";
import * as accounts from "../store/accounts.ts";
import type { Tx } from "../store/db.ts";
import * as rotations from "../store/rotations.ts";
import { Fenced } from "../store/rotations.ts";
import * as versions from "../store/versions.ts";
import type { Deps } from "./deps.ts";
import { endDirectLogins } from "./end-logins.ts";
import { blockIdentity } from "./identity.ts";
import { borrow, handBack, type LoginOf } from "./lend.ts";
import type { World } from "./rotation-load.ts";
import { saveStep, underLock } from "./rotation-save.ts";
import { openForUse, openVersion } from "./secrets.ts";
import { call, compare, credentialOf, login, loginAt } from "./target-calls.ts";

/** Our lease must outlive the call: asked of the database right before the target is touched, and stretched while the fence is still ours. Says until when the answer is fresh. */
export const stillOurs = async (deps: Deps, r: Rotation, spends: "login" | "nothing" = "nothing"): Promise<Fresh> => {
  const asked = deps.clock.mono();
  const w = await underLock(deps, r, async (tx, now, world) => {
    if (!fenceHolds(now, r.fence, tx.now, deps.times)) {
      if (spends === "login") await reservedAnew(deps, tx, world);
      await rotations.stretch(tx, now, later(tx.now, deps.times.rotationLease));
    }
    return world;
  });
  return { rotation: r.id, until: asked + deps.times.leaseMargin, w };
};
/** A login is counted for as long as one lease: one that leaves later than that is counted once more, or does not leave. */
const reservedAnew = async (deps: Pick<Deps, "times">, tx: Tx, { account, facts }: World): Promise<void> => {
  if (loginsLeft(facts.budget, tx.now) < 1) throw new Fenced(`account ${account.id}: too much time passed since the login was counted, and one more could lock it`);
  await accounts.setBudget(tx, account.id, reserveLogin(facts.budget, facts, tx.now, deps.times));
};
type Fresh = { readonly rotation: string; readonly until: number; readonly w: World };
/** A process that was stopped between the question and the call may be one of two owners by now: the margin is what the lease has to spare. */
export const stillFresh = (deps: Pick<Deps, "clock">, f: Fresh): void => {
  if (deps.clock.mono() > f.until) throw new Fenced(`rotation ${f.rotation}: too much time passed between the fence check and the call`);
};

/** prepared | waiting | probing(retry) -> applying -> whatever came of it. */
export const applyChange = async (deps: Deps, r: Appliable, as: Way, from: VersionId | null): Promise<void> => {
  const helper = (w: World) => (as === "administrative" ? w.administrative : as === "reconcile" ? w.reconcile : null);
  const begun = await underLock(deps, r, async (tx, now, w) => {
    const admin = helper(w);
    // A2: shared on the administrative account, exclusive on oneself when one is such an account.
    const lent = admin ? await borrow(deps, tx, admin, w.target, now.id) : null, taken = lent === "lent" || (lent === null && await rotations.takeAdmin(tx, w.account.id, now.id, { exclusive: true, alone: false }, later(tx.now, deps.times.rotationLease)));
    if (!taken) { await postponed(deps, tx, now, w, lent === "refused" ? "admin_refused: the target refused the account that changes it" : BUSY); return null; }
    const saved = await saveStep(deps, tx, beginApply(now, as, tx.now, deps.times), w) as Rotation<"applying">;
    return { saved, target: w.target, admin };
  });
  if (begun === null) return;
  await deps.moment("applying");
  const outcome = await change(deps, begun.saved, begun.admin, from);
  await deps.moment("changed");
  if (typeof outcome === "object" && "not_sent" in outcome && outcome.not_sent === "identity") await blockIdentity(deps, begun.target.id, outcome.why);
  await underLock(deps, begun.saved, async (tx, now, w) => {
    await saveStep(deps, tx, absorb(now, outcome, w.facts, tx.now, deps.times), w);
    if (begun.admin) await handBack(deps, tx, begun.admin, w.target, now.id, loginOf(outcome));
    else await rotations.dropAdmin(tx, now.id);
  });
  await deps.moment("change_noted");
};

const BUSY = "the account that changes it is busy: being rotated itself, or trying its own login first";
const postponed = async (deps: Deps, tx: Tx, r: Rotation, w: World, why: string): Promise<void> => {
  if (r.state === "prepared" || r.state === "waiting") await saveStep(deps, tx, wait(r, why, tx.now, deps.times), w);
  else await rotations.sleep(tx, r, later(tx.now, deps.times.retryFirst));
};

/** What the change says of the login it was made with. */
export const loginOf = (o: ChangeOutcome): LoginOf => {
  if (typeof o === "object" && "not_sent" in o) return o.not_sent === "auth_of_as" ? { refused: o.why } : "unknown";
  return typeof o === "object" && "unknown" in o ? "unknown" : "accepted";
};

const change = async (deps: Deps, r: Rotation<"applying">, admin: AccountId | null, from: VersionId | null): Promise<ChangeOutcome> => {
  const fresh = await stillOurs(deps, r, r.as === "self" ? "login" : "nothing"), { w } = fresh;
  if (w.facts.blocked) return { not_sent: "unreachable", why: "the account was blocked meanwhile", reached: false };
  const row = (await versions.find(deps.db, r.candidate))!, to = openVersion(deps, row), order = { rotation: r.id, no: row.no, fence: r.fence, epoch: deps.epoch.value };
  const as = admin ? await credentialOf(deps, deps.db, admin) : undefined;
  // Whoever changes a key must know the one before: it may stand on the target without our mark.
  const before = from ?? (w.connector.keys ? currentOf(w.facts) : null), self = before ? await openForUse(deps, (await versions.find(deps.db, before))!) : undefined;
  try {
    await deps.moment("before_change");
    stillFresh(deps, fresh);
    // An administrative account changes itself with its own rights: it is its own `as`.
    const means = { to, order, ...(as ? { as } : self ? { as: { name: w.account.name, secret: self } } : {}), ...(self ? { from: self } : {}) };
    return await call(deps, w, "change", (c, link, config) => c.change(config, link, loginAt(w), means, AbortSignal.timeout(deps.times.changeLimit)), deps.times.changeLimit);
  } finally { to.wipe(); as?.secret.wipe(); self?.wipe(); }
};

/** One question, its answer absorbed. A login is counted before it leaves. */
export const askTarget = async (deps: Deps, r: Rotation<"probing"> | Rotation<"dead_letter">, ask: Ask): Promise<void> => {
  const mine = r as Rotation<"probing">;
  if (ask.by === "login") await underLock(deps, mine, (tx, now, w) => saveStep(deps, tx, reserveProbe(now, tx.now, deps.times), w));
  const fresh = await stillOurs(deps, mine, ask.by === "login" ? "login" : "nothing");
  const { w } = fresh;
  // law no-way-round-2: the target these settings name may be one that nobody has accepted.
  if (w.facts.blocked) throw new Fenced(`account ${w.account.id}: it was blocked between the decision to ask and the question`);
  await deps.moment("before_probe");
  stillFresh(deps, fresh);
  const outcome = ask.by === "compare" ? await compare(deps, w, ask.versions, r.id) : await login(deps, w, ask.version, r.id);
  await deps.moment("probed");
  if (r.state === "probing" && typeof outcome === "object" && "match" in outcome && outcome.match === r.candidate) await endDirectLogins(deps, r, w, async () => stillFresh(deps, await stillOurs(deps, mine)));
  await underLock(deps, mine, (tx, now, w) => saveStep(deps, tx, absorb(now, outcome, w.facts, tx.now, deps.times), w));
};

