CREATE TABLE "notices" (
	"id" text PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"subject" text NOT NULL,
	"lines" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"path" text,
	"about" jsonb NOT NULL,
	"once" text,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "notices_once_unique" UNIQUE("once")
);
--> statement-breakpoint
CREATE TABLE "deliveries" (
	"id" text PRIMARY KEY NOT NULL,
	"notice_id" text NOT NULL,
	"prior" text DEFAULT 'new' NOT NULL,
	"state" text DEFAULT 'waiting' NOT NULL,
	"channel" text NOT NULL,
	"to_address" text NOT NULL,
	"person_id" text,
	"webhook_id" text,
	"again_of" text,
	"tries" integer DEFAULT 0 NOT NULL,
	"fence" integer DEFAULT 0 NOT NULL,
	"lease_until" timestamp (3) with time zone,
	"next_at" timestamp (3) with time zone,
	"said" text DEFAULT '' NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "webhooks" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"format" text NOT NULL,
	"host" text NOT NULL,
	"sealed" "bytea" NOT NULL,
	"kinds" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"collection_id" text,
	"active" boolean DEFAULT true NOT NULL,
	"failing_since" timestamp (3) with time zone,
	"off_why" text,
	"last_ok_at" timestamp (3) with time zone,
	"by_id" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "webhooks_name_unique" UNIQUE("name")
);
--> statement-breakpoint
CREATE TABLE "notice_rules" (
	"id" text PRIMARY KEY NOT NULL,
	"kinds" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"collection_id" text,
	"people" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"group_ids" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"addresses" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"by_id" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "notice_choices" (
	"person_id" text NOT NULL,
	"kind" text NOT NULL,
	"is_on" boolean NOT NULL,
	CONSTRAINT "notice_choices_person_id_kind_pk" PRIMARY KEY("person_id","kind")
);
--> statement-breakpoint
CREATE TABLE "delivery_transition" (
	"prior" text NOT NULL,
	"state" text NOT NULL,
	CONSTRAINT "delivery_transition_prior_state_pk" PRIMARY KEY("prior","state")
);
--> statement-breakpoint
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_notice_id_notices_id_fk" FOREIGN KEY ("notice_id") REFERENCES "public"."notices"("id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "webhooks" ADD CONSTRAINT "webhooks_by_id_people_id_fk" FOREIGN KEY ("by_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "notice_rules" ADD CONSTRAINT "notice_rules_by_id_people_id_fk" FOREIGN KEY ("by_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "notice_choices" ADD CONSTRAINT "notice_choices_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
CREATE INDEX "notices_at" ON "notices" USING btree ("at");
--> statement-breakpoint
CREATE INDEX "deliveries_next" ON "deliveries" USING btree ("next_at") WHERE state = 'waiting';
--> statement-breakpoint
CREATE INDEX "deliveries_notice" ON "deliveries" USING btree ("notice_id");
--> statement-breakpoint
CREATE INDEX "deliveries_at" ON "deliveries" USING btree ("at","id");
--> statement-breakpoint
INSERT INTO delivery_transition (prior, state) VALUES
  ('new','waiting'),
  ('waiting','waiting'), ('waiting','sent'), ('waiting','refused'), ('waiting','given_up'), ('waiting','unsent');
--> statement-breakpoint
ALTER TABLE deliveries ADD CONSTRAINT delivery_transition_law FOREIGN KEY (prior, state) REFERENCES delivery_transition (prior, state);
--> statement-breakpoint
CREATE TRIGGER a_first_state BEFORE INSERT ON deliveries FOR EACH ROW EXECUTE FUNCTION first_state();
--> statement-breakpoint
CREATE TRIGGER a_next_state BEFORE UPDATE ON deliveries FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION remember_prior_state();
--> statement-breakpoint
CREATE TRIGGER a_same_state BEFORE UPDATE ON deliveries FOR EACH ROW WHEN (OLD.state IS NOT DISTINCT FROM NEW.state) EXECUTE FUNCTION keep_prior();
--> statement-breakpoint
ALTER TABLE deliveries ADD CONSTRAINT delivery_facts CHECK (
  ((state = 'waiting') = (ended_at IS NULL)) AND ((state = 'waiting') = (next_at IS NOT NULL)) AND channel IN ('mail','webhook')
  AND ((channel = 'webhook') = (webhook_id IS NOT NULL)));
