CREATE INDEX "notices_about" ON "notices" USING gin ("about");
