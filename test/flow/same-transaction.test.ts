/** No event, no effect: every verb is run while the event log refuses, and must leave every row of every table as it was; then again, and must write one. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addAccount, adopt, rotateNow, setBlock } from "../../src/flow/accounts.ts";
import { ask } from "../../src/flow/ask.ts";
import { expireRequest, giveBack } from "../../src/flow/checkin.ts";
import { acceptIdentity, blockIdentity } from "../../src/flow/identity.ts";
import { addPerson, addSshKey, changePerson, confirmChange, putGroup, putPolicy, removeSshKey } from "../../src/flow/people.ts";
import { connectionRefused } from "../../src/flow/refuse.ts";
import { release } from "../../src/flow/release.ts";
import { claim, drive, rotateAfterUse } from "../../src/flow/rotate.ts";
import { admit, endSession, sessionEnded, sessionEvent, sessionLive, sessionMark } from "../../src/flow/session.ts";
import { addTarget, changeTarget } from "../../src/flow/targets.ts";
import { cancelRequest, revokeRequest, vote } from "../../src/flow/vote.ts";
import type { SessionId } from "../../src/kernel/ids.ts";
import { Secret } from "../../src/kernel/secret.ts";
import * as people from "../../src/store/people.ts";
import * as rotations from "../../src/store/rotations.ts";
import * as targets from "../../src/store/targets.ts";
import { ENGINES, type Opened } from "../store/engines.ts";
import { worldOn, type Managed, type World } from "./world.ts";

/** What a verb needs is made first; the thunk it returns is run twice. `rotates`: a hook behind the commit opens this account's rotation. */
type Made = { readonly act: () => Promise<unknown>; readonly rotates?: Managed };
type Verb = readonly [name: string, make: (w: World) => Promise<Made>];

const inSession = async (w: World): Promise<{ m: Managed; session: SessionId; id: Awaited<ReturnType<World["approved"]>> }> => {
  const m = await w.managed(), id = await w.approved(m);
  return { m, id, session: (await admit(w.deps, w.requester, "app", m.targetName, "shell")).session };
};
const shown = async (w: World) => { const m = await w.managed("release"), id = await w.approved(m); await release(w.deps, w.requester, id); return { m, id }; };
const end = { why: "client_closed", detail: "", bytes: 1, identityChanged: false, facts: {} } as const, key = { fingerprint: "SHA256:x", line: "ssh-ed25519 AAAA", label: "l" };

const VERBS: readonly Verb[] = [
  ["ask", async (w) => { const m = await w.managed(); return { act: () => ask(w.deps, w.requester, { account: m.name, minutes: 5, reason: "to look", ticket: "" }) }; }],
  ["vote: approve", async (w) => { const id = await w.asked(await w.managed()); return { act: () => vote(w.deps, w.approver, id, { decision: "approve" }) }; }],
  ["vote: deny", async (w) => { const id = await w.asked(await w.managed()); return { act: () => vote(w.deps, w.approver, id, { decision: "deny", reason: "because" }) }; }],
  ["cancel", async (w) => { const id = await w.asked(await w.managed()); return { act: () => cancelRequest(w.deps, w.requester, id, "") }; }],
  ["revoke: approved", async (w) => { const id = await w.approved(await w.managed()); return { act: () => revokeRequest(w.deps, w.operator, id, "because") }; }],
  ["revoke: in use", async (w) => { const { m, id } = await shown(w); return { act: () => revokeRequest(w.deps, w.operator, id, "because"), rotates: m }; }],
  ["release", async (w) => { const id = await w.approved(await w.managed("release")); return { act: () => release(w.deps, w.requester, id) }; }],
  ["give back", async (w) => { const { m, id } = await shown(w); return { act: () => giveBack(w.deps, w.requester, id), rotates: m }; }],
  ["expire: pending", async (w) => { const id = await w.asked(await w.managed()); await w.late(id, "expires_at"); return { act: () => expireRequest(w.deps, id) }; }],
  ["expire: approved", async (w) => { const id = await w.approved(await w.managed()); await w.late(id, "start_by"); return { act: () => expireRequest(w.deps, id) }; }],
  ["expire: in use", async (w) => { const { m, id } = await shown(w); await w.late(id, "until"); return { act: () => expireRequest(w.deps, id), rotates: m }; }],
  ["admit", async (w) => { const m = await w.managed(); await w.approved(m); return { act: () => admit(w.deps, w.requester, "app", m.targetName, "shell") }; }],
  ["session live", async (w) => { const { session } = await inSession(w); return { act: () => sessionLive(w.deps, session) }; }],
  ["session mark", async (w) => { const { session } = await inSession(w); return { act: () => sessionMark(w.deps, session, { chunk: 1, hash: "h", bytes: 1 }) }; }],
  ["session event", async (w) => { const { session } = await inSession(w); return { act: () => sessionEvent(w.deps, session, { a: 1 }, true) }; }],
  ["connection refused", (w) => Promise.resolve({ act: () => connectionRefused(w.deps, w.requester, { to: { account: "app", target: "nowhere" }, what: ["sftp"] }) })],
  ["session cut", async (w) => { const { session } = await inSession(w); return { act: () => endSession(w.deps, w.requester, session, "") }; }],
  ["session ended", async (w) => { const { session } = await inSession(w); return { act: () => sessionEnded(w.deps, session, end) }; }],
  ["add person", (w) => Promise.resolve({ act: () => addPerson(w.deps, w.operator, { name: "new-one", fullName: "New One" }, null) })],
  ["change person", async (w) => { const p = await w.person(["user"]); return { act: () => changePerson(w.deps, w.operator, p.person.id, { roles: ["approver"], disabled: true }) }; }],
  ["group", (w) => Promise.resolve({ act: () => putGroup(w.deps, w.operator, "new group", [w.outsider.person.id]) })],
  ["add key", (w) => Promise.resolve({ act: () => addSshKey(w.deps, w.operator, w.outsider.person.id, key) })],
  ["remove key", (w) => Promise.resolve({ act: () => removeSshKey(w.deps, w.operator, w.outsider.person.id, key.fingerprint) })],
  ["policy", (w) => Promise.resolve({ act: () => putPolicy(w.deps, w.operator, { name: "new policy", terms: {}, binding: {} }) })],
  ["confirm a change", async (w) => { const id = await w.asked(await w.managed()); await vote(w.deps, w.approver, id, { decision: "approve" }); const c = (await people.openChanges(w.db, w.operator.person.id))[0]!; return { act: () => confirmChange(w.deps, w.auditor, c.id) }; }],
  ["add target", (w) => Promise.resolve({ act: () => addTarget(w.deps, w.operator, { name: "new-target", platform: "nowhere", host: "h", port: 1, settings: {} }) })],
  ["edit target", async (w) => { const m = await w.managed(); return { act: () => changeTarget(w.deps, w.operator, m.target, { port: 10, tags: ["x"] }) }; }],
  ["lock target", async (w) => { const { m } = await inSession(w); return { act: () => changeTarget(w.deps, w.operator, m.target, { locked: true }) }; }],
  ["accept identity", async (w) => { const m = await w.managed(); await changeTarget(w.deps, w.operator, m.target, { port: 10 }); const { identityHash } = (await targets.find(w.db, m.target))!; return { act: () => acceptIdentity(w.deps, w.second, m.target, identityHash) }; }],
  ["block identity", async (w) => { const m = await w.managed(); return { act: () => blockIdentity(w.deps, m.target, "another key") }; }],
  ["add account", async (w) => { const m = await w.managed(); return { act: () => addAccount(w.deps, w.operator, { target: m.target, name: "app2", password: Secret.of("Typed-Pw-1!x9Qz") }) }; }],
  ["adopt", async (w) => { const m = await w.managed(), a = await addAccount(w.deps, w.operator, { target: m.target, name: "app3" }); return { act: () => adopt(w.deps, w.operator, a.id) }; }],
  ["change now", async (w) => { const m = await w.managed(); return { act: () => rotateNow(w.deps, w.operator, m.account.id, "") }; }],
  ["block account", async (w) => { const { m } = await inSession(w); return { act: () => setBlock(w.deps, w.operator, m.account.id, "locked", "incident") }; }],
  ["rotate after use", async (w) => { const m = await w.managed(); await w.sql(`update accounts set used_no = 1 where id = '${m.account.id}'`); return { act: () => rotateAfterUse(w.deps, m.account.id) }; }],
  ["claim a rotation", async (w) => { const m = await w.managed(); await rotateNow(w.deps, w.operator, m.account.id, ""); return { act: () => claim(w.deps, []) }; }],
];

