/** Targets: added with a pinned identity, changed under four eyes. Rule: the key is fetched and shown here, never in the data path. */
import { isDeepStrictEqual } from "node:util";
import type { z } from "zod";
import { Fault } from "../kernel/fault.ts";
import { newId, type AccountId, type PersonId, type TargetId } from "../kernel/ids.ts";
import { sha256Hex } from "../crypto/envelope.ts";
import { may } from "../domain/may.ts";
import { has } from "../domain/person.ts";
import { COMMAND_SETS, platformOf } from "../domain/platform.ts";
import { identityText, TargetInput, throughOf, type Target } from "../domain/target.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as people from "../store/people.ts";
import * as targets from "../store/targets.ts";
import type { Deps } from "./deps.ts";
import { noteChange, noteCoverage } from "./four-eyes.ts";
import { linkNamed } from "./through.ts";
import { liftFrom, setLock } from "./lock.ts";
import { actor, record, type Caller } from "./record.ts";
import type { Connector, Pin } from "../connectors/connector.ts";

type Small = Pick<Deps, "db" | "random" | "eventJournal" | "bus" | "connectors" | "link" | "times" | "cut" | "log">;
export const hashIdentity = (t: Parameters<typeof identityText>[0]): string => sha256Hex(identityText(t));

/** What the target proves itself by right now (an SSH host key line), read without any credential, for a person to compare and confirm. */
export const readIdentity = async (deps: Pick<Small, "db" | "connectors" | "link" | "times">, caller: Caller, at: Place): Promise<{ identity: string } & Pin> => {
  if (!may(caller.person, "target.add")) throw new Fault("forbidden", "Only admins and owners add targets.");
  const c = connectorOf(deps, at.platform);
  if (!c.identity) throw new Fault("invalid", `Targets of the platform ${at.platform} have no key to read.`);
  const link = await linkNamed(deps.db, caller, at.through ?? []), identity = await c.identity(deps.link({ host: at.host, port: portOf(at), link }), AbortSignal.timeout(deps.times.targetDial));
  return { identity, ...pinOf(deps, at.platform, identity) };
};
type Place = { readonly platform: string; readonly host: string; readonly port?: number | undefined; readonly through?: readonly string[] | undefined };
export const portOf = (t: Pick<Place, "platform" | "port">): number => {
  const port = t.port ?? platformOf(t.platform).port;
  if (port === null) throw new Fault("invalid", "The port is missing.");
  return port;
};
/** What a person brought along, or looked at, as settings. */
export const pinOf = (deps: Pick<Deps, "connectors">, platform: string, identity: string): Pin => {
  const pin = connectorOf(deps, platform).pin?.(identity);
  if (!pin) throw new Fault("invalid", "This is no key or certificate that a target of this platform proves itself by.");
  return pin;
};
/** As the connector reads them, or every reason why they cannot be used there. */
const settingsFor = (c: Connector, raw: Record<string, unknown>, at: { host: string; port: number }): Record<string, unknown> => {
  const read = c.config.safeParse(raw);
  if (!read.success) throw new Fault("invalid", `The settings of this target are not complete: ${read.error.issues.map((i) => `${i.path.join(".")} ${i.message}`).join("; ")}`);
  const objection = c.objection?.(read.data, at);
  if (objection !== undefined) throw new Fault("invalid", `These settings cannot be used there: ${objection}.`);
  return read.data as Record<string, unknown>;
};

/** What is kept after an edit: what means the same as before stays as it was written, also where a later release has a setting more. */
const meant = (c: Connector, kept: Target["settings"], wished: Record<string, unknown> | undefined, at: { host: string; port: number }): Record<string, unknown> => {
  const read = settingsFor(c, wished ?? kept, at);
  return wished === undefined || isDeepStrictEqual(c.config.safeParse(kept).data, read) ? kept : wished;
};

export const addTarget = async (deps: Small, caller: Caller, raw: z.input<typeof TargetInput>): Promise<Target> => {
  const input = TargetInput.parse(raw), c = connectorOf(deps, input.platform);
  if (!may(caller.person, "target.add")) throw new Fault("forbidden", "Only admins and owners add targets.");
  if (c.unaided) throw new Fault("invalid", `${platformOf(input.platform).called}: such a target is made by its agent, at its first start. Add a host under Agents, or with: lockstep agent enroll --new`);
  const port = portOf(input), settings = settingsFor(c, input.settings, { host: input.host, port });
  const plain = { platform: input.platform, host: input.host, port, link: await linkNamed(deps.db, caller, input.through), settings };
  return deps.db.transaction(async (tx) => {
    const t: Target = { id: newId("target", deps.random), name: input.name, ...plain, owner: (input.owner as Target["owner"]) ?? caller.person.id, tags: input.tags, administrative: null, reconcile: null, identityNo: 1, identityHash: hashIdentity(plain), locked: false, passwordPolicy: null };
    await targets.add(tx, t, caller.person.id);
    await record(deps, tx, { what: "target.added", who: actor(caller), about: { target: t.id }, outcome: "ok", facts: { name: t.name, platform: t.platform, host: t.host, port: t.port, link: t.link, identity: t.identityHash } });
    return t;
  });
};

export const connectorOf = (deps: Pick<Deps, "connectors">, platform: string) => {
  const c = deps.connectors.get(platform);
  if (!c) throw new Fault("invalid", `There is no platform "${platform}". Known: ${[...deps.connectors.keys()].join(", ")}.`);
  return c;
};
/** What this person manages, by name. */
export const manageable = async (db: Reader, caller: Caller): Promise<Target[]> => (await targets.all(db)).filter((t) => may(caller.person, "target.manage", { owner: t.owner }));
export const visible = async (db: Reader, caller: Caller, id: TargetId): Promise<Target> => {
  const t = await targets.find(db, id);
  if (!t || !may(caller.person, "target.manage", { owner: t.owner })) throw new Fault("not_found", "No such target.");
  return t;
};

