/** What logging in needs. Rule: it is handed in; identity sees neither the vault nor the story. */
import type { Clock, Random } from "../kernel/clock.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Times } from "../kernel/times.ts";
import type { Actor, AuditEvent } from "../domain/audit.ts";
import type { Db, Tx } from "../store/db.ts";
import type { Authorities } from "./authorities.ts";
import type { Recall } from "./recall.ts";
import type { Cost } from "./secrets.ts";
import type { Turns } from "./turns.ts";

/** The keyring's `sealFor`/`openFor`: TOTP keys, bound to the person by the context. */
export type Vaulted = {
  seal(purpose: "sessions", context: string, secret: Secret): Buffer;
  open(purpose: "sessions", context: string, box: Buffer): Secret;
};

export type IdentityDeps = {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: Random;
  readonly times: Times;
  readonly vaulted: Vaulted;
  /** Appends an event in the transaction of its step (flow/record.ts). */
  readonly record: (tx: Tx, event: AuditEvent) => Promise<void>;
  /** Argon2id's cost; absent = `COST`. */
  readonly cost?: Cost;
  /** Shown in the authenticator app. */
  readonly issuer: string;
  readonly gate: Gate;
  readonly turns: Turns;
  /** Certificate authorities for SSH; absent = none. Throws when they cannot be read. */
  readonly authorities?: () => Authorities;
  /** Absent = nobody is remembered, and nothing works without the database. */
  readonly recall?: Recall;
};

/** Who has failed too often, by address. In memory: a restart forgives addresses, never people (people.locked_until). */
export type Gate = {
  /** False: this address must wait. */
  open(address: string): Promise<boolean>;
  /** True: this failure closed the gate. */
  failed(address: string): Promise<boolean>;
};

export type Means = Extract<Actor, { kind: "person" }>["means"];
export type From = { readonly address: string; readonly means: Means };
