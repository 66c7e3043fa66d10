/** The administrative account where it is used beside a change: the Test button, and the end of direct logins. Rule: what the target was sent is counted, and by whom it was borrowed meanwhile. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { connector, type TestResult } from "../../src/connectors/connector.ts";
import { addAccount } from "../../src/flow/accounts.ts";
import type { Deps } from "../../src/flow/deps.ts";
import { claim, drive, openRotation } from "../../src/flow/rotate.ts";
import { keepVersion } from "../../src/flow/secrets.ts";
import { testTarget } from "../../src/flow/target-test.ts";
import { changeTarget } from "../../src/flow/targets.ts";
import type { AccountId } from "../../src/kernel/ids.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { times } from "../../src/kernel/times.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as events from "../../src/store/events.ts";
import * as rotations from "../../src/store/rotations.ts";
import * as versions from "../../src/store/versions.ts";
import { ENGINES, type Opened } from "../store/engines.ts";
import { PASSWORD, worldOn, type Managed, type World } from "./world.ts";

const TIMES = { ...times(0.05), probeLimit: 600 };

describe.each(ENGINES)("$engine", ({ open }) => {
  let o: Opened, w: World, root: AccountId, m: Managed, tested: TestResult, atProbed: (() => Promise<void>) | null;
  const sent: string[] = [], loans: unknown[] = [];
  const asks = async (as: { secret: Secret }): Promise<void> => {
    sent.push(reveal(as.secret));
    loans.push(...await w.sql(`select exclusive from admin_uses where account_id = '${root}'`));
  };
  const target = connector({
    platform: "nowhere", config: z.object({ hostKeys: z.array(z.string()).default([]) }), forbidden: /[\r\n]/,
    probe: () => Promise.resolve("no" as const), change: () => Promise.resolve("done" as const), compare: () => Promise.resolve({ match: 0 }),
    test: async (_c, _l, as) => { await asks(as); return tested; }, endLogins: async (_c, _l, _who, as) => { await asks(as); return { ended: 1 }; },
  });
  const moment: Deps["moment"] = async (at) => { if (at === "probed" && atProbed) { const then = atProbed; atProbed = null; await then(); } };
  beforeAll(async () => {
    o = await open();
    w = await worldOn(o.db, { connectors: new Map([["nowhere", target as never]]), link: (() => ({})) as never, times: TIMES, moment });
  });
  afterAll(async () => { await w?.close(); await o?.close(); });
  beforeEach(async () => {
    m = await w.managed();
    const made = await addAccount(w.deps, w.operator, { target: m.target, name: "root" });
    await w.inSync(made);
    root = made.id;
    await changeTarget(w.deps, w.operator, m.target, { administrative: root });
    [sent.length, loans.length, atProbed, tested] = [0, 0, null, { ok: true, identity: "its key" }];
  });
  const take = (by: string, exclusive: boolean) => w.db.transaction((tx) => rotations.takeAdmin(tx, root, by, { exclusive, alone: false }, new Date(tx.now.getTime() + 60_000)));
  const drop = (by: string) => w.db.transaction((tx) => rotations.dropAdmin(tx, by));
  const rotated = async () => {
    await w.db.transaction(async (tx) => { await openRotation(w.deps, tx, await accounts.lock(tx, m.account.id), { trigger: "manual", reason: "a test", by: null }); });
    await drive(w.deps, (await claim(w.deps, []))!);
  };
  const closing = async () => (await events.list(w.db, { what: "rotation.closure", about: m.account.id, limit: 5 })).map((e) => (e.facts as { logins?: string }).logins);
  const press = () => testTarget(w.deps, w.operator, m.target);

  test("law: A2 — direct logins are ended with the administrator's password of that moment, borrowed: its own change in between is waited for", async () => {
    atProbed = async () => {
      expect(await take("own", true)).toBe(true);
      setTimeout(() => void w.db.transaction(async (tx) => {
        const next = await keepVersion(w.deps, tx, { account: await accounts.lock(tx, root), secret: Secret.of("Next-Pw-2!x9Qz"), status: "candidate", origin: "test", by: null });
        const before = (await accounts.find(tx, root))!.current!;
        await versions.setStatuses(tx, [{ id: before, to: "previous" }, { id: next.id, to: "current" }]);
        await accounts.credit(tx, root, { current: next.id, previous: before });
        await rotations.dropAdmin(tx, "own");
      }), 150);
    };
    await rotated();
    expect([sent, loans, await closing()]).toEqual([["Next-Pw-2!x9Qz"], [{ exclusive: false }], ["1 ended"]]);
    expect([(await w.sql(`select count(*)::int as n from admin_uses where account_id = '${root}'`))[0], (await m.now()).credential]).toEqual([{ n: 0 }, "in_sync"]);
  });

  test("law: A2 — while the administrator changes itself for longer than a question may wait, no login is ended, and the commit does not wait for it", async () => {
    atProbed = async () => void await take("own", true);
    await rotated();
    expect([sent, await closing(), (await m.now()).credential]).toEqual([[], [expect.stringMatching(/^were not ended: the account that is to do it is busy/)], "in_sync"]);
    await drop("own");
  });

  test("law: I3 — whoever was stopped after the proof and has lost the fence meanwhile ends nobody's login", async () => {
    atProbed = async () => void await w.sql(`update rotations set fence = fence + 1 where account_id = '${m.account.id}' and state = 'probing'`);
    await rotated();
    expect([sent, await closing(), (await rotations.openOf(w.db, m.account.id))!.state], "no login was ended").toEqual([[], [], "probing"]);
    expect((await w.sql(`select count(*)::int as n from admin_uses where account_id = '${root}'`))[0], "and nothing of anybody's is borrowed").toEqual({ n: 0 });
  });

  test("law: A2 — the Test button borrows the account: not while it changes itself, and then it says so", async () => {
    expect([await press(), sent, loans]).toEqual([{ ok: true, identity: "its key" }, [PASSWORD], [{ exclusive: false }]]);
    await take("own", true);
    expect([await press(), sent.length]).toEqual([{ ok: false, stage: "setup", why: expect.stringMatching(/^the account that is to do it is busy: being changed itself/) as string }, 1]);
    await drop("own");
    expect([await press(), sent.length]).toEqual([{ ok: true, identity: "its key" }, 2]);
  });

  test("law: A4 — a refused Test opens the breaker; then there is one look a window, however often somebody presses, and one that works lets everybody go on", async () => {
    tested = { ok: false, stage: "login", why: "Permission denied" };
    const breaker = async () => (await accounts.guards(w.db, root)).breaker !== null;
    expect([await press(), await breaker()]).toEqual([{ ok: false, stage: "login", why: "Permission denied" }, true]);
    expect((await w.said(root)).filter((s) => s.startsWith("account.blocked"))).toEqual(["account.blocked refused"]);
    expect(await press(), "a person may look once").toMatchObject({ stage: "login" });
    for (let i = 0; i < 3; i++) expect(await press()).toEqual({ ok: false, stage: "setup", why: "The target refused root a moment ago. Nothing was sent now: one more refused login could lock the account. Test again after the lock-out window." });
    expect([sent.length, (await w.said(root)).filter((s) => s.startsWith("account.blocked")).length], "two logins in all, told once").toEqual([2, 1]);
    await w.db.transaction((tx) => accounts.setBudget(tx, root, { spent: 0, until: null }));
    tested = { ok: true, identity: "its key" };
    expect([await press(), sent.length, await breaker(), (await accounts.guards(w.db, root)).budget]).toEqual([tested, 3, false, { spent: 0, until: null }]);
  });

  test("law: A4 — a look that never reached the target is given back, and a login that only lacks a right opens nothing", async () => {
    tested = { ok: false, stage: "right", why: "it may not" };
    expect([await press(), (await accounts.guards(w.db, root)).breaker]).toEqual([tested, null]);
    tested = { ok: false, stage: "login", why: "Permission denied" };
    await press();
    tested = { ok: false, stage: "reach", why: "no route" };
    for (let i = 0; i < 2; i++) expect([await press(), (await accounts.guards(w.db, root)).budget]).toEqual([tested, { spent: 0, until: null }]);
    expect(sent.length).toBe(4);
  });
});
