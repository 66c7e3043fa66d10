-- A change left with the agent of its machine for the end of a use (domain/order.ts): columns of its rotation, so that there is no change beside it.
CREATE TABLE "order_transition" ("prior" text NOT NULL, "state" text NOT NULL, CONSTRAINT "order_transition_prior_state_pk" PRIMARY KEY("prior","state"));
--> statement-breakpoint
INSERT INTO order_transition (prior, state) VALUES
  ('new','wished'), ('wished','wished'), ('wished','sent'),
  ('sent','sent'), ('sent','placed'), ('sent','wished'), ('sent','called'), ('sent','over'),
  ('placed','placed'), ('placed','sent'), ('placed','called'), ('placed','over'),
  ('called','called'), ('called','over'), ('over','over');
--> statement-breakpoint
ALTER TABLE "rotations" ADD COLUMN "order_prior" text;
--> statement-breakpoint
ALTER TABLE "rotations" ADD COLUMN "order_state" text;
--> statement-breakpoint
ALTER TABLE "rotations" ADD COLUMN "order_agent" text REFERENCES "agents"("id");
--> statement-breakpoint
ALTER TABLE "rotations" ADD COLUMN "order_wanted" timestamp (3) with time zone;
--> statement-breakpoint
ALTER TABLE "rotations" ADD COLUMN "order_due" timestamp (3) with time zone;
--> statement-breakpoint
ALTER TABLE "rotations" ADD COLUMN "order_expires" timestamp (3) with time zone;
--> statement-breakpoint
ALTER TABLE "rotations" ADD COLUMN "order_fence" integer;
--> statement-breakpoint
ALTER TABLE "rotations" ADD COLUMN "order_epoch" integer;
--> statement-breakpoint
ALTER TABLE "rotations" ADD COLUMN "order_before" boolean;
--> statement-breakpoint
-- What has left us is known by whom, when, until when and under which fence; it never outlives the end of the use by more than a day, and its fence is none of the future.
ALTER TABLE "rotations" ADD CONSTRAINT "order_facts" CHECK (
	CASE WHEN "order_state" IS NULL THEN num_nonnulls("order_agent","order_wanted","order_due","order_expires","order_fence","order_epoch","order_before") = 0
	WHEN "order_state" = 'wished' THEN num_nonnulls("order_agent","order_wanted") = 2 AND num_nonnulls("order_due","order_expires","order_fence","order_epoch","order_before") = 0
	ELSE num_nonnulls("order_agent","order_wanted","order_due","order_expires","order_fence","order_epoch","order_before","candidate_id") = 8
		AND "order_expires" > "order_due" AND "order_fence" <= "fence" AND ("order_state" <> 'placed' OR "order_expires" <= "order_due" + interval '24 hours') END);
--> statement-breakpoint
ALTER TABLE "rotations" ADD CONSTRAINT "order_transition_law" FOREIGN KEY ("order_prior", "order_state") REFERENCES "order_transition" ("prior", "state");
--> statement-breakpoint
-- While an order may be performed, its candidate may come into force: it is not replaced, and the order not forgotten.
CREATE FUNCTION "order_keep"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	IF TG_OP = 'INSERT' THEN
		NEW.order_prior := CASE WHEN NEW.order_state IS NULL THEN NULL ELSE 'new' END;
		RETURN NEW;
	END IF;
	IF OLD.order_state NOT IN ('wished') AND (NEW.order_state IS NULL OR NEW.candidate_id IS DISTINCT FROM OLD.candidate_id) THEN
		RAISE EXCEPTION 'an order that has left us is not forgotten, nor its candidate replaced' USING CONSTRAINT = 'order_kept', ERRCODE = '23514';
	END IF;
	IF OLD.order_state IS NULL AND NEW.order_state IS NOT NULL THEN
		RAISE EXCEPTION 'an order begins with its rotation' USING CONSTRAINT = 'order_kept', ERRCODE = '23514';
	END IF;
	NEW.order_prior := CASE WHEN NEW.order_state IS NULL THEN NULL WHEN NEW.order_state IS DISTINCT FROM OLD.order_state THEN OLD.order_state ELSE OLD.order_prior END;
	RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER "order_kept" BEFORE INSERT OR UPDATE ON "rotations" FOR EACH ROW EXECUTE FUNCTION "order_keep"();
--> statement-breakpoint
CREATE INDEX "rotations_orders" ON "rotations" USING btree ("order_agent") WHERE order_state is not null;
