/**
 * One HTTP request over a Link, by Node's own client. Rules: TLS by wires/tls.ts before a byte of it; one connection a request, no redirect is
 * followed, and an answer is bounded; whether a byte of the request had left is told with every failure.
 */
import http from "node:http";
import type { Duplex } from "node:stream";
import { Fault } from "../kernel/fault.ts";
import type { Link } from "../kernel/link.ts";
import { times } from "../kernel/times.ts";
import type { Trust } from "./tls.ts";
import { secure, TlsFailure } from "./tls.ts";
import { isLoopback, PLAIN_ELSEWHERE } from "./trust.ts";

/** unreachable, identity: no byte of the request left · cut: it left, in part or whole, and no whole answer came. */
export type HttpKind = "unreachable" | "identity" | "cut";
export class HttpFailure extends Error {
  override readonly name = "HttpFailure";
  readonly kind: HttpKind;
  readonly why: string;
  constructor(kind: HttpKind, why: string) {
    super(`${kind}: ${why}`);
    this.kind = kind;
    this.why = why;
  }
}

export type HttpRequest = {
  readonly link: Link;
  readonly trust: Trust | null;
  readonly signal: AbortSignal;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
};
/** `proof`: what the server proved itself by; null over a plain connection. */
export type HttpReply = { readonly status: number; readonly body: string; readonly proof: string | null };

const MOST_BYTES = 4 * 1024 * 1024;

/** A stream on which the server has proven itself, or HttpFailure. */
export const opened = async (link: Link, trust: Trust | null, signal: AbortSignal): Promise<{ stream: Duplex; proof: string | null }> => {
  const within = AbortSignal.any([signal, AbortSignal.timeout(times().targetDial)]);
  if (trust === null && !isLoopback(link.address)) throw new HttpFailure("identity", PLAIN_ELSEWHERE);
  try {
    const raw = await link.connect(within);
    if (trust === null) return { stream: raw, proof: null };
    const { stream, fingerprint } = await secure(raw, trust, link.address.host, within);
    return { stream, proof: fingerprint };
  } catch (e) {
    if (e instanceof TlsFailure) throw new HttpFailure(e.kind === "identity" ? "identity" : "unreachable", e.why);
    throw new HttpFailure("unreachable", e instanceof Fault ? e.message : "it cannot be reached");
  }
};

const answer = (response: http.IncomingMessage, done: (body: string) => void, fail: (why: string) => void): void => {
  const parts: Buffer[] = [];
  let size = 0;
  response.on("data", (part: Buffer) => {
    size += part.length;
    if (size > MOST_BYTES) fail("its answer has no end");
    else parts.push(part);
  });
  response.on("end", () => {
    if (response.complete) done(Buffer.concat(parts).toString("utf8"));
    else fail("the connection was cut before the target answered");
  });
  response.on("error", () => fail("the connection was cut before the target answered"));
};
/** Rejects with HttpFailure. */
export const askHttp = async (o: HttpRequest): Promise<HttpReply> => {
  const { stream, proof } = await opened(o.link, o.trust, o.signal);
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      done();
      stream.destroy();
      reject(new HttpFailure("cut", why));
    };
    const late = (): void => fail("the target did not answer in time");
    const done = (): void => {
      o.signal.removeEventListener("abort", late);
      request.destroy();
    };
    const { host, port } = o.link.address,
      body = o.body === undefined ? undefined : Buffer.from(o.body);
    const request = http.request({
      // No `agent`, not even false: an agent would dial by itself.
      createConnection: () => stream as never,
      method: o.method,
      path: o.path,
      setHost: false,
      maxHeaderSize: 32_768,
      headers: {
        Host: `${host.includes(":") ? `[${host}]` : host}:${port}`,
        Accept: "application/json",
        "User-Agent": "lockstep",
        Connection: "close",
        ...(body ? { "Content-Length": String(body.length) } : {}),
        ...o.headers,
      },
    });
    request.on("error", () => fail("the connection was cut before the target answered"));
    request.once("response", (response) =>
      answer(
        response,
        (text) => {
          done();
          stream.destroy();
          resolve({ status: response.statusCode ?? 0, body: text, proof });
        },
        fail,
      ),
    );
    if (o.signal.aborted) return late();
    o.signal.addEventListener("abort", late, { once: true });
    request.end(body);
  });
};

/** For onboarding: the fingerprint it shows; null: what answers there speaks no TLS. Nothing is asked of it. */
export const tlsIdentity = async (link: Link, signal: AbortSignal): Promise<string | null> => {
  const raw = await link.connect(signal);
  try {
    const { stream, fingerprint } = await secure(raw, "whoever", link.address.host, signal);
    stream.destroy();
    return fingerprint;
  } catch (e) {
    if (signal.aborted) throw e;
    return null;
  }
};
