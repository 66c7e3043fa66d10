/** Sessions: listed, played back, ended. Rule: a recording leaves only through flow's `play`, which masks passwords and writes the event. */
import { z } from "@hono/zod-openapi";
import { Fault } from "../../kernel/fault.ts";
import type { RequestId, SessionId } from "../../kernel/ids.ts";
import { session, sessionList } from "../../flow/look.ts";
import { play } from "../../flow/recordings.ts";
import { endSession } from "../../flow/session.ts";
import { watchTicket } from "../../flow/watch.ts";
import { endpoint, Id, raw, type Endpoint } from "./endpoint.ts";
import { newest, pageOf, Paging } from "./page.ts";
import { SessionOut, sessionOut } from "./request-shapes.ts";
import { TicketOut, ticketOut } from "./shapes.ts";

const tag = "sessions";
const Filter = Paging.extend({ live: z.enum(["true", "false"]).optional(), request: z.string().optional() });

export const sessions: readonly Endpoint[] = [
  endpoint({
    method: "get", path: "/sessions", tag, summary: "Sessions you may see, newest first", query: Filter, answer: pageOf(SessionOut),
    run: async ({ flow: { db } }, { caller, query }) => {
      const filter = { ...(query.live === "true" ? { live: true } : {}), ...(query.request ? { request: query.request as RequestId } : {}) };
      const page = await newest(query, (q) => sessionList(db, caller.person, { ...filter, ...q }), (l) => ({ at: l.session.openedAt, id: l.session.id }));
      return { ...page, items: page.items.map(sessionOut) };
    },
  }),
  endpoint({ method: "get", path: "/sessions/{id}", tag, summary: "One session", params: Id, answer: SessionOut, run: async (deps, a) => sessionOut(await session(deps.flow.db, a.caller.person, a.params.id as SessionId)) }),
  raw({
    method: "get", path: "/sessions/{id}/cast", tag, summary: "The recording as asciicast v2", says: "For auditors. `Recording-Complete: false` where the recording ends early or its chain is broken.", type: "application/x-asciicast",
    params: Id, query: z.object({ channel: z.coerce.number().int().min(0).optional() }),
    raw: async ({ flow, recordings }, { caller, params, query }, c) => {
      if (recordings === null) throw new Fault("unavailable", "No recordings are kept at this broker.");
      const { cast, verdict } = await play(flow, recordings, caller, params.id as SessionId, query.channel);
      return c.body(cast, 200, { "Content-Type": "application/x-asciicast", "Recording-Complete": String(verdict.complete), "Content-Disposition": `attachment; filename="${params.id.replace(/[^\w]/g, "")}.cast"` });
    },
  }),
  endpoint({
    method: "post", path: "/sessions/{id}/watch", tag, summary: "A ticket to watch a live session", params: Id, answer: TicketOut, status: 201, secret: true,
    says: "For auditors. Open a WebSocket at `socket` with the subprotocols `protocol` and `ticket.` + `ticket`; what you send is not read. Beginning and end of watching are in the audit log.",
    run: async ({ flow }, { caller, holder, params }) => ticketOut(await watchTicket(flow, caller, holder, params.id as SessionId), "watch"),
  }),
  endpoint({
    method: "post", path: "/sessions/{id}/end", tag, summary: "Cut a live session", params: Id, body: z.object({ reason: z.string().trim().max(500).default("") }), answer: SessionOut,
    run: async (deps, a) => {
      await endSession(deps.flow, a.caller, a.params.id as SessionId, a.body.reason);
      return sessionOut(await session(deps.flow.db, a.caller.person, a.params.id as SessionId));
    },
  }),
];
