/** / and /ask: what I hold, and asking for more. */
import { singleAdministrator } from "../../flow/four-eyes.ts";
import type { AccountCard } from "../../flow/look.ts";
import { accountCard, accountCards, home, requestCard } from "../../flow/look.ts";
import { ask, refuseWhereNothingIsGiven } from "../../flow/ask.ts";
import { Fault } from "../../kernel/fault.ts";
import { AskInput } from "../../domain/request.ts";
import { closedSentence, hoursText } from "../../domain/hours.ts";
import { approverNames, type Policy } from "../../domain/policy.ts";
import type { Person } from "../../domain/person.ts";
import { carriesSessions } from "../../domain/platform.ts";
import { may } from "../../domain/may.ts";
import { approversOf, openChanges } from "../../identity/directory.ts";
import { AskForm, AskSearch, type AskPolicy } from "../../../views/ask.tsx";
import { Home, OfferRows, type Offered } from "../../../views/home.tsx";
import { callerOf, param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { fields, whole, type Fields } from "../forms.ts";
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
const toConfirm = async ({ flow: { db } }: WebDeps, person: Person): Promise<number> => (may(person, "change.confirm") ? (await openChanges(db, person)).filter((o) => o.author !== person.id).length : 0);
const homePage = async (c: Ctx, deps: WebDeps) => {
  const { person } = me(c), v = await home(deps.flow.db, person);
  const alone = may(person, "person.manage") && await singleAdministrator(deps.flow.db), mine = v.mine.toSorted((a, b) => ORDER.indexOf(a.request.state) - ORDER.indexOf(b.request.state));
  const asks = may(person, "account.ask", { offered: true }), votes = person.roles.includes("approver");
  return render(c, deps, { title: "Home" }, <Home {...v} me={person.name} mine={mine} offered={v.accounts.map(offered)} asks={asks} votes={votes} alone={alone} changes={await toConfirm(deps, person)} reads={may(person, "audit.read")} />);
};

const search = async (c: Ctx, deps: WebDeps) => {
  const q = (c.req.query("q") ?? "").trim().slice(0, 100);
  const found = (await accountCards(deps.flow.db, me(c).person)).filter((a) => a.offers.length > 0 && matches(a, q)).map(offered);
  return isPartial(c) ? fragment(c, deps, <OfferRows offered={found} q={q} me={me(c).person.name} />) : render(c, deps, { title: "Ask for access" }, <AskSearch offered={found} q={q} me={me(c).person.name} />);
};

const policyView = (p: Policy, people: readonly Person[], requester: Person, now: Date): AskPolicy => ({
  id: p.id, name: p.name, preset: p.terms.preset, maxMinutes: p.terms.maxMinutes, approvals: p.terms.approvals, approvers: approverNames(p, people, requester.id),
  reasonMin: p.terms.reasonMin, ticketPattern: p.terms.ticketPattern, recordInput: p.terms.recordInput, record: p.terms.record, hours: p.terms.hours ? { text: hoursText(p.terms.hours), closed: closedSentence(p.terms.hours, now) } : null, networks: p.terms.networks, entries: p.terms.entries, commands: p.terms.commands.mode === "listed" ? "listed" : p.terms.commands.rules.length > 0 ? "rules" : "none", review: p.terms.review || p.terms.preset === "break-glass",
});
const form = async (c: Ctx, deps: WebDeps) => {
  const { person } = me(c), wantedAccount = param(c, "account");
  await refuseWhereNothingIsGiven(deps.flow.db, person, wantedAccount);
  const card = await accountCard(deps.flow.db, person, wantedAccount);
  const people = await approversOf(deps.flow.db), policies = card.offers.map((p) => policyView(p, people, person, deps.flow.clock.now())), wanted = c.req.query("policy");
  const chosen = policies.find((p) => p.id === wanted) ?? policies.find((p) => p.preset !== "break-glass") ?? policies[0];
  if (!chosen) throw new Fault("not_found", "There is no such account, or no policy lets you ask for it.");
  return render(c, deps, { title: `Ask for ${card.account.name}@${card.target.name}` }, <AskForm me={person.name} account={card.account.name} target={card.target.name} standing={card.standing} policies={policies} chosen={chosen} carries={carriesSessions(card.target)} holders={card.holds.map((h) => ({ name: h.personName, until: h.until }))} />);
};
/** A local date and time of the form, in UTC as the page says. */
const momentOf = (text: string | undefined): string | undefined => {
  if (text === undefined || text.trim() === "") return undefined;
  const at = new Date(`${text.trim()}Z`);
  if (Number.isNaN(at.getTime())) throw new Fault("invalid", "The begin of the window is not a date and time.");
  return at.toISOString();
};
/** `exactly` is asked for where no script says where the slider stands. */
const lengthOf = (f: Fields): number | undefined => whole(f["exactly"] || f["minutes"]);
const send = async (c: Ctx, deps: WebDeps) => {
  const f = await fields(c), minutes = lengthOf(f);
  const from = momentOf(f["from"]), window = from === undefined ? {} : { window: { from, to: new Date(Date.parse(from) + (minutes ?? 0) * 60_000).toISOString() } };
  const id = await ask(deps.flow, callerOf(c), AskInput.parse({ ...f, minutes, ...window }));
  const { request } = await requestCard(deps.flow.db, me(c).person, id);
  return c.redirect(`/requests/${id}?done=${request.terms.preset === "break-glass" ? "glass" : "asked"}`, 303);
};

export const HOME: readonly Route[] = [
  { method: "GET", path: "/", act: "logged_in", handle: homePage },
  { method: "GET", path: "/ask", act: "account.ask", verb: true, handle: search },
  { method: "GET", path: "/ask/:account", act: "account.ask", verb: true, handle: form },
  { method: "POST", path: "/ask", act: "account.ask", verb: true, handle: send },
];
