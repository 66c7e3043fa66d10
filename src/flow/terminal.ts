/**
 * A browser's way into a session: the same admission as by SSH, paid for with a ticket. Rule: (law ticket-once) one ticket, one session or
 * one way back into it.
 */
import { Fault } from "../kernel/fault.ts";
import type { RequestId, SessionId } from "../kernel/ids.ts";
import { desktopOf } from "../domain/desktop.ts";
import { may } from "../domain/may.ts";
import { carriesShells, noDesktop, noShells } from "../domain/platform.ts";
import { isOpen } from "../domain/session.ts";
import * as sessions from "../store/sessions.ts";
import { hold } from "./checkout.ts";
import type { Deps } from "./deps.ts";
import { actor, record, type Caller } from "./record.ts";
import { about, includes, open, type Admitted } from "./session.ts";
import { paying, spend, type Shown } from "./ticket.ts";

export const admitByTicket = (deps: Deps, caller: Caller, shown: Shown, channel: string): Promise<Admitted> => paying(deps, shown, async (tx) => {
  const desktop = channel === "desktop", ticket = await spend(tx, caller, shown, desktop ? "desktop" : "terminal"), held = await hold(deps, tx, ticket.subject as RequestId, actor(caller), "connect");
  if (!may(caller.person, "checkout.use", { requester: held.request.requester })) throw new Fault("not_found", "No such request.");
  includes(held.policy, channel);
  if (desktop ? desktopOf(held.target) === null : !carriesShells(held.target)) throw new Fault("conflict", (desktop ? noDesktop : noShells)(held.target));
  return open(deps, tx, caller, held, "web", desktop ? desktopOf(held.target)!.kind : "ssh");
});

/** Back into a running session from another connection: the ticket is spent and the event written before the session process lets anybody in. */
export const rejoin = (deps: Deps, caller: Caller, shown: Shown, id: SessionId): Promise<void> => paying(deps, shown, async (tx) => {
  const ticket = await spend(tx, caller, shown, "rejoin"), s = await sessions.find(tx, id);
  if (!s || ticket.subject !== id || !may(caller.person, "checkout.use", { requester: s.person })) throw new Fault("not_found", "No such session.");
  if (!isOpen(s)) throw new Fault("conflict", "This session is over.");
  await record(deps, tx, { what: "session.rejoined", who: actor(caller), about: about(s), outcome: "ok" });
});
