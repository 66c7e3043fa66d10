/**
 * Several HTTP requests over one connection, one after another: for logins that belong to a connection (NTLM). Rule: TLS has proven the server before a byte of
 * them; when the connection is gone there is no other one, and what was asked on it is `cut`.
 */
import http from "node:http";
import type { Duplex } from "node:stream";
import type { Link } from "../kernel/link.ts";
import { HttpFailure, opened } from "./http.ts";
import type { Trust } from "./tls.ts";

export type LineReply = { readonly status: number; readonly headers: http.IncomingHttpHeaders; readonly body: string };
export type LineRequest = { readonly path: string; readonly headers: Readonly<Record<string, string>>; readonly body: string; /** As its bytes leave. */ readonly onSend?: () => void };
export type HttpLine = { readonly proof: string; ask(r: LineRequest): Promise<LineReply>; close(): void };

const MOST_BYTES = 4 * 1024 * 1024, CUT = "the connection was cut before the target answered";

/** The one stream, given out once: an agent that wants a second one is told that the first is gone. */
const agentOf = (stream: Duplex): http.Agent => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  let given = false;
  // By the callback: thrown, it would end the process where a request waited for the connection that is gone.
  agent.createConnection = (_options: unknown, made?: (error: Error | null, stream: Duplex) => void): Duplex => {
    if (given) { made?.(new Error("the connection was lost"), stream); return undefined as never; }
    given = true;
    return stream;
  };
  return agent;
};

const bodyOf = (response: http.IncomingMessage): Promise<string> => new Promise((resolve, reject) => {
  const parts: Buffer[] = [];
  let size = 0;
  response.on("data", (part: Buffer) => { size += part.length; if (size > MOST_BYTES) response.destroy(new Error("no end")); else parts.push(part); });
  response.on("end", () => { if (response.complete) resolve(Buffer.concat(parts).toString("utf8")); else reject(new Error("cut")); });
  response.on("error", reject).on("aborted", () => reject(new Error("cut")));
});

/** Aborting destroys it. Rejects with HttpFailure, now and in every `ask`. */
export const httpLine = async (link: Link, trust: Trust, signal: AbortSignal): Promise<HttpLine> => {
  const { stream, proof } = await opened(link, trust, signal), agent = agentOf(stream), { host, port } = link.address;
  const close = (): void => { signal.removeEventListener("abort", close); agent.destroy(); stream.destroy(); };
  signal.addEventListener("abort", close, { once: true });
  stream.on("error", () => undefined);
  const ask = (r: LineRequest): Promise<LineReply> => new Promise((resolve, reject) => {
    const body = Buffer.from(r.body), failed = (): void => { close(); reject(new HttpFailure("cut", signal.aborted ? "the target did not answer in time" : CUT)); };
    if (signal.aborted || stream.destroyed) return failed();
    try {
      const request = http.request({
        agent, method: "POST", path: r.path, host, port, setHost: false, maxHeaderSize: 32_768,
        headers: { Host: `${host.includes(":") ? `[${host}]` : host}:${port}`, "User-Agent": "lockstep", "Content-Length": String(body.length), ...r.headers },
      });
      request.on("error", failed);
      request.once("response", (response) => { bodyOf(response).then((text) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }), failed); });
      r.onSend?.();
      request.end(body);
    } catch { failed(); }
  });
  return { proof: proof ?? "", ask, close };
};
