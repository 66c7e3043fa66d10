/** States as words and badges. Rule: the one place where a state of the domain gets its word and its tone. */
import type { Credential, Standing } from "../src/domain/account.ts";
import type { CloseWhy, Request, State } from "../src/domain/request.ts";
import type { ChannelKind } from "../src/domain/channels.ts";
import type { EndedWhy, Session } from "../src/domain/session.ts";
import { Ago, Badge, type Tone } from "./parts.tsx";

const STATES: Record<State, readonly [Tone, string]> = {
  pending: ["busy", "waits for approval"],
  approved: ["ok", "approved"],
  checked_out: ["ok", "yours now"],
  closed: ["quiet", "closed"],
  denied: ["bad", "denied"],
  cancelled: ["quiet", "cancelled"],
  expired: ["quiet", "expired"],
  revoked: ["bad", "revoked"],
  reviewed: ["quiet", "reviewed"],
};
export const CLOSED: Record<CloseWhy, string> = {
  checked_in: "given back",
  entries_used: "its one session is over",
  expired: "time was up",
  revoked: "revoked",
  locked: "locked by an admin",
  idle_hold: "given back: unused while somebody waited",
};
/** "yours now" is said to the holder only. */
export const StateBadge = ({ request: r, mine }: { request: Request; mine: boolean }) => {
  const [tone, word] = STATES[r.state];
  return <Badge tone={tone}>{r.state === "checked_out" && !mine ? "checked out" : r.state === "closed" ? CLOSED[r.why] : word}</Badge>;
};

const BLOCKED = { disabled: "disabled", locked: "locked", identity_changed: "identity changed", untried: "draft not tried" } as const;
const CREDENTIAL: Partial<Record<Standing["word"], readonly [Tone, string]>> = {
  available: ["ok", "available"],
  rotating: ["busy", "password changing"],
  due: ["busy", "change due"],
  unmanaged: ["quiet", "not managed"],
  adopting: ["busy", "adopting"],
  unverified: ["warn", "unverified"],
  quarantined: ["bad", "quarantined"],
};
/** `me`: the reader's own login name, so that their own hold is said to be theirs. `brief`: by whom stands beside it. */
export const StandingBadge = ({ standing: s, me, brief }: { standing: Standing; me?: string; brief?: boolean }) => {
  if (s.word === "blocked") return <Badge tone="bad">{BLOCKED[s.why]}</Badge>;
  if (s.word === "held" && s.by === me) return <Badge tone="ok">yours now</Badge>;
  if (s.word === "held") return <Badge tone="warn">{brief ? "held" : `held by ${s.by}`}</Badge>;
  const [tone, word] = CREDENTIAL[s.word]!;
  return <Badge tone={tone}>{word}</Badge>;
};
export const NEXT_STEP: Partial<Record<Credential, string>> = {
  unmanaged: "Adopt it: the broker changes the password twice, and from then on it is the only one that knows it.",
  adopting: "The first changes are under way.",
  unverified: "A change was sent and its outcome is not known. The broker asks the target until it is.",
  quarantined: "The broker gave up settling which password is in force. Look at the target, then verify.",
};

export const ENDED: Record<EndedWhy, readonly [Tone, string]> = {
  client_closed: ["quiet", "closed by the person"],
  target_closed: ["quiet", "closed by the target"],
  checked_in: ["quiet", "account given back"],
  expired: ["quiet", "time was up"],
  revoked: ["bad", "revoked"],
  idle: ["quiet", "idle"],
  killed: ["bad", "ended by somebody"],
  broker_lost: ["warn", "broker lost"],
  recording_failed: ["bad", "recording failed"],
  error: ["bad", "error"],
};
export const SessionBadge = ({ session: s }: { session: Session }) => {
  if (s.state === "opening") return <Badge tone="busy">opening</Badge>;
  if (s.state === "live") return <Badge tone="ok">live</Badge>;
  const [tone, word] = ENDED[s.why];
  return <Badge tone={tone}>{word}</Badge>;
};
export const Lasted = ({ session: s }: { session: Session }) =>
  s.state === "ended" ? <Ago at={s.endedAt} /> : <span class="muted">still open</span>;

export const PRESET = {
  session: "sessions only; the password is never shown",
  release: "the password is shown, and sessions",
  shared: "sessions only, beside other holders; the password is never shown",
  "break-glass": "the password at once, without a vote; somebody else reviews it afterwards",
} as const;
/** What is kept of single commands, transfers and forwards. */
export const KEPT = { head: "the first 16 MiB and a digest of all", full: "everything", digest: "size and digest alone" } as const;
/** What a preset gives on a target that the broker carries no sessions to. */
export const presetWords = (preset: keyof typeof PRESET, carries: boolean): string =>
  (preset === "release" && !carries ? "the password is shown" : PRESET[preset]);
export const CHANNEL: Record<ChannelKind, string> = {
  shell: "a shell",
  exec: "single commands",
  sftp: "files by sftp",
  scp: "files by the old scp",
  "direct-tcpip": "forwarding there (-L, -D)",
  "forwarded-tcpip": "forwarding back (-R)",
  streamlocal: "forwarding of sockets",
  agent: "agent forwarding (-A)",
  x11: "X11 forwarding (-X)",
  subsystem: "other subsystems",
  desktop: "a desktop (RDP)",
};

/** What domain/ticket-pattern.ts understands, beside the field it is written in. */
export const TICKET_HELP = "A regular expression (RE2: no back references, no look-around) that the whole ticket must match. Example: CHG-\\d+";
