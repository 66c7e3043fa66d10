/**
 * Who was proven a short while ago, for the one act that must work while the database is away: ending a session. Rule: hashes alone, never a token
 * or a cookie; bounded; forgotten after `loginIdle`, and at once when anything is written about the person or the token. Another node's revocation
 * is not heard here while the database is away; what it could still do is to end a session.
 */
import type { Times } from "../kernel/times.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Person } from "../domain/person.ts";
import type { Token } from "../store/tokens.ts";

export type Login = { readonly csrf: string; readonly absoluteAt: Date };
export type Proven = { readonly person: Person } & ({ readonly login: Login } | { readonly token: Token });
export type Recall = {
  /** Before the database is asked; `keep` with it, or what changed in between is lost. */
  mark(): number;
  keep(hash: string, proven: Proven, mark: number): void;
  find(hash: string): Proven | null;
  drop(hash: string): void;
};
/** The topics of what is written down: the ids it is about, and "people" for what may change who somebody is. */
export type Heard = (topic: string, then: () => void) => () => void;
type Held = { readonly proven: Proven; readonly until: number; readonly stop: () => void };

export const MOST = 1_000;

export const recalls = (deps: { readonly clock: Clock; readonly times: Pick<Times, "loginIdle"> }, hear: Heard): Recall => {
  const held = new Map<string, Held>();
  let changes = 0;
  hear("people", () => { changes += 1; });
  const drop = (hash: string): void => { held.get(hash)?.stop(); held.delete(hash); };
  const tidy = (now: number): void => {
    for (const [hash, { until }] of held) if (until <= now || held.size > MOST) drop(hash); else return;
  };
  return {
    drop,
    mark: () => changes,
    keep: (hash, proven, mark) => {
      if (mark !== changes) return;
      drop(hash);
      const ids = [proven.person.id, ...("token" in proven ? [proven.token.id] : [])], now = deps.clock.mono();
      const stops = ids.map((id) => hear(id, () => drop(hash)));
      held.set(hash, { proven, until: now + deps.times.loginIdle, stop: () => { for (const stop of stops) stop(); } });
      tidy(now);
    },
    find: (hash) => {
      const one = held.get(hash), now = deps.clock.now();
      if (!one || one.until <= deps.clock.mono()) return null;
      return ("token" in one.proven ? one.proven.token.expiresAt : one.proven.login.absoluteAt) > now ? one.proven : null;
    },
  };
};
