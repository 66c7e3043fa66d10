/** The broker's key is followed by another, at a whole broker: agents that are here, away, paused, old, or come in the middle; and a broker that is restarted there. */
import { readFileSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fingerprintOf } from "../../src/crypto/envelope.ts";
import { pauseAgent } from "../../src/flow/agent-moves.ts";
import { Fault } from "../../src/kernel/fault.ts";
import type { AgentId } from "../../src/kernel/ids.ts";
import * as agents from "../../src/store/agents.ts";
import { run } from "../store/rows.ts";
import { testAgent, type AgentOptions, type TestAgent } from "../lab/agent.ts";
import { runProgram, type Running } from "../lab/agent-program.ts";
import { enrolmentToken } from "../lab/agent-token.ts";
import { until, world, type World } from "../e2e/world.ts";

type Card = { current: { fingerprint: string }; following: { fingerprint: string } | null; agents: { name: string; knows: string }[]; cutOff: { id: string; name: string }[] };
let w: World, program: Running | undefined;
const all: TestAgent[] = [];
beforeAll(async () => { w = await world({ accounts: 1 }); }, 60_000);
afterAll(async () => { await program?.stop(); await Promise.all(all.map((a) => a.stop())); await w?.close(); });

const lines = (): readonly string[] => w.core.deps.brokerKeys.lines();
const agent = (o: Partial<AgentOptions>): TestAgent => { const a = testAgent({ origin: w.origin, brokerKeys: [fingerprintOf(lines()[0]!)], ...o }); all.push(a); return a; };
const enrolled = async (o: Partial<AgentOptions> = {}): Promise<TestAgent & { id: AgentId }> => {
  const a = agent({ token: await enrolmentToken(w.core.deps, w.caller("operator"), "gateway"), mode: "gateway", ...o });
  await until(`${o.name ?? "an agent"} is in`, () => a.standings.some((s) => s.state === "active"), 15_000);
  return a as TestAgent & { id: AgentId };
};
/** The same machine at another time: its own key, its id, and what it has learned. */
const again = (a: TestAgent, o: Partial<AgentOptions> = {}): TestAgent => agent({ mode: "gateway", id: a.id!, hostKey: a.hostKey, pins: a.kept.pins(), origin: w.origin, ...o });
const card = async (): Promise<Card> => (await w.ok("operator", "GET", "/broker-keys")) as unknown as Card;
const knows = async (name: string): Promise<string | undefined> => (await card()).agents.find((x) => x.name === name)?.knows;
const told = async (what: string) => (await run(w.core.deps.db, `select outcome, why from events where what = 'agent.broker_key_${what}'`)) as { outcome: string; why: string }[];
const callable = (a: TestAgent) => w.core.deps.tunnel.call(a.id as AgentId, "doctor", {}, AbortSignal.timeout(5_000));

