/** Every table, once, for PostgreSQL and PGlite alike. Rule: shapes only; laws (transitions, triggers, partial indexes) are in drizzle/*_laws.sql. */
import { bigint, boolean, customType, index, integer, jsonb, pgTable, primaryKey, text, timestamp, uniqueIndex } from "drizzle-orm/pg-core";
import { sql } from "drizzle-orm";
import type { BulkTerms, Recipients } from "../domain/bulk.ts";
import type { Ledger } from "../domain/ledger.ts";
import type { Ties } from "../domain/person.ts";
import type { ScheduleInput } from "../domain/schedule.ts";

export const at = (name: string) => timestamp(name, { withTimezone: true, mode: "date", precision: 3 });
const bytes = customType<{ data: Buffer; driverData: Uint8Array }>({ dataType: () => "bytea", toDriver: (v) => v, fromDriver: (v) => Buffer.from(v) });
const search = customType<{ data: string }>({ dataType: () => "tsvector" });
export const list = (name: string) => jsonb(name).$type<string[]>().notNull().default([]);

export const people = pgTable("people", {
  id: text("id").primaryKey(), name: text("name").notNull().unique(), fullName: text("full_name").notNull(),
  mail: text("mail"), subject: text("subject"), employeeNo: text("employee_no"), roles: list("roles"),
  disabled: boolean("disabled").notNull().default(false),
  passwordHash: text("password_hash"), totp: bytes("totp"), totpLast: bigint("totp_last", { mode: "number" }).notNull().default(-1),
  failures: integer("failures").notNull().default(0), lockedUntil: at("locked_until"), lastLoginAt: at("last_login_at"), createdAt: at("created_at").notNull().default(sql`now()`),
});
export const groups = pgTable("groups", { id: text("id").primaryKey(), name: text("name").notNull().unique() });
export const groupMembers = pgTable("group_members", {
  group: text("group_id").notNull().references(() => groups.id), person: text("person_id").notNull().references(() => people.id),
}, (t) => [primaryKey({ columns: [t.group, t.person] })]);
export const sshKeys = pgTable("ssh_keys", {
  fingerprint: text("fingerprint").primaryKey(), person: text("person_id").notNull().references(() => people.id),
  key: text("key").notNull(), label: text("label").notNull(), createdAt: at("created_at").notNull(),
});
/** Login sessions of the portal: `id` is sha256 of the cookie's value. */
export const logins = pgTable("logins", {
  id: text("id").primaryKey(), userId: text("user_id").notNull().references(() => people.id), expiresAt: at("expires_at").notNull(),
  absoluteAt: at("absolute_at").notNull(), csrf: text("csrf").notNull(), address: text("address").notNull(), strong: boolean("strong").notNull().default(false),
});
/** One-time tickets of browser sockets: `id` is sha256 of what the browser holds, `holder` the login session or token it was issued to. */
export const tickets = pgTable("tickets", {
  id: text("id").primaryKey(), kind: text("kind").notNull(), subject: text("subject").notNull(), holder: text("holder").notNull(),
  person: text("person_id").notNull().references(() => people.id), expiresAt: at("expires_at").notNull(),
}, (t) => [index("tickets_expires").on(t.expiresAt)]);
/** Terminals that wait for an approval in the browser; `codeHash` is sha256 of the code on their screen. Over within minutes, and not in backups. */
export const terminals = pgTable("terminals", {
  id: text("id").primaryKey(), name: text("name").notNull(), address: text("address").notNull(), codeHash: text("code_hash").notNull(),
  state: text("state").notNull().default("waiting"), tries: integer("tries").notNull().default(0), by: text("by_id").references(() => people.id),
  askedAt: at("asked_at").notNull(), expiresAt: at("expires_at").notNull(),
}, (t) => [index("terminals_name").on(t.name)]);
export const tokens = pgTable("tokens", {
  id: text("id").primaryKey(), person: text("person_id").notNull().references(() => people.id), hash: text("hash").notNull().unique(), label: text("label").notNull(),
  readOnly: boolean("read_only").notNull().default(false), networks: list("networks"), expiresAt: at("expires_at").notNull(),
  createdAt: at("created_at").notNull(), usedAt: at("used_at"), revokedAt: at("revoked_at"),
});

