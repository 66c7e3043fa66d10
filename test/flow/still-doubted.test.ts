/** What must not be forgotten, and what must not stand in others' way. Rule: the connector here refuses its administrator's login, so nothing is ever sent. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { connector } from "../../src/connectors/connector.ts";
import { addAccount } from "../../src/flow/accounts.ts";
import { runClosure } from "../../src/flow/closure.ts";
import { broker } from "../../src/flow/record.ts";
import { claim, drive, openRotation } from "../../src/flow/rotate.ts";
import { admit } from "../../src/flow/session.ts";
import { changeTarget } from "../../src/flow/targets.ts";
import { drifted } from "../../src/flow/verify.ts";
import type { AccountId } from "../../src/kernel/ids.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as rotations from "../../src/store/rotations.ts";
import { ENGINES, type Opened } from "../store/engines.ts";
import { worldOn, type Managed, type World } from "./world.ts";

const refusing = connector({
  platform: "nowhere", config: z.object({ hostKeys: z.array(z.string()).default([]) }), forbidden: /[\r\n]/, probe: () => Promise.resolve("no"),
  change: () => Promise.resolve({ not_sent: "auth_of_as", why: "root's password is not taken" }), compare: () => Promise.resolve({ unknown: "not to be read" }), test: () => Promise.reject(new Error("nobody presses it")),
} as never);

describe.each(ENGINES)("on $engine", ({ open }) => {
  let o: Opened, w: World;
  beforeAll(async () => { o = await open(); w = await worldOn(o.db, { connectors: new Map([["nowhere", refusing]]) as never, link: (() => ({})) as never }); });
  afterAll(async () => { await w?.close(); await o?.close(); });
  const opened = (account: AccountId): Promise<string> => w.db.transaction(async (tx) => openRotation(w.deps, tx, await accounts.lock(tx, account), { trigger: "schedule", reason: "its day", by: null }));
  const step = async (m: Managed): Promise<[state: string | undefined, credential: string]> => {
    await w.sql(`update accounts set breaker_until = null`);
    await w.sql(`update rotations set next_at = null, lease_until = null where account_id = '${m.account.id}'`);
    const r = await claim(w.deps, []);
    if (r) await drive(w.deps, r);
    return [(await rotations.openOf(w.db, m.account.id))?.state, (await m.now()).credential];
  };
  const drift = (m: Managed): Promise<void> => w.db.transaction(async (tx) => { const a = await accounts.lock(tx, m.account.id); await drifted(w.deps, tx, broker("closure"), a, a.current!, "the nightly check was refused"); });

  test("a drift found while a rotation waits stays one, however often that is put off: nobody is let in", async () => {
    const m = await w.managed(), root = await addAccount(w.deps, w.operator, { target: m.target, name: "root" });
    await w.inSync(root);
    await changeTarget(w.deps, w.operator, m.target, { administrative: root.id });
    const id = await opened(m.account.id);
    expect(await step(m)).toEqual(["waiting", "in_sync"]);
    await drift(m);
    expect([(await m.now()).credential, (await rotations.openOf(w.db, m.account.id))?.id], "the one that waits settles it").toEqual(["unverified", id]);
    for (let i = 0; i < 2; i++) expect(await step(m)).toEqual(["waiting", "unverified"]);
    await w.approved(m);
    await expect(admit(w.deps, w.requester, "app", m.targetName, "shell")).rejects.toThrow(/The password in force is not known for certain/);
    await w.sql(`update rotations set state = 'refused', ended_at = now() where id = '${id}'`);
  });
  test("a heal that ended without a proof is followed by another, so that being settled is true", async () => {
    const m = await w.managed();
    await drift(m);
    const heal = (await rotations.openOf(w.db, m.account.id))!;
    expect(heal.trigger).toBe("heal");
    await w.sql(`update rotations set state = 'refused', ended_at = now() where id = '${heal.id}'`);
    const version = (await m.now()).current!;
    await w.db.transaction((tx) => rotations.addClosure(tx, { id: `cls_${heal.id}_3`, rotation: heal.id as never, account: m.account.id, version, old: null, step: "nightly", dueAt: tx.now }));
    await runClosure(w.deps, (await w.db.transaction((tx) => rotations.dueClosure(tx, [], [])))!);
    expect(await rotations.openOf(w.db, m.account.id)).toMatchObject({ trigger: "heal", before: "unverified", reason: "still unverified, and nothing was settling it" });
    await w.sql(`update rotations set state = 'refused', ended_at = now() where account_id = '${m.account.id}'`);
  });
  test("law: hung-target — a target whose platform or settings cannot be read waits and says so, and the next in line is claimed", async () => {
    const bad = await w.managed(), odd = await w.managed(), good = await w.managed();
    const ids = [await opened(bad.account.id), await opened(odd.account.id), await opened(good.account.id)];
    await w.sql(`update targets set platform = 'commands:gone' where id = '${bad.target}'`);
    expect(await claim(w.deps, [])).toMatchObject({ id: ids[1] });
    expect(await rotations.find(w.db, ids[0] as never)).toMatchObject({ state: "queued", leaseUntil: null, why: expect.stringMatching(/^this broker knows no platform commands:gone, which .* is of$/) });
    expect((await rotations.find(w.db, ids[0] as never))!.nextAt!.getTime()).toBeGreaterThan(Date.now());
    expect(await claim(w.deps, [ids[1] as never])).toMatchObject({ id: ids[2] });
  });
});
