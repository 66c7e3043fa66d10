/** Recordings indexed and searched, on both engines. Rule: the database holds no word of them in clear; a password is found by nobody; looking is an event without the words. */
import { createSecretKey } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { look, type SearchWish } from "./search-words.ts";
import { sessionUnread } from "../../src/flow/look.ts";
import { playDesktop } from "../../src/flow/desktop-play.ts";
import { play, rawRecording, readTranscript } from "../../src/flow/recordings.ts";
import { indexProgress } from "../../src/flow/session-search.ts";
import { admit, sessionEnded, sessionEvent, sessionLive } from "../../src/flow/session.ts";
import { indexNext } from "../../src/flow/transcribe.ts";
import type { SessionId } from "../../src/kernel/ids.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { FRAME_DATA, type FrameType } from "../../src/recordings/frame.ts";
import { fitted } from "../../src/recordings/whole.ts";
import * as transcripts from "../../src/store/transcripts.ts";
import { startRecording } from "../../src/recordings/writer.ts";
import { keepVersion } from "../../src/flow/secrets.ts";
import { ENGINES, type Opened } from "../store/engines.ts";
import { PASSWORD, worldOn, type Managed, type World } from "./world.ts";

type Frames = readonly (readonly [FrameType, number, string])[];
const SHELL: Frames = [
  ["opened", 1, JSON.stringify({ kind: "shell", term: "xterm", cols: 80, rows: 24 })], ["output", 1, "root@web-1:~# "], ["input", 1, "systemctl restart nginx\r"], ["output", 1, "systemctl restart nginx\r\n"],
  ["output", 1, `configured ${PASSWORD.slice(0, 5)}\x1b[0m\r\n${PASSWORD.slice(5)} done\r\n`], ["output", 1, "Password: "], ["input", 1, "Another-Secret9\r"], ["output", 1, "\r\nroot@web-1:~# "], ["closed", 1, "{}"],
  ["opened", 2, JSON.stringify({ kind: "exec", command: `rm -rf /srv/cache --password ${PASSWORD}` })], ["input", 2, "stdin of nobody\n"], ["output", 2, "removed\n"], ["error", 2, `not ${PASSWORD}\n`], ["closed", 2, "{}"],
];

