/** What the pages need, and what every request knows of itself. Rule: wired in app.ts; a page imports verbs, never rooms below them. */
import type { Context } from "hono";
import type { Deps } from "../flow/deps.ts";
import type { Person } from "../domain/person.ts";
import type { IdentityDeps } from "../identity/deps.ts";

export type WebConfig = {
  /** Scheme, host and port as browsers see them, e.g. `http://127.0.0.1:8080`. */
  readonly origin: string;
  /** Where people point their SSH client. */
  readonly sshHost: string;
  readonly sshPort: number;
  /** The proxy's own public keys, as lines of known_hosts without the name. */
  readonly sshHostKeys?: readonly string[];
  /** Fingerprints of the keys this broker proves itself by to agents, the one in force first; none: its tunnel does not run. */
  readonly agentKeys?: readonly string[];
  /** https: `__Host-` cookies and HSTS. Plain names are for loopback http alone. */
  readonly secureCookies: boolean;
  /** Addresses or networks of reverse proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  /** The directory that holds `views/public` and `node_modules`. */
  readonly root: string;
};

export type WebDeps = {
  readonly flow: Deps;
  readonly identity: IdentityDeps;
  readonly config: WebConfig;
  /** Where the recordings lie; null = none can be played here. */
  readonly recordings: string | null;
  /** A login session has ended by its person's wish: its sockets go too. Absent where there are none. */
  readonly loggedOut?: (holder: string) => void;
};

/** Set by the middleware of security.ts and login-session.ts; `me` is null before login and for bearer tokens. */
export type Me = {
  readonly person: Person; readonly csrf: string; readonly cookie: string;
  /** The database is away and this is from memory: good for a route that says `emergency` alone. */
  readonly recalled?: unknown;
};
export type Env = {
  /** `local`: it came over the broker's own socket, whose peers are the machine's operator. Set by app.ts alone; no header reaches it. */
  Bindings: { incoming?: { socket?: { remoteAddress?: string | undefined } }; local?: true };
  Variables: { nonce: string; address: string; me: Me | null };
};
export type Ctx = Context<Env>;

export type Handler = (c: Ctx, deps: WebDeps) => Response | Promise<Response>;
