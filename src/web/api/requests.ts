/** Requests: asked for, voted on, used, given back. Rule: `release` is the one endpoint of the API that answers with a password. */
import { z } from "@hono/zod-openapi";
import type { AccountId, RequestId, SessionId } from "../../kernel/ids.ts";
import { NEXT, AskInput, type State } from "../../domain/request.ts";
import { ask } from "../../flow/ask.ts";
import { certificate } from "../../flow/certificate.ts";
import { giveBack } from "../../flow/checkin.ts";
import { accountCard, requestCard, requestList, requestStory, waitingFor } from "../../flow/look.ts";
import { release } from "../../flow/release.ts";
import { brokenGlass, reviewRequest, toReview } from "../../flow/review.ts";
import { desktopTicket, terminalTicket } from "../../flow/ticket.ts";
import { cancelRequest, revokeRequest, vote } from "../../flow/vote.ts";
import type { ApiDeps, Who } from "./deps.ts";
import { endpoint, Id, type Endpoint } from "./endpoint.ts";
import { cut, newest, pageOf, Paging } from "./page.ts";
import { RequestDetail, requestDetail, RequestOut, requestOut } from "./request-shapes.ts";
import { EventOut, eventOut, iso, TicketOut, ticketOut, When } from "./shapes.ts";

const tag = "requests";
type Listed = Awaited<ReturnType<typeof requestList>>[number];
const out = (l: Listed) => requestOut(l.request, { account: `${l.accountName}@${l.targetName}`, requester: l.requesterName });
const detail = async (deps: ApiDeps, { caller }: Who, id: string) => requestDetail(await requestCard(deps.flow.db, caller.person, id as RequestId));

const STATES = Object.keys(NEXT) as [State, ...State[]];
const Reason = z.object({ reason: z.string().trim().max(500).default("") });
const Vote = z.object({ decision: z.enum(["approve", "deny"]), minutes: z.int().min(1).optional(), reason: z.string().trim().max(500).optional() });

const Filter = Paging.extend({
  state: z.enum(STATES).optional(),
  account: z.string().optional().openapi({ description: "root@web-1 or an id" }),
  mine: z.enum(["true", "false"]).optional(),
  waiting: z.enum(["true", "false"]).optional().openapi({ description: "only what waits for your vote" }),
  toReview: z.enum(["true", "false"]).optional().openapi({ description: "only uses that wait for your review" }),
  glass: z.enum(["true", "false"]).optional().openapi({ description: "only break-glass of others in use right now" }),
});

const list: Endpoint = endpoint({
  method: "get",
  path: "/requests",
  tag,
  summary: "Requests you may see, newest first",
  query: Filter,
  answer: pageOf(RequestOut),
  run: async ({ flow: { db } }, { caller: { person }, query }) => {
    const desk = query.waiting === "true" ? waitingFor : query.toReview === "true" ? toReview : query.glass === "true" ? brokenGlass : null;
    if (desk) {
      const p = cut(await desk(db, person), query, (l) => l.request.id);
      return { ...p, items: p.items.map(out) };
    }
    const account = query.account === undefined ? undefined : ((await accountCard(db, person, query.account)).account.id as AccountId);
    const filter = {
      ...(query.state ? { states: [query.state] } : {}),
      ...(account ? { account } : {}),
      ...(query.mine === "true" ? { requester: person.id } : {}),
    };
    const page = await newest(
      query,
      (q) => requestList(db, person, { ...filter, ...q }),
      (l) => ({ at: l.request.submittedAt, id: l.request.id }),
    );
    return { ...page, items: page.items.map(out) };
  },
});

const one: Endpoint = endpoint({
  method: "get",
  path: "/requests/{id}",
  tag,
  summary: "One request, with what you may do now",
  params: Id,
  answer: RequestDetail,
  run: (deps, a) => detail(deps, a, a.params.id),
});

const submit: Endpoint = endpoint({
  method: "post",
  path: "/requests",
  tag,
  summary: "Ask for an account",
  says: "Naming a break-glass policy breaks the glass: it is checked out in the answer. `others` says what becomes of who holds it.",
  body: AskInput,
  answer: RequestDetail,
  status: 201,
  run: async (deps, a) => detail(deps, a, await ask(deps.flow, a.caller, a.body)),
});

const cast: Endpoint = endpoint({
  method: "post",
  path: "/requests/{id}/vote",
  tag,
  summary: "Approve or deny",
  says: "`minutes` shortens. A later deny revokes.",
  params: Id,
  body: Vote,
  answer: RequestDetail,
  run: async (deps, a) => {
    const { decision, minutes, reason } = a.body;
    await vote(deps.flow, a.caller, a.params.id as RequestId, {
      decision,
      ...(minutes === undefined ? {} : { minutes }),
      ...(reason === undefined ? {} : { reason }),
    });
    return detail(deps, a, a.params.id);
  },
});

/** The verb's own sentence where somebody may not see the request at all; else the request as it is now. */
const act = (path: string, summary: string, verb: (deps: ApiDeps, a: Who, id: RequestId, reason: string) => Promise<unknown>): Endpoint =>
  endpoint({
    method: "post",
    path: `/requests/{id}/${path}`,
    tag,
    summary,
    params: Id,
    body: Reason,
    answer: RequestDetail,
    run: async (deps, a) => {
      await verb(deps, a, a.params.id as RequestId, a.body.reason);
      return detail(deps, a, a.params.id);
    },
  });