describe.each(ENGINES)("$engine", ({ open }) => {
  let o: Opened, w: World, m: Managed, dir: string, id: SessionId;
  const recorded = async (frames: Frames, end = true): Promise<SessionId> => {
    const a = await admit(w.deps, w.requester, "app", m.targetName, "shell"), r = startRecording({
      file: join(dir, `${a.recording.id}.lsr`), directory: dir, recording: a.recording.id, key: createSecretKey(a.recording.key), clock: w.deps.clock, onDead: (e) => { throw e; },
      manifest: { session: a.session, person: "requester", account: "app", target: m.targetName, address: "127.0.0.1", protocol: "ssh", started: a.started.toISOString() },
    });
    for (const [type, channel, text] of frames) r.put(type, channel, Buffer.from(text));
    const head = await r.close("client_closed");
    await sessionLive(w.deps, a.session);
    if (end) await sessionEnded(w.deps, a.session, { why: "client_closed", detail: "", bytes: 9, identityChanged: false, facts: {}, recording: { ...head, complete: true } });
    return a.session;
  };
  const found = async (text: string, more: Partial<SearchWish> = {}) => (await look(w, text, more)).hits.map((h) => `${h.channel} ${h.kind} ${h.parts.map((p) => (p.hit ? `<${p.text}>` : p.text)).join("")}`);
  beforeAll(async () => {
    o = await open();
    w = await worldOn(o.db);
    dir = mkdtempSync(join(tmpdir(), "lockstep-rec-"));
    m = await w.managed("session", { reconnectGraceSeconds: 3_600 });
    await w.approved(m);
    id = await recorded(SHELL);
  }, 120_000);
  afterAll(async () => { await w?.close(); await o?.close(); rmSync(dir, { recursive: true, force: true }); });

  it("says what is not yet indexed, and indexes it once", async () => {
    expect(await indexProgress(w.deps)).toEqual({ left: 1, shortened: 0, unreadable: 0 });
    expect([await indexNext(w.deps, dir), await indexNext(w.deps, dir)]).toEqual([true, false]);
    expect(await indexProgress(w.deps)).toEqual({ left: 0, shortened: 0, unreadable: 0 });
    expect((await w.sql("select kind, channel from transcript_lines order by row_no")).map((r) => `${String(r["channel"])} ${String(r["kind"])}`).sort()).toEqual(["1 command", "1 printed", "1 typed", "2 command", "2 printed"]);
  });
  it("finds words, phrases and kinds, with the hit marked and the second it was said", async () => {
    expect(await found("nginx")).toHaveLength(2);
    expect((await found("nginx")).sort()).toEqual(["1 command systemctl restart <nginx>", "1 typed systemctl restart <nginx>"]);
    expect(await found('"rm -rf" CACHE')).toEqual([`2 command <rm> -<rf> /srv/<cache> --password ${"•".repeat(PASSWORD.length)}`]);
    expect(await found('"rf rm"')).toEqual([]);
    expect(await found("nginx", { kind: "command" })).toHaveLength(1);
    expect(await found("ngin")).toEqual([]);
    expect((await look(w, "nginx")).hits.every((h) => h.at >= 0 && h.session.id === id)).toBe(true);
  });
  it("no password, nothing silent and no standard input is found or stands in the database", async () => {
    for (const word of [PASSWORD, PASSWORD.slice(0, 5), "Another", "Secret9", "stdin"]) expect(await found(word), word).toEqual([]);
    const rows = JSON.stringify(await w.sql("select row_no, words, search::text as search, encode(sealed, 'escape') as sealed from transcript_lines"));
    for (const word of ["nginx", "systemctl", "cache", PASSWORD.slice(0, 5), "Secret9"]) expect(rows.toLowerCase()).not.toContain(word.toLowerCase());
  });
  it("filters by session facts; a name nobody has is nobody's", async () => {
    expect(await found("nginx", { filter: { person: w.requester.person.id, why: "client_closed", protocol: "ssh", target: m.target } })).toHaveLength(2);
    expect(await found("nginx", { filter: { person: w.operator.person.id } })).toEqual([]);
    expect(await found("nginx", { filter: { gaps: true } })).toEqual([]);
    expect(await found("nginx", { filter: { marked: true } })).toEqual([]);
    await sessionEvent(w.deps, id, { kind: "warned", rule: "restart" }, false);
    expect(await found("nginx", { filter: { marked: true } })).toHaveLength(2);
  });
  it("pages", async () => {
    const first = await look(w, "nginx", { limit: 1 });
    expect([first.hits.length, typeof first.next]).toEqual([1, "number"]);
    const second = await look(w, "nginx", { limit: 1, before: first.next! });
    expect([...first.hits, ...second.hits].map((h) => h.kind).sort()).toEqual(["command", "typed"]);
    expect(second.next).toBeNull();
  });
  it("is for auditors; says what it wants; tells the log of it without the words", async () => {
    for (const who of [w.operator, w.requester]) await expect(look(w, "nginx", {}, who)).rejects.toMatchObject({ code: "forbidden" });
    for (const text of ["", "-- !", "a b c d e f g h i j k l m"]) await expect(look(w, text)).rejects.toMatchObject({ code: "invalid" });
    const events = await w.sql("select facts::text as facts from events where what = 'session.searched' order by row_no");
    expect(events.length).toBeGreaterThan(5);
    expect(JSON.stringify(events)).not.toMatch(/nginx|rf|Secret/);
  });

  it("a recording begun by a process that died is begun again; a lost file is said to be unreadable; live sessions wait", async () => {
    await w.sql("update recordings set index_state = 'building', indexed_at = null");
    expect(await indexNext(w.deps, dir)).toBe(true);
    expect((await w.sql("select count(*)::int as n from transcript_lines"))[0]!["n"]).toBe(5);
    const live = await recorded(SHELL, false);
    expect(await indexNext(w.deps, dir)).toBe(false);
    rmSync(join(dir, `${String((await w.sql(`select recording_id as r from sessions where id = '${live}'`))[0]!["r"])}.lsr`));
    await sessionEnded(w.deps, live, { why: "client_closed", detail: "", bytes: 9, identityChanged: false, facts: {} });
    expect(await indexNext(w.deps, dir)).toBe(true);
    expect(await indexProgress(w.deps)).toEqual({ left: 0, shortened: 0, unreadable: 1 });
  });
  it("one that ended the process twice is not tried again, and says so", async () => {
    const bad = await recorded(SHELL), dies = async (): Promise<void> => void await w.db.transaction(async (tx) => { await transcripts.begin(tx, (await transcripts.nextToIndex(tx, null))!); });
    const heard: string[] = [], deps = { ...w.deps, log: (_level: string, what: string) => { heard.push(what); } };
    await dies();
    await dies();
    expect([await indexNext(deps, dir), await indexNext(deps, dir)]).toEqual([true, false]);
    expect(heard).toEqual([expect.stringMatching(/^recording rec_\w+ cannot be indexed: 2 tries did not come to their end$/)]);
    expect([await indexProgress(w.deps), await sessionUnread(w.db, w.auditor.person, bad), await sessionUnread(w.db, w.auditor.person, id)]).toEqual([{ left: 0, shortened: 0, unreadable: 2 }, true, false]);
  });

  it("plays every channel masked, and a channel that is not there is not", async () => {
    const two = await play(w.deps, dir, w.auditor, id, 2), one = await play(w.deps, dir, w.auditor, id);
    expect(two.channels.map((c) => c.no)).toEqual([1, 2]);
    expect([two.cast.includes(PASSWORD), one.cast.includes(PASSWORD.slice(0, 5)), one.cast.includes("Another-Secret9"), two.cast.includes("stdin of nobody")]).toEqual([false, false, false, false]);
    expect(two.cast).toContain("removed");
    await expect(play(w.deps, dir, w.auditor, id, 9)).rejects.toMatchObject({ code: "not_found", message: "This session has no channel 9." });
    const t = await readTranscript(w.deps, dir, w.auditor, id);
    expect(t.rows.map((r) => r.kind).sort()).toEqual(["command", "command", "printed", "printed", "typed"]);
    expect(JSON.stringify(t)).not.toContain(PASSWORD);
  });
  it("a command longer than a frame is read, played and taken raw with all else, masked where it was split, whichever way it was", async () => {
    const command = `${"x".repeat(FRAME_DATA - 26 - 5)} ${PASSWORD} end of it`, opening = { kind: "exec", command }, { own, marks } = fitted(opening);
    const other: Frames = [["output", 1, "first"], ["opened", 2, JSON.stringify({ kind: "exec", command: "true" })], ["output", 2, "second"]];
    for (const frames of [[["opened", 1, JSON.stringify(opening)]], [["opened", 1, own.toString()], ["mark", 1, marks!.toString()]]] as Frames[]) {
      const long = await recorded([...frames, ...other]), masked = command.replace(PASSWORD, "•".repeat(PASSWORD.length));
      expect((await play(w.deps, dir, w.auditor, long, 2)).channels).toEqual([{ no: 1, kind: "exec", command: masked }, { no: 2, kind: "exec", command: "true" }]);
      expect((await readTranscript(w.deps, dir, w.auditor, long)).rows.map((r) => r.text)).toEqual([masked, "first", "true", "second"]);
      const raw = (await rawRecording(w.deps, dir, w.auditor, long, "incident 44")).map((l) => Buffer.from((JSON.parse(l) as { data: string }).data, "base64").toString()).join("");
      expect([raw.includes("end of it"), raw.includes(PASSWORD)]).toEqual([true, false]);
      await expect(playDesktop(w.deps, dir, w.auditor, long)).rejects.toMatchObject({ code: "conflict" });
    }
  });
  it("raw it is exact but for passwords still in force, needs a reason and a right", async () => {
    await expect(rawRecording(w.deps, dir, w.auditor, id, "")).rejects.toMatchObject({ code: "invalid" });
    await expect(rawRecording(w.deps, dir, w.operator, id, "x")).rejects.toMatchObject({ code: "forbidden" });
    const text = async () => (await rawRecording(w.deps, dir, w.auditor, id, "incident 42")).map((l) => Buffer.from((JSON.parse(l) as { data: string }).data, "base64").toString()).join("");
    expect([(await text()).includes(PASSWORD), (await text()).includes("Another-Secret9")]).toEqual([false, true]);
    await w.db.transaction(async (tx) => { await keepVersion(w.deps, tx, { account: m.account, secret: Secret.of("Next-Pw-2!abc"), status: "candidate", origin: "test", by: null }); });
    await w.sql(`update secret_versions set status = 'older' where account_id = '${m.account.id}' and no = 1`);
    expect((await text()).includes(PASSWORD)).toBe(true);
    expect((await w.said(id)).filter((s) => s === "session.raw ok").length).toBe(3);
  });
  it("of a desktop what was drawn is played and what was typed is told masked, key by key; taken raw it has no keys", async () => {
    const keys = [...PASSWORD].map((c) => `3.key,2.${c.charCodeAt(0)},1.1,1.5;`).join(""), drawn = "4.size,1.0,4.1024,3.768;4.sync,3.100;";
    const desktop = await recorded([["opened", 1, JSON.stringify({ kind: "desktop", width: 1_024, height: 768, layout: "en-us-qwerty" })], ["output", 1, drawn], ["input", 1, keys], ["closed", 1, "{}"]]);
    const { stream } = await playDesktop(w.deps, dir, w.auditor, desktop), raw = (await rawRecording(w.deps, dir, w.auditor, desktop, "incident 43")).map((l) => JSON.parse(l) as { type: string; data: string });
    expect(stream.toString()).toBe(drawn);
    expect(raw.filter((f) => f.type === "input").map((f) => f.data)).toEqual([""]);
    expect(raw.filter((f) => f.type === "output").map((f) => Buffer.from(f.data, "base64").toString())).toEqual([drawn]);
    const rows = (await readTranscript(w.deps, dir, w.auditor, desktop)).rows;
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).toContain("••••");
    expect(JSON.stringify(rows)).not.toContain(PASSWORD.slice(0, 4));
    await expect(playDesktop(w.deps, dir, w.operator, desktop)).rejects.toMatchObject({ code: "forbidden", message: "Recordings are for auditors." });
    await expect(playDesktop(w.deps, dir, w.auditor, id)).rejects.toMatchObject({ code: "conflict", message: "This is no recording of a desktop." });
    await expect(play(w.deps, dir, w.auditor, desktop)).rejects.toMatchObject({ code: "conflict" });
    expect((await w.said(desktop)).filter((s) => s === "session.played ok")).toHaveLength(1);
  });
  it("a password given to a command stands in no event", async () => {
    await sessionEvent(w.deps, id, { kind: "channel_opened", type: "exec", command: `mysql -p${PASSWORD} -e x` }, false);
    const events = JSON.stringify(await w.sql("select facts from events where what = 'session.event'"));
    expect([events.includes(PASSWORD), events.includes(`mysql -p${"•".repeat(PASSWORD.length)} -e x`)]).toEqual([false, true]);
  });
});
