/** /rotations, and "change password" of an account. Rule: a typed password is a Secret at the door; it is in no address, no answer and no error. */
import { may } from "../../domain/may.ts";
import { inWords } from "../../domain/password-policy.ts";
import { hasKeys } from "../../domain/platform.ts";
import { Fault, FAULTS } from "../../kernel/fault.ts";
import { isId, type AccountId, type RotationId } from "../../kernel/ids.ts";
import type { Secret } from "../../kernel/secret.ts";
import { changePassword, inTheWay } from "../../flow/change-password.ts";
import { accountCard } from "../../flow/look.ts";
import { preflight } from "../../flow/preflight.ts";
import { rotationBoard, rotationView } from "../../flow/rotation-board.ts";
import { askAgainNow, keepOld, stopWaiting, tellPassword } from "../../flow/rotation-moves.ts";
import { ChangePassword, type ChangePasswordView } from "../../../views/change-password.tsx";
import type { Done } from "../../../views/notices.ts";
import { PreflightPage } from "../../../views/preflight.tsx";
import { RotationCard, RotationPage } from "../../../views/rotation-card.tsx";
import { RotationsPage } from "../../../views/rotations.tsx";
import { callerOf, param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { fields, secretField, twice, type Fields } from "../forms.ts";
import { live } from "../live.ts";
import { me } from "../login-session.ts";
import { fragment, render } from "../render.tsx";
import type { Route } from "../route.ts";

const idOf = (c: Ctx): RotationId => {
  const id = param(c, "id");
  if (!isId("rotation", id)) throw new Fault("not_found", "No such rotation.");
  return id;
};
const accountOf = (c: Ctx): AccountId => {
  const id = param(c, "id");
  if (!isId("account", id)) throw new Fault("not_found", "No such account.");
  return id;
};
const board = async (c: Ctx, deps: WebDeps) =>
  render(c, deps, { title: "Password changes", wide: true }, <RotationsPage board={await rotationBoard(deps.flow.db, callerOf(c), deps.flow.clock.now())} />);
const page = async (c: Ctx, deps: WebDeps) => {
  const f = await rotationView(deps.flow.db, callerOf(c), idOf(c));
  return render(c, deps, { title: `Password of ${f.account}` }, <RotationPage f={f} />);
};
const card = async (c: Ctx, deps: WebDeps) => fragment(c, deps, <RotationCard f={await rotationView(deps.flow.db, callerOf(c), idOf(c))} />);
const watch = async (c: Ctx, deps: WebDeps) => { const id = idOf(c); await rotationView(deps.flow.db, callerOf(c), id); return live(c, deps, id); };

type Verb = (deps: WebDeps, c: Ctx, id: RotationId, f: Fields) => Promise<unknown>;
const move = (verb: Verb, done: Done) => async (c: Ctx, deps: WebDeps) => {
  const id = idOf(c);
  await verb(deps, c, id, await fields(c));
  return c.redirect(`/rotations/${id}?done=${done}`, 303);
};
/** Who may not do it is told so before the form is read. */
const tell: Verb = async ({ flow }, c, id, f) => {
  if (!(await rotationView(flow.db, callerOf(c), id)).acts) throw new Fault("not_found", "No such rotation.");
  using password = secretField(f, "password"); await tellPassword(flow, callerOf(c), id, password);
};

const viewOf = async (c: Ctx, deps: WebDeps, more: Pick<ChangePasswordView, "wrong" | "draft"> = {}): Promise<ChangePasswordView> => {
  const { person } = me(c), found = await accountCard(deps.flow.db, person, accountOf(c)), { account, target, holds, password } = found;
  if (!may(person, "account.rotate", { owner: target.owner })) throw new Fault("not_found", "There is no such account, or it is not yours to manage.");
  return {
    id: account.id, name: `${account.name}@${target.name}`, managed: account.credential !== "unmanaged", keys: hasKeys(target), holds, ...await inTheWay(deps.flow.db, account.id), hours: Math.round(deps.flow.times.typedTtl / 3_600_000),
    policy: { name: password.policy.name, from: password.from, says: inWords(password.policy) }, ...more,
  };
};
const form = async (c: Ctx, deps: WebDeps) => { const v = await viewOf(c, deps); return render(c, deps, { title: `Change the ${v.keys ? "key" : "password"} of ${v.name}` }, <ChangePassword {...v} />); };

const change = async (c: Ctx, deps: WebDeps) => {
  const id = accountOf(c), f = await fields(c), { managed, keys } = await viewOf(c, deps), remote = managed && f["remote"] === "yes";
  let password: Secret | null = null;
  try {
    password = f["how"] === "generate" ? null : keys ? secretField(f, "password") : twice(f, "password", "again");
    const r = await changePassword(deps.flow, callerOf(c), id, { password, remote, reason: f["reason"] ?? "", cut: f["cut"] === "yes", probe: f["probe"] === "yes" });
    return c.redirect(r.rotation ? `/rotations/${r.rotation}${r.joined ? "?done=joined" : ""}` : `/accounts/${id}?done=declared`, 303);
  } catch (e) {
    if (!(e instanceof Fault) || !["invalid", "conflict", "unavailable"].includes(e.code)) throw e;
    const v = await viewOf(c, deps, { wrong: e.message, draft: { how: f["how"] ?? "type", remote, reason: f["reason"] ?? "" } });
    return render(c, deps, { title: `Change the ${v.keys ? "key" : "password"} of ${v.name}`, status: FAULTS[e.code].http }, <ChangePassword {...v} />);
  } finally { password?.wipe(); }
};

const ahead = async (c: Ctx, deps: WebDeps) => {
  const id = accountOf(c), { account, target } = await accountCard(deps.flow.db, me(c).person, id), p = await preflight(deps.flow, callerOf(c), id), name = `${account.name}@${target.name}`;
  return render(c, deps, { title: `Pre-flight of ${name}` }, <PreflightPage id={id} name={name} {...p} />);
};

const at = "/rotations/:id";
export const ROTATIONS: readonly Route[] = [
  { method: "GET", path: "/rotations", act: "account.history", verb: true, handle: board },
  { method: "GET", path: at, act: "account.history", verb: true, handle: page },
  { method: "GET", path: `${at}/card`, act: "account.history", verb: true, handle: card },
  { method: "GET", path: `${at}/live`, act: "account.history", verb: true, handle: watch },
  { method: "POST", path: `${at}/again`, act: "account.rotate", verb: true, handle: move(({ flow }, c, id) => askAgainNow(flow, callerOf(c), id), "asking") },
  { method: "POST", path: `${at}/keep`, act: "account.rotate", verb: true, handle: move(({ flow }, c, id) => keepOld(flow, callerOf(c), id), "kept-old") },
  { method: "POST", path: `${at}/tell`, act: "account.rotate", verb: true, handle: move(tell, "asking") },
  { method: "POST", path: `${at}/stop`, act: "account.rotate", verb: true, handle: move(({ flow }, c, id) => stopWaiting(flow, callerOf(c), id), "stopped") },
  { method: "GET", path: "/accounts/:id/password", act: "account.rotate", verb: true, handle: form },
  { method: "POST", path: "/accounts/:id/preflight", act: "account.verify", verb: true, handle: ahead },
  { method: "POST", path: "/accounts/:id/password", act: "account.rotate", verb: true, handle: change },
];
