/**
 * Looking on at a live session. Rule: for auditors alone, and an event when it begins and when it ends; what passwords the account ever had
 * are masked on the way, but for a desktop: in a picture nothing can be.
 */
import { Fault } from "../kernel/fault.ts";
import type { SessionId } from "../kernel/ids.ts";
import { may } from "../domain/may.ts";
import { isDesktop, isOpen, type Session } from "../domain/session.ts";
import type { Tx } from "../store/db.ts";
import * as sessions from "../store/sessions.ts";
import * as versions from "../store/versions.ts";
import { Veil } from "../vault/veil.ts";
import type { Deps } from "./deps.ts";
import { actor, record, type Caller } from "./record.ts";
import { openVersion } from "./secrets.ts";
import { about } from "./session.ts";
import { issue, paying, spend, type Issued, type Shown } from "./ticket.ts";

/** `veil`: one for each channel. `end`: wipes what masking needed, and writes down that it is over. */
export type Look = { readonly session: SessionId; readonly desktop: boolean; veil(): Veil; end(why: string): Promise<void> };

const watchable = async (deps: Pick<Deps, "node">, tx: Tx, caller: Caller, id: SessionId): Promise<Session> => {
  if (!may(caller.person, "session.watch")) throw new Fault("forbidden", "Watching live sessions is for auditors.");
  const s = await sessions.find(tx, id);
  if (!s) throw new Fault("not_found", "No such session.");
  if (!isOpen(s)) throw new Fault("conflict", "This session is over. Its recording can be played.");
  if (s.node !== deps.node) throw new Fault("conflict", `This session runs on another node of this broker (${s.node}). Watch it there.`);
  return s;
};

type Small = Pick<Deps, "db" | "random" | "times" | "node">;
export const watchTicket = (deps: Small, caller: Caller, holder: string, id: SessionId): Promise<Issued> => deps.db.transaction(async (tx) => {
  const s = await watchable(deps, tx, caller, id);
  return issue(deps, tx, caller, holder, "watch", s.id);
});

export const beginWatching = async (deps: Deps, caller: Caller, shown: Shown): Promise<Look> => {
  const s = await paying(deps, shown, async (tx) => {
    const found = await watchable(deps, tx, caller, (await spend(tx, caller, shown, "watch")).subject as SessionId);
    await record(deps, tx, { what: "session.watched", who: actor(caller), about: about(found), outcome: "ok" });
    return found;
  });
  const secrets = isDesktop(s) ? [] : (await versions.of(deps.db, s.account)).map((v) => openVersion(deps, v));
  const end = async (why: string): Promise<void> => {
    for (const secret of secrets) secret.wipe();
    await deps.db.transaction((tx) => record(deps, tx, { what: "session.unwatched", who: actor(caller), about: about(s), outcome: "ok", why }));
  };
  return { session: s.id, desktop: isDesktop(s), veil: () => new Veil(secrets), end };
};