export const targets = pgTable("targets", {
  id: text("id").primaryKey(), name: text("name").notNull().unique(), platform: text("platform").notNull(), host: text("host").notNull(), port: integer("port").notNull(),
  link: text("link").notNull().default("direct"), settings: jsonb("settings").$type<Record<string, unknown>>().notNull().default({}), owner: text("owner_id").references(() => people.id),
  tags: list("tags"), administrative: text("administrative_id"), reconcile: text("reconcile_id"),
  identityNo: integer("identity_no").notNull().default(1), identityHash: text("identity_hash").notNull(), locked: boolean("locked").notNull().default(false),
  changedBy: text("changed_by").references(() => people.id), createdAt: at("created_at").notNull().default(sql`now()`),
  passwordPolicy: text("password_policy"),
  /** Its accounts are listed again every day. */
  discoverDaily: boolean("discover_daily").notNull().default(false),
});
export const accounts = pgTable("accounts", {
  id: text("id").primaryKey(), target: text("target_id").notNull().references(() => targets.id), name: text("name").notNull(),
  prior: text("prior").notNull().default("new"), credential: text("credential").notNull().default("unmanaged"), block: text("block").notNull().default("none"),
  current: text("current_id"), previous: text("previous_id"), usedNo: integer("used_no").notNull().default(0), rotatedNo: integer("rotated_no").notNull().default(0),
  typedRun: integer("typed_run").notNull().default(0),
  identityNo: integer("identity_no").notNull(), passwordPolicy: text("password_policy"), adopted: integer("adopted").notNull().default(0),
  rotatedAt: at("rotated_at"), verifiedAt: at("verified_at"), lastUseEndedAt: at("last_use_ended_at"),
  /** Probe budget: logins refused or unanswered since the last accepted one; void from `until` on. */
  loginsSpent: integer("logins_spent").notNull().default(0), loginsUntil: at("logins_until"),
  /** A4: set by the first refused login of an administrative account; nothing uses it before. And when its login last worked for somebody. */
  breakerUntil: at("breaker_until"), servedAt: at("served_at"),
  /** Break-glass looked at its passwords: no rotation touches the target before. */
  healerPausedUntil: at("healer_paused_until"),
  tags: list("tags"),
}, (t) => [uniqueIndex("accounts_target_name").on(t.target, t.name)]);
/** What a password must be: the made ones (low, medium and strong are in the code), and which a platform goes by. Accounts and targets name theirs in their rows. */
export const passwordPolicies = pgTable("password_policies", { name: text("name").primaryKey(), rules: jsonb("rules").notNull() });
export const platformPolicies = pgTable("platform_policies", { platform: text("platform").primaryKey(), passwordPolicy: text("password_policy").notNull() });
/** Named sets of targets and accounts, to filter and choose by; a member is the id of either. */
export const collections = pgTable("collections", { id: text("id").primaryKey(), name: text("name").notNull().unique() });
export const collectionMembers = pgTable("collection_members", {
  collection: text("collection_id").notNull().references(() => collections.id), member: text("member_id").notNull(),
}, (t) => [primaryKey({ columns: [t.collection, t.member] })]);
export const versions = pgTable("secret_versions", {
  id: text("id").primaryKey(), account: text("account_id").notNull().references(() => accounts.id), no: integer("no").notNull(),
  status: text("status").notNull(), origin: text("origin").notNull(), identityNo: integer("identity_no").notNull(),
  sealed: bytes("sealed").notNull(), wrapped: bytes("wrapped").notNull(), keyId: text("key_id").notNull(), alg: text("alg").notNull(),
  by: text("by_id"), createdAt: at("created_at").notNull(), provenAt: at("proven_at"),
}, (t) => [uniqueIndex("secret_versions_no").on(t.account, t.no)]);
export const keyring = pgTable("keyring", {
  id: text("id").primaryKey(), purpose: text("purpose").notNull(), no: integer("no").notNull(), wrapped: bytes("wrapped").notNull(), kek: text("kek").notNull(), createdAt: at("created_at").notNull(),
}, (t) => [uniqueIndex("keyring_purpose_no").on(t.purpose, t.no)]);

