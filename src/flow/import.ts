/** Targets and accounts from a file: what each row would do, and doing it. Rule: the preview and the import decide by the same function; a row that fails leaves the others alone. */
import { spelled } from "../connectors/connector.ts";
import { Fault, toFault } from "../kernel/fault.ts";
import type { PersonId } from "../kernel/ids.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Account } from "../domain/account.ts";
import { parseImport, type Format, type ImportRow, type Parsed } from "../domain/import.ts";
import { may } from "../domain/may.ts";
import type { Person } from "../domain/person.ts";
import { platformOf } from "../domain/platform.ts";
import type { Target } from "../domain/target.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader } from "../store/db.ts";
import * as passwordPolicies from "../store/password-policies.ts";
import * as people from "../store/people.ts";
import * as targets from "../store/targets.ts";
import { addAccount, adopt, namingOf } from "./accounts.ts";
import type { Deps } from "./deps.ts";
import { actor, record, type Caller } from "./record.ts";
import { addTarget, changeTarget } from "./targets.ts";
import { waysOf, wrongThrough, type Way } from "./through.ts";
import { refuseUnfit } from "./typed.ts";

export type Planned = { readonly line: number; readonly name: string; readonly does: readonly string[]; readonly errors: readonly string[] };
export type Imported = { readonly line: number; readonly name: string; readonly outcome: "done" | "same" | "left_out" | "failed"; readonly did: readonly string[]; readonly why: readonly string[] };
export type Plan = { readonly whole: string | null; readonly rows: readonly Planned[] };

/** What there is, and what earlier rows of the file will have made. */
type Known = { readonly targets: Map<string, Pick<Target, "host" | "port" | "platform"> & { mine: boolean; admin: boolean; reconcile: boolean }>; /** `root@web-1`, by how its target tells accounts apart. */ readonly accounts: Map<string, string>; readonly people: readonly Person[]; readonly passwordPolicies: readonly string[]; readonly ways: readonly Way[] };
const keyOf = (deps: Pick<Deps, "connectors">, platform: string, account: string, target: string): string => `${spelled(namingOf(deps, platform), account)}@${target}`;
const knownTo = async (deps: Pick<Deps, "connectors">, db: Reader, caller: Caller): Promise<Known> => {
  const all = await targets.all(db), on = new Map(all.map((t) => [t.id, t]));
  return {
    targets: new Map(all.map((t) => [t.name, { host: t.host, port: t.port, platform: t.platform, mine: may(caller.person, "target.manage", { owner: t.owner }), admin: t.administrative !== null, reconcile: t.reconcile !== null }])),
    accounts: new Map((await accounts.all(db)).map((a) => { const t = on.get(a.target)!; return [keyOf(deps, t.platform, a.name, t.name), `${a.name}@${t.name}`]; })), people: await people.all(db), passwordPolicies: [...(await passwordPolicies.known(db)).keys()], ways: await waysOf(db, caller),
  };
};

/** `host_key`: whatever the platform proves itself by. */
const settingsOf = (deps: Pick<Deps, "connectors">, row: ImportRow): Record<string, unknown> =>
  ({ ...row.settings, ...(row.host_key === "" ? {} : deps.connectors.get(platformIn(row))?.pin?.(row.host_key)?.settings ?? {}) });
const platformIn = (row: ImportRow): string => row.platform || "linux-ssh";
const PROOFS: Readonly<Record<string, string>> = {
  hostKeys: "it is a line of the target's /etc/ssh/ssh_host_ed25519_key.pub", certificates: "it is the certificate's fingerprint: openssl x509 -in server.crt -noout -fingerprint -sha256",
};
const ownerOf = (known: Known, row: ImportRow): PersonId | undefined => known.people.find((p) => p.name === row.owner && !p.disabled)?.id;

