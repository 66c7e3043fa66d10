/** The life of a run and what a list of them means. Rule: a done one is never done again, and what comes before a change stops it only before its first byte. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { absorbRun, beforeOf, movesOf, needsPerson, type RunOutcome } from "../../src/domain/dependent-absorb.ts";
import { again, claim, DependentInput, NEXT, open, repeatable, skip, What, type Dependent, type Run, type State } from "../../src/domain/dependent.ts";
import { next } from "../../src/domain/rotation-next.ts";
import { beginApply, doubt as doubtChange, open as opening, prepare, type Rotation, type Trigger } from "../../src/domain/rotation.ts";
import type { Facts } from "../../src/domain/rotation-facts.ts";
import { times } from "../../src/kernel/times.ts";

const T = times(), NOW = new Date("2026-11-26T00:00:00Z"), at = (ms: number): Date => new Date(NOW.getTime() + ms);
const service = (action: "restart" | "reload" | "stop" | "start"): What => ({ does: "service", unit: "app", action });
const FILE: What = { does: "rewrite", path: "/etc/app", line: "p={{password}}", form: "plain" };
const dependent = (over: Partial<Dependent>): Dependent => ({ id: "dep_1", account: "acc_1", target: "tgt_1", phase: "after", no: 1, goOn: false, what: FILE, by: "per_1", at: NOW, accepted: null, ...over } as Dependent);
const running = (d: Dependent): Run<"running"> => claim(open(d, { id: "dpr_1" as never, rotation: "rot_1" as never, version: null, now: NOW }), at(1)).to;
const what = fc.constantFrom(service("restart"), service("reload"), service("stop"), service("start"), FILE);
const outcome = fc.constantFrom<RunOutcome>("done", { refused: "no" }, { unknown: "cut" }, { not_sent: "unreachable", why: "away" });

test("what came of a run: unknown is not no, what may be repeated is, and only a need waits before its change", () => {
  fc.assert(fc.property(what, outcome, fc.constantFrom("before", "after"), fc.boolean(), fc.boolean(), fc.integer({ min: 0, max: 48 }), (w, o, phase, goOn, needed, hours) => {
    const r = running(dependent({ phase: phase as "before", goOn, what: w })), { to } = absorbRun(r, w, o, needed, at(hours * 3_600_000), T), patient = needed && phase === "before" && !goOn;
    expect(NEXT.running as readonly State[]).toContain(to.state);
    expect(to.state === "done").toBe(o === "done");
    if (o === "done") return;
    if ("unknown" in o) expect(to.state, "never failed").toBe(repeatable(w) && (patient || hours < 24) ? "waiting" : "unknown");
    else if ("refused" in o) expect(to.state).toBe(patient ? "waiting" : "failed");
    else expect(to.state).toBe(patient || (phase === "after" && hours < 24) ? "waiting" : "failed");
    if (to.state === "waiting") expect(to.nextAt!.getTime()).toBeGreaterThan(at(hours * 3_600_000).getTime());
  }));
});
test("law: dependents-once — any walk of claims, outcomes and hands: done once is done for good, fences rise, and whoever was asked again has lost it", () => {
  fc.assert(fc.property(fc.array(fc.tuple(outcome, fc.constantFrom("again", "skip", "take")), { maxLength: 30 }), what, (steps, w) => {
    let run: Run = open(dependent({ what: w }), { id: "dpr_1" as never, rotation: "rot_1" as never, version: null, now: NOW }), fence = 0, done = 0;
    for (const [o, hand] of steps) {
      if (run.state === "done" || run.state === "skipped") { expect(movesOf(run, true)).toEqual([]); break; }
      if (run.state === "waiting") run = hand === "skip" ? skip(run, "x", NOW).to : claim(run, at(1)).to;
      else if (run.state === "running") run = hand === "take" ? claim(run, at(1)).to : absorbRun(run, w, o, false, NOW, T).to;
      else { expect([needsPerson(run), movesOf(run, false)]).toEqual([true, ["again", "skip"]]); run = hand === "skip" ? skip(run, "x", NOW).to : again(run).to; }
      expect(run.fence).toBeGreaterThanOrEqual(fence);
      fence = run.fence;
      if (run.state === "done") done += 1;
    }
    expect(done).toBeLessThanOrEqual(1);
  }));
});

const of = (state: State, goOn = false, why: string | null = null) => ({ state, goOn, why, what: service("stop"), on: "web-1" });
test("how far what comes before has come", () => {
  expect([beforeOf(0, []), beforeOf(2, []), beforeOf(1, [of("done"), of("skipped")])]).toEqual(["none", "fresh", "passed"]);
  expect([beforeOf(2, [of("done"), of("waiting")]), beforeOf(2, [of("running", false, "away"), of("waiting")])]).toEqual([{ open: null }, { open: "before the change: stop the service app on web-1: away" }]);
  expect([beforeOf(2, [of("failed", false, "no"), of("waiting")]), beforeOf(1, [of("unknown", false, "cut")]), beforeOf(2, [of("failed", true, "no"), of("unknown", true, "cut")])])
    .toEqual([{ stopped: "before the change: stop the service app on web-1 failed: no" }, { stopped: "before the change: stop the service app on web-1 was begun, and nobody knows whether it was done: cut" }, "passed"]);
});

const facts = (before: Facts["before"]): Facts => ({ credential: "in_sync", versions: [{ id: "ver_1" as never, no: 1, status: "current" }], self: false, administrative: "ready", reconcile: "none", canCompare: false,
  budget: { spent: 0, until: null }, resetsOnSuccess: true, lockoutWindow: null, blocked: false, adoptedBefore: 2, ...(before === undefined ? {} : { before }) });
const prepared = (trigger: Trigger): Rotation<"prepared"> => prepare(opening({ id: "rot_1" as never, account: "acc_1" as never, trigger, reason: "", by: null, origin: "generated", before: "in_sync", candidate: null }), "ver_2" as never, 1).to;
test("a change begins only when what comes before it has passed; then it is a wish that is refused, or a need that waits; once a byte has left, nothing before it counts", () => {
  const act = (t: Trigger, b: Facts["before"]) => next(prepared(t), facts(b), NOW, T).do;
  for (const b of [undefined, "none", "passed"] as const) expect(act("manual", b)).toBe("apply");
  expect([act("manual", "fresh"), act("manual", { open: null }), act("manual", { open: "away" }), act("manual", { stopped: "x" }), act("end_of_use", { stopped: "x" }), act("exposure", { stopped: "x" })])
    .toEqual(["before", "wait", "postpone", "refuse", "postpone", "postpone"]);
  const applied = beginApply(prepared("manual"), "administrative", NOW, T).to, retry = { ...doubtChange(applied, "cut", NOW, T).to, retry: true, nextAt: null };
  for (const b of ["fresh", { open: null }, { stopped: "x" }] as const) expect(next(retry, facts(b), NOW, T).do).toBe("apply");
});

test("law: file-in-force — hostile paths, names and lines are none; a file never comes before its change", () => {
  const ok = (w: unknown): boolean => What.safeParse(w).success;
  expect([ok(FILE), ok({ does: "service", unit: "postgresql@15-main" })]).toEqual([true, true]);
  for (const path of ["etc/app", "/", "/etc/../x", "/etc/./x", "/a b", "/a'b", "/a;b", "/$HOME", "/a\nb", "/é", "//etc", "/etc/", `/${"a".repeat(300)}`]) expect(ok({ ...FILE, path }), path).toBe(false);
  for (const unit of ["", "-x", "a b", "a/b", "a;b", "../x", "$x", "a\n"]) expect(ok({ does: "service", unit }), unit).toBe(false);
  for (const line of ["{{password}}", "  {{password}}", "p=x", "p={{password}}{{password}}", "p={{password}}\nq"]) expect(ok({ ...FILE, line }), line).toBe(false);
  fc.assert(fc.property(fc.string(), (s) => { for (const w of [{ ...FILE, path: s }, { does: "service", unit: s }]) if (ok(w)) expect(s).toMatch(/^[A-Za-z0-9/_.@+$-]+$/); }));
  // $ stands in names of Windows alone: the connector of Linux takes none, whoever accepted it.
  expect(["MSSQL$ONE", "$x", "a$b c"].map((unit) => ok({ does: "service", unit }))).toEqual([true, false, false]);
  expect(DependentInput.safeParse({ target: "web-1", phase: "before", what: FILE }).error?.issues[0]?.message).toBe("what gets the password gets only one that is in force: put it after the change");
});
