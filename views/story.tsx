/** Everything that happened to one thing, in order. Rule: it tells the audit log's events in words and leaves none out. */
import type { Actor, Outcome } from "../src/domain/audit.ts";
import { Ago, Empty, minutes, size } from "./parts.tsx";
import { CLOSED, ENDED } from "./words.tsx";

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
  "request.approved": "approved",
  "request.denied": "denied",
  "request.cancelled": "cancelled",
  "request.expired": "expired",
  "request.revoked": "revoked",
  "request.reviewed": "reviewed the use",
  "break_glass.opened": "broke the glass",
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
/** What the log keeps as codes, in the words every other page has for them. */
const CODES: Readonly<Record<string, string>> = {
  ...CLOSED,
  ...Object.fromEntries(Object.entries(ENDED).map(([code, [, word]]) => [code, word])),
  "you gave the account back": CLOSED.checked_in,
};
export const whyWords = (why: string): string => CODES[why] ?? why;
/** Moments without their fractions, lengths and sizes with their unit; everything else as it is recorded. */
const plain = (key: string, v: unknown): string => {
  if (typeof v === "boolean") return `${key}: ${v ? "yes" : "no"}`;
  if (key === "minutes" && typeof v === "number") return minutes(v);
  if (key === "bytes" && typeof v === "number") return size(v);
  if (key === "decision") return String(v);
  return `${key} ${CODES[String(v)] ?? String(v).replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d):[\d.]+Z$/, "$1 $2 UTC")}`;
};
export const factsLine = (facts: unknown): string =>
  Object.entries((facts ?? {}) as Record<string, unknown>)
    .filter(([, v]) => v !== null && v !== "" && !(typeof v === "object" && Object.keys(v).length === 0))
    .map(([k, v]) => plain(k.replace(/_/g, " "), v))
    .join(" · ");

/** What a session process reported: a channel, a command, a file. */
export const reported = (e: Told): string => {
  const { kind = "event", command, type } = (e.facts ?? {}) as Record<string, unknown>,
    words = String(kind).replace(/_/g, " "),
    which = command ?? type;
  return typeof which === "string" ? `${words}: ${which}` : words;
};
/** The facts that the words before do not say already; the rest of a session's numbers stands on its own page. */
const SAID: Readonly<Record<string, readonly string[]>> = {
  "vote.cast": ["decision"],
  "checkout.closed": ["closed"],
  "session.event": ["kind", "command", "type"],
  "session.ended": ["ended", "cause", "refused", "channels", "bytes_covered", "bytes_proxied", "bytes_recorded"],
};
export const restOf = (e: Told): Record<string, unknown> =>
  Object.fromEntries(Object.entries((e.facts ?? {}) as Record<string, unknown>).filter(([key]) => !SAID[e.what]?.includes(key)));
/** "voted to approve": what was decided belongs to the verb. */
const did = (e: Told): string => {
  const { decision } = (e.facts ?? {}) as { decision?: string };
  if (e.what === "session.event") return reported(e);
  return e.what === "vote.cast" && decision ? `${said(e.what)} to ${decision}` : said(e.what);
};

export const Timeline = ({ events }: { events: readonly Told[] }) =>
  events.length === 0 ? (
    <Empty title="Nothing yet">What happens is listed here.</Empty>
  ) : (
    <ol class="timeline">
      {events.map((e) => (
        <li class={outcomeTone(e.outcome)}>
          <p>
            <b>{whoName(e.who)}</b> {did(e)} <Ago at={e.at} />
          </p>
          {e.why && e.why !== "none" ? <p class="wrap">{whyWords(e.why)}</p> : null}
          {factsLine(restOf(e)) ? <p class="muted wrap small-print">{factsLine(restOf(e))}</p> : null}
        </li>
      ))}
    </ol>
  );
