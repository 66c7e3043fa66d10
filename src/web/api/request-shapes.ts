/**
 * A request and a session as they look outside. Rule: every state has the same fields, null where the state has none, so that callers need no
 * switch.
 */
import { z } from "@hono/zod-openapi";
import type { Request } from "../../domain/request.ts";
import type { Session } from "../../domain/session.ts";
import { percent } from "../../domain/ledger.ts";
import type { RequestCard, sessionCoverage, sessionList } from "../../flow/look.ts";
import { iso, nameOf, When } from "./shapes.ts";

const text = z.string(),
  maybe = z.string().nullable(),
  count = z.int();

const fields = {
  id: text,
  state: text,
  account: z.object({ id: text, name: text }),
  requester: text,
  policy: text,
  preset: text,
  asked: count,
  minutes: count.nullable(),
  reason: text,
  ticket: text,
  submittedAt: When,
  expiresAt: When,
  approvedAt: When,
  startBy: When,
  checkedOutAt: When,
  until: When,
  endedAt: When,
  why: maybe,
  endReason: maybe,
  window: z.object({ from: text, to: text }).nullable(),
  review: z.boolean(),
  reviewedAt: When,
  verdict: maybe,
};
export const RequestOut = z.object(fields).openapi("Request");
type Names = { readonly account: string; readonly requester: string };

const at = (r: Request, ...keys: readonly string[]): string | null => {
  for (const key of keys) {
    const value = (r as unknown as Record<string, unknown>)[key];
    if (value instanceof Date) return iso(value);
  }
  return null;
};
export const requestOut = (r: Request, names: Names): z.input<typeof RequestOut> => ({
  id: r.id,
  state: r.state,
  account: { id: r.terms.account, name: names.account },
  requester: names.requester,
  policy: r.terms.policy,
  preset: r.terms.preset,
  asked: r.terms.minutes,
  minutes: "minutes" in r ? r.minutes : null,
  reason: r.terms.reason,
  ticket: r.terms.ticket,
  submittedAt: iso(r.submittedAt),
  expiresAt: at(r, "expiresAt"),
  approvedAt: at(r, "approvedAt"),
  startBy: at(r, "startBy"),
  checkedOutAt: at(r, "checkedOutAt"),
  until: at(r, "until"),
  endedAt: at(r, "endedAt", "closedAt"),
  why: "why" in r ? r.why : null,
  endReason: "reason" in r ? r.reason : null,
  window: r.terms.window ?? null,
  review: r.review,
  reviewedAt: at(r, "reviewedAt"),
  verdict: "verdict" in r ? r.verdict : null,
});

export const SessionOut = z
  .object({
    id: text,
    state: text,
    request: text,
    person: text,
    account: text,
    target: text,
    protocol: text,
    via: text,
    address: text,
    recording: text,
    openedAt: When,
    liveAt: When,
    endedAt: When,
    why: maybe,
    detail: maybe,
    bytes: count.nullable(),
    flagged: z.boolean(),
  })
  .openapi("Session");
export type SessionListed = Awaited<ReturnType<typeof sessionList>>[number];
const ends = (s: Session) =>
  s.state === "ended"
    ? { endedAt: iso(s.endedAt), why: s.why, detail: s.detail, bytes: s.bytes }
    : { endedAt: null, why: null, detail: null, bytes: null };
export const sessionOut = ({ session: s, flagged = false, personName, accountName, targetName }: SessionListed): z.input<typeof SessionOut> => ({
  id: s.id,
  state: s.state,
  request: s.request,
  person: personName,
  account: `${accountName}@${targetName}`,
  target: targetName,
  protocol: s.protocol,
  via: s.via,
  address: s.address,
  recording: s.recording,
  openedAt: iso(s.openedAt),
  liveAt: "liveAt" in s ? iso(s.liveAt) : null,
  ...ends(s),
  flagged,
});

