/** The one check of a candidate: every trigger is driven with one bad password, and no target is there to be touched. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { changeAccount } from "../../src/flow/account-change.ts";
import { bindPlatform, bindTarget, putPasswordPolicy, removePasswordPolicy } from "../../src/flow/password-policies.ts";
import { changePassword } from "../../src/flow/change-password.ts";
import { release } from "../../src/flow/release.ts";
import { claim, drive, openRotation } from "../../src/flow/rotate.ts";
import { keepVersion } from "../../src/flow/secrets.ts";
import { keepTyped } from "../../src/flow/typed.ts";
import { TRIGGERS, type Rotation, type Trigger } from "../../src/domain/rotation.ts";
import type { AccountId, RotationId } from "../../src/kernel/ids.ts";
import { Secret } from "../../src/kernel/secret.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as rotations from "../../src/store/rotations.ts";
import * as versions from "../../src/store/versions.ts";
import { embedded } from "../store/engines.ts";
import type { Db } from "../../src/store/db.ts";
import { PASSWORD, worldOn, type Managed, type World } from "./world.ts";

let db: Db, w: World;
beforeAll(async () => { db = await embedded(); w = await worldOn(db); });
afterAll(async () => { await w?.close(); await db?.close(); });

const BAD = "short1", GOOD = "Zq7#mK2!vT9?bR4%nX6~";
const opened = (id: AccountId, trigger: Trigger, origin: "given" | "generated") => db.transaction(async (tx) => {
  const account = await accounts.lock(tx, id), candidate = origin === "given" ? (await keepTyped(w.deps, tx, w.operator, account, Secret.of(BAD))).id : undefined;
  return openRotation(w.deps, tx, account, { trigger, reason: "a test", by: w.operator.person.id, origin, ...(candidate ? { candidate } : {}) });
});
/** One claim and whatever follows from it; the target of this world cannot be touched, so it stops before that. */
const work = async (id: RotationId): Promise<Rotation> => {
  await w.sql(`update rotations set next_at = now() + interval '1 day' where id <> '${id}' and state not in ('committed','refused')`);
  await w.sql(`update rotations set next_at = null where id = '${id}'`);
  const r = await claim(w.deps, []);
  expect(r?.id).toBe(id);
  await drive(w.deps, r!);
  return (await rotations.find(db, id))!;
};

describe("law: policy-at-prepared", () => {
  test.each(TRIGGERS)("law: policy-at-prepared — %s with a bad password typed: refused before the journal and the target hear of it, every broken rule named", async (trigger) => {
    const m = await w.managed(), id = await opened(m.account.id, trigger, "given"), touched = w.touches.length, r = await work(id);
    expect(r).toMatchObject({ state: "refused", trigger, sent: false, attempt: 0 });
    expect(r.why).toBe("unchanged: the password needs at least 20 characters; 1 or more upper-case letters; 1 or more symbols");
    const list = await versions.of(db, m.account.id), bad = list.find((v) => v.origin === "typed")!;
    expect([bad.status, w.deps.journal.hasVersion(bad.id)]).toEqual(["rejected", false]);
    expect((await m.now()).current, "what was in force still is").toBe(m.account.current);
    expect((await m.now()).credential).toBe("in_sync");
    expect(w.touches.length).toBe(touched);
  });

  test.each(TRIGGERS)("law: policy-at-prepared — %s with a bad password an earlier life generated: never prepared, another one is drawn", async (trigger) => {
    const m = await w.managed(), id = await opened(m.account.id, trigger, "generated");
    const old = await db.transaction(async (tx) => keepVersion(w.deps, tx, { account: await accounts.lock(tx, m.account.id), secret: Secret.of(BAD), status: "candidate", origin: `rotation ${id} 0`, by: null }));
    const r = await work(id);
    expect(r.rejected).toBe(1);
    expect([(await versions.find(db, old.id))!.status, w.deps.journal.hasVersion(old.id)]).toEqual(["rejected", false]);
    if (!("candidate" in r) || r.candidate === null) throw new Error("another candidate was expected");
    expect(r.candidate).not.toBe(old.id);
    expect(w.deps.journal.hasVersion(r.candidate), "the good one is journalled as ever").toBe(true);
  });
});

