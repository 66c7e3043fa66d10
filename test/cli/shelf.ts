/**
 * The API's shelf over the store. Rule: read-only but for replies; may() decides what is in an answer.
 * It waits here for its place: as src/flow/shelf.ts (imports one folder up) it is wired in app.ts, and this file goes.
 */
import type { PersonId, RotationId } from "../../src/kernel/ids.ts";
import { Fault } from "../../src/kernel/fault.ts";
import type { Account } from "../../src/domain/account.ts";
import { may } from "../../src/domain/may.ts";
import type { Rotation } from "../../src/domain/rotation.ts";
import type { Target } from "../../src/domain/target.ts";
import type { Deps } from "../../src/flow/deps.ts";
import type { Caller } from "../../src/flow/record.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as broker from "../../src/store/broker.ts";
import type { Reader } from "../../src/store/db.ts";
import * as events from "../../src/store/events.ts";
import * as rotations from "../../src/store/rotations.ts";
import * as targets from "../../src/store/targets.ts";
import type { RotationRow, Shelf } from "../../src/web/api/deps.ts";

/** More than anybody pages through; older ones are on the account's history. */
const RECENT = 1_000;
type Opened = Rotation & { readonly openedAt: Date };
type Known = { readonly account: Account; readonly target: Target };

const known = async (db: Reader): Promise<ReadonlyMap<string, Known>> => {
  const byId = new Map((await targets.all(db)).map((t) => [t.id, t]));
  return new Map((await accounts.all(db)).map((account) => [account.id as string, { account, target: byId.get(account.target)! }]));
};
const rowOf = (caller: Caller, r: Opened, k: Known | undefined): RotationRow[] =>
  k && may(caller.person, "account.history", { owner: k.target.owner }) ? [{ rotation: r, openedAt: r.openedAt, account: `${k.account.name}@${k.target.name}` }] : [];

const one = async (db: Reader, caller: Caller, id: RotationId): Promise<RotationRow> => {
  const r = await rotations.find(db, id), opened = r ? (await rotations.recent(db, { account: r.account, limit: RECENT })).find((x) => x.id === id) : undefined;
  const [row] = opened ? rowOf(caller, opened, (await known(db)).get(opened.account)) : [];
  if (!row) throw new Fault("not_found", "No such rotation.");
  return row;
};

export const shelf = ({ db }: Pick<Deps, "db">): Shelf => ({
  rotations: async (caller, account) => {
    const all = await known(db), list = await rotations.recent(db, { limit: RECENT, ...(account ? { account: account as Account["id"] } : {}) });
    return list.flatMap((r) => rowOf(caller, r, all.get(r.account)));
  },
  rotation: (caller, id) => one(db, caller, id),
  chained: (caller, after, limit) => {
    if (!may(caller.person, "audit.read")) throw new Fault("forbidden", "The audit log is for auditors and admins.");
    return events.sequenced(db, after, limit);
  },
  reply: (person: PersonId, key) => broker.reply(db, person, key),
  keepReply: (person: PersonId, key, reply) => db.transaction((tx) => broker.addReply(tx, person, key, reply)),
});
