CREATE TABLE "terminals" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"address" text NOT NULL,
	"code_hash" text NOT NULL,
	"state" text DEFAULT 'waiting' NOT NULL,
	"tries" integer DEFAULT 0 NOT NULL,
	"by_id" text,
	"asked_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "terminals_state" CHECK ("state" in ('waiting', 'approved', 'denied', 'spent')),
	CONSTRAINT "terminals_approver" CHECK (("state" in ('approved', 'spent')) = ("by_id" is not null))
);
--> statement-breakpoint
ALTER TABLE "terminals" ADD CONSTRAINT "terminals_by_id_people_id_fk" FOREIGN KEY ("by_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
CREATE INDEX "terminals_name" ON "terminals" USING btree ("name");
