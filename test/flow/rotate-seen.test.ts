/** "Rotate everything this person has seen", on both engines. Rule: exposure cuts, then opens; every account has its own result and event, and a run that died goes on. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { addAccount } from "../../src/flow/accounts.ts";
import { exposureLedger, seenBy } from "../../src/flow/exposures.ts";
import { putPolicy } from "../../src/flow/people.ts";
import { release } from "../../src/flow/release.ts";
import { rotateSeen, seenRun, workRun } from "../../src/flow/rotate-seen.ts";
import { admit, sessionLive } from "../../src/flow/session.ts";
import { Secret } from "../../src/kernel/secret.ts";
import type { AccountId } from "../../src/kernel/ids.ts";
import { ENGINES, type Opened } from "../store/engines.ts";
import { settled, worldOn, type Managed, type World } from "./world.ts";

describe.each(ENGINES)("$engine", ({ open }) => {
  let o: Opened, w: World, shown: Managed, used: Managed;
  beforeAll(async () => {
    o = await open();
    w = await worldOn(o.db);
    shown = await w.managed("release");
    used = await w.managed("session");
  }, 120_000);
  afterAll(async () => { await w?.close(); await o?.close(); });
  beforeEach(() => { w.cuts.length = 0; });

  const names = async (usedToo: boolean) => (await seenBy(w.db, w.auditor, "requester", usedToo)).list.map((a) => a.name);
  const rotationsOf = (account: AccountId) => w.sql(`select state, facts->>'trigger' as trigger, facts->>'again' as again, facts->>'by' as by from rotations where account_id = '${account}'`);

  it("knows nothing before the first hand-out, and refuses to do nothing", async () => {
    expect(await names(true)).toEqual([]);
    await expect(rotateSeen(w.deps, w.operator, { person: "requester", usedToo: true, reason: "" })).rejects.toMatchObject({ code: "conflict", message: expect.stringContaining("There is nothing to do") as string });
  });

  it("lists what was seen, and what was only used when asked; who holds it and what lives there", async () => {
    (await release(w.deps, w.requester, await w.approved(shown))).password.wipe();
    await w.approved(used);
    const { session } = await admit(w.deps, w.requester, "app", used.targetName, "shell");
    await sessionLive(w.deps, session);
    expect(await names(false)).toEqual([shown.name]);
    expect((await names(true)).sort()).toEqual([shown.name, used.name].sort());
    const [line] = (await seenBy(w.db, w.auditor, w.requester.person.id, true)).list.filter((a) => a.name === used.name);
    expect(line).toMatchObject({ hows: ["session"], heldBy: ["requester"], liveSessions: 1, force: "in_force", cannot: null });
    expect((await exposureLedger(w.db, w.auditor, { account: shown.name })).map((e) => [e.personName, e.how, e.versionNo, e.force])).toEqual([["requester", "released", 1, "in_force"]]);
    expect(await exposureLedger(w.db, w.auditor, { person: "approver" })).toEqual([]);
  });

  it("is refused by role, person and account, each with its sentence", async () => {
    for (const who of [w.auditor, w.requester, w.approver]) await expect(rotateSeen(w.deps, who, { person: "requester", usedToo: true, reason: "" })).rejects.toMatchObject({ code: "forbidden" });
    await expect(seenBy(w.db, w.requester, "requester", false)).rejects.toMatchObject({ code: "forbidden" });
    await expect(exposureLedger(w.db, w.auditor, { person: "nobody" })).rejects.toMatchObject({ message: "There is no such person." });
    await expect(exposureLedger(w.db, w.auditor, { account: "x@y" })).rejects.toMatchObject({ message: expect.stringContaining("no such account") as string });
  });

  it("cuts, opens with the trigger exposure, leaves checkouts open; an unmanaged account gets its refusal; each is an event; the run ends once", async () => {
    const typed = await addAccount(w.deps, w.operator, { target: shown.target, name: "by-hand", password: Secret.of("Typed-By-A-Person-1!") });
    await w.sql(`update exposures set person_id = '${w.requester.person.id}' where account_id = '${typed.id}'`);
    const id = await rotateSeen(w.deps, w.operator, { person: "requester", usedToo: true, reason: "left the company" });
    expect((await seenRun(w.db, w.auditor, id)).list.map((l) => l.result)).toEqual([null, null, null]);
    expect(await workRun(w.deps)).toBe(true);
    // Dies here: whoever comes next goes on.
    while (await workRun(w.deps));
    await settled();
    const { run, list } = await seenRun(w.db, w.auditor, id), of = (name: string) => list.find((l) => l.name === name)!;
    expect(run.endedAt).not.toBeNull();
    expect(of(shown.name)).toMatchObject({ result: "opened", rotationState: "queued" });
    expect(of(used.name)).toMatchObject({ result: "opened", why: "1 session cut" });
    expect(of(`by-hand@${shown.targetName}`)).toMatchObject({ result: "refused", why: expect.stringContaining("not managed") as string });
    expect(w.cuts.map((c) => c.message)).toEqual(["the password of this account is being changed now; connect again in a moment"]);
    expect(await rotationsOf(shown.account.id)).toEqual([{ state: "queued", trigger: "exposure", again: null, by: w.operator.person.id }]);
    expect((await w.sql(`select state from requests where account_id in ('${shown.account.id}', '${used.account.id}')`)).map((r) => r["state"])).toEqual(["checked_out", "checked_out"]);
    const said = await w.said(id);
    expect(said.filter((s) => s.startsWith("exposure.rotated")).sort()).toEqual(["exposure.rotated failed", "exposure.rotated intent", "exposure.rotated ok", "exposure.rotated ok", "exposure.rotated refused"]);
    expect(said).toContain("session.cut ok");
    expect(w.touches).toEqual([]);
  });

  it("where a rotation is open another follows it; what was changed meanwhile is left alone", async () => {
    const id = await rotateSeen(w.deps, w.operator, { person: "requester", usedToo: false, reason: "" });
    await w.sql(`update exposures set person_id = '${w.approver.person.id}' where account_id not in ('${shown.account.id}')`);
    while (await workRun(w.deps));
    expect((await seenRun(w.db, w.operator, id)).list.find((l) => l.name === shown.name)).toMatchObject({ result: "again" });
    expect((await rotationsOf(shown.account.id))[0]).toMatchObject({ state: "queued", again: "exposure" });
    expect((await seenRun(w.db, w.operator, id)).list.filter((l) => l.name !== shown.name).map((l) => l.result)).toEqual(["not_needed"]);
  });

  it("finds what was shown behind any number of later connections", async () => {
    const m = await w.managed("release"), seen = await w.person(["user"]);
    await putPolicy(w.deps, w.second, { name: "many", terms: { preset: "release" }, binding: { requesters: [seen.person.id], approvers: [w.approver.person.id], targets: [m.targetName] } });
    (await release(w.deps, seen, await w.approved(m, seen))).password.wipe();
    await w.sql(`insert into exposures (id, person_id, account_id, version_id, how, at) select 'exp_many' || i, person_id, account_id, version_id, 'session', at + i * interval '1 second' from exposures, generate_series(1, 150) i where account_id = '${m.account.id}'`);
    const run = await rotateSeen(w.deps, w.operator, { person: seen.person.id, usedToo: false, reason: "left" });
    while (await workRun(w.deps));
    expect((await seenRun(w.db, w.auditor, run)).list.map((l) => [l.name, l.result])).toEqual([[m.name, "opened"]]);
  });

  it("a passive broker refuses", async () => {
    w.deps.passive.why = "a copy";
    try { await expect(rotateSeen(w.deps, w.operator, { person: "requester", usedToo: true, reason: "" })).rejects.toMatchObject({ code: "unavailable" }); } finally { w.deps.passive.why = null; }
  });
});
