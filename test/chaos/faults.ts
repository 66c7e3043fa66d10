/** Faults that are not a kill: a zombie, a database that dies, a wire that is cut, a full disk. Rule: the same judge, the same questions. */
import { cpSync, rmSync, writeFileSync, statfsSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Moment } from "../../src/flow/deps.ts";
import type { FaultProxy } from "../lab/fault-proxy.ts";
import type { PostgresCluster } from "../lab/postgres.ts";
import { refusedLogins } from "./oracle.ts";
import type { Victim } from "./process.ts";
import { lastWords, type Lane, look, SETTLE_MS, settledRows, verdictOf, type Seen, type Verdict } from "./trial.ts";

export const settle = async (v: Victim): Promise<string> => {
  v.send({ do: "settle", ms: SETTLE_MS });
  const said = await v.heard("settled", SETTLE_MS + 5_000);
  return said?.ok ? said.state : `${said?.state ?? "no word"}; last words: ${lastWords(v)}`;
};
export const judgedNow = async (lane: Lane, v: Victim): Promise<Seen> => {
  const rows = await settledRows(v);
  return { rows, judged: await look(lane.field, rows) };
};
const pausedAt = async (lane: Lane, moment: Moment, how: "pause" | "stop" = "pause"): Promise<Victim> => {
  const v = await lane.start();
  v.send({ do: "go", arm: { moment, nth: 1, do: how } });
  if (await v.heard("struck", 30_000) === null) throw new Error(`${moment} was not met: ${v.log().slice(-300)}`);
  return v;
};
/** `work` runs while the broker stands still at `moment`; then it goes on, settles and is judged. */
export const pausedTrial = async (lane: Lane, moment: Moment, work: () => Promise<void>, after: () => Promise<void> = () => Promise.resolve()): Promise<Verdict> => {
  const { host, user } = lane.field, before = refusedLogins(host, user), v = await pausedAt(lane, moment);
  await work();
  v.send({ do: "on" });
  await after();
  const begun = performance.now(), settled = await settle(v);
  return verdictOf(moment, lane.field, true, [await judgedNow(lane, v)], { settled, settledMs: performance.now() - begun, refused: refusedLogins(host, user) - before });
};

/** kill -9 of the database under a broker that lives on. */
export const databaseTrial = (lane: Lane, cluster: PostgresCluster, moment: Moment): Promise<Verdict> =>
  pausedTrial(lane, moment, async () => { await cluster.crash(); await cluster.start(); });

/** The wire breaks after so many bytes towards the target, anywhere from the greeting to after the hash; whole again a moment later. */
export const cutTrial = (lane: Lane, proxy: FaultProxy, bytes: number): Promise<Verdict> =>
  pausedTrial(lane, "before_change", () => { proxy.heal(); proxy.cutAfterUp(bytes); return Promise.resolve(); }, async () => { await sleep(1_500); proxy.heal(); });

export type Zombie = { readonly verdict: Verdict; readonly fenced: boolean; readonly sameEnd: boolean };
export const zombieTrial = async (lane: Lane, moment: Moment): Promise<Zombie> =>
  zombieOf(lane, await pausedAt(lane, moment, "stop"), moment);
/** Stopped past its lease; a second broker takes the database over, finishes and changes once more; then the first one wakes up. `freed`: what held it lets go first. */
export const zombieOf = async (lane: Lane, zombie: Victim, moment: Moment, freed: () => Promise<void> = () => Promise.resolve()): Promise<Zombie> => {
  const f = lane.field, before = refusedLogins(f.host, f.user), other = `${f.dir}-heir`;
  cpSync(f.dir, other, { recursive: true });
  rmSync(path.join(other, "broker.lock"), { force: true });
  const heir = await lane.spawn(other, true), field = { ...f, dir: other };
  if (await heir.heard("open", 60_000) === null) throw new Error(`the heir did not start: ${heir.log().slice(-300)}`);
  try {
    const begun = performance.now();
    let settled = await settle(heir);
    heir.send({ do: "go", arm: null });
    await heir.heard("gone", 20_000);
    if (settled === "settled") settled = await settle(heir);
    const calm = await settledRows(heir), first = { rows: calm, judged: await look(field, calm) };
    await freed();
    zombie.signal("SIGCONT");
    const fenced = await fencedSoon(zombie);
    await sleep(500);
    const rows = await settledRows(heir), last = { rows, judged: await look(field, rows) };
    const verdict = verdictOf(moment, f, true, [first, last], { settled, settledMs: performance.now() - begun, refused: refusedLogins(f.host, f.user) - before });
    return { verdict, fenced, sameEnd: first.judged.inForce[0] === last.judged.inForce[0] };
  } finally { await heir.close(); await lane.dead(); }
};
const fencedSoon = async (zombie: Victim): Promise<boolean> => {
  for (const end = performance.now() + 15_000; performance.now() < end; await sleep(50)) if (/no longer ours|too much time passed|too short for a call/.test(zombie.log())) return true;
  return false;
};

/** The journal's disk is full: nothing may leave us. Then there is room again and the broker is started anew. */
export const fullDiskTrial = async (lane: Lane): Promise<{ readonly verdict: Verdict; readonly unchanged: boolean; readonly said: string }> => {
  const f = lane.field, before = refusedLogins(f.host, f.user), hash = await f.host.shadow(f.user), dir = path.join(f.dir, "journal"), filler = path.join(dir, "filler");
  const v = await lane.start(), { bavail, bsize } = statfsSync(dir);
  try { writeFileSync(filler, Buffer.alloc(bavail * bsize + bsize)); } catch { /* full is what we want */ }
  v.send({ do: "go", arm: null });
  await sleep(4_000);
  const unchanged = (await f.host.shadow(f.user)) === hash, said = v.log();
  v.signal("SIGKILL");
  await lane.dead();
  const dead = await f.rows(), seen: Seen[] = [{ rows: dead, judged: await look(f, dead) }];
  rmSync(filler, { force: true });
  const begun = performance.now(), heir = await lane.start(), settled = await settle(heir);
  seen.push(await judgedNow(lane, heir));
  return { unchanged, said, verdict: verdictOf("candidate_committed", f, true, seen, { settled, settledMs: performance.now() - begun, refused: refusedLogins(f.host, f.user) - before }) };
};
