/**
 * The one place where a request becomes a socket. Rule: origin, login and ticket are asked before a byte of it is answered with anything but a
 * refusal; what is behind a door (a terminal, a screen, a watch) is the door's own business.
 */
import type { IncomingMessage } from "node:http";
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { Fault, FAULTS, toFault } from "../kernel/fault.ts";
import { Secret } from "../kernel/secret.ts";
import { TICKET, type TicketKind } from "../domain/ticket.ts";
import type { Caller } from "../flow/record.ts";
import { purposeOf, type Purpose, type Shown } from "../flow/ticket.ts";
import { holderOf } from "../identity/sessions.ts";
import { bearer } from "../identity/tokens.ts";
import type { WebDeps } from "./deps.ts";
import { whoSends } from "./login-session.ts";
import { pipeAgent, type AgentsDoor } from "./agents-door.ts";
import { addressOf } from "./security.ts";

/** Somebody whose ticket is good for this door; only the verb behind it spends it. */
export type Admitted = { readonly caller: Caller; readonly shown: Shown; readonly purpose: Purpose };
export type Opening = { readonly request: IncomingMessage; readonly socket: Duplex; readonly head: Buffer };
export type Door = {
  readonly protocol: string; readonly kinds: readonly TicketKind[];
  /** Rejects with what the browser is refused with. */
  open(a: Admitted, o: Opening): void | Promise<void>;
};

/** Open sockets of one login at most. */
const MOST = 24;
const PREFIX = "ticket.";

/** `Sec-WebSocket-Protocol: <the door's>, ticket.<256 bit>`: never in an address, where logs and histories keep it. */
const ticketIn = (request: IncomingMessage, door: Door): string => {
  const said = String(request.headers["sec-websocket-protocol"] ?? "").split(",").map((p) => p.trim());
  const tickets = said.filter((p) => p.startsWith(PREFIX)).map((p) => p.slice(PREFIX.length));
  const [ticket = ""] = tickets;
  if (said.includes(door.protocol) && tickets.length === 1 && TICKET.test(ticket)) return ticket;
  throw new Fault("forbidden", "This socket needs one ticket, in its subprotocol. The API gives one.");
};

const isHandshake = ({ method, headers }: IncomingMessage): boolean =>
  method === "GET" && headers.upgrade?.toLowerCase() === "websocket" && headers["sec-websocket-version"] === "13"
  && /^[+/0-9A-Za-z]{22}==$/.test(headers["sec-websocket-key"] ?? "");

/** Browsers send cookies to a socket from any page: so theirs has to come from this very portal. A program with a token names no origin. */
const requireOrigin = ({ headers }: IncomingMessage, origin: string, required: boolean): void => {
  const site = headers["sec-fetch-site"];
  const wrong = headers.origin === undefined ? required : headers.origin !== origin;
  if (wrong) throw new Fault("forbidden", `This socket was not opened by the portal at ${origin}.`);
  if (site !== undefined && site !== "same-origin") throw new Fault("forbidden", "This socket was not opened by this portal's own page.");
};

const addressOfRequest = (deps: WebDeps, { headers, socket }: IncomingMessage): string =>
  addressOf(socket.remoteAddress, String(headers["x-forwarded-for"] ?? ""), deps.config.trustedProxies);

const callerOf = async (deps: WebDeps, request: IncomingMessage): Promise<{ caller: Caller; holder: string }> => {
  const { authorization, cookie } = request.headers, address = addressOfRequest(deps, request);
  requireOrigin(request, deps.config.origin, authorization === undefined);
  if (authorization === undefined) {
    const me = await whoSends(deps, cookie);
    if (!me) throw new Fault("unauthenticated", "Please log in.");
    return { caller: { person: me.person, address, means: "portal" }, holder: holderOf(me.cookie) };
  }
  using token = Secret.of(/^Bearer ([\x21-\x7e]{8,200})$/.exec(authorization)?.[1] ?? "");
  const found = await bearer(deps.identity, token, address);
  if (!found) throw new Fault("unauthenticated", "This token is not known, was revoked, has expired, or may not be used from here.");
  return { caller: { person: found.person, address, means: "api" }, holder: found.token.id };
};

const refuse = (socket: Duplex, e: unknown): void => {
  const { code, message } = toFault(e), { http } = FAULTS[code], body = `${message}\n`;
  if (socket.destroyed || !socket.writable) return;
  const head = [
    `HTTP/1.1 ${http} ${STATUS_CODES[http] ?? ""}`, "Content-Type: text/plain; charset=utf-8", "Cache-Control: no-store", "Connection: close",
    `Content-Length: ${Buffer.byteLength(body)}`, "", "",
  ];
  socket.end(`${head.join("\r\n")}${body}`);
};

export type Router = {
  take(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Closes every socket of one login. */
  endOf(holder: string): void;
  close(): void;
};

/** `doors` by path. `agents`: programs, which have no login here and prove themselves inside. */
export const upgradeRouter = (deps: WebDeps, doors: Readonly<Record<string, Door>>, agents?: AgentsDoor): Router => {
  const open = new Map<string, Set<Duplex>>(), machines = new Set<Duplex>();
  const keep = (holder: string, socket: Duplex): void => {
    const mine = open.get(holder) ?? new Set();
    if (mine.size >= MOST) throw new Fault("too_many", `This login has ${MOST} sockets open already. Close one.`);
    open.set(holder, mine.add(socket));
    socket.once("close", () => { mine.delete(socket); if (mine.size === 0 && open.get(holder) === mine) open.delete(holder); });
  };
  const admit = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    if (agents && request.url === agents.path) {
      if (!isHandshake(request)) throw new Fault("invalid", "This is not a WebSocket handshake.");
      return pipeAgent(agents, machines, addressOfRequest(deps, request), { request, socket, head });
    }
    const door = Object.hasOwn(doors, request.url ?? "") ? doors[request.url!]! : undefined;
    if (!door) throw new Fault("not_found", "There is no such socket.");
    if (!isHandshake(request)) throw new Fault("invalid", "This is not a WebSocket handshake.");
    const ticket = ticketIn(request, door), { caller, holder } = await callerOf(deps, request), shown: Shown = { ticket, holder };
    const purpose = await purposeOf(deps.flow, shown);
    if (!door.kinds.includes(purpose.kind)) throw new Fault("forbidden", "This ticket is for something else.");
    if (socket.destroyed) return;
    keep(holder, socket);
    await door.open({ caller, shown, purpose }, { request, socket, head });
  };
  return {
    take: (request, socket, head) => {
      socket.on("error", () => undefined);
      admit(request, socket, head).catch((e: unknown) => {
        const { code, message } = toFault(e), ours = code === "internal";
        const what = ours && e instanceof Error ? e.message : message;
        deps.flow.log(ours ? "error" : "info", "a socket was refused", { path: (request.url ?? "").slice(0, 100), code, what });
        refuse(socket, e);
      });
    },
    endOf: (holder) => { for (const socket of open.get(holder) ?? []) socket.destroy(); },
    close: () => { for (const mine of [...open.values(), machines]) for (const socket of mine) socket.destroy(); },
  };
};
