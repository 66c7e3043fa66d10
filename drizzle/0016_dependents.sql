CREATE TABLE "dependent_run_transition" ("prior" text NOT NULL, "state" text NOT NULL, CONSTRAINT "dependent_run_transition_prior_state_pk" PRIMARY KEY("prior","state"));
--> statement-breakpoint
CREATE TABLE "dependents" (
	"id" text PRIMARY KEY NOT NULL,
	"account_id" text NOT NULL REFERENCES "accounts"("id"),
	"target_id" text NOT NULL REFERENCES "targets"("id"),
	"phase" text NOT NULL,
	"no" integer NOT NULL,
	"go_on" boolean NOT NULL,
	"what" jsonb NOT NULL,
	"by_id" text NOT NULL REFERENCES "people"("id"),
	"at" timestamp (3) with time zone NOT NULL,
	"accepted_by" text REFERENCES "people"("id"),
	"accepted_at" timestamp (3) with time zone,
	"alone" boolean DEFAULT false NOT NULL,
	"ended_by" text REFERENCES "people"("id"),
	"ended_at" timestamp (3) with time zone,
	-- A file gets only a password that is in force.
	CONSTRAINT "dependent_facts" CHECK ("phase" = 'after' OR ("phase" = 'before' AND "what"->>'does' = 'service')),
	CONSTRAINT "dependents_accepted_whole" CHECK (("accepted_by" IS NULL) = ("accepted_at" IS NULL)),
	CONSTRAINT "dependents_ended_whole" CHECK (("ended_by" IS NULL) = ("ended_at" IS NULL)),
	-- law no-way-round-3: what runs on a target is code; whoever wrote it does not accept it, unless there is nobody else at all.
	CONSTRAINT "dependents_four_eyes" CHECK ("accepted_by" IS NULL OR "alone" OR "accepted_by" <> "by_id")
);
--> statement-breakpoint
CREATE INDEX "dependents_of" ON "dependents" USING btree ("account_id","phase","no") WHERE ended_at is null;
--> statement-breakpoint
CREATE FUNCTION "dependents_keep"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	IF TG_OP = 'DELETE' OR (NEW.id, NEW.account_id, NEW.target_id, NEW.phase, NEW.go_on, NEW.what, NEW.by_id, NEW.at) IS DISTINCT FROM (OLD.id, OLD.account_id, OLD.target_id, OLD.phase, OLD.go_on, OLD.what, OLD.by_id, OLD.at)
	OR (OLD.accepted_by IS NOT NULL AND (NEW.accepted_by, NEW.accepted_at, NEW.alone) IS DISTINCT FROM (OLD.accepted_by, OLD.accepted_at, OLD.alone))
	OR (OLD.ended_at IS NOT NULL AND (NEW.ended_by, NEW.ended_at, NEW.accepted_by) IS DISTINCT FROM (OLD.ended_by, OLD.ended_at, OLD.accepted_by)) THEN
		RAISE EXCEPTION 'a dependent is kept as it was written' USING CONSTRAINT = 'dependents_kept', ERRCODE = '23514';
	END IF;
	RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER "dependents_kept" BEFORE UPDATE OR DELETE ON "dependents" FOR EACH ROW EXECUTE FUNCTION "dependents_keep"();
--> statement-breakpoint
CREATE TABLE "dependent_runs" (
	"id" text PRIMARY KEY NOT NULL,
	"prior" text DEFAULT 'new' NOT NULL,
	"state" text DEFAULT 'waiting' NOT NULL,
	"dependent_id" text NOT NULL REFERENCES "dependents"("id"),
	"rotation_id" text NOT NULL REFERENCES "rotations"("id"),
	"account_id" text NOT NULL REFERENCES "accounts"("id"),
	"target_id" text NOT NULL REFERENCES "targets"("id"),
	"phase" text NOT NULL,
	"no" integer NOT NULL,
	"go_on" boolean NOT NULL,
	"version_id" text REFERENCES "secret_versions"("id"),
	"fence" integer DEFAULT 0 NOT NULL,
	"lease_until" timestamp (3) with time zone,
	"tries" integer DEFAULT 0 NOT NULL,
	"next_at" timestamp (3) with time zone,
	"opened_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"why" text,
	CONSTRAINT "dependent_run_facts" CHECK (
		(("state" = 'running') = ("lease_until" IS NOT NULL)) AND (("state" IN ('done','failed','unknown','skipped')) = ("ended_at" IS NOT NULL))
		AND ("state" NOT IN ('failed','unknown','skipped') OR "why" IS NOT NULL) AND ("next_at" IS NULL OR "state" = 'waiting')
		AND (("phase" = 'after') = ("version_id" IS NOT NULL)) AND "phase" IN ('before','after'))
);
--> statement-breakpoint
-- At most one doing of each dependent for each change; a done one ends there.
CREATE UNIQUE INDEX "dependent_runs_once" ON "dependent_runs" USING btree ("rotation_id","dependent_id");
--> statement-breakpoint
CREATE INDEX "dependent_runs_open" ON "dependent_runs" USING btree ("next_at") WHERE state in ('waiting','running');
--> statement-breakpoint
CREATE INDEX "dependent_runs_account" ON "dependent_runs" USING btree ("account_id","opened_at");
--> statement-breakpoint
-- One after the other for an account (in its order), and on a target (two of them may write the same file).
CREATE UNIQUE INDEX "one_dependent_of_account" ON "dependent_runs" ("account_id") WHERE state = 'running';
--> statement-breakpoint
CREATE UNIQUE INDEX "one_dependent_on_target" ON "dependent_runs" ("target_id") WHERE state = 'running';
--> statement-breakpoint
INSERT INTO dependent_run_transition (prior, state) VALUES
  ('new','waiting'), ('waiting','running'), ('waiting','skipped'),
  ('running','running'), ('running','waiting'), ('running','done'), ('running','failed'), ('running','unknown'), ('running','skipped'),
  ('failed','waiting'), ('failed','skipped'), ('unknown','waiting'), ('unknown','skipped');
--> statement-breakpoint
ALTER TABLE dependent_runs ADD CONSTRAINT dependent_run_transition_law FOREIGN KEY (prior, state) REFERENCES dependent_run_transition (prior, state);
--> statement-breakpoint
CREATE TRIGGER a_first_state BEFORE INSERT ON dependent_runs FOR EACH ROW EXECUTE FUNCTION first_state();
--> statement-breakpoint
CREATE TRIGGER a_next_state BEFORE UPDATE ON dependent_runs FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION remember_prior_state();
--> statement-breakpoint
CREATE TRIGGER a_same_state BEFORE UPDATE ON dependent_runs FOR EACH ROW WHEN (OLD.state IS NOT DISTINCT FROM NEW.state) EXECUTE FUNCTION keep_prior();
