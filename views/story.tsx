/** Everything that happened to one thing, in order. Rule: it tells the audit log's events in words and leaves none out. */
import type { Actor, Outcome } from "../src/domain/audit.ts";
import { Ago, Empty } from "./parts.tsx";

/** An event as it lies in the log. */
export type Told = {
  readonly id: string;
  readonly row: number;
  readonly at: Date;
  readonly what: string;
  readonly who: unknown;
  readonly about: Readonly<Record<string, string>>;
  readonly outcome: string;
  readonly why: string | null;
  readonly facts: unknown;
  readonly index: number | null;
};
const WORDS: Record<string, string> = {
  "request.submitted": "asked",
  "vote.cast": "voted",
  "request.approved": "approved: votes are enough",
  "request.denied": "denied",
  "request.cancelled": "cancelled",
  "request.expired": "expired",
  "request.revoked": "revoked",
  "checkout.started": "checked out",
  "checkout.closed": "closed",
  "password.released": "looked at the password",
  "password.typed": "typed a password",
  "session.opening": "opens a session",
  "session.live": "session is live",
  "session.ended": "session ended",
  "session.cut": "cut a session",
  "session.event": "in the session",
  "session.mark": "recording mark",
  "session.played": "watched the recording",
  "session.rejoined": "came back to the session",
  "session.watched": "began to watch live",
  "session.unwatched": "stopped watching",
  "rotation.opened": "password change opened",
  "rotation.intent": "about to change",
  "rotation.step": "password change",
  "rotation.committed": "password changed and proven",
  "rotation.refused": "password change refused",
  "rotation.dead_letter": "password change gave up",
  "rotation.closure": "closure check",
  "login.ok": "logged in",
  "login.refused": "login refused",
  "login.locked_out": "locked out",
  logout: "logged out",
  "terminal.asked": "asks to let a terminal in",
  "terminal.approved": "let a terminal in",
  "terminal.denied": "kept a terminal out",
  "connection.refused": "was refused a session",
};
export const whoName = (who: unknown): string => {
  const a = who as Actor;
  return a.kind === "person" ? a.name : a.kind === "stranger" ? `stranger "${a.name}"` : `broker (${a.part})`;
};
export const whence = (who: unknown): string => {
  const a = who as Actor;
  return a.kind === "broker" ? "" : `${a.means} from ${a.address}`;
};
export const said = (what: string): string => WORDS[what] ?? what.replace(/[._]/g, " ");
export const outcomeTone = (o: string): "ok" | "bad" | "busy" =>
  (o as Outcome) === "refused" || o === "failed" ? "bad" : o === "intent" ? "busy" : "ok";
/** Moments without their fractions; everything else as it is recorded. */
const plain = (v: unknown): string => String(v).replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d):[\d.]+Z$/, "$1 $2 UTC");
export const factsLine = (facts: unknown): string =>
  Object.entries((facts ?? {}) as Record<string, unknown>)
    .filter(([, v]) => v !== null && v !== "")
    .map(([k, v]) => `${k.replace(/_/g, " ")} ${plain(v)}`)
    .join(" · ");

export const Timeline = ({ events }: { events: readonly Told[] }) =>
  events.length === 0 ? (
    <Empty title="Nothing yet">What happens is listed here.</Empty>
  ) : (
    <ol class="timeline">
      {events.map((e) => (
        <li class={outcomeTone(e.outcome)}>
          <p>
            <b>{whoName(e.who)}</b> {said(e.what)} <Ago at={e.at} />
          </p>
          {e.why ? <p class="wrap">{e.why}</p> : null}
          {factsLine(e.facts) ? <p class="muted wrap small-print">{factsLine(e.facts)}</p> : null}
        </li>
      ))}
    </ol>
  );
