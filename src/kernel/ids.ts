/** Branded, prefixed ids: a request's id cannot be passed where an account's is wanted, in types or in logs. */
import type { Random } from "./clock.ts";

export const PREFIX = {
  person: "per", group: "grp", target: "tgt", account: "acc", version: "ver", policy: "pol", request: "req", vote: "vot",
  session: "ses", recording: "rec", rotation: "rot", event: "evt", token: "tok", key: "key", exposure: "exp",
  lock: "lck", terminal: "trm",
  check: "chk", run: "run",
  collection: "col",
  notice: "ntc", delivery: "dlv", webhook: "whk", noticeRule: "nrl",
  bulk: "blk", schedule: "sch",
  discovery: "dis", rule: "rul",
  demonstration: "dem",
  dependent: "dep", dependentRun: "dpr",
  agent: "agt", enrolment: "enr", brokerKey: "bky",
} as const;
export type Noun = keyof typeof PREFIX;
export type Id<N extends Noun> = string & { readonly __id: N };

export type PersonId = Id<"person">;
export type GroupId = Id<"group">;
export type TargetId = Id<"target">;
export type AccountId = Id<"account">;
export type VersionId = Id<"version">;
export type PolicyId = Id<"policy">;
export type RequestId = Id<"request">;
export type VoteId = Id<"vote">;
export type SessionId = Id<"session">;
export type RecordingId = Id<"recording">;
export type RotationId = Id<"rotation">;
export type EventId = Id<"event">;
export type TokenId = Id<"token">;
export type KeyId = Id<"key">;
export type ExposureId = Id<"exposure">;
export type LockId = Id<"lock">;
export type CheckId = Id<"check">;
export type RunId = Id<"run">;
export type CollectionId = Id<"collection">;
export type BulkId = Id<"bulk">;
export type ScheduleId = Id<"schedule">;
export type DiscoveryId = Id<"discovery">;
export type RuleId = Id<"rule">;
export type DemonstrationId = Id<"demonstration">;
export type DependentId = Id<"dependent">;
export type DependentRunId = Id<"dependentRun">;
export type AgentId = Id<"agent">;
export type EnrolmentId = Id<"enrolment">;
export type BrokerKeyId = Id<"brokerKey">;
export type TerminalId = Id<"terminal">;

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** 100 random bits in Crockford base 32, e.g. `req_8k2m…` (20 characters after the prefix). */
export const newId = <N extends Noun>(noun: N, random: Random): Id<N> => {
  let out = `${PREFIX[noun]}_`;
  for (const byte of random.bytes(20)) out += ALPHABET[byte & 31];
  return out as Id<N>;
};

export const isId = <N extends Noun>(noun: N, text: string): text is Id<N> =>
  new RegExp(`^${PREFIX[noun]}_[${ALPHABET}]{20}$`).test(text);
