/** What the broker remembers of itself: wrapped keys, the epoch, replies already given. Rule: keys arrive wrapped. */
import { and, asc, eq, lt } from "drizzle-orm";
import type { KeyId } from "../kernel/ids.ts";
import type { Reader, Tx } from "./db.ts";
import { keyring, meta, replies } from "./schema.ts";

export type WrappedKey = { readonly id: KeyId; readonly purpose: string; readonly no: number; readonly wrapped: Buffer; readonly kek: string };
export const keys = async ({ q }: Reader): Promise<WrappedKey[]> => (await q.select().from(keyring).orderBy(asc(keyring.purpose), asc(keyring.no))).map((k) => ({ ...k, id: k.id as KeyId }));
/** False: another node made this number first; read again. */
export const addKey = async (tx: Tx, k: WrappedKey): Promise<boolean> => (await tx.q.insert(keyring).values({ ...k, createdAt: tx.now }).onConflictDoNothing().returning({ id: keyring.id })).length === 1;

export const remembered = async ({ q }: Reader, key: string): Promise<string | null> => (await q.select({ value: meta.value }).from(meta).where(eq(meta.key, key)))[0]?.value ?? null;
export const remember = async (tx: Tx, key: string, value: string): Promise<void> => void await tx.q.insert(meta).values({ key, value }).onConflictDoUpdate({ target: meta.key, set: { value } });

export type Reply = { readonly hash: string; readonly status: number; readonly body: string };
export const reply = async ({ q }: Reader, person: string, key: string): Promise<Reply | null> => (await q.select().from(replies).where(and(eq(replies.key, `${person}:${key}`))))[0] ?? null;
export const addReply = async (tx: Tx, person: string, key: string, r: Reply): Promise<void> => void await tx.q.insert(replies).values({ key: `${person}:${key}`, person, ...r, at: tx.now }).onConflictDoNothing();
export const forgetReplies = async (tx: Tx, before: Date): Promise<void> => void await tx.q.delete(replies).where(lt(replies.at, before));
