/**
 * Where the portal's upgrade router hands browsers over: a Unix socket of this process, spoken to in HTTP and WebSocket. Rule: only the broker
 * can open it, and even so a browser is nobody until the broker has said whose its one-time word is.
 */
import { createServer } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";
import { toFault } from "../../src/kernel/fault.ts";
import type { Deps } from "../deps.ts";
import { words } from "../log.ts";
import { Desktop } from "../rdp/desktop.ts";
import { DesktopLine } from "../rdp/line.ts";
import { PROTOCOL as DESKTOP } from "../rdp/messages.ts";
import { Line } from "./line.ts";
import { BROKE_RULES, LONGEST, PROTOCOL } from "./messages.ts";
import type { Size } from "./messages.ts";
import { WebTerminal } from "./terminal.ts";

type Door = { readonly deps: Deps; readonly known: Map<string, WebTerminal> };
/** rw for the owner only, from the first moment the socket exists. */
const PRIVATE = 0o177;
const WAY = /^\/(?:(terminal|desktop)\/([^/]{1,600})\/([^/]{1,300})|rejoin\/([\w-]{1,128}))$/;

/** What the broker wrote, or undefined. */
const wayOf = (request: IncomingMessage) => {
  const login = request.headers["lockstep-arrival"], found = WAY.exec(request.url ?? "");
  if (typeof login !== "string" || found === null) return undefined;
  const [, to, account, target, session] = found;
  if (session !== undefined) return { login, session };
  try { return { login, to: to as "terminal" | "desktop", account: decodeURIComponent(account!), target: decodeURIComponent(target!) }; } catch { return undefined; }
};

const comeBack = async ({ deps, known }: Door, way: { login: string; session: string }, line: Line, size: Size): Promise<void> => {
  try {
    await deps.uplink.ask("rejoin", way);
    const terminal = known.get(way.session);
    if (terminal !== undefined) return terminal.comeBack(line, size);
    line.tell({ type: "ended", sentence: "This session is over." });
  } catch (error) {
    const fault = toFault(error);
    if (fault.code === "internal") deps.log("error", "a browser could not come back", { error: words(fault.cause ?? fault) });
    line.tell({ type: "ended", sentence: fault.message });
  }
  line.close();
};

type Found = NonNullable<ReturnType<typeof wayOf>>;
const lean = ({ login, account, target }: Exclude<Found, { session: string }>) => ({ login, account, target });
const isBack = (way: Found): way is Extract<Found, { session: string }> => "session" in way;

const receive = (door: Door, way: Found, socket: WebSocket): void => {
  const late = setTimeout(() => socket.close(BROKE_RULES, "said nothing"), door.deps.waits.handshake);
  socket.once("close", () => clearTimeout(late));
  if ("to" in way && way.to === "desktop") return void new DesktopLine(socket, (line, screen) => { clearTimeout(late); new Desktop(door.deps, lean(way), line, screen); });
  new Line(socket, (line, size) => {
    clearTimeout(late);
    if (isBack(way)) void comeBack(door, way, line, size);
    else new WebTerminal(door.deps, lean(way), door.known, line, size);
  });
};

/** `open`: false refuses everybody. */
export const openDoor = async (path: string, deps: Deps, open: () => boolean): Promise<Server> => {
  const bounds = { maxPayload: LONGEST, perMessageDeflate: false, clientTracking: false };
  const sockets = new WebSocketServer({ noServer: true, ...bounds, handleProtocols: (said) => [PROTOCOL, DESKTOP].find((p) => said.has(p)) ?? false });
  const server = createServer((_request, response) => { response.writeHead(404).end(); }), door: Door = { deps, known: new Map() };
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => undefined);
    const way = wayOf(request);
    if (way === undefined || !open()) return void socket.destroy();
    sockets.handleUpgrade(request, socket, head, (made) => receive(door, way, made));
  });
  const before = process.umask(PRIVATE);
  const listening = new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ path }, () => { server.removeListener("error", reject); resolve(); });
  });
  process.umask(before);
  await listening;
  return server;
};
