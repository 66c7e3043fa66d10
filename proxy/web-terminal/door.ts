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
import type { Screen } from "../rdp/messages.ts";
import { Line } from "./line.ts";
import { BROKE_RULES, LEFT, LONGEST, PROTOCOL } from "./messages.ts";
import type { Size } from "./messages.ts";
import { WebTerminal } from "./terminal.ts";

type Door = { readonly deps: Deps; readonly terminals: Map<string, WebTerminal>; readonly desktops: Map<string, Desktop> };
/** rw for the owner only, from the first moment the socket exists. */
const PRIVATE = 0o177;
const WAY = /^\/(?:(terminal|desktop)\/([^/]{1,600})\/([^/]{1,300})|(rejoin|look)\/([\w-]{1,128}))$/;

/** What the broker wrote, or undefined. */
const wayOf = (request: IncomingMessage) => {
  const login = request.headers["lockstep-arrival"], found = WAY.exec(request.url ?? "");
  if (typeof login !== "string" || found === null) return undefined;
  const [, to, account, target, why, session] = found;
  if (session !== undefined) return { login, session, why: why as "rejoin" | "look" };
  try { return { login, to: to as "terminal" | "desktop", account: decodeURIComponent(account!), target: decodeURIComponent(target!) }; } catch { return undefined; }
};

type Back = { readonly login: string; readonly session: string; readonly why: "rejoin" | "look" };
/** Into a session of this process: the broker is asked first. `no`: why not, for the person. */
type No = (sentence: string) => void;
const asked = async <T>({ deps }: Door, { login, session, why }: Back, known: Map<string, T>, into: (found: T) => void, no: No): Promise<void> => {
  try {
    await deps.uplink.ask(why, { login, session });
    const found = known.get(session);
    if (found !== undefined) return into(found);
    no("This session is over.");
  } catch (error) {
    const fault = toFault(error);
    if (fault.code === "internal") deps.log("error", "a browser could not come back", { error: words(fault.cause ?? fault) });
    no(fault.message);
  }
};
const ended = (line: Line | DesktopLine, sentence: string): void => { line.tell({ type: "ended", sentence }); line.close(); };

type Found = NonNullable<ReturnType<typeof wayOf>>;
const lean = ({ login, account, target }: Exclude<Found, { session: string }>) => ({ login, account, target });
const isBack = (way: Found): way is Extract<Found, { session: string }> => "session" in way;

const desktop = (door: Door, way: Found, line: DesktopLine, screen: Screen): void => {
  if (!isBack(way)) return void new Desktop(door.deps, lean(way), door.desktops, line, screen);
  void asked(door, way, door.desktops, (found) => found.comeBack(line, screen), (sentence) => ended(line, sentence));
};
const terminal = (door: Door, way: Found, line: Line, size: Size): void => {
  if (!isBack(way)) return void new WebTerminal(door.deps, lean(way), door.terminals, line, size);
  void asked(door, way, door.terminals, (found) => found.comeBack(line, size), (sentence) => ended(line, sentence));
};

const receive = (door: Door, way: Found, socket: WebSocket): void => {
  if (isBack(way) && way.why === "look") {
    return void asked(door, way, door.desktops, (found) => found.lookOn(socket), (sentence) => socket.close(LEFT, sentence.slice(0, 100)));
  }
  const late = setTimeout(() => socket.close(BROKE_RULES, "said nothing"), door.deps.waits.handshake);
  socket.once("close", () => clearTimeout(late));
  const speaksDesktop = isBack(way) ? socket.protocol === DESKTOP : way.to === "desktop";
  if (speaksDesktop) return void new DesktopLine(socket, (line, screen) => { clearTimeout(late); desktop(door, way, line, screen); });
  new Line(socket, (line, size) => { clearTimeout(late); terminal(door, way, line, size); });
};

/** `open`: false refuses everybody. */
export const openDoor = async (path: string, deps: Deps, open: () => boolean): Promise<Server> => {
  const bounds = { maxPayload: LONGEST, perMessageDeflate: false, clientTracking: false };
  const sockets = new WebSocketServer({ noServer: true, ...bounds, handleProtocols: (said) => [PROTOCOL, DESKTOP].find((p) => said.has(p)) ?? false });
  const server = createServer((_request, response) => { response.writeHead(404).end(); }), door: Door = { deps, terminals: new Map(), desktops: new Map() };
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
