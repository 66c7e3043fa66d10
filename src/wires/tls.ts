/**
 * TLS over a stream somebody else opened. Rules: nothing of ours goes in before the other end has proven to be the one trusted; there is no
 * way to go on without; every failure is a TlsFailure whose `why` is a sentence.
 */
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import tls from "node:tls";

/** `certificates`: SHA-256 fingerprints, one of which the certificate must have. `authority`: PEM; the certificate must be its, for this host. */
export type Trust = { readonly certificates: readonly string[] } | { readonly authority: string } | "whoever";
export type Secured = { readonly stream: tls.TLSSocket; readonly fingerprint: string };

export class TlsFailure extends Error {
  override readonly name = "TlsFailure";
  /** identity: another certificate, nothing was sent · closed: no TLS came about. */
  readonly kind: "identity" | "closed";
  readonly why: string;
  constructor(kind: TlsFailure["kind"], why: string, options?: { cause?: unknown }) {
    super(`${kind}: ${why}`, options);
    this.kind = kind;
    this.why = why;
  }
}

/** `AA:BB:…` in capitals, however a person or a tool wrote it; what is none stays as it is. */
export const fingerprintText = (text: string): string => {
  const hex = text.replace(/^.*(fingerprint=|sha-?256[:=])/i, "").replace(/[:\s]/g, "").toUpperCase();
  return /^[0-9A-F]{64}$/.test(hex) ? hex.match(/../g)!.join(":") : text.trim();
};

const objection = (socket: tls.TLSSocket, trust: Trust, host: string, fingerprint: string): string | undefined => {
  if (trust === "whoever") return undefined;
  if ("certificates" in trust) {
    return trust.certificates.map(fingerprintText).includes(fingerprint) ? undefined : `it shows the certificate ${fingerprint || "of nobody"}, which is not the pinned one`;
  }
  // With `rejectUnauthorized` off Node still judges chain, dates and name, and leaves its verdict here.
  return socket.authorized ? undefined : `its certificate is not one of the trusted authority's for ${host}: ${socket.authorizationError.message}`;
};

/** Only an authority's pick of names needs one; an IP address is none (RFC 6066). */
const optionsFor = (socket: Duplex, trust: Trust, host: string, newest: tls.SecureVersion): tls.ConnectionOptions => ({
  socket, host, minVersion: "TLSv1.2", maxVersion: newest, rejectUnauthorized: false, ...(isIP(host) === 0 ? { servername: host } : {}),
  ...(typeof trust === "object" && "authority" in trust ? { ca: trust.authority } : {}),
});

/** Aborting destroys both. On any failure the stream below is destroyed. `newest`: where a protocol cannot carry what came after it. */
export const secure = (below: Duplex, trust: Trust, host: string, signal: AbortSignal, newest: tls.SecureVersion = "TLSv1.3"): Promise<Secured> => new Promise((resolve, reject) => {
  const fail = (failure: TlsFailure): void => { done(); socket?.destroy(); below.destroy(); reject(failure); };
  const closed = (error?: Error): void => fail(new TlsFailure("closed", "the connection ended before TLS came about", { cause: error }));
  const late = (): void => fail(new TlsFailure("closed", "TLS did not come about in time", { cause: signal.reason }));
  const done = (): void => { signal.removeEventListener("abort", late); socket?.off("error", closed).off("close", closed).on("error", () => undefined); };
  let socket: tls.TLSSocket | undefined;
  if (signal.aborted) return late();
  signal.addEventListener("abort", late, { once: true });
  try { socket = tls.connect(optionsFor(below, trust, host, newest)); } catch (cause) {
    return fail(new TlsFailure("identity", "the authority's certificates cannot be read", { cause }));
  }
  const secured = socket;
  secured.on("error", closed).on("close", closed).once("secureConnect", () => {
    const fingerprint = secured.getPeerCertificate().fingerprint256 ?? "", wrong = objection(secured, trust, host, fingerprint);
    if (wrong !== undefined) return fail(new TlsFailure("identity", wrong));
    done();
    resolve({ stream: secured, fingerprint });
  });
});