export const policies = pgTable("policies", {
  id: text("id").primaryKey(), name: text("name").notNull().unique(), terms: jsonb("terms").notNull(), binding: jsonb("binding").notNull(), active: boolean("active").notNull().default(true),
});
/** Changes that could help their author until somebody else confirms them (access.md, no way round the vote). */
export const changes = pgTable("changes", {
  id: text("id").primaryKey(), author: text("author_id").notNull().references(() => people.id), subject: text("subject").notNull(), what: text("what").notNull(),
  at: at("at").notNull(), confirmedBy: text("confirmed_by").references(() => people.id), confirmedAt: at("confirmed_at"),
  /** Of a change to what ties a person's logins together: the ties before it. */
  was: jsonb("was").$type<Ties>(),
}, (t) => [index("changes_open").on(t.author).where(sql`confirmed_by is null`), index("changes_untied").on(t.subject).where(sql`confirmed_by is null and was is not null`)]);

export const requests = pgTable("requests", {
  id: text("id").primaryKey(), prior: text("prior").notNull().default("new"), state: text("state").notNull().default("pending"),
  kind: text("kind").notNull().default("normal"), exclusive: boolean("exclusive").notNull(),
  requester: text("requester_id").notNull().references(() => people.id), account: text("account_id").notNull().references(() => accounts.id), policy: text("policy_id").notNull().references(() => policies.id),
  preset: text("preset").notNull(), askedMinutes: integer("asked_minutes").notNull(), reason: text("reason").notNull(), ticket: text("ticket").notNull(), termsHash: text("terms_hash").notNull(),
  submittedAt: at("submitted_at").notNull(), expiresAt: at("expires_at").notNull(), approvedAt: at("approved_at"), minutes: integer("minutes"), startBy: at("start_by"),
  checkedOutAt: at("checked_out_at"), until: at("until"), endedAt: at("ended_at"), why: text("why"), by: text("by_id"), endReason: text("end_reason"),
  /** The queue (domain/queue.ts): whose turn it is until when, since when `startBy` stands still, and when a resting holder was told to come back or go. */
  offeredUntil: at("offered_until"), pausedAt: at("paused_at"), idleWarnedAt: at("idle_warned_at"), windowStart: at("window_start"), windowEnd: at("window_end"),
  review: boolean("review").notNull().default(false), reviewedAt: at("reviewed_at"), reviewer: text("reviewer_id").references(() => people.id), verdict: text("verdict"),
}, (t) => [index("requests_review").on(t.endedAt).where(sql`review and state = 'closed'`), index("requests_account_state").on(t.account, t.state), index("requests_requester").on(t.requester, t.submittedAt), index("requests_state").on(t.state)]);
export const votes = pgTable("votes", {
  id: text("id").primaryKey(), request: text("request_id").notNull().references(() => requests.id), voter: text("voter_id").notNull().references(() => people.id),
  decision: text("decision").notNull(), minutes: integer("minutes"), reason: text("reason").notNull(), termsHash: text("terms_hash").notNull(), at: at("at").notNull(),
}, (t) => [uniqueIndex("votes_once").on(t.request, t.voter)]);

export const sessions = pgTable("sessions", {
  id: text("id").primaryKey(), prior: text("prior").notNull().default("new"), state: text("state").notNull().default("opening"),
  request: text("request_id").notNull().references(() => requests.id), person: text("person_id").notNull().references(() => people.id),
  account: text("account_id").notNull().references(() => accounts.id), target: text("target_id").notNull().references(() => targets.id),
  protocol: text("protocol").notNull(), address: text("address").notNull(), recording: text("recording_id").notNull(), node: text("node").notNull(),
  openedAt: at("opened_at").notNull(), liveAt: at("live_at"), leaseUntil: at("lease_until").notNull(), endedAt: at("ended_at"), why: text("why"), detail: text("detail"), bytes: bigint("bytes", { mode: "number" }).notNull().default(0),
  cutWhy: text("cut_why"), cutBy: text("cut_by"), flagged: boolean("flagged").notNull().default(false), via: text("via").notNull().default("ssh"), ledger: jsonb("ledger").$type<Ledger>(),
}, (t) => [index("sessions_account_state").on(t.account, t.state), index("sessions_request").on(t.request), index("sessions_opened").on(t.openedAt)]);
export const recordings = pgTable("recordings", {
  id: text("id").primaryKey(), session: text("session_id").notNull(), file: text("file").notNull(), wrapped: bytes("wrapped").notNull(), keyId: text("key_id").notNull(),
  state: text("state").notNull().default("open"), chunks: integer("chunks").notNull().default(0), bytes: bigint("bytes", { mode: "number" }).notNull().default(0), hash: text("hash").notNull().default(""), createdAt: at("created_at").notNull(),
  indexState: text("index_state").notNull().default("pending"), indexedAt: at("indexed_at"),
}, (t) => [index("recordings_to_index").on(t.createdAt).where(sql`index_state in ('pending', 'building')`), index("recordings_session").on(t.session)]);
/** What was said in a recording, for searching: `sealed` opens with the recording's own key, `words` are keyed hashes of its words (DECISIONS.md). Derived: never dumped, built again. */
export const transcriptLines = pgTable("transcript_lines", {
  row: bigint("row_no", { mode: "number" }).primaryKey().generatedAlwaysAsIdentity(), recording: text("recording_id").notNull().references(() => recordings.id, { onDelete: "cascade" }),
  session: text("session_id").notNull(), no: integer("no").notNull(), channel: integer("channel").notNull(), at: bigint("at_ms", { mode: "number" }).notNull(), kind: text("kind").notNull(),
  sealed: bytes("sealed").notNull(), words: text("words").notNull(), search: search("search").generatedAlwaysAs(sql`to_tsvector('simple', words)`),
}, (t) => [index("transcript_lines_search").using("gin", t.search), uniqueIndex("transcript_lines_no").on(t.recording, t.no)]);

