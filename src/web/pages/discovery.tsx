/** /targets/:id/found and /adoption-rules: what a target says it has, and what is done with it. Rule: adopting is looked at before it is pressed; the press decides again. */
import { RuleInput } from "../../domain/adoption-rule.ts";
import { may } from "../../domain/may.ts";
import { collectionList } from "../../flow/collections.ts";
import { discover, discoverable, discoverDaily } from "../../flow/discover.ts";
import { adoptFound, adoptPreview } from "../../flow/discovery-adopt.ts";
import { ignoreFound } from "../../flow/discovery-ignore.ts";
import { discoveryView, listed } from "../../flow/discovery-look.ts";
import { addRule, endRule, ruleList, rulePreview } from "../../flow/discovery-rules.ts";
import { targetList } from "../../flow/registers.ts";
import { Fault } from "../../kernel/fault.ts";
import type { RuleId, TargetId } from "../../kernel/ids.ts";
import { AdoptPreview, AdoptResult, RulePreview, Rules, type RuleDraft } from "../../../views/adoption.tsx";
import { DiscoveryLive, DiscoveryPage, SHOWS, type Show } from "../../../views/discovery.tsx";
import { callerOf, param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { fields, many, textField, type Fields } from "../forms.ts";
import { live } from "../live.ts";
import { me } from "../login-session.ts";
import { fragment, render } from "../render.tsx";
import type { Route } from "../route.ts";
import { parsed } from "./bulk.tsx";

const idOf = async (c: Ctx, deps: WebDeps): Promise<TargetId> => (await listed(deps.flow.db, callerOf(c), param(c, "id"))).id;
const showIn = (c: Ctx): Show => SHOWS.find((s) => s === c.req.query("show")) ?? "decide";
const viewOf = async (c: Ctx, deps: WebDeps) => ({ ...await discoveryView(deps.flow, callerOf(c), await idOf(c, deps)), show: showIn(c) });
const page = async (c: Ctx, deps: WebDeps) => {
  const v = await viewOf(c, deps), open = v.last?.state === "waiting" || v.last?.state === "running";
  return render(c, deps, { title: `Accounts on ${v.target.name}`, wide: true, ...(open ? { plainRefresh: 3 } : {}) }, <DiscoveryPage {...v} />);
};

const list = async (c: Ctx, deps: WebDeps) => {
  const id = await idOf(c, deps);
  await discover(deps.flow, callerOf(c), id);
  return c.redirect(`/targets/${id}/found`, 303);
};
const daily = async (c: Ctx, deps: WebDeps) => {
  const v = await viewOf(c, deps);
  await discoverDaily(deps.flow, callerOf(c), v.target.id, !v.daily);
  return c.redirect(`/targets/${v.target.id}/found?done=changed`, 303);
};
/** One form, three buttons. */
const chosen = async (c: Ctx, deps: WebDeps) => {
  const id = await idOf(c, deps), names = await many(c, "name"), act = await textField(c, "act"), caller = callerOf(c);
  await discoverable(deps.flow.db, caller, id, "discovery.run");
  if (act === "adopt") return render(c, deps, { title: "Adopt", wide: true }, <AdoptPreview target={await discoverable(deps.flow.db, caller, id)} list={await adoptPreview(deps.flow, caller, id, names)} />);
  if (act !== "ignore" && act !== "unignore") throw new Fault("invalid", "Choose what to do with them.");
  await ignoreFound(deps.flow, caller, id, names, act === "ignore" ? await textField(c, "reason") : null);
  return c.redirect(`/targets/${id}/found?done=changed`, 303);
};
const adopt = async (c: Ctx, deps: WebDeps) => {
  const id = await idOf(c, deps), caller = callerOf(c), done = await adoptFound(deps.flow, caller, id, await many(c, "name"));
  return render(c, deps, { title: "Adopt", wide: true }, <AdoptResult target={await discoverable(deps.flow.db, caller, id)} list={done} />);
};

const rules = async (c: Ctx, deps: WebDeps) => {
  const { db } = deps.flow, caller = callerOf(c);
  return render(c, deps, { title: "Rules for accounts that are found", wide: true }, <Rules list={await ruleList(db, caller)} makes={may(me(c).person, "discovery.rule")}
    targets={(await targetList(db, me(c).person)).map((t) => t.name)} groups={(await collectionList(db, caller)).map((g) => g.name)} />);
};
const draftOf = (f: Fields): RuleDraft => ({
  pattern: (f["pattern"] ?? "").trim(), does: f["does"] === "ignore" ? "ignore" : "adopt", only: f["only"] === "privileged" || f["only"] === "unprivileged" ? f["only"] : "all", where: f["where"] ?? "", reason: f["reason"] ?? "",
});
const inputOf = (d: RuleDraft): RuleInput => {
  const at = d.where.indexOf(" "), kind = d.where.slice(0, at), name = d.where.slice(at + 1);
  return parsed(RuleInput, { pattern: d.pattern, does: d.does, only: d.only, reason: d.reason, target: kind === "target" ? name : null, group: kind === "group" ? name : null });
};
const look = async (c: Ctx, deps: WebDeps) => {
  const draft = draftOf(await fields(c)), would = await rulePreview(deps.flow, callerOf(c), inputOf(draft));
  return render(c, deps, { title: "A new rule", wide: true }, <RulePreview draft={draft} list={would.map((w) => ({ target: w.target, line: w.staged }))} />);
};
const accept = async (c: Ctx, deps: WebDeps) => {
  await addRule(deps.flow, callerOf(c), inputOf(draftOf(await fields(c))));
  return c.redirect("/adoption-rules?done=added", 303);
};
const end = async (c: Ctx, deps: WebDeps) => {
  await endRule(deps.flow, callerOf(c), (await textField(c, "rule")) as RuleId);
  return c.redirect("/adoption-rules?done=removed", 303);
};

const at = "/targets/:id/found";
export const DISCOVERY: readonly Route[] = [
  { method: "GET", path: at, act: "discovery.see", verb: true, handle: page },
  { method: "GET", path: `${at}/view`, act: "discovery.see", verb: true, handle: async (c, deps) => fragment(c, deps, <DiscoveryLive {...await viewOf(c, deps)} />) },
  { method: "GET", path: `${at}/live`, act: "discovery.see", verb: true, handle: async (c, deps) => live(c, deps, await idOf(c, deps)) },
  { method: "POST", path: `${at}/list`, act: "discovery.run", verb: true, handle: list },
  { method: "POST", path: `${at}/daily`, act: "discovery.run", verb: true, handle: daily },
  { method: "POST", path: at, act: "discovery.run", verb: true, handle: chosen },
  { method: "POST", path: `${at}/adopt`, act: "account.manage", verb: true, handle: adopt },
  { method: "GET", path: "/adoption-rules", act: "discovery.rules", handle: rules },
  { method: "POST", path: "/adoption-rules/preview", act: "discovery.rule", handle: look },
  { method: "POST", path: "/adoption-rules", act: "discovery.rule", handle: accept },
  { method: "POST", path: "/adoption-rules/end", act: "discovery.rule", handle: end },
];
