/** What the database itself refuses: a second hold, a second rotation, a forgotten version, a rewritten event. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sha256Hex } from "../../src/crypto/envelope.ts";
import { approve, checkOut, type Request } from "../../src/domain/request.ts";
import type { AccountId, PersonId } from "../../src/kernel/ids.ts";
import { Fault } from "../../src/kernel/fault.ts";
import * as events from "../../src/store/events.ts";
import * as requests from "../../src/store/requests.ts";
import * as rotations from "../../src/store/rotations.ts";
import * as versions from "../../src/store/versions.ts";
import { ENGINES, type Opened } from "./engines.ts";
import { addAccount, addVersion, ground, id, pending, queued, refused, run, type Ground } from "./rows.ts";

describe.each(ENGINES)("on $engine", ({ open }) => {
  let o: Opened, g: Ground, account: AccountId;
  beforeAll(async () => { o = await open(); g = await ground(o.db); account = await addAccount(o.db, g); });
  afterAll(() => o?.close());

  const approved = (own: AccountId, exclusive = true): Promise<Request<"approved">> => o.db.transaction(async (tx) => {
    const r = pending(g, own, tx.now, exclusive);
    await requests.submit(tx, r);
    return await requests.save(tx, approve(r, tx.now, 30, 60)) as Request<"approved">;
  });
  const start = (r: Request<"approved">) => o.db.transaction((tx) => requests.save(tx, checkOut(r, tx.now, 60)));

  test("law: exclusive-hold — a second exclusive checkout is refused by one_exclusive_hold, a break-glass one and a shared one are not", async () => {
    const [one, two, glass, shared] = [await approved(account), await approved(account), await approved(account), await approved(account, false)];
    await start(one);
    const late: unknown = await start(two).catch((e: unknown) => e);
    expect(late).toBeInstanceOf(Fault);
    expect(late).toMatchObject({ code: "conflict", message: "Somebody else holds this account. It is yours when they give it back or their time is up." });
    expect(await refused(run(o.db, `update requests set state = 'checked_out', checked_out_at = now(), until = now() where id = '${two.id}'`))).toMatchObject({ code: "23505", constraint: "one_exclusive_hold" });
    expect(await requests.find(o.db, two.id)).toMatchObject({ state: "approved" });
    await run(o.db, `update requests set kind = 'break_glass', preset = 'break-glass', review = true, exclusive = false where id = '${glass.id}'`);
    expect((await start(glass)).state).toBe("checked_out");
    expect((await start(shared)).state).toBe("checked_out");
  });

  test("law: I3 — a second open rotation of an account is refused by one_open_rotation; an ended one is no longer in the way", async () => {
    const own = await addAccount(o.db, g), first = queued(own), second = queued(own);
    expect(await o.db.transaction((tx) => rotations.open(tx, first))).toBe(true);
    expect(await o.db.transaction((tx) => rotations.open(tx, second))).toBe(false);
    const raw = `insert into rotations (id, account_id, facts, opened_at, state) values ('${second.id}', '${own}', '{}', now(), 'queued')`;
    expect(await refused(run(o.db, raw))).toMatchObject({ code: "23505", constraint: "one_open_rotation" });
    await run(o.db, `update rotations set state = 'refused', ended_at = now() where id = '${first.id}'`);
    expect(await refused(run(o.db, raw))).toBeNull();
  });

  test("law: I4 — a version is never deleted, changed or truncated; its data key may be wrapped anew", async () => {
    const v = await o.db.transaction((tx) => addVersion(tx, account, "older"));
    expect(await refused(run(o.db, `delete from secret_versions where id = '${v}'`))).toMatchObject({ code: "LS004", message: expect.stringContaining("law I4: a secret version is never deleted") as string });
    for (const set of ["sealed = 'x'", "account_id = (select id from accounts where id <> account_id limit 1)", "no = no + 100", "id = 'ver_other'", "alg = 'none'", "identity_no = 9", "origin = 'imported'"]) {
      expect(await refused(run(o.db, `update secret_versions set ${set} where id = '${v}'`)), set).toMatchObject({ code: "LS004", message: expect.stringContaining("law I4: a secret version is never changed") as string });
    }
    expect(await refused(run(o.db, "truncate secret_versions cascade"))).toMatchObject({ code: "LS004", message: expect.stringContaining("law I4: secret versions are never truncated") as string });
    expect(await refused(run(o.db, `delete from accounts where id = '${account}'`)), "nor by way of its account").toMatchObject({ code: "23503" });
    expect(await o.db.transaction((tx) => versions.rewrap(tx, v, "key_1", Buffer.from("new"), "key_2"))).toBe(true);
    expect(await o.db.transaction((tx) => versions.rewrap(tx, v, "key_1", Buffer.from("late"), "key_3")), "compare and set").toBe(false);
    expect(await versions.find(o.db, v)).toMatchObject({ keyId: "key_2", sealed: Buffer.from(v) });
    await o.db.transaction((tx) => addVersion(tx, account, "current"));
    expect(await refused(o.db.transaction((tx) => addVersion(tx, account, "current")))).toMatchObject({ constraint: "one_current_version" });
    expect(await refused(run(o.db, `update secret_versions set status = 'gone' where id = '${v}'`))).toMatchObject({ constraint: "version_status" });
  });

  test("events are never changed, deleted or truncated, and only the sequencer numbers them, once", async () => {
    const e = id.of("event");
    await o.db.transaction((tx) => events.append(tx, e, { what: "logout", who: { kind: "person", id: g.person as PersonId, name: "x", address: "", means: "api" }, about: { person: g.person }, outcome: "ok" }));
    const changed = { code: "LS005", message: expect.stringContaining("an audit event is never changed") as string };
    expect(await refused(run(o.db, `update events set why = 'nothing' where id = '${e}'`))).toMatchObject(changed);
    expect(await refused(run(o.db, `delete from events where id = '${e}'`))).toMatchObject({ code: "LS005", message: expect.stringContaining("an audit event is never deleted") as string });
    expect(await refused(run(o.db, "truncate events"))).toMatchObject({ code: "LS005", message: expect.stringContaining("audit events are never truncated") as string });
    expect(await refused(run(o.db, `insert into events (id, at, what, who, about, outcome, index_no, prev_hash, hash) values ('evt_x', now(), 'logout', '{}', '{}', 'ok', 0, '', '')`)))
      .toMatchObject({ code: "LS005", message: expect.stringContaining("events are sequenced by the sequencer alone") as string });
    expect(await refused(run(o.db, `update events set index_no = 0, prev_hash = '', hash = '', outcome = 'refused' where id = '${e}'`)), "numbering may not carry a change").toMatchObject(changed);
    expect((await o.db.transaction((tx) => events.sequence(tx, sha256Hex))).length).toBe(1);
    for (const set of ["index_no = 7", "hash = 'x'", "prev_hash = 'x'", "index_no = null, hash = null, prev_hash = null", "at = now()", "who = '{}'"]) expect(await refused(run(o.db, `update events set ${set} where id = '${e}'`)), set).toMatchObject(changed);
  });
});
