/** PostgreSQL gone in the middle of sessions. Rule: what runs goes on to its own deadline or its lease, a cut still cuts, nobody new gets in, and all of it is told when the database is back. */
import { readFileSync } from "node:fs";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endSession } from "../../src/flow/session.ts";
import type { SessionId } from "../../src/kernel/ids.ts";
import { times } from "../../src/kernel/times.ts";
import { postgresCluster, type PostgresCluster } from "../lab/postgres.ts";
import { gone, legs } from "./ssh.ts";
import { patient } from "./times.ts";
import { sleep, until, world, type World } from "./world.ts";

let w: World, cluster: PostgresCluster;
const { sessionLease, sessionTakeover } = times(0.2);
beforeAll(async () => {
  cluster = await postgresCluster({ fsync: true });
  w = await world({ accounts: 3, databaseUrl: await cluster.database(), over: { times: { ...patient(0.2), sessionLease, sessionTakeover } } });
}, 240_000);
afterAll(async () => { await w?.close(); await cluster?.destroy(); });

test("law: cut-off-2 and law: cut-off-3 — deadline, cut and lease hold while the database is down; its return loses nothing", async () => {
  const shadows = await Promise.all(w.names.map((n) => w.host.shadow(n))), requests = [await w.access(w.account(0)), await w.access(w.account(1)), await w.access(w.account(2))];
  expect((await w.run(w.account(0), ["true"])).code).toBe(0);
  await w.rotated(0, shadows[0]!);
  shadows[0] = await w.host.shadow(w.names[0]!);
  const [killed, leased] = [await w.live(w.account(1)), await w.live(w.account(2))];
  await w.core.deps.db.q.execute(sql`update requests set until = now() + interval '8 seconds' where id = ${requests[0]!}`);
  const timed = w.ssh(w.account(0), ["echo up; cat"], { stdin: "open" });
  await timed.up("up\n");
  const ids = await Promise.all(requests.map(async (request) => String((await w.sessions({ request }))[0]!["id"]))), pids = legs(w.names[1]!);
  await cluster.crash();
  const down = performance.now();

  timed.child.stdin!.write("still here\n");
  await timed.up("still here\n", 2_000);
  const begun = performance.now();
  await expect(endSession(w.core.deps, w.caller("requester"), ids[1]! as SessionId, "mine")).rejects.not.toThrow(/not yet recorded/);
  await expect(endSession(w.core.deps, w.caller("auditor"), ids[1]! as SessionId, "looks wrong")).rejects.toThrow(/^Cut, but not yet recorded: the database cannot be reached\./);
  const [ran] = await Promise.all([killed.exit, gone(pids)]);
  expect(performance.now() - begun).toBeLessThan(1_000);
  expect([ran.code, ran.err]).toEqual([255, "lockstep: ended by auditor: looks wrong\n"]);
  expect(readFileSync(w.core.places.journal, "utf8")).toMatch(new RegExp(`"kind":"cut","session":"${ids[1]!}","why":"ended by auditor: looks wrong"`));

  const fresh = await w.run(w.account(1), ["id"]), { password } = w.who["requester"]!;
  expect([fresh.code, fresh.out]).toEqual([255, ""]);
  const asked = await w.run(w.account(1), ["id"], { key: null, options: ["-o", "LogLevel=INFO", "-o", "PreferredAuthentications=keyboard-interactive", "-o", "NumberOfPasswordPrompts=1"], answers: [password] });
  expect([asked.code, asked.out]).toEqual([255, ""]);
  expect(asked.err).toContain("The broker's database cannot be asked right now, so nobody is let in. Try again in a moment.");

  expect((await timed.exit).err).toBe("lockstep: Your time is up: this session has ended.\n");
  expect(leased.child.exitCode).toBe(null);
  expect((await leased.exit).err).toBe("lockstep: the broker has lost its database for too long\n");
  expect(performance.now() - down).toBeGreaterThan(sessionLease - 4_000);
  expect(performance.now() - down).toBeLessThan(sessionTakeover + 5_000);

  await cluster.start();
  const whys = await Promise.all(requests.map(async (r) => { await until("all ends are written down", async () => (await w.sessions({ request: r })).every((s) => s["state"] === "ended")); return (await w.sessions({ request: r }))[0]!["why"]; }));
  expect(whys).toEqual(["expired", "killed", "broker_lost"]);
  expect(await until("the cut is an event", async () => (await w.events("session.cut"))[0])).toMatchObject({ why: "ended by auditor: looks wrong", outcome: "ok", about: { session: ids[1] } });
  for (const [i, before] of shadows.entries()) await w.rotated(i, before);
  expect(await w.lost()).toEqual([]);
  await w.down();
  await w.up();
  expect((await w.events("session.cut")).length).toBe(1);
  await sleep(0);
}, 240_000);
