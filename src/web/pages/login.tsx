/** /login, /login/code, /login/enrol, /logout. Rule: a cookie is set only by an answer that a verb of identity called ok. */
import { beginEnrol, confirmEnrol } from "../../identity/enrol.ts";
import { logout, passwordLogin, totpLogin, type LoginResult } from "../../identity/login.ts";
import { LoginForm, TotpForm } from "../../../views/login.tsx";
import { equalText, localPath } from "../address.ts";
import { Fault } from "../../kernel/fault.ts";
import { holderOf, type Opened } from "../../identity/sessions.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { fields, secretField, type Fields } from "../forms.ts";
import { dropCookie, keepCookie, me, ticketOf } from "../login-session.ts";
import { showEnrolment } from "../release.tsx";
import { render } from "../render.tsx";
import type { Route } from "../route.ts";

const from = (c: Ctx) => ({ address: c.get("address"), means: "portal" as const });
const page = (c: Ctx, deps: WebDeps, next: string, f: { refused?: string; name?: string } = {}) =>
  render(c, deps, { title: "Log in", status: f.refused === undefined ? 200 : 401 }, <LoginForm next={next} refused={f.refused} name={f.name} />);

/** The ticket's own form token: a login under way is a session too. */
const ownTicket = async (c: Ctx, deps: WebDeps): Promise<Opened> => {
  const ticket = await ticketOf(c, deps),
    sent = (await c.req.parseBody())["_csrf"];
  if (typeof sent !== "string" || !equalText(sent, ticket.csrf)) throw new Fault("forbidden", "This page is from an earlier login. Start again.");
  return ticket;
};

const goOn = (c: Ctx, deps: WebDeps, r: Exclude<LoginResult, { outcome: "refused" }>, next: string): Response => {
  if (r.outcome === "ok") {
    dropCookie(c, deps, "ticket");
    keepCookie(c, deps, "session", r.session!);
    return c.redirect(next, 303);
  }
  keepCookie(c, deps, "ticket", r.ticket);
  return c.redirect(`/login/${r.outcome === "totp" ? "code" : "enrol"}?next=${encodeURIComponent(next)}`, 303);
};

const login = async (c: Ctx, deps: WebDeps) => {
  const f = await fields(c),
    next = localPath(f["next"]),
    name = (f["name"] ?? "").trim().toLowerCase();
  using password = secretField(f, "password");
  const result = await passwordLogin(deps.identity, { name, password, ...from(c) });
  return result.outcome === "refused" ? page(c, deps, next, { refused: result.why, name }) : goOn(c, deps, result, next);
};

const code = async (c: Ctx, deps: WebDeps) => {
  const ticket = await ownTicket(c, deps),
    f = await fields(c),
    next = localPath(f["next"]);
  const result = await totpLogin(deps.identity, { ticket: ticket.cookie, code: f["code"] ?? "", ...from(c) });
  return result.outcome !== "refused"
    ? goOn(c, deps, result, next)
    : render(c, deps, { title: "Second step", status: 401 }, <TotpForm next={next} csrf={ticket.csrf} refused={result.why} />);
};

const enrol = async (c: Ctx, deps: WebDeps) => {
  const ticket = await ownTicket(c, deps),
    f: Fields = await fields(c),
    next = localPath(f["next"]),
    sealed = f["sealed"] ?? "";
  const result = await confirmEnrol(deps.identity, { ticket: ticket.cookie, sealed, code: f["code"] ?? "", ...from(c) });
  if (result.outcome !== "refused") return goOn(c, deps, result, next);
  return showEnrolment(c, deps, await beginEnrol(deps.identity, ticket.cookie, sealed), { next, csrf: ticket.csrf, refused: result.why });
};

const end = async (c: Ctx, deps: WebDeps) => {
  const { cookie, person } = me(c);
  await logout(deps.identity, cookie, person, from(c));
  deps.loggedOut?.(holderOf(cookie));
  dropCookie(c, deps, "session");
  return c.redirect("/login?done=bye", 303);
};

export const LOGIN: readonly Route[] = [
  { method: "GET", path: "/login", act: "public", handle: (c, deps) => page(c, deps, localPath(c.req.query("next"))) },
  { method: "POST", path: "/login", act: "public", handle: login },
  {
    method: "GET",
    path: "/login/code",
    act: "public",
    handle: async (c, deps) =>
      render(c, deps, { title: "Second step" }, <TotpForm next={localPath(c.req.query("next"))} csrf={(await ticketOf(c, deps)).csrf} />),
  },
  { method: "POST", path: "/login/code", act: "public", handle: code },
  {
    method: "GET",
    path: "/login/enrol",
    act: "public",
    handle: async (c, deps) => {
      const ticket = await ticketOf(c, deps);
      return showEnrolment(c, deps, await beginEnrol(deps.identity, ticket.cookie), { next: localPath(c.req.query("next")), csrf: ticket.csrf });
    },
  },
  { method: "POST", path: "/login/enrol", act: "public", handle: enrol },
  { method: "POST", path: "/logout", act: "logged_in", handle: end },
];
