/**
 * An endpoint as data: what it takes, what it answers, which verb it calls. Rule: the answer leaves through its schema, so a field
 * nobody named stays inside; an endpoint that shows a secret says so, and its reply is neither cached nor kept.
 */
import { createHash } from "node:crypto";
import { createRoute, type OpenAPIHono, type RouteConfig, z } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { Fault } from "../../kernel/fault.ts";
import type { Asker, Caller } from "../../flow/record.ts";
import type { ApiCtx, ApiDeps, ApiEnv, Who } from "./deps.ts";
import { once, type Answer } from "./once.ts";
import { Problem } from "./problem.ts";

export type Ask<P, Q, B, C extends Asker = Caller> = Who<C> & { readonly params: P; readonly query: Q; readonly body: B };
type Method = "get" | "post" | "put" | "patch" | "delete";
type Spec<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType, C extends Asker = Caller> = {
  readonly method: Method;
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly says?: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly answer: R;
  readonly status?: 200 | 201 | 202;
  readonly secret?: true;
  /** The machine's operator may call it too; its verb asks may() for whoever it is. */
  readonly operator?: true;
  /** Works while the database is away, for those who were here a moment ago; its verb knows how. */
  readonly emergency?: true;
  run(deps: ApiDeps, ask: Ask<z.output<P>, z.output<Q>, z.output<B>, C>): Promise<z.input<R>>;
};
/** Not JSON: the handler answers itself. */
type Raw<P extends z.ZodType, Q extends z.ZodType, C extends Asker = Caller> = Pick<
  Spec<P, Q, never, never>,
  "method" | "path" | "tag" | "summary" | "says" | "params" | "query" | "operator"
> & {
  readonly type: string;
  raw(deps: ApiDeps, ask: Ask<z.output<P>, z.output<Q>, undefined, C>, c: ApiCtx): Promise<Response>;
};
type Any = z.ZodType;
export type Endpoint = Spec<Any, Any, Any, Any> | Raw<Any, Any>;

export const endpoint = <P extends Any, Q extends Any, B extends Any, R extends Any>(spec: Spec<P, Q, B, R>): Endpoint => spec as unknown as Endpoint;
export const raw = <P extends Any, Q extends Any>(spec: Raw<P, Q>): Endpoint => spec as unknown as Endpoint;

/** For endpoints that say `operator: true`. */
export const operable = <P extends Any, Q extends Any, B extends Any, R extends Any>(spec: Spec<P, Q, B, R, Asker> & { operator: true }): Endpoint =>
  spec as unknown as Endpoint;
export const operableRaw = <P extends Any, Q extends Any>(spec: Raw<P, Q, Asker> & { operator: true }): Endpoint => spec as unknown as Endpoint;
const NO_PERSON =
  "Over its own socket the broker takes you for the operator of this machine: that makes backups and reads the broker's " +
  "health, and is nobody's login. " +
  "For what a person does, make a token in the portal and give it once to: lockstep login";
/** Before anything of the call is looked at. */
const admits =
  (e: Endpoint): MiddlewareHandler<ApiEnv> =>
  async (c, next) => {
    const { caller, recalled } = c.get("who");
    if (caller === "operator" && !e.operator) throw new Fault("forbidden", NO_PERSON);
    if (recalled !== undefined && !("emergency" in e)) throw recalled;
    await next();
  };

export const Id = z.object({ id: z.string().min(1).max(300) });
export const Done = z.object({ ok: z.literal(true) }).openapi("Done");

const json = (schema: Any) => ({ "application/json": { schema } });
const success = (e: Endpoint) =>
  "raw" in e
    ? { 200: { description: "as it says", content: { [e.type]: { schema: z.string() } } } }
    : { [e.status ?? 200]: { description: "done", content: json(e.answer) } };
const routeOf = (e: Endpoint) =>
  createRoute({
    method: e.method,
    path: e.path,
    tags: [e.tag],
    summary: e.summary,
    ...(e.says ? { description: e.says } : {}),
    security: [{ token: [] }],
    middleware: admits(e),
    request: {
      ...(e.params ? { params: e.params } : {}),
      ...(e.query ? { query: e.query } : {}),
      ...("body" in e && e.body ? { body: { required: true, content: json(e.body) } } : {}),
    },
    responses: { ...success(e), default: { description: "a problem", content: { "application/problem+json": { schema: Problem } } } },
  } as unknown as RouteConfig);

const validOf = (c: ApiCtx, e: Endpoint) => {
  const valid = (part: string): unknown => (c.req as unknown as { valid(p: string): unknown }).valid(part);
  return {
    params: e.params ? valid("param") : undefined,
    query: e.query ? valid("query") : undefined,
    body: "body" in e && e.body ? valid("json") : undefined,
  };
};

const run = async (deps: ApiDeps, e: Spec<Any, Any, Any, Any>, ask: Ask<unknown, unknown, unknown>): Promise<Answer> => ({
  status: e.status ?? 200,
  body: JSON.stringify(e.answer.parse(await e.run(deps, ask))),
});

const isPage = (e: Spec<Any, Any, Any, Any>): boolean => e.answer instanceof z.ZodObject && "next" in e.answer.shape;
export const weakTag = (body: string): string => `W/"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;

const send = (c: ApiCtx, { status, body }: Answer): Response => c.body(body, status as ContentfulStatusCode, { "Content-Type": "application/json" });

const handle = async (c: ApiCtx, deps: ApiDeps, e: Endpoint): Promise<Response> => {
  const who = c.get("who"),
    ask = { ...(who as Who), ...validOf(c, e) };
  if ("raw" in e) return e.raw(deps, ask as never, c);
  const key = c.req.header("idempotency-key");
  if (key !== undefined && e.method === "post" && !e.secret && who.caller !== "operator" && who.recalled === undefined) {
    const { replayed, ...answer } = await once(c, deps, ask.caller.person.id, key, () => run(deps, e, ask));
    if (replayed) c.header("Idempotent-Replayed", "true");
    return send(c, answer);
  }
  const answer = await run(deps, e, ask);
  if (e.secret) c.header("Cache-Control", "no-store, max-age=0");
  if (e.method !== "get" || isPage(e)) return send(c, answer);
  const tag = weakTag(answer.body);
  c.header("ETag", tag);
  return c.req.header("if-none-match") === tag ? c.body(null, 304) : send(c, answer);
};

export const mountEndpoints = (app: OpenAPIHono<ApiEnv>, deps: ApiDeps, endpoints: readonly Endpoint[]): void => {
  for (const e of endpoints) app.openapi(routeOf(e), ((c: ApiCtx) => handle(c, deps, e)) as never);
};
