/** Password changes, failures first: what needs a person, what is in doubt, what was refused, what waits, and how it went lately. Rule: read-only; what may() does not give is not in the answer. */
import type { RotationId } from "../kernel/ids.ts";
import { outcomeOf, type ChangeOutcome } from "../domain/change-outcome.ts";
import { may } from "../domain/may.ts";
import { waits } from "../domain/order.ts";
import { adviceOf, type Advice } from "../domain/rotation-advice.ts";
import { hasKeys } from "../domain/platform.ts";
import type { Rotation } from "../domain/rotation.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader } from "../store/db.ts";
import * as people from "../store/people.ts";
import type { Day } from "../store/rotations.ts";
import * as rotations from "../store/rotations.ts";
import * as targets from "../store/targets.ts";
import { runsOfRotation, troubledRuns, unaccepted, type DependentLine, type RunLine } from "./dependent-look.ts";
import { managedBy } from "./managed-by.ts";
import type { Caller } from "./record.ts";
import { rotationOne, seen, type RotationRow } from "./shelf.ts";

export type BoardRow = RotationRow & { readonly outcome: ChangeOutcome; readonly advice: Advice | null };
export type Board = { readonly dead: readonly BoardRow[]; readonly doubt: readonly BoardRow[]; readonly refused: readonly BoardRow[]; readonly waiting: readonly BoardRow[]; readonly running: readonly BoardRow[]; readonly ordered: readonly BoardRow[]; readonly recent: readonly BoardRow[]; readonly trend: readonly Day[]; readonly dependents: readonly RunLine[]; readonly toAccept: readonly DependentLine[] };
export const TREND_DAYS = 14;

const told = (r: RotationRow): BoardRow => ({ ...r, outcome: outcomeOf(r.rotation), advice: adviceOf(r.rotation) });
const visible = async (db: Reader, caller: Caller, list: readonly (Rotation & { openedAt: Date })[]): Promise<BoardRow[]> =>
  (await Promise.all(list.map((r) => seen(db, caller, r, r.openedAt)))).filter((r) => r !== null).map(told);

/** Every day of the trend, those without any change too. */
const whole = (some: readonly Day[], now: Date): Day[] => Array.from({ length: TREND_DAYS }, (_, i) => {
  const day = new Date(now.getTime() - (TREND_DAYS - 1 - i) * 86_400_000).toISOString().slice(0, 10);
  return some.find((d) => d.day === day) ?? { day, committed: 0, refused: 0 };
});

export const rotationBoard = async (db: Reader, caller: Caller, now: Date): Promise<Board> => {
  const open = await visible(db, caller, await rotations.allOpen(db)), of = (...states: string[]) => open.filter((r) => states.includes(r.rotation.state));
  const everywhere = may(caller.person, "account.history"), mine = everywhere ? null : (await targets.all(db)).filter((t) => may(caller.person, "account.history", { owner: t.owner })).map((t) => t.id);
  const doubt = open.filter((r) => r.outcome.word === "settling" && r.rotation.state !== "dead_letter"), rest = of("queued", "prepared", "applying", "probing", "waiting").filter((r) => !doubt.includes(r)), ordered = rest.filter((r) => waits(r.rotation));
  return {
    dead: of("dead_letter"), doubt, refused: await visible(db, caller, await rotations.lastRefused(db)), waiting: rest.filter((r) => r.rotation.state === "waiting"), running: rest.filter((r) => r.rotation.state !== "waiting" && !ordered.includes(r)), ordered,
    recent: (await visible(db, caller, await rotations.recent(db, { limit: 100 }))).filter((r) => r.rotation.state === "committed").slice(0, 30),
    dependents: await troubledRuns(db, caller), toAccept: await unaccepted(db, caller),
    trend: whole(await rotations.perDay(db, new Date(now.getTime() - TREND_DAYS * 86_400_000), mine), now),
  };
};

/** One, with who asked for it and whether this person may act on it. */
export type RotationView = BoardRow & { readonly byName: string | null; readonly acts: boolean; readonly runs: readonly RunLine[]; /** Its account has a private key. */ readonly keys: boolean };
export const rotationView = async (db: Reader, caller: Caller, id: RotationId): Promise<RotationView> => {
  const row = await rotationOne({ db } as Parameters<typeof rotationOne>[0], caller, id), by = row.rotation.by ? await people.find(db, row.rotation.by) : null;
  const acts = await managedBy(db, caller, row.rotation.account, "account.rotate").then(() => true, () => false);
  const account = await accounts.find(db, row.rotation.account), target = account && await targets.find(db, account.target);
  return { ...told(row), byName: by?.name ?? null, acts, runs: await runsOfRotation(db, caller, id), keys: target ? hasKeys(target) : false };
};
