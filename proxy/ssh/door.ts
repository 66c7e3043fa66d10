/** What the pieces of the dialogue share: the person's connection, and the broker's ear. Rule: types only. */
import type { Wish } from "../../src/domain/channels.ts";
import type { AskingAsk, AskingKind, AskingReply } from "../channel.ts";
import type { Deps } from "../deps.ts";
import type { Live } from "./upstream.ts";

export type Destination = { readonly account: string; readonly target: string };
/** What the dialogue needs of a person's connection (visit.ts). */
export type Door = {
  readonly deps: Deps; readonly login: string; to: Destination | undefined;
  /** Rejects with a Fault for the person. */
  live(wish: Wish): Promise<Live>;
};
/** The broker's answer to one of a terminal's messages; a refusal is thrown as a Fault for the person. */
export type Speak = <K extends AskingKind>(kind: K, message: Omit<AskingAsk<K>, "login" | "worker">) => Promise<Extract<AskingReply<K>,
  { ok: true }>>;
