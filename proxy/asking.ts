/**
 * What a terminal asks the broker before there is a session: what there is, asking for it, waiting, taking it back. Rule: part of the union
 * of channel.ts; times travel as what is left of them, and unknown and not allowed are one answer.
 */
import { z } from "zod";
import type { FaultCode } from "../src/kernel/fault.ts";
import { FAULTS } from "../src/kernel/fault.ts";

const id = z.string().min(1).max(128), line = z.string().max(1_000), n = z.number().int().positive(), count = z.number().int().nonnegative();
const ms = z.number().nonnegative();
/** Accounts in one `menu` answer; a line of the channel is bounded. */
export const MENU_MOST = 250;
/** What a name or a reason may measure, in characters. */
export const REASON_MOST = 500, TICKET_MOST = 80;

const refused = z.strictObject({ ok: z.literal(false), code: z.enum(Object.keys(FAULTS) as [FaultCode, ...FaultCode[]]),
  message: z.string().max(65_536) });

export const asking = {
  /** Everything this login holds or may ask for; with `account` and `target`, this one alone and how it may be asked for. */
  menu: z.strictObject({ kind: z.literal("menu"), n, login: id, find: z.string().max(200).optional(), account: id.optional(),
    target: id.optional() }),
  ask: z.strictObject({
    kind: z.literal("ask"), n, login: id, account: id, target: id, policy: id, minutes: z.number().int().min(1).max(100_000),
    reason: z.string().max(REASON_MOST), ticket: z.string().max(TICKET_MOST),
  }),
  /** Answered when the request stands otherwise than `seen` says, and now and then anyway. */
  wait: z.strictObject({ kind: z.literal("wait"), n, login: id, request: id, seen: z.string().max(64) }),
  cancel: z.strictObject({ kind: z.literal("cancel"), n, login: id, request: id }),
} as const;

const offer = z.strictObject({
  policy: id, name: line, preset: line, maxMinutes: count, approvals: count, approvers: z.array(line).max(50), reasonMin: count, ticketPattern: line,
  record: z.enum(["full", "head", "digest"]), recordInput: z.boolean(), shell: z.boolean(),
});
export type Offer = z.infer<typeof offer>;
/** `standing`: the word of domain/account.ts. `mine`: this person's own open request for it. */
const item = z.strictObject({
  account: id, target: id, standing: z.strictObject({ word: line, by: line.nullable(), leftMs: ms.nullable() }),
  mine: z.strictObject({ request: id, state: z.enum(["pending", "approved", "checked_out"]), leftMs: ms }).nullable(),
  offers: z.array(offer),
});
export type MenuItem = z.infer<typeof item>;

/** `go`: try it now. `blocked`: approved, and the account is somebody's or is being changed. `over`: it will not become a session. */
const progress = z.strictObject({
  ok: z.literal(true), tag: z.string().max(64), state: z.enum(["pending", "blocked", "go", "over"]), account: line, minutes: count,
  have: count, need: count, approvers: z.array(line).max(50), approvedBy: z.array(line).max(50), confirming: z.boolean(),
  /** In the queue of the account, 1 = next; null where there is none. */
  place: count.nullable(), holder: z.strictObject({ by: line, leftMs: ms }).nullable(), sentence: z.string().max(4_000), link: line,
});
export type Progress = z.infer<typeof progress>;

export const askingReplies = {
  menu: z.discriminatedUnion("ok", [z.strictObject({ ok: z.literal(true), person: id, items: z.array(item).max(MENU_MOST), more: count, link: line }),
    refused]),
  ask: z.discriminatedUnion("ok", [z.strictObject({ ok: z.literal(true), request: id, link: line }), refused]),
  wait: z.discriminatedUnion("ok", [progress, refused]),
  cancel: z.discriminatedUnion("ok", [z.strictObject({ ok: z.literal(true) }), refused]),
} as const;

export type AskingKind = keyof typeof asking;
/** `worker`: the session process that speaks; a login is good for the one that made it. */
export type AskingAsk<K extends AskingKind> = Omit<z.infer<(typeof asking)[K]>, "kind" | "n"> & { readonly worker: string };
export type AskingReply<K extends AskingKind> = z.infer<(typeof askingReplies)[K]>;
/** The broker's verbs behind the four messages. */
export type Asking = { [K in AskingKind]: (ask: AskingAsk<K>) => Promise<AskingReply<K>> };
