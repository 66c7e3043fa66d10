/** A broker killed between the steps of what depends on a password, and a host that is away. Rule: the password is never in question; what may have been done is done again only where that comes to the same. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { moveRun } from "../../src/flow/dependent-look.ts";
import type { DependentMoment } from "../../src/flow/deps.ts";
import { acceptIdentity } from "../../src/flow/identity.ts";
import { changeTarget } from "../../src/flow/targets.ts";
import type { RotationId } from "../../src/kernel/ids.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as targets from "../../src/store/targets.ts";
import { service, site, type Site } from "../e2e/dependents-world.ts";
import { sleep, until } from "../e2e/world.ts";

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

test("law: no-way-round-2 — a locked target, and one that shows another key, get nothing; both go on when somebody has looked", async () => {
  await s.depend(s.rewriting());
  const { deps } = s.w.core, target = (await targets.named(deps.db, "web-1"))!, before = await s.read();
  await changeTarget(deps, s.w.caller("operator"), target.id, { locked: true });
  const first = await s.change();
  expect(await s.over(first)).toBe("committed");
  await until("it says why it waits", async () => (await s.runs(first))[0]!.why !== null);
  expect([(await s.runs(first))[0]!.why, await s.read(), await s.kept()]).toEqual([expect.stringMatching(/locked/), before, true]);
  await changeTarget(deps, s.w.caller("operator"), target.id, { locked: false });
  await s.came(first, "after done");
  await s.w.host.changeHostKey();
  const second = await s.change();
  expect(await s.over(second)).toBe("committed");
  await until("the host was a stranger", async () => /prove a pinned host key|identity/.test((await s.runs(second))[0]!.why ?? ""));
  expect(new Set((await accounts.onTarget(deps.db, target.id)).map((a) => a.block))).toEqual(new Set(["identity_changed"]));
  expect([await s.states(second), await s.read()]).toEqual([["after waiting"], expect.not.stringContaining(await s.vault())]);
  await changeTarget(deps, s.w.caller("operator"), target.id, { settings: { hostKeys: [s.w.host.hostKey] } });
  await acceptIdentity(deps, s.w.caller("second"), target.id, (await targets.find(deps.db, target.id))!.identityHash);
  await s.came(second, "after done");
  expect(await s.read()).toContain(s.line(await s.vault()));
}, 60_000);

test("law: A4 — a refused administrator opens its breaker: nobody tries again until then, and the change stands", async () => {
  await s.depend(s.rewriting());
  await s.w.host.exec("chpasswd", "root:Another-Pw-1!x9Qz\n");
  const id = await s.change();
  expect(await s.over(id)).toBe("committed");
  const { deps } = s.w.core, root = (await accounts.named(deps.db, "root@web-1"))!;
  await until("the breaker is open", async () => { const b = (await accounts.guards(deps.db, root.id)).breaker; return b !== null && b > new Date(); });
  await until("it says so", async () => /refused/.test((await s.runs(id))[0]!.why ?? ""));
  const refused = async (): Promise<number> => (s.w.host.log().match(/Failed password for root/g) ?? []).length, n = await refused();
  await sleep(4_000);
  expect([await refused(), await s.states(id), await s.kept()]).toEqual([n, ["after waiting"], true]);
  await s.w.host.exec("chpasswd", `root:${await s.w.vault("root")}\n`);
  await deps.db.transaction((tx) => accounts.openBreaker(tx, root.id, null));
  await s.came(id, "after done");
}, 60_000);

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