export const rotations = pgTable("rotations", {
  id: text("id").primaryKey(), prior: text("prior").notNull().default("new"), state: text("state").notNull().default("queued"),
  account: text("account_id").notNull().references(() => accounts.id), fence: integer("fence").notNull().default(0), leaseUntil: at("lease_until"),
  candidate: text("candidate_id"), covers: integer("covers"), nextAt: at("next_at"), facts: jsonb("facts").$type<Record<string, unknown>>().notNull(), openedAt: at("opened_at").notNull(), endedAt: at("ended_at"),
  /** What stands with the agent of its machine (domain/order.ts); null: nothing was left there. */
  orderPrior: text("order_prior"), orderState: text("order_state"), orderAgent: text("order_agent"), orderWanted: at("order_wanted"), orderDue: at("order_due"), orderExpires: at("order_expires"),
  orderFence: integer("order_fence"), orderEpoch: integer("order_epoch"), orderBefore: boolean("order_before"),
}, (t) => [index("rotations_next").on(t.nextAt), index("rotations_account").on(t.account, t.openedAt), index("rotations_to_claim").on(t.nextAt.asc().nullsFirst(), t.openedAt).where(sql`state not in ('committed','refused')`), index("rotations_orders").on(t.orderAgent).where(sql`order_state is not null`)]);
/** A2: a use `as` an administrative account is a shared lock, its own rotation an exclusive one; rows, fenced. `usedBy`: a rotation, or one comparison. */
export const adminUses = pgTable("admin_uses", {
  account: text("account_id").notNull().references(() => accounts.id), usedBy: text("used_by").notNull(), exclusive: boolean("exclusive").notNull(), until: at("until").notNull(),
}, (t) => [primaryKey({ columns: [t.account, t.usedBy] })]);
export const closures = pgTable("closures", {
  id: text("id").primaryKey(), rotation: text("rotation_id").notNull().references(() => rotations.id), account: text("account_id").notNull().references(() => accounts.id),
  version: text("version_id").notNull(), old: text("old_id"), step: text("step").notNull(), dueAt: at("due_at").notNull(), doneAt: at("done_at"),
  newResult: text("new_result"), oldResult: text("old_result"), ended: text("ended"),
}, (t) => [index("closures_due").on(t.dueAt).where(sql`done_at is null`)]);
export const exposures = pgTable("exposures", {
  id: text("id").primaryKey(), person: text("person_id").notNull().references(() => people.id), account: text("account_id").notNull().references(() => accounts.id),
  version: text("version_id").notNull(), request: text("request_id"), how: text("how").notNull(), at: at("at").notNull(),
}, (t) => [index("exposures_person").on(t.person, t.at), index("exposures_account").on(t.account, t.at)]);
/** "Rotate everything this person has seen": one press, and one row an account it is about. */
export const exposureRuns = pgTable("exposure_runs", {
  id: text("id").primaryKey(), person: text("person_id").notNull().references(() => people.id), by: text("by_id").notNull().references(() => people.id),
  reason: text("reason").notNull(), usedToo: boolean("used_too").notNull(), at: at("at").notNull(), endedAt: at("ended_at"),
}, (t) => [index("exposure_runs_open").on(t.at).where(sql`ended_at is null`)]);
export const exposureRunAccounts = pgTable("exposure_run_accounts", {
  run: text("run_id").notNull().references(() => exposureRuns.id), account: text("account_id").notNull().references(() => accounts.id),
  result: text("result"), rotation: text("rotation_id"), why: text("why"),
}, (t) => [primaryKey({ columns: [t.run, t.account] })]);

