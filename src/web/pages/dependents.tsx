/** Dependents of an account, and the runs of a change. Rule: one form, several buttons; who may not is told before the form is read. */
import { DependentInput } from "../../domain/dependent.ts";
import { RUN_MOVES } from "../../domain/dependent-absorb.ts";
import { may } from "../../domain/may.ts";
import { acceptDependent, addDependent, dependentOne, dependentsOf, followers, moveDependent, removeDependent, testDependent } from "../../flow/dependents.ts";
import { dependentList, moveRun } from "../../flow/dependent-look.ts";
import { rotationView } from "../../flow/rotation-board.ts";
import { Fault } from "../../kernel/fault.ts";
import { isId, type AccountId, type DependentId, type RotationId } from "../../kernel/ids.ts";
import { DependentTried, type DependentsView } from "../../../views/dependents.tsx";
import type { Done } from "../../../views/notices.ts";
import { callerOf, param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { fields, type Fields } from "../forms.ts";
import { me } from "../login-session.ts";
import { render } from "../render.tsx";
import type { Route } from "../route.ts";
import { parsed } from "./bulk.tsx";

/** For the account's page; null: this person may not see them. */
export const dependentsView = async (c: Ctx, deps: WebDeps, account: AccountId): Promise<DependentsView | null> => {
  const { db } = deps.flow, caller = callerOf(c), seen = await dependentsOf(db, caller, account).catch(() => null);
  if (seen === null) return null;
  const writes = may(me(c).person, "dependent.write");
  return { account, list: await dependentList(db, caller, account), writes, targets: writes ? await followers(deps.flow) : [] };
};
const accountOf = (c: Ctx): AccountId => {
  const id = param(c, "id");
  if (!isId("account", id)) throw new Fault("not_found", "No such account.");
  return id;
};
const inputOf = (f: Fields): DependentInput => {
  const what = f["does"] === "rewrite" ? { does: "rewrite", path: (f["path"] ?? "").trim(), line: f["line"] ?? "", form: f["form"] ?? "plain" }
    : f["does"] === "logon" ? { does: "logon", of: f["of"] ?? "service", name: f["keeper"] ?? "" }
    : f["does"] === "steps" ? { does: "steps", list: (f["list"] ?? "").trim() } : { does: "service", unit: (f["unit"] ?? "").trim(), action: f["action"] ?? "restart" };
  return parsed(DependentInput, { target: f["target"] ?? "", phase: f["phase"] ?? "after", goOn: f["go_on"] === "yes", what });
};
const add = async (c: Ctx, deps: WebDeps) => {
  const id = accountOf(c);
  await addDependent(deps.flow, callerOf(c), id, inputOf(await fields(c)));
  return c.redirect(`/accounts/${id}?done=depends#dependents`, 303);
};
const MOVED: Record<"accept" | "up" | "down" | "remove", Done> = { accept: "depends-accepted", up: "changed", down: "changed", remove: "removed" };
const act = async (c: Ctx, deps: WebDeps) => {
  const account = accountOf(c), f = await fields(c), id = f["dependent"] ?? "", which = f["act"] ?? "", { flow } = deps, caller = callerOf(c);
  if (!isId("dependent", id)) throw new Fault("invalid", "Choose which of them.");
  const { d } = await dependentOne(flow.db, caller, id);
  if (d.account !== account) throw new Fault("not_found", "No such dependent.");
  if (which === "test") return tried(c, deps, account, id);
  if (which === "accept") await acceptDependent(flow, caller, id);
  else if (which === "up" || which === "down") await moveDependent(flow, caller, id, which);
  else if (which === "remove") await removeDependent(flow, caller, id);
  else throw new Fault("invalid", "Choose what to do with it.");
  return c.redirect(`/accounts/${account}?done=${MOVED[which]}#dependents`, 303);
};
const tried = async (c: Ctx, deps: WebDeps, account: AccountId, id: DependentId) => {
  const said = await testDependent(deps.flow, callerOf(c), id), d = (await dependentList(deps.flow.db, callerOf(c), account)).find((l) => l.id === id)!;
  return render(c, deps, { title: `Tried on ${d.targetName}` }, <DependentTried d={d} account={account} said={said} />);
};

const run = async (c: Ctx, deps: WebDeps) => {
  const id = param(c, "id");
  if (!isId("rotation", id) || !(await rotationView(deps.flow.db, callerOf(c), id as RotationId)).acts) throw new Fault("not_found", "No such rotation.");
  const f = await fields(c), which = RUN_MOVES.find((m) => m === f["act"]), of = f["run"] ?? "";
  if (!which || !isId("dependentRun", of)) throw new Fault("invalid", "Choose what to do with which of them.");
  const rotation = await moveRun(deps.flow, callerOf(c), of, which);
  return c.redirect(`/rotations/${rotation}?done=${which === "again" ? "run-again" : "run-left"}`, 303);
};

export const DEPENDENTS: readonly Route[] = [
  { method: "POST", path: "/accounts/:id/dependents", act: "dependent.write", handle: add },
  { method: "POST", path: "/accounts/:id/dependents/act", act: "dependent.write", handle: act },
  { method: "POST", path: "/rotations/:id/dependents", act: "account.rotate", verb: true, handle: run },
];
