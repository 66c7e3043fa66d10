/** The web terminal's page. Rule: fetching it opens nothing; its script asks the API for a ticket. */
import { carriesSessions, carriesShells, noSessions, noShells } from "../../domain/platform.ts";
import { requestCard } from "../../flow/look.ts";
import { Fault } from "../../kernel/fault.ts";
import { TerminalPage } from "../../../views/terminal.tsx";
import type { Ctx, WebDeps } from "../deps.ts";
import { me } from "../login-session.ts";
import { render } from "../render.tsx";
import type { Route } from "../route.ts";
import { idOf } from "./requests.tsx";

const page = async (c: Ctx, deps: WebDeps) => {
  const { person } = me(c), { request, requester, account, target, policy, can } = await requestCard(deps.flow.db, person, idOf(c));
  if (requester.id !== person.id) throw new Fault("not_found", "No such request.");
  if (!carriesShells(target)) throw new Fault("conflict", (carriesSessions(target) ? noShells : noSessions)(target));
  const not = request.state === "pending" ? "Nobody has approved this request yet." : `This request is ${request.state}. Ask again.`;
  if (!can.connect) throw new Fault("conflict", not);
  if (!policy.terms.channels.includes("shell")) throw new Fault("forbidden", "This access does not include a shell.");
  const names = { request: request.id, account: account.name, target: target.name, me: person.name };
  return render(c, deps, { title: `${account.name}@${target.name} · terminal`, wide: true }, <TerminalPage {...names} policy={policy.terms} />);
};

export const TERMINAL: readonly Route[] = [{ method: "GET", path: "/requests/:id/terminal", act: "checkout.use", verb: true, handle: page }];
