/** Who may ask for which accounts, and how. Rule: a policy names ONE preset and tunes numbers; what no policy gives does not exist for you. */
import { z } from "zod";
import type { GroupId, PersonId, PolicyId } from "../kernel/ids.ts";
import type { Account } from "./account.ts";
import { CHANNELS, isDestination, ITSELF, USUAL, type ChannelKind } from "./channels.ts";
import { CommandRules } from "./commands.ts";
import { ALL_FILES, isFilePattern } from "./files.ts";
import { Hours } from "./hours.ts";
import { isNetwork } from "./networks.ts";
import { like } from "./like.ts";
import { has, type Person } from "./person.ts";
import { carriesSessions } from "./platform.ts";
import type { Target } from "./target.ts";
import { unreadable } from "./ticket-pattern.ts";

/** `session`: proxied only, never shown. `release`: shown on a press, and sessions. `shared`: sessions, several holders. `break-glass`: shown at once, without a vote. */
export const PRESETS = {
  session: { exclusive: true, shows: false, dueAt: "last_session" },
  release: { exclusive: true, shows: true, dueAt: "give_back" },
  shared: { exclusive: false, shows: false, dueAt: "last_session" },
  "break-glass": { exclusive: false, shows: true, dueAt: "give_back" },
} as const;
export type Preset = keyof typeof PRESETS;

export { CHANNELS } from "./channels.ts";
export { like } from "./like.ts";

const paths = z.array(z.string().max(500).refine(isFilePattern, "a path pattern begins with /, ~/ or ** and holds no ..")).max(200).default([]);
/** Bind sftp alone: whoever has a shell or exec as well can go round them. */
export const FileTerms = z.object({ readOnly: z.boolean().default(false), noDelete: z.boolean().default(false), allow: paths, deny: paths });

const names = z.array(z.string().min(1).max(80)).max(500).default([]);
/** Minutes and seconds stand in the names; patterns are matched whole. */
export const PolicyTerms = z.object({
  preset: z.enum(["session", "release", "shared", "break-glass"]).default("session"),
  approvals: z.int().min(1).max(9).default(1),
  maxMinutes: z.int().min(1).max(7 * 24 * 60).default(60),
  requestTtlMinutes: z.int().min(1).max(30 * 24 * 60).default(24 * 60),
  startWindowMinutes: z.int().min(1).max(30 * 24 * 60).default(8 * 60),
  /** Sessions one approval carries; after the last it is closed. 0 = as many as its time holds. */
  entries: z.int().min(0).max(100).default(0),
  /** Somebody else looks at it afterwards and says so; break-glass always asks for it. */
  review: z.boolean().default(false),
  /** Addresses and networks it may be asked for and used from; empty: from anywhere. */
  networks: z.array(z.string().max(60).refine(isNetwork, "neither an address nor a network such as 10.20.0.0/16")).max(50).default([]),
  /** Weekly hours in which it may be used; a checkout ends with them. */
  hours: Hours.nullable().default(null),
  /** For single commands; a free shell is only recorded. */
  commands: CommandRules.default({ mode: "open", rules: [] }),
  reconnectGraceSeconds: z.int().min(0).max(3_600).default(60),
  reasonMin: z.int().min(0).max(500).default(3),
  ticketPattern: z.string().max(200).default(""),
  channels: z.array(z.enum(CHANNELS)).default([...USUAL]),
  files: FileTerms.default({ ...ALL_FILES, allow: [], deny: [] }),
  /** Where -L, -D and sockets may lead, seen from the target: `host:port`, or the path of a socket; stars allowed. */
  forwardTo: z.array(z.string().max(300).refine(isDestination, "a destination is host:port or the path of a socket")).max(200).default([ITSELF]),
  record: z.enum(["full", "head", "digest"]).default("head"),
  recordInput: z.boolean().default(false),
  /** In the browser, terminals and desktops alike: pasting into the session, copying out of it. Other clients have clipboards of their own. */
  clipboardIn: z.boolean().default(true),
  clipboardOut: z.boolean().default(true),
  /** Of a desktop: carrying files into it, and out of it. */
  filesIn: z.boolean().default(false),
  filesOut: z.boolean().default(false),
});
export type PolicyTerms = z.infer<typeof PolicyTerms>;

