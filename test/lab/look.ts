/** How tests look at a server from outside. Rule: nothing here knows who raised it. */
import { connect } from "node:net";
import { must } from "./run.ts";

/** The first words of 127.0.0.1:`port`; "silence" when none came in time; the error's code when nobody answers. */
export const banner = (port: number, waitMs: number): Promise<string> => new Promise((resolve) => {
  const socket = connect({ host: "127.0.0.1", port }), end = (what: string): void => { socket.destroy(); resolve(what); };
  socket.setTimeout(waitMs, () => { end("silence"); });
  socket.once("data", (part: Buffer) => { end(part.toString().trim()); });
  socket.once("error", (error: NodeJS.ErrnoException) => { end(error.code ?? "error"); });
});

/** The pid that listens there, as seen from this machine. */
export const listener = async (port: number): Promise<number> =>
  Number((await must("ss", ["-Hltnp", `sport = :${String(port)}`])).match(/pid=(\d+)/)?.[1]);
