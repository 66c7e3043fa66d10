/**
 * The recording of a change shown by hand: durable before anything goes on, masked for both accounts, mended after a crash, and fatal where it
 * cannot be kept. Rule: the file on the disk is the judge.
 */
import { createSecretKey } from "node:crypto";
import { readdirSync, readFileSync, truncateSync, statSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Demonstration } from "../../src/domain/demonstration.ts";
import { addAccount } from "../../src/flow/accounts.ts";
import { leftTape, openTape, tapeKept } from "../../src/flow/demonstrate-tape.ts";
import { play, readTranscript } from "../../src/flow/recordings.ts";
import { newId } from "../../src/kernel/ids.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { verifyRecording } from "../recordings/read.ts";
import * as demonstrations from "../../src/store/demonstrations.ts";
import * as sessions from "../../src/store/sessions.ts";
import { ENGINES, type Opened } from "../store/engines.ts";
import { worldOn, type World } from "./world.ts";

const APP = "App-Own-Pw-1!x9Qz",
  ROOT = "Root-Own-Pw-1!x9Qz";
let o: Opened, w: World;
beforeAll(async () => {
  o = await ENGINES[0]!.open();
  w = await worldOn(o.db);
});
afterAll(async () => {
  await w?.close();
  await o?.close();
});
/** As a row, of an account and another one that logs in for it. */
const shown = async (): Promise<Demonstration> => {
  const { target, account: other } = await w.managed(),
    name = newId("key", systemRandom).slice(4, 12);
  const [account, login] = [
    await addAccount(w.deps, w.operator, { target, name: `a${name}`, password: Secret.of(APP) }),
    await addAccount(w.deps, w.operator, { target, name: `r${name}`, password: Secret.of(ROOT) }),
  ];
  const d = {
    id: newId("demonstration", systemRandom),
    target,
    account: account.id,
    login: login.id,
    by: w.operator.person.id,
    reason: "for the test",
    at: new Date(),
    identity: "x",
    state: "asked" as const,
  };
  expect(other.id).not.toBe(account.id);
  await w.deps.db.transaction((tx) => demonstrations.ask(tx, d));
  return d;
};
const fileOf = async (d: Demonstration): Promise<string> => path.join(w.deps.recordings, (await sessions.recordingOf(w.deps.db, d.id))!.file);
const verdict = async (d: Demonstration) => {
  const row = (await sessions.recordingOf(w.deps.db, d.id))!,
    key = w.deps.keyring.openRecordingKey(row.id, row.wrapped, row.keyId);
  return verifyRecording(await fileOf(d), createSecretKey(key), row.id);
};

test("law: recorder-first — what is put is in the file when the call returns; passwords of both accounts are masked to whoever plays it, and the file shows nothing", async () => {
  const d = await shown(),
    tape = await openTape(w.deps, d, "127.0.0.1", () => {
      throw new Error("it died");
    }),
    size = async (): Promise<number> => statSync(await fileOf(d)).size,
    before = await size();
  tape.heard([{ by: "device", at: 0, text: `login: root\r\n${ROOT}\r\n# ` }]);
  const heard = await size();
  tape.line([{ text: "passwd " }, { secret: "new" }]);
  expect([heard > before, (await size()) > heard]).toEqual([true, true]);
  tape.heard([
    { by: "device", at: 0, text: `login: root\r\n${ROOT}\r\n# ` },
    { by: "person", at: 1, parts: [], enter: true },
    { by: "device", at: 2, text: `set to ${APP}\r\n` },
  ]);
  await w.deps.db.transaction(async (tx) => tapeKept(tx, { id: tape.id, head: await tape.close("finished"), complete: true }));
  const { cast, verdict: v } = await play(w.deps, w.deps.recordings, w.auditor, d.id),
    said = await readTranscript(w.deps, w.deps.recordings, w.auditor, d.id),
    file = readFileSync(await fileOf(d));
  expect([
    v.complete,
    cast.includes(ROOT),
    cast.includes(APP),
    cast.match(/login: root/g)!.length,
    cast.includes("typed: passwd [new password]"),
    cast.includes("set to "),
  ]).toEqual([true, false, false, 1, true, true]);
  expect([
    JSON.stringify(said.rows).includes(ROOT),
    JSON.stringify(said.rows).includes("set to"),
    file.includes("login"),
    file.includes("passwd"),
  ]).toEqual([false, true, false, false]);
  await expect(play(w.deps, w.deps.recordings, w.operator, d.id)).rejects.toMatchObject({ code: "forbidden" });
});
test("law: no-recorder-no-session — where nothing can be written there is no recording, no row and no line", async () => {
  const d = await shown(),
    before = readdirSync(w.deps.recordings).length;
  await expect(openTape({ ...w.deps, recordings: path.join(w.deps.recordings, "none") }, d, "127.0.0.1", () => undefined)).rejects.toMatchObject({
    code: "unavailable",
  });
  expect([await sessions.recordingOf(w.deps.db, d.id), readdirSync(w.deps.recordings).length]).toEqual([null, before]);
});
test("what a broker that died left is cut to its last good chunk, once, and says that it is not whole", async () => {
  const d = await shown(),
    tape = await openTape(w.deps, d, "127.0.0.1", () => undefined);
  tape.line([{ text: "first" }]);
  tape.line([{ text: "second" }]);
  truncateSync(await fileOf(d), statSync(await fileOf(d)).size - 5);
  const left = (await leftTape(w.deps, d))!;
  expect([left.complete, left.head.chunks > 0, (await verdict(d)).broken]).toEqual([false, true, undefined]);
  await w.deps.db.transaction((tx) => tapeKept(tx, left));
  expect([await leftTape(w.deps, d), (await sessions.recordingOf(w.deps.db, d.id))!.state]).toEqual([null, "recovered"]);
  const { cast } = await play(w.deps, w.deps.recordings, w.auditor, d.id);
  expect([cast.includes("typed: first"), cast.includes("typed: second")]).toEqual([true, false]);
});
test("one that can be kept no longer is told at once, and takes nothing more", async () => {
  let died = 0;
  const d = await shown(),
    tape = await openTape(w.deps, d, "127.0.0.1", () => {
      died += 1;
    });
  // More than a recording may owe to the disk.
  expect(() => {
    tape.heard([{ by: "device", at: 0, text: "x".repeat(9 * 1024 * 1024) }]);
  }).toThrow(/could not be kept/);
  expect(() => {
    tape.line([{ text: "no" }]);
  }).toThrow(/could not be kept/);
  expect(died).toBe(1);
  await tape.close("over");
});
