/** What the verbs of the story may touch. Rule: wired by hand in app.ts; a verb names only what it needs of it. */
import type { Clock, Random } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import type { AgentId, SessionId, TargetId } from "../kernel/ids.ts";
import type { Link } from "../kernel/link.ts";
import type { Pass } from "../links/via.ts";
import type { Times } from "../kernel/times.ts";
import type { Connector } from "../connectors/connector.ts";
import type { Heard } from "../domain/agent.ts";
import type { EndedWhy } from "../domain/session.ts";
import type { Target } from "../domain/target.ts";
import type { Poster } from "../notify/hook.ts";
import type { Mailer } from "../notify/send.ts";
import type { Db } from "../store/db.ts";
import type { KeyFiles } from "./broker-key-files.ts";
import type { Hands } from "./hands.ts";
import type { Journal } from "../vault/journal.ts";
import type { Keyring } from "../vault/keyring.ts";

export type Log = (level: "debug" | "info" | "warn" | "error", message: string, facts?: Record<string, string | number | boolean | null>) => void;
/** In-process wake-ups. Topics are ids ("req_…", "acc_…") or "rotations", "events", "people", "deadlines". Losing one loses nothing: rows are the truth. */
export type Bus = { publish(topic: string): void; subscribe(topic: string, fn: () => void): () => void };
/** The moments at which chaos tests kill the process. Nothing in production listens. */
export type Moment =
  | "before_candidate" | "candidate_inserted" | "candidate_committed" | "journalled" | "prepared" | "applying" | "before_change" | "changed" | "change_noted"
  | "before_probe" | "probed" | "committing" | "committed" | "closing";
/** The same around what depends on a password: about to be done, and done with nothing written. */
export type DependentMoment = "dependent_begun" | "dependent_answered";
/** And around an order: about to leave, and answered with nothing written. */
export type OrderMoment = "order_sent" | "order_answered";

/** Agents and gateways connected to this node. */
export type Tunnel = {
  /** Rejects with Fault("unavailable") only where nothing of the ask has left us; the agent's own refusal is its Fault. */
  call(agent: AgentId, verb: string, ask: object, signal: AbortSignal): Promise<unknown>;
  /** Null: not connected here. */
  heard(agent: AgentId): Heard | null;
  /** Its connection ends at once. */
  drop(agent: AgentId): void;
};
/** Until the tunnel runs, and where none does. */
export const noTunnel = (): Tunnel => ({
  call: () => Promise.reject(new Fault("unavailable", "Agents cannot be reached: the broker's tunnel does not run.")), heard: () => null, drop: () => undefined,
});

export type Deps = {
  readonly db: Db;
  readonly keyring: Keyring;
  readonly journal: Journal;
  /** On the embedded database every event goes to a journal of its own too; null on PostgreSQL. */
  readonly eventJournal: Journal | null;
  readonly connectors: ReadonlyMap<string, Connector>;
  /** One more platform, or another text of one: an accepted command set. */
  readonly adopt: (c: Connector) => void;
  readonly link: (target: Pick<Target, "host" | "port" | "link">) => Link;
  /** For a session process: leads to this address through the target's agents, and nowhere else. undefined: it is reached directly. */
  readonly pass: (target: Pick<Target, "host" | "port" | "link">) => Pass | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly times: Times;
  readonly log: Log;
  readonly bus: Bus;
  readonly node: string;
  /** Why this broker touches nothing (restored or copied database), or null. */
  readonly passive: { why: string | null };
  readonly epoch: { value: number };
  /** Null: no mail server is set, and nobody is mailed. */
  readonly mail: Mailer | null;
  /** `loopback`: webhooks may lead to this machine. */
  readonly hooks: Poster & { readonly loopback: boolean };
  /** How people reach the portal, for links; empty until it listens. */
  readonly site: { origin: string };
  /** Cuts both legs of a session this node owns; false: not ours or gone. */
  readonly cut: (session: SessionId, why: EndedWhy, message: string) => Promise<boolean>;
  readonly tunnel: Tunnel;
  /** Those by which this broker proves itself to agents. */
  readonly brokerKeys: KeyFiles;
  /** Where this node keeps recordings. */
  readonly recordings: string;
  /** Lines to devices in people's hands on this node. */
  readonly hands: Hands;
  /** Set in a trial alone: here accounts that wait for one (block "untried") may be changed. */
  readonly trial?: TargetId;
  /** A method: who listens for the moments of rotations alone need not know the others. */
  moment(m: Moment | DependentMoment | OrderMoment): Promise<void> | void;
};

/** A cut after a commit: within a second, awaited by nobody; one that fails is logged, and the session's own lease ends it. */
export const cutSoon = (deps: Pick<Deps, "cut" | "log">, session: SessionId, message: string): void =>
  void deps.cut(session, "killed", message).catch((e: unknown) => deps.log("warn", `cut ${session}: ${e instanceof Error ? e.name : "error"}`));