const Other = z.object({ no: z.int(), says: z.string(), password: z.string() });
const Released = z
  .object({ password: z.string(), account: z.string(), until: When, says: z.string().nullable(), others: z.array(Other) })
  .openapi("Released");
const show: Endpoint = endpoint({
  method: "post",
  path: "/requests/{id}/release",
  tag,
  summary: "Show the password",
  says: "Starts the checkout if it has not started. Each call is an exposure and an event. Not cached, not kept under an Idempotency-Key.",
  params: Id,
  answer: Released,
  secret: true,
  run: async ({ flow, doors }, { caller, params }) => {
    const released = await release(flow, caller, params.id as RequestId);
    return {
      password: doors.password(released),
      account: `${released.account}@${released.target}`,
      until: released.until.toISOString(),
      says: released.says,
      others: doors.others(released),
    };
  },
});

const story: Endpoint = endpoint({
  method: "get",
  path: "/requests/{id}/story",
  tag,
  summary: "Everything that happened to it, oldest first",
  params: Id,
  says: "What was done inside its sessions is at `/sessions/{id}/events`. `shortened`: there is more before the first of these.",
  answer: z.object({ items: z.array(EventOut), shortened: z.boolean() }),
  run: async ({ flow: { db } }, { caller, params }) => {
    const { items, shortened } = await requestStory(db, caller.person, params.id as RequestId);
    return { items: items.map(eventOut), shortened };
  },
});

const terminal: Endpoint = endpoint({
  method: "post",
  path: "/requests/{id}/terminal",
  tag,
  summary: "A ticket for a web terminal",
  params: Id,
  body: z.object({ session: z.string().max(80).optional().openapi({ description: "back into this session of yours, which lost its connection" }) }),
  answer: TicketOut,
  status: 201,
  secret: true,
  says:
    "Open a WebSocket at `socket` with the subprotocols `protocol` and `ticket.` + `ticket`. Good once, for 30 seconds, for " +
    "the login or token that asked; the session begins, and the clock with it, when the socket opens.",
  run: async ({ flow }, { caller, holder, params, body }) =>
    ticketOut(await terminalTicket(flow, caller, holder, params.id as RequestId, body.session as SessionId | undefined), "terminal"),
});

const desktop: Endpoint = endpoint({
  method: "post",
  path: "/requests/{id}/desktop",
  tag,
  summary: "A ticket for the desktop of its target",
  params: Id,
  body: z.object({ session: z.string().max(80).optional().openapi({ description: "back into this session of yours, which lost its connection" }) }),
  answer: TicketOut,
  status: 201,
  secret: true,
  says:
    "Open a WebSocket at `socket` with the subprotocols `protocol` and `ticket.` + `ticket`, and say `{\"type\":\"start\",\"width\":…,\"height\":…}` first: " +
    "what follows is Guacamole's protocol, and small JSON objects. Good once, for 30 seconds, for the login or token that asked.",
  run: async ({ flow }, { caller, holder, params, body }) =>
    ticketOut(await desktopTicket(flow, caller, holder, params.id as RequestId, body.session as SessionId | undefined), "desktop"),
});

const CertificateOut = z
  .object({
    state: z.enum(["unused", "in_use", "open", "failed", "closed"]),
    says: z.string(),
    rotation: z.string().nullable(),
    lines: z.array(z.object({ what: z.enum(["used", "new", "old", "logins"]), tone: z.enum(["ok", "bad", "open"]), says: z.string(), at: When })),
  })
  .openapi("Certificate");
const closure: Endpoint = endpoint({
  method: "get",
  path: "/requests/{id}/certificate",
  tag,
  summary: "How its use was closed: new password proven, old refused, logins ended; and what is not known",
  params: Id,
  answer: CertificateOut,
  run: async ({ flow: { db } }, { caller, params }) => {
    const c = await certificate(db, caller.person, params.id as RequestId);
    return { ...c, lines: c.lines.map((l) => ({ ...l, at: iso(l.at) })) };
  },
});

const Verdict = z.object({ verdict: z.string().trim().max(1_000) });
const review: Endpoint = endpoint({
  method: "post",
  path: "/requests/{id}/review",
  tag,
  summary: "Review somebody's past use",
  says: "By its approvers and auditors; never by who used it.",
  params: Id,
  body: Verdict,
  answer: RequestDetail,
  run: async (deps, a) => {
    await reviewRequest(deps.flow, a.caller, a.params.id as RequestId, a.body.verdict);
    return detail(deps, a, a.params.id);
  },
});

export const requests: readonly Endpoint[] = [
  list,
  one,
  submit,
  cast,
  show,
  story,
  review,
  terminal,
  desktop,
  closure,
  act("cancel", "Take your own request back", (deps, { caller }, id, reason) => cancelRequest(deps.flow, caller, id, reason)),
  act("revoke", "End somebody's access now", (deps, { caller }, id, reason) => revokeRequest(deps.flow, caller, id, reason)),
  act("give-back", "Give the account back", (deps, { caller }, id) => giveBack(deps.flow, caller, id)),
];
