/** The dump against the catalogue and against itself. */
import { expect, test } from "vitest";
import { sql } from "drizzle-orm";
import { DUMPED, dump, LEFT_OUT, load } from "../../src/store/dump.ts";
import { embedded } from "./engines.ts";

const rows = async (db: Awaited<ReturnType<typeof embedded>>, q: string) => (await db.q.execute(sql.raw(q)) as unknown as { rows: Record<string, string>[] }).rows;
const lines = async (db: Awaited<ReturnType<typeof embedded>>): Promise<string[]> => { const out: string[] = []; await dump(db, (l) => { out.push(l); return Promise.resolve(); }); return out; };

test("every table of the catalogue is dumped, or left out on purpose", async () => {
  const db = await embedded();
  const there = (await rows(db, "select table_name as t from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'")).map((r) => r["t"]);
  expect([...DUMPED, ...LEFT_OUT].sort()).toEqual(there.sort());
  await db.close();
});

test("pages lose nothing and give nothing twice: 1,203 rows of one table and 501 of a pair key, out, in, and out again", async () => {
  const [one, two] = [await embedded(), await embedded()];
  await one.q.execute(sql`insert into people (id, name, full_name, roles) select 'per_' || g, 'p' || g, 'P', '["user"]' from generate_series(1, 1203) g`);
  await one.q.execute(sql`insert into groups (id, name) values ('grp_a', 'a'), ('grp_b', 'b')`);
  await one.q.execute(sql`insert into group_members (group_id, person_id) select case when g % 2 = 0 then 'grp_a' else 'grp_b' end, 'per_' || g from generate_series(1, 501) g`);
  const out = await lines(one);
  expect(new Set(out).size).toBe(out.length);
  expect(out.filter((l) => l.startsWith('["people"')).length).toBe(1203);
  expect(out.filter((l) => l.startsWith('["group_members"')).length).toBe(501);
  expect(await load(two, (async function* () { for (const l of out) yield l; })(), () => Promise.resolve())).toBe(out.length);
  expect((await lines(two)).sort()).toEqual(out.sort());
  await Promise.all([one.close(), two.close()]);
});
