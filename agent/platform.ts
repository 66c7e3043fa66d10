/**
 * What an agent needs of the machine it stands on. Rule: one such object for each kind of machine, chosen in platforms.ts and nowhere else; what a
 * machine cannot do is said by a sentence, and nothing of it is half done. Fences and sealed boxes are none of its business (change.ts).
 */
import type { ChangeResult, CompareResult, FoundAccount, NotTold, TargetRules } from "../src/connectors/connector.ts";
import type { Random } from "../src/kernel/clock.ts";
import type { Secret } from "../src/kernel/secret.ts";

/** Where agent.conf stands, and the folder of what it keeps. */
export type Places = { readonly conf: string; readonly state: string };
/** The moments at which tests kill the process. Nothing in production listens. */
export type Moment = "asked" | "fenced" | "before_chpasswd" | "after_chpasswd" | "read_back"
  | "order_fenced" | "order_kept" | "order_due" | "order_begun" | "order_made" | "order_ended";
export type Listed = FoundAccount & { readonly keys?: readonly string[] };
export type Found = { readonly says: string } | { readonly wrong: string; readonly hint: string };
/** What a program that is set to start with the machine has written and done, told line by line. */
export type Service = {
  install(say: (line: string) => void, self: string, signal: AbortSignal): Promise<void>;
  /** Ends it, and takes away what install wrote. */
  uninstall(say: (line: string) => void, signal: AbortSignal): Promise<void>;
};
/** `dir`: a folder that is closed to everybody else, for what a tool of the machine puts down meanwhile. */
export type Hand = { readonly random: Random; readonly dir: string; readonly moment: (m: Moment) => void };

export type Platform = {
  readonly name: "linux" | "macos" | "windows";
  readonly places: Places;
  /** Every local account, or a Fault: a list that came in part is none. */
  list(signal: AbortSignal): Promise<Listed[]>;
  /** What people read of the machine. */
  facts(): Record<string, string | number | boolean | null>;
  /** Of the machine's own SSH server: sessions are pinned by them. */
  sshKeys(): string[];
  /** Is there a local account of this very name, letter for letter? A second spelling of one account would have a fence of its own. */
  has(account: string, signal: AbortSignal): Promise<boolean | NotTold>;
  compare(account: string, secrets: readonly Secret[], hand: Pick<Hand, "dir">, signal: AbortSignal): Promise<CompareResult>;
  /** "done" is said only of what the machine then shows; "refused" only where its passwords are as they were. */
  set(account: string, to: Secret, hand: Hand, signal: AbortSignal): Promise<ChangeResult>;
  endLogins(account: string, signal: AbortSignal): Promise<{ ended: number } | { unknown: string }>;
  rules(account: string, signal: AbortSignal): Promise<{ rules: TargetRules } | { unknown: string }>;
  /** Is this process allowed to set passwords? `uid`: whose it is, where a machine has such numbers. */
  rights(uid: number, signal: AbortSignal): Promise<Found>;
  /** Could a password be set now? Sets none. */
  writable(signal: AbortSignal): Promise<Found>;
  /** Where a file's mode closes nothing: closes the folder, made if need be, to all but the machine's administrators. Throws Fault. */
  close?(dir: string, signal: AbortSignal): Promise<void>;
  /** And whether it is. */
  closed?(dir: string, signal: AbortSignal): Promise<Found>;
  /** How a person starts it, reads its log, sets the clock: ends a sentence. */
  readonly hints: { readonly root: string; readonly start: string; readonly log: string; readonly clock: string };
  readonly service: Service;
};
export const NO_ACCOUNT = "this machine has no such local account";
