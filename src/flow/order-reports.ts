/**
 * What became of the orders left with an agent, taken in when it comes. Rule: its word settles nothing by itself: what it says is done is looked at
 * on the target before anything follows from it, and what no change here waits for is taken back.
 */
import type { EventName } from "../domain/audit.ts";
import { plainLine } from "../domain/notice.ts";
import { mayFire, type Order } from "../domain/order.ts";
import { absorbReport } from "../domain/order-absorb.ts";
import { orderOver, reopen, type Rotation } from "../domain/rotation.ts";
import { isId, type AccountId, type AgentId } from "../kernel/ids.ts";
import * as accounts from "../store/accounts.ts";
import * as agents from "../store/agents.ts";
import * as rotations from "../store/rotations.ts";
import * as targets from "../store/targets.ts";
import { REPLIES, type Reported } from "../wires/agent-words.ts";
import type { Deps } from "./deps.ts";
import { broker, record } from "./record.ts";
import { loadForWork } from "./rotation-load.ts";
import { saveStep } from "./rotation-save.ts";
import { verify } from "./verify.ts";

type Fires = Order<"sent" | "placed" | "called">;
const ENDED: readonly Reported["state"][] = ["done", "expired", "doubtful"];
const SAID: Record<Reported["state"], { what: EventName; outcome: "ok" | "failed"; why: string }> = {
  standing: { what: "order.withdrawn", outcome: "ok", why: "no change here waits for it" },
  begun: { what: "order.withdrawn", outcome: "failed", why: "taken back while it was being made" },
  done: { what: "order.done", outcome: "ok", why: "made by the agent while it did not hear from us" },
  expired: { what: "order.expired", outcome: "failed", why: "its time went by while the agent did not run; nothing was changed" },
  doubtful: { what: "order.expired", outcome: "failed", why: "it was begun, and its time went by before it was known to be done" },
};

/** Of an agent that is connected. Whatever is lost on the way is reported again when it comes the next time. */
export const takeReports = async (deps: Deps, agent: AgentId): Promise<void> => {
  if (deps.passive.why !== null) return;
  const said = await ask(deps, agent, { do: "list" });
  for (const r of await rotations.ordersOf(deps.db, agent)) await settle(deps, r, said.find((s) => s.rotation === r.id));
  for (const s of said) {
    const r = isId("rotation", s.rotation) ? await rotations.find(deps.db, s.rotation) : null, ours = r?.order !== undefined && r?.order !== null && r.order.state !== "wished" && r.order.agent === agent;
    const open = ours && r !== null && r.state !== "committed" && r.state !== "refused";
    if (!open) await takeBack(deps, agent, s, ours ? r : null);
    else if (ENDED.includes(s.state)) await ask(deps, agent, { do: "withdraw", rotation: s.rotation });
  }
  deps.bus.publish("rotations");
  deps.bus.publish("orders");
};
const ask = async (deps: Deps, agent: AgentId, what: object): Promise<readonly Reported[]> =>
  REPLIES.orders.parse(await deps.tunnel.call(agent, "orders", what, AbortSignal.timeout(deps.times.agentCall))).orders;

/** One that may still be performed, by what we know. `said` undefined: the agent has it no more. */
const settle = (deps: Deps, mine: Rotation, said: Reported | undefined): Promise<void> => deps.db.transaction(async (tx) => {
  const { r, w } = await loadForWork(deps, tx, mine);
  if (!mayFire(r.order) || r.state === "committed" || r.state === "refused") return;
  const step = absorbReport(r, r.order as Fires, said === undefined ? "gone" : ENDED.includes(said.state) ? "ended" : "stands", w.account.usedNo);
  if (step?.to.order?.state === "sent") {
    await saveStep(deps, tx, step, w, { what: "rotation.step", why: "the agent does not have it any more: it is left there again" });
    return;
  }
  const now = step === null ? r : await saveStep(deps, tx, step, w, toldOf(said));
  // Nobody could be asked while it was away: now somebody can.
  if (now.state === "dead_letter") await saveStep(deps, tx, reopen(now as Rotation<"dead_letter">, "the machine's agent is back", tx.now), w);
});
const toldOf = (said: Reported | undefined) => {
  if (said === undefined) return { what: "order.withdrawn" as const, outcome: "ok" as const, why: "the agent does not have it any more" };
  const { what, outcome, why } = SAID[said.state];
  return { what, outcome, why: said.why ? `${why} (${plainLine(said.why)})` : why, facts: { fence: said.fence, epoch: said.epoch, due: new Date(said.due).toISOString() } };
};

/** It belongs to a change that is over, or that this broker never made: of a life before a restore, perhaps. */
const takeBack = async (deps: Deps, agent: AgentId, seen: Reported, r: Rotation | null): Promise<void> => {
  const [last] = seen.state === "standing" || seen.state === "begun" ? await ask(deps, agent, { do: "withdraw", rotation: seen.rotation }) : [seen], said = last ?? seen;
  const account = r?.account ?? await accountOf(deps, agent, said);
  if (account) await note(deps, agent, account, said, r);
  // The password it set is one of ours, but not the one we go by: the target is asked, and the healer does the rest.
  if (account && r?.state !== "committed" && said.state !== "standing" && said.state !== "expired") await verify(deps, null, account).catch((e: unknown) => deps.log("warn", "an account was not looked at after a foreign order", { account, why: e instanceof Error ? e.message : "" }));
  if (ENDED.includes(seen.state)) await ask(deps, agent, { do: "withdraw", rotation: seen.rotation });
};
const accountOf = async (deps: Deps, agent: AgentId, said: Reported): Promise<AccountId | null> => {
  const a = await agents.find(deps.db, agent), t = a?.target ? await targets.find(deps.db, a.target) : null;
  return t ? (await accounts.named(deps.db, `${said.account}@${t.name}`))?.id ?? null : null;
};
const note = (deps: Deps, agent: AgentId, id: AccountId, said: Reported, r: Rotation | null): Promise<void> => deps.db.transaction(async (tx) => {
  const account = await accounts.lock(tx, id), about = { ...(isId("rotation", said.rotation) ? { rotation: said.rotation } : {}), account: id, target: account.target, agent };
  const now = r && await rotations.lock(tx, r.id);
  if (now && !mayFire(now.order)) return;
  if (now) await rotations.save(tx, orderOver(now, now.order as Fires, account.usedNo));
  await record(deps, tx, { who: broker("orders"), about, ...toldOf(said) });
});
