/**
 * Where connectors and session processes dial through agents: a Unix socket; one line says whereto and shows the broker's pass for it, one line
 * answers, and then the bytes are the carried connection's. Rule: a pass leads to the address it was made for and nowhere else.
 */
import { createServer, type Server, type Socket } from "node:net";
import type { z } from "zod";
import { toFault } from "../../src/kernel/fault.ts";
import { LINE_MOST, Pass, passHolds, type Answered } from "../../src/links/via.ts";
import { headOf } from "../../src/wires/head.ts";
import { join } from "../../src/wires/join.ts";
import type { Agents } from "./agents.ts";

type Reply = z.infer<typeof Answered>;
const PRIVATE = 0o177;
const passIn = (line: string, key: Uint8Array): Pass | undefined => {
  try {
    const pass = Pass.safeParse(JSON.parse(line));
    return pass.success && passHolds(key, pass.data) ? pass.data : undefined;
  } catch { return undefined; }
};
const say = (socket: Socket, reply: Reply): void => void socket.write(`${JSON.stringify(reply)}\n`);
const NO_PASS: Reply = { ok: false, code: "forbidden", message: "this pass is not the broker's, or not for there" };

const lead = async (socket: Socket, line: string, agents: Agents, key: Uint8Array): Promise<void> => {
  const pass = passIn(line, key), gone = new AbortController();
  if (pass === undefined) { say(socket, NO_PASS); return void socket.end(); }
  socket.once("close", () => gone.abort());
  try {
    const { stream, via } = await agents.dial(pass.via, pass.host, pass.port, gone.signal);
    say(socket, { ok: true, via });
    join(socket, stream);
    if (socket.destroyed) stream.destroy();
  } catch (e) {
    const { code, message } = toFault(e);
    say(socket, { ok: false, code, message });
    socket.end();
  }
};

export const openExchange = async (path: string, agents: Agents, key: Uint8Array, silent: number): Promise<Server> => {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => undefined);
    headOf(socket, { end: "\n", most: LINE_MOST }, AbortSignal.timeout(silent)).then((line) => lead(socket, line, agents, key), () => socket.destroy());
  });
  const before = process.umask(PRIVATE), listening = new Promise<void>((resolve, reject) => { server.once("error", reject).listen({ path }, () => { server.removeListener("error", reject); resolve(); }); });
  process.umask(before);
  await listening;
  return server;
};
