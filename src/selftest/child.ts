/** One step of a self-test, in a process of its own that may be killed in the middle. Rule: it is the production core; only the moment of death is ours. */
import { writeSync } from "node:fs";
import type { Config, Secrets } from "../config/env.ts";
import { openCore, type Core } from "../core.ts";
import { addAccount, adopt, rotateNow } from "../flow/accounts.ts";
import { inForceNow, loginNow, tester, unsettled } from "../flow/self-test.ts";
import { testTarget } from "../flow/target-test.ts";
import { addTarget, changeTarget, readIdentity } from "../flow/targets.ts";
import { startJobs } from "../jobs/jobs.ts";
import { Fault, toFault } from "../kernel/fault.ts";
import type { AccountId } from "../kernel/ids.ts";
import { Secret } from "../kernel/secret.ts";
import { selfTestTimes, times, type Times } from "../kernel/times.ts";
import { Order, type Answer, type Done } from "./plan.ts";

/** Real waits towards the target; the questions after a change come at once, because nobody is to be kept for ten minutes a step. */
const own = (scale: number): Times => { const real = times(scale); return { ...real, ...selfTestTimes(real) }; };

const settled = async ({ deps }: Core, id: AccountId): Promise<void> => {
  for (const end = deps.clock.mono() + deps.times.giveUpAfter; ; await pause(deps.times.sweep / 5)) {
    const open = await unsettled(deps, id);
    if (open === null) return;
    if (deps.clock.mono() > end) throw new Fault("upstream", `Not settled in time: ${open}.`);
  }
};
const pause = (ms: number): Promise<void> => new Promise((r) => { setTimeout(r, ms); });
const working = async <T>(core: Core, work: () => Promise<T>): Promise<T> => {
  const jobs = startJobs(core.deps);
  try { return await work(); } finally { await jobs.close(); }
};

const prepare = async (core: Core, o: Extract<Order, { do: "prepare" }>): Promise<Done> => {
  const { deps } = core, who = await tester(deps);
  using password = Secret.of(o.password);
  const target = await addTarget(deps, who, { name: "selftest", platform: "linux-ssh", host: o.where.host, port: o.where.port, settings: { hostKeys: [o.where.hostKey], sudo: o.where.sudo } });
  const admin = await addAccount(deps, who, { target: target.id, name: o.admin, password });
  await changeTarget(deps, who, target.id, { administrative: admin.id });
  const account = await addAccount(deps, who, { target: target.id, name: o.account });
  const tested = await testTarget(deps, who, target.id);
  if (!tested.ok) throw new Fault("upstream", `${o.admin} cannot change passwords there: ${tested.why}`);
  return { ok: true, account: account.id };
};
const begin = async (core: Core, id: AccountId): Promise<Done> => {
  await adopt(core.deps, await tester(core.deps), id);
  await working(core, () => settled(core, id));
  return { ok: true };
};
const settle = async (core: Core, id: AccountId): Promise<Done> => {
  const dead = await inForceNow(core.deps, id);
  await working(core, () => settled(core, id));
  return { ok: true, dead, now: await inForceNow(core.deps, id), login: await loginNow(core.deps, id) };
};
const obey = async (core: Core, o: Order): Promise<Done> => {
  switch (o.do) {
    case "read_identity": return { ok: true, identity: (await readIdentity(core.deps, await tester(core.deps), { platform: "linux-ssh", host: o.host, port: o.port })).identity };
    case "prepare": return prepare(core, o);
    case "adopt": return begin(core, o.account as AccountId);
    case "settle": return settle(core, o.account as AccountId);
    case "change": {
      await rotateNow(core.deps, await tester(core.deps), o.account as AccountId, "self-test");
      await working(core, () => settled(core, o.account as AccountId));
      return { ok: true };
    }
  }
};

/** `text`: the order, as it came on stdin. The answer is one line on stdout; a process that is killed answers nothing. */
export const selfTestStep = async (config: Config, secrets: Secrets, text: string): Promise<void> => {
  const order = Order.parse(JSON.parse(text)), dieAt = order.do === "change" ? order.dieAt : null;
  const answer = (a: Answer): void => { writeSync(1, `${JSON.stringify(a)}\n`); };
  let core: Core | null = null;
  try {
    core = await openCore(config, secrets, { times: own(config.timescale), moment: (m) => { if (m === dieAt) process.kill(process.pid, "SIGKILL"); } });
    answer(await obey(core, order));
  } catch (e) {
    answer({ ok: false, why: toFault(e).message + (e instanceof Fault ? "" : ` (${e instanceof Error ? e.name : "error"})`) });
  } finally { await core?.close(); }
};
