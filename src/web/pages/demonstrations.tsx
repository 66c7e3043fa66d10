/** /demonstrations: a password change shown by hand. Rule: a line goes out by a form of its own; a password is put into it by its placeholder, here and nowhere before. */
import { shownScreen } from "../../domain/command-set/index.ts";
import { isState } from "../../domain/demonstration.ts";
import { may } from "../../domain/may.ts";
import { Fault } from "../../kernel/fault.ts";
import { isId, type DemonstrationId } from "../../kernel/ids.ts";
import { gradeOf } from "../../flow/command-sets.ts";
import { allowDemonstration, askDemonstration, demonstrationCard, demonstrationList, dropDemonstration, type DemonstrationCard } from "../../flow/demonstrate.ts";
import { beginDemonstration, finishDemonstration, sayLine } from "../../flow/demonstrate-hands.ts";
import { accountCards } from "../../flow/look.ts";
import { play } from "../../flow/recordings.ts";
import { DemonstrationNew, DemonstrationPage, Demonstrations, type ShownLine, type ShownView } from "../../../views/demonstrations.tsx";
import { PlayPage } from "../../../views/player.tsx";
import { callerOf, param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { fields } from "../forms.ts";
import { me } from "../login-session.ts";
import { render } from "../render.tsx";
import type { Route } from "../route.ts";
import { contentPolicy } from "../security.ts";

const idOf = (c: Ctx): DemonstrationId => {
  const id = param(c, "id");
  if (!isId("demonstration", id)) throw new Fault("not_found", "No such recorded change.");
  return id;
};
const lineOf = ({ d, target, account, login, byName, approvedBy }: DemonstrationCard): ShownLine => ({
  id: d.id, state: d.state, account: account.name, target: { id: target.id, name: target.name }, login: login.name, reason: d.reason, byName, at: d.at, approvedBy,
  alone: "approval" in d && d.approval?.alone === true, until: "until" in d ? d.until : null, why: "why" in d ? d.why : null,
});
const viewOf = (c: DemonstrationCard, open: number): ShownView => {
  const { d, rotation: r, inferred: i } = c, talked = isState(d, "open") || isState(d, "over");
  return {
    ...lineOf(c), begunAt: isState(d, "open") ? new Date(d.until.getTime() - open) : d.at, said: talked ? shownScreen(d.said) : [], password: r && { state: r.state, why: r.why }, rotation: r?.id ?? null,
    draft: i && "draft" in i ? i.draft : null, noDraft: i && "why" in i ? i.why : null, unsure: i?.unsure ?? [], can: c.can,
  };
};
const list = async (c: Ctx, deps: WebDeps) =>
  render(c, deps, { title: "Recorded changes", wide: true }, <Demonstrations list={(await demonstrationList(deps.flow.db, callerOf(c))).map(lineOf)} writes={may(me(c).person, "platform.write")} />);
const fresh = async (c: Ctx, deps: WebDeps) => {
  const cards = (await accountCards(deps.flow.db, me(c).person)).filter((a) => a.manage && a.account.credential === "unmanaged" && gradeOf(a.target.platform) !== null);
  return render(c, deps, { title: "Record a change" }, <DemonstrationNew accounts={cards.map((a) => ({ id: a.account.id, name: `${a.account.name}@${a.target.name}`, helper: a.target.administrative }))} />);
};
const page = async (c: Ctx, deps: WebDeps, typed?: NonNullable<ShownView["typed"]>) => {
  const card = await demonstrationCard(deps.flow.db, callerOf(c), idOf(c)), v = viewOf(card, deps.flow.times.demonstrationOpen);
  const settling = v.state === "over" && v.password !== null && v.password.state !== "committed" && v.password.state !== "refused", watching = v.state === "open" && !v.can.say;
  const frame = { title: `Record a change: ${v.account}@${v.target.name}`, wide: true, ...(typed === undefined ? {} : { status: 422 }), ...(settling || watching ? { refresh: 3 } : {}) };
  return render(c, deps, frame, <DemonstrationPage {...v} plays={card.recorded && may(me(c).person, "session.play")} {...(typed === undefined ? {} : { typed })} />);
};
const ask = async (c: Ctx, deps: WebDeps) => {
  const f = await fields(c), account = f["account"] ?? "", reason = (f["reason"] ?? "").trim();
  if (!isId("account", account)) throw new Fault("invalid", "Choose the account it is shown on.");
  if (reason.length < 3 || reason.length > 300) throw new Fault("invalid", "Say why, in 3 to 300 characters.");
  return c.redirect(`/demonstrations/${await askDemonstration(deps.flow, callerOf(c), { account, administrative: f["who"] === "administrative", reason })}`, 303);
};
const moved = (work: (deps: WebDeps, c: Ctx, id: DemonstrationId) => Promise<void>, to = "") => async (c: Ctx, deps: WebDeps) => {
  const id = idOf(c);
  await work(deps, c, id);
  return c.redirect(`/demonstrations/${id}${to}`, 303);
};
/** What is wrong with a line is said beside it, and the line stays to be put right. */
const line = async (c: Ctx, deps: WebDeps) => {
  const f = await fields(c), put = f["put"] ?? "", text = f["line"] ?? "", sent = put === "new" || put === "present" ? `${text}{{${put}}}` : text;
  try { await sayLine(deps.flow, callerOf(c), idOf(c), put === "listen" ? null : sent, f["bare"] !== "yes"); } catch (e) {
    if (e instanceof Fault && e.code === "invalid") return page(c, deps, { line: text, wrong: e.message });
    throw e;
  }
  return c.redirect(`/demonstrations/${idOf(c)}#line`, 303);
};

/** By the same player as sessions; the page itself reads nothing of it. */
const player = async (c: Ctx, deps: WebDeps) => {
  const { d, byName, login, target } = await demonstrationCard(deps.flow.db, callerOf(c), idOf(c)), head = { id: d.id, at: `/demonstrations/${d.id}`, personName: byName, accountName: login.name, targetName: target.name, openedAt: d.at };
  c.header("Content-Security-Policy", contentPolicy(c.get("nonce"), true));
  return render(c, deps, { title: "Recording", wide: true }, <PlayPage head={head} channels={[]} chosen={null} />);
};
const cast = async (c: Ctx, deps: WebDeps) => {
  const id = idOf(c), { cast: body } = await play(deps.flow, deps.flow.recordings, callerOf(c), id);
  return c.body(body, 200, { "Content-Type": "application/x-asciicast", "Content-Disposition": `attachment; filename="${id}.cast"` });
};

const at = "/demonstrations/:id";
export const DEMONSTRATIONS: readonly Route[] = [
  { method: "GET", path: "/demonstrations", act: "platform.see", handle: list },
  { method: "GET", path: "/demonstrations/new", act: "platform.write", handle: fresh },
  { method: "POST", path: "/demonstrations", act: "platform.write", handle: ask },
  { method: "GET", path: at, act: "demonstration.see", verb: true, handle: (c, deps) => page(c, deps) },
  { method: "POST", path: `${at}/allow`, act: "demonstration.allow", verb: true, handle: moved((deps, c, id) => allowDemonstration(deps.flow, callerOf(c), id)) },
  { method: "POST", path: `${at}/drop`, act: "demonstration.drop", verb: true, handle: moved((deps, c, id) => dropDemonstration(deps.flow, callerOf(c), id, "")) },
  { method: "POST", path: `${at}/begin`, act: "demonstration.show", verb: true, handle: moved((deps, c, id) => beginDemonstration(deps.flow, callerOf(c), id), "#line") },
  { method: "POST", path: `${at}/lines`, act: "demonstration.show", verb: true, handle: line },
  { method: "GET", path: `${at}/play`, act: "session.play", handle: player },
  { method: "POST", path: `${at}/cast`, act: "session.play", handle: cast },
  { method: "POST", path: `${at}/finish`, act: "demonstration.show", verb: true, handle: moved((deps, c, id) => finishDemonstration(deps.flow, callerOf(c), id)) },
];
