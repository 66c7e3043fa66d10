/** Failed logins per address. Rule: it counts failures only, so that a busy office is not shut out by working logins. */
import { RateLimiterMemory } from "rate-limiter-flexible";
import type { Random } from "../kernel/clock.ts";
import type { Times } from "../kernel/times.ts";
import type { Gate } from "./deps.ts";

const FAILURES = 30;

/** Everybody on one loopback or office address shares its points, so there are more of them than a person has. */
export const addressGate = (times: Times, random: Random, failures = FAILURES): Gate => {
  const seconds = Math.max(1, Math.round(times.lockout / 1000));
  const limiter = new RateLimiterMemory({ points: failures, duration: seconds, blockDuration: seconds + random.int(Math.ceil(seconds / 4)) });
  return {
    open: async (address) => ((await limiter.get(address))?.consumedPoints ?? 0) <= failures,
    failed: async (address) => {
      const used = await limiter.consume(address).then((r) => r.consumedPoints, (r: { consumedPoints: number }) => r.consumedPoints);
      return used === failures + 1;
    },
  };
};
