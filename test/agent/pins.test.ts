/** Which keys an agent believes its broker by: those of agent.conf, or those that followed them by their word, each proven by itself. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pin, pinnedFingerprints, pinnedKeys, pinnedLines } from "../../agent/pins.ts";
import { openState, type State } from "../../agent/state.ts";
import { fingerprintOf } from "../../src/crypto/envelope.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { pinText } from "../../src/wires/agent-words.ts";
import { newSshKey, publicLine, signText } from "../../src/wires/ssh.ts";

const ID = "agt_00000000000000000001", KEYS = [newSshKey(), newSshKey(), newSshKey()] as const, [ONE, TWO, EVIL] = KEYS.map(publicLine) as [string, string, string];
const fp = fingerprintOf, conf = { BrokerKey: [fp(ONE)] };
/** As the broker says it; `by`: whoever signs in its own key's place. */
const ask = (keys: readonly string[], o: { agent?: string; by?: string; of?: readonly string[] } = {}) => {
  const lines = keys.map(publicLine);
  return { broker: keys.map((key, i) => ({ key: lines[i]!, proof: signText(Secret.of(o.by ?? key), pinText(o.agent ?? ID, o.of ?? lines)) })) };
};
let dir: string, state: State;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "lockstep-pins-")); state = openState(dir); state.keepAgent(ID); state.keepBrokerKeys([ONE]); });
afterEach(() => rmSync(dir, { recursive: true, force: true }));
const no = (work: () => unknown): string => { try { work(); return "pinned"; } catch (e) { return (e as Error).message; } };

describe("law: agent-key-pinned — the broker's key is followed by another one", () => {
  test("told by the pinned one both are believed, then the new one alone; it is on the disk before it is answered", () => {
    expect(pinnedKeys(conf, state)).toEqual([fp(ONE)]);
    expect(pin(conf, state, ask([KEYS[0], KEYS[1]]))).toEqual([fp(ONE), fp(TWO)]);
    expect(pinnedKeys(conf, openState(dir))).toEqual([ONE, TWO]);
    expect(pin(conf, state, ask([KEYS[1]]))).toEqual([fp(TWO)]);
    expect([pinnedFingerprints(conf, openState(dir)), pinnedLines(conf, openState(dir))]).toEqual([[fp(TWO)], [TWO]]);
  });
  test("whoever knows the new one alone does not learn the old one", () => {
    const fresh = { BrokerKey: [fp(TWO)] };
    expect(pin(fresh, state, ask([KEYS[0], KEYS[1]]))).toEqual([fp(TWO)]);
    expect(pinnedKeys(fresh, state)).toEqual([TWO]);
  });
  test("lists are believed of keys that were proven or told of, and of none that is believed no more", () => {
    expect(pinnedLines(conf, state)).toEqual([ONE]);
    pin(conf, state, ask([KEYS[0], KEYS[1]]));
    expect(pinnedLines(conf, state)).toEqual([ONE, TWO]);
    pin(conf, state, ask([KEYS[1]]));
    expect(pinnedLines(conf, state)).toEqual([TWO]);
  });
  test.each([
    ["a key that nobody has proven", () => ({ broker: [ask([KEYS[0]]).broker[0]!, { key: EVIL, proof: "" }] }), /has not proven itself/],
    ["proven by another key", () => ask([KEYS[0], KEYS[2]], { by: KEYS[0] }), /has not proven itself/],
    ["proven for another agent", () => ask([KEYS[0], KEYS[1]], { agent: "agt_00000000000000000002" }), /has not proven itself/],
    ["proven in another company", () => ({ broker: [...ask([KEYS[0]]).broker, ...ask([KEYS[2]]).broker] }), /has not proven itself/],
    ["only keys that are strange here", () => ask([KEYS[2]]), /None of these keys is pinned here/],
  ])("not believed: %s", (_name, made, why) => {
    expect(no(() => pin(conf, state, made()))).toMatch(why);
    expect([state.pins(), pinnedKeys(conf, state)]).toEqual([undefined, [fp(ONE)]]);
  });
  test("the old key's word counts no more once the new one stands alone", () => {
    pin(conf, state, ask([KEYS[0], KEYS[1]]));
    pin(conf, state, ask([KEYS[1]]));
    expect(no(() => pin(conf, state, ask([KEYS[0], KEYS[2]])))).toMatch(/None of these keys is pinned here/);
    expect(pinnedKeys(conf, state)).toEqual([TWO]);
  });
  test("another BrokerKey in agent.conf, in whatever order, overrules what was learned; so does a new enrolment", () => {
    pin(conf, state, ask([KEYS[0], KEYS[1]]));
    expect(pinnedKeys({ BrokerKey: [fp(EVIL)] }, state)).toEqual([fp(EVIL)]);
    const two = { BrokerKey: [fp(ONE), fp(TWO)] };
    pin(two, state, ask([KEYS[1]]));
    expect(pinnedKeys({ BrokerKey: [fp(TWO), fp(ONE)] }, state)).toEqual([TWO]);
    state.keepToken("lsa_again");
    expect(pinnedKeys(two, state)).toEqual([fp(ONE), fp(TWO)]);
  });
});
