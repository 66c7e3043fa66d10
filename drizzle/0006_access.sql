-- Queue, fixed windows, break-glass, review and locks. Moments of a turn are facts beside a state, never a state.
ALTER TABLE "requests" ADD COLUMN "offered_until" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "paused_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "idle_warned_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "window_start" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "window_end" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "review" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "reviewed_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "reviewer_id" text;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "verdict" text;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "healer_paused_until" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "flagged" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE TABLE "locks" (
	"id" text PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"subject" text NOT NULL,
	"reason" text NOT NULL,
	"set_by" text NOT NULL,
	"set_at" timestamp (3) with time zone NOT NULL,
	"lifted_by" text,
	"lifted_at" timestamp (3) with time zone,
	"lift_reason" text
);
--> statement-breakpoint
ALTER TABLE "requests" ADD CONSTRAINT "requests_reviewer_id_people_id_fk" FOREIGN KEY ("reviewer_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "locks" ADD CONSTRAINT "locks_set_by_people_id_fk" FOREIGN KEY ("set_by") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "locks" ADD CONSTRAINT "locks_lifted_by_people_id_fk" FOREIGN KEY ("lifted_by") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "requests_review" ON "requests" USING btree ("ended_at") WHERE review and state = 'closed';--> statement-breakpoint
-- One standing lock per thing; lifting one keeps its row.
CREATE UNIQUE INDEX one_standing_lock ON locks (kind, subject) WHERE lifted_at IS NULL;--> statement-breakpoint
ALTER TABLE locks ADD CONSTRAINT lock_facts CHECK (kind IN ('person','account','target','broker') AND (lifted_at IS NULL) = (lifted_by IS NULL) AND (kind <> 'broker' OR subject = 'broker'));--> statement-breakpoint
CREATE FUNCTION locks_are_history() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'a lock is never deleted' USING ERRCODE = 'LS007'; END IF;
  IF OLD.lifted_at IS NOT NULL OR (NEW.id, NEW.kind, NEW.subject, NEW.reason, NEW.set_by, NEW.set_at) IS DISTINCT FROM (OLD.id, OLD.kind, OLD.subject, OLD.reason, OLD.set_by, OLD.set_at)
  THEN RAISE EXCEPTION 'a lock is lifted once and never rewritten' USING ERRCODE = 'LS007'; END IF;
  RETURN NEW;
END $$;--> statement-breakpoint
CREATE TRIGGER locks_are_history BEFORE UPDATE OR DELETE ON locks FOR EACH ROW EXECUTE FUNCTION locks_are_history();--> statement-breakpoint
-- What was blocked as "locked" before there was this table: its history begins here, in the name of the target's last editor or the first person there is.
INSERT INTO locks (id, kind, subject, reason, set_by, set_at)
  SELECT 'lck_' || substr(md5(a.id), 1, 20), 'account', a.id, 'locked before locks had a history', coalesce((SELECT t.owner_id FROM targets t WHERE t.id = a.target_id), (SELECT id FROM people ORDER BY created_at LIMIT 1)), now() FROM accounts a WHERE a.block = 'locked';--> statement-breakpoint
INSERT INTO locks (id, kind, subject, reason, set_by, set_at)
  SELECT 'lck_' || substr(md5(t.id), 1, 20), 'target', t.id, 'locked before locks had a history', coalesce(t.owner_id, (SELECT id FROM people ORDER BY created_at LIMIT 1)), now() FROM targets t WHERE t.locked;--> statement-breakpoint
-- Break-glass competes with nobody and is always reviewed; only what asks for a review is reviewed, by somebody named.
ALTER TABLE requests ADD CONSTRAINT request_kind CHECK (kind IN ('normal','break_glass') AND (kind = 'break_glass') = (preset = 'break-glass') AND (kind = 'normal' OR (review AND NOT exclusive)));--> statement-breakpoint
ALTER TABLE requests ADD CONSTRAINT request_review CHECK (state <> 'reviewed' OR (review AND reviewed_at IS NOT NULL AND reviewer_id IS NOT NULL AND reviewer_id <> requester_id AND verdict IS NOT NULL));--> statement-breakpoint
ALTER TABLE requests ADD CONSTRAINT request_window CHECK ((window_start IS NULL) = (window_end IS NULL) AND (window_start IS NULL OR window_end > window_start));--> statement-breakpoint
-- Fixed windows of one exclusive account never overlap. PGlite has no btree_gist, so account and time are the two sides of a box: a collision of the
-- 53 bits of the account's hash could refuse two windows that are free, and never lets two through. Half-open: 1 ms is taken off the end.
ALTER TABLE requests ADD CONSTRAINT one_window_at_a_time EXCLUDE USING gist (
  (box(point(hashtextextended(account_id, 0)::double precision, extract(epoch from (window_start at time zone 'UTC'))::double precision),
       point(hashtextextended(account_id, 0)::double precision, extract(epoch from (window_end at time zone 'UTC'))::double precision - 0.001))) WITH &&
) WHERE (exclusive AND window_start IS NOT NULL AND state IN ('approved','checked_out'));
