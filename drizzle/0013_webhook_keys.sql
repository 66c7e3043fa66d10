-- Nothing could write a webhook before, so there is no row whose key would be missing.
ALTER TABLE "webhooks" RENAME COLUMN "sealed" TO "url_sealed";
--> statement-breakpoint
ALTER TABLE "webhooks" ADD COLUMN "key_sealed" "bytea" NOT NULL;
--> statement-breakpoint
CREATE INDEX "deliveries_to" ON "deliveries" USING btree ("to_address","ended_at");
