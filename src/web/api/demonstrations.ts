/** Password changes shown by hand, from which drafts of command sets are made. Rule: a line goes with placeholders where passwords are; nothing here answers with one. */
import { z } from "@hono/zod-openapi";
import { shownTranscript, transcriptText } from "../../domain/command-set/index.ts";
import { isState } from "../../domain/demonstration.ts";
import { Fault } from "../../kernel/fault.ts";
import { isId, type DemonstrationId } from "../../kernel/ids.ts";
import { accountCard } from "../../flow/look.ts";
import { allowDemonstration, askDemonstration, demonstrationCard, demonstrationList, dropDemonstration, type DemonstrationCard } from "../../flow/demonstrate.ts";
import { beginDemonstration, finishDemonstration, sayLine } from "../../flow/demonstrate-hands.ts";
import { play } from "../../flow/recordings.ts";
import type { ApiDeps, Who } from "./deps.ts";
import { endpoint, Id, raw, type Endpoint } from "./endpoint.ts";
import { cut, pageOf, Paging } from "./page.ts";
import { iso, When } from "./shapes.ts";

const tag = "command sets", text = z.string(), maybe = z.string().nullable();
const Line = z.object({
  id: text, state: z.enum(["asked", "approved", "open", "over", "dropped"]), target: text, account: text, login: text.openapi({ description: "who logs in" }), reason: text, by: text, at: When, allowedBy: maybe, until: When, endedAt: When, why: maybe,
}).openapi("RecordedChange");
const Whole = z.object({
  ...Line.shape, over: maybe, said: z.array(z.object({ by: z.enum(["broker", "device"]), text })).openapi({ description: "without passwords" }), transcript: text,
  password: z.object({ state: text, why: maybe }).nullable().openapi({ description: "what became of the new password: committed, refused, or still being settled" }),
  draft: maybe.openapi({ description: "YAML, to be looked at and proposed; when it is over" }), noDraft: maybe, unsure: z.array(text),
}).openapi("RecordedChangeWhole");
const line = ({ d, target, account, login, byName, approvedBy }: DemonstrationCard): z.input<typeof Line> => ({
  id: d.id, state: d.state, target: target.name, account: `${account.name}@${target.name}`, login: login.name, reason: d.reason, by: byName, at: iso(d.at), allowedBy: approvedBy,
  until: "until" in d ? iso(d.until) : null, endedAt: "endedAt" in d ? iso(d.endedAt) : null, why: "why" in d ? d.why : null,
});
const whole = (c: DemonstrationCard): z.input<typeof Whole> => {
  const { d, inferred: i, rotation: r } = c, said = isState(d, "open") || isState(d, "over") ? shownTranscript(d.said) : [];
  return {
    ...line(c), over: "over" in d ? d.over : null, said: said.map((s) => ({ ...s })), transcript: transcriptText(said), password: r && { state: r.state, why: r.why },
    draft: i && "draft" in i ? i.draft : null, noDraft: i && "why" in i ? i.why : null, unsure: [...i?.unsure ?? []],
  };
};
const idOf = (id: string): DemonstrationId => { if (isId("demonstration", id)) return id; throw new Fault("not_found", "No such recorded change."); };
const shown = async ({ flow: { db } }: ApiDeps, { caller }: Who, id: string): Promise<z.input<typeof Whole>> => whole(await demonstrationCard(db, caller, idOf(id)));

const Ask = z.object({
  account: z.string().min(1).max(300).openapi({ description: "whose password is changed; not managed yet" }), administrative: z.boolean().default(false).openapi({ description: "the target's administrative account logs in, not the account itself" }),
  reason: z.string().min(3).max(300),
});
const Say = z.object({
  line: z.string().max(400).nullable().openapi({ description: "with {{new}}, {{present}}, {{account}} and {{user}}; null: only listen" }), enter: z.boolean().default(true),
});
const Drop = z.object({ reason: z.string().max(300).default("") });
const move = (verb: string, summary: string, says: string, work: (deps: ApiDeps, a: Who, id: DemonstrationId) => Promise<void>): Endpoint => endpoint({
  method: "post", path: `/demonstrations/{id}/${verb}`, tag, summary, says, params: Id, answer: Whole,
  run: async (deps, a) => { await work(deps, a, idOf(a.params.id)); return shown(deps, a, a.params.id); },
});

export const demonstrations: readonly Endpoint[] = [
  endpoint({
    method: "get", path: "/demonstrations", tag, summary: "Changes recorded by hand, newest first", query: Paging, answer: pageOf(Line),
    run: async ({ flow: { db } }, { caller, query }) => { const p = cut(await demonstrationList(db, caller), query, (c) => c.d.id); return { ...p, items: p.items.map(line) }; },
  }),
  endpoint({
    method: "post", path: "/demonstrations", tag, summary: "Ask to record a password change by hand", says: "Another admin lets you; then begin it within eight hours.", body: Ask, answer: Whole, status: 201,
    run: async (deps, a) => {
      const { account } = await accountCard(deps.flow.db, a.caller.person, a.body.account);
      return shown(deps, a, await askDemonstration(deps.flow, a.caller, { account: account.id, administrative: a.body.administrative, reason: a.body.reason }));
    },
  }),
  endpoint({ method: "get", path: "/demonstrations/{id}", tag, summary: "One with its transcript, and its draft when it is over", params: Id, answer: Whole, run: (deps, a) => shown(deps, a, a.params.id) }),
  raw({
    method: "get", path: "/demonstrations/{id}/cast", tag, summary: "Its recording as asciicast v2", type: "application/x-asciicast", params: Id,
    says: "For auditors, as with sessions. `Recording-Complete: false` where it ends early or its chain is broken.",
    raw: async ({ flow }, { caller, params }, c) => {
      const id = idOf(params.id), { cast, verdict } = await play(flow, flow.recordings, caller, id);
      return c.body(cast, 200, { "Content-Type": "application/x-asciicast", "Recording-Complete": String(verdict.complete), "Content-Disposition": `attachment; filename="${id}.cast"` });
    },
  }),
  move("allow", "Let somebody record a change", "Never oneself, where there is another admin.", ({ flow }, { caller }, id) => allowDemonstration(flow, caller, id)),
  move("begin", "Begin it", "A new password is made, sealed and in the journal before the device is dialled.", ({ flow }, { caller }, id) => beginDemonstration(flow, caller, id)),
  move("finish", "End it", "The device is asked which password is in force.", ({ flow }, { caller }, id) => finishDemonstration(flow, caller, id)),
  endpoint({
    method: "post", path: "/demonstrations/{id}/drop", tag, summary: "Take it back, or deny it", params: Id, body: Drop, answer: Whole,
    run: async (deps, a) => { await dropDemonstration(deps.flow, a.caller, idOf(a.params.id), a.body.reason); return shown(deps, a, a.params.id); },
  }),
  endpoint({
    method: "post", path: "/demonstrations/{id}/lines", tag, summary: "One line to the device, and its answer", params: Id, body: Say, answer: Whole,
    run: async (deps, a) => { await sayLine(deps.flow, a.caller, idOf(a.params.id), a.body.line, a.body.enter); return shown(deps, a, a.params.id); },
  }),
];
