CREATE TABLE "audit_checks" (
	"id" text PRIMARY KEY NOT NULL,
	"by_id" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"state" text DEFAULT 'running' NOT NULL,
	"next_no" bigint DEFAULT 0 NOT NULL,
	"upto_no" bigint NOT NULL,
	"hash" text NOT NULL,
	"events" bigint DEFAULT 0 NOT NULL,
	"faults" bigint DEFAULT 0 NOT NULL,
	"findings" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"waiting" integer DEFAULT 0 NOT NULL,
	"waiting_since" timestamp (3) with time zone,
	"ended_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "exposure_runs" (
	"id" text PRIMARY KEY NOT NULL,
	"person_id" text NOT NULL,
	"by_id" text NOT NULL,
	"reason" text NOT NULL,
	"used_too" boolean NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "exposure_run_accounts" (
	"run_id" text NOT NULL,
	"account_id" text NOT NULL,
	"result" text,
	"rotation_id" text,
	"why" text,
	CONSTRAINT "exposure_run_accounts_run_id_account_id_pk" PRIMARY KEY("run_id","account_id")
);
--> statement-breakpoint
CREATE TABLE "transcript_lines" (
	"row_no" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "transcript_lines_row_no_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"recording_id" text NOT NULL,
	"session_id" text NOT NULL,
	"no" integer NOT NULL,
	"channel" integer NOT NULL,
	"at_ms" bigint NOT NULL,
	"kind" text NOT NULL,
	"sealed" "bytea" NOT NULL,
	"words" text NOT NULL,
	"search" "tsvector" GENERATED ALWAYS AS (to_tsvector('simple', words)) STORED
);
--> statement-breakpoint
ALTER TABLE "recordings" ADD COLUMN "index_state" text DEFAULT 'pending' NOT NULL;
--> statement-breakpoint
ALTER TABLE "recordings" ADD COLUMN "indexed_at" timestamp (3) with time zone;
--> statement-breakpoint
ALTER TABLE "audit_checks" ADD CONSTRAINT "audit_checks_by_id_people_id_fk" FOREIGN KEY ("by_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "exposure_runs" ADD CONSTRAINT "exposure_runs_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "exposure_runs" ADD CONSTRAINT "exposure_runs_by_id_people_id_fk" FOREIGN KEY ("by_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "exposure_run_accounts" ADD CONSTRAINT "exposure_run_accounts_run_id_exposure_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."exposure_runs"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "exposure_run_accounts" ADD CONSTRAINT "exposure_run_accounts_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "transcript_lines" ADD CONSTRAINT "transcript_lines_recording_id_recordings_id_fk" FOREIGN KEY ("recording_id") REFERENCES "public"."recordings"("id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
CREATE INDEX "audit_checks_running" ON "audit_checks" USING btree ("at") WHERE state = 'running';
--> statement-breakpoint
CREATE INDEX "exposure_runs_open" ON "exposure_runs" USING btree ("at") WHERE ended_at is null;
--> statement-breakpoint
CREATE INDEX "exposures_person" ON "exposures" USING btree ("person_id","at");
--> statement-breakpoint
CREATE INDEX "exposures_account" ON "exposures" USING btree ("account_id","at");
--> statement-breakpoint
CREATE INDEX "transcript_lines_search" ON "transcript_lines" USING gin ("search");
--> statement-breakpoint
CREATE UNIQUE INDEX "transcript_lines_no" ON "transcript_lines" USING btree ("recording_id","no");
--> statement-breakpoint
CREATE INDEX "recordings_to_index" ON "recordings" USING btree ("created_at") WHERE index_state in ('pending', 'building');
--> statement-breakpoint
CREATE INDEX "recordings_session" ON "recordings" USING btree ("session_id");
--> statement-breakpoint
-- One gap check at a time: a second press finds the first.
CREATE UNIQUE INDEX "one_running_audit_check" ON "audit_checks" ((true)) WHERE state = 'running';
--> statement-breakpoint
ALTER TABLE "audit_checks" ADD CONSTRAINT "audit_check_facts" CHECK (state IN ('running','whole','broken') AND ((state = 'running') = (ended_at IS NULL)));
--> statement-breakpoint
ALTER TABLE "exposure_run_accounts" ADD CONSTRAINT "exposure_run_result" CHECK (result IS NULL OR result IN ('opened','again','refused','not_needed'));
--> statement-breakpoint
ALTER TABLE "recordings" ADD CONSTRAINT "recording_index_state" CHECK (index_state IN ('pending','building','done','shortened','unreadable'));
--> statement-breakpoint
ALTER TABLE "transcript_lines" ADD CONSTRAINT "transcript_kind" CHECK (kind IN ('command','typed','printed','sftp'));
