/** /accounts: the table, one account, and what its managers do to it. */
import { adopt, rotateNow, setBlock } from "../../flow/accounts.ts";
import { accountCard, accountCards, accountHistory, type AccountCard } from "../../flow/look.ts";
import { verify } from "../../flow/verify.ts";
import { may } from "../../domain/may.ts";
import { isId, type AccountId } from "../../kernel/ids.ts";
import { Fault } from "../../kernel/fault.ts";
import { directory } from "../../identity/directory.ts";
import { AccountPage } from "../../../views/account.tsx";
import type { History } from "../../../views/account-history.tsx";
import { Accounts } from "../../../views/accounts.tsx";
import type { Done } from "../../../views/notices.ts";
import { callerOf, param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { fields } from "../forms.ts";
import { me } from "../login-session.ts";
import { render } from "../render.tsx";
import type { Route } from "../route.ts";

const idOf = (c: Ctx): AccountId => {
  const id = param(c, "id");
  if (!isId("account", id)) throw new Fault("not_found", "There is no such account, or no policy lets you ask for it.");
  return id;
};
const matches = (c: AccountCard, q: string): boolean => {
  const text = `${c.account.name}@${c.target.name} ${c.target.platform} ${c.target.tags.join(" ")} ${c.standing.word} ${c.holds.map((h) => h.personName).join(" ")}`.toLowerCase();
  return q.toLowerCase().split(/\s+/).every((word) => text.includes(word));
};
const list = async (c: Ctx, deps: WebDeps) => {
  const q = (c.req.query("q") ?? "").trim().slice(0, 100), { person } = me(c);
  return render(c, deps, { title: "Accounts", wide: true }, <Accounts cards={(await accountCards(deps.flow.db, person)).filter((a) => matches(a, q))} q={q} adds={may(person, "target.add")} />);
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
  return render(c, deps, { title: `${card.account.name}@${card.target.name}` }, <AccountPage card={card} history={await historyOf(c, deps, card)} />);
};

const move = (verb: (deps: WebDeps, c: Ctx, id: AccountId, reason: string) => Promise<Done>) => async (c: Ctx, deps: WebDeps) => {
  const id = idOf(c), done = await verb(deps, c, id, (await fields(c))["reason"] ?? "");
  return c.redirect(`/accounts/${id}?done=${done}`, 303);
};
const VERDICT = { in_force: "verified", not_in_force: "drift", unknown: "unknown" } as const;

const at = "/accounts/:id";
export const ACCOUNTS: readonly Route[] = [
  { method: "GET", path: "/accounts", act: "account.see", verb: true, handle: list },
  { method: "GET", path: at, act: "account.see", verb: true, handle: page },
  { method: "POST", path: `${at}/rotate`, act: "account.rotate", verb: true, handle: move(async ({ flow }, c, id, reason) => { await rotateNow(flow, callerOf(c), id, reason); return "rotating"; }) },
  { method: "POST", path: `${at}/verify`, act: "account.verify", verb: true, handle: move(async ({ flow }, c, id) => VERDICT[(await verify(flow, callerOf(c), id)).verdict]) },
  { method: "POST", path: `${at}/adopt`, act: "account.manage", verb: true, handle: move(async ({ flow }, c, id) => { await adopt(flow, callerOf(c), id); return "adopting"; }) },
  { method: "POST", path: `${at}/block`, act: "account.manage", verb: true, handle: move(async ({ flow }, c, id, reason) => { await setBlock(flow, callerOf(c), id, "locked", reason); return "blocked"; }) },
  { method: "POST", path: `${at}/unblock`, act: "account.manage", verb: true, handle: move(async ({ flow }, c, id, reason) => { await setBlock(flow, callerOf(c), id, "none", reason); return "unblocked"; }) },
];
