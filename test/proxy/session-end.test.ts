/** How one session ends, whatever its disk and its target do. The uplink is the broker's own judgement of a message, without a broker. */
import { createSecretKey } from "node:crypto";
import type * as Fs from "node:fs";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Ended, Grant } from "../../proxy/channel.ts";
import { BOX, upSchema } from "../../proxy/channel.ts";
import type { Deps } from "../../proxy/deps.ts";
import { beginSession } from "../../proxy/session.ts";
import { Sessions } from "../../proxy/sessions.ts";
import { newBoxKey, sealTo } from "../../src/crypto/box.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { Fault } from "../../src/kernel/fault.ts";
import { readAll } from "../recordings/read.ts";

const disk = vi.hoisted(() => ({ full: false, closed: [] as number[] }));
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof Fs>();
  return {
    ...fs,
    writeSync: (fd: number, bytes: Buffer): number => {
      if (disk.full) throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
      return fs.writeSync(fd, bytes);
    },
    closeSync: (fd: number): void => { disk.closed.push(fd); fs.closeSync(fd); },
  };
});

const dir = mkdtempSync(join(tmpdir(), "lockstep-end-")), key = Buffer.alloc(32, 7), box = newBoxKey(), uncaught: unknown[] = [];
const note = (error: unknown): void => void uncaught.push(error);
process.on("uncaughtException", note);
afterAll(() => { process.off("uncaughtException", note); rmSync(dir, { recursive: true }); });
beforeEach(() => { disk.closed = []; uncaught.length = 0; });
afterEach(() => { disk.full = false; });

let n = 0;
const grantOf = (recording: string): Grant => ({
  ok: true, session: `ses_${n}`, person: "requester", account: "app1", target: "web-1", started: "2026-01-02T03:04:05.000Z", remainingMs: 60_000, address: { host: "127.0.0.1", port: 22 },
  username: "app1", hostKeys: [], password: "", recording: { id: recording, key: sealTo(box.publicKey, BOX.recording(recording), key) },
  terms: { channels: ["exec"], record: "full", recordInput: false, graceMs: 0, clipboardIn: false, clipboardOut: false, filesIn: false, filesOut: false, files: { readOnly: false, noDelete: false, allow: [], deny: [] }, forwardTo: [] },
});
const begun = () => {
  const recording = `rec_${++n}`, asked: Ended[] = [], taken: Ended[] = [];
  const ask = async (kind: string, message: object): Promise<null> => {
    asked.push(message as Ended);
    if (!upSchema.safeParse({ ...message, kind, n: 1 }).success) throw new Fault("invalid", `this ${kind} cannot be told to the broker`);
    taken.push(message as Ended);
    return null;
  };
  const deps = { box, clock: systemClock, sessions: new Sessions(), recordingsDir: dir, waits: { mark: 60_000 }, log: () => undefined, tell: () => undefined, uplink: { ask } } as unknown as Deps;
  return { session: beginSession(grantOf(recording), deps), asked, taken, deps, read: () => readAll(join(dir, `${recording}.lsr`), createSecretKey(key), recording) };
};
const turns = (): Promise<void> => new Promise((done) => { setTimeout(done, 100); });

describe("a disk that fills with the session's end", () => {
  test("is an end: told once, its file closed once, nothing thrown at the process", async () => {
    const { session, asked, deps } = begun();
    session.tape("exec", false).opened({ kind: "exec", command: "true" });
    disk.full = true;
    const end = session.end({ why: "client_closed" });
    expect(session.end({ why: "killed" })).toBe(end);
    await end;
    await turns();
    expect(asked).toMatchObject([{ why: "client_closed", cause: "recorder", ledger: { complete: false } }]);
    expect(disk.closed.length).toBe(1);
    expect(uncaught).toEqual([]);
    expect(deps.sessions.size).toBe(0);
  });
});

describe("what a target says never decides whether an end is told", () => {
  test("a ledger the broker would not take is left out, and the end is told all the same", async () => {
    const { session, asked, taken, read } = begun(), tape = session.tape("exec", false);
    tape.opened({ kind: "exec", command: "true" });
    tape.closed("X".repeat(65), () => undefined);
    await session.end({ why: "target_closed", detail: "\n".repeat(70_000) });
    const { verdict } = read();
    expect(asked.length).toBe(2);
    expect(taken).toMatchObject([{ why: "target_closed", cause: "none",
      ledger: { channels: [], refused: {}, complete: false, chunks: verdict.chunks, hash: verdict.hash, bytes: verdict.bytes } }]);
    expect(taken[0]?.detail.length).toBeLessThanOrEqual(200);
  });
});
