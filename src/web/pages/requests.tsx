/** /requests, /votes and one request: every move answers with the same card. */
import { certificateFor } from "../../flow/certificate.ts";
import { giveBack } from "../../flow/checkin.ts";
import { release } from "../../flow/release.ts";
import { requestCard, requestList, requestStory, waitingFor } from "../../flow/look.ts";
import { reviewRequest, toReview } from "../../flow/review.ts";
import { cancelRequest, revokeRequest, vote } from "../../flow/vote.ts";
import { has } from "../../domain/person.ts";
import { may } from "../../domain/may.ts";
import type { State } from "../../domain/request.ts";
import { isId, type RequestId } from "../../kernel/ids.ts";
import { Fault } from "../../kernel/fault.ts";
import { CertificatePage } from "../../../views/certificate.tsx";
import type { Done } from "../../../views/notices.ts";
import { RequestCard } from "../../../views/request-card.tsx";
import { RequestPage, Requests, RequestView, Votes, type Tab } from "../../../views/requests.tsx";
import { callerOf, param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { fields, whole, type Fields } from "../forms.ts";
import { live } from "../live.ts";
import { me } from "../login-session.ts";
import { showPassword } from "../release.tsx";
import { fragment, isPartial, render } from "../render.tsx";
import type { Route } from "../route.ts";

export const idOf = (c: Ctx): RequestId => {
  const id = param(c, "id");
  if (!isId("request", id)) throw new Fault("not_found", "No such request.");
  return id;
};
const OPEN: readonly State[] = ["pending", "approved", "checked_out"],
  PAST: readonly State[] = ["closed", "denied", "cancelled", "expired", "revoked", "reviewed"];

const list = async (c: Ctx, deps: WebDeps) => {
  const { person } = me(c),
    wanted = c.req.query("show"),
    tab: Tab = wanted === "past" || wanted === "all" ? wanted : "open";
  const found = await requestList(deps.flow.db, person, { ...(tab === "all" ? {} : { states: tab === "open" ? OPEN : PAST }), limit: 200 });
  return render(c, deps, { title: "Requests" }, <Requests list={found} me={person.name} tab={tab} sees={may(person, "request.see", {})} />);
};
const votes = async (c: Ctx, deps: WebDeps) => {
  const { person } = me(c);
  if (!has(person, "approver"))
    return render(c, deps, { title: "Votes" }, <Votes cards={[]} me={person.name} toReview={await toReview(deps.flow.db, person)} />);
  const waiting = (await waitingFor(deps.flow.db, person))
    .toSorted((a, b) => a.request.submittedAt.getTime() - b.request.submittedAt.getTime())
    .slice(0, 50);
  const cards = await Promise.all(waiting.map((l) => requestCard(deps.flow.db, person, l.request.id)));
  return render(c, deps, { title: "Votes" }, <Votes cards={cards} me={person.name} toReview={await toReview(deps.flow.db, person)} />);
};

const facts = async (c: Ctx, deps: WebDeps) => {
  const { person } = me(c),
    id = idOf(c);
  const f = await requestCard(deps.flow.db, person, id),
    story = await requestStory(deps.flow.db, person, id);
  return {
    f,
    me: person.name,
    story: story.items,
    shortened: story.shortened,
    sessions: f.sessions,
    certificate: await certificateFor(deps.flow.db, f),
  };
};
const closure = async (c: Ctx, deps: WebDeps) => {
  const id = idOf(c),
    f = await requestCard(deps.flow.db, me(c).person, id),
    { reason, ticket } = f.request.terms;
  const about = { id, account: `${f.account.name}@${f.target.name}`, requester: f.requester.name, reason, ticket };
  return render(c, deps, { title: "Closure certificate" }, <CertificatePage certificate={await certificateFor(deps.flow.db, f)} {...about} />);
};
const page = async (c: Ctx, deps: WebDeps) => render(c, deps, { title: "Request" }, <RequestPage {...await facts(c, deps)} />);
const view = async (c: Ctx, deps: WebDeps) => fragment(c, deps, <RequestView {...await facts(c, deps)} />);

type Verb = (deps: WebDeps, c: Ctx, id: RequestId, f: Fields) => Promise<unknown>;
const move = (verb: Verb, done: Done) => async (c: Ctx, deps: WebDeps) => {
  const id = idOf(c);
  await verb(deps, c, id, await fields(c));
  if (!isPartial(c)) return c.redirect(`/requests/${id}?done=${done}`, 303);
  const { person } = me(c),
    listed = /\/votes$/.test(c.req.header("hx-current-url") ?? "");
  return fragment(c, deps, <RequestCard {...await requestCard(deps.flow.db, person, id)} me={person.name} link={listed} />);
};
const approve: Verb = ({ flow }, c, id, f) => {
  const minutes = whole(f["minutes"]);
  return vote(flow, callerOf(c), id, { decision: "approve", ...(minutes === undefined ? {} : { minutes }) });
};
const deny: Verb = ({ flow }, c, id, f) => vote(flow, callerOf(c), id, { decision: "deny", reason: f["reason"] ?? "" });
const revoke: Verb = ({ flow }, c, id, f) => revokeRequest(flow, callerOf(c), id, f["reason"] ?? "");
const cancel: Verb = ({ flow }, c, id, f) => cancelRequest(flow, callerOf(c), id, f["reason"] ?? "");
const reviewed: Verb = ({ flow }, c, id, f) => reviewRequest(flow, callerOf(c), id, f["verdict"] ?? "");
const back: Verb = ({ flow }, c, id) => giveBack(flow, callerOf(c), id);
const show = async (c: Ctx, deps: WebDeps) => {
  const id = idOf(c);
  return showPassword(c, deps, id, await release(deps.flow, callerOf(c), id));
};

const at = "/requests/:id";
export const REQUESTS: readonly Route[] = [
  { method: "GET", path: "/requests", act: "request.see", verb: true, handle: list },
  { method: "GET", path: "/votes", act: "request.vote", verb: true, handle: votes },
  { method: "GET", path: at, act: "request.see", verb: true, handle: page },
  { method: "GET", path: `${at}/certificate`, act: "request.see", verb: true, handle: closure },
  { method: "GET", path: `${at}/card`, act: "request.see", verb: true, handle: view },
  {
    method: "GET",
    path: `${at}/live`,
    act: "request.see",
    verb: true,
    handle: async (c, deps) => {
      const id = idOf(c);
      await requestCard(deps.flow.db, me(c).person, id);
      return live(c, deps, id);
    },
  },
  { method: "POST", path: `${at}/approve`, act: "request.vote", verb: true, handle: move(approve, "approved") },
  { method: "POST", path: `${at}/deny`, act: "request.vote", verb: true, handle: move(deny, "denied") },
  { method: "POST", path: `${at}/revoke`, act: "request.revoke", verb: true, handle: move(revoke, "revoked") },
  { method: "POST", path: `${at}/cancel`, act: "request.cancel", verb: true, handle: move(cancel, "cancelled") },
  { method: "POST", path: `${at}/give-back`, act: "checkout.close", verb: true, handle: move(back, "given-back") },
  { method: "POST", path: `${at}/review`, act: "request.review", verb: true, handle: move(reviewed, "reviewed") },
  { method: "POST", path: `${at}/password`, act: "password.show", verb: true, handle: show },
];
