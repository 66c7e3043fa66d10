ALTER TABLE "accounts" ALTER COLUMN "password_policy" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "accounts" ALTER COLUMN "password_policy" DROP DEFAULT;--> statement-breakpoint
-- "medium" was what everybody had who chose nothing, and still is: without a binding of its own an account goes by its target's, its platform's, or by it.
UPDATE "accounts" SET "password_policy" = NULL WHERE "password_policy" = 'medium';--> statement-breakpoint
ALTER TABLE "targets" ADD COLUMN "password_policy" text;--> statement-breakpoint
CREATE TABLE "password_policies" (
	"name" text PRIMARY KEY NOT NULL,
	"rules" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "platform_policies" (
	"platform" text PRIMARY KEY NOT NULL,
	"password_policy" text NOT NULL
);
