/** Taking the log away. Rule: the export is an event of its own, written before the first line leaves; lines come in index order, a batch at a time. */
import { Fault } from "../kernel/fault.ts";
import { headOf, lineOf, type Format } from "../domain/audit-export.ts";
import { may } from "../domain/may.ts";
import * as events from "../store/events.ts";
import type { EventFilter } from "../store/events.ts";
import type { Deps } from "./deps.ts";
import { actor, record, type Caller } from "./record.ts";

const BATCH = 500;
export type ExportWish = { readonly format: Format; readonly filter: EventFilter; /** Only numbers after this one. */ readonly after: number };

/** True: a whole range, which `lockstep audit verify` can check; a filtered one has gaps by nature. */
export const isWhole = ({ filter }: ExportWish): boolean => Object.keys(filter).length === 0;
const said = (f: EventFilter): Record<string, string> => Object.fromEntries(Object.entries(f).map(([k, v]) => [k, v instanceof Date ? v.toISOString() : String(v)]));

export const exportEvents = async (deps: Pick<Deps, "db" | "random" | "eventJournal" | "bus">, caller: Caller, wish: ExportWish): Promise<AsyncGenerator<string>> => {
  if (!may(caller.person, "audit.export")) throw new Fault("forbidden", "The audit log is for auditors and admins.");
  await deps.db.transaction((tx) => record(deps, tx, { what: "audit.exported", who: actor(caller), about: {}, outcome: "ok", facts: { format: wish.format, after: wish.after, ...said(wish.filter) } }));
  return lines(deps, wish);
};

async function* lines(deps: Pick<Deps, "db">, { format, filter, after }: ExportWish): AsyncGenerator<string> {
  const head = headOf(format);
  if (head !== "") yield head;
  for (let from = after; ;) {
    const rows = await events.sequenced(deps.db, from, BATCH, filter);
    if (rows.length > 0) yield rows.map((e) => lineOf(format, e)).join("");
    if (rows.length < BATCH) return;
    from = rows.at(-1)!.index!;
  }
}
