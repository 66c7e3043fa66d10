/** Lists for the API: rotations, replies already given. Rule: each asks may() for the caller. */
import { Fault } from "../kernel/fault.ts";
import type { PersonId, RotationId } from "../kernel/ids.ts";
import { may } from "../domain/may.ts";
import type { Rotation } from "../domain/rotation.ts";
import * as accounts from "../store/accounts.ts";
import * as broker from "../store/broker.ts";
import type { Reader } from "../store/db.ts";
import * as rotations from "../store/rotations.ts";
import * as targets from "../store/targets.ts";
import type { Deps } from "./deps.ts";
import type { Caller } from "./record.ts";

export type RotationRow = { readonly rotation: Rotation; readonly openedAt: Date; readonly account: string };

export const seen = async (db: Reader, caller: Caller, rotation: Rotation, openedAt: Date): Promise<RotationRow | null> => {
  const account = (await accounts.find(db, rotation.account))!, target = (await targets.find(db, account.target))!;
  return may(caller.person, "account.history", { owner: target.owner }) ? { rotation, openedAt, account: `${account.name}@${target.name}` } : null;
};

export const rotationList = async ({ db }: Pick<Deps, "db">, caller: Caller, account: string | undefined): Promise<RotationRow[]> => {
  const one = account === undefined ? null : account.startsWith("acc_") ? await accounts.find(db, account as never) : await accounts.named(db, account);
  if (account !== undefined && !one) throw new Fault("not_found", "No such account.");
  const rows = await Promise.all((await rotations.recent(db, { ...(one ? { account: one.id } : {}), limit: 200 })).map((r) => seen(db, caller, r, r.openedAt)));
  return rows.filter((r) => r !== null);
};
export const rotationOne = async ({ db }: Pick<Deps, "db">, caller: Caller, id: RotationId): Promise<RotationRow> => {
  const r = await rotations.withOpening(db, id), row = r ? await seen(db, caller, r, r.openedAt) : null;
  if (!row) throw new Fault("not_found", "No such rotation.");
  return row;
};
export const reply = ({ db }: Pick<Deps, "db">, person: PersonId, key: string): Promise<broker.Reply | null> => broker.reply(db, person, key);
export const keepReply = ({ db }: Pick<Deps, "db">, person: PersonId, key: string, r: broker.Reply): Promise<void> => db.transaction((tx) => broker.addReply(tx, person, key, r));
