/**
 * What depends on a password: a service to be stopped or restarted, a file that holds it. One row tells what is done on which target before or
 * after each change of one account's password; one run is one such doing, of one change. Rules: a file gets only a password that is in force, so
 * files come after; what is not accepted is not done; a run that is done is never done again.
 */
import { z } from "zod";
import type { AccountId, DependentId, DependentRunId, PersonId, RotationId, TargetId, VersionId } from "../kernel/ids.ts";

export const PHASES = ["before", "after"] as const;
export type Phase = (typeof PHASES)[number];
export const ACTIONS = ["restart", "reload", "stop", "start"] as const;
/** How a password is written down in a file, so that whoever reads the file reads that password. */
export const FORMS = ["plain", "quoted", "json", "url", "pgpass", "xml"] as const;
export type Form = (typeof FORMS)[number];
export const FORM_SAYS: Readonly<Record<Form, string>> = {
  plain: "as it is", quoted: "in single quotes, as a shell reads it", json: "in double quotes, as JSON and YAML read it", url: "as a part of an address (%-encoded)",
  pgpass: "as .pgpass has it (\\ before : and \\)", xml: "as XML text",
};

/** Where it stands in the line. */
export const PLACE = "{{password}}";
const Unit = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.@$-]{0,99}$/, "the name of a service: letters, digits and _ . @ -, on Windows also $");
/** What keeps a password to log on by itself, on Windows. */
export const KEEPERS = ["service", "task", "pool"] as const;
export const KEEPER_SAYS: Readonly<Record<(typeof KEEPERS)[number], string>> = { service: "service", task: "scheduled task", pool: "application pool" };
// eslint-disable-next-line no-control-regex
const Kept = z.string().max(240).transform((n) => n.trim()).refine((n) => n !== "" && !/[\x00-\x1f\x7f"*?[\]]/.test(n), "a name without \" * ? [ ] and control characters; of a task its whole path, such as \\Backup\\Nightly");
/** No character that any tool on the way gives a meaning to, and no way up. */
const Path = z.string().max(240).regex(/^(\/[A-Za-z0-9_.@+-]+)+$/, "a whole path of letters, digits and _ . @ + - between slashes")
  .refine((p) => !p.split("/").some((part) => part === "." || part === ".."), "no . or .. in the path");
// eslint-disable-next-line no-control-regex
const Line = z.string().max(400).refine((l) => !/[\x00-\x1f\x7f]/.test(l), "one line, without control characters").transform((l) => l.trim())
  .refine((l) => l.split(PLACE).length === 2, `${PLACE} stands in it once`)
  .refine((l) => l.split(PLACE)[0]!.trim() !== "", `something stands before ${PLACE}, so that the line can be found`);
export const What = z.discriminatedUnion("does", [
  z.strictObject({ does: z.literal("service"), unit: Unit, action: z.enum(ACTIONS).default("restart") }),
  z.strictObject({ does: z.literal("rewrite"), path: Path, line: Line, form: z.enum(FORMS).default("plain") }),
  z.strictObject({ does: z.literal("steps"), list: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, "the name of a list under follow in the target's command set") }),
  z.strictObject({ does: z.literal("logon"), of: z.enum(KEEPERS), name: Kept }),
]);
export type What = z.infer<typeof What>;
export const DependentInput = z.strictObject({ target: z.string().min(1).max(300), phase: z.enum(PHASES).default("after"), goOn: z.boolean().default(false), what: What })
  .refine((d) => d.phase === "after" || d.what.does === "service", { path: ["phase"], message: "what gets the password gets only one that is in force: put it after the change" });
export type DependentInput = z.infer<typeof DependentInput>;

export type Dependent = {
  readonly id: DependentId; readonly account: AccountId;
  /** Where it is done, by that target's administrative account. */
  readonly target: TargetId;
  readonly phase: Phase;
  /** Its place among those of the same phase. */
  readonly no: number;
  /** What comes after it is done even if it failed. */
  readonly goOn: boolean;
  readonly what: What;
  readonly by: PersonId; readonly at: Date;
  readonly accepted: { readonly by: PersonId; readonly at: Date; /** There was nobody else. */ readonly alone: boolean } | null;
};
export const MOST = 20;

