/** What a target's own list of accounts says, beside ours. Rule: a listing is asked for and looked up later; nothing becomes managed but by `adopt` or a rule somebody saved. */
import { z } from "@hono/zod-openapi";
import { CHANGES, type Change, type Discovery } from "../../domain/discovery.ts";
import { RuleInput } from "../../domain/adoption-rule.ts";
import type { RuleId } from "../../kernel/ids.ts";
import { discover, discoverDaily, discoverGroup } from "../../flow/discover.ts";
import { adoptFound, adoptPreview, type Staged } from "../../flow/discovery-adopt.ts";
import { ignoreFound } from "../../flow/discovery-ignore.ts";
import { discovery, discoveryRuns, discoveryView, listed } from "../../flow/discovery-look.ts";
import { addRule, endRule, ruleList, rulePreview } from "../../flow/discovery-rules.ts";
import type { ApiDeps, Who } from "./deps.ts";
import { Done, endpoint, Id, type Endpoint } from "./endpoint.ts";
import { cut, pageOf, Paging } from "./page.ts";
import { iso, When } from "./shapes.ts";

const tag = "discovery", text = z.string(), maybe = z.string().nullable(), tell = z.boolean().nullable().openapi({ description: "null: the target did not tell" });
const DiscoveryOut = z.object({
  id: text, target: text, state: z.enum(["waiting", "running", "done", "failed"]), done: z.boolean(), trigger: z.enum(["hand", "daily"]), at: When, endedAt: When, why: maybe,
  first: z.boolean().openapi({ description: "there was no list before to compare with" }), counts: z.record(z.string(), z.int()).nullable(),
}).openapi("Discovery");
const out = (d: Discovery, target: string): z.input<typeof DiscoveryOut> => ({
  id: d.id, target, state: d.state, done: d.state === "done" || d.state === "failed", trigger: d.trigger, at: iso(d.at), endedAt: "endedAt" in d ? iso(d.endedAt) : null,
  why: d.state === "failed" ? d.why : null, first: d.state === "done" && d.first, counts: d.state === "done" ? { ...d.counts } : null,
});
const FoundOut = z.object({
  name: text, stage: z.enum(["managed", "adopting", "kept", "unmanaged", "ignored", "gone"]), account: maybe, enabled: tell, privileged: tell, lastLogin: maybe, says: z.array(text), keys: z.array(text).nullable().openapi({ description: "fingerprints of the SSH keys that let it in; null: not told" }),
  changes: z.array(z.enum(CHANGES)).openapi({ description: "between the last two whole lists" }), firstAt: When, seenAt: When, goneAt: When, ignored: maybe, rule: maybe,
  hindered: maybe.openapi({ description: "why it cannot be adopted" }), warns: z.array(text),
}).openapi("FoundAccount");
const found = ({ found: f, ours, stage, hindered, warns }: Staged): z.input<typeof FoundOut> => ({
  name: f.name, stage, account: ours?.id ?? null, enabled: f.told.enabled, privileged: f.told.privileged, lastLogin: f.told.lastLogin ?? null, says: [...f.told.says], keys: f.told.keys ? [...f.told.keys] : null, changes: [...f.changes] as Change[],
  firstAt: iso(f.firstAt), seenAt: iso(f.seenAt), goneAt: iso(f.goneAt), ignored: f.ignored?.why ?? null, rule: f.ruleSaid, hindered, warns: [...warns],
});
const Names = z.object({ names: z.array(text.min(1).max(256)).min(1).max(500) });
const of = (deps: ApiDeps, { caller }: Who, id: string) => listed(deps.flow.db, caller, id);
const Rule = z.object({ id: text, pattern: text, does: z.enum(["adopt", "ignore"]), only: z.enum(["all", "privileged", "unprivileged"]), target: maybe, group: maybe, reason: text, by: text, at: When }).openapi("AdoptionRule");
const rules = async (deps: ApiDeps, { caller }: Who): Promise<z.input<typeof Rule>[]> =>
  (await ruleList(deps.flow.db, caller)).map((r) => ({ id: r.id, pattern: r.pattern, does: r.does, only: r.only, target: r.targetName, group: r.group, reason: r.reason, by: r.byName, at: iso(r.at) }));

