/**
 * Idempotency-Key: the same POST again gets the same answer. Rule: only successes are kept, never one that shows a secret; a key names one
 * request.
 */
import { createHash } from "node:crypto";
import { Fault } from "../../kernel/fault.ts";
import type { PersonId } from "../../kernel/ids.ts";
import { canonical } from "../../domain/audit.ts";
import type { ApiCtx, ApiDeps } from "./deps.ts";

export type Answer = { readonly status: number; readonly body: string };
/** Fields that hold a secret leave no trace in the hash: a stored digest of a password could be guessed at. */
const SECRET_FIELDS = ["password"];

const hashOf = async (c: ApiCtx): Promise<string> => {
  const body: unknown = (await c.req.text()) === "" ? null : await c.req.json();
  const rest =
    body !== null && typeof body === "object" ? Object.fromEntries(Object.entries(body).filter(([k]) => !SECRET_FIELDS.includes(k))) : body;
  return createHash("sha256")
    .update(`${c.req.method} ${c.req.path}\n${canonical(rest)}`)
    .digest("hex");
};

/** Being worked on in this process: a second one at the same time must not run too. */
const running = new Set<string>();

export const once = async (
  c: ApiCtx,
  deps: ApiDeps,
  person: PersonId,
  key: string,
  work: () => Promise<Answer>,
): Promise<Answer & { replayed: boolean }> => {
  if (!/^[\x21-\x7e]{1,200}$/.test(key)) throw new Fault("invalid", "An Idempotency-Key is 1 to 200 visible ASCII characters.");
  const { shelf } = deps,
    mark = `${person}:${key}`,
    hash = await hashOf(c),
    known = await shelf.reply(person, key);
  if (known && known.hash !== hash) throw new Fault("invalid", "This Idempotency-Key was used for another request. Take a new one.");
  if (known) return { status: known.status, body: known.body, replayed: true };
  if (running.has(mark)) throw new Fault("conflict", "The same request is being worked on right now. Ask again in a moment.");
  running.add(mark);
  try {
    const answer = await work();
    await shelf.keepReply(person, key, { hash, ...answer });
    return { ...answer, replayed: false };
  } finally {
    running.delete(mark);
  }
};
