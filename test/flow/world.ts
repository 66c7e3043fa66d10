/** The verbs of the story with real vault, journal and database, and no target at all. Rule: what touches the connector or the link here fails the test that did it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { connector } from "../../src/connectors/connector.ts";
import type { Account } from "../../src/domain/account.ts";
import type { Role } from "../../src/domain/person.ts";
import type { Policy, PolicyBinding, PolicyTerms, Preset } from "../../src/domain/policy.ts";
import { KeyFiles } from "../../src/flow/broker-key-files.ts";
import { addAccount } from "../../src/flow/accounts.ts";
import { ask } from "../../src/flow/ask.ts";
import { noTunnel, type Bus, type Deps } from "../../src/flow/deps.ts";
import { putPolicy } from "../../src/flow/people.ts";
import type { Caller } from "../../src/flow/record.ts";
import { keepVersion } from "../../src/flow/secrets.ts";
import { openKeys } from "../../src/flow/startup.ts";
import { addTarget } from "../../src/flow/targets.ts";
import { vote } from "../../src/flow/vote.ts";
import { systemClock, systemRandom } from "../../src/kernel/clock.ts";
import { newId, type AccountId, type PersonId, type RequestId, type TargetId } from "../../src/kernel/ids.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { times } from "../../src/kernel/times.ts";
import * as accounts from "../../src/store/accounts.ts";
import type { Db } from "../../src/store/db.ts";
import * as events from "../../src/store/events.ts";
import * as people from "../../src/store/people.ts";
import { Journal } from "../../src/vault/journal.ts";
import { fileKek } from "../../src/vault/kek/file.ts";
import { Keyring } from "../../src/vault/keyring.ts";
import { run } from "../store/rows.ts";

export type Cut = { readonly session: string; readonly why: string; readonly message: string };
type Facts = { readonly mail?: string; readonly subject?: string; readonly employeeNo?: string };
export type World = {
  readonly deps: Deps; readonly db: Db; readonly cuts: Cut[]; readonly touches: string[];
  /** The seed people: operator is admin and user, auditor audits. */
  readonly operator: Caller; readonly second: Caller; readonly auditor: Caller; readonly requester: Caller; readonly approver: Caller; readonly outsider: Caller;
  person(roles: readonly Role[], facts?: Facts, name?: string): Promise<Caller>;
  /** As the row says now: roles, groups and ties may have changed since. */
  again(c: Caller): Promise<Caller>;
  /** Makes a new account managed: PASSWORD is current, nothing is due. */
  inSync(account: Account): Promise<void>;
  /** A managed account, in sync, on a target of its own; nothing due. */
  managed(preset?: Preset, terms?: Partial<PolicyTerms>, binding?: Partial<PolicyBinding>): Promise<Managed>;
  asked(m: Managed, by?: Caller, minutes?: number): Promise<RequestId>;
  approved(m: Managed, by?: Caller, minutes?: number): Promise<RequestId>;
  /** Moves a request's moments into the past: the clock is the database's, so the rows move. */
  late(id: RequestId, column: "expires_at" | "start_by" | "until"): Promise<void>;
  sql(text: string): Promise<Record<string, unknown>[]>;
  said(about: string): Promise<string[]>;
  close(): Promise<void>;
};
export type Managed = { readonly account: Account; readonly policy: Policy; readonly target: TargetId; readonly name: string; readonly targetName: string; now(): Promise<accounts.Guarded> };

export const PASSWORD = "Kept-Pw-1!x9Qz";
const nowhere = (touches: string[]) => {
  const touched = (verb: string) => () => { touches.push(verb); return Promise.reject(new Error("nothing may touch a target here")); };
  return connector({ platform: "nowhere", config: z.object({ hostKeys: z.array(z.string()).default([]) }), forbidden: /[\r\n]/, probe: touched("probe"), change: touched("change"), compare: touched("compare"), test: touched("test") });
};
const busOf = (): Bus => {
  const all = new Map<string, Set<() => void>>();
  return { publish: (t) => { for (const fn of all.get(t) ?? []) fn(); }, subscribe: (t, fn) => { const set = all.get(t) ?? new Set(); all.set(t, set.add(fn)); return () => void set.delete(fn); } };
};

