/**
 * Cursor paging: `?limit=&cursor=` -> `{ items, next }`. Rule: a cursor is opaque to callers and names the last item given, so nothing is
 * given twice or left out.
 */
import { z } from "@hono/zod-openapi";
import { Fault } from "../../kernel/fault.ts";

export const Paging = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(100).openapi({ description: "at most so many items" }),
  cursor: z.string().max(300).optional().openapi({ description: "`next` of the page before" }),
});
export type Paging = z.infer<typeof Paging>;
export type Page<T> = { readonly items: T[]; readonly next: string | null };

export const pageOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().nullable() });

export const write = (position: readonly (string | number)[]): string => Buffer.from(JSON.stringify(position)).toString("base64url");
const Position = z.array(z.union([z.string(), z.number()])).length(2);
/** What a cursor says: [where, id]. */
export const read = (cursor: string | undefined): readonly [string | number, string | number] | null => {
  if (cursor === undefined) return null;
  try {
    return Position.parse(JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"))) as [string | number, string | number];
  } catch (cause) {
    throw new Fault("invalid", "cursor: take it from `next` of the page before, unchanged.", { cause });
  }
};

/** For lists that are short by nature (people, policies, targets): sorted by the caller, cut here. */
export const cut = <T>(all: readonly T[], { limit, cursor }: Paging, idOf: (item: T) => string): Page<T> => {
  const after = read(cursor),
    from = after === null ? 0 : all.findIndex((item) => idOf(item) === after[1]) + 1;
  if (after !== null && from === 0) throw new Fault("invalid", "cursor: what it points at is gone. Start again without one.");
  const items = all.slice(from, from + limit),
    last = items.at(-1);
  return { items, next: last !== undefined && from + limit < all.length ? write([0, idOf(last)]) : null };
};

export type Dated = { readonly at: Date; readonly id: string };
/** More than anything that could share one millisecond. */
const TIES = 20;
/** Newest first, from a query that knows `before` and `limit`; things of the same millisecond are told apart by id. */
export const newest = async <T>(
  paging: Paging,
  look: (q: { before?: Date; limit: number }) => Promise<readonly T[]>,
  keyOf: (item: T) => Dated,
): Promise<Page<T>> => {
  const after = read(paging.cursor),
    at = after === null ? null : new Date(after[0]);
  if (at && Number.isNaN(at.getTime())) throw new Fault("invalid", "cursor: take it from `next` of the page before, unchanged.");
  const found = await look({ ...(at ? { before: new Date(at.getTime() + 1) } : {}), limit: paging.limit + 1 + TIES });
  const fresh =
    at === null
      ? found
      : found.filter((i) => {
          const k = keyOf(i);
          return k.at < at || (k.at.getTime() === at.getTime() && k.id < after![1]);
        });
  const items = fresh.slice(0, paging.limit),
    last = items.at(-1),
    key = last === undefined ? null : keyOf(last);
  return { items, next: key && fresh.length > paging.limit ? write([key.at.toISOString(), key.id]) : null };
};
const byNumber = <T>(found: readonly T[], limit: number, noOf: (item: T) => number): Page<T> => {
  const items = found.slice(0, limit),
    last = items.at(-1);
  return { items, next: last !== undefined && found.length > limit ? write([noOf(last), ""]) : null };
};
const numberIn = (cursor: string | undefined): number | null => {
  const after = read(cursor);
  if (after !== null && !Number.isSafeInteger(after[0])) throw new Fault("invalid", "cursor: take it from `next` of the page before, unchanged.");
  return after === null ? null : Number(after[0]);
};
/** Events, newest first: their row number is the position. */
export const numbered = async <T>(
  { limit, cursor }: Paging,
  look: (q: { before?: number; limit: number }) => Promise<readonly T[]>,
  noOf: (item: T) => number,
): Promise<Page<T>> => {
  const before = numberIn(cursor);
  return byNumber(await look({ ...(before === null ? {} : { before }), limit: limit + 1 }), limit, noOf);
};
/** The same, oldest first. */
export const onward = async <T>(
  { limit, cursor }: Paging,
  look: (q: { after: number; limit: number }) => Promise<readonly T[]>,
  noOf: (item: T) => number,
): Promise<Page<T>> => byNumber(await look({ after: numberIn(cursor) ?? 0, limit: limit + 1 }), limit, noOf);
