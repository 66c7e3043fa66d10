/** A role's password is changed, the file that holds it follows, the service is restarted and is let in; and what becomes of that when it fails. Rule: the file, the service's own log and psql are asked, never the broker. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { DependentInput } from "../../src/domain/dependent.ts";
import { acceptDependent, addDependent, testDependent } from "../../src/flow/dependents.ts";
import { moveRun } from "../../src/flow/dependent-look.ts";
import type { DependentRunId } from "../../src/kernel/ids.ts";
import { lockstep } from "../cli/process.ts";
import { service, site, type Site } from "./dependents-world.ts";

let s: Site;
beforeAll(async () => { s = await site(); }, 120_000);
afterAll(() => s?.close());
beforeEach(() => s.fresh());

test("stopped before, the file rewritten and the service started after: it is let in with the new password; nobody wrote it anywhere else", async () => {
  await s.depend(service("stop"), { phase: "before" });
  await s.depend(s.rewriting());
  await s.depend(service("start"));
  const before = await s.vault(), id = await s.change();
  expect(await s.over(id)).toBe("committed");
  await s.came(id, "before done", "after done", "after done");
  const now = await s.vault();
  expect([now === before, await s.kept(), await s.read(), await s.log()]).toEqual([false, true, `# by hand\n${s.line(now)}`, ["in", "in"]]);
  const seen = (await s.w.events()).filter((e) => String(e["what"]).startsWith("dependent.") && (e["about"] as { rotation?: string }).rotation === id).map((e) => String(e["what"])).reverse();
  expect(seen).toEqual(["dependent.begun", "dependent.done", "dependent.begun", "dependent.done", "dependent.begun", "dependent.done"]);
  expect(JSON.stringify([s.w.log, await s.w.events(), s.w.host.log()])).not.toContain(now);
});

test("law: dependents-apart — a file in which there is no such line: the change stands, what comes after waits behind it, and a person's hand puts it right", async () => {
  await s.depend(s.rewriting());
  await s.depend(service("restart"));
  await s.lay("somebody moved it\n");
  const id = await s.change();
  expect(await s.over(id)).toBe("committed");
  await s.came(id, "after failed", "after waiting");
  expect([await s.kept(), await s.read(), await s.log()]).toEqual([true, "somebody moved it\n", ["in"]]);
  const [first] = await s.runs(id);
  expect(first).toMatchObject({ state: "failed", why: "no line of the file looks like the template" });
  await s.lay(s.line("whatever"));
  await moveRun(s.w.core.deps, s.w.caller("operator"), first!.id, "again");
  await s.came(id, "after done", "after done");
  expect([await s.read(), await s.log()]).toEqual([s.line(await s.vault()), ["in", "in"]]);
  await expect(moveRun(s.w.core.deps, s.w.caller("operator"), first!.id, "again")).rejects.toMatchObject({ code: "conflict" });
});

test("what fails before the change with stop: nothing is begun, the password is what it was, and it says why; with go on the change is made", async () => {
  await s.depend(service("restart", "nothing-like-it"), { phase: "before" });
  await s.depend(service("restart"));
  const before = await s.vault(), id = await s.change();
  expect(await s.over(id)).toBe("refused");
  const r = await s.w.ok("operator", "GET", `/rotations/${id}`);
  expect(r["why"]).toMatch(/^unchanged: before the change: restart the service nothing-like-it on web-1 failed: service nothing-like-it restart ended with 1: .*unrecognized service/);
  expect([await s.vault() === before, await s.kept()]).toEqual([true, true]);
  // Something was begun before it, so what comes after is done all the same.
  await s.came(id, "before failed", "after done");
  await s.forget();
  await s.depend(service("restart", "nothing-like-it"), { phase: "before", goOn: true });
  const next = await s.change();
  expect(await s.over(next)).toBe("committed");
  await s.came(next, "before failed");
  expect(await s.vault() === before).toBe(false);
});

test("law: no-way-round-3 — whoever wrote one does not accept it, what nobody accepted is not done and not tried, and only admins write them", async () => {
  const { deps } = s.w.core, id = await addDependent(deps, s.w.caller("operator"), "app@db-1", DependentInput.parse({ target: "web-1", what: s.rewriting() }));
  await expect(acceptDependent(deps, s.w.caller("operator"), id)).rejects.toMatchObject({ code: "forbidden", message: "You wrote this dependent, so another admin must accept it." });
  await expect(testDependent(deps, s.w.caller("operator"), id)).rejects.toMatchObject({ code: "conflict" });
  for (const [who, code] of [["requester", "not_found"], ["auditor", "forbidden"]] as const)
    await expect(addDependent(deps, s.w.caller(who), "app@db-1", DependentInput.parse({ target: "web-1", what: s.rewriting() })), who).rejects.toMatchObject({ code });
  const before = await s.read(), rotation = await s.change();
  expect(await s.over(rotation)).toBe("committed");
  expect([await s.states(rotation), await s.read()]).toEqual([[], before]);
  await acceptDependent(deps, s.w.caller("second"), id);
  expect(await testDependent(deps, s.w.caller("operator"), id)).toMatchObject({ ok: true });
  expect(await s.read()).toBe(before);
  await expect(moveRun(deps, s.w.caller("operator"), "dpr_none" as DependentRunId, "again")).rejects.toMatchObject({ code: "not_found" });
});

test("the same by the command line and the API: written, refused to its author, accepted, tried, followed, left out", async () => {
  const cli = (who: string, ...args: string[]) => lockstep(args, { cwd: s.w.home, env: { LOCKSTEP_URL: s.w.origin, LOCKSTEP_TOKEN: s.w.who[who]!.token } });
  const made = await cli("operator", "dependents", "file", "app@db-1", "/etc/app/none.conf", "--on", "web-1", "--line", "password = {{password}}", "--json"), id = (JSON.parse(made.out) as { id: string }).id;
  expect(await cli("operator", "dependents", "accept", id)).toMatchObject({ code: 3, err: expect.stringContaining("another admin must accept it") as string });
  expect((await cli("second", "dependents", "accept", id)).out).toContain("accepted by second");
  expect(await cli("operator", "dependents", "test", id)).toMatchObject({ code: 6, err: expect.stringMatching(/It cannot be done: .*No such file/) as string });
  const rotation = await s.change();
  expect(await s.over(rotation)).toBe("committed");
  await s.came(rotation, "after failed");
  const { items } = await s.w.ok("operator", "GET", `/rotations/${rotation}/dependents`) as unknown as { items: { id: string; why: string; moves: string[] }[] };
  expect(items).toEqual([expect.objectContaining({ why: expect.stringContaining("No such file") as string, moves: ["again", "skip"] })]);
  expect((await cli("operator", "dependents", "runs")).out).toMatch(/app@db-1 +write the password into \/etc\/app\/none\.conf +web-1 +after +failed/);
  expect((await cli("operator", "dependents", "skip", items[0]!.id)).out).toMatch(/skipped/);
  for (const who of ["requester", "outsider"]) expect(await cli(who, "dependents", "list", "app@db-1")).toMatchObject({ code: 4, err: expect.stringContaining("No such account") as string });
}, 60_000);
