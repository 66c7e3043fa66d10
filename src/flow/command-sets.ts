/**
 * Command sets of our own: proposed by one, accepted by another. Rule: law no-way-round-3: a set is code, so one that nobody else accepted is
 * inert, and a target goes on with the very text it was bound to.
 */
import { sha256Hex } from "../crypto/envelope.ts";
import { commandSet, PREFIX } from "../connectors/command-set.ts";
import { shippedSets } from "../connectors/command-set/shipped.ts";
import type { Connector } from "../connectors/connector.ts";
import { mistakeText, parseCommandSet, type CommandSet, type Grade, type KeptSet, type Mistake } from "../domain/command-set/index.ts";
import { may } from "../domain/may.ts";
import { samePerson } from "../domain/person.ts";
import { platformOf } from "../domain/platform.ts";
import { Fault } from "../kernel/fault.ts";
import type { Reader } from "../store/db.ts";
import * as sets from "../store/command-sets.ts";
import * as people from "../store/people.ts";
import type { Deps } from "./deps.ts";
import { actor, record, type Caller } from "./record.ts";

type Small = Pick<Deps, "db" | "random" | "eventJournal" | "bus" | "connectors" | "adopt" | "log">;
const sees = (caller: Caller): void => { if (!may(caller.person, "platform.see")) throw new Fault("forbidden", "Command sets are for admins, owners and auditors."); };

export type SetLine = {
  readonly platform: string; readonly called: string; readonly one: string; readonly grade: Grade; readonly over: readonly string[]; readonly about: string; readonly body: string;
  /** null: it came with Lockstep. */
  readonly kept: (KeptSet & { readonly byName: string; readonly acceptedByName: string | null; readonly mayAccept: boolean }) | null;
};
type Shown = Pick<CommandSet, "set" | "called" | "one" | "grade" | "about"> & { readonly over: readonly string[] };
const lineOf = (set: Shown, body: string, kept: SetLine["kept"]): SetLine =>
  ({ platform: `${PREFIX}${set.set}`, called: set.called, one: set.one, grade: kept === null ? set.grade : "draft", over: set.over, about: set.about, body, kept });
const read = (body: string): CommandSet => { const r = parseCommandSet(body); if ("mistakes" in r) throw new Error(r.mistakes.map(mistakeText).join("; ")); return r.set; };

/** Those that came with Lockstep, then our own, oldest first. */
export const commandSetList = async (db: Reader, caller: Caller): Promise<SetLine[]> => {
  sees(caller);
  const everyone = await people.byId(db), own = await sets.all(db);
  const keptLine = (k: KeptSet): SetLine => {
    const mine = samePerson(everyone.get(k.by)!, caller.person), parsed = parseCommandSet(k.body);
    // Written for an older version, say: it is shown, and is no platform.
    const set = "set" in parsed ? parsed.set : { set: k.name, called: `${k.name} (cannot be read any more)`, one: "a device", grade: "draft" as const, over: [], about: "" };
    return lineOf(set, k.body, { ...k, byName: everyone.get(k.by)?.name ?? "", acceptedByName: k.accepted && (everyone.get(k.accepted.by)?.name ?? ""),
      mayAccept: k.accepted === null && may(caller.person, "platform.accept") && (!mine || !hasOther(everyone, caller)) });
  };
  return [...shippedSets().map(({ set, text }) => lineOf(set, text, null)), ...own.map(keptLine)];
};
type Everyone = Awaited<ReturnType<typeof people.byId>>;
const hasOther = (everyone: Everyone, caller: Caller): boolean => [...everyone.values()].some((p) => !samePerson(p, caller.person) && may(p, "platform.accept"));
export const oneCommandSet = async (db: Reader, caller: Caller, id: string): Promise<SetLine> => {
  const all = await commandSetList(db, caller), found = all.find((l) => l.kept?.hash === id) ?? all.findLast((l) => l.platform === id || l.platform === `${PREFIX}${id}`);
  if (!found) throw new Fault("not_found", "No such command set.");
  return found;
};

/** What is wrong with a text, in its lines; empty: it could be proposed. */
export const checkCommandSet = (caller: Caller, body: string): readonly Mistake[] => {
  if (!may(caller.person, "platform.write")) throw new Fault("forbidden", "Only admins and owners write command sets.");
  const r = parseCommandSet(body);
  if ("mistakes" in r) return r.mistakes;
  const taken = shippedSets().some(({ set }) => set.set === r.set.set);
  return taken ? [{ line: 1 + body.split("\n").findIndex((l) => l.startsWith("set:")), key: "set", says: "one of that name comes with Lockstep: choose another" }] : [];
};

