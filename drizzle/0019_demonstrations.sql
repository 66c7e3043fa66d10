-- "untried": managed behind a draft whose text was never tried on this very device as it stands now.
ALTER TABLE "accounts" DROP CONSTRAINT "account_facts";
--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "account_facts" CHECK (rotated_no <= used_no AND block IN ('none','disabled','locked','identity_changed','untried') AND (credential <> 'in_sync' OR current_id IS NOT NULL));
--> statement-breakpoint
-- The change of a trial: where it has to wait it goes on by itself, and what the device says then belongs to the trial too.
ALTER TABLE "platform_tests" ADD COLUMN "rotation_id" text;
--> statement-breakpoint
ALTER TABLE "platform_tests" ADD CONSTRAINT "platform_tests_rotation_id_rotations_id_fk" FOREIGN KEY ("rotation_id") REFERENCES "public"."rotations"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
CREATE INDEX "platform_tests_rotation" ON "platform_tests" USING btree ("rotation_id");
--> statement-breakpoint
CREATE TABLE "demonstration_transition" (
	"prior" text NOT NULL,
	"state" text NOT NULL,
	CONSTRAINT "demonstration_transition_prior_state_pk" PRIMARY KEY("prior","state")
);
--> statement-breakpoint
CREATE TABLE "demonstrations" (
	"id" text PRIMARY KEY NOT NULL,
	"prior" text DEFAULT 'new' NOT NULL,
	"state" text DEFAULT 'asked' NOT NULL,
	"target_id" text NOT NULL,
	"account_id" text NOT NULL,
	"login_id" text NOT NULL,
	"by_id" text NOT NULL,
	"reason" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"identity_hash" text NOT NULL,
	"approved_by" text,
	"approved_at" timestamp (3) with time zone,
	"alone" boolean DEFAULT false NOT NULL,
	"until" timestamp (3) with time zone,
	"rotation_id" text,
	"over_wire" text,
	"said" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"why" text
);
--> statement-breakpoint
ALTER TABLE "demonstrations" ADD CONSTRAINT "demonstrations_target_id_targets_id_fk" FOREIGN KEY ("target_id") REFERENCES "public"."targets"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "demonstrations" ADD CONSTRAINT "demonstrations_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "demonstrations" ADD CONSTRAINT "demonstrations_login_id_accounts_id_fk" FOREIGN KEY ("login_id") REFERENCES "public"."accounts"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "demonstrations" ADD CONSTRAINT "demonstrations_by_id_people_id_fk" FOREIGN KEY ("by_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "demonstrations" ADD CONSTRAINT "demonstrations_approved_by_people_id_fk" FOREIGN KEY ("approved_by") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "demonstrations" ADD CONSTRAINT "demonstrations_rotation_id_rotations_id_fk" FOREIGN KEY ("rotation_id") REFERENCES "public"."rotations"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
CREATE INDEX "demonstrations_target" ON "demonstrations" USING btree ("target_id","at");
--> statement-breakpoint
-- One pair of hands on a device at a time.
CREATE UNIQUE INDEX "demonstrations_one_open" ON "demonstrations" ("target_id") WHERE state = 'open';
--> statement-breakpoint
INSERT INTO demonstration_transition (prior, state) VALUES
  ('new','asked'), ('asked','approved'), ('asked','dropped'), ('approved','open'), ('approved','dropped'), ('open','open'), ('open','over');
--> statement-breakpoint
ALTER TABLE demonstrations ADD CONSTRAINT demonstration_transition_law FOREIGN KEY (prior, state) REFERENCES demonstration_transition (prior, state);
--> statement-breakpoint
CREATE TRIGGER a_first_state BEFORE INSERT ON demonstrations FOR EACH ROW EXECUTE FUNCTION first_state();
--> statement-breakpoint
CREATE TRIGGER a_next_state BEFORE UPDATE ON demonstrations FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION remember_prior_state();
--> statement-breakpoint
CREATE TRIGGER a_same_state BEFORE UPDATE ON demonstrations FOR EACH ROW WHEN (OLD.state IS NOT DISTINCT FROM NEW.state) EXECUTE FUNCTION keep_prior();
--> statement-breakpoint
-- Nobody is on a device by hand whom nobody else let there, unless there is nobody else at all.
ALTER TABLE demonstrations ADD CONSTRAINT demonstration_four_eyes CHECK (approved_by IS NULL OR alone OR approved_by <> by_id);
--> statement-breakpoint
ALTER TABLE demonstrations ADD CONSTRAINT demonstration_facts CHECK (((state IN ('over','dropped')) = (ended_at IS NOT NULL)) AND ((ended_at IS NULL) = (why IS NULL)) AND ((state IN ('open','over')) = (rotation_id IS NOT NULL)) AND ((approved_by IS NULL) = (approved_at IS NULL)) AND (state IN ('asked','dropped') OR approved_by IS NOT NULL) AND ((state IN ('approved','open')) = (until IS NOT NULL)) AND ((rotation_id IS NULL) = (over_wire IS NULL)));
