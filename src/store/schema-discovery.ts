/** The tables of what targets say of their accounts. Rule: as schema.ts, of which this is a part. */
import { boolean, index, integer, jsonb, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { sql } from "drizzle-orm";
import type { Counts, Told } from "../domain/discovery.ts";
import { at, list, pairs, people, targets } from "./schema.ts";

/** One listing of a target's accounts (domain/discovery.ts), and every account that was ever listed, as the last whole list has it. */
export const discoveries = pgTable("discoveries", {
  id: text("id").primaryKey(), prior: text("prior").notNull().default("new"), state: text("state").notNull().default("waiting"), target: text("target_id").notNull().references(() => targets.id),
  trigger: text("trigger").notNull(), by: text("by_id").references(() => people.id), fence: integer("fence").notNull().default(0), leaseUntil: at("lease_until"), at: at("at").notNull(), endedAt: at("ended_at"),
  why: text("why"), counts: jsonb("counts").$type<Counts>(), first: boolean("is_first").notNull().default(false),
}, (t) => [index("discoveries_target").on(t.target, t.at), index("discoveries_open").on(t.at).where(sql`state in ('waiting','running')`)]);
export const foundAccounts = pgTable("found_accounts", {
  target: text("target_id").notNull().references(() => targets.id), name: text("name").notNull(), told: jsonb("told").$type<Told>().notNull(), changes: list("changes"), firstAt: at("first_at").notNull(), seenAt: at("seen_at").notNull(), goneAt: at("gone_at"),
  ignoredBy: text("ignored_by").references(() => people.id), ignoredAt: at("ignored_at"), ignoredWhy: text("ignored_why"), rule: text("rule_id").references(() => adoptionRules.id), ruleSaid: text("rule_said"),
}, (t) => [primaryKey({ columns: [t.target, t.name] })]);
/** What somebody accepted to be done with accounts that are found (domain/adoption-rule.ts). Ended, never deleted. */
export const adoptionRules = pgTable("adoption_rules", {
  id: text("id").primaryKey(), pattern: text("pattern").notNull(), does: text("does").notNull(), only: text("only_which").notNull(), target: text("target_id").references(() => targets.id), collection: text("collection_id"),
  reason: text("reason").notNull(), by: text("by_id").notNull().references(() => people.id), at: at("at").notNull(), endedAt: at("ended_at"), endedBy: text("ended_by").references(() => people.id),
});
export const discoveryTransition = pairs("discovery_transition");
