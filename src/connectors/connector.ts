/**
 * The contract of every kind of target. Rule: a connector knows one target system and nothing about requests, people,
 * SQL or the vault; test/connectors/contract.ts runs against each, and none lands without it.
 */
import type { z } from "zod";
import type { Address, Link } from "../kernel/link.ts";
import { reveal } from "../kernel/reveal.ts";
import type { Secret } from "../kernel/secret.ts";

/**
 * Tri-state on purpose: unknown is not no. `why` never holds a secret. `refused`: the login was, over a verified identity or none, and what is in
 * doubt (a lock-out, who said so) is for `lockedOut` to tell: asked or not, it is "no" only by its word.
 */
export type Answer = "yes" | "no" | { readonly unknown: string; readonly refused?: true };

/** The login being probed or changed; `secret` beside it where one is needed. `id`: how the vault names it, for marks on the target. `alone`: nobody but itself changes it. */
export type Login = { readonly name: string; readonly id?: string; readonly alone?: boolean };
/** An administrative or reconcile account with its password, read at the moment of use. */
export type Credential = Login & { readonly secret: Secret };

/** Which change this is, for whoever must never do an older one after a newer: `no` rises with an account's passwords, `fence` with whoever makes the change, `epoch` with the broker. */
export type Order = { readonly rotation: string; readonly no: number; readonly fence: number; readonly epoch: number };
export type Change = { readonly from?: Credential["secret"]; readonly to: Secret; readonly as?: Credential; readonly order?: Order };
export type ChangeResult =
  | "done"
  /** The target's own words: nothing was changed by this call. */
  | { readonly refused: string }
  /** Only when no byte of the change left us. */
  | { readonly not_sent: "unreachable" | "auth_of_as" | "identity"; readonly why: string }
  | { readonly unknown: string };
/**
 * Told nothing. `asRefused`: the administrative login itself was refused over a verified identity (law A4 opens its breaker). `stranger`: what
 * answered did not prove the pinned identity, and was shown nothing (law no-way-round-2 stops its accounts).
 */
export type NotTold = { readonly unknown: string; readonly asRefused?: true; readonly stranger?: true };
export const toldNothing = (unknown: string, asRefused: boolean, stranger: boolean): NotTold => ({ unknown, ...(asRefused ? { asRefused: true as const } : {}), ...(stranger ? { stranger: true as const } : {}) });
/** `match`: index into the given secrets. "none": the target's hash matches none of them. */
export type CompareResult = { readonly match: number } | "none" | NotTold;
/** Why a login may be refused that has the right password; "open": for no reason. */
export type LockState = "open" | { readonly locked: string } | NotTold;
/** What a refused login proves, once that is known. */
export const settled = (l: LockState): Answer => l === "open" ? "no" : { unknown: "locked" in l ? l.locked : l.unknown };
/** What the target itself asks of a password: only what it said. Days as the target counts them. */
export const TARGET_RULES = ["minLength", "maxLength", "lower", "upper", "digit", "symbol", "classes", "maxRepeat", "minAgeDays", "maxAgeDays", "remembers", "lockAfter", "lockSeconds"] as const;
export type TargetRules = Readonly<Partial<Record<(typeof TARGET_RULES)[number], number>>>;
/**
 * One account as the target tells it; null: it did not tell. `enabled`: somebody could log in with it. `privileged`: it may do what its
 * administrators may. `lastLogin`: ISO 8601, null for never, absent where the target keeps no such thing. `says`: the reasons, in words.
 */
export type FoundAccount = {
  readonly name: string; readonly enabled: boolean | null; readonly privileged: boolean | null; readonly lastLogin?: string | null; readonly says: readonly string[];
  /** Fingerprints of the keys that let it in; absent: not told. */
  readonly keys?: readonly string[];
};
/** `identity`: what the target proved itself by; a Test button changes nothing. `stage`: the step that failed, for the words beside it. */
export type TestStage = "reach" | "identity" | "login" | "right";
export type TestResult = { readonly ok: true; readonly identity: string } | { readonly ok: false; readonly why: string; readonly stage?: TestStage };

