/**
 * The first words of RDP (MS-RDPBCGR 2.2.1): which security both sides speak, before anything is said of who we are. Rules: what a machine picks that
 * was not asked for is no session; a certificate looked at here is shown to people, it lets nobody in.
 */
import type { Duplex } from "node:stream";
import { Fault } from "../kernel/fault.ts";
import type { Link } from "../kernel/link.ts";
import { secure } from "./tls.ts";

/** `nla`: the password is proven inside TLS before a desktop is drawn (CredSSP). `tls`: the machine's own login takes it inside TLS. */
export type RdpSecurity = "tls" | "nla";
const TLS = 1, CREDSSP = 2, CREDSSP_EX = 8;
const WANTED = { tls: TLS, nla: TLS | CREDSSP } as const, FITS = { tls: [TLS], nla: [CREDSSP, CREDSSP_EX] } as const;

/** The longest answer to the first request, in bytes. */
const LONGEST = 512;
export const connectionRequest = (protocols: number): Buffer =>
  Buffer.from([3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, protocols, 0, 0, 0]);

/** What a machine answers: `selected` protocols, a `failure` code, or `old`: it knows no such choice and would go on without TLS. */
export type Confirm = { readonly selected: number } | { readonly failure: number } | "old" | "strange";
/** undefined: more is needed. */
export const readConfirm = (bytes: Buffer): Confirm | undefined => {
  if (bytes.length < 4) return bytes.length > 0 && bytes[0] !== 3 ? "strange" : undefined;
  const length = bytes.readUInt16BE(2);
  if (bytes[0] !== 3 || length < 11 || length > LONGEST) return "strange";
  if (bytes.length < length) return undefined;
  if ((bytes[5]! & 0xf0) !== 0xd0) return "strange";
  if (length < 19) return "old";
  const type = bytes[11], value = bytes.readUInt32LE(15);
  return type === 2 ? { selected: value } : type === 3 ? { failure: value } : "strange";
};

const FAILURES: Readonly<Record<number, string>> = {
  1: "it takes TLS alone", 2: "it takes no TLS", 3: "it has no certificate for TLS", 4: "it found the request contradictory",
  5: "it asks for Network Level Authentication: set this target's RDP security to nla", 6: "it asks for a client certificate",
};
/** Why a session of this kind of security cannot be; null: go on. */
export const objectionTo = (confirm: Confirm, security: RdpSecurity): string | null => {
  if (confirm === "strange") return "it does not answer as RDP does";
  if (confirm === "old") return "it offers no TLS, and without it no password leaves";
  if ("failure" in confirm) return FAILURES[confirm.failure] ?? `it refused (code ${confirm.failure})`;
  if ((FITS[security] as readonly number[]).includes(confirm.selected)) return null;
  return security === "nla" ? "it does not offer Network Level Authentication: set this target's RDP security to tls" : "it picked a security that was not asked for";
};

const confirmed = (stream: Duplex, signal: AbortSignal): Promise<Confirm> => new Promise((resolve, reject) => {
  let said = Buffer.alloc(0);
  const done = (fn: () => void): void => {
    signal.removeEventListener("abort", late);
    stream.off("data", heard).off("error", lost).off("close", lost).pause();
    fn();
  };
  const heard = (part: Buffer): void => {
    said = Buffer.concat([said, part]);
    const confirm = readConfirm(said);
    if (confirm !== undefined) done(() => resolve(confirm));
  };
  const lost = (): void => done(() => reject(new Fault("upstream", "the connection ended before it answered as RDP does")));
  const late = (): void => done(() => reject(new Fault("upstream", "it did not answer as RDP does in time")));
  if (signal.aborted) return late();
  stream.on("data", heard).on("error", lost).on("close", lost);
  signal.addEventListener("abort", late, { once: true });
});

const useless = ({ address: { host, port } }: Link, why: string): string => `${host}:${port} cannot be used as an RDP server: ${why}.`;
export type RdpLook = { readonly fingerprint: string; readonly security: RdpSecurity };
const ask = async (link: Link, protocols: number, signal: AbortSignal): Promise<{ stream: Duplex; confirm: Confirm }> => {
  const stream = await link.connect(signal);
  stream.on("error", () => undefined);
  stream.write(connectionRequest(protocols));
  try { return { stream, confirm: await confirmed(stream, signal) }; } catch (cause) {
    stream.destroy();
    throw new Fault("upstream", useless(link, cause instanceof Error ? cause.message : "it failed"), { cause });
  }
};
/** What certificate a machine shows now, and what it asks for. No name and no password is said. Rejects with Fault("upstream"), whose message is for people. */
export const lookAtRdp = async (link: Link, signal: AbortSignal): Promise<RdpLook> => {
  const { host, port } = link.address, { stream, confirm } = await ask(link, WANTED.nla, signal);
  try {
    const security: RdpSecurity = typeof confirm === "object" && "selected" in confirm && confirm.selected === TLS ? "tls" : "nla", no = objectionTo(confirm, security);
    if (no !== null) throw new Fault("upstream", useless(link, no));
    const { fingerprint } = await secure(stream, "whoever", host, signal);
    return { fingerprint, security };
  } catch (cause) {
    throw cause instanceof Fault ? cause : new Fault("upstream", `${host}:${port} showed no certificate: ${cause instanceof Error ? cause.message : "unknown"}.`, { cause });
  } finally { stream.destroy(); }
};
