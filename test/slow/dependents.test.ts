/** A broker killed between the steps of what depends on a password, and a host that is away. Rule: the password is never in question; what may have been done is done again only where that comes to the same. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { moveRun } from "../../src/flow/dependent-look.ts";
import type { DependentMoment } from "../../src/flow/deps.ts";
import type { RotationId } from "../../src/kernel/ids.ts";
import { service, site, type Site } from "../e2e/dependents-world.ts";
import { until } from "../e2e/world.ts";

let s: Site;
beforeAll(async () => { s = await site(); }, 120_000);
afterAll(() => s?.close());
beforeEach(() => s.fresh());

test("the host is away: the change stands, the file waits, and follows when the host is back", async () => {
  await s.depend(s.rewriting());
  await s.w.host.stop();
  const id = await s.change();
  expect(await s.over(id)).toBe("committed");
  await until("it was tried", async () => (await s.runs(id))[0]!.why !== null);
  expect([await s.kept(), await s.states(id)]).toEqual([true, ["after waiting"]]);
  await s.w.host.start();
  await s.came(id, "after done");
  expect(await s.read()).toContain(s.line(await s.vault()));
});

const killedAt = async (moment: DependentMoment): Promise<RotationId> => {
  await s.w.down();
  const child = await s.w.child(moment), id = await s.change();
  await until("it killed itself", () => child.child.signalCode === "SIGKILL");
  await s.w.up();
  return id;
};
test.each(["dependent_begun", "dependent_answered"] as const)("law: dependents-apart — killed at %s of a rewriting: the next start ends it, once, and the password was never in question", async (moment) => {
  await s.depend(s.rewriting());
  await s.depend(service("start"));
  const id = await killedAt(moment);
  await s.came(id, "after done", "after done");
  expect([await s.kept(), await s.read(), await s.states(id)]).toEqual([true, `# by hand\n${s.line(await s.vault())}`, ["after done", "after done"]]);
}, 60_000);

test("law: dependents-once — killed in the middle of a restart: whether it was done is said to be unknown, it is not done again by itself, and a person settles it", async () => {
  await s.depend(service("restart"));
  await s.depend(s.rewriting());
  const id = await killedAt("dependent_answered");
  await s.came(id, "after unknown", "after waiting");
  expect([await s.kept(), await s.log()]).toEqual([true, ["in", "out"]]);
  const [unknown] = await s.runs(id);
  expect(unknown).toMatchObject({ why: "the broker that did it was stopped in the middle" });
  expect((await moveRun(s.w.core.deps, s.w.caller("operator"), unknown!.id, "skip"))).toBe(id);
  await s.came(id, "after skipped", "after done");
  expect(await s.log(), "skipped is not done again").toEqual(["in", "out"]);
}, 60_000);

test("killed before a change at what comes before it: the change goes on after the next start, and nothing is lost", async () => {
  await s.depend(service("stop"), { phase: "before" });
  await s.depend(s.rewriting());
  await s.depend(service("start"));
  const id = await killedAt("dependent_answered");
  expect(await s.over(id)).toBe("committed");
  await s.came(id, "before done", "after done", "after done");
  expect([await s.kept(), await s.read(), (await s.log()).at(-1)]).toEqual([true, `# by hand\n${s.line(await s.vault())}`, "in"]);
}, 60_000);

