ALTER TABLE "accounts" ADD COLUMN "typed_run" integer DEFAULT 0 NOT NULL;
--> statement-breakpoint
-- Of the uses so far, the last so many were typings of a password: no hand-out. 0 for what was used before: sooner due is the safe side.
ALTER TABLE "accounts" ADD CONSTRAINT "account_typed" CHECK (typed_run >= 0 AND typed_run <= used_no);
--> statement-breakpoint
-- A comparison borrows an administrative account as a rotation does: the user of a lent account is either.
ALTER TABLE "admin_uses" DROP CONSTRAINT "admin_uses_rotation_id_rotations_id_fk";
--> statement-breakpoint
ALTER TABLE "admin_uses" RENAME COLUMN "rotation_id" TO "used_by";
--> statement-breakpoint
ALTER TABLE "admin_uses" RENAME CONSTRAINT "admin_uses_account_id_rotation_id_pk" TO "admin_uses_account_id_used_by_pk";
