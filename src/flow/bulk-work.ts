/**
 * Bulk changes, gone on with: what has ended is settled, what may begin is begun, what is late is said. Rule: the rows are the truth; every step is decided
 * again under the account's lock, so a broker that died, a second one, or a lost wake-up changes nothing but the time it takes.
 */
import { Fault, toFault } from "../kernel/fault.ts";
import type { AccountId, BulkId, RotationId } from "../kernel/ids.ts";
import type { Account } from "../domain/account.ts";
import { decide, type AccountNow } from "../domain/bulk-decide.ts";
import { begin, deny, leave, postpone, settle, verdict, type Bulk, type Item, type LIVE } from "../domain/bulk.ts";
import { may } from "../domain/may.ts";
import { later } from "../domain/rotation.ts";
import * as accounts from "../store/accounts.ts";
import * as bulks from "../store/bulks.ts";
import type { Tx } from "../store/db.ts";
import * as people from "../store/people.ts";
import * as requests from "../store/requests.ts";
import * as rotations from "../store/rotations.ts";
import * as sessions from "../store/sessions.ts";
import * as targets from "../store/targets.ts";
import { saveItem, saveStep } from "./bulk-events.ts";
import { beginGiven } from "./bulk-given.ts";
import { cutSessions, cutText } from "./cut.ts";
import type { Deps } from "./deps.ts";
import { openRotation } from "./rotate.ts";

type Going = Bulk<(typeof LIVE)[number]>;
type Idle = Item<"waiting" | "held">;
const BATCH = 50;
const isIdle = (i: Item): i is Idle => i.state === "waiting" || i.state === "held";

/** Accounts whose rotation is over. True: there were some. */
const settleOver = async (deps: Deps): Promise<boolean> => {
  const list = await bulks.over(deps.db, BATCH);
  if (list.length > 0) await deps.db.transaction(async (tx) => {
    for (const { bulk, account, ended } of list) {
      const item = await bulks.lockItem(tx, bulk, account);
      if (item.state === "changing") await saveItem(deps, tx, settle(item, ended, (await bulks.find(tx, bulk))!.terms, tx.now));
    }
  });
  return list.length > 0;
};

const nowOf = async (tx: Tx, b: Bulk, id: AccountId): Promise<{ account: Account; n: AccountNow }> => {
  const account = await accounts.lock(tx, id), target = (await targets.find(tx, account.target))!, by = await people.find(tx, b.by), open = await rotations.openOf(tx, id);
  return {
    account, n: {
      credential: account.credential, block: account.block, targetLocked: target.locked, holds: await requests.holds(tx, id), sessions: (await sessions.openWhere(tx, { account: id })).map((s) => s.id),
      rotatedAt: account.rotatedAt, open: open ? { origin: open.origin, dead: open.state === "dead_letter" } : null, may: by !== null && may(by, "account.rotate", { owner: target.owner }),
    },
  };
};

/** One account; true: it waits no longer. The bulk stands still (shared), then account and row are locked, in this order. */
const oneAccount = (deps: Deps, id: BulkId, account: AccountId): Promise<boolean> => deps.db.transaction(async (tx) => {
  const b = await bulks.lock(tx, id, "share"), now = await nowOf(tx, b, account), item = await bulks.lockItem(tx, id, account);
  if (!isIdle(item) || (b.state !== "running" && b.state !== "stopping" && tx.now < b.until)) return false;
  const what = decide(b, item, now.n, tx.now, deps.times);
  if (what !== "open") return !isIdle(await saveItem(deps, tx, what));
  const cuts = b.cut ? await cutSessions(deps, tx, now.account, { part: "bulk", about: { bulk: id }, why: `its password is changed: ${b.reason}`, byName: (await people.find(tx, b.by))!.name, only: item.seen }) : 0;
  await saveItem(deps, tx, begin(item, await opened(deps, tx, b, item, now.account), cutText(cuts) || null));
  return true;
});
const opened = (deps: Deps, tx: Tx, b: Bulk, item: Idle, account: Account): Promise<RotationId> =>
  (item.version !== null ? beginGiven(deps, tx, b, account, item.version) : openRotation(deps, tx, account, { trigger: b.trigger, reason: b.reason, by: b.by }));
