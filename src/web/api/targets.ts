/** Targets and what they prove themselves by. Rule: the key is read here for a person to compare; nothing is pinned that was not sent back. */
import { z } from "@hono/zod-openapi";
import type { AccountId, PersonId } from "../../kernel/ids.ts";
import { TargetInput, type Target } from "../../domain/target.ts";
import { readDesktop } from "../../flow/desktop.ts";
import { acceptIdentity } from "../../flow/identity.ts";
import { target, targetList } from "../../flow/registers.ts";
import { testTarget } from "../../flow/target-test.ts";
import { addTarget, changeTarget, readIdentity } from "../../flow/targets.ts";
import type { ApiDeps, Who } from "./deps.ts";
import { endpoint, Id, type Endpoint } from "./endpoint.ts";
import { cut, pageOf, Paging } from "./page.ts";
import { TargetOut, targetOut } from "./shapes.ts";

const tag = "targets";
const find = (deps: ApiDeps, { caller }: Who, text: string): Promise<Target> => target(deps.flow.db, caller.person, text);
const Change = z.object({
  platform: z.string().max(40).optional().openapi({ description: "from one command set to another: `cli:any-device` to one of your own" }),
  host: TargetInput.shape.host.optional(), port: TargetInput.shape.port.optional(), through: z.array(z.string().min(1).max(80)).max(4).optional().openapi({ description: "ids or names of agents and gateways, in the order in which they are tried; empty: directly" }), settings: z.record(z.string(), z.unknown()).optional(), tags: z.array(z.string().min(1).max(40)).max(40).optional(),
  owner: z.string().max(80).nullable().optional().openapi({ description: "id of a person" }), locked: z.boolean().optional(), administrative: z.string().max(80).nullable().optional(), reconcile: z.string().max(80).nullable().optional(),
});
const Where = TargetInput.pick({ host: true, port: true, platform: true, through: true });
const Identity = z.object({ identity: z.string(), fingerprint: z.string(), settings: z.record(z.string(), z.unknown()), compareWith: z.string() }).openapi("Identity");
const Desktop = z.object({ port: z.int(), fingerprint: z.string(), security: z.enum(["tls", "nla"]), settings: z.record(z.string(), z.unknown()), compareWith: z.string() }).openapi("Desktop");
const Accept = z.object({ identityHash: z.string().min(1).max(80) });
const Tested = z.object({ ok: z.boolean(), identity: z.string().nullable(), why: z.string().nullable(), stage: z.string().nullable().openapi({ description: "how far it got: setup, reach, identity, login, right" }) }).openapi("Tested");

export const targets: readonly Endpoint[] = [
  endpoint({
    method: "get", path: "/targets", tag, summary: "Targets you manage or audit", query: Paging, answer: pageOf(TargetOut),
    run: async (deps, { caller, query }) => { const p = cut(await targetList(deps.flow.db, caller.person), query, (t) => t.id); return { ...p, items: p.items.map(targetOut) }; },
  }),
  endpoint({ method: "get", path: "/targets/{id}", tag, summary: "One target, by id or name", params: Id, answer: TargetOut, run: async (deps, a) => targetOut(await find(deps, a, a.params.id)) }),
  endpoint({ method: "post", path: "/targets", tag, summary: "Add a target", body: TargetInput, answer: TargetOut, status: 201, run: async (deps, { caller, body }) => targetOut(await addTarget(deps.flow, caller, body)) }),
  endpoint({
    method: "patch", path: "/targets/{id}", tag, summary: "Change a target", says: "Another host, port, way or setting blocks its accounts until somebody else accepts the identity.", params: Id, body: Change, answer: TargetOut,
    run: async (deps, a) => {
      const { administrative, reconcile, owner, ...rest } = a.body, { id } = await find(deps, a, a.params.id);
      return targetOut(await changeTarget(deps.flow, a.caller, id, { ...rest, owner: owner as PersonId | null | undefined, administrative: administrative as AccountId | null | undefined, reconcile: reconcile as AccountId | null | undefined }));
    },
  }),
  endpoint({
    method: "post", path: "/targets/read-identity", tag, summary: "Read what a target proves itself by", says: "No login is tried and nothing is pinned: compare the fingerprint with what `compareWith` says on the machine itself, then send `settings` back when you add it.", body: Where, answer: Identity,
    run: async (deps, { caller, body }) => readIdentity(deps.flow, caller, body),
  }),
  endpoint({
    method: "post", path: "/targets/read-desktop", tag, summary: "Read the certificate of a target's RDP server", says: "No login is tried and nothing is pinned: compare the fingerprint with what `compareWith` says on the machine itself, then put `settings` beside the target's others.",
    body: z.object({ host: TargetInput.shape.host, port: z.int().min(1).max(65_535).default(3_389), through: TargetInput.shape.through }), answer: Desktop, run: async (deps, { caller, body }) => readDesktop(deps.flow, caller, body),
  }),
  endpoint({
    method: "post", path: "/targets/{id}/accept-identity", tag, summary: "Accept a changed identity", says: "`identityHash` of the target as you looked at it: if it was changed again since, nothing is accepted.", params: Id, body: Accept, answer: TargetOut,
    run: async (deps, a) => { await acceptIdentity(deps.flow, a.caller, (await find(deps, a, a.params.id)).id, a.body.identityHash); return targetOut(await find(deps, a, a.params.id)); },
  }),
  endpoint({
    method: "post", path: "/targets/{id}/test", tag, summary: "Try the administrative credential", says: "Changes nothing on the target.", params: Id, query: z.object({ which: z.enum(["administrative", "reconcile"]).default("administrative") }), answer: Tested,
    run: async (deps, a) => { const r = await testTarget(deps.flow, a.caller, (await find(deps, a, a.params.id)).id, a.query.which); return { ok: r.ok, identity: r.ok ? r.identity : null, why: r.ok ? null : r.why, stage: r.ok ? null : r.stage }; },
  }),
];
