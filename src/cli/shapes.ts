/** What commands read out of the API's answers. Rule: only the fields a command shows; --json prints the rest too. */
export type List<T> = { readonly items: readonly T[]; readonly next: string | null };
export type When = string | null;
export type Request = {
  readonly id: string; readonly state: string; readonly account: { readonly id: string; readonly name: string }; readonly requester: string; readonly preset: string; readonly asked: number; readonly minutes: number | null;
  readonly reason: string; readonly ticket: string; readonly submittedAt: When; readonly expiresAt: When; readonly startBy: When; readonly until: When; readonly endedAt: When; readonly why: When; readonly endReason: When;
  readonly window: { readonly from: string; readonly to: string } | null; readonly review: boolean; readonly verdict: string | null;
};
export type RequestDetail = Request & {
  readonly policyName: string; readonly approvals: { readonly have: number; readonly need: number }; readonly approvers: readonly string[]; readonly waitsForConfirmation: boolean;
  readonly votes: readonly { readonly by: string; readonly decision: string; readonly reason: string; readonly at: When }[]; readonly rotation: { readonly id: string; readonly state: string } | null;
  readonly queue: { readonly place: number; readonly of: number; readonly yours: boolean; readonly offeredUntil: When; readonly says: string } | null; readonly idleWarnedAt: When;
  readonly weighed: { readonly state: string; readonly queued: number; readonly live: readonly { readonly by: string; readonly since: When }[]; readonly notes: readonly { readonly says: string; readonly at: When }[] } | null;
};
export type Account = {
  readonly id: string; readonly name: string; readonly login: string; readonly target: { readonly name: string; readonly platform: string; readonly sessions: boolean }; readonly standing: { readonly word: string; readonly by: When; readonly until: When; readonly why: When };
  readonly credential: string; readonly block: string; readonly passwordPolicy: string; readonly rotatedAt: When; readonly verifiedAt: When; readonly manage: boolean;
  readonly offers: readonly { readonly name: string; readonly preset: string; readonly maxMinutes: number; readonly approvals: number }[];
};
export type Rotation = { readonly id: string; readonly account: string; readonly state: string; readonly done: boolean; readonly trigger: string; readonly reason: string; readonly attempt: number; readonly why: When; readonly nextAt: When; readonly openedAt: When; readonly endedAt: When };
export type Session = { readonly id: string; readonly state: string; readonly person: string; readonly account: string; readonly address: string; readonly openedAt: When; readonly endedAt: When; readonly why: When; readonly bytes: number | null };
type Flowed = { readonly bytes: number; readonly recorded: number };
export type SessionDetail = Session & {
  readonly coverage: null | {
    readonly percent: string; readonly proxied: number; readonly recorded: number; readonly covered: number; readonly gaps: readonly { readonly channel: number | null; readonly what: string; readonly bytes: number | null }[]; readonly refused: Readonly<Record<string, number>>;
    readonly channels: readonly { readonly channel: number; readonly kind: string; readonly record: string; readonly to: When; readonly exit: string | number | null; readonly sums: number; readonly in: Flowed; readonly out: Flowed; readonly err: Flowed }[];
  };
};
export type Target = { readonly id: string; readonly name: string; readonly platform: string; readonly host: string; readonly port: number; readonly through: readonly string[]; readonly fingerprints: readonly string[]; readonly identityHash: string; readonly settings: Readonly<Record<string, unknown>>; readonly tags: readonly string[]; readonly locked: boolean; readonly administrative: string | null };
export type Person = { readonly id: string; readonly name: string; readonly fullName: string; readonly roles: readonly string[]; readonly disabled: boolean; readonly secondFactor: boolean };
export type Policy = { readonly id: string; readonly name: string; readonly active: boolean; readonly terms: { readonly preset: string; readonly approvals: number; readonly maxMinutes: number } };
export type Event = { readonly index: number | null; readonly at: When; readonly what: string; readonly who: { readonly name?: string; readonly part?: string }; readonly about: Readonly<Record<string, string>>; readonly outcome: string; readonly why: When; readonly facts?: Readonly<Record<string, unknown>> | null };
export type AuditCheck = { readonly id: string; readonly state: "running" | "whole" | "broken"; readonly percent: number; readonly says: string; readonly events: number; readonly last: number; readonly findings: readonly { readonly at: number; readonly why: string }[] };
export type Exposure = { readonly person: string; readonly account: string; readonly versionNo: number | null; readonly how: string; readonly at: When; readonly now: string; readonly rotatedAt: When };
export type SeenAccount = { readonly account: string; readonly hows: readonly string[]; readonly heldBy: readonly string[]; readonly liveSessions: number; readonly cannot: When; readonly waits: When };
export type ExposureRun = { readonly id: string; readonly done: boolean; readonly accounts: readonly { readonly account: string; readonly result: When; readonly rotationState: When; readonly why: When }[] };
export type Certificate = { readonly says: string; readonly lines: readonly { readonly tone: string; readonly says: string; readonly at: When }[] };
export type Bulk = {
  readonly id: string; readonly state: string; readonly by: string; readonly reason: string; readonly at: When; readonly until: When; readonly why: When; readonly total: number; readonly left: number;
  readonly counts: Readonly<Record<"waiting" | "held" | "changing" | "done" | "failed" | "skipped", number>>; readonly moves: readonly string[];
};
export type BulkAccount = { readonly account: string; readonly state: string; readonly why: When; readonly rotationState: When };
export type BulkPreview = {
  readonly digest: string;
  readonly items: readonly { readonly account: string; readonly standing: string; readonly holders: readonly string[]; readonly liveSessions: number; readonly administers: When; readonly stops: When; readonly waits: When; readonly broken: readonly string[] }[];
};
export type Schedule = {
  readonly id: string; readonly name: string; readonly state: string; readonly says: string; readonly by: string; readonly reason: string; readonly nextAt: When; readonly lastRun: When; readonly accounts: number | null; readonly moves: readonly string[]; readonly runs: readonly Bulk[];
  readonly when: unknown; readonly choice: unknown; readonly window: unknown; readonly terms: unknown; readonly notify: unknown; readonly notifyBefore: number;
};