/** A refusal is this account's result and stops nobody else's; anything else is looked at again later. */
const tried = async (deps: Deps, id: BulkId, account: AccountId): Promise<boolean> => {
  try { return await oneAccount(deps, id, account); } catch (e) {
    if (!(e instanceof Fault)) deps.log("error", `bulk ${id}: one account could not be begun`, { account, what: e instanceof Error ? e.message : "not an error" });
    await deps.db.transaction(async (tx) => {
      const item = await bulks.lockItem(tx, id, account);
      if (isIdle(item)) await saveItem(deps, tx, e instanceof Fault ? deny(item, e.message, tx.now) : postpone(item, toFault(e).message, later(tx.now, deps.times.sweep)));
    });
    return e instanceof Fault;
  }
};

/** As many as its terms leave room for. True: some wait no longer. */
const beginSome = async (deps: Deps, b: Bulk<"running">): Promise<boolean> => {
  const going = await bulks.underWay(deps.db, b.id), brisk = going.reduce((n, g) => n + g.brisk, 0), free = b.terms.parallel - brisk;
  if (free < 1) return false;
  const room = (n: number) => Math.max(0, b.terms.perTarget - n), busy = new Map(going.map((g) => [g.target, g.n]));
  const list = await bulks.toBegin(deps.db, b.id, going.filter((g) => room(g.n) === 0).map((g) => g.target), b.terms.perTarget, free);
  let did = false;
  for (const { account, target } of list) {
    const n = busy.get(target) ?? 0;
    if (room(n) === 0) continue;
    busy.set(target, n + 1);
    did = await tried(deps, b.id, account) || did;
  }
  return did;
};

/** Its time is over, or it is being stopped: what has not begun is said so; what has begun and outlives the time goes on without it. */
const clear = async (deps: Deps, b: Going, late: boolean): Promise<boolean> => {
  const idle = await bulks.left(deps.db, b.id, ["waiting", "held"], BATCH), open = late ? await bulks.left(deps.db, b.id, ["changing"], BATCH) : [];
  for (const { account } of idle) await tried(deps, b.id, account);
  if (open.length > 0) await deps.db.transaction(async (tx) => {
    for (const { account, rotationWhy } of open) {
      const item = await bulks.lockItem(tx, b.id, account);
      if (item.state === "changing") await saveItem(deps, tx, leave(item, rotationWhy ?? "the change is still under way", tx.now));
    }
  });
  return idle.length + open.length > 0;
};

const judge = (deps: Deps, id: BulkId): Promise<Bulk> => deps.db.transaction(async (tx) => {
  const b = await bulks.lock(tx, id) as Going, step = b.state === "running" || b.state === "paused" || b.state === "halted" || b.state === "stopping" ? verdict(b, await bulks.counts(tx, id), tx.now) : null;
  return step ? saveStep(deps, tx, step) : b;
});
const oneBulk = async (deps: Deps, seen: Going): Promise<boolean> => {
  const b = await judge(deps, seen.id), late = deps.clock.now() >= b.until;
  if (b.state === "stopping" || (late && b.state !== "done" && b.state !== "stopped")) return clear(deps, b as Going, late);
  return b.state === "running" && beginSome(deps, b);
};

/** One turn over everything. True: something moved, look again. */
export const workBulks = async (deps: Deps): Promise<boolean> => {
  if (deps.passive.why) return false;
  let moved = await settleOver(deps);
  for (const b of await bulks.live(deps.db)) moved = await oneBulk(deps, b as Going) || moved;
  return moved;
};
