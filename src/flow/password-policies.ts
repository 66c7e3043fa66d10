/** Password policies: made, changed, bound to accounts, targets and platforms. Rule: law no-way-round-4: what lets weaker passwords through is noted in its transaction, and helps its author only once somebody else has confirmed it. */
import { Fault } from "../kernel/fault.ts";
import type { TargetId } from "../kernel/ids.ts";
import type { Account } from "../domain/account.ts";
import { may } from "../domain/may.ts";
import { loosens, PASSWORD_POLICIES, PasswordPolicy, type Bound } from "../domain/password-policy.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as policies from "../store/password-policies.ts";
import * as targets from "../store/targets.ts";
import type { Deps } from "./deps.ts";
import { noteChange } from "./four-eyes.ts";
import { actor, record, type Caller } from "./record.ts";

type Small = Pick<Deps, "db" | "random" | "eventJournal" | "bus">;
const manages = (caller: Caller): void => { if (!may(caller.person, "policy.manage")) throw new Fault("forbidden", "Only admins do that."); };

/** A name somebody chose, as it will be kept: "" and nothing are null, no binding of its own. */
export const knownPolicy = async (db: Reader, name: string | null | undefined): Promise<string | null> => {
  if (name === null || name === undefined || name === "") return null;
  const all = await policies.known(db);
  if (!all.has(name)) throw new Fault("invalid", `There is no password policy "${name}". Known: ${[...all.keys()].join(", ")}.`);
  return name;
};

export type PolicyLine = { readonly policy: PasswordPolicy; readonly builtIn: boolean; readonly uses: policies.Uses };
export const passwordPolicyList = async (db: Reader, caller: Caller): Promise<PolicyLine[]> => {
  if (!may(caller.person, "password_policy.see")) throw new Fault("forbidden", "Your roles do not allow this.");
  return Promise.all([...(await policies.known(db)).values()].map(async (policy) => ({ policy, builtIn: Object.hasOwn(PASSWORD_POLICIES, policy.name), uses: await policies.usesOf(db, policy.name) })));
};
export const platformBindings = async (db: Reader, caller: Caller): Promise<policies.Platforms> => {
  if (!may(caller.person, "password_policy.see")) throw new Fault("forbidden", "Your roles do not allow this.");
  return policies.platforms(db);
};

/** Adds one, or replaces the rules of one that was made here. The next change goes by it; passwords in force are listed as violations until then. */
export const putPasswordPolicy = (deps: Small, caller: Caller, raw: unknown): Promise<PasswordPolicy> => deps.db.transaction(async (tx) => {
  manages(caller);
  const p = PasswordPolicy.parse(raw);
  if (Object.hasOwn(PASSWORD_POLICIES, p.name)) throw new Fault("conflict", `${p.name} is built in and means the same everywhere: copy it under another name.`);
  await policies.gate(tx);
  const before = (await policies.known(tx)).get(p.name);
  await policies.put(tx, p);
  if (before && loosens(before, p)) await noteChange(deps, tx, caller, `password policy ${p.name}`, `password policy ${p.name} lets weaker passwords through`);
  const { name, ...rules } = p;
  await record(deps, tx, { what: "password_policy.changed", who: actor(caller), about: { password_policy: name }, outcome: "ok", facts: { added: before === undefined, ...rules } });
  tx.onCommit(() => deps.bus.publish("rotations"));
  return p;
});

export const removePasswordPolicy = (deps: Small, caller: Caller, name: string): Promise<void> => deps.db.transaction(async (tx) => {
  manages(caller);
  if (Object.hasOwn(PASSWORD_POLICIES, name)) throw new Fault("conflict", `${name} is built in.`);
  await policies.gate(tx);
  const u = await policies.usesOf(tx, name), used = [...u.platforms.map((p) => `the platform ${p}`), ...u.targets, ...(u.accounts > 0 ? [`${u.accounts} account${u.accounts === 1 ? "" : "s"}`] : [])];
  if (used.length > 0) throw new Fault("conflict", `${name} is in use by ${used.slice(0, 5).join(", ")}${used.length > 5 ? " and others" : ""}. Bind them to another one first.`);
  if (!(await policies.remove(tx, name))) throw new Fault("not_found", "No such password policy.");
  await record(deps, tx, { what: "password_policy.removed", who: actor(caller), about: { password_policy: name }, outcome: "ok" });
});

type Kind = "account" | "target" | "platform";
/** After the binding was written: what it means for those who go by it. */
const bound = async (deps: Small, tx: Tx, caller: Caller, to: { kind: Kind; subject: string; name: string }, name: string | null, was: Bound["policy"], is: Bound["policy"]): Promise<void> => {
  if (loosens(was, is)) await noteChange(deps, tx, caller, to.subject, `${to.kind} ${to.name} goes by the password policy ${is.name} instead of ${was.name}`);
  await record(deps, tx, { what: "password_policy.bound", who: actor(caller), about: { ...(to.kind === "platform" ? {} : { [to.kind]: to.subject }), password_policy: is.name }, outcome: "ok", facts: { kind: to.kind, name: to.name, bound: name, was: was.name } });
  tx.onCommit(() => deps.bus.publish("rotations"));
};

/** The caller holds the account's row and has asked may(). */
export const bindAccount = async (deps: Small, tx: Tx, caller: Caller, account: Account, wish: string | null): Promise<void> => {
  await policies.gate(tx);
  const name = await knownPolicy(tx, wish), target = (await targets.find(tx, account.target))!;
  if (name === account.passwordPolicy) return;
  const was = await policies.of(tx, account, target), is = await policies.of(tx, { passwordPolicy: name }, target);
  await accounts.change(tx, account.id, { passwordPolicy: name });
  await bound(deps, tx, caller, { kind: "account", subject: account.id, name: `${account.name}@${target.name}` }, name, was.policy, is.policy);
};
export const bindTarget = (deps: Small, caller: Caller, id: TargetId, wish: string | null): Promise<void> => deps.db.transaction(async (tx) => {
  await policies.gate(tx);
  const target = await targets.lock(tx, id), name = await knownPolicy(tx, wish), none = { passwordPolicy: null };
  if (!target || !may(caller.person, "target.manage", { owner: target.owner })) throw new Fault("not_found", "No such target.");
  if (name === target.passwordPolicy) return;
  const was = await policies.of(tx, none, target), is = await policies.of(tx, none, { ...target, passwordPolicy: name });
  await targets.change(tx, id, { passwordPolicy: name });
  await bound(deps, tx, caller, { kind: "target", subject: id, name: target.name }, name, was.policy, is.policy);
});
export const bindPlatform = (deps: Small & Pick<Deps, "connectors">, caller: Caller, platform: string, wish: string | null): Promise<void> => deps.db.transaction(async (tx) => {
  manages(caller);
  if (!deps.connectors.has(platform)) throw new Fault("not_found", `There is no platform "${platform}". Known: ${[...deps.connectors.keys()].join(", ")}.`);
  await policies.gate(tx);
  const name = await knownPolicy(tx, wish), of = { passwordPolicy: null, platform }, was = await policies.of(tx, of, of);
  await policies.bindPlatform(tx, platform, name);
  await bound(deps, tx, caller, { kind: "platform", subject: `platform ${platform}`, name: platform }, name, was.policy, (await policies.of(tx, of, of)).policy);
});
