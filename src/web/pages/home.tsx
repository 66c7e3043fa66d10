/** / and /ask: what I hold, and asking for more. */
import { singleAdministrator } from "../../flow/four-eyes.ts";
import type { AccountCard } from "../../flow/look.ts";
import { accountCard, accountCards, home } from "../../flow/look.ts";
import { ask } from "../../flow/ask.ts";
import { Fault } from "../../kernel/fault.ts";
import { AskInput } from "../../domain/request.ts";
import { approverNames, type Policy } from "../../domain/policy.ts";
import type { Person } from "../../domain/person.ts";
import { may } from "../../domain/may.ts";
import { approversOf } from "../../identity/directory.ts";
import { AskForm, AskSearch, type AskPolicy } from "../../../views/ask.tsx";
import { Home, OfferRows, type Offered } from "../../../views/home.tsx";
import { callerOf, param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { fields, whole } from "../forms.ts";
import { me } from "../login-session.ts";
import { fragment, isPartial, render } from "../render.tsx";
import type { Route } from "../route.ts";

const offered = (c: AccountCard): Offered => ({
  name: c.account.name, target: c.target.name, platform: c.target.platform, standing: c.standing, policies: c.offers.map((p) => ({ name: p.name, preset: p.terms.preset, maxMinutes: p.terms.maxMinutes })),
});
const matches = (c: AccountCard, q: string): boolean => {
  const text = `${c.account.name}@${c.target.name} ${c.target.platform} ${c.target.tags.join(" ")} ${c.target.host}`.toLowerCase();
  return q.toLowerCase().split(/\s+/).every((word) => text.includes(word));
};

/** What can be used right now stands first. */
const ORDER: readonly string[] = ["checked_out", "approved", "pending"];
const homePage = async (c: Ctx, deps: WebDeps) => {
  const { person } = me(c), v = await home(deps.flow.db, person);
  return render(c, deps, { title: "Home" }, <Home me={person.name} mine={v.mine.toSorted((a, b) => ORDER.indexOf(a.request.state) - ORDER.indexOf(b.request.state))} waiting={v.waiting} offered={v.accounts.map(offered)} recent={v.recent} asks={may(person, "account.ask", { offered: true })} votes={person.roles.includes("approver")} alone={may(person, "person.manage") && await singleAdministrator(deps.flow.db)} />);
};

const search = async (c: Ctx, deps: WebDeps) => {
  const q = (c.req.query("q") ?? "").trim().slice(0, 100);
  const found = (await accountCards(deps.flow.db, me(c).person)).filter((a) => a.offers.length > 0 && matches(a, q)).map(offered);
  return isPartial(c) ? fragment(c, deps, <OfferRows offered={found} q={q} />) : render(c, deps, { title: "Ask for access" }, <AskSearch offered={found} q={q} />);
};

const policyView = (p: Policy, people: readonly Person[], requester: Person): AskPolicy => ({
  id: p.id, name: p.name, preset: p.terms.preset, maxMinutes: p.terms.maxMinutes, approvals: p.terms.approvals, approvers: approverNames(p, people, requester.id),
  reasonMin: p.terms.reasonMin, ticketPattern: p.terms.ticketPattern, recordInput: p.terms.recordInput,
});
const form = async (c: Ctx, deps: WebDeps) => {
  const { person } = me(c), card = await accountCard(deps.flow.db, person, param(c, "account"));
  const people = await approversOf(deps.flow.db), policies = card.offers.map((p) => policyView(p, people, person)), wanted = c.req.query("policy");
  const chosen = policies.find((p) => p.id === wanted) ?? policies[0];
  if (!chosen) throw new Fault("not_found", "There is no such account, or no policy lets you ask for it.");
  return render(c, deps, { title: `Ask for ${card.account.name}@${card.target.name}` }, <AskForm account={card.account.name} target={card.target.name} standing={card.standing} policies={policies} chosen={chosen} />);
};
const send = async (c: Ctx, deps: WebDeps) => {
  const f = await fields(c);
  const id = await ask(deps.flow, callerOf(c), AskInput.parse({ ...f, minutes: whole(f["minutes"]) }));
  return c.redirect(`/requests/${id}?done=asked`, 303);
};

export const HOME: readonly Route[] = [
  { method: "GET", path: "/", act: "logged_in", handle: homePage },
  { method: "GET", path: "/ask", act: "account.ask", verb: true, handle: search },
  { method: "GET", path: "/ask/:account", act: "account.ask", verb: true, handle: form },
  { method: "POST", path: "/ask", act: "account.ask", verb: true, handle: send },
];