describe.each(ENGINES)("on $engine", ({ open }) => {
  let o: Opened, w: World, tables: string[];
  beforeAll(async () => {
    o = await open();
    w = await worldOn(o.db);
    tables = (await w.sql("select table_name as t from information_schema.tables where table_schema = 'public' order by 1")).map((r) => String(r["t"]));
    await w.sql("create function fail_events() returns trigger language plpgsql as $$ begin raise exception 'the event log refuses' using errcode = 'LS999'; end $$");
    await w.sql("create trigger fail_events before insert on events for each row execute function fail_events()");
    await w.sql("alter table events disable trigger fail_events");
  });
  afterAll(async () => { await w?.close(); await o?.close(); });
  const everything = async (): Promise<Record<string, unknown>> =>
    (await w.sql(`select ${tables.map((t) => `(select string_agg(x::text, e'\\n' order by x::text) from "${t}" x) as "${t}"`).join(", ")}`))[0]!;
  const events = async (): Promise<number> => Number((await w.sql("select count(*) as n from events"))[0]!["n"]);
  const refusing = async <T>(work: () => Promise<T>): Promise<T> => { await w.sql("alter table events enable trigger fail_events"); try { return await work(); } finally { await w.sql("alter table events disable trigger fail_events"); } };

  test.each(VERBS)("law: event-same-transaction — %s", async (_name, make) => {
    const { act, rotates } = await make(w), before = await everything(), cuts = w.cuts.length;
    await refusing(() => expect(act()).rejects.toMatchObject({ code: "LS999" }));
    expect(await everything()).toEqual(before);
    expect(w.cuts.length, "and nothing was cut").toBe(cuts);
    const told = await events();
    await act();
    expect(await events()).toBeGreaterThan(told);
    if (rotates) await expect.poll(() => rotations.openOf(w.db, rotates.account.id)).not.toBeNull();
  });

  test("law: event-same-transaction — a rotation that cannot write its event does not move", async () => {
    await w.sql("update rotations set state = 'refused', ended_at = now() where state = 'queued'");
    const m = await w.managed();
    await rotateNow(w.deps, w.operator, m.account.id, "");
    const claimed = (await claim(w.deps, []))!;
    expect(claimed.account).toBe(m.account.id);
    const before = await everything();
    await refusing(() => drive(w.deps, claimed));
    const after = await everything();
    // The candidate is made and journalled before the step that prepares it: it stays, as a candidate.
    expect({ ...after, secret_versions: null }).toEqual({ ...before, secret_versions: null });
    expect((await rotations.find(w.db, claimed.id))!.state).toBe("queued");
    expect(w.touches).toEqual([]);
  });
});
