/**
 * One-time tickets for browser sockets: issued on a press, looked at by the door, spent by the verb that acts. Rule: (law ticket-once)
 * spending is part of the transaction it pays for.
 */
import { Fault } from "../kernel/fault.ts";
import type { RequestId, SessionId } from "../kernel/ids.ts";
import { sha256Hex } from "../crypto/envelope.ts";
import { may } from "../domain/may.ts";
import { desktopOf } from "../domain/desktop.ts";
import { carriesSessions, carriesShells, noDesktop, noSessions, noShells } from "../domain/platform.ts";
import { channelsOf, type PolicyTerms } from "../domain/policy.ts";
import { isState } from "../domain/request.ts";
import { isDesktop, isOpen } from "../domain/session.ts";
import type { Target } from "../domain/target.ts";
import type { Ticket, TicketKind } from "../domain/ticket.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as policies from "../store/policies.ts";
import * as requests from "../store/requests.ts";
import * as sessions from "../store/sessions.ts";
import * as targets from "../store/targets.ts";
import * as tickets from "../store/tickets.ts";
import type { Deps } from "./deps.ts";
import type { Caller } from "./record.ts";

/** A ticket as its bearer shows it, and who the bearer is. */
export type Shown = { readonly ticket: string; readonly holder: string };
export type Issued = { readonly ticket: string; readonly expiresAt: Date };
type Small = Pick<Deps, "db" | "random" | "times">;

const REFUSED = "This ticket is not known, was used already, or is older than 30 seconds. Go back to the page and connect again.";

export const issue = async (deps: Small, tx: Tx, caller: Caller, holder: string, kind: TicketKind, subject: string): Promise<Issued> => {
  const ticket = deps.random.bytes(32).toString("base64url"), expiresAt = new Date(tx.now.getTime() + deps.times.ticket);
  await tickets.forget(tx);
  await tickets.add(tx, { id: sha256Hex(ticket), kind, subject, holder, person: caller.person.id, expiresAt });
  return { ticket, expiresAt };
};

/** For a new terminal of a request, or back into `session`, which must be one of the caller's own that still runs. */
type TerminalTicket = (deps: Small, caller: Caller, holder: string, id: RequestId, session?: SessionId) => Promise<Issued>;
export const terminalTicket: TerminalTicket = (deps, caller, holder, id, session) => deps.db.transaction(async (tx) => {
  await requireOwn(tx, caller, id);
  if (session !== undefined) return issue(deps, tx, caller, holder, "rejoin", (await ownSession(tx, caller, session, id, false)));
  const { target, terms } = await usable(tx, id);
  if (!carriesShells(target)) throw new Fault("conflict", (carriesSessions(target) ? noShells : noSessions)(target));
  if (!terms.channels.includes("shell")) throw new Fault("forbidden", "This access does not include a shell.");
  return issue(deps, tx, caller, holder, "terminal", id);
});
/** For a new session on the desktop of a request's target, or back into `session`. */
export const desktopTicket: TerminalTicket = (deps, caller, holder, id, session) => deps.db.transaction(async (tx) => {
  await requireOwn(tx, caller, id);
  if (session !== undefined) return issue(deps, tx, caller, holder, "rejoin", (await ownSession(tx, caller, session, id, true)));
  const { target, terms } = await usable(tx, id);
  if (desktopOf(target) === null) throw new Fault("conflict", noDesktop(target));
  if (!channelsOf(terms).includes("desktop")) throw new Fault("forbidden", "This access does not include a desktop session.");
  return issue(deps, tx, caller, holder, "desktop", id);
});

const requireOwn = async (tx: Tx, caller: Caller, id: RequestId): Promise<void> => {
  const r = await requests.find(tx, id);
  if (!r || !may(caller.person, "checkout.use", { requester: r.requester })) throw new Fault("not_found", "No such request.");
};
/** Approved or held, and what it gives where. */
const usable = async (tx: Tx, id: RequestId): Promise<{ readonly target: Target; readonly terms: PolicyTerms }> => {
  const r = (await requests.find(tx, id))!;
  if (!isState(r, "approved", "checked_out")) {
    throw new Fault("conflict", r.state === "pending" ? "Nobody has approved this request yet." : `This request is ${r.state}. Ask again.`);
  }
  const { terms } = (await policies.find(tx, r.terms.policy))!;
  return { terms, target: (await targets.find(tx, (await accounts.find(tx, r.terms.account))!.target))! };
};

const ownSession = async (db: Reader, caller: Caller, id: SessionId, request: RequestId, desktop: boolean): Promise<SessionId> => {
  const s = await sessions.find(db, id);
  if (!s || s.via !== "web" || isDesktop(s) !== desktop || s.request !== request || !may(caller.person, "checkout.use", { requester: s.person })) throw new Fault("not_found", "No such session.");
  if (!isOpen(s)) throw new Fault("conflict", "This session is over.");
  return s.id;
};

/** What a ticket is for, for the door that has to choose a way. Reading spends nothing. */
export type Purpose =
  | { readonly kind: "terminal"; readonly account: string; readonly target: string }
  | { readonly kind: "desktop"; readonly account: string; readonly target: string }
  | { readonly kind: "rejoin"; readonly session: SessionId; readonly desktop: boolean }
  | { readonly kind: "watch"; readonly session: SessionId };

export const purposeOf = async (deps: Pick<Deps, "db" | "clock">, shown: Shown): Promise<Purpose> => {
  const t = await tickets.find(deps.db, sha256Hex(shown.ticket), shown.holder, deps.clock.now());
  if (!t) throw new Fault("forbidden", REFUSED);
  if (t.kind === "watch") return { kind: t.kind, session: t.subject as SessionId };
  if (t.kind === "rejoin") return { kind: t.kind, session: t.subject as SessionId, desktop: isDesktop((await sessions.find(deps.db, t.subject as SessionId))!) };
  const r = (await requests.find(deps.db, t.subject as RequestId))!, account = (await accounts.find(deps.db, r.terms.account))!;
  return { kind: t.kind, account: account.name, target: (await targets.find(deps.db, account.target))!.name };
};

/** In the transaction it pays for. The ticket must be the caller's own: a login belongs to one person, and so does its ticket. */
export const spend = async (tx: Tx, caller: Caller, shown: Shown, kind: TicketKind): Promise<Ticket> => {
  const t = await tickets.spend(tx, sha256Hex(shown.ticket), shown.holder, kind);
  if (!t || t.person !== caller.person.id) throw new Fault("forbidden", REFUSED);
  return t;
};

/** Runs `work` as a transaction that spends the ticket; whatever comes of it, the ticket is gone. */
export const paying = async <T>(deps: Pick<Deps, "db">, shown: Shown, work: (tx: Tx) => Promise<T>): Promise<T> => {
  try { return await deps.db.transaction(work); } catch (e) {
    await deps.db.transaction((tx) => tickets.burn(tx, sha256Hex(shown.ticket), shown.holder)).catch(() => undefined);
    throw e;
  }
};

export const forgetTickets = (tx: Tx): Promise<void> => tickets.forget(tx);
