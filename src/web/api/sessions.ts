/** Sessions: listed, played back, ended. Rule: a recording leaves only through flow's `play`, which masks passwords and writes the event. */
import { z } from "@hono/zod-openapi";
import { Fault } from "../../kernel/fault.ts";
import { isId, type RequestId, type SessionId } from "../../kernel/ids.ts";
import { ENDED_WHY, PROTOCOLS } from "../../domain/session.ts";
import { session, sessionCoverage, sessionEvents, sessionList } from "../../flow/look.ts";
import { playDesktop } from "../../flow/desktop-play.ts";
import { KINDS, play, rawRecording, readTranscript, type Kind } from "../../flow/recordings.ts";
import { searchSessions } from "../../flow/session-search.ts";
import { filterOf, type SessionAsk } from "../../flow/session-filter.ts";
import { endSession } from "../../flow/session.ts";
import { watchTicket } from "../../flow/watch.ts";
import { endpoint, Id, raw, type Endpoint } from "./endpoint.ts";
import { newest, onward, pageOf, Paging, read, write } from "./page.ts";
import { SessionDetail, sessionDetail, SessionOut, sessionOut } from "./request-shapes.ts";
import { EventOut, eventOut, TicketOut, ticketOut } from "./shapes.ts";

const tag = "sessions";
const flag = z.enum(["true", "false"]).optional(),
  Moment = z.iso.datetime().transform((t) => new Date(t)),
  name = z.string().max(300).optional();
const Facts = z.object({
  person: name.openapi({ description: "login name or id" }),
  account: name.openapi({ description: "root@web-1 or an id" }),
  target: name,
  why: z.enum(ENDED_WHY).optional(),
  protocol: z.enum(PROTOCOLS).optional(),
  from: Moment.optional(),
  to: Moment.optional(),
  marked: flag.openapi({ description: "a command rule marked it" }),
  gaps: flag.openapi({ description: "its recording ends early or was recovered" }),
});
const Filter = Paging.extend(Facts.shape).extend({ live: flag, request: z.string().optional() });
const askOf = ({ marked, gaps, ...f }: z.output<typeof Facts>): SessionAsk => ({
  ...Object.fromEntries(Object.entries(f).filter(([, v]) => v !== undefined)),
  ...(marked === "true" ? { marked: true } : {}),
  ...(gaps === "true" ? { gaps: true } : {}),
});
const dirOf = (recordings: string | null): string => {
  if (recordings === null) throw new Fault("unavailable", "No recordings are kept at this broker.");
  return recordings;
};

const HitOut = z
  .object({ session: SessionOut, channel: z.int(), ms: z.int(), kind: z.enum(KINDS), text: z.string(), hits: z.array(z.string()) })
  .openapi("SessionHit");
const search: Endpoint = endpoint({
  method: "get",
  path: "/sessions/search",
  tag,
  summary: "Whole words in commands, typed and printed text of ended sessions",
  says:
    'For auditors; an event of its own, without the words. "In quotes" words stand next to each other. `ms` counts from the ' +
    'opening of the channel.',
  query: Paging.extend(Facts.shape).extend({ text: z.string().min(1).max(200), kind: z.enum(KINDS).optional() }),
  answer: pageOf(HitOut).extend({ notIndexed: z.int(), shortened: z.int(), unreadable: z.int() }),
  run: async ({ flow }, { caller, query: { text, kind, limit, cursor, ...facts } }) => {
    const filter = await filterOf(flow.db, askOf(facts)),
      after = read(cursor);
    const a = await searchSessions(flow, caller, {
      text,
      filter: filter ?? {},
      limit: Math.min(limit, 100),
      ...(kind ? { kind } : {}),
      ...(after ? { before: Number(after[0]) } : {}),
    });
    const items = (filter === null ? [] : a.hits).map((h) => ({
      session: sessionOut(h),
      channel: h.channel,
      ms: h.at,
      kind: h.kind as Kind,
      text: h.parts.map((p) => p.text).join(""),
      hits: h.parts.filter((p) => p.hit).map((p) => p.text),
    }));
    return {
      items,
      next: a.next === null ? null : write([a.next, ""]),
      notIndexed: a.progress.left,
      shortened: a.progress.shortened,
      unreadable: a.progress.unreadable,
    };
  },
});