export type TargetChange = {
  /** From one command set to another: a device whose own set was written meanwhile. */
  readonly platform?: string | undefined;
  readonly host?: string | undefined; readonly port?: number | undefined; readonly settings?: Record<string, unknown> | undefined;
  /** Agents or gateways it is reached through from here on; empty: directly. */
  readonly through?: readonly string[] | undefined;
  readonly tags?: readonly string[] | undefined; readonly owner?: PersonId | null | undefined; readonly locked?: boolean | undefined;
  readonly administrative?: AccountId | null | undefined; readonly reconcile?: AccountId | null | undefined;
};
const ownerOf = async (tx: Tx, id: PersonId): Promise<void> => {
  const p = await people.find(tx, id);
  if (!p || p.disabled || !(has(p, "owner") || has(p, "admin"))) throw new Fault("invalid", "The owner must be an active person with the role owner or admin.");
};
/** The owner manages the target: whom it is given to waits for a second person too. */
const noteOwner = async (deps: Small, tx: Tx, caller: Caller, t: Target, owner: PersonId | null | undefined): Promise<void> => {
  if (owner === undefined || owner === t.owner) return;
  if (owner) await ownerOf(tx, owner);
  await noteChange(deps, tx, caller, t.id, `owner of ${t.name} changed`);
};
/** What decides where passwords go blocks the accounts until somebody else accepts; the rest applies at once, but tags that bring accounts under a policy help their author only once confirmed. */
export const changeTarget = async (deps: Deps, caller: Caller, id: TargetId, { locked, ...change }: TargetChange): Promise<Target> => {
  const seen = await visible(deps.db, caller, id), after = Object.keys(change).length > 0 ? await changeFacts(deps, caller, id, change) : seen;
  // A lock is a lock wherever it is set: flow/lock.ts.
  if (locked === undefined || locked === after.locked) return after;
  if (locked) await setLock(deps, caller, { kind: "target", subject: id, reason: "locked on the target's page" });
  else await liftFrom(deps, caller, "target", id, "");
  return (await targets.find(deps.db, id))!;
};
/** Between command sets only: anything else is another kind of target, which is added as one. */
const otherSet = (from: string, to: string): string => {
  if (from.startsWith(COMMAND_SETS) && to.startsWith(COMMAND_SETS)) return to;
  throw new Fault("invalid", `A target of the platform ${from} cannot become one of ${to}: only devices go from one command set to another.`);
};
/** Bound to the text a new target would be. */
const newest = ({ version: _version, ...settings }: Record<string, unknown>): Record<string, unknown> => settings;
const changeFacts = (deps: Small, caller: Caller, id: TargetId, change: Omit<TargetChange, "locked">): Promise<Target> => deps.db.transaction(async (tx) => {
  await targets.lock(tx, id);
  const t = await visible(tx, caller, id);
  const at = { host: change.host ?? t.host, port: change.port ?? t.port }, platform = change.platform ?? t.platform, moved = platform !== t.platform;
  const settings = moved ? settingsFor(connectorOf(deps, otherSet(t.platform, platform)), newest(change.settings ?? t.settings), at) : meant(connectorOf(deps, t.platform), t.settings, change.settings, at);
  if (settings["agent"] !== t.settings["agent"]) throw new Fault("invalid", "Which agent stands on a target is said on that agent's page: map it there.");
  const link = change.through === undefined || change.through.join(" ") === throughOf(t).join(" ") ? t.link : await linkNamed(tx, caller, change.through);
  const plain = { platform, ...at, link, settings };
  const identityHash = hashIdentity(plain);
  if (identityHash !== t.identityHash) {
    await targets.setIdentity(tx, id, { ...plain, identityHash }, caller.person.id);
    await accounts.blockForIdentity(tx, id);
    await record(deps, tx, { what: "target.identity_changed", who: actor(caller), about: { target: id }, outcome: "ok", why: moved ? "it goes by another command set" : link === t.link ? "its address or pinned key was edited" : "it is reached another way", facts: { from: t.identityHash, to: identityHash } });
  }
  if (moved) await noteCoverage(deps, tx, caller, await accounts.onTarget(tx, id), t, { ...t, platform });
  await noteOwner(deps, tx, caller, t, change.owner);
  for (const role of ["administrative", "reconcile"] as const) {
    const account = change[role];
    if (account && (await accounts.find(tx, account))?.target !== id) throw new Fault("invalid", "The account that changes the others must be one of this target's own.");
  }
  const after = (role: "administrative" | "reconcile"): AccountId | null => (change[role] === undefined ? t[role] : change[role] ?? null);
  if (after("reconcile") !== null && after("reconcile") === after("administrative")) throw new Fault("invalid", "law A1: an account cannot be its own reconcile credential. Name another one.");
  const set = Object.fromEntries((["tags", "owner", "administrative", "reconcile"] as const).filter((k) => change[k] !== undefined).map((k) => [k, change[k]]));
  if (Object.keys(set).length > 0) {
    await targets.change(tx, id, set);
    if (change.tags) await noteCoverage(deps, tx, caller, await accounts.onTarget(tx, id), t, { ...t, tags: change.tags });
    await record(deps, tx, { what: "target.changed", who: actor(caller), about: { target: id }, outcome: "ok", facts: Object.fromEntries(Object.entries(set).map(([k, v]) => [k, Array.isArray(v) ? v.join(",") : (v as string | null)])) });
  }
  return (await targets.find(tx, id))!;
});
