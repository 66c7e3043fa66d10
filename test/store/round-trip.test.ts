/** What is written is what is read: every domain value survives its row. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { absorbChange, absorbProbe, type ChangeOutcome, type ProbeOutcome } from "../../src/domain/rotation-absorb.ts";
import { next } from "../../src/domain/rotation-next.ts";
import type { Facts } from "../../src/domain/rotation-facts.ts";
import { beginApply, prepare, takeOver, type Appliable, type OpenState, type Rotation, type RotationStep } from "../../src/domain/rotation.ts";
import { PolicyBinding, PolicyTerms, type Policy } from "../../src/domain/policy.ts";
import { ROLES, type Person } from "../../src/domain/person.ts";
import { approve, cancel, checkOut, close, CLOSE_REASONS, deny, expire, review, revoke, type Request, type Step } from "../../src/domain/request.ts";
import { end, ENDED_WHY, goLive, type Session } from "../../src/domain/session.ts";
import type { VersionId } from "../../src/kernel/ids.ts";
import { times } from "../../src/kernel/times.ts";
import type { Db } from "../../src/store/db.ts";
import * as people from "../../src/store/people.ts";
import * as policies from "../../src/store/policies.ts";
import * as requests from "../../src/store/requests.ts";
import * as rotations from "../../src/store/rotations.ts";
import * as sessions from "../../src/store/sessions.ts";
import * as targets from "../../src/store/targets.ts";
import { embedded } from "./engines.ts";
import { addAccount, ground, id, queued, type Ground } from "./rows.ts";

const T = times(1), RUNS = { numRuns: 15 };
let db: Db, g: Ground;
beforeAll(async () => { db = await embedded(); g = await ground(db); });
afterAll(() => db?.close());

/** Text a row can hold, with everything that quoting could get wrong. */
const text = fc.string({ unit: "grapheme", maxLength: 40 }).map((s) => s.replaceAll("\0", "")), moment = fc.date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true }), minutes = fc.integer({ min: 1, max: 10_080 });
const save = (step: Step) => db.transaction((tx) => requests.save(tx, step));

test("a request, in every state", async () => {
  const account = await addAccount(db, g), reviewer = (await ground(db)).person;
  await fc.assert(fc.asyncProperty(fc.record({ windowed: fc.boolean(), reason: text, ticket: text, minutes, at: moment, said: text, why: fc.constantFrom(...CLOSE_REASONS), byBroker: fc.boolean(), release: fc.boolean() }), async (v) => {
    const road = async (...steps: ((r: never) => Step)[]): Promise<void> => {
      let r: Request = {
        id: id.of("request"), requester: g.person, exclusive: false, review: true, submittedAt: v.at, termsHash: "h", state: "pending", expiresAt: v.at,
        terms: { account, policy: g.policy, preset: v.release ? "release" : "session", minutes: v.minutes, reason: v.reason, ticket: v.ticket, ...(v.windowed ? { window: { from: v.at.toISOString(), to: new Date(v.at.getTime() + 60_000).toISOString() } } : {}) },
      };
      await db.transaction((tx) => requests.submit(tx, r as Request<"pending">));
      expect(await requests.find(db, r.id)).toEqual(r);
      for (const step of steps) { r = await save(step(r as never)); expect(await requests.find(db, r.id)).toEqual(r); }
    };
    const yes = (r: Request<"pending">) => approve(r, v.at, v.minutes, 60);
    await road(yes, (r: Request<"approved">) => checkOut(r, v.at, 600), (r: Request<"checked_out">) => close(r, v.why, v.byBroker ? null : g.person, v.said, v.at), (r: Request<"closed">) => review(r, reviewer, v.said, v.at));
    await road((r: Request<"pending">) => deny(r, g.person, v.said, v.at));
    await road(yes, (r: Request<"approved">) => cancel(r, g.person, v.said, v.at));
    await road(yes, (r: Request<"approved">) => revoke(r, g.person, v.said, v.at));
    await road((r: Request<"pending">) => expire(r, v.at));
  }), { numRuns: 6 });
});

