/** A typed password and the journal: what happens when it is full, or its broker died before the line was written. Rule: what the journal lacks is sent to no target, and whoever typed it is told the truth. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { connector } from "../../src/connectors/connector.ts";
import { toShow } from "../../src/domain/break-glass.ts";
import { currentOf } from "../../src/domain/rotation-facts.ts";
import { declarePassword } from "../../src/flow/account-change.ts";
import { addAccount } from "../../src/flow/accounts.ts";
import type { Deps } from "../../src/flow/deps.ts";
import { claim, drive, openRotation } from "../../src/flow/rotate.ts";
import { loadWorld } from "../../src/flow/rotation-load.ts";
import { tellPassword } from "../../src/flow/rotation-moves.ts";
import { keepVersion } from "../../src/flow/secrets.ts";
import { settleVersions } from "../../src/flow/startup.ts";
import { compare, credentialOf, login } from "../../src/flow/target-calls.ts";
import { changeTarget } from "../../src/flow/targets.ts";
import { keepTyped } from "../../src/flow/typed.ts";
import type { AccountId, VersionId } from "../../src/kernel/ids.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { times } from "../../src/kernel/times.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as exposures from "../../src/store/exposures.ts";
import * as rotations from "../../src/store/rotations.ts";
import * as versions from "../../src/store/versions.ts";
import type { Line } from "../../src/vault/journal.ts";
import { ENGINES, type Opened } from "../store/engines.ts";
import { worldOn, type Managed, type World } from "./world.ts";

const TYPED = "Typed-Pw-9!zQx";

describe.each(ENGINES)("$engine", ({ open }) => {
  let o: Opened, w: World, m: Managed;
  const sent: string[] = [];
  const silent = connector({
    platform: "nowhere", config: z.object({ hostKeys: z.array(z.string()).default([]) }), forbidden: /[\r\n]/, changesItself: true,
    probe: (_c, _l, _who, secret) => { sent.push(reveal(secret)); return Promise.resolve({ unknown: "silent" }); },
    change: () => Promise.resolve({ unknown: "silent" }), compare: (_c, _l, _who, list) => { sent.push(...list.map(reveal)); return Promise.resolve({ unknown: "silent" }); },
  });
  beforeAll(async () => {
    o = await open();
    w = await worldOn(o.db, { connectors: new Map([["nowhere", silent as never]]), link: (() => ({})) as never, times: { ...times(0.05), giveUpAfter: 1, probeLimit: 600 } });
    m = await w.managed();
  });
  afterAll(async () => { await w?.close(); await o?.close(); });

  /** The same broker, whose journal takes no line. */
  const full = (append: (line: Line) => Promise<void> = () => Promise.reject(new Error("The journal is full."))): Deps => ({
    ...w.deps, journal: new Proxy(w.deps.journal, { get: (t, k) => { if (k === "append") return append; const v: unknown = Reflect.get(t, k, t); return typeof v === "function" ? v.bind(t) as unknown : v; } }),
  });
  const typedOf = async (id: AccountId) => (await versions.of(w.db, id)).filter((v) => v.origin === "typed").map((v) => [v.status, w.deps.journal.hasVersion(v.id)]);
  const administrative = async () => (await loadWorld(w.deps, w.db, await m.now(), new Date())).facts.administrative;

  test("law: journal-before-effect — typed while the journal is full: told so, used for nothing, and typed again it counts", async () => {
    await expect(addAccount(full(), w.operator, { target: m.target, name: "adm", password: Secret.of(TYPED) })).rejects
      .toMatchObject({ code: "unavailable", message: `adm@${m.targetName} is there, but the password typed for it does not count and nothing goes by it: The journal is full. Type it again then.` });
    const adm = (await accounts.named(w.db, `adm@${m.targetName}`))!;
    await changeTarget(w.deps, w.operator, m.target, { administrative: adm.id });
    expect([await typedOf(adm.id), await versions.inForce(w.db, adm.id), await administrative()]).toEqual([[["candidate", false]], null, "none"]);
    await expect(declarePassword(full(), w.operator, adm.id, Secret.of(TYPED))).rejects.toThrow(/does not count and nothing goes by it: The journal is full/);
    expect(await administrative()).toBe("none");
    await declarePassword(w.deps, w.operator, adm.id, Secret.of(TYPED));
    expect([await typedOf(adm.id), await administrative()]).toEqual([[["candidate", false], ["candidate", false], ["declared", true]], "ready"]);
  });

  test("law: journal-before-effect — nothing goes by a typed password before its line is on disk, and its row is committed before that", async () => {
    const at: unknown[] = [], account = await addAccount(w.deps, w.operator, { target: m.target, name: "seen" });
    const watching = full(async (line) => { at.push([(await versions.find(w.db, (line as { version: string }).version as VersionId))?.status, await versions.inForce(w.db, account.id)]); return w.deps.journal.append(line); });
    await declarePassword(watching, w.operator, account.id, Secret.of(TYPED));
    expect([at, await typedOf(account.id)]).toEqual([[["candidate", null]], [["declared", true]]]);
  });

  test("typed a second time, because the first was mistyped: the vault goes by what was said last, everywhere", async () => {
    const account = await addAccount(w.deps, w.operator, { target: m.target, name: "twice" });
    await declarePassword(w.deps, w.operator, account.id, Secret.of("Mistypd-Pw-9!zQ"));
    await declarePassword(w.deps, w.operator, account.id, Secret.of(TYPED));
    const all = await versions.of(w.db, account.id), last = all[1]!;
    expect(all.map((v) => v.status)).toEqual(["declared", "declared"]);
    expect([(await versions.inForce(w.db, account.id))?.id, currentOf({ versions: all }), toShow(all, "unmanaged", null, new Date()).map((v) => v.id)]).toEqual([last.id, last.id, [last.id]]);
    using used = await credentialOf(w.deps, w.db, account.id).then((c) => c.secret);
    expect(reveal(used)).toBe(TYPED);
  });

  test("typed for an account that nobody manages, after a login had proven another one: what was said last counts, and is a declared one", async () => {
    const account = await addAccount(w.deps, w.operator, { target: m.target, name: "proven" });
    await declarePassword(w.deps, w.operator, account.id, Secret.of("Proven-Pw-9!zQx1"));
    const [first] = await versions.of(w.db, account.id);
    await w.sql(`update secret_versions set status = 'current' where id = '${first!.id}'`);
    await w.sql(`update accounts set current_id = '${first!.id}' where id = '${account.id}'`);
    await declarePassword(w.deps, w.operator, account.id, Secret.of(TYPED));
    const all = await versions.of(w.db, account.id);
    expect([all.map((v) => v.status), (await versions.inForce(w.db, account.id))?.id, (await accounts.find(w.db, account.id))?.current]).toEqual([["previous", "declared"], all[1]!.id, null]);
    expect((await exposures.ledger(w.db, { account: account.id })).map((e) => e.force)).toEqual(["declared", "declared"]);
  });

  test("law: journal-before-effect — told to a change that gave up while the journal is full: it asks nobody with it", async () => {
    const id = await w.db.transaction(async (tx) => openRotation(w.deps, tx, await accounts.lock(tx, m.account.id), { trigger: "manual", reason: "a test", by: null }));
    for (let i = 0; i < 20 && (await rotations.find(w.db, id))!.state !== "dead_letter"; i++) {
      const r = await claim(w.deps, []);
      if (r) await drive(w.deps, r);
      await w.sql(`update rotations set next_at = null, lease_until = null where id = '${id}' and state <> 'dead_letter'`);
      await w.sql(`update accounts set logins_spent = 0, logins_until = null where id = '${m.account.id}'`);
    }
    expect((await rotations.find(w.db, id))!.state).toBe("dead_letter");
    await expect(tellPassword(full(), w.operator, id, Secret.of(TYPED))).rejects.toThrow(/does not count and nothing goes by it: The journal is full/);
    expect([await typedOf(m.account.id), (await rotations.find(w.db, id))!.state]).toEqual([[["candidate", false]], "dead_letter"]);
    const [row] = (await versions.of(w.db, m.account.id)).filter((v) => v.origin === "typed"), world = await loadWorld(w.deps, w.db, await m.now(), new Date());
    sent.length = 0;
    await expect(login(full(), world, row!.id, "rot_x"), "nor may a daily probe").rejects.toThrow("The journal is full.");
    expect(await compare({ ...full(), connectors: w.deps.connectors }, { ...world, administrative: null, connector: { ...world.connector, unaided: true } }, [row!.id], "rot_x").catch((e: Error) => e.message)).toBe("The journal is full.");
    expect(sent).toEqual([]);
    await tellPassword(w.deps, w.operator, id, Secret.of(TYPED));
    expect([await typedOf(m.account.id), (await rotations.find(w.db, id))!.state]).toEqual([[["candidate", false], ["declared", true]], "probing"]);
  });

  test("law: journal-before-effect — what an earlier life left without its line is written before it is sent, and at a start in any case", async () => {
    const [one, two] = [await addAccount(w.deps, w.operator, { target: m.target, name: "left1" }), await addAccount(w.deps, w.operator, { target: m.target, name: "left2" })];
    const left = async (id: AccountId) => w.db.transaction(async (tx) => keepVersion(w.deps, tx, { account: await accounts.lock(tx, id), secret: Secret.of(TYPED), status: "declared", origin: "typed", by: null }));
    const first = await left(one.id), second = await left(two.id);
    await expect(credentialOf(full(), w.db, one.id)).rejects.toThrow("The journal is full.");
    const as = await credentialOf(w.deps, w.db, one.id);
    expect([reveal(as.secret), w.deps.journal.hasVersion(first.id), w.deps.journal.hasVersion(second.id)]).toEqual([TYPED, true, false]);
    as.secret.wipe();
    const died = await w.db.transaction(async (tx) => keepTyped(w.deps, tx, w.operator, await accounts.lock(tx, one.id), Secret.of(TYPED)));
    const told: string[] = [];
    await settleVersions({ ...full(), log: (_level, what) => void told.push(what) });
    expect(told.filter((t) => t.includes(died.id)), "a start with a full journal says so and goes on").toEqual([`version ${died.id} is not in the journal, and is used for nothing until it is: The journal is full.`]);
    await settleVersions(w.deps);
    const all = await versions.ids(w.db);
    expect(all.length).toBeGreaterThan(5);
    expect(all.filter((id) => !w.deps.journal.hasVersion(id))).toEqual([]);
    expect([w.deps.passive.why, (await versions.find(w.db, died.id))!.status], "and is no restored database for it").toEqual([null, "candidate"]);
    const { n } = w.deps.journal.head;
    await settleVersions(w.deps);
    expect(w.deps.journal.head.n, "once").toBe(n);
  });
});
