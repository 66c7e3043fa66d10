/**
 * The entry of a session process: `worker <socket path>`; the rest of its set-up comes as the first IPC message. Rule: it holds no keyring
 * and no database; without its uplink it takes nobody new, and what runs goes on until its own deadline.
 */
import type { Socket } from "node:net";
import { newBoxKey } from "../src/crypto/box.ts";
import { systemClock, systemRandom } from "../src/kernel/clock.ts";
import type { Link } from "../src/kernel/link.ts";
import { times } from "../src/kernel/times.ts";
import { directLink } from "../src/links/direct.ts";
import { passLink } from "../src/links/via.ts";
import type { Deps, Reached } from "./deps.ts";
import type { FromWorker, Setup, ToWorker } from "./ipc.ts";
import { waits } from "./limits.ts";
import type { Log } from "./log.ts";
import { words } from "./log.ts";
import { Sessions } from "./sessions.ts";
import { parseHostKeys, serve } from "./ssh/server.ts";
import { openUplink } from "./uplink.ts";
import { openDoor } from "./web-terminal/door.ts";

const tellParent = (message: FromWorker, then: () => void = () => undefined): void => {
  if (process.connected) process.send?.(message, undefined, undefined, then); else then();
};
const log: Log = (level, what, fields = {}) => tellParent({ kind: "log", level, what, fields });

/** A grant that is reached through an agent brings the broker's pass for it. */
const reach = (exchange: string) => ({ address, pass }: Reached): Link => pass === undefined ? directLink(address) : passLink(exchange, pass);

const wire = async (path: string, setup: Setup): Promise<Deps> => {
  const box = newBoxKey(), sessions = new Sessions(), uplink = await openUplink(path, setup.token, box.publicKey);
  uplink.onDown((message) => {
    if (message.kind === "cut") sessions.cut(message.session, message.why, message.message);
    else if (message.kind === "terms") sessions.get(message.session)?.terms(message.remainingMs);
    else sessions.get(message.session)?.watch(message.on);
  });
  const tell: Deps["tell"] = (kind, message) => void uplink.ask(kind, message as never)
    .catch((error: unknown) => log("warn", `a ${kind} was not taken`, { error: words(error) }));
  return { uplink, box, clock: systemClock, waits: waits(times(setup.timescale)), log, sessions, recordingsDir: setup.recordingsDir, random: systemRandom, guacd: setup.guacd, reach: reach(setup.exchange), tell };
};

const run = async (path: string, setup: Setup): Promise<void> => {
  const deps = await wire(path, setup), hostKeys = parseHostKeys(setup.hostKeys);
  let open = 0, closing = false;
  await openDoor(setup.door, deps, () => deps.uplink.alive() && !closing);
  const leaveWhenIdle = (): void => { if (closing && open === 0 && deps.sessions.size === 0) process.exit(0); };
  const close = (): void => { closing = true; leaveWhenIdle(); setInterval(leaveWhenIdle, deps.waits.farewell); };
  const take = (id: string, address: string, socket: Socket): void => {
    if (!deps.uplink.alive() || closing) return void socket.destroy();
    open += 1;
    socket.once("close", () => { open -= 1; tellParent({ kind: "gone", id }); leaveWhenIdle(); });
    serve({ id, address, socket, onLogin: () => tellParent({ kind: "in", id }) }, hostKeys, deps);
  };
  process.on("message", (message: ToWorker, handle) => {
    if (message.kind === "socket") { if (handle !== undefined) take(message.id, message.address, handle as Socket); else tellParent({ kind: "gone", id: message.id }); }
    if (message.kind === "close") close();
  });
  process.on("disconnect", close);
  deps.uplink.onLost(close);
  setInterval(() => deps.tell("heartbeat", { sessions: deps.sessions.ids() }), deps.waits.heartbeat);
  tellParent({ kind: "ready" });
};

// A terminal's Ctrl-C reaches the whole process group; the parent decides when a worker ends.
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => undefined);
// SIGUSR1 would open an inspector, and with it every secret of this process.
process.on("SIGUSR1", () => undefined);
process.on("uncaughtException", (error) => log("error", "an exception nobody caught", { error: words(error) }));
process.on("unhandledRejection", (error) => log("error", "a rejection nobody caught", { error: words(error) }));
process.once("message", (setup: Setup) => {
  run(process.argv[2] ?? "", setup).catch((error: unknown) =>
    tellParent({ kind: "log", level: "error", what: "a session process did not start", fields: { error: words(error) } }, () => process.exit(1)));
});
