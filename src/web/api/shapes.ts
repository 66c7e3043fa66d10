/** What things look like outside: schema and translation side by side. Rule: dates are ISO 8601 in UTC, accounts are `root@web-1`, and no field holds a secret. */
import { z } from "@hono/zod-openapi";
import type { Account, Standing } from "../../domain/account.ts";
import { outcomeOf } from "../../domain/change-outcome.ts";
import { PolicyBinding, PolicyTerms, type Policy } from "../../domain/policy.ts";
import { Role, type Person } from "../../domain/person.ts";
import { desktopPins } from "../../domain/desktop.ts";
import { carriesSessions } from "../../domain/platform.ts";
import { pinsOf, throughOf, type Target } from "../../domain/target.ts";
import { SOCKETS, type SocketKind } from "../../domain/ticket.ts";
import type { AccountCard } from "../../flow/look.ts";
import type { Issued } from "../../flow/ticket.ts";
import type { Token } from "../../identity/tokens.ts";
import type { OpenChange } from "../../identity/directory.ts";
import { readPublicKey } from "../../identity/ssh-keys.ts";
import type { EventRow, RotationRow } from "./deps.ts";

export const When = z.iso.datetime().nullable();
export const iso = (d: Date | null | undefined): string | null => d?.toISOString() ?? null;
const text = z.string(), maybe = z.string().nullable();

export const PersonOut = z.object({
  id: text, name: text, fullName: text, mail: maybe, subject: maybe, employeeNo: maybe, roles: z.array(Role), groups: z.array(text), disabled: z.boolean(), secondFactor: z.boolean(),
}).openapi("Person");
export const personOut = ({ totp, ...p }: Person): z.input<typeof PersonOut> => ({ ...p, roles: [...p.roles], groups: [...p.groups], secondFactor: totp });

export const KeyOut = z.object({ fingerprint: text, label: text, key: text }).openapi("SshKey");
export const GroupOut = z.object({ id: text, name: text, members: z.array(text) }).openapi("Group");

export const TokenOut = z.object({ id: text, label: text, readOnly: z.boolean(), networks: z.array(text), createdAt: When, expiresAt: When, usedAt: When, revokedAt: When }).openapi("Token");
export const tokenOut = (t: Token): z.input<typeof TokenOut> =>
  ({ ...t, networks: [...t.networks], createdAt: iso(t.createdAt), expiresAt: iso(t.expiresAt), usedAt: iso(t.usedAt), revokedAt: iso(t.revokedAt) });

export const PolicyOut = z.object({ id: text, name: text, active: z.boolean(), terms: PolicyTerms, binding: PolicyBinding }).openapi("Policy");
export const policyOut = (p: Policy): z.input<typeof PolicyOut> => p as z.input<typeof PolicyOut>;

export const TargetOut = z.object({
  id: text, name: text, platform: text, host: text, port: z.int(), through: z.array(text).openapi({ description: "ids of the agents or gateways it is reached through, in the order in which they are tried; empty: directly" }), settings: z.record(z.string(), z.unknown()), fingerprints: z.array(text), owner: maybe, tags: z.array(text),
  administrative: maybe, reconcile: maybe, identityNo: z.int(), identityHash: text, locked: z.boolean(),
}).openapi("Target");
/** Of a host key line; what is no key stands as it is. */
export const fingerprintOf = (key: string): string => { try { return readPublicKey(key).fingerprint; } catch { return key; } };
export const targetOut = (t: Target): z.input<typeof TargetOut> => ({ ...t, through: [...throughOf(t)], tags: [...t.tags], fingerprints: [...pinsOf(t).map(fingerprintOf), ...desktopPins(t)] });

const StandingOut = z.object({ word: text, by: maybe, until: When, why: maybe }).openapi("Standing");
const standingOut = (s: Standing): z.input<typeof StandingOut> =>
  ({ word: s.word, by: "by" in s ? s.by : null, until: "until" in s ? iso(s.until) : null, why: "why" in s ? s.why : null });

