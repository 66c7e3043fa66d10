/** /platforms: command sets, proposed and accepted; and trials of one on a target. Rule: a text from a form is taken with plain line ends, so that its hash is the file's. */
import { FRESH_SET } from "../../domain/command-set/index.ts";
import { may } from "../../domain/may.ts";
import { platformOf } from "../../domain/platform.ts";
import { isId } from "../../kernel/ids.ts";
import { Fault } from "../../kernel/fault.ts";
import { acceptCommandSet, checkCommandSet, commandSetList, gradeOf, oneCommandSet, proposeCommandSet } from "../../flow/command-sets.ts";
import { demonstrationCard } from "../../flow/demonstrate.ts";
import { accountCards } from "../../flow/look.ts";
import { platformTests, tryPlatform } from "../../flow/platform-test.ts";
import { target } from "../../flow/registers.ts";
import { untried } from "../../flow/untried.ts";
import { PlatformEdit, Platforms, PlatformSet, Trials } from "../../../views/platforms.tsx";
import { callerOf, param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { fields } from "../forms.ts";
import { me } from "../login-session.ts";
import { render } from "../render.tsx";
import type { Route } from "../route.ts";

const writes = (c: Ctx): boolean => may(me(c).person, "platform.write");
const list = async (c: Ctx, deps: WebDeps) =>
  render(c, deps, { title: "Command sets", wide: true }, <Platforms list={await commandSetList(deps.flow.db, callerOf(c))} writes={writes(c)} />);
const page = async (c: Ctx, deps: WebDeps) => {
  const set = await oneCommandSet(deps.flow.db, callerOf(c), param(c, "id"));
  return render(c, deps, { title: set.called, wide: true }, <PlatformSet set={set} writes={writes(c)} />);
};
/** Of a change shown by hand: looked at in the same editor, proposed by the same press. */
const draftOf = async (c: Ctx, deps: WebDeps, id: string): Promise<string> => {
  const found = isId("demonstration", id) ? (await demonstrationCard(deps.flow.db, callerOf(c), id)).inferred : null;
  if (found === null || !("draft" in found)) throw new Fault("not_found", "No draft was made of that.");
  return found.draft;
};
const fresh = async (c: Ctx, deps: WebDeps) => {
  const from = c.req.query("from"), shown = c.req.query("shown"), text = shown ? await draftOf(c, deps, shown) : from ? (await oneCommandSet(deps.flow.db, callerOf(c), from)).body : FRESH_SET;
  return render(c, deps, { title: "New command set", wide: true }, <PlatformEdit text={text} mistakes={[]} />);
};
const textOf = async (c: Ctx): Promise<string> => ((await fields(c))["text"] ?? "").replaceAll("\r\n", "\n");
const check = async (c: Ctx, deps: WebDeps) => {
  const text = await textOf(c), mistakes = checkCommandSet(callerOf(c), text);
  return render(c, deps, { title: "New command set", wide: true, status: mistakes.length > 0 ? 422 : 200 }, <PlatformEdit text={text} mistakes={mistakes} />);
};
const propose = async (c: Ctx, deps: WebDeps) => {
  const text = await textOf(c), mistakes = checkCommandSet(callerOf(c), text);
  if (mistakes.length > 0) return render(c, deps, { title: "New command set", wide: true, status: 422 }, <PlatformEdit text={text} mistakes={mistakes} />);
  const made = await proposeCommandSet(deps.flow, callerOf(c), text);
  return c.redirect(`/platforms/${made.kept!.hash}?done=proposed`, 303);
};
const accept = async (c: Ctx, deps: WebDeps) => {
  const { kept } = await acceptCommandSet(deps.flow, callerOf(c), param(c, "id"));
  return c.redirect(`/platforms/${kept!.hash}?done=set-accepted`, 303);
};

const trials = async (c: Ctx, deps: WebDeps) => {
  const { db } = deps.flow, { person } = me(c), t = await target(db, person, param(c, "id")), grade = gradeOf(t.platform);
  // Nothing is tried on what is no device behind a command set: its own page has its Test.
  if (grade === null) return c.redirect(`/targets/${t.id}`, 303);
  const accounts = (await accountCards(db, person)).filter((a) => a.target.id === t.id).map((a) => a.account);
  return render(c, deps, { title: `Trials on ${t.name}`, wide: true }, <Trials v={{ target: t, called: platformOf(t.platform).called, grade, standsAgainst: await untried(db, t),
    plaintext: t.settings["over"] === "telnet", accounts, tests: await platformTests(db, callerOf(c), t.id) }} />);
};
const tryIt = async (c: Ctx, deps: WebDeps) => {
  const f = await fields(c), t = await target(deps.flow.db, me(c).person, param(c, "id")), id = f["account"] ?? "";
  if (!isId("account", id)) throw new Fault("invalid", "Choose the account to try it with.");
  await tryPlatform(deps.flow, callerOf(c), id, f["change"] === "yes");
  return c.redirect(`/targets/${t.id}/trials`, 303);
};

export const PLATFORM_PAGES: readonly Route[] = [
  { method: "GET", path: "/platforms", act: "platform.see", handle: list },
  { method: "GET", path: "/platforms/new", act: "platform.write", handle: fresh },
  { method: "POST", path: "/platforms/check", act: "platform.write", handle: check },
  { method: "POST", path: "/platforms", act: "platform.write", handle: propose },
  { method: "GET", path: "/platforms/:id", act: "platform.see", handle: page },
  { method: "POST", path: "/platforms/:id/accept", act: "platform.accept", handle: accept },
  { method: "GET", path: "/targets/:id/trials", act: "target.manage", verb: true, handle: trials },
  { method: "POST", path: "/targets/:id/trials", act: "target.manage", verb: true, handle: tryIt },
];
