/** The broker's own agent key and the one that follows it: rows, files, and every moment between the two at which the broker may die. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EnrolmentInput } from "../../src/domain/agent.ts";
import { fingerprintOf } from "../../src/crypto/envelope.ts";
import { enrolAgent, newEnrolment } from "../../src/flow/agent-enrol.ts";
import { revokeAgent } from "../../src/flow/agent-moves.ts";
import { agentUp } from "../../src/flow/agents.ts";
import { KeyFiles } from "../../src/flow/broker-key-files.ts";
import { brokerKeysCard } from "../../src/flow/broker-key-look.ts";
import { agentPinned, openBrokerKeys, retireBrokerKey, rollBrokerKey, rollOn } from "../../src/flow/broker-keys.ts";
import type { Deps } from "../../src/flow/deps.ts";
import { Fault } from "../../src/kernel/fault.ts";
import type { AgentId } from "../../src/kernel/ids.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";
import * as agents from "../../src/store/agents.ts";
import * as keys from "../../src/store/broker-keys.ts";
import { boxText } from "../../src/wires/agent-words.ts";
import { newSshKey, publicLine, signText } from "../../src/wires/ssh.ts";
import { embedded } from "../store/engines.ts";
import { refused, run } from "../store/rows.ts";
import { worldOn, type World } from "./world.ts";

let base: World, w: World, dir: string, main: string, mark = 0;
const next = (): string => `${main}.next`;
/** As if there had never been any. */
const none = async (...tables: string[]): Promise<void> => {
  for (const t of tables) for (const q of [`alter table ${t} disable trigger user`, `delete from ${t}`, `alter table ${t} enable trigger user`]) await run(base.db, q);
};
beforeAll(async () => { base = await worldOn(await embedded()); });
afterAll(async () => { await base.close(); await base.db.close(); });
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "lockstep-keys-"));
  main = join(dir, "agent_ed25519_key");
  w = { ...base, deps: { ...base.deps, brokerKeys: new KeyFiles(main) } };
  await none("broker_keys", "agents", "enrolments");
  mark = Number((await run(base.db, "select coalesce(max(row_no), 0) as n from events"))[0]!["n"]);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** As the next process of this broker would find everything. */
const reborn = async (over: Partial<Deps> = {}): Promise<Deps> => {
  const deps = { ...w.deps, brokerKeys: new KeyFiles(main), ...over };
  await openBrokerKeys(deps);
  return deps;
};
const rows = async () => (await run(w.db, "select line, state from broker_keys order by row_number() over ()")).map((r) => `${fingerprintOf(String(r["line"]))} ${String(r["state"])}`);
const states = async (): Promise<string[]> => (await run(w.db, "select state from broker_keys order by at, state")).map((r) => String(r["state"])).sort();
const fp = (i: number, deps: Deps = w.deps): string => fingerprintOf(deps.brokerKeys.lines()[i] ?? "");
const code = (p: Promise<unknown>) => p.then(() => "done", (e: unknown) => (e instanceof Fault ? `${e.code}: ${e.message}` : `strange: ${String(e)}`));
const arrive = async (serverName: string, brokerKey: string): Promise<{ id: AgentId; key: string }> => {
  const { token } = await newEnrolment(w.deps, w.operator, EnrolmentInput.parse({ mode: "gateway" })), key = newSshKey();
  const id = await enrolAgent(w.deps, { hostKey: publicLine(key), brokerKey, address: "", token: reveal(token), mode: "gateway", serverName, userName: "operator", version: "1", boxKey: "b".repeat(43), facts: {} });
  return { id, key };
};
const comes = (id: AgentId, key: string, brokerKey: string) =>
  agentUp(w.deps, id, { hostKey: publicLine(key), brokerKey, version: "1", boxKey: "b".repeat(43), boxProof: signText(Secret.of(key), boxText(id, "b".repeat(43))), allowNo: 0, facts: {}, sshKeys: [], skewMs: 0 });
