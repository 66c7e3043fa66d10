CREATE TABLE "discovery_transition" (
	"prior" text NOT NULL,
	"state" text NOT NULL,
	CONSTRAINT "discovery_transition_prior_state_pk" PRIMARY KEY("prior","state")
);
--> statement-breakpoint
CREATE TABLE "adoption_rules" (
	"id" text PRIMARY KEY NOT NULL,
	"pattern" text NOT NULL,
	"does" text NOT NULL,
	"only_which" text NOT NULL,
	"target_id" text,
	"collection_id" text,
	"reason" text NOT NULL,
	"by_id" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"ended_by" text
);
--> statement-breakpoint
CREATE TABLE "discoveries" (
	"id" text PRIMARY KEY NOT NULL,
	"prior" text DEFAULT 'new' NOT NULL,
	"state" text DEFAULT 'waiting' NOT NULL,
	"target_id" text NOT NULL,
	"trigger" text NOT NULL,
	"by_id" text,
	"fence" integer DEFAULT 0 NOT NULL,
	"lease_until" timestamp (3) with time zone,
	"at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"why" text,
	"counts" jsonb,
	"is_first" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
CREATE TABLE "found_accounts" (
	"target_id" text NOT NULL,
	"name" text NOT NULL,
	"told" jsonb NOT NULL,
	"changes" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"first_at" timestamp (3) with time zone NOT NULL,
	"seen_at" timestamp (3) with time zone NOT NULL,
	"gone_at" timestamp (3) with time zone,
	"ignored_by" text,
	"ignored_at" timestamp (3) with time zone,
	"ignored_why" text,
	"rule_id" text,
	"rule_said" text,
	CONSTRAINT "found_accounts_target_id_name_pk" PRIMARY KEY("target_id","name")
);
--> statement-breakpoint
ALTER TABLE "targets" ADD COLUMN "discover_daily" boolean DEFAULT false NOT NULL;
--> statement-breakpoint
ALTER TABLE "adoption_rules" ADD CONSTRAINT "adoption_rules_target_id_targets_id_fk" FOREIGN KEY ("target_id") REFERENCES "public"."targets"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "adoption_rules" ADD CONSTRAINT "adoption_rules_by_id_people_id_fk" FOREIGN KEY ("by_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "adoption_rules" ADD CONSTRAINT "adoption_rules_ended_by_people_id_fk" FOREIGN KEY ("ended_by") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "discoveries" ADD CONSTRAINT "discoveries_target_id_targets_id_fk" FOREIGN KEY ("target_id") REFERENCES "public"."targets"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "discoveries" ADD CONSTRAINT "discoveries_by_id_people_id_fk" FOREIGN KEY ("by_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "found_accounts" ADD CONSTRAINT "found_accounts_target_id_targets_id_fk" FOREIGN KEY ("target_id") REFERENCES "public"."targets"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "found_accounts" ADD CONSTRAINT "found_accounts_ignored_by_people_id_fk" FOREIGN KEY ("ignored_by") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "found_accounts" ADD CONSTRAINT "found_accounts_rule_id_adoption_rules_id_fk" FOREIGN KEY ("rule_id") REFERENCES "public"."adoption_rules"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
CREATE INDEX "discoveries_target" ON "discoveries" USING btree ("target_id","at");
--> statement-breakpoint
CREATE INDEX "discoveries_open" ON "discoveries" USING btree ("at") WHERE state in ('waiting','running');
--> statement-breakpoint
-- One listing of a target at a time: two whole lists are compared in the order in which they came.
CREATE UNIQUE INDEX "discoveries_one_open" ON "discoveries" ("target_id") WHERE state in ('waiting','running');
--> statement-breakpoint
INSERT INTO discovery_transition (prior, state) VALUES
  ('new','waiting'), ('waiting','running'), ('running','running'), ('running','done'), ('running','failed');
--> statement-breakpoint
ALTER TABLE discoveries ADD CONSTRAINT discovery_transition_law FOREIGN KEY (prior, state) REFERENCES discovery_transition (prior, state);
--> statement-breakpoint
CREATE TRIGGER a_first_state BEFORE INSERT ON discoveries FOR EACH ROW EXECUTE FUNCTION first_state();
--> statement-breakpoint
CREATE TRIGGER a_next_state BEFORE UPDATE ON discoveries FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION remember_prior_state();
--> statement-breakpoint
CREATE TRIGGER a_same_state BEFORE UPDATE ON discoveries FOR EACH ROW WHEN (OLD.state IS NOT DISTINCT FROM NEW.state) EXECUTE FUNCTION keep_prior();
--> statement-breakpoint
ALTER TABLE discoveries ADD CONSTRAINT discovery_facts CHECK (((state in ('done','failed')) = (ended_at IS NOT NULL)) AND ((state = 'running') = (lease_until IS NOT NULL)) AND ((state = 'done') = (counts IS NOT NULL)) AND ((state = 'failed') = (why IS NOT NULL)));
--> statement-breakpoint
ALTER TABLE found_accounts ADD CONSTRAINT found_facts CHECK (((ignored_at IS NULL) = (ignored_why IS NULL)) AND (ignored_by IS NULL OR ignored_at IS NOT NULL));
--> statement-breakpoint
ALTER TABLE adoption_rules ADD CONSTRAINT rule_facts CHECK (does IN ('adopt','ignore') AND only_which IN ('all','privileged','unprivileged') AND (target_id IS NULL OR collection_id IS NULL));