const RowOut = z.object({ channel: z.int(), ms: z.int(), kind: z.enum(KINDS), text: z.string() });
const transcript: Endpoint = endpoint({
  method: "get",
  path: "/sessions/{id}/transcript",
  tag,
  summary: "What was said in a session, as text",
  says:
    "For auditors; passwords of the account are masked; typed text only as far as it was echoed. Commands of a free shell are " +
    "found by its prompt, best effort.",
  params: Id,
  answer: z
    .object({
      complete: z.boolean(),
      shortened: z.boolean(),
      channels: z.array(z.object({ no: z.int(), kind: z.string(), command: z.string().nullable() })),
      rows: z.array(RowOut),
    })
    .openapi("Transcript"),
  run: async ({ flow, recordings }, { caller, params }) => {
    const t = await readTranscript(flow, dirOf(recordings), caller, params.id as SessionId);
    return {
      complete: t.verdict.complete,
      shortened: t.shortened,
      channels: [...t.channels],
      rows: t.rows.map(({ at, ...r }) => ({ ...r, ms: at })),
    };
  },
});
const events: Endpoint = endpoint({
  method: "get",
  path: "/sessions/{id}/events",
  tag,
  summary: "What the session process reported: channels, commands, files, forwards, refusals",
  says: "Oldest first.",
  params: Id,
  query: Paging,
  answer: pageOf(EventOut),
  run: async ({ flow: { db } }, { caller, params, query }) => {
    const page = await onward(
      query,
      (q) => sessionEvents(db, caller.person, params.id as SessionId, q),
      (e) => e.row,
    );
    return { ...page, items: page.items.map(eventOut) };
  },
});
const rawFrames: Endpoint = raw({
  method: "post",
  path: "/sessions/{id}/raw",
  tag,
  summary: "Every frame of the recording as JSON lines, data in base64",
  says: "For auditors, with a reason; an event of its own. Passwords still in force are asterisks, earlier ones stand in it.",
  type: "application/x-ndjson",
  params: Id,
  query: z.object({ reason: z.string().trim().min(1).max(300) }),
  raw: async ({ flow, recordings }, { caller, params, query }, c) =>
    c.body(`${(await rawRecording(flow, dirOf(recordings), caller, params.id as SessionId, query.reason)).join("\n")}\n`, 200, {
      "Content-Type": "application/x-ndjson",
    }),
});

export const sessions: readonly Endpoint[] = [
  endpoint({
    method: "get",
    path: "/sessions",
    tag,
    summary: "Sessions you may see, newest first",
    query: Filter,
    answer: pageOf(SessionOut),
    run: async ({ flow: { db } }, { caller, query }) => {
      const { limit: _limit, cursor: _cursor, live, request, ...facts } = query,
        asked = await filterOf(db, askOf(facts));
      if (asked === null) return { items: [], next: null };
      const filter = { ...asked, ...(live === "true" ? { live: true } : {}), ...(request ? { request: request as RequestId } : {}) };
      const page = await newest(
        query,
        (q) => sessionList(db, caller.person, { ...filter, ...q }),
        (l) => ({ at: l.session.openedAt, id: l.session.id }),
      );
      return { ...page, items: page.items.map(sessionOut) };
    },
  }),
  search,
  transcript,
  events,
  rawFrames,
  endpoint({
    method: "get",
    path: "/sessions/{id}",
    tag,
    summary: "One session, with its coverage ledger once it has ended",
    params: Id,
    answer: SessionDetail,
    run: async ({ flow: { db } }, { caller: { person }, params }) => {
      const id = params.id as SessionId;
      return sessionDetail(await session(db, person, id), await sessionCoverage(db, person, id));
    },
  }),
  raw({
    method: "get",
    path: "/sessions/{id}/desktop",
    tag,
    summary: "The recording of a desktop as Guacamole's own stream",
    says: "For auditors. Nothing in a picture is masked; what was typed is no part of it, the transcript has it. `Recording-Complete: false` where the recording ends early or its chain is broken.",
    type: "text/plain",
    params: Id,
    raw: async ({ flow, recordings }, { caller, params }, c) => {
      const { stream, verdict } = await playDesktop(flow, dirOf(recordings), caller, params.id as SessionId);
      return c.body(new Uint8Array(stream), 200, { "Content-Type": "text/plain; charset=utf-8", "Recording-Complete": String(verdict.complete) });
    },
  }),
  raw({
    method: "get",
    path: "/sessions/{id}/cast",
    tag,
    summary: "The recording as asciicast v2",
    says: "For auditors. `Recording-Complete: false` where the recording ends early or its chain is broken.",
    type: "application/x-asciicast",
    params: Id,
    query: z.object({ channel: z.coerce.number().int().min(0).optional() }),
    raw: async ({ flow, recordings }, { caller, params, query }, c) => {
      if (!isId("session", params.id)) throw new Fault("not_found", "No such session.");
      const { cast, verdict } = await play(flow, dirOf(recordings), caller, params.id, query.channel);
      return c.body(cast, 200, {
        "Content-Type": "application/x-asciicast",
        "Recording-Complete": String(verdict.complete),
        "Content-Disposition": `attachment; filename="${params.id.replace(/[^\w]/g, "")}.cast"`,
      });
    },
  }),
  endpoint({
    method: "post",
    path: "/sessions/{id}/watch",
    tag,
    summary: "A ticket to watch a live session",
    params: Id,
    answer: TicketOut,
    status: 201,
    secret: true,
    says:
      "For auditors. Open a WebSocket at `socket` with the subprotocols `protocol` and `ticket.` + `ticket`; what you send is " +
      "not read. Of a terminal come pieces, each a small JSON object before its bytes; of a desktop Guacamole's own instructions, and " +
      '`{"type":"again"}` before each whole picture. Beginning and end of watching are in the audit log.',
    run: async ({ flow }, { caller, holder, params }) => ticketOut(await watchTicket(flow, caller, holder, params.id as SessionId), "watch"),
  }),
  endpoint({
    method: "post",
    path: "/sessions/{id}/end",
    tag,
    summary: "Cut a live session",
    emergency: true,
    params: Id,
    body: z.object({ reason: z.string().trim().max(500).default("") }),
    answer: SessionOut,
    run: async (deps, a) => {
      await endSession(deps.flow, a.caller, a.params.id as SessionId, a.body.reason);
      return sessionOut(await session(deps.flow.db, a.caller.person, a.params.id as SessionId));
    },
  }),
];
