CREATE TABLE "agent_transition" ("prior" text NOT NULL, "state" text NOT NULL, CONSTRAINT "agent_transition_prior_state_pk" PRIMARY KEY("prior","state"));
--> statement-breakpoint
CREATE TABLE "enrolments" (
	"id" text PRIMARY KEY NOT NULL,
	"hash" text NOT NULL CONSTRAINT "enrolments_hash_unique" UNIQUE,
	"kind" text NOT NULL,
	"mode" text NOT NULL,
	"owner_id" text NOT NULL REFERENCES "people"("id"),
	"by_id" text NOT NULL REFERENCES "people"("id"),
	"at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"max_uses" integer NOT NULL,
	"used" integer DEFAULT 0 NOT NULL,
	"ended_at" timestamp (3) with time zone,
	CONSTRAINT "enrolment_facts" CHECK ("kind" IN ('once','many') AND "mode" IN ('agent','gateway') AND "max_uses" > 0 AND "expires_at" > "at"),
	-- A token of one use lives ten minutes and is spent once; nothing is spent more often than it says.
	CONSTRAINT "enrolment_once" CHECK ("kind" <> 'once' OR ("max_uses" = 1 AND "expires_at" <= "at" + interval '10 minutes')),
	CONSTRAINT "enrolment_uses" CHECK ("used" BETWEEN 0 AND "max_uses")
);
--> statement-breakpoint
CREATE INDEX "enrolments_at" ON "enrolments" USING btree ("at");
--> statement-breakpoint
CREATE TABLE "agents" (
	"id" text PRIMARY KEY NOT NULL,
	"prior" text DEFAULT 'new' NOT NULL,
	"state" text DEFAULT 'enrolled' NOT NULL,
	"mode" text NOT NULL,
	"name" text NOT NULL,
	"owner_id" text NOT NULL REFERENCES "people"("id"),
	"enrolment_id" text NOT NULL REFERENCES "enrolments"("id"),
	"enrolled_at" timestamp (3) with time zone NOT NULL,
	"host_key" text NOT NULL,
	"next_host_key" text,
	"box_key" text NOT NULL,
	"target_id" text REFERENCES "targets"("id"),
	"allow" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"allow_no" integer DEFAULT 0 NOT NULL,
	"version" text NOT NULL,
	"skew_ms" integer,
	"facts" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"seen_at" timestamp (3) with time zone,
	"by_id" text REFERENCES "people"("id"),
	"moved_at" timestamp (3) with time zone,
	"why" text,
	CONSTRAINT "agent_facts" CHECK ("mode" IN ('agent','gateway') AND (("state" IN ('paused','revoked','deleted')) = ("moved_at" IS NOT NULL)) AND (("moved_at" IS NULL) = ("why" IS NULL)) AND (("moved_at" IS NULL) = ("by_id" IS NULL))
		AND ("next_host_key" IS NULL OR "next_host_key" <> "host_key") AND ("mode" = 'agent' OR "target_id" IS NULL))
);
--> statement-breakpoint
-- One living agent a key, and one a target.
CREATE UNIQUE INDEX "agents_host_key" ON "agents" USING btree ("host_key") WHERE state not in ('revoked','deleted');
--> statement-breakpoint
CREATE UNIQUE INDEX "agents_target" ON "agents" USING btree ("target_id") WHERE state not in ('revoked','deleted');
--> statement-breakpoint
CREATE INDEX "agents_owner" ON "agents" USING btree ("owner_id");
--> statement-breakpoint
INSERT INTO agent_transition (prior, state) VALUES
  ('new','enrolled'), ('enrolled','active'), ('enrolled','revoked'), ('active','paused'), ('active','revoked'),
  ('paused','active'), ('paused','revoked'), ('revoked','deleted');
--> statement-breakpoint
ALTER TABLE agents ADD CONSTRAINT agent_transition_law FOREIGN KEY (prior, state) REFERENCES agent_transition (prior, state);
--> statement-breakpoint
CREATE TRIGGER a_first_state BEFORE INSERT ON agents FOR EACH ROW EXECUTE FUNCTION first_state();
--> statement-breakpoint
CREATE TRIGGER a_next_state BEFORE UPDATE ON agents FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION remember_prior_state();
--> statement-breakpoint
CREATE TRIGGER a_same_state BEFORE UPDATE ON agents FOR EACH ROW WHEN (OLD.state IS NOT DISTINCT FROM NEW.state) EXECUTE FUNCTION keep_prior();
--> statement-breakpoint
-- Events point at it; a spent token stays spent.
CREATE FUNCTION "agents_keep"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	IF TG_OP = 'DELETE' OR (NEW.id, NEW.mode, NEW.enrolment_id, NEW.enrolled_at) IS DISTINCT FROM (OLD.id, OLD.mode, OLD.enrolment_id, OLD.enrolled_at)
	OR NEW.allow_no < OLD.allow_no OR (NEW.host_key IS DISTINCT FROM OLD.host_key AND NEW.host_key IS DISTINCT FROM OLD.next_host_key) THEN
		RAISE EXCEPTION 'an agent is known by the key it enrolled with, or by one that followed it' USING CONSTRAINT = 'agents_kept', ERRCODE = '23514';
	END IF;
	RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER "agents_kept" BEFORE UPDATE OR DELETE ON "agents" FOR EACH ROW EXECUTE FUNCTION "agents_keep"();
--> statement-breakpoint
CREATE FUNCTION "enrolments_keep"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	IF TG_OP = 'DELETE' OR (NEW.id, NEW.hash, NEW.kind, NEW.mode, NEW.owner_id, NEW.by_id, NEW.at, NEW.expires_at, NEW.max_uses) IS DISTINCT FROM (OLD.id, OLD.hash, OLD.kind, OLD.mode, OLD.owner_id, OLD.by_id, OLD.at, OLD.expires_at, OLD.max_uses)
	OR NEW.used < OLD.used OR (OLD.ended_at IS NOT NULL AND (NEW.ended_at IS DISTINCT FROM OLD.ended_at OR NEW.used <> OLD.used)) THEN
		RAISE EXCEPTION 'an enrolment is spent and ended, never renewed' USING CONSTRAINT = 'enrolments_kept', ERRCODE = '23514';
	END IF;
	RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER "enrolments_kept" BEFORE UPDATE OR DELETE ON "enrolments" FOR EACH ROW EXECUTE FUNCTION "enrolments_keep"();
