/**
 * A target that this machine cannot reach by itself, but an agent or a gateway can. Rule: the tunnel process is asked over its Unix socket, with a
 * pass that the broker made for these agents and this address and no other; several are tried in the order of the target's link.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import net from "node:net";
import type { Duplex } from "node:stream";
import { z } from "zod";
import { Fault, FAULTS, type FaultCode } from "../kernel/fault.ts";
import type { Address, Link } from "../kernel/link.ts";
import { headOf } from "../wires/head.ts";
import { directLink } from "./direct.ts";

/** Agents of one link, in the order in which they are tried. */
export const VIA_MOST = 4;
const port = z.number().int().min(1).max(65_535), host = z.string().min(1).max(255);
/** What a dialler says first, as one line. */
export const Pass = z.strictObject({ v: z.literal(1), via: z.array(z.string().max(40)).min(1).max(VIA_MOST), host, port, proof: z.string().length(64) });
export type Pass = z.infer<typeof Pass>;
/** What it is answered with, as one line; the carried bytes follow. */
export const Answered = z.union([z.strictObject({ ok: z.literal(true), via: z.string().max(40) }),
  z.strictObject({ ok: z.literal(false), code: z.enum(Object.keys(FAULTS) as [FaultCode, ...FaultCode[]]), message: z.string().max(8_192) })]);
/** Of either line. */
export const LINE_MOST = 16_384;

type Want = Omit<Pass, "v" | "proof">;
const proofOf = (key: Uint8Array, { via, host: to, port: at }: Want): string => createHmac("sha256", key).update(JSON.stringify(["lockstep dial 1", via, to, at])).digest("hex");
export const passFor = (key: Uint8Array, want: Want): Pass => ({ v: 1, via: [...want.via], host: want.host, port: want.port, proof: proofOf(key, want) });
export const passHolds = (key: Uint8Array, pass: Pass): boolean => timingSafeEqual(Buffer.from(proofOf(key, pass)), Buffer.from(pass.proof));

const DOWN = "the tunnel to agents and gateways is not there right now";

const answerIn = (line: string): z.infer<typeof Answered> => {
  try { return Answered.parse(JSON.parse(line)); } catch (cause) { throw new Fault("internal", "the tunnel's answer is not of this protocol", { cause }); }
};

const connect = async (exchange: string, pass: Pass, signal: AbortSignal): Promise<Duplex> => {
  const socket = net.connect({ path: exchange });
  socket.on("error", () => undefined).write(`${JSON.stringify(pass)}\n`);
  try {
    const line = await headOf(socket, { end: "\n", most: LINE_MOST }, signal).catch((cause: unknown) => {
      throw new Fault("upstream", `${pass.host}:${pass.port} cannot be reached: ${signal.aborted ? "timed out" : DOWN}`, { cause });
    });
    const answer = answerIn(line);
    if (!answer.ok) throw new Fault(answer.code, answer.message);
    return socket;
  } catch (e) { socket.destroy(); throw e; }
};

/** Over `exchange`, with a pass somebody else made: it leads to one address. */
export const passLink = (exchange: string, pass: Pass): Link => ({ address: { host: pass.host, port: pass.port }, connect: (signal) => connect(exchange, pass, signal) });

export type Tunnel = { readonly exchange: string; readonly passes: Uint8Array };
/** Through these agents, the first of them that can; through none: directly. */
export const linkTo = (tunnel: Tunnel, address: Address, via: readonly string[]): Link =>
  (via.length === 0 ? directLink(address)
    : { ...passLink(tunnel.exchange, passFor(tunnel.passes, { via: [...via], host: address.host, port: address.port })), through: via.join(" "), beside: (other) => linkTo(tunnel, other, via) });