const knownOf = async (id: AgentId) => (await agents.find(w.db, id))!.brokerKeys;
const told = async (what: string) => (await run(w.db, `select why, outcome, facts, who from events where what = 'agent.broker_key_${what}' and row_no > ${mark} order by row_no`)) as { why: string; outcome: string; facts: Record<string, unknown>; who: { kind: string } }[];

describe("the first key", () => {
  it("is made at the first start, root's alone, and is the same at every other one; what was there before this was written down is it, too", async () => {
    await openBrokerKeys(w.deps);
    const one = fp(0);
    expect([statSync(main).mode & 0o777, existsSync(next()), await rows()]).toEqual([0o600, false, [`${one} current`]]);
    const again = await reborn();
    expect([fp(0, again), await rows(), (await told("made")).length]).toEqual([one, [`${one} current`], 1]);
    // Of a version that knew no rows.
    await none("broker_keys");
    expect([fp(0, await reborn()), await rows()]).toEqual([one, [`${one} current`]]);
  });
  it("law: passive-start — a passive broker writes no row and moves no file, and proves itself by what it has", async () => {
    const deps = { ...w.deps, passive: { why: "restored" } };
    await openBrokerKeys(deps);
    expect([deps.brokerKeys.lines().length, await rows()]).toEqual([1, []]);
    expect(await code(rollBrokerKey(deps, w.operator))).toBe("unavailable: This broker is passive: restored");
  });
});

