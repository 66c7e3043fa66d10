/** Waits for tests on a busy machine. Rule: what only waits is scaled; what limits a call or a lease stays as in real life, so a slow machine is not a fault. */
import { times, type Times } from "../../src/kernel/times.ts";

export const patient = (scale: number): Times => {
  const { rotationLease, leaseMargin, changeLimit, probeLimit, targetDial, handshake, loginIdle, sessionLease, sessionRenew, sessionTakeover } = times(1);
  return { ...times(scale), rotationLease, leaseMargin, changeLimit, probeLimit, targetDial, handshake, loginIdle, sessionLease, sessionRenew, sessionTakeover };
};
