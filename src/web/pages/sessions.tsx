/** /sessions: live and past, filtered, ending one. What was said in them: recordings.tsx. */
import { sessionCoverage, sessionEvents, sessionList, sessionUnread, session } from "../../flow/look.ts";
import { filterOf, type SessionAsk } from "../../flow/session-filter.ts";
import { indexProgress } from "../../flow/session-search.ts";
import { endSession } from "../../flow/session.ts";
import { percent } from "../../domain/ledger.ts";
import { may } from "../../domain/may.ts";
import { isDesktop } from "../../domain/session.ts";
import { isId, type SessionId } from "../../kernel/ids.ts";
import { Fault } from "../../kernel/fault.ts";
import { SessionPage, Sessions } from "../../../views/sessions.tsx";
import type { SessionQuery } from "../../../views/session-search.tsx";
import { WatchPage } from "../../../views/watch.tsx";
import { callerOf, param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { day, fields, whole } from "../forms.ts";
import { me } from "../login-session.ts";
import { render } from "../render.tsx";
import type { Route } from "../route.ts";

export const idOf = (c: Ctx): SessionId => {
  const id = param(c, "id");
  if (!isId("session", id)) throw new Fault("not_found", "No such session.");
  return id;
};
export const queryOf = (get: (name: string) => string | undefined): SessionQuery => {
  const text = (name: string): string => (get(name) ?? "").trim().slice(0, 300);
  return {
    person: text("person"),
    account: text("account"),
    target: text("target"),
    why: text("why"),
    protocol: text("protocol"),
    from: text("from"),
    to: text("to"),
    marked: text("marked") === "1",
    gaps: text("gaps") === "1",
  };
};
export const askOf = (q: SessionQuery): SessionAsk => {
  const from = day(q.from),
    to = day(q.to, 1),
    words = Object.fromEntries(
      Object.entries({ person: q.person, account: q.account, target: q.target, why: q.why, protocol: q.protocol }).filter(([, v]) => v !== ""),
    );
  return { ...words, ...(from ? { from } : {}), ...(to ? { to } : {}), ...(q.marked ? { marked: true } : {}), ...(q.gaps ? { gaps: true } : {}) };
};

const list = async (c: Ctx, deps: WebDeps) => {
  const { person } = me(c),
    live = c.req.query("live") === "1",
    q = queryOf((name) => c.req.query(name)),
    { db } = deps.flow,
    filter = await filterOf(db, askOf(q)),
    plays = may(person, "session.play");
  const found = filter === null ? [] : await sessionList(db, person, { ...filter, ...(live ? { live: true } : {}), limit: 200 });
  return render(
    c,
    deps,
    { title: "Sessions", wide: true },
    <Sessions
      list={found}
      plays={plays}
      watches={may(person, "session.watch")}
      live={live}
      q={q}
      progress={plays ? await indexProgress(deps.flow) : null}
    />,
  );
};
/** Of what happened in it. */
const PAGE = 500;
const page = async (c: Ctx, deps: WebDeps) => {
  const { person } = me(c),
    id = idOf(c),
    s = await session(deps.flow.db, person, id),
    found = await sessionCoverage(deps.flow.db, person, id),
    after = whole(c.req.query("after")) ?? 0,
    events = await sessionEvents(deps.flow.db, person, id, { after, limit: PAGE + 1 });
  const can = {
    end: may(person, "session.end", { requester: s.session.person }),
    play: may(person, "session.play") && deps.recordings !== null,
    watch: may(person, "session.watch"),
  };
  return render(
    c,
    deps,
    { title: "Session" },
    <SessionPage
      {...s}
      can={can}
      unread={await sessionUnread(deps.flow.db, person, id)}
      covered={found && { ...found, percent: percent(found.coverage.score) }}
      events={events.slice(0, PAGE)}
      turn={{ first: after === 0, next: events.length > PAGE ? events[PAGE - 1]!.row : null }}
    />,
  );
};
/** Fetching the page watches nothing; its script asks for a ticket. */
const watch = async (c: Ctx, deps: WebDeps) => {
  const s = await session(deps.flow.db, me(c).person, idOf(c));
  if (s.session.state === "ended") return c.redirect(`/sessions/${s.session.id}`, 303);
  const facts = { session: s.session.id, account: s.accountName, target: s.targetName, person: s.personName, request: s.session.request, desktop: isDesktop(s.session) };
  return render(c, deps, { title: `Watching ${s.accountName}@${s.targetName}`, wide: true }, <WatchPage {...facts} />);
};
const end = async (c: Ctx, deps: WebDeps) => {
  const id = idOf(c);
  await endSession(deps.flow, callerOf(c), id, (await fields(c))["reason"] ?? "");
  return c.redirect(`/sessions/${id}?done=ended`, 303);
};

export const SESSIONS: readonly Route[] = [
  { method: "GET", path: "/sessions", act: "session.list", verb: true, handle: list },
  { method: "GET", path: "/sessions/:id", act: "session.list", verb: true, handle: page },
  { method: "GET", path: "/sessions/:id/watch", act: "session.watch", handle: watch },
  { method: "POST", path: "/sessions/:id/end", act: "session.end", verb: true, emergency: true, handle: end },
];
