/** Wrong enrolment tokens at the tunnel's desk. Rule: an address that had its tries is looked at no more, and the log says so once. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { TunnelDesk } from "../../src/control/tunnel.ts";
import { EnrolmentInput } from "../../src/domain/agent.ts";
import { newEnrolment } from "../../src/flow/agent-enrol.ts";
import { addressGate } from "../../src/identity/gate.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { newSshKey, publicLine } from "../../src/wires/ssh.ts";
import { worldOn, type World } from "../flow/world.ts";
import { embedded } from "../store/engines.ts";

let w: World;
beforeAll(async () => { w = await worldOn(await embedded()); });
afterAll(() => w.close());

test("after its tries an address is told to wait, with a good token too; another one comes in", async () => {
  const desk = new TunnelDesk({ flow: w.deps, gate: addressGate(w.deps.times, w.deps.random, 3) });
  const good = reveal((await newEnrolment(w.deps, w.operator, EnrolmentInput.parse({}))).token);
  const from = (address: string, token: string): Promise<{ agent: string }> =>
    desk.plane.enrol(publicLine(newSshKey()), publicLine(newSshKey()), { token, mode: "agent", serverName: "web-1", userName: w.operator.person.name, version: "0", boxKey: "b".repeat(43), facts: {} } as never, address);
  for (let i = 0; i < 4; i++) await expect(from("192.0.2.1", `lsa_guess${i}`)).rejects.toMatchObject({ code: "forbidden" });
  await expect(from("192.0.2.1", good)).rejects.toMatchObject({ code: "too_many", message: "Too many wrong enrolment tokens from this address. Wait a quarter of an hour." });
  const why = async (): Promise<unknown[]> => (await w.sql("select why from events where what = 'agent.refused'")).map((r) => r["why"]);
  expect(await why()).toHaveLength(5);
  expect((await why()).filter((x) => x === "too many wrong tokens from this address")).toHaveLength(1);
  expect((await from("192.0.2.2", good)).agent).toMatch(/^agt_/);
  expect(await why()).toHaveLength(5);
});
