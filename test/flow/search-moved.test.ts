/** Recordings that bear another broker's name, on PostgreSQL, which several share. Rule: what counts is where the file is; what is not here is left to whoever has it. */
import { createSecretKey } from "node:crypto";
import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Deps } from "../../src/flow/deps.ts";
import { admit, sessionEnded, sessionLive } from "../../src/flow/session.ts";
import { indexNext } from "../../src/flow/transcribe.ts";
import type { RecordingId } from "../../src/kernel/ids.ts";
import { startRecording } from "../../src/recordings/writer.ts";
import * as transcripts from "../../src/store/transcripts.ts";
import { ENGINES, type Opened } from "../store/engines.ts";
import { worldOn, type Managed, type World } from "./world.ts";

let o: Opened, w: World, m: Managed, dir: string, now = 0;
beforeAll(async () => {
  o = await ENGINES.find((e) => e.engine === "postgresql")!.open();
  w = await worldOn(o.db, { node: "a@old" });
  dir = mkdtempSync(join(tmpdir(), "lockstep-moved-"));
  m = await w.managed("session", { reconnectGraceSeconds: 3_600 });
  await w.approved(m);
}, 120_000);
afterAll(async () => { await w?.close(); await o?.close(); rmSync(dir, { recursive: true, force: true }); });
beforeEach(async () => { await w.sql("delete from transcript_lines"); await w.sql("update recordings set index_state = 'done'"); });

const recorded = async (): Promise<RecordingId> => {
  const a = await admit(w.deps, w.requester, "app", m.targetName, "shell"), id = a.recording.id as RecordingId, r = startRecording({
    file: join(dir, `${id}.lsr`), directory: dir, recording: id, key: createSecretKey(a.recording.key), clock: w.deps.clock, onDead: (e) => { throw e; },
    manifest: { session: a.session, person: "requester", account: "app", target: m.targetName, address: "127.0.0.1", protocol: "ssh", started: a.started.toISOString() },
  });
  r.put("opened", 1, Buffer.from(JSON.stringify({ kind: "exec", command: "systemctl restart nginx" })));
  r.put("closed", 1, Buffer.from("{}"));
  const head = await r.close("client_closed");
  await sessionLive(w.deps, a.session);
  await sessionEnded(w.deps, a.session, { why: "client_closed", detail: "", bytes: 9, identityChanged: false, facts: {}, recording: { ...head, complete: true } });
  return id;
};
const away = (id: RecordingId): void => { renameSync(join(dir, `${id}.lsr`), join(dir, `${id}.away`)); };
const home = (id: RecordingId): void => { renameSync(join(dir, `${id}.away`), join(dir, `${id}.lsr`)); };
const states = async (...ids: RecordingId[]): Promise<unknown[]> => {
  const rows = new Map((await w.sql("select id, index_state from recordings")).map((r) => [r["id"], r["index_state"]]));
  return ids.map((id) => rows.get(id));
};
/** A broker of its own, on the same database and directory. */
const broker = (node: string): Deps => ({ ...w.deps, node, db: { ...w.db }, clock: { ...w.deps.clock, now: () => w.deps.clock.now(), mono: () => now } });
const all = async (deps: Deps): Promise<number> => { let n = 0; while (await indexNext(deps, dir)) n++; return n; };

test("a broker of a new name indexes what the old one recorded, if the file is here; what is not here is left pending, and what comes after it is done", async () => {
  const [one, absent, two] = [await recorded(), await recorded(), await recorded()], b = broker("b@new");
  away(absent);
  expect(existsSync(join(dir, `${absent}.lsr`))).toBe(false);
  expect(await all(b)).toBe(2);
  expect(await states(one, absent, two)).toEqual(["done", "pending", "done"]);
  expect((await w.sql("select distinct recording_id as r from transcript_lines")).map((r) => r["r"]).sort()).toEqual([one, two].sort());
  expect(await w.sql("select key from meta where key like 'index/%'")).toEqual([]);
  home(absent);
  expect(await all(b), "the absent ones are not looked for at every turn").toBe(0);
  now += b.times.sweep * 20;
  expect([await all(b), ...await states(absent)]).toEqual([1, "done"]);
});

test("of brokers that share a directory one indexes each, the one whose session it was among them", async () => {
  const ids: RecordingId[] = [];
  for (let i = 0; i < 8; i++) ids.push(await recorded());
  const done = await Promise.all([broker("a@old"), broker("b@new"), broker("c@new")].map((deps) => all(deps)));
  expect(done.reduce((n, d) => n + d, 0)).toBe(8);
  expect(new Set(await states(...ids))).toEqual(new Set(["done"]));
});

test("what another broker took is its own until it has stood still for long: neither its old owner nor a third begins it", async () => {
  const id = await recorded(), [a, b, c] = [broker("a@old"), broker("b@new"), broker("c@new")];
  const [seen] = await transcripts.foreign(b.db, b.node, null, 10);
  const take = () => w.db.transaction(async (tx) => { const t = await transcripts.takeOver(tx, seen!, b.node); if (t) await transcripts.begin(tx, t); return t?.id ?? null; });
  expect([await take(), await take()]).toEqual([id, null]);
  expect([await all(a), await all(c)]).toEqual([0, 0]);
  for (let walk = 1; walk < 3; walk++) { now += c.times.sweep * 20; expect(await all(c)).toBe(0); }
  now += c.times.sweep * 20;
  expect([await all(c), ...await states(id)]).toEqual([1, "done"]);
});

test("a broker that died of what it took begins it again at once under the same name", async () => {
  const id = await recorded(), b = broker("b@new"), [seen] = await transcripts.foreign(b.db, b.node, null, 10);
  await w.db.transaction(async (tx) => { await transcripts.begin(tx, (await transcripts.takeOver(tx, seen!, b.node))!); });
  expect([await all(broker("b@new")), ...await states(id)]).toEqual([1, "done"]);
});