export const events = pgTable("events", {
  row: bigint("row_no", { mode: "number" }).primaryKey().generatedAlwaysAsIdentity(), id: text("id").notNull().unique(), at: at("at").notNull(), what: text("what").notNull(), who: jsonb("who").notNull(), about: jsonb("about").$type<Record<string, string>>().notNull(),
  outcome: text("outcome").notNull(), why: text("why"), facts: jsonb("facts"), index: bigint("index_no", { mode: "number" }).unique(), prevHash: text("prev_hash"), hash: text("hash"),
}, (t) => [index("events_at").on(t.at), index("events_what").on(t.what), index("events_about").using("gin", t.about)]);
/** Runs of the gap check. `next` and `hash`: how far it has come, so that it goes on after a restart. */
export const auditChecks = pgTable("audit_checks", {
  id: text("id").primaryKey(), by: text("by_id").notNull().references(() => people.id), at: at("at").notNull(), state: text("state").notNull().default("running"),
  next: bigint("next_no", { mode: "number" }).notNull().default(0), upTo: bigint("upto_no", { mode: "number" }).notNull(), hash: text("hash").notNull(),
  events: bigint("events", { mode: "number" }).notNull().default(0), faults: bigint("faults", { mode: "number" }).notNull().default(0),
  findings: jsonb("findings").$type<{ at: number; why: string }[]>().notNull().default([]), waiting: integer("waiting").notNull().default(0),
  waitingSince: at("waiting_since"), endedAt: at("ended_at"),
}, (t) => [index("audit_checks_running").on(t.at).where(sql`state = 'running'`)]);
export const meta = pgTable("meta", { key: text("key").primaryKey(), value: text("value").notNull() });
export const replies = pgTable("idempotent_replies", {
  key: text("key").primaryKey(), person: text("person_id").notNull(), hash: text("hash").notNull(), status: integer("status").notNull(), body: text("body").notNull(), at: at("at").notNull(),
});

/** Global locks and their history: `subject` is an id, or "broker" for everything. */
export const locks = pgTable("locks", {
  id: text("id").primaryKey(), kind: text("kind").notNull(), subject: text("subject").notNull(), reason: text("reason").notNull(),
  setBy: text("set_by").notNull().references(() => people.id), setAt: at("set_at").notNull(), liftedBy: text("lifted_by").references(() => people.id), liftedAt: at("lifted_at"), liftReason: text("lift_reason"),
});