/** Names of accounts a platform has, beyond the usual ones. `says`: the rule, for people. */
export type Naming = {
  fits(name: string): boolean; readonly says: string;
  /** Two names that come to the same here are one account of the target; absent: letter for letter. */
  same?(name: string): string;
};
/** Where capital letters tell no two accounts apart. */
export const anyCase = (name: string): string => name.normalize("NFC").toLowerCase();
export const spelled = (naming: Naming, name: string): string => naming.same?.(name) ?? name;
/** What a person pins: into which settings it goes, how it reads, and the command on the machine itself that says the same. */
export type Pin = { readonly settings: Record<string, unknown>; readonly fingerprint: string; readonly compareWith: string };

/** Where an account's secret is a private key: how one is made, and what a given one would have to be. */
export type Keys = { make(): Secret; objection(secret: Secret): string | undefined };

export interface Connector<C = unknown> {
  readonly platform: string;
  readonly config: z.ZodType<C>;
  /** Characters no password of this platform may hold; CR, LF and NUL are always refused. */
  readonly forbidden: RegExp;
  /** Absent: USUAL_NAMES. */
  readonly naming?: Naming;
  /** Its accounts have private keys, no passwords: policies say nothing of what they look like, and a change gets the present one as `from`, whoever makes it. */
  readonly keys?: Keys;
  /** Every account may set its own password with nothing but the present one, so a target needs no administrative account. */
  readonly changesItself?: true;
  /** Something of ours on the target does what is asked, by its own rights: no account is named, lent or handed over for it, and `as` is nobody. */
  readonly unaided?: true;
  /** The target goes on taking a password after it was replaced: for whom and how long, for the closure certificate. */
  readonly lingers?: string;
  /** Another account of the target that has to log in first, by these settings; its credential is handed back as `carrier` beside them, where it is certain. */
  carrier?(config: C): string | undefined;
  /** What has to be installed on the broker before anything works, as a sentence; undefined: nothing. */
  lacks?(): string | undefined;
  /** Why these settings cannot be used at this address, as a sentence. */
  objection?(config: C, at: Address): string | undefined;
  /** One login with `secret`. "no" only over a verified identity. */
  probe(config: C, link: Link, account: Login, secret: Secret, signal: AbortSignal): Promise<Answer>;
  /** Sets the password to `to`; idempotent, called again with the same `to` after a crash. */
  change(config: C, link: Link, account: Login, change: Change, signal: AbortSignal): Promise<ChangeResult>;
  /** Where the platform's refusals do not say it: is the account locked out? Asked right after a refused login, as `as`, which proves the target too. */
  lockedOut?(config: C, link: Link, account: Login, as: Credential, signal: AbortSignal): Promise<LockState>;
  /** Reads the target's own verifier and computes: no login is spent. An unreadable or foreign hash is unknown. */
  compare?(config: C, link: Link, account: Login, secrets: readonly Secret[], as: Credential, signal: AbortSignal): Promise<CompareResult>;
  /** Ends the account's logins on the target; the number ended, for the closure certificate. */
  endLogins?(config: C, link: Link, account: Login, as: Credential, signal: AbortSignal): Promise<{ ended: number } | NotTold>;
  /** Reads the target's own rules for this account; changes nothing. */
  preflight?(config: C, link: Link, account: Login, as: Credential, signal: AbortSignal): Promise<TargetRules | NotTold>;
  /** Logs in as `as`, checks the right to change others, changes nothing. */
  test?(config: C, link: Link, as: Credential, signal: AbortSignal): Promise<TestResult>;
  /** Fetches the identity (host key, certificate) without sending a credential: for onboarding, never in the data path. */
  identity?(link: Link, signal: AbortSignal): Promise<string>;
  /** What `identity` gave, or a person brought along; undefined: nothing a target of this platform proves itself by. */
  pin?(identity: string): Pin | undefined;
  /** Every account there is, or nothing at all: a list that came in part would show the rest of them as gone. Changes nothing. */
  discover?(config: C, link: Link, as: Credential, signal: AbortSignal): Promise<readonly FoundAccount[] | NotTold>;
  /** What can be done on a target of this kind before or after a password changed, its own or another's. */
  readonly follower?: Follower<C>;
}