describe("law: agent-key-pinned — another key follows, with an overlap", () => {
  beforeEach(() => openBrokerKeys(w.deps));
  it("with no agent to tell it counts at once", async () => {
    const old = fp(0);
    await rollBrokerKey(w.deps, w.operator);
    expect([w.deps.brokerKeys.lines().length, fp(0) === old, existsSync(next()), await states()]).toEqual([1, false, false, ["current", "retired"]]);
    expect(publicLine(readFileSync(main, "utf8"))).toBe(w.deps.brokerKeys.lines()[0]);
    expect(await told("retired")).toMatchObject([{ why: "every agent has pinned the key that follows it", facts: { fingerprint: old, followed_by: fp(0), cut_off: 0 }, who: { kind: "broker" } }]);
  });
  it("the old one is shown first until every agent has pinned the new one, and then goes by itself; a revoked one is waited for no longer", async () => {
    const [one] = w.deps.brokerKeys.lines() as [string], a = await arrive("gate-a", one), b = await arrive("gate-b", one), c = await arrive("gate-c", one);
    await comes(a.id, a.key, one);
    await rollBrokerKey(w.deps, w.operator);
    expect([fp(0), w.deps.brokerKeys.lines().length, statSync(next()).mode & 0o777]).toEqual([fingerprintOf(one), 2, 0o600]);
    expect(await code(rollBrokerKey(w.deps, w.operator))).toBe(`conflict: A key follows already: ${fp(1)}.`);
    const both = [fp(0), fp(1)];
    await agentPinned(w.deps, a.id, both);
    await agentPinned(w.deps, b.id, both);
    await rollOn(w.deps);
    const card = await brokerKeysCard(w.deps, w.operator);
    expect([card.current?.fingerprint, card.following?.fingerprint, card.following?.by, card.cutOff.map((x) => x.name), card.agents.map((x) => x.knows)]).toEqual([both[0], both[1], "operator", ["gate-c"], ["both", "both", "current"]]);
    await revokeAgent(w.deps, w.operator, c.id, "taken away");
    await rollOn(w.deps);
    expect([fp(0), w.deps.brokerKeys.lines().length, existsSync(next())]).toEqual([both[1], 1, false]);
    expect((await told("told")).map((e) => [e.outcome, e.facts["pinned"]])).toEqual([["ok", both.join(" ")], ["ok", both.join(" ")]]);
  });
  it("an agent that accepts the old one again, as a machine that was set back does, is known to have forgotten the new one", async () => {
    const [one] = w.deps.brokerKeys.lines() as [string], a = await arrive("gate-a", one);
    await rollBrokerKey(w.deps, w.operator);
    const two = w.deps.brokerKeys.lines()[1]!;
    await agentPinned(w.deps, a.id, [fingerprintOf(two)]);
    expect((await comes(a.id, a.key, one)).brokerKeys).toEqual([fingerprintOf(one)]);
    expect(await knownOf(a.id)).toEqual([fingerprintOf(one)]);
    await rollOn(w.deps);
    expect(await states()).toEqual(["current", "following"]);
  });
  it("by hand it is retired only with exactly those named who are cut off, by an admin; they are not let in again, and no token lets in by it", async () => {
    const [one] = w.deps.brokerKeys.lines() as [string], a = await arrive("gate-a", one), b = await arrive("gate-b", one);
    expect(await code(retireBrokerKey(w.deps, w.operator, []))).toBe("conflict: No key follows the present one, so it is not retired.");
    await rollBrokerKey(w.deps, w.operator);
    for (const who of [w.auditor, w.requester, await w.person(["owner"])]) {
      expect(await code(retireBrokerKey(w.deps, who, ["gate-a", "gate-b"]))).toBe("forbidden: Only admins give the broker another key.");
      expect(await code(rollBrokerKey(w.deps, who))).toBe("forbidden: Only admins give the broker another key.");
    }
    expect(await code(retireBrokerKey(w.deps, w.operator, ["gate-a"]))).toBe("conflict: This would cut off gate-b: not yet told of the key that follows. Name them all, or wait until they have come.");
    await agentPinned(w.deps, a.id, [fp(0), fp(1)]);
    expect(await code(retireBrokerKey(w.deps, w.operator, ["gate-a", b.id]))).toBe("conflict: Not cut off by this: gate-a. Look again, and name those alone who are.");
    await retireBrokerKey(w.deps, w.operator, [b.id]);
    expect(await told("retired")).toMatchObject([{ facts: { cut_off: 1, names: "gate-b", fingerprint: fingerprintOf(one) }, who: { kind: "person", name: "operator" } }]);
    expect((await brokerKeysCard(w.deps, w.operator)).cutOff.map((x) => [x.name, x.knows])).toEqual([["gate-b", "neither"]]);
    // Those that were on their way while it was retired.
    expect(await code(comes(b.id, b.key, one))).toBe("forbidden: This agent has pinned a key that its broker no longer has. Enroll it again.");
    expect(await code(comes(a.id, a.key, one))).toBe("done");
    expect(await code(arrive("gate-d", one))).toBe("unavailable: The broker has another key since that line was made. Make a new one.");
    expect((await run(w.db, "select id from agents where name = 'gate-d'"))).toEqual([]);
    expect(await code(arrive("gate-e", w.deps.brokerKeys.lines()[0]!))).toBe("done");
  });
  it("law: secrets-one-door — no row, event, journal or answer holds a private key", async () => {
    await arrive("gate-a", w.deps.brokerKeys.lines()[0]!);
    await rollBrokerKey(w.deps, w.operator);
    const seeds = [main, next()].map((f) => readFileSync(f, "utf8").split("\n").slice(3, 5).join("")), all = JSON.stringify([await run(w.db, "select * from broker_keys"), await run(w.db, "select * from events"), await brokerKeysCard(w.deps, w.operator)]);
    for (const seed of seeds) expect(all).not.toContain(seed.slice(10, 60));
    expect(all).not.toContain("PRIVATE KEY");
  });
});