const newTarget = (deps: Pick<Deps, "connectors">, known: Known, row: ImportRow): { does: string[]; errors: string[] } => {
  const platform = platformIn(row), connector = deps.connectors.get(platform), errors: string[] = [];
  if (row.host === "") errors.push("host: missing, and there is no such target yet");
  if (!connector) errors.push(`platform: there is no ${platform}; known are ${[...deps.connectors.keys()].join(", ")}`);
  const settings = connector?.config.safeParse(settingsOf(deps, row)), port = row.port ?? platformOf(platform).port ?? 0;
  if (settings && !settings.success) {
    errors.push(...settings.error.issues.map((i) => {
      const proof = PROOFS[String(i.path[0])];
      return proof === undefined || i.path.length > 1 ? `settings.${i.path.join(".")}: ${i.message}` : `host_key: ${row.host_key === "" ? "missing" : "not one of this platform"}; ${proof}`;
    }));
  }
  const objection = settings?.success ? connector?.objection?.(settings.data, { host: row.host, port }) : undefined;
  if (objection !== undefined) errors.push(`settings: ${objection}`);
  errors.push(...wrongThrough(known.ways, row.through).map((why) => `through: ${why}`));
  if (row.owner !== "" && !ownerOf(known, row)) errors.push(`owner: there is nobody named ${row.owner}`);
  if (errors.length > 0) return { does: [], errors };
  known.targets.set(row.target, { host: row.host, port, platform, mine: true, admin: false, reconcile: false });
  return { does: [`adds the target ${row.target} at ${row.host}:${port}${row.through.length === 0 ? "" : ` through ${row.through.join(", else ")}`}`], errors: [] };
};
const onTarget = (deps: Pick<Deps, "connectors">, known: Known, row: ImportRow): { does: string[]; errors: string[] } => {
  const there = known.targets.get(row.target);
  if (!there) return newTarget(deps, known, row);
  if (!there.mine) return { does: [], errors: ["target: it is there already and not yours to manage"] };
  const moved = (row.host !== "" && row.host !== there.host) || (row.port !== undefined && row.port !== there.port);
  const errors = [
    ...(moved ? [`host: the target is at ${there.host}:${there.port}; an import moves no target, its page does`] : []),
    ...(row.platform !== "" && row.platform !== there.platform ? [`platform: the target is ${there.platform}`] : []),
  ];
  return { does: [], errors };
};

const unfit = (deps: Pick<Deps, "connectors" | "keyring">, platform: string, password: Secret | undefined): string[] => {
  try { if (password) refuseUnfit(deps, platform, password); } catch (e) { return [`password: ${(e as Fault).message}`]; }
  return [];
};
const newAccount = (deps: Pick<Deps, "connectors" | "keyring">, known: Known, row: ImportRow): { does: string[]; errors: string[] } => {
  const name = `${row.account}@${row.target}`, there = known.targets.get(row.target), errors: string[] = [], policy = row.password_policy;
  if (row.account === "") return { does: [], errors: row.password || row.role || row.adopt ? ["account: missing; password, role and adopt belong to one"] : [] };
  const platform = there?.platform ?? platformIn(row), naming = namingOf(deps, platform), key = keyOf(deps, platform, row.account, row.target), twin = known.accounts.get(key);
  if (twin !== undefined) return { does: [], errors: twin === name ? [] : [`account: ${twin} is that account already; this kind of target does not tell them apart`] };
  if (!naming.fits(row.account)) errors.push(`account: ${naming.says}`);
  if (policy !== "" && !known.passwordPolicies.includes(policy)) errors.push(`password_policy: there is no ${policy}; known are ${known.passwordPolicies.join(", ")}`);
  errors.push(...unfit(deps, platform, row.password));
  if (row.role !== "" && there?.[row.role === "administrative" ? "admin" : "reconcile"]) errors.push(`role: ${row.target} has its ${row.role} account already`);
  if (row.adopt && !row.password && !there?.admin && row.role !== "administrative") errors.push("adopt: needs its present password, or an administrative account on the target in an earlier row");
  if (row.role === "administrative" && !row.password) errors.push("password: an administrative account changes the others, so the vault must know its password");
  if (errors.length > 0) return { does: [], errors };
  known.accounts.set(key, name);
  if (there && row.role === "administrative") there.admin = true;
  if (there && row.role === "reconcile") there.reconcile = true;
  return { does: [`adds the account ${name}${row.password ? " with its password" : ""}`, ...(row.role ? [`makes it the ${row.role} account`] : []), ...(row.adopt ? ["adopts it: two changes of its password"] : [])], errors: [] };
};

const planned = (deps: Pick<Deps, "connectors" | "keyring">, known: Known, p: Parsed): Planned => {
  if (p.row === null) return { line: p.line, name: "", does: [], errors: p.errors };
  const name = p.row.account === "" ? p.row.target : `${p.row.account}@${p.row.target}`, was = new Map(known.targets), t = onTarget(deps, known, p.row);
  // Of somebody else's target nothing is told: neither where it is, nor what, nor which accounts it has.
  if (known.targets.get(p.row.target)?.mine === false) return { line: p.line, name, does: [], errors: t.errors };
  if (t.errors.length > 0) { const a = newAccount(deps, { ...known, accounts: new Map() }, p.row); return { line: p.line, name, does: [], errors: [...t.errors, ...a.errors] }; }
  const a = newAccount(deps, known, p.row);
  if (a.errors.length > 0 && !was.has(p.row.target)) known.targets.delete(p.row.target);
  return { line: p.line, name, does: a.errors.length > 0 ? [] : [...t.does, ...a.does], errors: a.errors };
};
const allowed = (caller: Caller): void => { if (!may(caller.person, "target.add")) throw new Fault("forbidden", "Only admins and owners import targets and accounts."); };
const wipe = (rows: readonly Parsed[]): void => { for (const r of rows) r.row?.password?.wipe(); };