/** How a password is written down in a file; config-file.ts writes it. */
export type Form = "plain" | "quoted" | "json" | "url" | "pgpass" | "xml";
/** What may follow a change elsewhere: names and paths are checked by whoever accepted it, and again by who does it. */
export type Task =
  | { readonly does: "service"; readonly unit: string; readonly action: "restart" | "reload" | "stop" | "start" }
  | { readonly does: "rewrite"; readonly path: string; readonly line: string; readonly form: Form }
  /** `account`: the login whose password changed. */
  | { readonly does: "steps"; readonly list: string; readonly account: string }
  /** What logs on by itself, as that account: it is told the new password. `account`: with its domain, `.` for the very machine. */
  | { readonly does: "logon"; readonly of: "service" | "task" | "pool"; readonly name: string; readonly account: string };
/** `does`: the tasks this kind of target can do. `rehearse` looks at place and rights and changes nothing. */
export interface Follower<C> {
  readonly does: readonly Task["does"][];
  run(config: C, link: Link, task: Task, secret: Secret | null, as: Credential, signal: AbortSignal): Promise<ChangeResult>;
  rehearse(config: C, link: Link, task: Task, as: Credential, signal: AbortSignal): Promise<TestResult>;
}

/** Infers C once, so a file reads `export default connector({ platform, config, probe, change })`. */
export const connector = <C>(c: Connector<C>): Connector<C> => c;

/** True when a password may be sent at all: no control characters that end a record or a string early. */
export const sendable = (c: Pick<Connector, "forbidden">, plaintext: string): boolean =>
  // eslint-disable-next-line no-control-regex
  plaintext.length > 0 && !/[\r\n\0]/.test(plaintext) && !c.forbidden.test(plaintext);

export const USUAL_NAMES: Naming = { fits: (name) => nameable(name), says: "letters, digits and . _ - @ $ \\, no colon or line break, 1 to 128 characters" };

/** The target's own words, one line, without any secret of this call. */
export const words = (text: string, hidden: readonly string[]): string => {
  let out = text;
  for (const secret of hidden) if (secret.length > 0) out = out.replaceAll(secret, "[secret]");
  // eslint-disable-next-line no-control-regex
  return out.replace(/[\x00-\x1f\x7f]+/g, " ").trim().slice(0, 300);
};
export const plain = (...secrets: (Secret | undefined)[]): string[] => secrets.flatMap((s) => s === undefined ? [] : [reveal(s)]);

/** Whom a change logs in as: the administrative account, or the account itself by its present password. */
export const byWhom = (account: Login, { as, from }: Change): Credential | { readonly refused: string } =>
  as ?? (from ? { name: account.name, secret: from } : { refused: "neither an administrative credential nor the current password was given" });
/** The same answer without any of these secrets in the target's words. */
export const scrubbed = (r: ChangeResult, hidden: readonly string[]): ChangeResult =>
  typeof r === "string" ? r : "not_sent" in r ? { ...r, why: words(r.why, hidden) } : "refused" in r ? { refused: words(r.refused, hidden) } : { unknown: words(r.unknown, hidden) };

/** What a call that failed before anything of a change left us says of it, by the kind its client told. */
export const unsent = ({ kind, why }: { readonly kind: string; readonly why: string }, hidden: readonly string[]): Extract<ChangeResult, { not_sent: unknown }> =>
  ({ not_sent: kind === "identity" ? "identity" : kind === "auth" ? "auth_of_as" : "unreachable", why: words(why, hidden) });
/** The same, of a test. `said`: it got in, and the target's own words came after that. */
export const untested = ({ kind, why }: { readonly kind: string; readonly why: string }, as: Credential): TestResult =>
  ({ ok: false, stage: kind === "identity" ? "identity" : kind === "auth" ? "login" : kind === "said" ? "right" : "reach", why: words(why, plain(as.secret)) });

/** An account name that cannot be read as two records, an option or a path by any tool behind it. */
export const nameable = (name: string): boolean => /^[A-Za-z0-9_][A-Za-z0-9_.@\\$-]{0,127}$/.test(name) && !name.includes(":");
