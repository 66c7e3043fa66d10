/** /terminal: letting one's own terminal in by the code on its screen. Rule: a GET lists, only a POST with the code lets in. */
import { Fault } from "../../kernel/fault.ts";
import type { TerminalId } from "../../kernel/ids.ts";
import { approveTerminal, denyTerminal, terminalsOf } from "../../identity/terminals.ts";
import { Terminals } from "../../../views/let-in.tsx";
import { param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { fields } from "../forms.ts";
import { me } from "../login-session.ts";
import { render } from "../render.tsx";
import type { Route } from "../route.ts";

const from = (c: Ctx) => ({ address: c.get("address"), means: "portal" as const });
const page = async (c: Ctx, deps: WebDeps) => {
  const { person } = me(c),
    waiting = await terminalsOf(deps.identity, person);
  return render(c, deps, { title: "Log in a terminal" }, <Terminals name={person.name} address={c.get("address")} waiting={waiting} />);
};
const approve = async (c: Ctx, deps: WebDeps) => {
  const f = await fields(c);
  if (f["mine"] !== "yes") throw new Fault("invalid", "Say that the terminal is yours, and that you read the code from its screen yourself.");
  await approveTerminal(deps.identity, me(c).person, f["code"] ?? "", from(c));
  return c.redirect("/terminal?done=terminal_in", 303);
};
const deny = async (c: Ctx, deps: WebDeps) => {
  await denyTerminal(deps.identity, me(c).person, param(c, "id") as TerminalId, from(c));
  return c.redirect("/terminal?done=terminal_out", 303);
};

export const LET_IN: readonly Route[] = [
  { method: "GET", path: "/terminal", act: "logged_in", handle: page },
  { method: "POST", path: "/terminal", act: "logged_in", handle: approve },
  { method: "POST", path: "/terminal/:id/deny", act: "logged_in", handle: deny },
];