const Flowed = z.object({ bytes: count, recorded: count, covered: count, sha256: maybe });
export const SessionDetail = SessionOut.extend({
  coverage: z
    .object({
      score: z.number(),
      percent: text,
      proxied: count,
      recorded: count,
      covered: count,
      gaps: z.array(z.object({ channel: count.nullable(), what: text, bytes: count.nullable() })),
      refused: z.record(z.string(), count),
      channels: z.array(
        z.object({
          channel: count,
          kind: text,
          record: text,
          to: maybe,
          exit: z.union([count, text]).nullable(),
          strange: count,
          sums: count,
          in: Flowed,
          out: Flowed,
          err: Flowed,
        }),
      ),
    })
    .nullable(),
}).openapi("SessionDetail");
export const sessionDetail = (s: SessionListed, found: Awaited<ReturnType<typeof sessionCoverage>>): z.input<typeof SessionDetail> => ({
  ...sessionOut(s),
  coverage: found && {
    ...found.coverage,
    gaps: [...found.coverage.gaps],
    percent: percent(found.coverage.score),
    refused: { ...found.ledger.refused },
    channels: found.ledger.channels.map((c) => ({ ...c, to: c.to ?? null, strange: c.strange ?? 0, sums: c.sums ?? 1 })),
  },
});

const flag = z.boolean();
export const RequestDetail = z
  .object({
    ...fields,
    policyName: text,
    approvals: z.object({ have: count, need: count }),
    approvers: z.array(text),
    waitsForConfirmation: flag,
    votes: z.array(z.object({ by: text, decision: text, minutes: count.nullable(), reason: text, at: When })),
    can: z.object({ approve: flag, deny: flag, cancel: flag, show: flag, connect: flag, desktop: flag, giveBack: flag, revoke: flag, review: flag }),
    holders: z.array(z.object({ by: text, until: When })),
    sessions: z.array(SessionOut),
    rotation: z.object({ id: text, state: text }).nullable(),
    queue: z.object({ place: count, of: count, yours: flag, offeredUntil: When, says: text }).nullable(),
    idleWarnedAt: When,
    weighed: z
      .object({
        state: text,
        queued: count,
        live: z.array(z.object({ session: text, by: text, since: When })),
        notes: z.array(z.object({ kind: text, calm: flag, says: text, at: When })),
      })
      .nullable()
      .openapi({ description: "what matters to a vote; null where there is none to cast, and on your own" }),
  })
  .openapi("RequestDetail");
const weighedOut = ({ state, queued, live, risks }: NonNullable<RequestCard["weighed"]>) => ({
  state: state.word,
  queued,
  live: live.map((l) => ({ session: l.session.id, by: l.personName, since: iso(l.session.openedAt) })),
  notes: risks.map((n) => ({ ...n, at: iso(n.at) })),
});
export const requestDetail = (card: RequestCard): z.input<typeof RequestDetail> => ({
  ...requestOut(card.request, { account: nameOf(card.account, card.target), requester: card.requester.name }),
  policyName: card.policy.name,
  approvals: { have: card.standing.have, need: card.standing.need },
  approvers: [...card.approvers],
  waitsForConfirmation: card.waitsForConfirmation,
  can: card.can,
  votes: card.votes.map((v) => ({ by: v.voterName, decision: v.decision, minutes: v.minutes, reason: v.reason, at: iso(v.at) })),
  holders: card.holders.map((h) => ({ by: h.personName, until: iso(h.until) })),
  sessions: card.sessions.map(sessionOut),
  rotation: card.rotation && { id: card.rotation.id, state: card.rotation.state },
  queue: card.queue && {
    place: card.queue.place,
    of: card.queue.of,
    yours: card.queue.yours,
    offeredUntil: iso(card.queue.offeredUntil),
    says: card.queue.says,
  },
  idleWarnedAt: at(card.request, "idleWarnedAt"),
  weighed: card.weighed && weighedOut(card.weighed),
});
