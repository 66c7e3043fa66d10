/** What the API needs beside WebDeps. Rule: what no verb or query gives yet comes in as a shelf, plaintext by the doors of web/release.tsx; app.ts hands both in. */
import type { Context } from "hono";
import type { PersonId, RotationId } from "../../kernel/ids.ts";
import type { Secret } from "../../kernel/secret.ts";
import type { Rotation } from "../../domain/rotation.ts";
import type { audit } from "../../flow/look.ts";
import type { Spooled } from "../../flow/backup.ts";
import type { Asker, Caller } from "../../flow/record.ts";
import type { Released } from "../../flow/release.ts";
import type { Operator } from "../../identity/operator.ts";
import type { Bearer, Made } from "../../identity/tokens.ts";
import type { MadeEnrolment } from "../../flow/agent-enrol.ts";
import type { Paste } from "../agent-line.ts";
import type { Env, WebDeps } from "../deps.ts";

export type EventRow = Awaited<ReturnType<typeof audit>>[number];
export type RotationRow = { readonly rotation: Rotation; readonly openedAt: Date; readonly account: string };
export type Reply = { readonly hash: string; readonly status: number; readonly body: string };

/** Each list asks may() for the caller; what it does not give is not in the answer. */
export type Shelf = {
  rotations(caller: Caller, account: string | undefined): Promise<readonly RotationRow[]>;
  rotation(caller: Caller, id: RotationId): Promise<RotationRow>;
  /** Replies already given under an Idempotency-Key. */
  reply(person: PersonId, key: string): Promise<Reply | null>;
  keepReply(person: PersonId, key: string, reply: Reply): Promise<void>;
};

/** src/web/release.tsx is the one web file that opens a Secret: these are its. Each wipes what it opened. */
export type Doors = { password(released: Released): string; others(released: Released): { no: number; says: string; password: string }[]; token(made: Made): string; /** One password generated for many accounts. */ shared(password: Secret): string; webhookKey(key: Secret): string; /** The token and the line it stands in. */ enrolment(made: MadeEnrolment, paste: Omit<Paste, "token">): { token: string; line: string } };

/** What only a broker on its own data directory has; absent where the API stands without one. */
export type Own = { readonly operator: Operator; backup(by: Asker): Promise<Spooled> };
export type ApiDeps = WebDeps & { readonly shelf: Shelf; readonly doors: Doors; readonly own?: Own };

/** `bearer` is null for a login session of the portal, and for the machine's operator. `holder` names the login session or token, for what is bound to it. */
export type Who<C extends Asker = Caller> = {
  readonly caller: C; readonly bearer: Bearer | null; readonly holder: string;
  /** As `Me`'s. */
  readonly recalled?: unknown;
};
export type ApiEnv = { Bindings: Env["Bindings"]; Variables: Env["Variables"] & { who: Who<Asker> } };
export type ApiCtx = Context<ApiEnv>;