/** What was told, and each message to each address; `once` lets a thing be told a single time. Old ones are forgotten, and not in backups. */
export const notices = pgTable("notices", {
  id: text("id").primaryKey(), kind: text("kind").notNull(), subject: text("subject").notNull(), lines: list("lines"), path: text("path"),
  about: jsonb("about").$type<Record<string, string>>().notNull(), once: text("once").unique(), at: at("at").notNull(),
}, (t) => [index("notices_at").on(t.at), index("notices_about").using("gin", t.about)]);
export const deliveries = pgTable("deliveries", {
  id: text("id").primaryKey(), notice: text("notice_id").notNull().references(() => notices.id, { onDelete: "cascade" }),
  prior: text("prior").notNull().default("new"), state: text("state").notNull().default("waiting"), channel: text("channel").notNull(),
  to: text("to_address").notNull(), person: text("person_id"), webhook: text("webhook_id"), againOf: text("again_of"),
  tries: integer("tries").notNull().default(0), fence: integer("fence").notNull().default(0), leaseUntil: at("lease_until"), nextAt: at("next_at"),
  wayClosed: boolean("way_closed").notNull().default(false), said: text("said").notNull().default(""), at: at("at").notNull(), endedAt: at("ended_at"),
}, (t) => [
  index("deliveries_next").on(t.nextAt).where(sql`state = 'waiting'`), index("deliveries_notice").on(t.notice), index("deliveries_at").on(t.at, t.id), index("deliveries_to").on(t.to, t.endedAt),
]);
/** Address and signing key are sealed; a chat's address lets whoever has it write there. `host` is what may be shown of it. */
export const webhooks = pgTable("webhooks", {
  id: text("id").primaryKey(), name: text("name").notNull().unique(), format: text("format").notNull(), host: text("host").notNull(),
  urlSealed: bytes("url_sealed").notNull(), keySealed: bytes("key_sealed").notNull(), kinds: list("kinds"), collection: text("collection_id"), active: boolean("active").notNull().default(true),
  failingSince: at("failing_since"), offWhy: text("off_why"), lastOkAt: at("last_ok_at"), by: text("by_id").notNull().references(() => people.id), at: at("at").notNull(),
});
/** Who else is told: of these kinds (none: all), about this group of targets and accounts (none: everything). */
export const noticeRules = pgTable("notice_rules", {
  id: text("id").primaryKey(), kinds: list("kinds"), collection: text("collection_id"), people: list("people"), groups: list("group_ids"), addresses: list("addresses"),
  by: text("by_id").notNull().references(() => people.id), at: at("at").notNull(),
});
/** What a person chose for themselves; no row: as the kind has it. */
export const noticeChoices = pgTable("notice_choices", {
  person: text("person_id").notNull().references(() => people.id), kind: text("kind").notNull(), on: boolean("is_on").notNull(),
}, (t) => [primaryKey({ columns: [t.person, t.kind] })]);
/** A bulk change, and one row an account it is about (domain/bulk.ts). */
export const bulks = pgTable("bulks", {
  id: text("id").primaryKey(), prior: text("prior").notNull().default("new"), state: text("state").notNull().default("running"), by: text("by_id").notNull().references(() => people.id), reason: text("reason").notNull(),
  trigger: text("trigger").notNull(), schedule: text("schedule_id").references(() => schedules.id), how: text("how").notNull(), apply: boolean("apply").notNull(), cut: boolean("cut").notNull(), terms: jsonb("terms").$type<BulkTerms>().notNull(),
  notify: jsonb("notify").$type<Recipients>().notNull(), at: at("at").notNull(), until: at("until").notNull(), why: text("why"), movedBy: text("moved_by").references(() => people.id), endedAt: at("ended_at"),
}, (t) => [index("bulks_at").on(t.at)]);
export const bulkItems = pgTable("bulk_items", {
  bulk: text("bulk_id").notNull().references(() => bulks.id), account: text("account_id").notNull().references(() => accounts.id), target: text("target_id").notNull().references(() => targets.id), no: integer("no").notNull(),
  prior: text("prior").notNull().default("new"), state: text("state").notNull().default("waiting"), version: text("version_id").references(() => versions.id), rotation: text("rotation_id").references(() => rotations.id),
  tries: integer("tries").notNull().default(0), why: text("why"), nextAt: at("next_at"), endedAt: at("ended_at"), seen: list("seen"),
}, (t) => [primaryKey({ columns: [t.bulk, t.account] }), index("bulk_items_open").on(t.bulk, t.target, t.no).where(sql`state in ('waiting','held')`), index("bulk_items_changing").on(t.rotation).where(sql`state = 'changing'`)]);
/** What is changed by the calendar (domain/schedule.ts); `input` is what its last author saved. */
export const schedules = pgTable("schedules", {
  id: text("id").primaryKey(), prior: text("prior").notNull().default("new"), state: text("state").notNull().default("active"), by: text("by_id").notNull().references(() => people.id), name: text("name").notNull(),
  input: jsonb("input").$type<ScheduleInput>().notNull(), nextAt: at("next_at"), toldOf: at("told_of"), lastRun: at("last_run"), endedAt: at("ended_at"), createdAt: at("created_at").notNull(),
}, (t) => [index("schedules_next").on(t.nextAt).where(sql`state = 'active'`)]);
export const pairs = (name: string) => pgTable(name, { prior: text("prior").notNull(), state: text("state").notNull() }, (t) => [primaryKey({ columns: [t.prior, t.state] })]);
export const requestTransition = pairs("request_transition");
export const sessionTransition = pairs("session_transition");
export const rotationTransition = pairs("rotation_transition");
export const credentialTransition = pairs("credential_transition");
export const deliveryTransition = pairs("delivery_transition");
export const bulkTransition = pairs("bulk_transition");
export const bulkItemTransition = pairs("bulk_item_transition");
export const scheduleTransition = pairs("schedule_transition");