test("a session, in every state", async () => {
  const account = await addAccount(db, g);
  await fc.assert(fc.asyncProperty(moment, text, fc.constantFrom(...ENDED_WHY), fc.maxSafeNat(), fc.boolean(), async (at, detail, why, bytes, early) => {
    const r: Request<"pending"> = { id: id.of("request"), requester: g.person, exclusive: false, review: false, submittedAt: at, termsHash: "h", state: "pending", expiresAt: at, terms: { account, policy: g.policy, preset: "session", minutes: 1, reason: "", ticket: "" } };
    let s: Session = { id: id.of("session"), request: r.id, person: g.person, account, target: g.target, protocol: "ssh", via: "ssh", address: detail, recording: id.of("recording"), node: "n", openedAt: at, state: "opening" };
    await db.transaction(async (tx) => { await requests.submit(tx, r); await sessions.open(tx, s as Session<"opening">, at); });
    expect(await sessions.find(db, s.id)).toEqual(s);
    for (const step of [...(early ? [] : [(x: Session) => goLive(x as Session<"opening">, at)]), (x: Session) => end(x as Session<"live">, why, detail, bytes, at)]) {
      s = await db.transaction((tx) => sessions.save(tx, step(s)));
      expect(await sessions.find(db, s.id)).toEqual(s);
    }
  }), RUNS);
});

const CHANGES: ChangeOutcome[] = ["done", { refused: "no" }, { not_sent: "unreachable", why: "down" }, { unknown: "cut" }], old = "ver_old" as VersionId;
const PROBES: ProbeOutcome[] = [{ match: old, by: "login" }, "none_matches", { refused_login: old }, { unknown: "cut", by: "login" }];
const facts: Facts = {
  versions: [{ id: old, no: 1, status: "current" }], credential: "in_sync", self: true, administrative: "ready", reconcile: "none", canCompare: false,
  budget: { spent: 0, until: null }, resetsOnSuccess: true, lockoutWindow: null, blocked: false, adoptedBefore: 2,
};

test("a rotation, along any road", async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.nat(3), fc.nat(3), fc.boolean()), { minLength: 4, maxLength: 20 }), async (rolls) => {
    let r: Rotation = queued(await addAccount(db, g)), now = new Date(0);
    await db.transaction((tx) => rotations.open(tx, r as Rotation<"queued">));
    for (const [c, p, crash] of rolls) {
      now = new Date(Math.max(now.getTime() + 1_000, r.nextAt?.getTime() ?? 0));
      const action = next(r, facts, now, T);
      const step: RotationStep | null = crash && r.state !== "committed" && r.state !== "refused" ? takeOver(r as Rotation<OpenState>, now, T) : r.state === "queued" ? prepare(r, `ver_${c}` as VersionId, p) : r.state === "applying" ? absorbChange(r, CHANGES[c]!, facts, now, T)
        : action.do === "apply" ? beginApply(r as Appliable, action.as, now, T) : r.state === "probing" ? absorbProbe(r, p === 0 ? { match: r.candidate, by: "login" } : PROBES[p]!, facts, now, T) : null;
      if (step === null) return;
      r = await db.transaction((tx): Promise<Rotation> => rotations.save(tx, step));
      expect(await rotations.find(db, r.id)).toEqual(r);
    }
  }), RUNS);
});

test("people, targets and policies", async () => {
  const name = fc.string({ unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz0123456789._-"), minLength: 24, maxLength: 40 }), maybe = fc.option(text);
  const settings = fc.dictionary(text, fc.jsonValue({ maxDepth: 2, noUnicodeString: false }).filter((v) => !JSON.stringify(v).includes("\\u0000") && !Object.is(v, -0)));
  await fc.assert(fc.asyncProperty(name, text, maybe, fc.subarray([...ROLES]), settings, fc.boolean(), async (n, full, tie, roles, set, yes) => {
    const p: Person = { id: id.of("person"), name: n, fullName: full, mail: tie, subject: tie, employeeNo: null, roles, groups: [id.of("group")], disabled: yes, totp: false };
    await db.transaction(async (tx) => { await people.add(tx, p, null); await people.addGroup(tx, p.groups[0]!, `g${n}`); await people.setMembers(tx, p.groups[0]!, [p.id]); });
    expect(await people.find(db, p.id)).toEqual(p);
    expect(await people.named(db, n)).toEqual(p);
    const t = { id: id.of("target"), name: n, platform: "x", host: full || "h", port: 22, link: "direct" as const, settings: JSON.parse(JSON.stringify(set)) as Record<string, unknown>, owner: yes ? p.id : null, tags: [full], administrative: null, reconcile: null, identityNo: 3, identityHash: n, locked: yes, passwordPolicy: yes ? n : null };
    await db.transaction((tx) => targets.add(tx, t, p.id));
    expect(await targets.find(db, t.id)).toEqual(t);
    const policy: Policy = { id: id.of("policy"), name: n, active: yes, terms: PolicyTerms.parse({ reasonMin: 7, channels: ["sftp", "agent"], files: { readOnly: true, deny: ["/etc/**"] }, forwardTo: ["db:5432"] }), binding: PolicyBinding.parse({ requesters: [p.id], accountNames: [n] }) };
    await db.transaction((tx) => policies.put(tx, policy));
    expect(await policies.find(db, policy.id)).toEqual(policy);
  }), RUNS);
});
