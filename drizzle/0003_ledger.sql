-- What of a session's bytes is covered; null for sessions that ended before this was kept.
ALTER TABLE "sessions" ADD COLUMN "ledger" jsonb;
