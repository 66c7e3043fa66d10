/** Law A2 at work: the administrator is rotated in the middle of a bulk change through it. Rule: what was refused is read from the host's own log, what is in force from its disk. */
import { expect } from "vitest";
import { until, type World } from "./world.ts";

type Json = Record<string, unknown>;
export const counts = async (w: World, id: string): Promise<Record<string, number>> => (await w.ok("auditor", "GET", `/bulks/${id}`))["counts"] as unknown as Record<string, number>;
export const begin = async (w: World, choice: Json, more: Json = {}): Promise<string> => String((await w.ok("operator", "POST", "/bulks", { choice, reason: "end to end", ...more }))["id"]);
export const over = (w: World, id: string, ms: number): Promise<Json> => until(`${id} is over`, async () => { const b = await w.ok("auditor", "GET", `/bulks/${id}`); return b["done"] ? b as Json : null; }, ms);
export const refusedLogins = (w: World, user: string, from: number): number => w.host.log().slice(from).split("\n").filter((l) => l.includes(`Failed password for ${user} `)).length;

export const rotateInTheMiddle = async (w: World, ms: number): Promise<void> => {
  const all = w.names.length, from = w.host.log().length, before = await w.host.shadow(w.admin), id = await begin(w, { accounts: w.names.map((n) => `${n}@web-1`) });
  await until("a third is done", async () => (await counts(w, id))["done"]! >= all / 3, ms);
  const rotation = await w.ok("operator", "POST", `/accounts/${w.admin}@web-1/rotate`, { reason: "in the middle" }), end = await over(w, id, ms);
  const mine = await until("the administrator's own is over", async () => { const r = await w.ok("operator", "GET", `/rotations/${String(rotation["id"])}`); return r["done"] ? r : null; });
  expect([mine["state"], end["counts"]]).toMatchObject(["committed", { done: all, failed: 0, skipped: 0 }]);
  expect(new Date(String(mine["endedAt"])).getTime(), "in the middle, not after it").toBeLessThan(new Date(String(end["endedAt"])).getTime());
  expect(await w.host.shadow(w.admin)).not.toBe(before);
  for (const name of [w.admin, ...w.names]) expect(refusedLogins(w, name, from), `refused logins of ${name}`).toBe(0);
  expect(await w.lost()).toEqual([]);
};