const depsOn = async (db: Db, dir: string, cuts: Cut[], touches: string[], over: Partial<Deps>): Promise<Deps> => {
  const { journal } = await Journal.open(join(dir, "journal", "secrets.journal")), events = db.engine === "pglite" ? (await Journal.open(join(dir, "journal", "events.journal"))).journal : null;
  const known = new Map<string, Deps["connectors"] extends ReadonlyMap<string, infer C> ? C : never>([["nowhere", nowhere(touches) as never]]);
  const deps: Deps = {
    db, journal, eventJournal: events, keyring: new Keyring(fileKek(join(dir, "root.key"), systemRandom, true), systemRandom), connectors: known, adopt: (c) => void known.set(c.platform, c),
    link: () => { touches.push("link"); throw new Error("nothing may touch a target here"); }, pass: () => undefined, clock: systemClock, random: systemRandom, times: times(1), log: () => {}, bus: busOf(), node: "test", passive: { why: null }, epoch: { value: 1 }, mail: null, hooks: { loopback: true, post: () => Promise.reject(new Error("nothing is posted here")) }, site: { origin: "https://lockstep.test" }, recordings: dir, hands: new Map(), brokerKeys: new KeyFiles(join(dir, "agent_ed25519_key")), tunnel: noTunnel(),
    cut: (session, why, message) => { cuts.push({ session, why, message }); return Promise.resolve(true); }, moment: () => {}, ...over,
  };
  await openKeys(deps);
  return deps;
};

export const worldOn = async (db: Db, over: Partial<Deps> = {}): Promise<World> => {
  const dir = mkdtempSync(join(tmpdir(), "lockstep-flow-")), cuts: Cut[] = [], touches: string[] = [], deps = await depsOn(db, dir, cuts, touches, over);
  const word = () => newId("key", systemRandom).slice(4, 14);
  const person: World["person"] = async (roles, facts = {}, name = `p${word()}`) => {
    const id = newId("person", systemRandom) as PersonId;
    await db.transaction((tx) => people.add(tx, { id, name, fullName: name, mail: facts.mail ?? null, subject: facts.subject ?? null, employeeNo: facts.employeeNo ?? null, roles, disabled: false }, null));
    return { person: (await people.find(db, id))!, address: "127.0.0.1", means: "api" };
  };
  const [operator, second, auditor, requester, approver, outsider] = [
    await person(["admin", "user"], {}, "operator"), await person(["admin"], {}, "second"), await person(["auditor"], {}, "auditor"), await person(["user"], {}, "requester"), await person(["approver"], {}, "approver"), await person(["user"], {}, "outsider"),
  ];
  const inSync = async (account: Account): Promise<void> => db.transaction(async (tx) => {
    const version = await keepVersion(deps, tx, { account, secret: Secret.of(PASSWORD), status: "current", origin: "test", by: null });
    await accounts.credit(tx, account.id, { credential: "adopting" });
    await accounts.credit(tx, account.id, { credential: "in_sync", current: version.id, adopted: 2 });
  });
  const managed: World["managed"] = async (preset = "session", terms = {}, binding = {}) => {
    const targetName = `t${word()}`, target = await addTarget(deps, operator, { name: targetName, platform: "nowhere", host: "127.0.0.1", port: 9, settings: { hostKeys: ["ssh-ed25519 AAAA"] } });
    const account = await addAccount(deps, operator, { target: target.id, name: "app" });
    await inSync(account);
    const policy = await putPolicy(deps, second, { name: `pol ${targetName}`, terms: { preset, ...terms }, binding: { requesters: [requester.person.id, operator.person.id], approvers: [approver.person.id], targets: [targetName], ...binding } });
    return { account: (await accounts.find(db, account.id))!, policy, target: target.id, targetName, name: `app@${targetName}`, now: async () => (await accounts.find(db, account.id))! };
  };
  const asked: World["asked"] = (m, by = requester, minutes = 30) => ask(deps, by, { account: m.name, minutes, reason: "to look", ticket: "" });
  return {
    deps, db, cuts, touches, operator, second, auditor, requester, approver, outsider, person, inSync, managed, asked,
    again: async (c) => ({ ...c, person: (await people.find(db, c.person.id))! }),
    approved: async (m, by, minutes) => { const id = await asked(m, by, minutes); await vote(deps, approver, id, { decision: "approve" }); return id; },
    late: async (id, column) => void await run(db, `update requests set "${column}" = now() - interval '1 second' where id = '${id}'`),
    sql: (text) => run(db, text),
    said: async (about) => (await events.story(db, about)).map((e) => `${e.what} ${e.outcome}`),
    close: async () => { await deps.journal.close(); await deps.eventJournal?.close(); rmSync(dir, { recursive: true, force: true }); },
  };
};

/** Waits for what a verb left running behind its commit. */
export const settled = async (): Promise<void> => { for (let i = 0; i < 20; i++) await new Promise((r) => setImmediate(r)); };
export const usedNo = async (w: World, id: AccountId): Promise<number> => (await accounts.find(w.db, id))!.usedNo;
