/** The tables of command sets and their trials. Rule: as schema.ts, of which this is a part. */
import { sql } from "drizzle-orm";
import { boolean, index, jsonb, pgTable, text, uniqueIndex } from "drizzle-orm/pg-core";
import type { TestSaid } from "../domain/command-set/kept.ts";
import type { Piece } from "../domain/command-set/shown.ts";
import { accounts, at, pairs, people, rotations, targets } from "./schema.ts";

/** Command sets of our own: texts by their SHA-256, never changed; inert until somebody else has accepted them (domain/command-set). */
export const commandSets = pgTable("command_sets", {
  hash: text("hash").primaryKey(), name: text("name").notNull(), body: text("body").notNull(), by: text("by_id").notNull().references(() => people.id), at: at("at").notNull(), acceptedBy: text("accepted_by").references(() => people.id), acceptedAt: at("accepted_at"), alone: boolean("alone").notNull().default(false),
});
/** What a device said when its set was tried on it, scrubbed. `identity`, `text`: what exactly was tried. */
export const platformTests = pgTable("platform_tests", {
  id: text("id").primaryKey(), target: text("target_id").notNull().references(() => targets.id), account: text("account_id").notNull().references(() => accounts.id), identity: text("identity_hash").notNull(), text: text("text_hash").notNull(), passed: boolean("passed").notNull(), changed: boolean("changed").notNull(), why: text("why").notNull(), said: jsonb("said").$type<TestSaid>().notNull(), by: text("by_id").notNull().references(() => people.id), at: at("at").notNull(),
  /** The change of a trial that makes one: it may have to wait, and goes on by itself. */
  rotation: text("rotation_id").references(() => rotations.id),
}, (t) => [index("platform_tests_rotation").on(t.rotation), index("platform_tests_of").on(t.target, t.at)]);
/** A change shown by hand (domain/demonstration.ts), with what passed between the hands and the device, scrubbed. */
export const demonstrations = pgTable("demonstrations", {
  id: text("id").primaryKey(), prior: text("prior").notNull().default("new"), state: text("state").notNull().default("asked"), target: text("target_id").notNull().references(() => targets.id),
  account: text("account_id").notNull().references(() => accounts.id), login: text("login_id").notNull().references(() => accounts.id), by: text("by_id").notNull().references(() => people.id),
  reason: text("reason").notNull(), at: at("at").notNull(), identity: text("identity_hash").notNull(), approvedBy: text("approved_by").references(() => people.id), approvedAt: at("approved_at"),
  alone: boolean("alone").notNull().default(false), until: at("until"), rotation: text("rotation_id").references(() => rotations.id), over: text("over_wire"),
  said: jsonb("said").$type<readonly Piece[]>().notNull().default([]), endedAt: at("ended_at"), why: text("why"),
}, (t) => [index("demonstrations_target").on(t.target, t.at), uniqueIndex("demonstrations_one_open").on(t.target).where(sql`state = 'open'`)]);
export const demonstrationTransition = pairs("demonstration_transition");