test("a policy that this kind of target cannot meet ends the rotation with the reason, instead of leaving it open for ever", async () => {
  await putPasswordPolicy(w.deps, w.operator, { name: "dashes", length: 12, symbol: 1, symbols: "-", forbidden: "" });
  const m = await w.managed();
  await changeAccount(w.deps, w.operator, m.account.id, { passwordPolicy: "dashes" });
  const connector = { ...w.deps.connectors.get("nowhere")!, forbidden: /-/ }, deps = { ...w.deps, connectors: new Map([["nowhere", connector]]) };
  const id = await opened(m.account.id, "schedule", "generated");
  await w.sql(`update rotations set next_at = now() + interval '1 day' where id <> '${id}' and state not in ('committed','refused')`);
  await drive(deps, (await claim(deps, []))!);
  expect(await rotations.find(db, id)).toMatchObject({ state: "refused", why: "unchanged: password policy dashes cannot be met for this kind of target: it wants symbols and leaves none to choose from" });
});

describe("what a person is told at once", () => {
  const change = (m: Managed, password: string) => changePassword(w.deps, w.operator, m.account.id, { password: Secret.of(password), remote: true, reason: "" });
  test("every broken rule, and whose policy it is; nothing is kept, and the refusal is in the log", async () => {
    const m = await w.managed();
    await expect(change(m, BAD)).rejects.toMatchObject({ code: "invalid", message: "Unchanged: the password needs at least 20 characters; 1 or more upper-case letters; 1 or more symbols. (Password policy medium, the default.)" });
    expect(await versions.of(db, m.account.id)).toHaveLength(1);
    expect(await rotations.openOf(db, m.account.id)).toBeNull();
    expect((await w.said(m.account.id)).at(-1)).toBe("password.refused refused");
  });
  test("an old password is refused without saying which it was; one that was never in force is not", async () => {
    const m = await w.managed();
    await putPasswordPolicy(w.deps, w.operator, { name: "easy", length: 8, upper: 1, symbol: 0, noWords: false, history: 2 });
    await changeAccount(w.deps, w.operator, m.account.id, { passwordPolicy: "easy" });
    await expect(change(m, PASSWORD)).rejects.toThrow("the password needs to differ from the last 2.");
    await db.transaction(async (tx) => keepVersion(w.deps, tx, { account: await accounts.lock(tx, m.account.id), secret: Secret.of(GOOD), status: "rejected", origin: "typed", by: null }));
    expect((await change(m, GOOD)).joined).toBe(false);
  });
  test("a minimum age stops a wish until it is over, and never a need", async () => {
    const m = await w.managed();
    await putPasswordPolicy(w.deps, w.operator, { name: "kept", length: 20, minAgeHours: 24 });
    await changeAccount(w.deps, w.operator, m.account.id, { passwordPolicy: "kept" });
    await expect(change(m, GOOD)).rejects.toThrow(/^Unchanged: its policy kept keeps a password for 24 h: this one until 20/);
    for (const trigger of ["schedule", "bulk", "manual"] as const) expect((await work(await opened(m.account.id, trigger, "generated"))).why, trigger).toMatch(/^unchanged: its policy kept keeps a password for 24 h/);
    expect((await work(await opened(m.account.id, "exposure", "generated"))).state).not.toBe("refused");
  });
});

