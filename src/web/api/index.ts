/** `/api/v1`: every noun, its description, its docs. Rule: an endpoint is served only from the list below, and the document is made from the same list. */
import { OpenAPIHono } from "@hono/zod-openapi";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import { Fault } from "../../kernel/fault.ts";
import { accounts } from "./accounts.ts";
import { agents } from "./agents.ts";
import { brokerKeys } from "./broker-keys.ts";
import { audit } from "./audit.ts";
import { backups } from "./backups.ts";
import { bulks } from "./bulks.ts";
import { changes } from "./changes.ts";
import { demonstrations } from "./demonstrations.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { dependents } from "./dependents.ts";
import { discoveries } from "./discoveries.ts";
import { docsPage } from "./docs.tsx";
import { mountEndpoints, type Endpoint } from "./endpoint.ts";
import { enrolments } from "./enrolments.ts";
import { exposures } from "./exposures.ts";
import { groups } from "./groups.ts";
import { health } from "./health.ts";
import { imports } from "./import.ts";
import { locks } from "./locks.ts";
import { me } from "./me.ts";
import { notices } from "./notices.ts";
import { documentOf } from "./openapi.ts";
import { commandSets } from "./command-sets.ts";
import { passwordPolicies } from "./password-policies.ts";
import { people } from "./people.ts";
import { policies } from "./policies.ts";
import { answerProblem } from "./problem.ts";
import { requests } from "./requests.ts";
import { rotations } from "./rotations.ts";
import { schedules } from "./schedules.ts";
import { search } from "./search.ts";
import { sessions } from "./sessions.ts";
import { ssh } from "./ssh.ts";
import { targets } from "./targets.ts";
import { terminals } from "./terminals.ts";
import { authenticate } from "./who.ts";

export type { ApiDeps, Doors, Own, Shelf } from "./deps.ts";

export const ENDPOINTS: readonly Endpoint[] = [
  ...me, ...terminals, ...accounts, ...requests, ...sessions, ...ssh, ...rotations, ...targets, ...discoveries, ...people, ...groups, ...policies, ...passwordPolicies, ...commandSets, ...demonstrations, ...changes, ...locks, ...audit, ...exposures,
  ...imports, ...bulks, ...schedules, ...search, ...dependents, ...agents, ...enrolments, ...brokerKeys, ...health, ...backups, ...notices,
];

const MOST = 256 * 1024;
/** Mounted at `/api/v1`. Description and docs need no login; everything else asks who calls before it looks at anything. */
export const apiRoutes = (deps: ApiDeps): OpenAPIHono<ApiEnv> => {
  const app = new OpenAPIHono<ApiEnv>({ defaultHook: (result) => { if (!result.success) throw result.error; } });
  app.openAPIRegistry.registerComponent("securitySchemes", "token", { type: "http", scheme: "bearer" });
  app.onError(answerProblem(deps) as never);
  app.get("/openapi.json", (c) => c.json(documentOf(app)));
  app.get("/docs", (c) => c.html(docsPage(documentOf(app))));
  app.use(bodyLimit({ maxSize: MOST, onError: () => { throw new HTTPException(413); } }));
  app.use(authenticate(deps));
  mountEndpoints(app, deps, ENDPOINTS);
  app.all("*", () => { throw new Fault("not_found", "There is no such endpoint. They are listed at /api/v1/docs."); });
  return app;
};
