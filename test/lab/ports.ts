/** TCP ports for lab servers. Rule: loopback only. */
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A port that was free a moment ago; whoever takes it must be ready to lose it to somebody quicker and ask again. */
export const freePort = (): Promise<number> => new Promise((resolve, reject) => {
  const server = createServer();
  server.once("error", reject);
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo;
    server.close(() => { resolve(port); });
  });
});

type Answer = { open: boolean; said: string };

const knock = (port: number, banner: RegExp | undefined, limitMs: number): Promise<Answer> => new Promise((resolve) => {
  const answer: Answer = { open: false, said: "" };
  const socket = connect({ host: "127.0.0.1", port });
  const done = (): void => { socket.destroy(); resolve(answer); };
  socket.setTimeout(limitMs, done);
  socket.once("connect", () => { answer.open = true; if (!banner) done(); });
  socket.on("data", (part: Buffer) => { answer.said += part.toString("latin1"); if (banner?.test(answer.said)) done(); });
  socket.once("error", done).once("close", done);
});

/** Resolves when 127.0.0.1:`port` accepts and, if given, what the server says first matches `banner`. */
export const waitForPort = async (port: number, banner?: RegExp, timeoutMs = 10_000): Promise<void> => {
  let last: Answer = { open: false, said: "" };
  for (const end = performance.now() + timeoutMs; performance.now() < end; await sleep(15)) {
    last = await knock(port, banner, Math.max(1, end - performance.now()));
    if (last.open && (!banner || banner.test(last.said))) return;
  }
  const why = last.open ? `it said ${JSON.stringify(last.said.slice(0, 80))}` : "nobody listens";
  throw new Error(`Port ${String(port)} on 127.0.0.1 was not ready within ${String(timeoutMs)} ms: ${why}.`);
};
