/**
 * The way out: to the portal's own port over TLS, through an HTTP proxy where there is one, and again and again with a growing, uneven pause.
 * Rule: what TLS and the portal say is not what this trusts; that the far end is the broker is proven inside, by its pinned key.
 */
import { lookup } from "node:dns/promises";
import type { Duplex } from "node:stream";
import type { Random } from "../src/kernel/clock.ts";
import { Fault } from "../src/kernel/fault.ts";
import type { Address } from "../src/kernel/link.ts";
import { directLink } from "../src/links/direct.ts";
import { AGENT } from "../src/wires/agent-words.ts";
import { headOf } from "../src/wires/head.ts";
import { TlsFailure, secure, type Trust } from "../src/wires/tls.ts";
import { NotUpgraded, upgrade, type WsStream } from "../src/wires/ws-stream.ts";

/** Which step of the way did not work: doctor's own order. */
export type Step = "name" | "port" | "proxy" | "tls" | "portal" | "key";
export class DialFailure extends Error {
  override readonly name = "DialFailure";
  readonly step: Step;
  /** A sentence for people. */
  readonly why: string;
  /** The broker will not have this agent, as it stands: trying again soon is no use. */
  readonly final: boolean;
  /** Milliseconds after which it wants to be asked again: it is there, and has no room at this moment. */
  readonly after: number | null;
  constructor(step: Step, why: string, options: { cause?: unknown; final?: boolean; after?: number | null } = {}) {
    super(`${step}: ${why}`, { cause: options.cause });
    this.step = step;
    this.why = why;
    this.final = options.final === true;
    this.after = options.after ?? null;
  }
}

export type Dialling = {
  readonly server: Address;
  /** null: plain, for a broker on this very machine, or behind a proxy of ours that ends TLS. */
  readonly trust: Trust | null;
  /** An HTTP proxy that is asked to CONNECT. */
  readonly proxy?: Address | undefined;
  /** `agt_…`; absent while it enrols. */
  readonly agent?: string | undefined;
};

const shown = ({ host, port }: Address): string => `${host.includes(":") ? `[${host}]` : host}:${port}`;

const tcp = async (to: Address, signal: AbortSignal): Promise<Duplex> => {
  try { await lookup(to.host); } catch (cause) { throw new DialFailure("name", `the name ${to.host} is not known here`, { cause }); }
  try { return await directLink(to).connect(signal); } catch (cause) { throw new DialFailure("port", cause instanceof Fault ? cause.message : `${shown(to)} cannot be reached`, { cause }); }
};

const HEAD_MOST = 8_192;
const throughProxy = async (proxy: Address, to: Address, signal: AbortSignal): Promise<Duplex> => {
  const stream = await tcp(proxy, signal).catch((e: unknown) => { throw new DialFailure("proxy", `the proxy: ${e instanceof DialFailure ? e.why : "cannot be reached"}`, { cause: e }); });
  try {
    stream.write(`CONNECT ${shown(to)} HTTP/1.1\r\nHost: ${shown(to)}\r\n\r\n`);
    const [first = ""] = (await headOf(stream, { end: "\r\n\r\n", most: HEAD_MOST }, signal)).split("\r\n");
    if (!/^HTTP\/1\.[01] 2\d\d( |$)/.test(first)) throw new Error(first.slice(0, 100));
    return stream;
  } catch (cause) {
    stream.destroy();
    throw new DialFailure("proxy", `the proxy ${shown(proxy)} does not lead to ${shown(to)}: ${cause instanceof Error ? cause.message : "no answer"}`, { cause });
  }
};

const tls = async (below: Duplex, o: Dialling, signal: AbortSignal): Promise<Duplex> => {
  if (o.trust === null) return below;
  try { return (await secure(below, o.trust, o.server.host, signal)).stream; } catch (cause) {
    throw new DialFailure("tls", cause instanceof TlsFailure ? cause.why : "TLS did not come about", { cause });
  }
};

/** A connection to the broker's port, straight or through the proxy. */
export const wayOut = (o: Pick<Dialling, "server" | "proxy">, signal: AbortSignal): Promise<Duplex> => (o.proxy === undefined ? tcp(o.server, signal) : throughProxy(o.proxy, o.server, signal));

const FINAL = new Set([401, 403, 404]);
/** A stream to the broker's tunnel. Rejects with DialFailure. */
export const dial = async (o: Dialling, signal: AbortSignal): Promise<WsStream> => {
  const stream = await tls(await wayOut(o, signal), o, signal);
  try {
    return await upgrade(stream, { host: shown(o.server), path: AGENT.path, protocol: AGENT.protocol, headers: o.agent === undefined ? {} : { [AGENT.caller]: o.agent } }, signal);
  } catch (cause) {
    const no = cause instanceof NotUpgraded ? cause : undefined;
    throw new DialFailure("portal", no ? (no.says || `it answered ${no.status}`) : cause instanceof Error ? cause.message : "it did not answer", { cause, final: no !== undefined && FINAL.has(no.status), after: no === undefined || no.after === null ? null : no.after * 1_000 });
  }
};

export type Pauses = { readonly first: number; readonly most: number };
/** Anything between a half and the whole of it, so that 500 agents do not come at once. */
const uneven = (whole: number, random: Random): number => Math.floor(whole / 2 + random.int(Math.max(1, Math.ceil(whole / 2))));
/** Milliseconds before try number `n` (from 0): doubled each time. */
export const pause = (n: number, p: Pauses, random: Random): number => uneven(Math.min(p.most, p.first * 2 ** Math.min(n, 20)), random);
/** Milliseconds before one comes again who was told when: within the agent's own bounds, whatever was told. */
const asTold = (after: number, p: Pauses, random: Random): number => uneven(Math.min(p.most, Math.max(p.first, after)), random);

/** What a connection came to: the broker had proven itself in it, or not, or there was no room for it (milliseconds, as it said). */
export type Outcome = "worked" | "failed" | { readonly after: number };
/** Of a connection that never came about. */
export const outcomeOf = (e: unknown): Outcome => (e instanceof DialFailure && e.after !== null ? { after: e.after } : "failed");

export type Life = {
  readonly pauses: Pauses; readonly random: Random; readonly signal: AbortSignal;
  /** One whole connection, from dial to end. */
  once(signal: AbortSignal): Promise<Outcome>;
  wait(ms: number, signal: AbortSignal): Promise<void>;
};
/** Until it is called off. A connection that worked starts the pauses anew; a crowded broker says when, and is no failure. */
export const keepTrying = async (o: Life): Promise<void> => {
  for (let tries = 0; !o.signal.aborted;) {
    const outcome = await o.once(o.signal).catch(outcomeOf);
    tries = outcome === "worked" ? 0 : outcome === "failed" ? tries + 1 : tries;
    const ms = typeof outcome === "object" ? asTold(outcome.after, o.pauses, o.random) : pause(tries, o.pauses, o.random);
    if (!o.signal.aborted) await o.wait(ms, o.signal);
  }
};
