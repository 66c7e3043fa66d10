/** A route as data. Rule: law one-authorise: each names its act; a test walks this list and asks may() about every route and role. */
import { Fault } from "../kernel/fault.ts";
import { may, type Act } from "../domain/may.ts";
import type { Ctx, Env, Handler, WebDeps } from "./deps.ts";
import { me } from "./login-session.ts";
import type { Hono } from "hono";

export type Route = {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** `public`: before login. `logged_in`: anybody's own affairs. */
  readonly act: Act | "public" | "logged_in";
  /** The verb asks may() itself, because the answer depends on the thing; the route then only asks for a login. */
  readonly verb?: true;
  /** Works while the database is away, for those who were here a moment ago; its verb knows how. */
  readonly emergency?: true;
  readonly handle: Handler;
};

const admit = (route: Route, c: Ctx): void => {
  if (route.act === "public") return;
  const { person, recalled } = me(c);
  if (recalled !== undefined && !route.emergency) throw recalled;
  if (route.act === "logged_in" || route.verb) return;
  if (!may(person, route.act)) throw new Fault("forbidden", "Your roles do not allow this.");
};

export const mount = (app: Hono<Env>, routes: readonly Route[], deps: WebDeps): void => {
  for (const route of routes) {
    app.on(route.method, route.path, (c) => { admit(route, c); return route.handle(c, deps); });
  }
};
