/** Scaling the waits never breaks what they promise each other. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times, type Times } from "../../src/kernel/times.ts";

const every = (check: (t: Times, scale: number) => void): void => {
  for (let percent = 1; percent <= 100; percent++) check(times(percent / 100), percent / 100);
  fc.assert(fc.property(fc.double({ min: 0.01, max: 1, noNaN: true }), (scale) => { check(times(scale), scale); }));
};

describe("times, at every scale from 0.01 to 1", () => {
  it("law: lease-outlives-call — a rotation's lease covers one call and its margin", () => {
    every((t, scale) => expect(t.rotationLease, `scale ${scale}`).toBeGreaterThanOrEqual(t.changeLimit + t.leaseMargin));
  });
  it("a session's lease is renewed at least three times before it ends, and nobody takes over before that", () => {
    every((t) => {
      expect(t.sessionRenew * 3).toBeLessThan(t.sessionLease);
      expect(t.sessionLease).toBeLessThan(t.sessionTakeover);
    });
  });
  it("a message's lease is renewed at least twice before it ends, and a webhook's one call ends within it", () => {
    every((t) => {
      expect(t.deliveryRenew * 2).toBeLessThan(t.deliveryLease);
      expect(t.deliveryLimit).toBeLessThan(t.deliveryLease);
    });
  });
  it("calls to real hosts keep at least 5 s", () => {
    every((t) => expect(Math.min(t.changeLimit, t.probeLimit, t.targetDial, t.handshake)).toBeGreaterThanOrEqual(5_000));
  });
  it("every wait is a whole, positive number of milliseconds", () => {
    every((t) => { for (const [name, ms] of Object.entries(t)) expect(Number.isSafeInteger(ms) && ms > 0, `${name} = ${ms}`).toBe(true); });
  });
  it("back-off grows, closures follow each other", () => {
    every((t) => {
      expect(t.retryFirst).toBeLessThan(t.retryMax);
      expect(t.retryMax).toBeLessThan(t.giveUpAfter);
      expect(t.closureFirst).toBeLessThan(t.closureSecond);
      expect(t.closureSecond).toBeLessThan(t.closureNightly);
    });
  });
});

describe("times, unscaled", () => {
  it("are those of the design", () => {
    expect(times()).toMatchObject({ rotationLease: 60_000, leaseMargin: 10_000, changeLimit: 30_000, sessionLease: 60_000, sessionRenew: 15_000, sessionTakeover: 90_000,
      cutoff: 1_000, sweep: 30_000, typedTtl: 28_800_000, reconnectGrace: 60_000, loginIdle: 900_000, loginAbsolute: 28_800_000 });
  });
});
