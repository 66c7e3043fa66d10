/** The way to a Redis server and into it. Rule: TLS first, then the login; a refusal is one only over a verified certificate. */
import type { Duplex } from "node:stream";
import { Fault } from "../../kernel/fault.ts";
import type { Link } from "../../kernel/link.ts";
import { reveal } from "../../kernel/reveal.ts";
import { times } from "../../kernel/times.ts";
import { RespError, respOn, type Reply, type Resp } from "../../wires/resp.ts";
import { secure, TlsFailure } from "../../wires/tls.ts";
import { isLoopback, PLAIN, PLAIN_ELSEWHERE, trustOf, type TrustSettings } from "../../wires/trust.ts";
import type { Credential } from "../connector.ts";

/** unreachable: nothing came about · identity: not the trusted one · auth: the login was refused · said: the server's own words · closed: cut. */
export type RedisKind = "unreachable" | "identity" | "auth" | "said" | "closed";
export class RedisFailure extends Error {
  override readonly name = "RedisFailure";
  readonly kind: RedisKind;
  readonly why: string;
  constructor(kind: RedisKind, why: string) {
    super(`${kind}: ${why}`);
    this.kind = kind;
    this.why = why;
  }
}
export const failureIn = (e: unknown): RedisFailure => {
  if (e instanceof RedisFailure) return e;
  if (e instanceof TlsFailure) return new RedisFailure(e.kind === "identity" ? "identity" : "unreachable", e.why);
  if (e instanceof Fault) return new RedisFailure("unreachable", e.message);
  return new RedisFailure("closed", e instanceof Error ? e.message : "the connection was cut");
};

export type RedisSession = {
  readonly proof: string | null;
  /** Rejects with RedisFailure("said") where the server answers with an error. */
  ask(...command: readonly string[]): Promise<Exclude<Reply, RespError>>;
  /** Several in one write; errors stand among the replies. */
  all: Resp["ask"];
  end(): void;
};
const orThrow = (reply: Reply): Exclude<Reply, RespError> => {
  if (reply instanceof RespError) throw new RedisFailure("said", reply.message);
  return reply;
};

type Opened = { readonly stream: Duplex; readonly proof: string | null; readonly until: AbortSignal };
const open = async (c: TrustSettings, link: Link, signal: AbortSignal): Promise<Opened> => {
  const trust = trustOf(c),
    until = AbortSignal.any([signal, AbortSignal.timeout(times().targetDial)]);
  if (trust === null && !isLoopback(link.address)) throw new RedisFailure("identity", PLAIN_ELSEWHERE);
  const raw = await link.connect(until);
  if (trust === null) return { stream: raw, proof: null, until };
  const { stream, fingerprint } = await secure(raw, trust, link.address.host, until);
  return { stream, proof: fingerprint, until };
};
/** As the given user. Aborting ends it, now and later. */
export const connectRedis = async (c: TrustSettings, link: Link, who: Credential, signal: AbortSignal): Promise<RedisSession> => {
  try {
    const { stream, proof, until } = await open(c, link, signal),
      resp = respOn(stream),
      cut = (): void => {
        stream.destroy(new Error("the server did not answer in time"));
      };
    until.addEventListener("abort", cut, { once: true });
    const [reply] = await resp.ask(["AUTH", who.name, reveal(who.secret)]).finally(() => until.removeEventListener("abort", cut));
    if (reply instanceof RespError) {
      resp.end();
      throw new RedisFailure(...refusal(reply));
    }
    if (signal.aborted) cut();
    signal.addEventListener("abort", cut, { once: true });
    stream.once("close", () => signal.removeEventListener("abort", cut));
    return { proof, ask: async (...command) => orThrow((await resp.ask(command))[0]!), all: resp.ask, end: resp.end };
  } catch (e) {
    const f = failureIn(e);
    throw f.kind === "closed" ? new RedisFailure("unreachable", f.why) : f;
  }
};
const refusal = (e: RespError): [RedisKind, string] =>
  e.code === "WRONGPASS"
    ? ["auth", e.message]
    : /wrong number of arguments/i.test(e.message)
      ? ["unreachable", "Redis older than 6 knows no users"]
      : ["unreachable", e.message];

/**
 * For onboarding: its certificate's fingerprint, or PLAIN. No name, no password is said. Both ways are tried at once, as a port speaks one of them.
 */
export const redisIdentity = async (link: Link, signal: AbortSignal): Promise<string> => {
  const done = new AbortController(),
    until = AbortSignal.any([signal, AbortSignal.timeout(times().targetDial), done.signal]);
  try {
    return await Promise.any([shownTo(link, until), answeredTo(link, until)]);
  } catch (e) {
    const [first, second] = (e as AggregateError).errors as [unknown, unknown],
      f = failureIn(second);
    throw f.why === PLAIN_ELSEWHERE ? f : failureIn(first);
  } finally {
    done.abort();
  }
};
const shownTo = async (link: Link, until: AbortSignal): Promise<string> => {
  const { stream, fingerprint } = await secure(await link.connect(until), "whoever", link.address.host, until);
  stream.destroy();
  return fingerprint;
};
const answeredTo = async (link: Link, until: AbortSignal): Promise<string> => {
  const stream = await link.connect(until),
    resp = respOn(stream),
    cut = (): void => {
      stream.destroy();
    };
  until.addEventListener("abort", cut, { once: true });
  try {
    await resp.ask(["PING"]);
  } finally {
    until.removeEventListener("abort", cut);
    resp.end();
  }
  if (isLoopback(link.address)) return PLAIN;
  throw new RedisFailure("unreachable", PLAIN_ELSEWHERE);
};
