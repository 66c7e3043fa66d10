/**
 * The way to a directory: a Link's stream with TLS on it, from the first byte (LDAPS) or after asking for it (StartTLS, RFC 4511 4.14).
 * Rule: nothing but that question is ever said in the clear; a server that does not go along is never a reason to go on without.
 */
import type { Duplex } from "node:stream";
import type { Link } from "../kernel/link.ts";
import { Fault } from "../kernel/fault.ts";
import type { Secured, Trust } from "./tls.ts";
import { secure, TlsFailure } from "./tls.ts";
import { LdapFailure } from "./ldap-failure.ts";
import { lengthOf } from "./ldap-frames.ts";

/** auto: by the port, StartTLS on 389 and 3268, LDAPS elsewhere. */
export const BEGINNINGS = ["auto", "ldaps", "starttls"] as const;
export type Beginning = (typeof BEGINNINGS)[number];
const beginningOf = (how: Beginning, port: number): "ldaps" | "starttls" => how !== "auto" ? how : port === 389 || port === 3_268 ? "starttls" : "ldaps";

const OID = Buffer.from("1.3.6.1.4.1.1466.20037");
/** Message 1, extended request, its name. */
const ASK = Buffer.concat([Buffer.from([0x30, OID.length + 7, 2, 1, 1, 0x77, OID.length + 2, 0x80, OID.length]), OID]);
/** Message 1, extended response; long enough for any server's words. Active Directory writes every length in four bytes. */
const ANSWER = /^\x30(?:[\x00-\x7f]|\x81.|\x82..|\x84....)\x02\x01\x01\x78(?:[\x00-\x7f]|\x81.|\x82..|\x84....)\x0a\x01(.)/s; // eslint-disable-line no-control-regex
const LONGEST = 4_096;

/** One whole message and no byte more: what came with it in the clear would later pass for something said under TLS. */
const firstMessage = (stream: Duplex, signal: AbortSignal): Promise<Buffer> => new Promise((resolve, reject) => {
  let heard = Buffer.alloc(0);
  const done = (fn: () => void): void => { signal.removeEventListener("abort", late); stream.off("data", hear).off("error", lost).off("close", lost).pause(); fn(); };
  const fail = (why: string) => (): void => done(() => reject(new LdapFailure("unreachable", why)));
  const hear = (part: Buffer): void => {
    heard = Buffer.concat([heard, part]);
    const whole = lengthOf(heard);
    if (whole === undefined || (heard.length < whole && whole <= LONGEST)) return;
    if (heard.length !== whole) return fail("it does not answer as a directory does")();
    done(() => resolve(heard));
  };
  const lost = fail("the connection was lost before TLS"), late = fail("the server was silent");
  stream.on("data", hear).on("error", lost).on("close", lost);
  signal.addEventListener("abort", late, { once: true });
  if (signal.aborted) late();
});

const askTls = async (stream: Duplex, signal: AbortSignal): Promise<void> => {
  stream.on("error", () => undefined).write(ASK);
  const code = ANSWER.exec((await firstMessage(stream, signal)).toString("latin1"))?.[1]?.charCodeAt(0);
  if (code === undefined) throw new LdapFailure("unreachable", "it does not answer as a directory does");
  if (code !== 0) throw new LdapFailure("unreachable", "the server offers no TLS (StartTLS), and without it no password leaves");
};

/** Rejects with LdapFailure; the stream is destroyed then. */
export const reachDirectory = async (link: Link, trust: Trust, how: Beginning, signal: AbortSignal): Promise<Secured> => {
  let stream: Duplex | undefined;
  try {
    stream = await link.connect(signal);
    if (beginningOf(how, link.address.port) === "starttls") await askTls(stream, signal);
    return await secure(stream, trust, link.address.host, signal);
  } catch (e) {
    stream?.destroy();
    if (e instanceof TlsFailure) throw new LdapFailure(e.kind === "identity" ? "identity" : "unreachable", e.why, { cause: e });
    throw e instanceof Fault ? new LdapFailure("unreachable", e.message, { cause: e }) : e;
  }
};

/** For onboarding: the fingerprint it shows, and what it took to see it. Nothing is said of who we are. */
export const directoryProof = async (link: Link, signal: AbortSignal): Promise<{ fingerprint: string; how: "ldaps" | "starttls" }> => {
  const first = beginningOf("auto", link.address.port), look = async (how: "ldaps" | "starttls") => {
    const { stream, fingerprint } = await reachDirectory(link, "whoever", how, signal);
    stream.destroy();
    return { fingerprint, how };
  };
  try { return await look(first); } catch (e) {
    return look(first === "ldaps" ? "starttls" : "ldaps").catch(() => { throw e; });
  }
};