/** A list of commands is no list beside a shell: with one, single commands are all there is. */
export const channelsOf = (t: Pick<PolicyTerms, "channels" | "commands">): readonly ChannelKind[] => (t.commands.mode === "listed" ? t.channels.filter((c) => c === "exec") : t.channels);

/** Groups and people by id; accounts by target name, target tag, platform and account name (`*` matches any run). Empty = any. */
export const PolicyBinding = z.object({
  requesterGroups: names, requesters: names, approverGroups: names, approvers: names,
  targets: names, tags: names, platforms: names, accountNames: names,
});
export type PolicyBinding = z.infer<typeof PolicyBinding>;

/** As it is written; a row that an older version kept is read with PolicyTerms, so that one odd pattern does not shut the whole list. */
const Written = PolicyTerms.extend({ ticketPattern: z.string().max(200).default("").superRefine((p, c) => { const why = unreadable(p); if (why) c.addIssue({ code: "custom", message: `is no pattern: ${why}` }); }) });
export const PolicyInput = z.object({ name: z.string().min(1).max(80), terms: Written, binding: PolicyBinding });
export type PolicyInput = z.infer<typeof PolicyInput>;

export type Policy = { readonly id: PolicyId; readonly name: string; readonly terms: PolicyTerms; readonly binding: PolicyBinding; readonly active: boolean };

const anyOf = (patterns: readonly string[], text: string): boolean => patterns.length === 0 || patterns.some((p) => like(p, text));

export const coversAccount = (p: Policy, account: Pick<Account, "name"> & Partial<Pick<Account, "tags">>, target: Pick<Target, "name" | "tags" | "platform">): boolean =>
  p.active && anyOf(p.binding.targets, target.name) && anyOf(p.binding.accountNames, account.name) && anyOf(p.binding.platforms, target.platform)
  && (p.binding.tags.length === 0 || p.binding.tags.some((t) => target.tags.includes(t) || account.tags?.includes(t) === true));

/** Nothing but sessions, where there are none, gives nothing. */
export const givesSomething = (p: Policy, target: Pick<Target, "platform" | "settings">): boolean => PRESETS[p.terms.preset].shows || carriesSessions(target);

const named = (person: Person, people: readonly string[], groups: readonly string[]): boolean =>
  people.includes(person.id) || person.groups.some((g: GroupId) => groups.includes(g));

export const mayAsk = (p: Policy, person: Person): boolean =>
  p.active && !person.disabled && has(person, "user") && named(person, p.binding.requesters, p.binding.requesterGroups);

/** Whether it still gives what was asked by it: of now, and by its hand alone. A lock or a disabled login stands elsewhere and passes. */
export const stillGives = (p: Policy, person: Person, preset: Preset, account: Pick<Account, "name" | "tags">, target: Pick<Target, "name" | "tags" | "platform">): boolean =>
  p.terms.preset === preset && coversAccount(p, account, target) && mayAsk(p, { ...person, disabled: false });

/** What this person may ask for on this account. */
export const offeredTo = (all: readonly Policy[], person: Person, account: Pick<Account, "name" | "tags">, target: Pick<Target, "name" | "tags" | "platform" | "settings">): Policy[] =>
  all.filter((p) => coversAccount(p, account, target) && mayAsk(p, person) && givesSomething(p, target));

/** Named by the policy AND in the role of an approver; says nothing about whose request it is. */
export const entitled = (p: Policy, person: Person): boolean =>
  !person.disabled && has(person, "approver") && named(person, p.binding.approvers, p.binding.approverGroups);

export const approverNames = (p: Policy, people: readonly Person[], requester: PersonId): string[] =>
  people.filter((x) => x.id !== requester && entitled(p, x)).map((x) => x.name).sort();
