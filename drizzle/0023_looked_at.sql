-- What tied a person's logins together before a change: it ties them until somebody else has confirmed the change.
ALTER TABLE "changes" ADD COLUMN "was" jsonb;
--> statement-breakpoint
CREATE INDEX "changes_untied" ON "changes" USING btree ("subject") WHERE confirmed_by is null and was is not null;
--> statement-breakpoint
-- Of a bulk change that cuts: the sessions and holders of the account that were looked at. Nobody else is cut.
ALTER TABLE "bulk_items" ADD COLUMN "seen" jsonb DEFAULT '[]'::jsonb NOT NULL;
