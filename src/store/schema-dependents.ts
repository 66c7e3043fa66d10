/** The tables of what depends on passwords. Rule: as schema.ts, of which this is a part. */
import { boolean, index, integer, jsonb, pgTable, text, uniqueIndex } from "drizzle-orm/pg-core";
import { sql } from "drizzle-orm";
import type { What } from "../domain/dependent.ts";
import { accounts, at, pairs, people, rotations, targets, versions } from "./schema.ts";

/** What is done before and after each change of an account's password (domain/dependent.ts). Ended, never deleted. */
export const dependents = pgTable("dependents", {
  id: text("id").primaryKey(), account: text("account_id").notNull().references(() => accounts.id), target: text("target_id").notNull().references(() => targets.id),
  phase: text("phase").notNull(), no: integer("no").notNull(), goOn: boolean("go_on").notNull(), what: jsonb("what").$type<What>().notNull(), by: text("by_id").notNull().references(() => people.id), at: at("at").notNull(),
  acceptedBy: text("accepted_by").references(() => people.id), acceptedAt: at("accepted_at"), alone: boolean("alone").notNull().default(false), endedBy: text("ended_by").references(() => people.id), endedAt: at("ended_at"),
}, (t) => [index("dependents_of").on(t.account, t.phase, t.no).where(sql`ended_at is null`)]);
/** One doing of one of them, for one change. */
export const dependentRuns = pgTable("dependent_runs", {
  id: text("id").primaryKey(), prior: text("prior").notNull().default("new"), state: text("state").notNull().default("waiting"),
  dependent: text("dependent_id").notNull().references(() => dependents.id), rotation: text("rotation_id").notNull().references(() => rotations.id), account: text("account_id").notNull().references(() => accounts.id),
  target: text("target_id").notNull().references(() => targets.id), phase: text("phase").notNull(), no: integer("no").notNull(), goOn: boolean("go_on").notNull(), version: text("version_id").references(() => versions.id),
  fence: integer("fence").notNull().default(0), leaseUntil: at("lease_until"), tries: integer("tries").notNull().default(0), nextAt: at("next_at"), openedAt: at("opened_at").notNull(), endedAt: at("ended_at"), why: text("why"),
}, (t) => [
  uniqueIndex("dependent_runs_once").on(t.rotation, t.dependent), index("dependent_runs_open").on(t.nextAt).where(sql`state in ('waiting','running')`), index("dependent_runs_account").on(t.account, t.openedAt),
]);
export const dependentRunTransition = pairs("dependent_run_transition");