const listings: readonly Endpoint[] = [
  endpoint({
    method: "post", path: "/targets/{id}/discoveries", tag, summary: "Have the accounts of a target listed", says: "Nothing is changed on it. One that is under way is joined.", params: Id, answer: DiscoveryOut, status: 202,
    run: async (deps, a) => { const t = await of(deps, a, a.params.id); return out(await discovery(deps.flow.db, a.caller, await discover(deps.flow, a.caller, t.id)), t.name); },
  }),
  endpoint({
    method: "get", path: "/targets/{id}/discoveries", tag, summary: "Listings of a target, newest first", params: Id, query: Paging, answer: pageOf(DiscoveryOut),
    run: async (deps, a) => { const t = await of(deps, a, a.params.id), p = cut(await discoveryRuns(deps.flow.db, a.caller, t.id, 500), a.query, (d) => d.id); return { ...p, items: p.items.map((d) => out(d, t.name)) }; },
  }),
  endpoint({
    method: "get", path: "/discoveries/{id}", tag, summary: "One listing", params: Id, answer: DiscoveryOut,
    run: async (deps, a) => { const d = await discovery(deps.flow.db, a.caller, a.params.id); return out(d, (await of(deps, a, d.target)).name); },
  }),
  endpoint({
    method: "post", path: "/discoveries", tag, summary: "Have every target of a group listed", body: z.object({ group: text.min(1).max(80) }), status: 202,
    answer: z.object({ items: z.array(z.object({ target: text, id: maybe, why: maybe })) }), run: async (deps, a) => ({ items: await discoverGroup(deps.flow, a.caller, a.body.group) }),
  }),
  endpoint({
    method: "put", path: "/targets/{id}/daily-discovery", tag, summary: "List it again every day, or no longer", params: Id, body: z.object({ on: z.boolean() }), answer: Done,
    run: async (deps, a) => { await discoverDaily(deps.flow, a.caller, (await of(deps, a, a.params.id)).id, a.body.on); return { ok: true as const }; },
  }),
];

const accounts: readonly Endpoint[] = [
  endpoint({
    method: "get", path: "/targets/{id}/found", tag, summary: "What was found on a target", says: "The last whole list, `at` that moment; `changes` are against the one before.", params: Id, query: Paging,
    answer: pageOf(FoundOut).extend({ target: text, at: When, first: z.boolean(), daily: z.boolean(), last: DiscoveryOut.nullable() }),
    run: async (deps, a) => {
      const t = await of(deps, a, a.params.id), v = await discoveryView(deps.flow, a.caller, t.id), p = cut(v.list, a.query, (s) => s.found.name);
      return { ...p, items: p.items.map(found), target: t.name, at: iso(v.whole?.endedAt), first: v.whole?.first ?? true, daily: v.daily, last: v.last && out(v.last, t.name) };
    },
  }),
  endpoint({
    method: "post", path: "/targets/{id}/found/preview", tag, summary: "What adopting these would do", says: "Changes nothing.", params: Id, body: Names, answer: z.object({ items: z.array(FoundOut) }),
    run: async (deps, a) => ({ items: (await adoptPreview(deps.flow, a.caller, (await of(deps, a, a.params.id)).id, a.body.names)).map(found) }),
  }),
  endpoint({
    method: "post", path: "/targets/{id}/found/adopt", tag, summary: "Adopt accounts that were found", says: "Each gets a new password, twice, and is managed then. Whoever uses its present password does not get in with it any more.", params: Id, body: Names, status: 202,
    answer: z.object({ items: z.array(z.object({ name: text, account: maybe, ok: z.boolean(), said: text })) }),
    run: async (deps, a) => ({ items: await adoptFound(deps.flow, a.caller, (await of(deps, a, a.params.id)).id, a.body.names) }),
  }),
  endpoint({
    method: "post", path: "/targets/{id}/found/ignore", tag, summary: "Put accounts that were found aside, with a reason", params: Id, body: Names.extend({ reason: text.trim().min(3).max(300) }), answer: Done,
    run: async (deps, a) => { await ignoreFound(deps.flow, a.caller, (await of(deps, a, a.params.id)).id, a.body.names, a.body.reason); return { ok: true as const }; },
  }),
  endpoint({
    method: "post", path: "/targets/{id}/found/unignore", tag, summary: "Take them up again", says: "No rule speaks of them from then on.", params: Id, body: Names, answer: Done,
    run: async (deps, a) => { await ignoreFound(deps.flow, a.caller, (await of(deps, a, a.params.id)).id, a.body.names, null); return { ok: true as const }; },
  }),
];

const ruled: readonly Endpoint[] = [
  endpoint({ method: "get", path: "/adoption-rules", tag, summary: "Rules for accounts that are found", query: Paging, answer: pageOf(Rule), run: async (deps, a) => cut(await rules(deps, a), a.query, (r) => r.id) }),
  endpoint({
    method: "post", path: "/adoption-rules/preview", tag, summary: "What a rule would do with what is known today", says: "Changes nothing.", body: RuleInput, answer: z.object({ items: z.array(FoundOut.extend({ target: text })) }),
    run: async (deps, a) => ({ items: (await rulePreview(deps.flow, a.caller, a.body)).map((w) => ({ target: w.target, ...found(w.staged) })) }),
  }),
  endpoint({
    method: "post", path: "/adoption-rules", tag, summary: "Accept a rule", says: "It acts at once on what matches, and on what is found later, with your rights as they are then.", body: RuleInput, answer: Rule, status: 201,
    run: async (deps, a) => { const id = await addRule(deps.flow, a.caller, a.body); return (await rules(deps, a)).find((r) => r.id === id)!; },
  }),
  endpoint({ method: "delete", path: "/adoption-rules/{id}", tag, summary: "End a rule", says: "What it has done stays done.", params: Id, answer: Done, run: async (deps, a) => { await endRule(deps.flow, a.caller, a.params.id as RuleId); return { ok: true as const }; } }),
];
export const discoveries: readonly Endpoint[] = [...listings, ...accounts, ...ruled];
