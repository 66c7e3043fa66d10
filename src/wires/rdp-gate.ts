/**
 * The gate of an RDP session. Rule: a target that picks a weaker security than the session's is cut before it hears anything else.
 */
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Random } from "../kernel/clock.ts";
import type { Link } from "../kernel/link.ts";
import { gate, type Gate, type Passing } from "./gate.ts";
import { objectionTo, readConfirm, type RdpSecurity } from "./rdp.ts";

/** Passes the target's first answer on when it fits, and everything after it. */
const watched = (here: Socket, there: Duplex, security: RdpSecurity, passing: Passing): void => {
  let said = Buffer.alloc(0);
  const first = (part: Buffer): void => {
    said = Buffer.concat([said, part]);
    const confirm = readConfirm(said);
    if (confirm === undefined) return;
    const no = objectionTo(confirm, security);
    if (no !== null) { passing.why = no; here.destroy(); there.destroy(); return; }
    there.off("data", first);
    here.write(said);
    there.pipe(here);
  };
  there.on("data", first);
  here.pipe(there);
};

export const rdpGate = (link: Link, security: RdpSecurity, random: Random, signal: AbortSignal): Promise<Gate> =>
  gate((stop) => link.connect(stop), (here, there, passing) => watched(here, there, security, passing), random, signal);