const OfferOut = z.object({ id: text, name: text, preset: text, maxMinutes: z.int(), approvals: z.int(), reasonMin: z.int(), ticketPattern: text }).openapi("Offer");
export const AccountOut = z.object({
  id: text, name: text, login: text, target: z.object({ id: text, name: text, platform: text, tags: z.array(text), sessions: z.boolean() }), standing: StandingOut, credential: text, block: text, passwordPolicy: text.openapi({ description: "the one in force" }), passwordPolicyFrom: z.enum(["account", "target", "platform", "default"]), tags: z.array(text),
  rotatedAt: When, verifiedAt: When, manage: z.boolean(), offers: z.array(OfferOut),
}).openapi("Account");
export const nameOf = (a: Pick<Account, "name">, t: Pick<Target, "name">): string => `${a.name}@${t.name}`;
export const accountOut = ({ account: a, target: t, standing, offers, manage, password }: AccountCard): z.input<typeof AccountOut> => ({
  id: a.id, name: nameOf(a, t), login: a.name, target: { id: t.id, name: t.name, platform: t.platform, tags: [...t.tags], sessions: carriesSessions(t) }, standing: standingOut(standing), credential: a.credential, block: a.block,
  passwordPolicy: password.policy.name, passwordPolicyFrom: password.from, tags: [...a.tags], rotatedAt: iso(a.rotatedAt), verifiedAt: iso(a.verifiedAt), manage,
  offers: offers.map(({ id, name, terms: { preset, maxMinutes, approvals, reasonMin, ticketPattern } }) => ({ id, name, preset, maxMinutes, approvals, reasonMin, ticketPattern })),
});

export const RotationOut = z.object({
  id: text, account: text, state: text, done: z.boolean(), outcome: z.enum(["changed", "unchanged", "under_way", "settling"]), trigger: text, reason: text, by: maybe, attempt: z.int(), why: maybe, nextAt: When, openedAt: When, endedAt: When,
  order: z.object({ state: z.enum(["wished", "sent", "placed", "called", "over"]), agent: text, wanted: When, due: When, expires: When }).nullable().openapi({ description: "left with the machine's agent for the end of a use: it sets the password at `due` by itself, and never from `expires` on" }),
}).openapi("Rotation");
export const rotationOut = ({ rotation: r, openedAt, account }: RotationRow): z.input<typeof RotationOut> => ({
  id: r.id, account, state: r.state, done: r.state === "committed" || r.state === "refused", outcome: outcomeOf(r).word, trigger: r.trigger, reason: r.reason, by: r.by, attempt: r.attempt, why: r.why,
  nextAt: iso(r.nextAt), openedAt: iso(openedAt), endedAt: "endedAt" in r ? iso(r.endedAt) : null,
  order: r.order && { state: r.order.state, agent: r.order.agent, wanted: iso(r.order.wanted), due: iso("due" in r.order ? r.order.due : null), expires: iso("expires" in r.order ? r.order.expires : null) },
});

const plain = z.record(z.string(), z.unknown());
export const EventOut = z.object({
  no: z.int(), index: z.int().nullable(), id: text, at: When, what: text, who: plain, about: z.record(z.string(), z.string()), outcome: text, why: maybe, facts: plain.nullable(), hash: maybe,
}).openapi("Event");
export const eventOut = (e: EventRow): z.input<typeof EventOut> => ({
  no: e.row, index: e.index, id: e.id, at: iso(e.at), what: e.what, who: e.who as Record<string, unknown>, about: e.about, outcome: e.outcome, why: e.why, facts: e.facts as Record<string, unknown> | null, hash: e.hash,
});

export const ChangeOut = z.object({ id: text, author: text, subject: text, what: text, at: When }).openapi("Change");
export const changeOut = ({ id, author, subject, what, at }: OpenChange): z.input<typeof ChangeOut> => ({ id, author, subject, what, at: iso(at) });

export const TicketOut = z.object({ ticket: text, expiresAt: When, socket: text, protocol: text }).openapi("Ticket");
export const ticketOut = ({ ticket, expiresAt }: Issued, kind: SocketKind): z.input<typeof TicketOut> => ({ ticket, expiresAt: iso(expiresAt), socket: SOCKETS[kind].path, protocol: SOCKETS[kind].protocol });
