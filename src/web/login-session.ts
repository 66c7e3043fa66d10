/** Who is asking, by cookie. Rule: a ticket (password given, code not yet) is kept in a cookie of its own and is nobody's login. */
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { parse } from "hono/utils/cookie";
import type { MiddlewareHandler } from "hono";
import { Fault, isAway } from "../kernel/fault.ts";
import { loggedIn, recalledLogin, type LoggedIn } from "../identity/login.ts";
import { findSession, type Opened } from "../identity/sessions.ts";
import type { Ctx, Env, Me, WebDeps } from "./deps.ts";
import { requireToken } from "./security.ts";

type Name = "session" | "ticket";
const named = (secure: boolean, name: Name): string => `${secure ? "__Host-" : ""}lockstep_${name}`;

/** A cookie of the browser's session: it ends with the browser, and on the server long before. */
export const keepCookie = (c: Ctx, { config }: WebDeps, name: Name, { cookie }: Opened): void =>
  setCookie(c, named(config.secureCookies, name), cookie, { path: "/", httpOnly: true, sameSite: "Lax", secure: config.secureCookies });
export const dropCookie = (c: Ctx, { config }: WebDeps, name: Name): void => void deleteCookie(c, named(config.secureCookies, name), { path: "/", secure: config.secureCookies });

export const whoIs = async (c: Ctx, { config, identity }: WebDeps): Promise<Me | null> => {
  const cookie = getCookie(c, named(config.secureCookies, "session"));
  if (cookie === undefined) return null;
  try { return meOf(await loggedIn(identity, cookie), cookie); } catch (e) {
    const recalled = isAway(e) ? meOf(recalledLogin(identity, cookie), cookie) : null;
    if (!recalled) throw e;
    return { ...recalled, recalled: e };
  }
};
/** Of a request that never reaches a route: a socket's. Nobody is recalled there. */
export const whoSends = async ({ config, identity }: WebDeps, header: string | undefined): Promise<Me | null> => {
  const name = named(config.secureCookies, "session"), cookie = header === undefined ? undefined : parse(header, name)[name];
  return cookie === undefined ? null : meOf(await loggedIn(identity, cookie), cookie);
};
const meOf = (found: LoggedIn | null, cookie: string): Me | null => found && { person: found.person, csrf: found.login.csrf, cookie };

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
