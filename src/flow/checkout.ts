/** The time in which an approved request holds an account begins here. Rule: at first use, never at submission; one exclusive hold, decided by the table. */
import { Fault } from "../kernel/fault.ts";
import type { RequestId } from "../kernel/ids.ts";
import { handedOut, obstacle, pastUntried, type Account } from "../domain/account.ts";
import type { Actor } from "../domain/audit.ts";
import { carriesSessions, noSessions } from "../domain/platform.ts";
import type { Policy } from "../domain/policy.ts";
import { checkOut, isState, notBegunInTime, type Request } from "../domain/request.ts";
import type { Target } from "../domain/target.ts";
import * as accounts from "../store/accounts.ts";
import type { Tx } from "../store/db.ts";
import * as locks from "../store/locks.ts";
import * as people from "../store/people.ts";
import * as policies from "../store/policies.ts";
import * as queue from "../store/queue.ts";
import * as requests from "../store/requests.ts";
import * as sessions from "../store/sessions.ts";
import * as targets from "../store/targets.ts";
import type { Deps } from "./deps.ts";
import { obstacleNow, stillEnding, stopNow } from "./obstacle.ts";
import { queueObstacle } from "./queue.ts";
import { record } from "./record.ts";
import { latestEnd, refuseTime } from "./times-and-places.ts";
import { standingOf } from "./vote.ts";

export type Held = { readonly request: Request<"checked_out">; readonly account: Account; readonly target: Target; readonly policy: Policy };

export const OWN_CHANGE = "You changed what this access rests on yourself, and nobody has confirmed that yet. Another admin or an auditor must confirm it first.";

const UNDER_GLASS = "Its password was handed out before and stays in force while somebody has broken the glass for this account. It is yours when they have given it back.";
/** Whoever begins alone with it is alone in knowing it: handed out and not due it stays under broken glass, or as long as a session of before ends. */
const knownFromBefore = async (tx: Tx, account: Account): Promise<string | null> => {
  if (!handedOut(account)) return null;
  return (await requests.live(tx, account.id)).some((h) => h.terms.preset === "break-glass") ? UNDER_GLASS : obstacle(account, true);
};

/** Locks account, then request; checks everything that may stand in the way; starts the clock if this is the first use. `to`: break-glass shows also what a rotation has in hand. */
export const hold = async (deps: Deps, tx: Tx, id: RequestId, who: Actor, to: "connect" | "show"): Promise<Held> => {
  if (deps.passive.why !== null) throw new Fault("unavailable", `This broker is passive: ${deps.passive.why}`);
  await locks.gate(tx, "hand_out");
  const seen = await requests.find(tx, id);
  if (!seen) throw new Fault("not_found", "No such request.");
  const account = await accounts.lock(tx, seen.terms.account), r = await requests.lock(tx, id);
  const target = (await targets.find(tx, account.target))!, policy = (await policies.find(tx, r.terms.policy))!;
  if (to === "connect" && !carriesSessions(target)) throw new Fault("conflict", noSessions(target));
  if (isState(r, "checked_out")) {
    if (r.until <= tx.now) throw new Fault("conflict", "Your time with this account is over. Ask again.");
  } else if (!isState(r, "approved")) throw new Fault("conflict", r.state === "pending" ? "Nobody has approved this request yet." : `This request is ${r.state}. Ask again.`);
  else if (notBegunInTime(r, tx.now)) throw new Fault("conflict", "This approval was not used in time. Ask again.");
  const holder = (await people.find(tx, r.requester))!;
  if (holder.disabled) throw new Fault("forbidden", holder.locked ? "This person is locked. Ask an admin." : "This person is disabled.");
  refuseTime(policy, r, who, tx.now);
  const why = (to === "show" && r.terms.preset === "break-glass" ? await stopNow(tx, pastUntried(account), target) : await obstacleNow(deps, tx, account, target)) ?? await othersInTheWay(tx, r);
  if (why) throw new Fault("conflict", why);
  if (isState(r, "checked_out")) {
    // law no-way-round-4: what is handed out goes by the policy of now, so a change of the holder's own waits here as it does before the first use.
    if ((await standingOf(tx, r, holder, policy)).helped) throw new Fault("conflict", OWN_CHANGE);
    return { request: r, account, target, policy };
  }
  const first = r.exclusive ? await queueObstacle(deps, tx, r as Request<"approved">) ?? await knownFromBefore(tx, account) : null;
  if (first) throw new Fault("conflict", first);
  return { request: await start(deps, tx, r as Request<"approved">, policy, who), account, target, policy };
};

/** Exclusive is alone with the account: no shared use beside it, none begun under a foreign hold, none while a session of the use before it still ends. Break-glass competes with nobody. */
const othersInTheWay = async (tx: Tx, r: Request): Promise<string | null> => {
  if (r.terms.preset === "break-glass") return null;
  if ((await stillEnding(tx, r.terms.account)).some((x) => x.requester !== r.requester && (r.exclusive || x.terms.preset !== "shared"))) return "A session of the use before yours is just being ended. Try again in a moment.";
  const live = (await requests.live(tx, r.terms.account)).filter((h) => h.requester !== r.requester);
  if (!r.exclusive) return live.some((h) => h.exclusive) ? "Somebody holds this account alone right now. Try again when they have given it back." : null;
  for (const h of isState(r, "approved") ? live.filter((x) => x.terms.preset === "shared") : []) {
    if ((await sessions.openWhere(tx, { request: h.id })).length > 0) return "Others are in sessions with this account under a shared policy. It is yours alone when they have left.";
  }
  return null;
};

const start = async (deps: Deps, tx: Tx, r: Request<"approved">, policy: Policy, who: Actor): Promise<Request<"checked_out">> => {
  const requester = (await people.find(tx, r.requester))!;
  const { standing, helped, given } = await standingOf(tx, r, requester, policy);
  // Removing an approver acts at once; so does a change nobody else has confirmed, and taking away what the policy gave.
  if (!standing.enough || helped) throw new Fault("conflict", "The approval does not stand any more: an approver or the policy changed. Ask again.");
  if (!given) throw new Fault("conflict", `The approval does not stand any more: the policy "${policy.name}" does not give you this account now. Ask again.`);
  const step = checkOut(r, tx.now, policy.terms.maxMinutes, await latestEnd(tx, policy, r));
  if (step.to.until <= tx.now) throw new Fault("conflict", "Your window is over. Ask again.");
  const held = await requests.save(tx, step) as Request<"checked_out">;
  if (held.exclusive) await queue.taken(tx, r.terms.account);
  await record(deps, tx, { what: "checkout.started", who, about: { request: r.id, account: r.terms.account }, outcome: "ok", facts: { minutes: held.minutes, until: held.until.toISOString() } });
  tx.onCommit(() => { deps.bus.publish("deadlines"); deps.bus.publish("requests"); });
  return held;
};
