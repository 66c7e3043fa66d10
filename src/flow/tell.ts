/** News for people, in the transaction of what they tell of. Rule: the event is written by the verb; here is the one seam where mail and chat will be queued. */
import type { AccountId, PersonId, RequestId } from "../kernel/ids.ts";
import type { Tx } from "../store/db.ts";
import type { Deps } from "./deps.ts";

export type News =
  /** To the policy's approvers and every auditor: shown on their home page until somebody has reviewed it. */
  | { readonly what: "break_glass"; readonly request: RequestId; readonly account: AccountId; readonly by: PersonId }
  /** To one person: the account is theirs to begin; or they rest while somebody waits. */
  | { readonly what: "offered" | "idle_warned"; readonly request: RequestId; readonly account: AccountId; readonly to: PersonId };

/** Wakes open pages; rows of an outbox will be written here, in this transaction. */
export const tell = (deps: Pick<Deps, "bus">, tx: Tx, news: News): void =>
  tx.onCommit(() => { deps.bus.publish(news.request); deps.bus.publish("news"); });
