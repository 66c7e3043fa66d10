/** Waits for tests on a busy machine. Rule: what only waits is scaled; what limits a call or a session stays as in real life, so a slow machine is not a fault; a dead broker's rotation lease is waited out, so that one is short. */
import { times, type Times } from "../../src/kernel/times.ts";

export const patient = (scale: number): Times => {
  const { targetDial, handshake, ticket, loginIdle, sessionLease, sessionRenew, sessionTakeover } = times(1);
  return { ...times(scale), rotationLease: 15_000, leaseMargin: 3_000, changeLimit: 10_000, probeLimit: 10_000, targetDial, handshake, ticket, loginIdle, sessionLease, sessionRenew, sessionTakeover };
};
