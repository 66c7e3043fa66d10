/** API tokens: a login without a browser. Rule: shown once, stored hashed, and never wider than the person behind them. */
import { z } from "zod";
import { Fault } from "../kernel/fault.ts";
import { newId, type TokenId } from "../kernel/ids.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Person } from "../domain/person.ts";
import * as people from "../store/people.ts";
import * as tokens from "../store/tokens.ts";
import type { From, IdentityDeps } from "./deps.ts";
import { actorOf } from "./login.ts";
import { isFrom, isNetwork } from "../domain/networks.ts";
import { newToken, tokenHash } from "./secrets.ts";

export type { Token } from "../store/tokens.ts";
type Deps = Pick<IdentityDeps, "db" | "random" | "record">;

export const TokenInput = z.object({
  label: z.string().trim().min(1, "give it a name").max(80),
  days: z.coerce.number().int().min(1).max(365).default(30),
  readOnly: z.boolean().default(false),
  networks: z.array(z.string().refine(isNetwork, "not an address or network such as 10.0.0.0/8")).max(20).default([]),
});
export type TokenInput = z.infer<typeof TokenInput>;

export type Made = { readonly token: Secret; readonly made: tokens.Token };

export const makeToken = (deps: Deps, person: Person, input: TokenInput, from: From): Promise<Made> => deps.db.transaction(async (tx) => {
  const { token, hash } = newToken(deps.random);
  const { label, readOnly, networks, days } = input;
  const row = { id: newId("token", deps.random), person: person.id, label, readOnly, networks, createdAt: tx.now, expiresAt: new Date(tx.now.getTime() + days * 86_400_000) };
  await tokens.add(tx, row, hash);
  await deps.record(tx, { what: "token.made", who: actorOf(person, from), about: { person: person.id, token: row.id }, outcome: "ok", facts: { label, readOnly, days, networks: networks.join(" ") } });
  return { token, made: { ...row, usedAt: null, revokedAt: null } };
});

export const tokensOf = (deps: Pick<Deps, "db">, person: Person): Promise<tokens.Token[]> => tokens.ofPerson(deps.db, person.id);

export const revokeToken = (deps: Deps, person: Person, id: TokenId, from: From): Promise<void> => deps.db.transaction(async (tx) => {
  if (!await tokens.revoke(tx, person.id, id)) throw new Fault("not_found", "You have no such token, or it was revoked before.");
  await deps.record(tx, { what: "token.revoked", who: actorOf(person, from), about: { person: person.id, token: id }, outcome: "ok" });
});

export type Bearer = { readonly person: Person; readonly token: tokens.Token };
const STALE = 60_000;

/** Null: no such token, revoked, expired, from another network, or its person is disabled; a stranger is not told which. */
export const bearer = async (deps: Pick<IdentityDeps, "db" | "recall">, token: Secret, address: string): Promise<Bearer | null> => {
  const hash = tokenHash(token), mark = deps.recall?.mark() ?? 0, proven = await proof(deps, hash, address);
  if (proven) deps.recall?.keep(hash, proven, mark); else deps.recall?.drop(hash);
  return proven;
};
/** The same while the database is away: who was proven a moment ago. */
export const recalledBearer = ({ recall }: Pick<IdentityDeps, "recall">, token: Secret, address: string): Bearer | null => {
  const found = recall?.find(tokenHash(token));
  return found && "token" in found && isFrom(address, found.token.networks) ? found : null;
};
const proof = async (deps: Pick<Deps, "db">, hash: string, address: string): Promise<Bearer | null> => {
  const found = await tokens.byHash(deps.db, hash);
  if (!found || found.revokedAt || !isFrom(address, found.networks)) return null;
  const person = await people.find(deps.db, found.person);
  if (!person || person.disabled) return null;
  return deps.db.transaction(async (tx) => {
    if (found.expiresAt <= tx.now) return null;
    if (!found.usedAt || tx.now.getTime() - found.usedAt.getTime() > STALE) await tokens.used(tx, found.id);
    return { person, token: found };
  });
};