describe("a broker that dies between the two goes on", () => {
  beforeEach(() => openBrokerKeys(w.deps));
  it("after the file and before the row: the key is shown to nobody, and is the one that follows when somebody asks again", async () => {
    const one = fp(0), orphan = w.deps.brokerKeys.follower(), deps = await reborn();
    expect([deps.brokerKeys.lines().map(fingerprintOf), await states()]).toEqual([[one], ["current"]]);
    await arrive("gate-a", deps.brokerKeys.lines()[0]!);
    await rollBrokerKey(deps, w.operator);
    expect(deps.brokerKeys.lines()).toEqual([expect.any(String), orphan]);
  });
  it("in the overlap: both are shown, in the same order", async () => {
    await arrive("gate-a", w.deps.brokerKeys.lines()[0]!);
    await rollBrokerKey(w.deps, w.operator);
    expect((await reborn()).brokerKeys.lines()).toEqual(w.deps.brokerKeys.lines());
  });
  it("after the retirement's row and before its files: the files follow", async () => {
    const a = await arrive("gate-a", w.deps.brokerKeys.lines()[0]!);
    await rollBrokerKey(w.deps, w.operator);
    const two = w.deps.brokerKeys.lines()[1]!, dies = new KeyFiles(main);
    dies.count = () => { throw new Error("died here"); };
    await expect(retireBrokerKey({ ...w.deps, brokerKeys: dies }, w.operator, [a.id])).rejects.toThrow("died here");
    expect([existsSync(next()), await states()]).toEqual([true, ["current", "retired"]]);
    const deps = await reborn();
    expect([deps.brokerKeys.lines(), existsSync(next()), publicLine(readFileSync(main, "utf8"))]).toEqual([[two], false, two]);
  });
  it("a database that lost the retirement, as the embedded one may by a power cut: what has a file is in force", async () => {
    await arrive("gate-a", w.deps.brokerKeys.lines()[0]!);
    await rollBrokerKey(w.deps, w.operator);
    const [one, two] = w.deps.brokerKeys.lines() as [string, string];
    new KeyFiles(main).count([two]);
    const deps = await reborn();
    expect([deps.brokerKeys.lines(), await rows()]).toEqual([[two], expect.arrayContaining([`${fingerprintOf(one)} retired`, `${fingerprintOf(two)} current`])]);
    expect((await told("retired")).map((e) => e.why)).toEqual(["its file is gone, so nothing can be proven by it"]);
  });
  it("files that are lost: a new key, said in the log; who knew the old one is shown as cut off", async () => {
    const a = await arrive("gate-a", w.deps.brokerKeys.lines()[0]!);
    rmSync(main);
    const deps = await reborn();
    expect([(await keys.living(w.db)).current?.line, (await told("made")).at(-1)?.why]).toEqual([deps.brokerKeys.lines()[0], "found in its file"]);
    expect((await brokerKeysCard(deps, w.operator)).cutOff.map((x) => x.id)).toEqual([a.id]);
  });
});

it("law: table-holds-next — one key in force, one that follows, neither altered nor removed", async () => {
  await openBrokerKeys(w.deps);
  const add = (state: string, line: string) => run(w.db, `insert into broker_keys (id, line, at, state) values ('bky_${line}', '${line}', now(), '${state}')`);
  await add("following", "one");
  expect(await refused(add("following", "two"))).toMatchObject({ constraint: "broker_keys_state" });
  expect(await refused(run(w.db, "update broker_keys set state = 'current', current_at = now() where line = 'one'"))).toMatchObject({ constraint: "broker_keys_state" });
  expect(await refused(run(w.db, "update broker_keys set state = 'retired' where line = 'one'"))).toMatchObject({ constraint: "broker_key_facts" });
  for (const bad of ["update broker_keys set line = 'other' where line = 'one'", "delete from broker_keys where line = 'one'"]) expect(await refused(run(w.db, bad))).toMatchObject({ constraint: "broker_keys_kept" });
  await run(w.db, "update broker_keys set state = 'retired', retired_at = now() where line = 'one'");
  expect(await refused(add("following", w.deps.brokerKeys.lines()[0]!))).toMatchObject({ constraint: "broker_keys_line" });
});
