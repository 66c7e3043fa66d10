/** The tables of command sets and their trials. Rule: as schema.ts, of which this is a part. */
import { boolean, index, jsonb, pgTable, text } from "drizzle-orm/pg-core";
import type { TestSaid } from "../domain/command-set/kept.ts";
import { accounts, at, people, targets } from "./schema.ts";

/** Command sets of our own: texts by their SHA-256, never changed; inert until somebody else has accepted them (domain/command-set). */
export const commandSets = pgTable("command_sets", {
  hash: text("hash").primaryKey(), name: text("name").notNull(), body: text("body").notNull(), by: text("by_id").notNull().references(() => people.id), at: at("at").notNull(), acceptedBy: text("accepted_by").references(() => people.id), acceptedAt: at("accepted_at"), alone: boolean("alone").notNull().default(false),
});
/** What a device said when its set was tried on it, scrubbed. `identity`, `text`: what exactly was tried. */
export const platformTests = pgTable("platform_tests", {
  id: text("id").primaryKey(), target: text("target_id").notNull().references(() => targets.id), account: text("account_id").notNull().references(() => accounts.id), identity: text("identity_hash").notNull(), text: text("text_hash").notNull(), passed: boolean("passed").notNull(), changed: boolean("changed").notNull(), why: text("why").notNull(), said: jsonb("said").$type<TestSaid>().notNull(), by: text("by_id").notNull().references(() => people.id), at: at("at").notNull(),
}, (t) => [index("platform_tests_of").on(t.target, t.at)]);
