/** /accounts: the table, one account, and what its managers do to it. */
import { changeAccount, declarePassword } from "../../flow/account-change.ts";
import { adopt, managedBy, rotateNow, setBlock } from "../../flow/accounts.ts";
import { finder } from "../../flow/choose.ts";
import { collectionList } from "../../flow/collections.ts";
import { accountCard, accountCards, accountHistory, type AccountCard } from "../../flow/look.ts";
import { passwordPolicyList } from "../../flow/password-policies.ts";
import { verify } from "../../flow/verify.ts";
import { may } from "../../domain/may.ts";
import { inWords } from "../../domain/password-policy.ts";
import { hasKeys } from "../../domain/platform.ts";
import { isId, type AccountId } from "../../kernel/ids.ts";
import { Fault } from "../../kernel/fault.ts";
import { directory } from "../../identity/directory.ts";
import { AccountPage } from "../../../views/account.tsx";
import { AccountEdit } from "../../../views/account-edit.tsx";
import type { History } from "../../../views/account-history.tsx";
import { Accounts } from "../../../views/accounts.tsx";
import type { Done } from "../../../views/notices.ts";
import { callerOf, param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { fields, secretField, words } from "../forms.ts";
import { me } from "../login-session.ts";
import { render } from "../render.tsx";
import { dependentsView } from "./dependents.tsx";
import type { Route } from "../route.ts";

const idOf = (c: Ctx): AccountId => {
  const id = param(c, "id");
  if (!isId("account", id)) throw new Fault("not_found", "There is no such account, or no policy lets you ask for it.");
  return id;
};
type Found = { readonly cards: AccountCard[]; readonly groupsOf: (c: AccountCard) => string[]; readonly all: AccountCard[] };
/** The accounts this person may see that the search finds. */
export const find = async (c: Ctx, deps: WebDeps, q: string): Promise<Found> => {
  const all = await accountCards(deps.flow.db, me(c).person), groups = await collectionList(deps.flow.db, callerOf(c)), found = finder(q);
  const groupsOf = (a: AccountCard) => groups.filter((g) => g.members.some((m) => m === a.account.id || m === a.target.id)).map((g) => g.name);
  return { all, groupsOf, cards: all.filter((a) => found(a, groupsOf(a))) };
};
const distinct = (words: readonly string[]): string[] => [...new Set(words)].sort().slice(0, 40);
export const queryOf = (text: string | undefined): string => (text ?? "").trim().slice(0, 200);
const list = async (c: Ctx, deps: WebDeps) => {
  const q = queryOf(c.req.query("q")), { cards, all, groupsOf } = await find(c, deps, q);
  const filters = { states: distinct(all.map((a) => a.standing.word)), tags: distinct(all.flatMap((a) => [...a.target.tags, ...a.account.tags])), groups: distinct(all.flatMap(groupsOf)), targets: distinct(all.map((a) => a.target.name)) };
  return render(c, deps, { title: "Accounts", wide: true }, <Accounts cards={cards} q={q} adds={may(me(c).person, "target.add")} filters={filters} />);
};

const historyOf = async (c: Ctx, deps: WebDeps, card: AccountCard): Promise<History | null> => {
  const { person } = me(c), { db } = deps.flow;
  if (!may(person, "account.history", { owner: card.target.owner })) return null;
  const h = await accountHistory(db, person, card.account.id, deps.flow.times);
  const people = may(person, "policy.see") ? (await directory(db, person)).people : [], name = new Map(people.map((p) => [p.id, p.name])), no = new Map(h.versions.map((v) => [v.id as string, v.no]));
  return { ...h, typed: h.typed && { ...h.typed, byName: h.typed.by === null ? "somebody" : name.get(h.typed.by) ?? h.typed.by }, exposures: h.exposures.map((e) => ({ id: e.id, personName: name.get(e.person) ?? e.person, how: e.how, at: e.at, versionNo: no.get(e.version) ?? null })) };
};
const page = async (c: Ctx, deps: WebDeps) => {
  const card = await accountCard(deps.flow.db, me(c).person, idOf(c));
  return render(c, deps, { title: `${card.account.name}@${card.target.name}` }, <AccountPage card={card} history={await historyOf(c, deps, card)} keys={hasKeys(card.target)} dependents={await dependentsView(c, deps, card.account.id)} />);
};

const move = (verb: (deps: WebDeps, c: Ctx, id: AccountId, reason: string) => Promise<Done>) => async (c: Ctx, deps: WebDeps) => {
  const id = idOf(c), done = await verb(deps, c, id, (await fields(c))["reason"] ?? "");
  return c.redirect(`/accounts/${id}?done=${done}`, 303);
};
const edit = async (c: Ctx, deps: WebDeps) => {
  const card = await accountCard(deps.flow.db, me(c).person, idOf(c));
  if (!card.manage) throw new Fault("not_found", "There is no such account, or it is not yours to manage.");
  const policies = (await passwordPolicyList(deps.flow.db, callerOf(c))).map(({ policy: p }) => ({ name: p.name, says: inWords(p) }));
  return render(c, deps, { title: `Edit ${card.account.name}@${card.target.name}` }, <AccountEdit account={card.account} target={card.target.name} keys={hasKeys(card.target)} policies={policies} />);
};
const change = async (c: Ctx, deps: WebDeps) => {
  const id = idOf(c), f = await fields(c);
  await changeAccount(deps.flow, callerOf(c), id, { passwordPolicy: f["passwordPolicy"], tags: words(f["tags"]) });
  return c.redirect(`/accounts/${id}?done=noted-change`, 303);
};
const declare = async (c: Ctx, deps: WebDeps) => {
  const id = idOf(c);
  await managedBy(deps.flow.db, callerOf(c), id, "account.manage");
  using password = secretField(await fields(c), "password");
  await declarePassword(deps.flow, callerOf(c), id, password);
  return c.redirect(`/accounts/${id}?done=declared`, 303);
};
const block = async (c: Ctx, deps: WebDeps) => {
  const id = idOf(c), f = await fields(c);
  await setBlock(deps.flow, callerOf(c), id, f["block"] === "disabled" ? "disabled" : "locked", f["reason"] ?? "");
  return c.redirect(`/accounts/${id}?done=blocked`, 303);
};
const VERDICT = { in_force: "verified", not_in_force: "drift", unknown: "unknown" } as const;

const at = "/accounts/:id";
export const ACCOUNTS: readonly Route[] = [
  { method: "GET", path: "/accounts", act: "account.see", verb: true, handle: list },
  { method: "GET", path: at, act: "account.see", verb: true, handle: page },
  { method: "POST", path: `${at}/rotate`, act: "account.rotate", verb: true, handle: move(async ({ flow }, c, id, reason) => { await rotateNow(flow, callerOf(c), id, reason); return "rotating"; }) },
  { method: "POST", path: `${at}/verify`, act: "account.verify", verb: true, handle: move(async ({ flow }, c, id) => VERDICT[(await verify(flow, callerOf(c), id)).verdict]) },
  { method: "POST", path: `${at}/adopt`, act: "account.manage", verb: true, handle: move(async ({ flow }, c, id) => { await adopt(flow, callerOf(c), id); return "adopting"; }) },
  { method: "GET", path: `${at}/edit`, act: "account.manage", verb: true, handle: edit },
  { method: "POST", path: `${at}/edit`, act: "account.manage", verb: true, handle: change },
  { method: "POST", path: `${at}/declare`, act: "account.manage", verb: true, handle: declare },
  { method: "POST", path: `${at}/block`, act: "account.manage", verb: true, handle: block },
  { method: "POST", path: `${at}/unblock`, act: "account.manage", verb: true, handle: move(async ({ flow }, c, id, reason) => { await setBlock(flow, callerOf(c), id, "none", reason); return "unblocked"; }) },
];
