/** What the API needs beside WebDeps. Rule: reads that no verb of flow gives yet come in as a shelf, plaintext by the doors; what is not wired answers 503, never half. */
import type { Context } from "hono";
import { Fault } from "../../kernel/fault.ts";
import type { PersonId, RotationId } from "../../kernel/ids.ts";
import type { Person } from "../../domain/person.ts";
import type { Policy } from "../../domain/policy.ts";
import type { Rotation } from "../../domain/rotation.ts";
import type { Target } from "../../domain/target.ts";
import type { audit } from "../../flow/look.ts";
import type { Caller } from "../../flow/record.ts";
import type { Released } from "../../flow/release.ts";
import type { Bearer, Made } from "../../identity/tokens.ts";
import type { Env, WebDeps } from "../deps.ts";

export type EventRow = Awaited<ReturnType<typeof audit>>[number];
export type GroupRow = { readonly id: string; readonly name: string; readonly members: readonly string[] };
export type KeyRow = { readonly fingerprint: string; readonly key: string; readonly label: string };
export type ChangeRow = { readonly id: string; readonly author: string; readonly subject: string; readonly what: string; readonly at: Date };
export type RotationRow = { readonly rotation: Rotation; readonly openedAt: Date; readonly account: string };
export type Reply = { readonly hash: string; readonly status: number; readonly body: string };

/** Lists by noun. Each asks may() for the caller; what it does not give is not in the answer. */
export type Shelf = {
  people(caller: Caller): Promise<readonly Person[]>;
  groups(caller: Caller): Promise<readonly GroupRow[]>;
  keys(caller: Caller, person: PersonId): Promise<readonly KeyRow[]>;
  policies(caller: Caller): Promise<readonly Policy[]>;
  targets(caller: Caller): Promise<readonly Target[]>;
  changes(caller: Caller): Promise<readonly ChangeRow[]>;
  rotations(caller: Caller, account: string | undefined): Promise<readonly RotationRow[]>;
  rotation(caller: Caller, id: RotationId): Promise<RotationRow>;
  /** In index order, for export: the rows after index `after` (-1 = from the first). */
  chained(caller: Caller, after: number, limit: number): Promise<readonly EventRow[]>;
  /** Replies already given under an Idempotency-Key. */
  reply(person: PersonId, key: string): Promise<Reply | null>;
  keepReply(person: PersonId, key: string, reply: Reply): Promise<void>;
};

/** src/web/release.tsx is the one web file that opens a Secret: these two are its. Each wipes what it opened. */
export type Doors = { password(released: Released): string; token(made: Made): string };

export type ApiDeps = WebDeps & { readonly shelf?: Shelf | undefined; readonly doors?: Doors | undefined };

export const shelfOf = (deps: ApiDeps): Shelf => {
  if (!deps.shelf) throw new Fault("unavailable", "This part of the API is not wired in this broker.");
  return deps.shelf;
};
export const doorsOf = (deps: ApiDeps): Doors => {
  if (!deps.doors) throw new Fault("unavailable", "This part of the API is not wired in this broker.");
  return deps.doors;
};

/** `bearer` is null for a login session of the portal. */
export type Who = { readonly caller: Caller; readonly bearer: Bearer | null };
export type ApiEnv = { Bindings: Env["Bindings"]; Variables: Env["Variables"] & { who: Who } };
export type ApiCtx = Context<ApiEnv>;
