/** What a self-test is made of, as data. Rule: secrets travel on stdin only, and every answer is one JSON line without any. */
import { z } from "zod";
import type { Moment } from "../flow/deps.ts";

/** In the order in which a rotation meets them, and what they mean to a reader. */
export const STEPS = {
  before_candidate: "before the new password is made", candidate_inserted: "made, not committed", candidate_committed: "committed, not in the journal", journalled: "in the journal",
  prepared: "prepared", applying: "about to be sent", before_change: "the target is being dialled", changed: "the target has changed it, nothing written", change_noted: "the answer is written",
  before_probe: "before it is tried", probed: "tried, nothing written", committing: "inside the commit", committed: "committed", closing: "while the old one is asked for",
} as const satisfies Record<Moment, string>;
const moments = Object.keys(STEPS) as Moment[];
export const isStep = (text: string): text is Moment => (moments as string[]).includes(text);
/** "every-step" or names with commas; null: one of them is none. */
export const stepsOf = (text: string): Moment[] | null => {
  if (text === "every-step") return moments;
  const asked = text.split(",").map((t) => t.trim());
  return asked.every(isStep) ? moments.filter((m) => asked.includes(m)) : null;
};

export const Where = z.object({ host: z.string(), port: z.int(), hostKey: z.string(), sudo: z.boolean() });
export const Order = z.discriminatedUnion("do", [
  z.object({ do: z.literal("read_identity"), host: z.string(), port: z.int() }),
  /** Tries the administrative credential and changes nothing. */
  z.object({ do: z.literal("prepare"), where: Where, admin: z.string(), password: z.string(), account: z.string() }),
  /** The first two changes; from here on what is in the vault opens the account. */
  z.object({ do: z.literal("adopt"), account: z.string() }),
  /** Rotates and is killed at that step. */
  z.object({ do: z.literal("change"), account: z.string(), dieAt: z.enum(moments as [Moment, ...Moment[]]) }),
  /** Looks at what the dead one left, goes on, looks again. */
  z.object({ do: z.literal("settle"), account: z.string() }),
]);
export type Order = z.infer<typeof Order>;

/** As flow/self-test.ts has it. */
export const Look = z.object({ inForce: z.int(), current: z.boolean(), offered: z.boolean() });
export type Look = z.infer<typeof Look>;
export const Answer = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), identity: z.string().optional(), account: z.string().optional(), dead: Look.optional(), now: Look.optional(), login: z.enum(["yes", "no", "unknown"]).optional() }),
  z.object({ ok: z.literal(false), why: z.string() }),
]);
export type Answer = z.infer<typeof Answer>;
export type Done = Extract<Answer, { ok: true }>;