test("law: agent-key-pinned — a roll-over from end to end, and nobody is cut off who was not named", async () => {
  const OLD = lines()[0]!, old = fingerprintOf(OLD), conf = { brokerKeys: [old] };
  const here = await enrolled({ name: "here", ...conf }), away = await enrolled({ name: "away", ...conf }), paused = await enrolled({ name: "paused", ...conf }), lost = await enrolled({ name: "lost", ...conf });
  const outdated = await enrolled({ name: "outdated", ...conf, verbs: { "update-key": () => Promise.reject(new Fault("invalid", "this agent does not understand what update-key was asked with: it is of another version than its broker")) } });
  program = await runProgram({ dir: w.home, name: "program", server: "127.0.0.1", port: Number(new URL(w.origin).port), user: "operator", brokerKey: old, token: await enrolmentToken(w.core.deps, w.caller("operator"), "gateway"), mode: "gateway", tls: "off" });
  await until("the program is connected", () => program!.log().includes("connected to"), 15_000);
  await away.stop();
  await lost.stop();
  await pauseAgent(w.core.deps, w.caller("operator"), paused.id, "maintenance");

  const ends = here.ends.length;
  await w.ok("operator", "POST", "/broker-keys/roll", {});
  const NEW = lines()[1]!, both = [OLD, NEW];
  await until("those that are here know both", async () => (await Promise.all(["here", "paused", "program"].map(knows))).every((k) => k === "both"), 15_000);
  // Nobody's connection ended for it.
  expect([here.ends.length - ends, here.kept.pins()?.keys, paused.kept.pins()?.keys]).toEqual([0, both, both]);
  await until("it is written down that one is too old", async () => (await told("told")).some((e) => e.outcome === "failed" && e.why.includes("does not understand")), 15_000);
  expect((await card()).cutOff.map((x) => x.name).sort()).toEqual(["away", "lost", "outdated"]);

  // A machine that comes now is told of the new one alone; the old one is shown to it first, and refused.
  const fresh = await enrolled({ name: "fresh", brokerKeys: [fingerprintOf(NEW)] });
  expect([fresh.proofs.at(-1), fresh.refused.includes("refused: a login by another key"), (await agents.find(w.core.deps.db, fresh.id))!.brokerKeys.includes(fingerprintOf(NEW))]).toEqual([NEW, true, true]);
  expect(await callable(fresh)).toEqual({ checks: [] });

  // The broker starts anew in the middle: both are shown, the old one first.
  w.env["LOCKSTEP_LISTEN"] = new URL(w.origin).host;
  const seen = here.standings.length;
  await w.down();
  await w.up();
  expect(lines()).toEqual(both);
  const away2 = again(away, conf);
  await until("they are back, and the one that was away is told", async () => here.standings.length > seen && (await knows("away")) === "both" && w.core.deps.tunnel.heard(fresh.id) !== null, 20_000);
  expect([here.proofs.at(-1), away2.proofs.at(-1), fresh.proofs.at(-1)]).toEqual([OLD, OLD, NEW]);
  const ended = here.ends.length;

  // By hand, with those who are cut off named.
  const names = (await card()).cutOff.map((x) => x.name).sort();
  expect(names).toEqual(["lost", "outdated"]);
  expect((await w.api("operator", "POST", "/broker-keys/retire", { cutOff: ["lost"] })).text).toContain("This would cut off outdated");
  await w.ok("operator", "POST", "/broker-keys/retire", { cutOff: names });
  expect([lines(), (await card()).current.fingerprint]).toEqual([[NEW], fingerprintOf(NEW)]);
  await until("those that are here know the new one alone", async () => (await Promise.all(["here", "away", "fresh"].map(knows))).every((k) => k === "current") && here.kept.pins()?.keys.length === 1, 20_000);
  expect([here.kept.pins()?.keys, here.ends.length - ended, await callable(here)]).toEqual([[NEW], 0, { checks: [] }]);

  // A new list is believed by whoever connected under the old key; who was named gets nothing any more.
  const no = await w.core.deps.db.transaction((tx) => agents.setAllow(tx, here.id as AgentId, ["127.0.0.1:9"]));
  w.core.deps.bus.publish("agents");
  await until("its list is there", () => here.carry.no() === no, 10_000);
  const lost2 = again(lost, conf);
  await until("the lost one refuses this broker", () => lost2.ends.includes("the broker did not prove the key that is pinned here"), 15_000);
  expect([lost2.asked, w.core.deps.tunnel.heard(lost.id)]).toEqual([[], null]);
  await expect(callable(outdated)).rejects.toMatchObject({ code: "unavailable", message: "it is not connected" });

  // The program itself went through all of it: it comes back under the new key, and says so.
  await program.stop();
  program.start();
  await until("the program is back", async () => program!.log().includes("connected to") && (await knows("program")) === "current", 20_000);
  expect(readFileSync(`${w.home}/program/state/broker_pins`, "utf8")).toBe(JSON.stringify({ instead: [old], keys: [NEW] }));
  expect([(await told("made")).length, (await told("retired")).length]).toEqual([2, 1]);
}, 120_000);

test("when everybody knows the new key the old one goes by itself, and its file with it; the private key is nowhere else", async () => {
  for (const a of (await card()).cutOff) await w.ok("operator", "POST", `/agents/${a.id}/revoke`, { reason: "cut off" });
  for (const name of ["paused"]) await w.ok("operator", "POST", `/agents/${name}/revoke`, { reason: "not here" });
  const before = lines()[0]!, { agentKey, keys } = w.core.places;
  await w.ok("operator", "POST", "/broker-keys/roll", {});
  await until("it counts", () => lines().length === 1 && lines()[0] !== before, 20_000);
  expect([readdirSync(keys).filter((f) => f.startsWith("agent_")), statSync(agentKey).mode & 0o777]).toEqual([["agent_ed25519_key"], 0o600]);
  await until("all are told that it is the only one", async () => (await card()).agents.every((a) => a.knows === "current"), 20_000);
  const body = readFileSync(agentKey, "utf8").split("\n").slice(1, -2).join(""), seed = body.slice(80, 140), tunnel = w.broker!.tunnelPid()!;
  for (const of of [`/proc/${tunnel}/cmdline`, `/proc/${tunnel}/environ`]) expect(readFileSync(of, "utf8")).not.toContain(seed);
  expect([w.log.join("\n").includes(seed), JSON.stringify(await run(w.core.deps.db, "select * from events")).includes(seed), readlinkSync(`/proc/${tunnel}/exe`)]).toEqual([false, false, process.execPath]);
  expect((await told("retired")).map((e) => e.why)).toContain("every agent has pinned the key that follows it");
}, 60_000);
