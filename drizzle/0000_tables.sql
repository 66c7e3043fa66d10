CREATE TABLE "accounts" (
	"id" text PRIMARY KEY NOT NULL,
	"target_id" text NOT NULL,
	"name" text NOT NULL,
	"prior" text DEFAULT 'new' NOT NULL,
	"credential" text DEFAULT 'unmanaged' NOT NULL,
	"block" text DEFAULT 'none' NOT NULL,
	"current_id" text,
	"previous_id" text,
	"used_no" integer DEFAULT 0 NOT NULL,
	"rotated_no" integer DEFAULT 0 NOT NULL,
	"identity_no" integer NOT NULL,
	"password_policy" text DEFAULT 'medium' NOT NULL,
	"adopted" integer DEFAULT 0 NOT NULL,
	"rotated_at" timestamp (3) with time zone,
	"verified_at" timestamp (3) with time zone,
	"last_use_ended_at" timestamp (3) with time zone,
	"logins_spent" integer DEFAULT 0 NOT NULL,
	"logins_until" timestamp (3) with time zone,
	"breaker_until" timestamp (3) with time zone,
	"served_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "admin_uses" (
	"account_id" text NOT NULL,
	"rotation_id" text NOT NULL,
	"exclusive" boolean NOT NULL,
	"until" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "admin_uses_account_id_rotation_id_pk" PRIMARY KEY("account_id","rotation_id")
);
--> statement-breakpoint
CREATE TABLE "changes" (
	"id" text PRIMARY KEY NOT NULL,
	"author_id" text NOT NULL,
	"subject" text NOT NULL,
	"what" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"confirmed_by" text,
	"confirmed_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "closures" (
	"id" text PRIMARY KEY NOT NULL,
	"rotation_id" text NOT NULL,
	"account_id" text NOT NULL,
	"version_id" text NOT NULL,
	"old_id" text,
	"step" text NOT NULL,
	"due_at" timestamp (3) with time zone NOT NULL,
	"done_at" timestamp (3) with time zone,
	"new_result" text,
	"old_result" text,
	"ended" text
);
--> statement-breakpoint
CREATE TABLE "credential_transition" (
	"prior" text NOT NULL,
	"state" text NOT NULL,
	CONSTRAINT "credential_transition_prior_state_pk" PRIMARY KEY("prior","state")
);
--> statement-breakpoint
CREATE TABLE "events" (
	"row_no" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "events_row_no_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"id" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"what" text NOT NULL,
	"who" jsonb NOT NULL,
	"about" jsonb NOT NULL,
	"outcome" text NOT NULL,
	"why" text,
	"facts" jsonb,
	"index_no" bigint,
	"prev_hash" text,
	"hash" text,
	CONSTRAINT "events_id_unique" UNIQUE("id"),
	CONSTRAINT "events_index_no_unique" UNIQUE("index_no")
);
--> statement-breakpoint
CREATE TABLE "exposures" (
	"id" text PRIMARY KEY NOT NULL,
	"person_id" text NOT NULL,
	"account_id" text NOT NULL,
	"version_id" text NOT NULL,
	"request_id" text,
	"how" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "group_members" (
	"group_id" text NOT NULL,
	"person_id" text NOT NULL,
	CONSTRAINT "group_members_group_id_person_id_pk" PRIMARY KEY("group_id","person_id")
);
--> statement-breakpoint
CREATE TABLE "groups" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	CONSTRAINT "groups_name_unique" UNIQUE("name")
);
--> statement-breakpoint
CREATE TABLE "keyring" (
	"id" text PRIMARY KEY NOT NULL,
	"purpose" text NOT NULL,
	"no" integer NOT NULL,
	"wrapped" "bytea" NOT NULL,
	"kek" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "logins" (
	"id" text PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"absolute_at" timestamp (3) with time zone NOT NULL,
	"csrf" text NOT NULL,
	"address" text NOT NULL,
	"strong" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
CREATE TABLE "meta" (
	"key" text PRIMARY KEY NOT NULL,
	"value" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "people" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"full_name" text NOT NULL,
	"mail" text,
	"subject" text,
	"employee_no" text,
	"roles" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"disabled" boolean DEFAULT false NOT NULL,
	"password_hash" text,
	"totp" "bytea",
	"totp_last" bigint DEFAULT -1 NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"locked_until" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "people_name_unique" UNIQUE("name")
);
--> statement-breakpoint
CREATE TABLE "policies" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"terms" jsonb NOT NULL,
	"binding" jsonb NOT NULL,
	"active" boolean DEFAULT true NOT NULL,
	CONSTRAINT "policies_name_unique" UNIQUE("name")
);
--> statement-breakpoint
CREATE TABLE "recordings" (
	"id" text PRIMARY KEY NOT NULL,
	"session_id" text NOT NULL,
	"file" text NOT NULL,
	"wrapped" "bytea" NOT NULL,
	"key_id" text NOT NULL,
	"state" text DEFAULT 'open' NOT NULL,
	"chunks" integer DEFAULT 0 NOT NULL,
	"bytes" bigint DEFAULT 0 NOT NULL,
	"hash" text DEFAULT '' NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "idempotent_replies" (
	"key" text PRIMARY KEY NOT NULL,
	"person_id" text NOT NULL,
	"hash" text NOT NULL,
	"status" integer NOT NULL,
	"body" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "request_transition" (
	"prior" text NOT NULL,
	"state" text NOT NULL,
	CONSTRAINT "request_transition_prior_state_pk" PRIMARY KEY("prior","state")
);
--> statement-breakpoint
CREATE TABLE "requests" (
	"id" text PRIMARY KEY NOT NULL,
	"prior" text DEFAULT 'new' NOT NULL,
	"state" text DEFAULT 'pending' NOT NULL,
	"kind" text DEFAULT 'normal' NOT NULL,
	"exclusive" boolean NOT NULL,
	"requester_id" text NOT NULL,
	"account_id" text NOT NULL,
	"policy_id" text NOT NULL,
	"preset" text NOT NULL,
	"asked_minutes" integer NOT NULL,
	"reason" text NOT NULL,
	"ticket" text NOT NULL,
	"terms_hash" text NOT NULL,
	"submitted_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"approved_at" timestamp (3) with time zone,
	"minutes" integer,
	"start_by" timestamp (3) with time zone,
	"checked_out_at" timestamp (3) with time zone,
	"until" timestamp (3) with time zone,
	"ended_at" timestamp (3) with time zone,
	"why" text,
	"by_id" text,
	"end_reason" text
);
--> statement-breakpoint
CREATE TABLE "rotation_transition" (
	"prior" text NOT NULL,
	"state" text NOT NULL,
	CONSTRAINT "rotation_transition_prior_state_pk" PRIMARY KEY("prior","state")
);
--> statement-breakpoint
CREATE TABLE "rotations" (
	"id" text PRIMARY KEY NOT NULL,
	"prior" text DEFAULT 'new' NOT NULL,
	"state" text DEFAULT 'queued' NOT NULL,
	"account_id" text NOT NULL,
	"fence" integer DEFAULT 0 NOT NULL,
	"lease_until" timestamp (3) with time zone,
	"candidate_id" text,
	"covers" integer,
	"next_at" timestamp (3) with time zone,
	"facts" jsonb NOT NULL,
	"opened_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "session_transition" (
	"prior" text NOT NULL,
	"state" text NOT NULL,
	CONSTRAINT "session_transition_prior_state_pk" PRIMARY KEY("prior","state")
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"id" text PRIMARY KEY NOT NULL,
	"prior" text DEFAULT 'new' NOT NULL,
	"state" text DEFAULT 'opening' NOT NULL,
	"request_id" text NOT NULL,
	"person_id" text NOT NULL,
	"account_id" text NOT NULL,
	"target_id" text NOT NULL,
	"protocol" text NOT NULL,
	"address" text NOT NULL,
	"recording_id" text NOT NULL,
	"node" text NOT NULL,
	"opened_at" timestamp (3) with time zone NOT NULL,
	"live_at" timestamp (3) with time zone,
	"lease_until" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"why" text,
	"detail" text,
	"bytes" bigint DEFAULT 0 NOT NULL,
	"cut_why" text,
	"cut_by" text
);
--> statement-breakpoint
CREATE TABLE "ssh_keys" (
	"fingerprint" text PRIMARY KEY NOT NULL,
	"person_id" text NOT NULL,
	"key" text NOT NULL,
	"label" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "targets" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"platform" text NOT NULL,
	"host" text NOT NULL,
	"port" integer NOT NULL,
	"link" text DEFAULT 'direct' NOT NULL,
	"settings" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"owner_id" text,
	"tags" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"administrative_id" text,
	"reconcile_id" text,
	"identity_no" integer DEFAULT 1 NOT NULL,
	"identity_hash" text NOT NULL,
	"locked" boolean DEFAULT false NOT NULL,
	"changed_by" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "targets_name_unique" UNIQUE("name")
);
--> statement-breakpoint
CREATE TABLE "tokens" (
	"id" text PRIMARY KEY NOT NULL,
	"person_id" text NOT NULL,
	"hash" text NOT NULL,
	"label" text NOT NULL,
	"read_only" boolean DEFAULT false NOT NULL,
	"networks" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"used_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	CONSTRAINT "tokens_hash_unique" UNIQUE("hash")
);
--> statement-breakpoint
CREATE TABLE "secret_versions" (
	"id" text PRIMARY KEY NOT NULL,
	"account_id" text NOT NULL,
	"no" integer NOT NULL,
	"status" text NOT NULL,
	"origin" text NOT NULL,
	"identity_no" integer NOT NULL,
	"sealed" "bytea" NOT NULL,
	"wrapped" "bytea" NOT NULL,
	"key_id" text NOT NULL,
	"alg" text NOT NULL,
	"by_id" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"proven_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "votes" (
	"id" text PRIMARY KEY NOT NULL,
	"request_id" text NOT NULL,
	"voter_id" text NOT NULL,
	"decision" text NOT NULL,
	"minutes" integer,
	"reason" text NOT NULL,
	"terms_hash" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "accounts_target_id_targets_id_fk" FOREIGN KEY ("target_id") REFERENCES "public"."targets"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "admin_uses" ADD CONSTRAINT "admin_uses_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "admin_uses" ADD CONSTRAINT "admin_uses_rotation_id_rotations_id_fk" FOREIGN KEY ("rotation_id") REFERENCES "public"."rotations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "changes" ADD CONSTRAINT "changes_author_id_people_id_fk" FOREIGN KEY ("author_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "changes" ADD CONSTRAINT "changes_confirmed_by_people_id_fk" FOREIGN KEY ("confirmed_by") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "closures" ADD CONSTRAINT "closures_rotation_id_rotations_id_fk" FOREIGN KEY ("rotation_id") REFERENCES "public"."rotations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "closures" ADD CONSTRAINT "closures_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "exposures" ADD CONSTRAINT "exposures_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "exposures" ADD CONSTRAINT "exposures_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "group_members" ADD CONSTRAINT "group_members_group_id_groups_id_fk" FOREIGN KEY ("group_id") REFERENCES "public"."groups"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "group_members" ADD CONSTRAINT "group_members_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "logins" ADD CONSTRAINT "logins_user_id_people_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "requests" ADD CONSTRAINT "requests_requester_id_people_id_fk" FOREIGN KEY ("requester_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "requests" ADD CONSTRAINT "requests_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "requests" ADD CONSTRAINT "requests_policy_id_policies_id_fk" FOREIGN KEY ("policy_id") REFERENCES "public"."policies"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "rotations" ADD CONSTRAINT "rotations_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_request_id_requests_id_fk" FOREIGN KEY ("request_id") REFERENCES "public"."requests"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_target_id_targets_id_fk" FOREIGN KEY ("target_id") REFERENCES "public"."targets"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ssh_keys" ADD CONSTRAINT "ssh_keys_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "targets" ADD CONSTRAINT "targets_owner_id_people_id_fk" FOREIGN KEY ("owner_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "targets" ADD CONSTRAINT "targets_changed_by_people_id_fk" FOREIGN KEY ("changed_by") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tokens" ADD CONSTRAINT "tokens_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "secret_versions" ADD CONSTRAINT "secret_versions_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "votes" ADD CONSTRAINT "votes_request_id_requests_id_fk" FOREIGN KEY ("request_id") REFERENCES "public"."requests"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "votes" ADD CONSTRAINT "votes_voter_id_people_id_fk" FOREIGN KEY ("voter_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "accounts_target_name" ON "accounts" USING btree ("target_id","name");--> statement-breakpoint
CREATE INDEX "changes_open" ON "changes" USING btree ("author_id") WHERE confirmed_by is null;--> statement-breakpoint
CREATE INDEX "closures_due" ON "closures" USING btree ("due_at") WHERE done_at is null;--> statement-breakpoint
CREATE INDEX "events_at" ON "events" USING btree ("at");--> statement-breakpoint
CREATE INDEX "events_what" ON "events" USING btree ("what");--> statement-breakpoint
CREATE INDEX "events_about" ON "events" USING gin ("about");--> statement-breakpoint
CREATE UNIQUE INDEX "keyring_purpose_no" ON "keyring" USING btree ("purpose","no");--> statement-breakpoint
CREATE INDEX "requests_account_state" ON "requests" USING btree ("account_id","state");--> statement-breakpoint
CREATE INDEX "requests_requester" ON "requests" USING btree ("requester_id","submitted_at");--> statement-breakpoint
CREATE INDEX "requests_state" ON "requests" USING btree ("state");--> statement-breakpoint
CREATE INDEX "rotations_next" ON "rotations" USING btree ("next_at");--> statement-breakpoint
CREATE INDEX "rotations_account" ON "rotations" USING btree ("account_id","opened_at");--> statement-breakpoint
CREATE INDEX "sessions_account_state" ON "sessions" USING btree ("account_id","state");--> statement-breakpoint
CREATE INDEX "sessions_request" ON "sessions" USING btree ("request_id");--> statement-breakpoint
CREATE INDEX "sessions_opened" ON "sessions" USING btree ("opened_at");--> statement-breakpoint
CREATE UNIQUE INDEX "secret_versions_no" ON "secret_versions" USING btree ("account_id","no");--> statement-breakpoint
CREATE UNIQUE INDEX "votes_once" ON "votes" USING btree ("request_id","voter_id");