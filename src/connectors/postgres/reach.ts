/**
 * The way to a PostgreSQL server: a Link's stream, and TLS on it before anything else. Rule: a plain connection is made to this machine's
 * own loopback address alone, and only where the target's settings say so; a server without TLS is never a reason to go on without.
 */
import type { Duplex } from "node:stream";
import type { Link } from "../../kernel/link.ts";
import type { Trust } from "../../wires/tls.ts";
import { secure } from "../../wires/tls.ts";
import { isLoopback, PLAIN, PLAIN_ELSEWHERE } from "../../wires/trust.ts";
import { PgFailure } from "./failure.ts";

/** `proof`: what the other end proved itself by; null over a plain connection, where nobody proves anything. */
export type Reached = { readonly stream: Duplex; readonly proof: string | null };

/** Length 8, code 80877103. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** One byte and no more: what came with it in the clear would later pass for something said under TLS. */
const firstByte = (stream: Duplex, signal: AbortSignal): Promise<string> => new Promise((resolve, reject) => {
  const done = (fn: () => void): void => {
    signal.removeEventListener("abort", late);
    stream.off("data", heard).off("error", lost).off("close", lost).pause();
    fn();
  };
  const heard = (part: Buffer): void => done(() => part.length === 1 ? resolve(part.toString("latin1")) : reject(new PgFailure("closed", "it did not answer as PostgreSQL does")));
  const lost = (): void => done(() => reject(new PgFailure("unreachable", "the connection was lost before TLS")));
  const late = (): void => done(() => reject(new PgFailure("unreachable", "the server was silent")));
  stream.on("data", heard).on("error", lost).on("close", lost);
  signal.addEventListener("abort", late, { once: true });
  if (signal.aborted) late();
});

/** Does the server speak TLS on this stream? Asked as the protocol asks, before anything is said of who we are. */
const offersTls = async (stream: Duplex, signal: AbortSignal): Promise<boolean> => {
  stream.on("error", () => undefined);
  stream.write(SSL_REQUEST);
  const answer = await firstByte(stream, signal);
  if (answer === "S" || answer === "N") return answer === "S";
  throw new PgFailure("unreachable", "it does not answer as PostgreSQL does");
};

/** `trust` null: plain. Rejects with PgFailure, TlsFailure or the link's own Fault; the stream is destroyed then. */
export const reach = async (link: Link, trust: Trust | null, signal: AbortSignal): Promise<Reached> => {
  if (trust === null && !isLoopback(link.address)) throw new PgFailure("identity", PLAIN_ELSEWHERE);
  const stream = await link.connect(signal);
  if (trust === null) return { stream, proof: null };
  try {
    if (!(await offersTls(stream, signal))) throw new PgFailure("unreachable", "the server offers no TLS (ssl = off), and without it no password leaves");
    const { stream: secured, fingerprint } = await secure(stream, trust, link.address.host, signal);
    return { stream: secured, proof: fingerprint };
  } catch (e) { stream.destroy(); throw e; }
};

/** For onboarding: the fingerprint it shows, or PLAIN. No name, no password is said. */
export const proofOf = async (link: Link, signal: AbortSignal): Promise<string> => {
  const stream = await link.connect(signal);
  try {
    if (await offersTls(stream, signal)) return (await secure(stream, "whoever", link.address.host, signal)).fingerprint;
  } finally { stream.destroy(); }
  if (isLoopback(link.address)) return PLAIN;
  throw new PgFailure("unreachable", PLAIN_ELSEWHERE);
};
