-- What waits for its way apart from what waits for itself: when the way opens again, the first may go and the second may not.
ALTER TABLE "deliveries" ADD COLUMN "way_closed" boolean DEFAULT false NOT NULL;
