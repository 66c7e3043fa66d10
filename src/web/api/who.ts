/**
 * Who calls: a bearer token, the login session of a browser, or the machine's operator over the broker's own socket. Rule: with an Authorization
 * header the cookie counts for nothing; a read-only token reads; the operator's token is nothing anywhere but on the socket.
 */
import type { MiddlewareHandler } from "hono";
import { Fault, isAway } from "../../kernel/fault.ts";
import { Secret } from "../../kernel/secret.ts";
import type { Asker } from "../../flow/record.ts";
import { holderOf } from "../../identity/sessions.ts";
import { bearer, recalledBearer, type Bearer } from "../../identity/tokens.ts";
import type { ApiCtx, ApiDeps, ApiEnv, Who } from "./deps.ts";

const LOGIN = "Give an API token in the header Authorization: Bearer …, or log in.";
const READS = ["GET", "HEAD"];
/** What the command line says of itself; the audit log shows it as the means, nothing else depends on it. */
const meansOf = (c: ApiCtx): "cli" | "api" => ((c.req.header("user-agent") ?? "").startsWith("lockstep-cli/") ? "cli" : "api");

const proven = async (deps: ApiDeps, token: Secret, address: string): Promise<{ found: Bearer | null; recalled?: unknown }> => {
  try { return { found: await bearer(deps.identity, token, address) }; } catch (e) {
    const found = isAway(e) ? recalledBearer(deps.identity, token, address) : null;
    if (!found) throw e;
    return { found, recalled: e };
  }
};
const byToken = async (c: ApiCtx, deps: ApiDeps, header: string): Promise<Who<Asker>> => {
  const text = /^Bearer ([\x21-\x7e]{8,200})$/.exec(header)?.[1];
  if (text === undefined) throw new Fault("unauthenticated", LOGIN);
  using token = Secret.of(text);
  if (c.env?.local && deps.own?.operator.is(token)) return { caller: "operator", bearer: null, holder: "operator" };
  const address = c.get("address") ?? "127.0.0.1", { found, recalled } = await proven(deps, token, address);
  if (!found) throw new Fault("unauthenticated", "This token is not known, was revoked, has expired, or may not be used from here.");
  if (found.token.readOnly && !READS.includes(c.req.method)) throw new Fault("forbidden", "This token may only read. Make one that may also change things.");
  return { caller: { person: found.person, address, means: meansOf(c) }, bearer: found, holder: found.token.id, recalled };
};

/** The portal's middleware has checked the session's form token before a cookie gets here (web/security.ts). */
const whoAsks = async (c: ApiCtx, deps: ApiDeps): Promise<Who<Asker>> => {
  const header = c.req.header("authorization"), me = c.get("me");
  if (header !== undefined) return byToken(c, deps, header);
  if (!me) throw new Fault("unauthenticated", LOGIN);
  return { caller: { person: me.person, address: c.get("address"), means: "portal" }, bearer: null, holder: holderOf(me.cookie), recalled: me.recalled };
};

export const authenticate = (deps: ApiDeps): MiddlewareHandler<ApiEnv> => async (c, next) => {
  c.set("who", await whoAsks(c, deps));
  return next();
};
