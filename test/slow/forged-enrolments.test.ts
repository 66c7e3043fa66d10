/**
 * Ten thousand machines that were not let in: guessed, altered, spent and ended tokens. Rule: 0 come in, over the real verbs and table; a good one
 * beside them does.
 */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EnrolmentInput } from "../../src/domain/agent.ts";
import { endEnrolment, enrolAgent, newEnrolment, type Arrival } from "../../src/flow/agent-enrol.ts";
import { Fault } from "../../src/kernel/fault.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { embedded } from "../store/engines.ts";
import { worldOn, type World } from "../flow/world.ts";
import { evidence, madeBy } from "./evidence.ts";

const MANY = 10_000;
let w: World;
beforeAll(async () => {
  w = await worldOn(await embedded());
});
afterAll(() => w.close());

const key = (): string =>
  `ssh-ed25519 ${Buffer.concat([Buffer.from("0000000b7373682d6564323535313900000020", "hex"), randomBytes(32)]).toString("base64")}`;
const BROKER = key();
const arrival = (token: string, hostKey = key()): Arrival => ({
  hostKey,
  brokerKey: BROKER,
  address: "192.0.2.66",
  token,
  mode: "agent",
  serverName: "forged",
  userName: w.operator.person.name,
  version: "0",
  boxKey: "b".repeat(43),
  facts: {},
});
const token = async (): Promise<string> => reveal((await newEnrolment(w.deps, w.operator, EnrolmentInput.parse({}))).token);
const altered = (t: string): string => {
  const at = 4 + Math.floor(Math.random() * 22),
    was = t[at]!;
  return t.slice(0, at) + (was === "A" ? "B" : "A") + t.slice(at + 1);
};

test(`${MANY} forged enrolments: 0 let in, all of them in the log, and the good ones beside them not spent by it`, async () => {
  const good = await token(),
    spent = await token();
  await enrolAgent(w.deps, arrival(spent));
  const made = await newEnrolment(w.deps, w.operator, EnrolmentInput.parse({})),
    ended = reveal(made.token);
  await endEnrolment(w.deps, w.operator, made.enrolment.id);
  const ways: readonly (() => string)[] = [
    () => `lsa_${randomBytes(16).toString("base64url")}`,
    () => altered(good),
    () => spent,
    () => good.slice(0, -1),
    () => `${good}A`,
    () => ended,
    () => good.replace("lsa_", "lst_"),
    () => `${good}\0`,
  ];
  let let_in = 0;
  const said = new Set<string>();
  for (let i = 0; i < MANY; i++) {
    try {
      await enrolAgent(w.deps, arrival(ways[i % ways.length]!()));
      let_in += 1;
    } catch (e) {
      said.add(e instanceof Fault ? `${e.code} ${e.message.slice(0, 40)}` : `strange ${String(e)}`);
    }
  }
  expect([let_in, [...said]]).toEqual([0, ["forbidden This token lets nobody in: it is unknown"]]);
  expect((await w.sql("select count(*)::int as n from events where what = 'agent.refused'"))[0]!["n"]).toBe(MANY);
  expect(await enrolAgent(w.deps, arrival(good))).toMatch(/^agt_/);
  evidence(
    "forged-enrolments",
    `# Forged enrolments\n${madeBy("test/slow/forged-enrolments.test.ts")}\n\n${MANY} tried (guessed, one letter altered, cut, lengthened, spent, ended, of another kind), ${let_in} let in: below ${(3 / MANY).toExponential(1)} with 95 % confidence. Each is an event of the log.\n`,
  );
});
