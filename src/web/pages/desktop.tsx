/** The desktop's page. Rule: fetching it opens nothing; its script asks the API for a ticket. */
import { desktopOf } from "../../domain/desktop.ts";
import { noDesktop } from "../../domain/platform.ts";
import { requestCard } from "../../flow/look.ts";
import { Fault } from "../../kernel/fault.ts";
import { DesktopPage } from "../../../views/desktop.tsx";
import type { Ctx, WebDeps } from "../deps.ts";
import { me } from "../login-session.ts";
import { render } from "../render.tsx";
import type { Route } from "../route.ts";
import { idOf } from "./requests.tsx";

const page = async (c: Ctx, deps: WebDeps) => {
  const { person } = me(c), { request, requester, account, target, policy, can } = await requestCard(deps.flow.db, person, idOf(c));
  if (requester.id !== person.id) throw new Fault("not_found", "No such request.");
  if (desktopOf(target) === null) throw new Fault("conflict", noDesktop(target));
  if (request.state !== "approved" && request.state !== "checked_out") throw new Fault("conflict", request.state === "pending" ? "Nobody has approved this request yet." : `This request is ${request.state}. Ask again.`);
  if (!can.desktop) throw new Fault("forbidden", "This access does not include a desktop session.");
  const vnc = desktopOf(target)?.kind === "vnc", given = vnc ? { ...policy.terms, filesIn: false, filesOut: false } : policy.terms;
  const names = { request: request.id, account: account.name, target: target.name };
  return render(c, deps, { title: `${account.name}@${target.name} · desktop`, wide: true }, <DesktopPage {...names} policy={given} vnc={vnc} />);
};

export const DESKTOP: readonly Route[] = [{ method: "GET", path: "/requests/:id/desktop", act: "checkout.use", verb: true, handle: page }];
