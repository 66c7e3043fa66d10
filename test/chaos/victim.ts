/** A broker core as a process of its own that dies on order. Rule: it is the production core; only `moment` is ours, and nothing secret stands in argv. */
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { parseEnv } from "../../src/config/env.ts";
import { openCore, type Core } from "../../src/core.ts";
import { rotateNow } from "../../src/flow/accounts.ts";
import type { Moment } from "../../src/flow/deps.ts";
import type { Caller } from "../../src/flow/record.ts";
import { replayVersions, takeOver } from "../../src/flow/startup.ts";
import { verify } from "../../src/flow/verify.ts";
import { startJobs } from "../../src/jobs/jobs.ts";
import { systemClock, type Clock } from "../../src/kernel/clock.ts";
import type { AccountId } from "../../src/kernel/ids.ts";
import * as people from "../../src/store/people.ts";
import type { Arm, Brief, Order, Report } from "./plan.ts";
import { readRows, settledState } from "./rows.ts";

const say = (r: Report): void => { writeSync(1, `${JSON.stringify(r)}\n`); };

let arm: Arm | null = null, seen = 0, on: () => void = () => {}, skew = 0;
/** The machine's wall clock, wrong by as much as we are told; what is monotonic stays so. */
const clock: Clock = { ...systemClock, now: () => new Date(systemClock.now().getTime() + skew) };
const moment = (m: Moment): Promise<void> | void => {
  if (arm === null || m !== arm.moment || ++seen < arm.nth) return;
  const how = arm.do;
  arm = null;
  say({ at: "struck", moment: m });
  if (how === "pause") return new Promise((resolve) => { on = resolve; });
  process.kill(process.pid, how === "kill" ? "SIGKILL" : "SIGSTOP");
};
const aim = (a: Arm | null): void => { arm = a; seen = 0; };

const open = async (brief: Brief): Promise<Core> => {
  const { config, secrets } = parseEnv({ LOCKSTEP_DATA: brief.dir, ...(brief.databaseUrl ? { DATABASE_URL: brief.databaseUrl } : {}) });
  const core = await openCore(config, secrets, {
    times: brief.times, moment, clock, log: (level, message, facts) => { writeSync(2, `${JSON.stringify({ t: Math.round(performance.now()), level, message, ...facts })}\n`); },
  });
  if (brief.takeOver) {
    await takeOver(core.deps, core.places.token);
    await replayVersions(core.deps);
  }
  return core;
};

const settle = async (core: Core, account: AccountId, ms: number): Promise<Report> => {
  let state = "";
  for (const end = performance.now() + ms; performance.now() < end; await sleep(40)) {
    state = await settledState(core.deps.db, account).catch((e: unknown) => String(e));
    if (state === "settled") return { at: "settled", ok: true, state };
  }
  return { at: "settled", ok: false, state };
};

const obey = async (core: Core, brief: Brief, order: Order): Promise<void> => {
  const account = brief.account as AccountId;
  switch (order.do) {
    case "go": {
      const person = (await people.named(core.deps.db, "operator"))!, caller: Caller = { person, address: "127.0.0.1", means: "api" };
      aim(order.arm);
      return say({ at: "gone", rotation: await rotateNow(core.deps, caller, account, "chaos") });
    }
    case "settle": return say(await settle(core, account, order.ms));
    case "rows": return say({ at: "rows", rows: await readRows(core.deps.db, account) });
    case "verify": return say({ at: "verified", verdict: (await verify(core.deps, null, account)).verdict });
    case "on": return on();
    case "skew": skew = order.ms; return;
    case "end": await core.close(); return process.exit(0);
  }
};

const main = async (): Promise<void> => {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const brief = JSON.parse(String((await lines.next()).value)) as Brief;
  const core = await open(brief);
  aim(brief.arm);
  startJobs(core.deps);
  say({ at: "open", passive: core.deps.passive.why });
  for (let line = await lines.next(); !line.done; line = await lines.next()) {
    const order = JSON.parse(line.value) as Order;
    void obey(core, brief, order).catch((e: unknown) => { say({ at: "failed", why: String(e) }); });
  }
  process.exit(0); // whoever drove us is gone
};

main().catch((e: unknown) => { say({ at: "failed", why: String(e) }); process.exit(1); });