const VERB: Readonly<Record<(typeof ACTIONS)[number], string>> = { restart: "restart", reload: "reload", stop: "stop", start: "start" };
export const inWords = (w: What): string => (w.does === "service" ? `${VERB[w.action]} the service ${w.unit}` : w.does === "rewrite" ? `write the password into ${w.path}` : w.does === "logon" ? `give the password to the ${KEEPER_SAYS[w.of]} ${w.name}` : `walk the list ${w.list} of its command set`);
/** Doing it once more comes to the same: nobody has to know whether the first time took. */
export const repeatable = (w: What): boolean => w.does === "rewrite" || w.does === "logon" || (w.does === "service" && (w.action === "stop" || w.action === "start"));

/** The life of one doing. running names itself: whoever takes over from a dead owner. */
export const NEXT = {
  waiting: ["running", "skipped"],
  running: ["running", "waiting", "done", "failed", "unknown", "skipped"],
  failed:  ["waiting", "skipped"],
  unknown: ["waiting", "skipped"],
  done: [], skipped: [],
} as const satisfies Record<string, readonly string[]>;
export type State = keyof typeof NEXT;
export type RunCommon = {
  readonly id: DependentRunId; readonly dependent: DependentId; readonly rotation: RotationId; readonly account: AccountId; readonly target: TargetId;
  readonly phase: Phase; readonly no: number; readonly goOn: boolean;
  /** The version that came into force; null before a change. */
  readonly version: VersionId | null;
  readonly fence: number; readonly tries: number; readonly openedAt: Date; readonly why: string | null;
};
type Shape = {
  waiting: { readonly state: "waiting"; readonly nextAt: Date | null };
  running: { readonly state: "running"; readonly leaseUntil: Date };
  done:    { readonly state: "done"; readonly endedAt: Date };
  failed:  { readonly state: "failed"; readonly endedAt: Date; readonly why: string };
  unknown: { readonly state: "unknown"; readonly endedAt: Date; readonly why: string };
  skipped: { readonly state: "skipped"; readonly endedAt: Date; readonly why: string };
};
export type Run<S extends State = State> = { [K in S]: RunCommon & Shape[K] }[S];
declare const made: unique symbol;
/** A legal move, as a value. */
export type RunStep<S extends State = State, N extends State = State> = { readonly from: Run<S>; readonly to: Run<N>; readonly [made]: true };
const common = (r: RunCommon): RunCommon => ({
  id: r.id, dependent: r.dependent, rotation: r.rotation, account: r.account, target: r.target, phase: r.phase, no: r.no, goOn: r.goOn, version: r.version,
  fence: r.fence, tries: r.tries, openedAt: r.openedAt, why: r.why,
});
const step = <S extends State, N extends (typeof NEXT)[S][number]>(from: Run<S>, to: Shape[N], change: Partial<RunCommon> = {}): RunStep<S, N> =>
  ({ from, to: { ...common(from), ...change, ...to } }) as unknown as RunStep<S, N>;

export const open = (d: Dependent, o: { readonly id: DependentRunId; readonly rotation: RotationId; readonly version: VersionId | null; readonly now: Date }): Run<"waiting"> => ({
  id: o.id, dependent: d.id, rotation: o.rotation, account: d.account, target: d.target, phase: d.phase, no: d.no, goOn: d.goOn, version: o.version,
  fence: 0, tries: 0, openedAt: o.now, why: null, state: "waiting", nextAt: null,
});
/** Whoever takes it, also after an owner that died, writes under a fence of its own. */
export const claim = (r: Run<"waiting" | "running">, until: Date) => step<"waiting" | "running", "running">(r, { state: "running", leaseUntil: until }, { fence: r.fence + 1, tries: r.tries + 1 });
export const finish = (r: Run<"running">, now: Date) => step<"running", "done">(r, { state: "done", endedAt: now }, { why: null });
export const fail = (r: Run<"running">, why: string, now: Date) => step<"running", "failed">(r, { state: "failed", endedAt: now, why });
export const doubt = (r: Run<"running">, why: string, now: Date) => step<"running", "unknown">(r, { state: "unknown", endedAt: now, why });
export const putOff = (r: Run<"running">, why: string, until: Date) => step<"running", "waiting">(r, { state: "waiting", nextAt: until }, { why });
export const skip = <S extends "waiting" | "running" | "failed" | "unknown">(r: Run<S>, why: string, now: Date) => step<S, (typeof NEXT)[S][number]>(r, { state: "skipped", endedAt: now, why } as never);
/** A person says: once more. Whoever held it has lost it. */
export const again = (r: Run<"failed" | "unknown">) => step<"failed" | "unknown", "waiting">(r, { state: "waiting", nextAt: null }, { fence: r.fence + 1, tries: 0, why: null });