/** Written down, and nothing more: it is no platform until somebody else accepts it. */
export const proposeCommandSet = async (deps: Small, caller: Caller, body: string): Promise<SetLine> => {
  const mistakes = checkCommandSet(caller, body);
  if (mistakes.length > 0) throw new Fault("invalid", `This is no command set: ${mistakes.map(mistakeText).join("; ")}.`);
  const hash = sha256Hex(body), set = read(body);
  await deps.db.transaction(async (tx) => {
    if (!(await sets.add(tx, { hash, name: set.set, body, by: caller.person.id }))) throw new Fault("conflict", "This very text is here already.");
    await record(deps, tx, { what: "command_set.proposed", who: actor(caller), about: { command_set: hash }, outcome: "ok", facts: { name: set.set } });
  });
  return oneCommandSet(deps.db, caller, hash);
};

/** By its hash: what was looked at is what is accepted. */
export const acceptCommandSet = async (deps: Small, caller: Caller, hash: string): Promise<SetLine> => {
  await deps.db.transaction(async (tx) => {
    const kept = await sets.find(tx, hash), everyone = await people.byId(tx);
    if (!kept || !may(caller.person, "platform.see")) throw new Fault("not_found", "No such command set.");
    if (!may(caller.person, "platform.accept")) throw new Fault("forbidden", "Only admins accept command sets.");
    const own = samePerson(everyone.get(kept.by)!, caller.person), alone = own && !hasOther(everyone, caller);
    if (own && !alone) throw new Fault("forbidden", "You wrote this command set, so another admin must accept it.");
    if (!(await sets.accept(tx, hash, caller.person.id, alone))) throw new Fault("conflict", "It was accepted already.");
    await record(deps, tx, { what: "command_set.accepted", who: actor(caller), about: { command_set: hash }, outcome: "ok", facts: { name: kept.name, four_eyes: !alone },
      ...(alone ? { why: "single administrator: changes are not four-eyed" } : {}) });
  });
  await loadCommandSets(deps);
  return oneCommandSet(deps.db, caller, hash);
};

/** Accepted texts become platforms, the newest of a name for new targets. At start, after an acceptance, and by a job for what another node accepted. */
export const loadCommandSets = async (deps: Pick<Small, "db" | "adopt" | "log">): Promise<void> => {
  const byName = new Map<string, Map<string, CommandSet>>();
  for (const kept of (await sets.all(deps.db)).filter((k) => k.accepted !== null).toSorted((a, b) => Number(a.accepted!.at) - Number(b.accepted!.at))) {
    const r = parseCommandSet(kept.body);
    if ("mistakes" in r) {
      deps.log("warn", `the command set ${kept.name} (${kept.hash.slice(0, 12)}) cannot be read any more: ${r.mistakes.map(mistakeText).join("; ")}`);
      continue;
    }
    byName.set(kept.name, (byName.get(kept.name) ?? new Map<string, CommandSet>()).set(kept.hash, r.set));
  }
  for (const texts of byName.values()) {
    const [newest, set] = [...texts].at(-1)!;
    deps.adopt(commandSet(set, { newest, version: (v) => texts.get(v) }) as Connector);
  }
};

/** How sure a platform is; null: it is no command set. What an owner's own text says of itself counts for nothing. */
export const gradeOf = (platform: string): Grade | null => (platform.startsWith(PREFIX) ? platformOf(platform).grade ?? "draft" : null);
/** For lists in which platforms are chosen. */
export const gradedName = (name: string): { readonly name: string; readonly grade?: Grade } => { const grade = gradeOf(name); return { name, ...(grade === null ? {} : { grade }) }; };
/** The text a target is bound to, by its hash: of a shipped set, the hash of what this release brings. */
export const textOf = (platform: string, settings: Record<string, unknown>): { readonly hash: string; readonly shipped: CommandSet | null } => {
  const found = shippedSets().find(({ set }) => `${PREFIX}${set.set}` === platform), version = settings["version"];
  return found ? { hash: sha256Hex(found.text), shipped: found.set } : { hash: typeof version === "string" ? version : "", shipped: null };
};
