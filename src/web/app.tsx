/** The portal as one value. Rule: order is the defence: headers, size, origin, login, token, then a route that names its act. */
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { Fault } from "../kernel/fault.ts";
import { assets } from "./assets.ts";
import type { Env, WebDeps } from "./deps.ts";
import { answerFault } from "./faults.tsx";
import { loginSession } from "./login-session.ts";
import { ACCOUNTS } from "./pages/accounts.tsx";
import { AGENTS } from "./pages/agents.tsx";
import { AUDIT } from "./pages/audit.tsx";
import { BULK } from "./pages/bulk.tsx";
import { COLLECTIONS } from "./pages/collections.tsx";
import { DEPENDENTS } from "./pages/dependents.tsx";
import { DEMONSTRATIONS } from "./pages/demonstrations.tsx";
import { DISCOVERY } from "./pages/discovery.tsx";
import { EXPOSURES } from "./pages/exposures.tsx";
import { HOME } from "./pages/home.tsx";
import { IMPORT } from "./pages/import.tsx";
import { LET_IN } from "./pages/let-in.tsx";
import { LOCKS } from "./pages/locks.tsx";
import { LOGIN } from "./pages/login.tsx";
import { ME } from "./pages/me.tsx";
import { NOTICES } from "./pages/notices.tsx";
import { PEOPLE } from "./pages/people.tsx";
import { POLICIES } from "./pages/policies.tsx";
import { RECORDINGS } from "./pages/recordings.tsx";
import { REQUESTS } from "./pages/requests.tsx";
import { SCHEDULES } from "./pages/schedules.tsx";
import { ROTATIONS } from "./pages/rotations.tsx";
import { PASSWORD_RULES } from "./pages/password-policies.tsx";
import { PLATFORM_PAGES } from "./pages/platforms.tsx";
import { SEARCH } from "./pages/search.tsx";
import { SESSIONS } from "./pages/sessions.tsx";
import { DESKTOP } from "./pages/desktop.tsx";
import { TARGET_DESKTOP } from "./pages/target-desktop.tsx";
import { TERMINAL } from "./pages/terminal.tsx";
import { SEVERAL } from "./pages/several.tsx";
import { TARGETS } from "./pages/targets.tsx";
import { mount, type Route } from "./route.ts";
import { headers, sameOrigin } from "./security.ts";

/** Every page and form there is. */
export const ROUTES: readonly Route[] = [
  ...LOGIN, ...HOME, ...SEARCH, ...REQUESTS, ...SEVERAL, ...BULK, ...SCHEDULES, ...ACCOUNTS, ...IMPORT, ...TARGETS, ...DISCOVERY, ...DEPENDENTS, ...COLLECTIONS, ...ROTATIONS, ...PASSWORD_RULES, ...PLATFORM_PAGES, ...DEMONSTRATIONS, ...SESSIONS, ...RECORDINGS, ...TERMINAL, ...DESKTOP, ...TARGET_DESKTOP,
  ...AGENTS, ...AUDIT, ...EXPOSURES, ...ME, ...LET_IN, ...PEOPLE, ...POLICIES, ...LOCKS, ...NOTICES,
];
const MAX_BODY = 256 * 1024;

/** `api` is mounted at /api/v1 behind the same headers, origin check and login cookie; bearer tokens are its own business. */
export const webApp = (deps: WebDeps, api?: Hono<Env>): Hono<Env> => {
  const app = new Hono<Env>();
  app.onError((e, c) => answerFault(deps)(e, c));
  app.use(headers(deps));
  app.get("/healthz", (c) => c.json({ ok: true, passive: deps.flow.passive.why !== null }));
  assets(app, deps.config.root);
  app.use(bodyLimit({ maxSize: MAX_BODY, onError: () => { throw new Fault("invalid", "That is more than this form takes."); } }));
  app.use(sameOrigin(deps));
  app.use(loginSession(deps));
  mount(app, ROUTES, deps);
  if (api) app.route("/api/v1", api);
  app.notFound((c) => answerFault(deps)(new Fault("not_found", "There is no such page."), c));
  return app;
};
