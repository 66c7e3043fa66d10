-- The keys by which this broker proves itself to its agents, and which of them each agent has pinned.
CREATE TABLE "broker_key_transition" ("prior" text NOT NULL, "state" text NOT NULL, CONSTRAINT "broker_key_transition_prior_state_pk" PRIMARY KEY("prior","state"));
--> statement-breakpoint
CREATE TABLE "broker_keys" (
	"id" text PRIMARY KEY NOT NULL,
	"prior" text DEFAULT 'new' NOT NULL,
	"state" text DEFAULT 'following' NOT NULL,
	"line" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"by_id" text REFERENCES "people"("id"),
	"current_at" timestamp (3) with time zone,
	"retired_at" timestamp (3) with time zone,
	CONSTRAINT "broker_key_facts" CHECK (("state" = 'retired') = ("retired_at" IS NOT NULL) AND ("state" <> 'following' OR "current_at" IS NULL) AND ("state" <> 'current' OR "current_at" IS NOT NULL))
);
--> statement-breakpoint
-- One in force, one that follows it, and neither twice.
CREATE UNIQUE INDEX "broker_keys_state" ON "broker_keys" USING btree ("state") WHERE state <> 'retired';
--> statement-breakpoint
CREATE UNIQUE INDEX "broker_keys_line" ON "broker_keys" USING btree ("line") WHERE state <> 'retired';
--> statement-breakpoint
INSERT INTO broker_key_transition (prior, state) VALUES
  ('new','following'), ('following','current'), ('following','retired'), ('current','retired');
--> statement-breakpoint
ALTER TABLE broker_keys ADD CONSTRAINT broker_key_transition_law FOREIGN KEY (prior, state) REFERENCES broker_key_transition (prior, state);
--> statement-breakpoint
CREATE TRIGGER a_first_state BEFORE INSERT ON broker_keys FOR EACH ROW EXECUTE FUNCTION first_state();
--> statement-breakpoint
CREATE TRIGGER a_next_state BEFORE UPDATE ON broker_keys FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION remember_prior_state();
--> statement-breakpoint
CREATE TRIGGER a_same_state BEFORE UPDATE ON broker_keys FOR EACH ROW WHEN (OLD.state IS NOT DISTINCT FROM NEW.state) EXECUTE FUNCTION keep_prior();
--> statement-breakpoint
-- Agents have pinned it, and events tell of it: a key that goes is retired, and none becomes another.
CREATE FUNCTION "broker_keys_keep"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	IF TG_OP = 'DELETE' OR (NEW.id, NEW.line, NEW.at, NEW.by_id) IS DISTINCT FROM (OLD.id, OLD.line, OLD.at, OLD.by_id) THEN
		RAISE EXCEPTION 'a key of the broker is retired, never altered or removed' USING CONSTRAINT = 'broker_keys_kept', ERRCODE = '23514';
	END IF;
	RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER "broker_keys_kept" BEFORE UPDATE OR DELETE ON "broker_keys" FOR EACH ROW EXECUTE FUNCTION "broker_keys_keep"();
--> statement-breakpoint
ALTER TABLE "agents" ADD COLUMN "broker_keys" jsonb DEFAULT '[]'::jsonb NOT NULL;
