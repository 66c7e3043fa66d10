/** Who is asking, by cookie. Rule: a ticket (password given, code not yet) is kept in a cookie of its own and is nobody's login. */
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { parse } from "hono/utils/cookie";
import type { MiddlewareHandler } from "hono";
import { Fault } from "../kernel/fault.ts";
import { personOf } from "../identity/login.ts";
import { findSession, type Opened } from "../identity/sessions.ts";
import type { Ctx, Env, Me, WebDeps } from "./deps.ts";
import { requireToken } from "./security.ts";

type Name = "session" | "ticket";
const named = (secure: boolean, name: Name): string => `${secure ? "__Host-" : ""}lockstep_${name}`;

/** A cookie of the browser's session: it ends with the browser, and on the server long before. */
export const keepCookie = (c: Ctx, { config }: WebDeps, name: Name, { cookie }: Opened): void =>
  setCookie(c, named(config.secureCookies, name), cookie, { path: "/", httpOnly: true, sameSite: "Lax", secure: config.secureCookies });
export const dropCookie = (c: Ctx, { config }: WebDeps, name: Name): void => void deleteCookie(c, named(config.secureCookies, name), { path: "/", secure: config.secureCookies });

export const whoIs = (c: Ctx, deps: WebDeps): Promise<Me | null> => whoHolds(deps, getCookie(c, named(deps.config.secureCookies, "session")));
/** Of a request that never reaches a route: a socket's. */
export const whoSends = (deps: WebDeps, header: string | undefined): Promise<Me | null> => {
  const name = named(deps.config.secureCookies, "session");
  return whoHolds(deps, header === undefined ? undefined : parse(header, name)[name]);
};
const whoHolds = async ({ identity }: WebDeps, cookie: string | undefined): Promise<Me | null> => {
  const session = cookie === undefined ? null : await findSession(identity, cookie);
  if (!session?.strong) return null;
  const person = await personOf(identity, session.person).catch((e: unknown) => { if (e instanceof Fault) return null; throw e; });
  return person && { person, csrf: session.csrf, cookie: cookie! };
};
/** The ticket of a login under way, with its form token. */
export const ticketOf = async (c: Ctx, { config, identity }: WebDeps): Promise<Opened> => {
  const cookie = getCookie(c, named(config.secureCookies, "ticket"));
  const session = cookie === undefined ? null : await findSession(identity, cookie);
  if (!session || session.strong) throw new Fault("unauthenticated", "This login took too long. Start again.");
  return { cookie: cookie!, csrf: session.csrf };
};

/** Reads the cookie, and checks the token of everything but GET. Bearer tokens are the API's own business. */
export const loginSession = (deps: WebDeps): MiddlewareHandler<Env> => async (c, next) => {
  c.set("me", await whoIs(c, deps));
  await requireToken(c);
  return next();
};

export const me = (c: Ctx): Me => {
  const found = c.get("me");
  if (!found) throw new Fault("unauthenticated", "Please log in.");
  return found;
};
