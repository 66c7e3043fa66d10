/** /sessions: live and past, ending one, playing one back. */
import { sessionList, session } from "../../flow/look.ts";
import { play } from "../../flow/recordings.ts";
import { endSession } from "../../flow/session.ts";
import { may } from "../../domain/may.ts";
import { isId, type SessionId } from "../../kernel/ids.ts";
import { Fault } from "../../kernel/fault.ts";
import { PlayPage, SessionPage, Sessions } from "../../../views/sessions.tsx";
import { WatchPage } from "../../../views/watch.tsx";
import { callerOf, param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { fields } from "../forms.ts";
import { me } from "../login-session.ts";
import { render } from "../render.tsx";
import type { Route } from "../route.ts";
import { contentPolicy } from "../security.ts";

const idOf = (c: Ctx): SessionId => {
  const id = param(c, "id");
  if (!isId("session", id)) throw new Fault("not_found", "No such session.");
  return id;
};
const list = async (c: Ctx, deps: WebDeps) => {
  const { person } = me(c), live = c.req.query("live") === "1";
  return render(c, deps, { title: "Sessions", wide: true }, <Sessions list={await sessionList(deps.flow.db, person, { ...(live ? { live: true } : {}), limit: 200 })} plays={may(person, "session.play")} watches={may(person, "session.watch")} live={live} />);
};
const page = async (c: Ctx, deps: WebDeps) => {
  const { person } = me(c), s = await session(deps.flow.db, person, idOf(c));
  return render(c, deps, { title: "Session" }, <SessionPage {...s} can={{ end: may(person, "session.end", { requester: s.session.person }), play: may(person, "session.play") && deps.recordings !== null, watch: may(person, "session.watch") }} />);
};
const player = async (c: Ctx, deps: WebDeps) => {
  const s = await session(deps.flow.db, me(c).person, idOf(c));
  c.header("Content-Security-Policy", contentPolicy(c.get("nonce"), true));
  return render(c, deps, { title: "Recording", wide: true }, <PlayPage {...s} />);
};
/** Fetching the page watches nothing; its script asks for a ticket. */
const watch = async (c: Ctx, deps: WebDeps) => {
  const s = await session(deps.flow.db, me(c).person, idOf(c));
  if (s.session.state === "ended") return c.redirect(`/sessions/${s.session.id}`, 303);
  return render(c, deps, { title: `Watching ${s.accountName}@${s.targetName}`, wide: true }, <WatchPage session={s.session.id} account={s.accountName} target={s.targetName} person={s.personName} request={s.session.request} />);
};
/** A POST, because watching is written to the log. */
const cast = async (c: Ctx, deps: WebDeps) => {
  if (deps.recordings === null) throw new Fault("unavailable", "The recordings do not lie on this node.");
  const id = idOf(c), channel = Number((await fields(c))["channel"]), found = await play(deps.flow, deps.recordings, callerOf(c), id, Number.isSafeInteger(channel) && channel > 0 ? channel : undefined);
  return c.body(found.cast, 200, { "Content-Type": "application/x-asciicast", "Content-Disposition": `attachment; filename="${id}.cast"` });
};
const end = async (c: Ctx, deps: WebDeps) => {
  const id = idOf(c);
  await endSession(deps.flow, callerOf(c), id, (await fields(c))["reason"] ?? "");
  return c.redirect(`/sessions/${id}?done=ended`, 303);
};

export const SESSIONS: readonly Route[] = [
  { method: "GET", path: "/sessions", act: "session.list", verb: true, handle: list },
  { method: "GET", path: "/sessions/:id", act: "session.list", verb: true, handle: page },
  { method: "GET", path: "/sessions/:id/play", act: "session.play", handle: player },
  { method: "GET", path: "/sessions/:id/watch", act: "session.watch", handle: watch },
  { method: "POST", path: "/sessions/:id/cast", act: "session.play", handle: cast },
  { method: "POST", path: "/sessions/:id/end", act: "session.end", verb: true, handle: end },
];