/** Nothing is changed. */
export const planImport = async (deps: Deps, caller: Caller, format: Format, text: string): Promise<Plan> => {
  allowed(caller);
  const file = parseImport(format, text);
  try {
    const known = await knownTo(deps, deps.db, caller);
    return { whole: file.whole, rows: file.rows.map((p) => planned(deps, known, p)) };
  } finally { wipe(file.rows); }
};

const doRow = async (deps: Deps, caller: Caller, known: Known, row: ImportRow): Promise<{ did: string[]; account: Account | null }> => {
  const did: string[] = [];
  let target = await targets.named(deps.db, row.target);
  if (!target) {
    const owner = ownerOf(known, row);
    target = await addTarget(deps, caller, { name: row.target, platform: platformIn(row), host: row.host, port: row.port, through: [...row.through], settings: settingsOf(deps, row), tags: row.target_tags, ...(owner ? { owner } : {}) });
    did.push(`target ${row.target} added`);
  }
  if (row.account === "" || await accounts.named(deps.db, `${row.account}@${row.target}`)) return { did, account: null };
  const account = await addAccount(deps, caller, { target: target.id, name: row.account, passwordPolicy: row.password_policy || undefined, password: row.password, tags: row.account_tags });
  did.push(`account ${row.account}@${row.target} added`);
  if (row.role !== "") { await changeTarget(deps, caller, target.id, { [row.role]: account.id }); did.push(`${row.role} account of ${row.target}`); }
  return { did, account };
};
const said = (deps: Pick<Deps, "log">, e: unknown): string => {
  if (!(e instanceof Fault)) deps.log("error", "a row of an import failed", { what: e instanceof Error ? e.name : "not an error" });
  return toFault(e).message;
};

/** Row by row, each in transactions of its own. Adoptions come last, when every administrative account is in place. */
export const runImport = async (deps: Deps, caller: Caller, format: Format, text: string): Promise<readonly Imported[]> => {
  allowed(caller);
  const file = parseImport(format, text);
  if (file.whole !== null) throw new Fault("invalid", file.whole);
  const known = await knownTo(deps, deps.db, caller), plan = file.rows.map((p) => planned(deps, known, p)), out: Imported[] = [], adopting: { i: number; account: Account }[] = [];
  try {
    for (const [i, p] of file.rows.entries()) {
      const { line, name, errors } = plan[i]!;
      if (p.row === null || errors.length > 0) { out.push({ line, name, outcome: "left_out", did: [], why: errors }); continue; }
      try {
        const { did, account } = await doRow(deps, caller, known, p.row);
        if (account && p.row.adopt) adopting.push({ i, account });
        out.push({ line, name, outcome: did.length === 0 ? "same" : "done", did, why: did.length === 0 ? ["it is there already and was left as it is"] : [] });
      } catch (e) { out.push({ line, name, outcome: "failed", did: [], why: [said(deps, e)] }); }
    }
    for (const { i, account } of adopting) out[i] = await adopted(deps, caller, out[i]!, account);
  } finally { wipe(file.rows); }
  await deps.db.transaction((tx) => record(deps, tx, { what: "import.run", who: actor(caller), about: { person: caller.person.id }, outcome: out.some((r) => r.outcome === "failed") ? "failed" : "ok", facts: countOf(out) }));
  return out;
};
const adopted = async (deps: Deps, caller: Caller, r: Imported, account: Account): Promise<Imported> => {
  try { await adopt(deps, caller, account.id); return { ...r, did: [...r.did, "adoption begun"] }; } catch (e) { return { ...r, outcome: "failed", why: [`added, but not adopted: ${said(deps, e)}`] }; }
};
export const countOf = (rows: readonly Imported[]): Record<Imported["outcome"], number> => {
  const n = (o: Imported["outcome"]) => rows.filter((r) => r.outcome === o).length;
  return { done: n("done"), same: n("same"), left_out: n("left_out"), failed: n("failed") };
};
