/**
 * The passwords a recorded change must know while it runs. Rule: opened at the moment of use and wiped after it, whatever happens in between; what
 * was heard is kept with none of them in it.
 */
import { keptOf, untellable, type Known } from "../connectors/command-set/hand.ts";
import type { Piece } from "../domain/command-set/index.ts";
import type { Demonstration } from "../domain/demonstration.ts";
import { currentOf } from "../domain/rotation-facts.ts";
import type { AccountId } from "../kernel/ids.ts";
import type { Reader } from "../store/db.ts";
import * as rotations from "../store/rotations.ts";
import * as versions from "../store/versions.ts";
import type { Deps } from "./deps.ts";
import { openVersion } from "./secrets.ts";

type Open = Demonstration<"open">;

/** `now`: the accounts' present passwords alone, else every one they ever had. */
export const known = async <T>(deps: Pick<Deps, "keyring">, db: Reader, d: Demonstration, candidate: string | null, work: (k: Known) => T, now = false): Promise<T> => {
  const of = async (id: AccountId) => { const rows = await versions.of(db, id), current = currentOf({ versions: rows }); return { rows: now ? rows.filter((v) => v.id === current) : rows, current }; };
  const mine = await of(d.account), theirs = d.login === d.account ? { rows: [], current: mine.current } : await of(d.login);
  const list = [...mine.rows, ...theirs.rows].map((row) => ({ id: row.id as string, secret: openVersion(deps, row) }));
  try {
    const present = list.find((v) => v.id === theirs.current)!.secret, next = list.find((v) => v.id === candidate)?.secret ?? present;
    return work({ present, next, others: list.filter((v) => v.id !== theirs.current && v.id !== candidate && (now || untellable(v.secret) === null)).map((v) => v.secret) });
  } finally { for (const v of list) v.secret.wipe(); }
};
export const candidateOf = async (db: Reader, d: Open): Promise<string> => { const r = (await rotations.find(db, d.rotation))!; return ("candidate" in r ? r.candidate : null) ?? ""; };
export const kept = async (deps: Deps, d: Open, raw: readonly Piece[]): Promise<Piece[]> => known(deps, deps.db, d, await candidateOf(deps.db, d), ({ present, next, others }) => keptOf(raw, [present, next, ...others]));
