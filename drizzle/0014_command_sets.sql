CREATE TABLE "command_sets" (
	"hash" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"body" text NOT NULL,
	"by_id" text NOT NULL REFERENCES "people"("id"),
	"at" timestamp (3) with time zone NOT NULL,
	"accepted_by" text REFERENCES "people"("id"),
	"accepted_at" timestamp (3) with time zone,
	"alone" boolean DEFAULT false NOT NULL,
	CONSTRAINT "command_sets_hash" CHECK ("hash" ~ '^[0-9a-f]{64}$'),
	CONSTRAINT "command_sets_accepted_whole" CHECK (("accepted_by" IS NULL) = ("accepted_at" IS NULL)),
	-- law no-way-round-3: whoever wrote it does not accept it, unless there is nobody else at all.
	CONSTRAINT "command_sets_four_eyes" CHECK ("accepted_by" IS NULL OR "alone" OR "accepted_by" <> "by_id")
);
--> statement-breakpoint
CREATE FUNCTION "command_sets_keep"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	IF TG_OP = 'DELETE' OR NEW.hash <> OLD.hash OR NEW.name <> OLD.name OR NEW.body <> OLD.body OR NEW.by_id <> OLD.by_id OR OLD.accepted_by IS NOT NULL THEN
		RAISE EXCEPTION 'a command set is kept as it was written' USING CONSTRAINT = 'command_sets_kept', ERRCODE = '23514';
	END IF;
	RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER "command_sets_kept" BEFORE UPDATE OR DELETE ON "command_sets" FOR EACH ROW EXECUTE FUNCTION "command_sets_keep"();
--> statement-breakpoint
CREATE TABLE "platform_tests" (
	"id" text PRIMARY KEY NOT NULL,
	"target_id" text NOT NULL REFERENCES "targets"("id"),
	"account_id" text NOT NULL REFERENCES "accounts"("id"),
	"identity_hash" text NOT NULL,
	"text_hash" text NOT NULL,
	"passed" boolean NOT NULL,
	"changed" boolean NOT NULL,
	"why" text NOT NULL,
	"said" jsonb NOT NULL,
	"by_id" text NOT NULL REFERENCES "people"("id"),
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "platform_tests_of" ON "platform_tests" USING btree ("target_id","at");
