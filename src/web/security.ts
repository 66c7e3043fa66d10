/** What every answer carries and every change must prove. Rule: no answer leaves without a policy of its own nonce. */
import { isIP } from "./address.ts";
import type { MiddlewareHandler } from "hono";
import { Fault } from "../kernel/fault.ts";
import { isFrom } from "../domain/networks.ts";
import { equalText } from "./address.ts";
import type { Ctx, Env, WebDeps } from "./deps.ts";

/** `data:` images are Pico's own check marks; wasm is the player's terminal, on its page only. */
export const contentPolicy = (nonce: string, player = false): string =>
  [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'${player ? " 'wasm-unsafe-eval'" : ""}`,
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    ...(player ? ["worker-src 'self' blob:"] : []),
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ].join("; ");

export const headers =
  ({ config, flow }: WebDeps): MiddlewareHandler<Env> =>
  async (c, next) => {
    c.set("nonce", flow.random.bytes(18).toString("base64"));
    c.set("address", clientAddress(c, config.trustedProxies));
    c.set("me", null);
    await next();
    const set = (name: string, value: string) => c.res.headers.has(name) || c.res.headers.set(name, value);
    set("Content-Security-Policy", contentPolicy(c.get("nonce")));
    set("Cache-Control", "no-store");
    set("X-Content-Type-Options", "nosniff");
    set("Referrer-Policy", "same-origin");
    set("X-Frame-Options", "DENY");
    set("Cross-Origin-Opener-Policy", "same-origin");
    set("Cross-Origin-Resource-Policy", "same-origin");
    set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()");
    if (config.secureCookies) set("Strict-Transport-Security", "max-age=31536000; includeSubDomains");
  };

/** Azure Application Gateway and IIS ARR write the client's port beside its address. */
const withoutPort = (entry: string): string => /^\[(.*)\](?::\d+)?$/.exec(entry)?.[1] ?? entry.replace(/^([\d.]+):\d+$/, "$1");
/** The last address in the chain that is not one of our own proxies; a chain is believed only as far as they wrote it: left of an entry nobody can read may be the client's own. */
export const clientAddress = (c: Ctx, trusted: readonly string[]): string =>
  addressOf(c.env?.incoming?.socket?.remoteAddress, c.req.header("x-forwarded-for"), trusted);
export const addressOf = (remote: string | undefined, forwarded: string | undefined, trusted: readonly string[]): string => {
  const direct = (remote ?? "127.0.0.1").replace(/^::ffff:(?=\d+\.)/, "");
  if (trusted.length === 0 || !isFrom(direct, trusted)) return direct;
  for (const entry of (forwarded ?? "").split(",").toReversed()) {
    const address = withoutPort(entry.trim());
    if (!isIP(address)) return direct;
    if (!isFrom(address, trusted)) return address;
  }
  return direct;
};

const READS = ["GET", "HEAD"];
const isBearer = (c: Ctx): boolean => c.req.path.startsWith("/api/") && /^Bearer \S/.test(c.req.header("authorization") ?? "");

/** law: same-origin-token, first half. Old browsers without Sec-Fetch-Site must name this very origin. */
export const sameOrigin =
  ({ config }: WebDeps): MiddlewareHandler<Env> =>
  async (c, next) => {
    if (!READS.includes(c.req.method) && !isBearer(c)) {
      const site = c.req.header("sec-fetch-site"),
        origin = c.req.header("origin");
      if (site === undefined ? origin !== config.origin : site !== "same-origin")
        throw new Fault("forbidden", "This form was not sent from this portal's own page. Open the portal and try again.");
      if (origin !== undefined && origin !== config.origin)
        throw new Fault("forbidden", `This portal is ${config.origin}; the form came from another address. Open it there.`);
    }
    return next();
  };

/** law: same-origin-token, second half: the token of this very login session. */
export const requireToken = async (c: Ctx): Promise<void> => {
  const me = c.get("me");
  if (READS.includes(c.req.method) || me === null) return;
  const sent = c.req.header("x-csrf-token") ?? (await c.req.parseBody())["_csrf"];
  if (typeof sent !== "string" || !equalText(sent, me.csrf))
    throw new Fault("forbidden", "This page is from an earlier login. Reload it and try again.");
};