describe("where a policy comes from", () => {
  const card = async (m: Managed) => (await import("../../src/flow/look.ts")).accountCard(db, w.operator.person, m.account.id);
  const inForce = async (m: Managed) => { const { password } = await card(m); return `${password.policy.name} by ${password.from}`; };
  test("the most specific binding wins, and the one it came from is named", async () => {
    const m = await w.managed();
    expect(await inForce(m)).toBe("medium by default");
    await bindPlatform(w.deps, w.operator, "nowhere", "low");
    expect(await inForce(m)).toBe("low by platform");
    await bindTarget(w.deps, w.operator, m.target, "strong");
    expect(await inForce(m)).toBe("strong by target");
    await changeAccount(w.deps, w.operator, m.account.id, { passwordPolicy: "medium" });
    expect(await inForce(m)).toBe("medium by account");
    await changeAccount(w.deps, w.operator, m.account.id, { passwordPolicy: null });
    await bindTarget(w.deps, w.operator, m.target, "");
    await bindPlatform(w.deps, w.operator, "nowhere", null);
    expect(await inForce(m)).toBe("medium by default");
  });
  test("built-in ones stay as they are; one in use is not removed; unknown ones bind nothing", async () => {
    await expect(putPasswordPolicy(w.deps, w.operator, { name: "medium", length: 8 })).rejects.toMatchObject({ code: "conflict" });
    await putPasswordPolicy(w.deps, w.operator, { name: "own", length: 16 });
    const m = await w.managed();
    await bindTarget(w.deps, w.operator, m.target, "own");
    await expect(removePasswordPolicy(w.deps, w.operator, "own")).rejects.toThrow(`own is in use by ${m.targetName}. Bind them to another one first.`);
    await bindTarget(w.deps, w.operator, m.target, null);
    await removePasswordPolicy(w.deps, w.operator, "own");
    await expect(bindTarget(w.deps, w.operator, m.target, "own")).rejects.toThrow('There is no password policy "own". Known: low, medium, strong');
    await expect(putPasswordPolicy(w.deps, w.requester, { name: "mine", length: 16 })).rejects.toMatchObject({ code: "forbidden" });
    await expect(putPasswordPolicy(w.deps, w.operator, { name: "odd", length: 16, allowed: "abc" })).rejects.toThrow(/cannot be met: it wants upper-case letters and leaves none to choose from/);
  });
  test("law: no-way-round-4 — whoever lets weaker passwords through waits for a second person with their own request; stronger ones wait for nobody", async () => {
    const m = await w.managed("release");
    await bindTarget(w.deps, w.operator, m.target, "strong");
    const first = await w.asked(m, w.operator);
    const { requestCard } = await import("../../src/flow/look.ts"), waits = async () => (await requestCard(db, w.operator.person, first)).waitsForConfirmation;
    const own = await w.sql(`select what from changes where author_id = '${w.operator.person.id}' and subject = '${m.target}' and confirmed_by is null`);
    expect(own.map((c) => c["what"]).filter((x) => String(x).includes("password policy"))).toEqual([]);
    await w.sql(`update changes set confirmed_by = '${w.auditor.person.id}', confirmed_at = now()`);
    expect(await waits()).toBe(false);
    await bindTarget(w.deps, w.operator, m.target, "low");
    expect(await waits()).toBe(true);
    await w.sql(`update changes set confirmed_by = '${w.auditor.person.id}', confirmed_at = now()`);
    await putPasswordPolicy(w.deps, w.operator, { name: "eased", length: 20 });
    await bindTarget(w.deps, w.operator, m.target, "eased");
    await w.sql(`update changes set confirmed_by = '${w.auditor.person.id}', confirmed_at = now()`);
    await putPasswordPolicy(w.deps, w.operator, { name: "eased", length: 10 });
    expect(await waits()).toBe(true);
  });
});

describe("who is in the way", () => {
  const wish = { password: null, remote: true, reason: "an incident" };
  test("held: refused and named; with cut, the holder's checkout and sessions end and the change is open, in one transaction", async () => {
    const m = await w.managed("release"), req = await w.approved(m);
    await release(w.deps, w.requester, req);
    await expect(changePassword(w.deps, w.operator, m.account.id, wish)).rejects.toThrow(/^requester holds this account until .*\. Cut their sessions and change, or wait/);
    await expect(changePassword(w.deps, w.operator, m.account.id, { ...wish, reason: "", cut: true })).rejects.toThrow("Say why, in three or more characters: whoever is cut reads it.");
    const { rotation } = await changePassword(w.deps, w.operator, m.account.id, { ...wish, password: Secret.of(GOOD), cut: true });
    expect((await w.sql(`select state, why, end_reason from requests where id = '${req}'`))[0]).toMatchObject({ state: "closed", why: "revoked" });
    const r = (await rotations.find(db, rotation!))!;
    expect(r).toMatchObject({ trigger: "manual", origin: "given", by: w.operator.person.id });
    // The hook of the cut looks at the account again: what was typed after the last hand-out covers it.
    const { rotateAfterUse } = await import("../../src/flow/rotate.ts");
    await rotateAfterUse(w.deps, m.account.id);
    expect((await rotations.find(db, rotation!))!.again).toBeNull();
  });
  test("a change that is open is shown, and what was typed is not kept", async () => {
    const m = await w.managed(), first = await changePassword(w.deps, w.operator, m.account.id, wish), before = await versions.of(db, m.account.id);
    expect(await changePassword(w.deps, w.operator, m.account.id, { ...wish, password: Secret.of(GOOD) })).toEqual({ rotation: first.rotation, joined: true });
    expect(await versions.of(db, m.account.id)).toHaveLength(before.length);
  });
  test("nobody but its managers, and no generated password for a vault-only change", async () => {
    const m = await w.managed();
    for (const who of [w.requester, w.approver, w.auditor]) await expect(changePassword(w.deps, who, m.account.id, wish)).rejects.toMatchObject({ code: "not_found", message: "No such account." });
    await expect(changePassword(w.deps, w.operator, m.account.id, { ...wish, remote: false })).rejects.toThrow(/has to be typed/);
    await expect(changePassword(w.deps, w.operator, m.account.id, { ...wish, password: Secret.of("line\nbreak-A1!aaaaaaaaa") })).rejects.toThrow(/cannot hold line breaks/);
  });
});
