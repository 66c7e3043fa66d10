/**
 * What people are told, as data. Rule: a closed list of kinds, one plain subject, lines of text without a secret; who is told by default stands here.
 */
import { z } from "zod";
import type { GroupId, Id, PersonId } from "../kernel/ids.ts";

/** In relation to what it is about. `person`: whose request, session or wish it is. */
export type Audience = "approvers" | "person" | "owner" | "admins" | "auditors";
type Kind = {
  readonly title: string; readonly to: readonly Audience[];
  /** Whether somebody who said nothing is told. */
  readonly unasked: boolean;
  /** law no-way-round-1 and break-glass: nobody turns this off for themselves. */
  readonly always?: true;
};

export const KINDS = {
  request_waiting:  { title: "A request waits for your vote", to: ["approvers"], unasked: true },
  record_waiting:   { title: "Somebody asks to record a password change by hand", to: ["admins"], unasked: true },
  voted:            { title: "Your request was approved, denied or revoked", to: ["person"], unasked: true },
  your_turn:        { title: "The account you wait for is free for you", to: ["person"], unasked: true },
  expiring:         { title: "Your time with an account is about to end", to: ["person"], unasked: true },
  session_started:  { title: "A session began on your target", to: ["owner"], unasked: false },
  session_killed:   { title: "A session was ended by somebody", to: ["person", "owner"], unasked: true },
  password_changed: { title: "A password was changed by hand, in bulk or by schedule", to: ["person", "owner"], unasked: true },
  rotation_failed:  { title: "A password could not be changed", to: ["person", "owner", "admins"], unasked: true },
  dependent_failed: { title: "What depends on a password did not follow its change", to: ["person", "owner", "admins"], unasked: true },
  account_in_doubt: { title: "An account is unverified or in quarantine", to: ["owner", "admins"], unasked: true },
  drift_found:      { title: "A target does not take the vault's password", to: ["owner", "admins"], unasked: true },
  accounts_found:   { title: "Accounts came, went or became privileged on a target", to: ["owner", "admins"], unasked: true },
  agent_gone:       { title: "An agent or gateway is gone", to: ["owner", "admins"], unasked: true },
  identity_changed: { title: "A target shows another identity", to: ["owner", "admins"], unasked: true },
  password_typed:   { title: "Somebody typed a password into the vault", to: ["owner", "auditors"], unasked: true, always: true },
  break_glass:      { title: "Somebody broke the glass", to: ["approvers", "auditors"], unasked: true, always: true },
  broker_state:     { title: "The broker became passive or took over", to: ["admins"], unasked: true },
  webhook_off:      { title: "A webhook was turned off after failing for long", to: ["admins"], unasked: true },
  test:             { title: "A test", to: [], unasked: true },
} as const satisfies Record<string, Kind>;
export type NoticeKind = keyof typeof KINDS;
export const NOTICE_KINDS = Object.keys(KINDS) as NoticeKind[];
export const NoticeKind = z.enum(NOTICE_KINDS as [NoticeKind, ...NoticeKind[]]);
/** Those a person, a rule or a webhook may choose. */
export const CHOOSABLE = NOTICE_KINDS.filter((k) => k !== "test");
export const always = (kind: NoticeKind): boolean => (KINDS[kind] as Kind).always === true;

export type NoticeId = Id<"notice">;
/** Named by whoever asked for it: told whatever they chose for themselves. */
export type Recipients = { readonly people?: readonly PersonId[]; readonly groups?: readonly GroupId[]; readonly addresses?: readonly string[] };
export type Notice = {
  readonly kind: NoticeKind;
  readonly subject: string;
  readonly lines: readonly string[];
  /** A page of the portal; it shows, and never acts. */
  readonly path: string | null;
  /** Ids by noun, as in events: rules and webhooks of a group of targets look here. */
  readonly about: Readonly<Record<string, string>>;
  readonly to: Recipients;
  /** Said once ever under this key. */
  readonly once?: string;
};
export type Told = Omit<Notice, "to" | "once"> & { readonly id: NoticeId; readonly at: Date };

/** Nothing of a text may begin a header or hide in a terminal: control characters, and the marks that turn writing around, become a space. */
export const plainLine = (text: string, max = 300): string => {
  const flat = text.toWellFormed().replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").replace(/ {2,}/g, " ").trim();
  return flat.length > max ? `${flat.slice(0, max - 1).toWellFormed()}…` : flat;
};

/** What a mail server of today takes without quoting; no comments, no address literals, no display names. */
const ADDRESS = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;
export const isAddress = (text: string): boolean => text.length <= 254 && text.indexOf("@") <= 64 && ADDRESS.test(text);
/** Commas, semicolons or lines between them; each once. `wrong` are those that are no address, as they were written. */
export const parseAddresses = (text: string): { readonly addresses: readonly string[]; readonly wrong: readonly string[] } => {
  const parts = text.split(/[,;\s]+/).filter((p) => p !== ""), seen = new Map<string, string>();
  for (const p of parts) if (isAddress(p) && !seen.has(p.toLowerCase())) seen.set(p.toLowerCase(), p);
  return { addresses: [...seen.values()], wrong: [...new Set(parts.filter((p) => !isAddress(p)))].map((p) => plainLine(p, 80)) };
};

export type Result = { readonly name: string; readonly result: string; readonly why?: string | null; readonly failed: boolean };
/** Per-account results for a mail: the count first, then what failed, then the rest; a long list is cut and says so. */
export const resultLines = (results: readonly Result[], max = 200): string[] => {
  const ordered = [...results].sort((a, b) => Number(b.failed) - Number(a.failed)), failed = results.filter((r) => r.failed).length;
  const line = (r: Result) => plainLine(`${r.failed ? "FAILED " : "ok "}${r.name}: ${r.result}${r.why ? ` (${r.why})` : ""}`);
  return [
    `${results.length - failed} of ${results.length} done, ${failed} failed.`, "",
    ...ordered.slice(0, max).map(line), ...(ordered.length > max ? [`… and ${ordered.length - max} more; the page has all of them.`] : []),
  ];
};

/** Several of one kind as one: each with its own link. */
export const gathered = (list: readonly Told[], origin: string): Pick<Told, "subject" | "lines" | "path"> => ({
  subject: `${list.length} notices: ${KINDS[list[0]!.kind].title}`, path: null,
  lines: list.flatMap((n) => [n.subject, ...n.lines.filter((l) => l !== "").map((l) => `  ${l}`),
    ...(n.path === null ? [] : [`  ${origin}${n.path}`]), ""]),
});

/** The whole text of a mail. `origin`: how people reach the portal. */
export const mailText = (n: Pick<Told, "lines" | "path">, origin: string): string => [
  ...n.lines, "", ...(n.path === null ? [] : [`${origin}${n.path}`, ""]),
  "-- ", "Lockstep. What you are told is chosen on your own page:", `${origin}/me`, "",
].join("\n");
