/** What depends on a password, and what came of it. Rule: what is added is inert until another admin accepts it; no password is in any answer. */
import { z } from "@hono/zod-openapi";
import { ACTIONS, DependentInput, FORMS, KEEPERS, PHASES, PLACE, type Run } from "../../domain/dependent.ts";
import { RUN_MOVES, type RunMove } from "../../domain/dependent-absorb.ts";
import { acceptDependent, addDependent, dependentOne, moveDependent, removeDependent, testDependent } from "../../flow/dependents.ts";
import { dependentList, moveRun, runsOfRotation, troubledRuns, type DependentLine, type RunLine } from "../../flow/dependent-look.ts";
import type { DependentId, DependentRunId, RotationId } from "../../kernel/ids.ts";
import type { ApiDeps, Who } from "./deps.ts";
import { Done, endpoint, Id, type Endpoint } from "./endpoint.ts";
import { iso, When } from "./shapes.ts";

const tag = "dependents", text = z.string();
const WhatOut = z.union([
  z.object({ does: z.literal("service"), unit: text, action: z.enum(ACTIONS) }),
  z.object({ does: z.literal("rewrite"), path: text, line: text.openapi({ description: `holds ${PLACE} once; exactly one line of the file looks like it` }), form: z.enum(FORMS) }),
  z.object({ does: z.literal("logon"), of: z.enum(KEEPERS), name: text.openapi({ description: "of what logs on by itself on Windows as that account; of a task its whole path" }) }),
  z.object({ does: z.literal("steps"), list: text.openapi({ description: "under `follow` in the target's command set" }) }),
]);
const DependentOut = z.object({
  id: text, account: text, target: text, phase: z.enum(PHASES), no: z.int().openapi({ description: "its place among those of its phase" }), goOn: z.boolean(), what: WhatOut, says: text,
  by: text, at: When, accepted: z.object({ by: text.nullable(), at: When, alone: z.boolean() }).nullable().openapi({ description: "null: nothing of it is done" }),
}).openapi("Dependent");
const out = (d: DependentLine): z.input<typeof DependentOut> => ({
  id: d.id, account: d.accountName, target: d.targetName, phase: d.phase, no: d.no, goOn: d.goOn, what: d.what, says: d.says, by: d.byName, at: iso(d.at),
  accepted: d.accepted && { by: d.acceptedByName, at: iso(d.accepted.at), alone: d.accepted.alone },
});
const RunOut = z.object({
  id: text, dependent: text, rotation: text, account: text, target: text, phase: z.enum(PHASES), says: text, state: z.enum(["waiting", "running", "done", "failed", "unknown", "skipped"]), tries: z.int(), why: text.nullable(),
  held: text.nullable().openapi({ description: "what failed before it, so that it waits" }), nextAt: When, endedAt: When, moves: z.array(z.enum(RUN_MOVES)),
}).openapi("DependentRun");
const runOut = ({ run: r, ...l }: RunLine): z.input<typeof RunOut> => ({
  id: r.id, dependent: r.dependent, rotation: r.rotation, account: l.account, target: l.on, phase: r.phase, says: l.says, state: r.state, tries: r.tries, why: r.why, held: l.held,
  nextAt: r.state === "waiting" ? iso(r.nextAt) : null, endedAt: endOf(r), moves: [...l.moves],
});
const endOf = (r: Run): string | null => ("endedAt" in r ? iso(r.endedAt) : null);
const one = async (deps: ApiDeps, { caller }: Who, id: DependentId): Promise<z.input<typeof DependentOut>> => {
  const { d } = await dependentOne(deps.flow.db, caller, id);
  return out((await dependentList(deps.flow.db, caller, d.account)).find((l) => l.id === id)!);
};
const id = (a: { params: { id: string } }): DependentId => a.params.id as DependentId;
const Items = z.object({ items: z.array(RunOut) });
const Tested = z.object({ ok: z.boolean(), stage: text.nullable(), why: text.nullable() }).openapi("DependentTest");
const runMove = (move: RunMove, summary: string): Endpoint => endpoint({
  method: "post", path: `/dependent-runs/{id}/${move}`, tag, summary, params: Id, answer: Items,
  run: async (deps, a) => ({ items: (await runsOfRotation(deps.flow.db, a.caller, await moveRun(deps.flow, a.caller, a.params.id as DependentRunId, move))).map(runOut) }),
});

export const dependents: readonly Endpoint[] = [
  endpoint({
    method: "get", path: "/accounts/{id}/dependents", tag, summary: "What is done before and after each change of its password, in its order", params: Id, answer: z.object({ items: z.array(DependentOut) }),
    run: async (deps, a) => ({ items: (await dependentList(deps.flow.db, a.caller, a.params.id)).map(out) }),
  }),
  endpoint({
    method: "post", path: "/accounts/{id}/dependents", tag, summary: "Add one, last of its phase", says: "Inert until another admin accepts it. A file comes after the change: it gets only a password that is in force.",
    params: Id, body: DependentInput, answer: DependentOut, status: 201, run: async (deps, a) => one(deps, a, await addDependent(deps.flow, a.caller, a.params.id, a.body)),
  }),
  endpoint({ method: "post", path: "/dependents/{id}/accept", tag, summary: "Accept it as it is written; never by its author", params: Id, answer: DependentOut, run: async (deps, a) => { await acceptDependent(deps.flow, a.caller, id(a)); return one(deps, a, id(a)); } }),
  endpoint({
    method: "post", path: "/dependents/{id}/move", tag, summary: "One place up or down", params: Id, body: z.object({ to: z.enum(["up", "down"]) }), answer: DependentOut,
    run: async (deps, a) => { await moveDependent(deps.flow, a.caller, id(a), a.body.to); return one(deps, a, id(a)); },
  }),
  endpoint({
    method: "post", path: "/dependents/{id}/test", tag, summary: "Try it: log in, look at rights and place, change nothing", params: Id, answer: Tested,
    run: async (deps, a) => { const r = await testDependent(deps.flow, a.caller, id(a)); return { ok: r.ok, stage: r.ok ? null : r.stage ?? null, why: r.ok ? null : r.why }; },
  }),
  endpoint({ method: "delete", path: "/dependents/{id}", tag, summary: "Take it away; what waits of it is left out", params: Id, answer: Done, run: async (deps, a) => { await removeDependent(deps.flow, a.caller, id(a)); return { ok: true as const }; } }),
  endpoint({
    method: "get", path: "/rotations/{id}/dependents", tag, summary: "What came of the dependents of one change", params: Id, answer: Items,
    run: async (deps, a) => { await deps.shelf.rotation(a.caller, a.params.id as RotationId); return { items: (await runsOfRotation(deps.flow.db, a.caller, a.params.id as RotationId)).map(runOut) }; },
  }),
  endpoint({ method: "get", path: "/dependent-runs", tag, summary: "Runs after a change that failed, are unknown or wait, worst first", answer: Items, run: async (deps, a) => ({ items: (await troubledRuns(deps.flow.db, a.caller)).map(runOut) }) }),
  runMove("again", "Of one that failed or is unknown: do it again"), runMove("skip", "Leave it out, because it was done by hand; what waits behind it goes on"),
];
