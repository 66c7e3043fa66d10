/** The tables of agents and of what lets them in. Rule: as schema.ts, of which this is a part. */
import { sql } from "drizzle-orm";
import { index, integer, jsonb, pgTable, text, uniqueIndex } from "drizzle-orm/pg-core";
import type { HostFacts } from "../domain/agent.ts";
import { at, list, pairs, people, targets } from "./schema.ts";

/** Tokens that let a machine in the first time: `hash` is sha256 of what was shown once. */
export const enrolments = pgTable(
  "enrolments",
  {
    id: text("id").primaryKey(),
    hash: text("hash").notNull().unique(),
    kind: text("kind").notNull(),
    mode: text("mode").notNull(),
    owner: text("owner_id")
      .notNull()
      .references(() => people.id),
    by: text("by_id")
      .notNull()
      .references(() => people.id),
    at: at("at").notNull(),
    expiresAt: at("expires_at").notNull(),
    maxUses: integer("max_uses").notNull(),
    used: integer("used").notNull().default(0),
    endedAt: at("ended_at"),
  },
  (t) => [index("enrolments_at").on(t.at)],
);
/** Agents and gateways (domain/agent.ts). `seenAt`, `version` and `skewMs` are what the tunnel last told. */
export const agents = pgTable(
  "agents",
  {
    id: text("id").primaryKey(),
    prior: text("prior").notNull().default("new"),
    state: text("state").notNull().default("enrolled"),
    mode: text("mode").notNull(),
    name: text("name").notNull(),
    owner: text("owner_id")
      .notNull()
      .references(() => people.id),
    enrolment: text("enrolment_id")
      .notNull()
      .references(() => enrolments.id),
    enrolledAt: at("enrolled_at").notNull(),
    hostKey: text("host_key").notNull(),
    nextHostKey: text("next_host_key"),
    brokerKeys: list("broker_keys"),
    boxKey: text("box_key").notNull(),
    target: text("target_id").references(() => targets.id),
    allow: list("allow"),
    allowNo: integer("allow_no").notNull().default(0),
    version: text("version").notNull(),
    skewMs: integer("skew_ms"),
    facts: jsonb("facts").$type<HostFacts>().notNull().default({}),
    seenAt: at("seen_at"),
    by: text("by_id").references(() => people.id),
    movedAt: at("moved_at"),
    why: text("why"),
  },
  (t) => [
    uniqueIndex("agents_host_key")
      .on(t.hostKey)
      .where(sql`state not in ('revoked','deleted')`),
    uniqueIndex("agents_target")
      .on(t.target)
      .where(sql`state not in ('revoked','deleted')`),
    index("agents_owner").on(t.owner),
  ],
);
export const agentTransition = pairs("agent_transition");
/** The keys by which this broker proves itself (domain/broker-key.ts): public halves; the private ones are files. */
export const brokerKeys = pgTable("broker_keys", {
  id: text("id").primaryKey(),
  prior: text("prior").notNull().default("new"),
  state: text("state").notNull().default("following"),
  line: text("line").notNull(),
  at: at("at").notNull(),
  by: text("by_id").references(() => people.id),
  currentAt: at("current_at"),
  retiredAt: at("retired_at"),
});
export const brokerKeyTransition = pairs("broker_key_transition");
/** Of the orders left with them, which are columns of their rotations. */
export const orderTransition = pairs("order_transition");
