CREATE TABLE "bulk_transition" (
	"prior" text NOT NULL,
	"state" text NOT NULL,
	CONSTRAINT "bulk_transition_prior_state_pk" PRIMARY KEY("prior","state")
);
--> statement-breakpoint
CREATE TABLE "bulk_item_transition" (
	"prior" text NOT NULL,
	"state" text NOT NULL,
	CONSTRAINT "bulk_item_transition_prior_state_pk" PRIMARY KEY("prior","state")
);
--> statement-breakpoint
CREATE TABLE "bulks" (
	"id" text PRIMARY KEY NOT NULL,
	"prior" text DEFAULT 'new' NOT NULL,
	"state" text DEFAULT 'running' NOT NULL,
	"by_id" text NOT NULL,
	"reason" text NOT NULL,
	"trigger" text NOT NULL,
	"schedule_id" text,
	"how" text NOT NULL,
	"apply" boolean NOT NULL,
	"cut" boolean NOT NULL,
	"terms" jsonb NOT NULL,
	"notify" jsonb NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"until" timestamp (3) with time zone NOT NULL,
	"why" text,
	"moved_by" text,
	"ended_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "bulk_items" (
	"bulk_id" text NOT NULL,
	"account_id" text NOT NULL,
	"target_id" text NOT NULL,
	"no" integer NOT NULL,
	"prior" text DEFAULT 'new' NOT NULL,
	"state" text DEFAULT 'waiting' NOT NULL,
	"version_id" text,
	"rotation_id" text,
	"tries" integer DEFAULT 0 NOT NULL,
	"why" text,
	"next_at" timestamp (3) with time zone,
	"ended_at" timestamp (3) with time zone,
	CONSTRAINT "bulk_items_bulk_id_account_id_pk" PRIMARY KEY("bulk_id","account_id")
);
--> statement-breakpoint
ALTER TABLE "bulks" ADD CONSTRAINT "bulks_by_id_people_id_fk" FOREIGN KEY ("by_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "bulks" ADD CONSTRAINT "bulks_moved_by_people_id_fk" FOREIGN KEY ("moved_by") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "bulk_items" ADD CONSTRAINT "bulk_items_bulk_id_bulks_id_fk" FOREIGN KEY ("bulk_id") REFERENCES "public"."bulks"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "bulk_items" ADD CONSTRAINT "bulk_items_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "bulk_items" ADD CONSTRAINT "bulk_items_target_id_targets_id_fk" FOREIGN KEY ("target_id") REFERENCES "public"."targets"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "bulk_items" ADD CONSTRAINT "bulk_items_version_id_secret_versions_id_fk" FOREIGN KEY ("version_id") REFERENCES "public"."secret_versions"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "bulk_items" ADD CONSTRAINT "bulk_items_rotation_id_rotations_id_fk" FOREIGN KEY ("rotation_id") REFERENCES "public"."rotations"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
CREATE INDEX "bulks_at" ON "bulks" USING btree ("at");
--> statement-breakpoint
CREATE INDEX "bulk_items_open" ON "bulk_items" USING btree ("bulk_id","target_id","no") WHERE state in ('waiting','held');
--> statement-breakpoint
CREATE INDEX "bulk_items_changing" ON "bulk_items" USING btree ("rotation_id") WHERE state = 'changing';
--> statement-breakpoint
-- The next rotation to claim, however many have ended.
CREATE INDEX "rotations_to_claim" ON "rotations" USING btree ("next_at" NULLS FIRST,"opened_at") WHERE state NOT IN ('committed','refused');
--> statement-breakpoint
INSERT INTO bulk_transition (prior, state) VALUES
  ('new','running'),
  ('running','paused'), ('running','halted'), ('running','stopping'), ('running','done'),
  ('paused','running'), ('paused','stopping'), ('paused','done'),
  ('halted','running'), ('halted','stopping'), ('halted','done'),
  ('stopping','stopped'), ('done','running'), ('stopped','running');
--> statement-breakpoint
INSERT INTO bulk_item_transition (prior, state) VALUES
  ('new','waiting'),
  ('waiting','waiting'), ('waiting','held'), ('waiting','changing'), ('waiting','done'), ('waiting','failed'), ('waiting','skipped'),
  ('held','held'), ('held','waiting'), ('held','changing'), ('held','done'), ('held','failed'), ('held','skipped'),
  ('changing','waiting'), ('changing','done'), ('changing','failed'),
  ('failed','waiting'), ('skipped','waiting');
--> statement-breakpoint
ALTER TABLE bulks ADD CONSTRAINT bulk_transition_law FOREIGN KEY (prior, state) REFERENCES bulk_transition (prior, state);
--> statement-breakpoint
ALTER TABLE bulk_items ADD CONSTRAINT bulk_item_transition_law FOREIGN KEY (prior, state) REFERENCES bulk_item_transition (prior, state);
--> statement-breakpoint
DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['bulks','bulk_items'] LOOP
    EXECUTE format('CREATE TRIGGER a_first_state BEFORE INSERT ON %I FOR EACH ROW EXECUTE FUNCTION first_state()', t);
    EXECUTE format('CREATE TRIGGER a_next_state BEFORE UPDATE ON %I FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION remember_prior_state()', t);
    EXECUTE format('CREATE TRIGGER a_same_state BEFORE UPDATE ON %I FOR EACH ROW WHEN (OLD.state IS NOT DISTINCT FROM NEW.state) EXECUTE FUNCTION keep_prior()', t);
  END LOOP;
END $$;
--> statement-breakpoint
ALTER TABLE bulks ADD CONSTRAINT bulk_facts CHECK (how IN ('unique','given','shown') AND trigger IN ('bulk','schedule') AND ((state IN ('done','stopped')) = (ended_at IS NOT NULL)));
--> statement-breakpoint
ALTER TABLE bulk_items ADD CONSTRAINT bulk_item_facts CHECK ((state <> 'changing' OR rotation_id IS NOT NULL) AND ((state IN ('done','failed','skipped')) = (ended_at IS NOT NULL)));
