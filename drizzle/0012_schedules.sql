CREATE TABLE "schedule_transition" (
	"prior" text NOT NULL,
	"state" text NOT NULL,
	CONSTRAINT "schedule_transition_prior_state_pk" PRIMARY KEY("prior","state")
);
--> statement-breakpoint
CREATE TABLE "schedules" (
	"id" text PRIMARY KEY NOT NULL,
	"prior" text DEFAULT 'new' NOT NULL,
	"state" text DEFAULT 'active' NOT NULL,
	"by_id" text NOT NULL,
	"name" text NOT NULL,
	"input" jsonb NOT NULL,
	"next_at" timestamp (3) with time zone,
	"told_of" timestamp (3) with time zone,
	"last_run" timestamp (3) with time zone,
	"ended_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "schedules" ADD CONSTRAINT "schedules_by_id_people_id_fk" FOREIGN KEY ("by_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "bulks" ADD CONSTRAINT "bulks_schedule_id_schedules_id_fk" FOREIGN KEY ("schedule_id") REFERENCES "public"."schedules"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
CREATE INDEX "schedules_next" ON "schedules" USING btree ("next_at") WHERE state = 'active';
--> statement-breakpoint
CREATE UNIQUE INDEX "schedules_name" ON "schedules" (lower("name")) WHERE state <> 'ended';
--> statement-breakpoint
INSERT INTO schedule_transition (prior, state) VALUES
  ('new','active'), ('active','active'), ('active','paused'), ('active','ended'), ('paused','paused'), ('paused','active'), ('paused','ended');
--> statement-breakpoint
ALTER TABLE schedules ADD CONSTRAINT schedule_transition_law FOREIGN KEY (prior, state) REFERENCES schedule_transition (prior, state);
--> statement-breakpoint
CREATE TRIGGER a_first_state BEFORE INSERT ON schedules FOR EACH ROW EXECUTE FUNCTION first_state();
--> statement-breakpoint
CREATE TRIGGER a_next_state BEFORE UPDATE ON schedules FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION remember_prior_state();
--> statement-breakpoint
CREATE TRIGGER a_same_state BEFORE UPDATE ON schedules FOR EACH ROW WHEN (OLD.state IS NOT DISTINCT FROM NEW.state) EXECUTE FUNCTION keep_prior();
--> statement-breakpoint
ALTER TABLE schedules ADD CONSTRAINT schedule_facts CHECK (((state = 'active') = (next_at IS NOT NULL)) AND ((state = 'ended') = (ended_at IS NOT NULL)));
