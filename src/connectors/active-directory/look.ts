/** Looking at a domain. Rule: an account is exactly one person's entry (never a computer's or a trust's), found as a logon would find it. */
import type { Directory, Entry } from "../../wires/ldap.ts";
import { both, has, is, isBytes, within } from "../../wires/ldap.ts";
import type { FoundAccount, Login, TargetRules } from "../connector.ts";
import { failed } from "./answers.ts";
import { baseOf, isUpn, type ActiveDirectoryConfig } from "./settings.ts";

const PERSON = [is("objectCategory", "person"), is("objectClass", "user")] as const;
const people = (d: Directory, c: ActiveDirectoryConfig, attribute: string, value: string): Promise<Entry[]> =>
  d.search({ base: baseOf(c), scope: "sub", filter: both(...PERSON, is(attribute, value)), attributes: ["1.1"] }, 2);

/** A principal name is first somebody's own, then sAMAccountName@domain: the order a controller has. */
export const locate = async (d: Directory, c: ActiveDirectoryConfig, { name }: Login): Promise<{ dn: string } | { not: string }> => {
  const [local = "", suffix = ""] = name.split("@"), own = isUpn(name) ? await people(d, c, "userPrincipalName", name) : [];
  const found = own.length > 0 || (isUpn(name) && suffix.toLowerCase() !== c.domain.toLowerCase()) ? own : await people(d, c, "sAMAccountName", local);
  if (found.length === 1) return { dn: found[0]!.dn };
  return { not: found.length === 0 ? `the account "${name}" does not exist in ${c.domain}, or is not shown to the administrative account` : `several accounts in ${c.domain} are named "${name}"` };
};

/** A value without its quotation marks is never a password: whoever may reset is told that, whoever may not is told so (50). */
const NO_PASSWORD = Buffer.from("lockstep asks for the right", "utf16le");
export const mayReset = async (d: Directory, c: ActiveDirectoryConfig, self: string): Promise<string | undefined> => {
  const seen = (await d.search({ base: baseOf(c), scope: "sub", filter: both(...PERSON), attributes: ["sAMAccountName", "userPrincipalName", "adminCount"] }, 200))
    .filter((e) => ![e.first("sAMAccountName"), e.first("userPrincipalName")].some((n) => n?.toLowerCase() === self.toLowerCase()) && e.first("adminCount") !== "1");
  for (const { dn } of seen) {
    try { await d.modify(dn, [{ operation: "replace", attribute: "unicodePwd", values: [NO_PASSWORD] }]); } catch (e) {
      const { kind, code } = failed(e);
      if (kind !== "answer") throw e;
      if (code !== 50) return undefined;
    }
  }
  return `it got in, but may reset the password of none of the ${seen.length} accounts it sees in ${c.domain}`;
};

const DAY = 864_000_000_000, SECOND = 10_000_000;
/** Intervals are negative numbers of 100 ns; the least one stands for ever. */
const span = (text: string | undefined, unit: number): number | undefined => {
  const n = Math.abs(Number(text ?? 0));
  return n > 0 && n < Number.MAX_SAFE_INTEGER ? Math.ceil(n / unit) : undefined;
};
const RULES = ["minPwdLength", "minPwdAge", "maxPwdAge", "pwdHistoryLength", "pwdProperties", "lockoutThreshold", "lockoutDuration"] as const;
export const rulesAt = async (d: Directory, c: ActiveDirectoryConfig, dn: string): Promise<TargetRules | { unknown: string }> => {
  const [own] = await d.search({ base: dn, scope: "base", filter: has("objectClass"), attributes: ["msDS-ResultantPSO"] }, 2);
  if (own?.first("msDS-ResultantPSO") !== undefined) return { unknown: "a fine-grained password policy is applied to it, which is not read here" };
  const [e] = await d.search({ base: baseOf(c), scope: "base", filter: has("objectClass"), attributes: [...RULES] }, 2);
  if (e?.first("minPwdLength") === undefined) return { unknown: "the domain's password rules are not shown to the administrative account" };
  const n = (name: (typeof RULES)[number]): number | undefined => Number(e.first(name) ?? 0) || undefined, lockAfter = n("lockoutThreshold");
  const rules = { minLength: n("minPwdLength"), minAgeDays: span(e.first("minPwdAge"), DAY), maxAgeDays: span(e.first("maxPwdAge"), DAY), remembers: n("pwdHistoryLength"),
    classes: (n("pwdProperties") ?? 0) & 1 ? 3 : undefined, lockAfter, lockSeconds: lockAfter === undefined ? undefined : span(e.first("lockoutDuration"), SECOND) };
  return Object.fromEntries(Object.entries(rules).filter(([, v]) => v !== undefined)) as TargetRules;
};

/** Built-in groups whose members may do what administrators may, by what no translation changes: the last number of their SID. */
const IN_DOMAIN = [512, 518, 519, 520], BUILTIN = [544, 548, 549, 550, 551];
const rid = (n: number): Buffer => { const b = Buffer.alloc(4); b.writeUInt32LE(n); return b; };
const builtin = (n: number): Buffer => Buffer.concat([Buffer.from([1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0]), rid(n)]);
const domainSid = (sid: Buffer, n: number): Buffer => Buffer.concat([Buffer.from([sid[0]!, sid[1]! + 1]), sid.subarray(2), rid(n)]);
const privileged = async (d: Directory, c: ActiveDirectoryConfig): Promise<ReadonlyMap<string, string>> => {
  const [root] = await d.search({ base: baseOf(c), scope: "base", filter: has("objectClass"), attributes: ["objectSid"] }, 2), sid = root?.bytes("objectSid"), out = new Map<string, string>();
  const sids = [...BUILTIN.map(builtin), ...(sid === undefined ? [] : IN_DOMAIN.map((n) => domainSid(sid, n)))];
  for (const one of sids) {
    const [group] = await d.search({ base: baseOf(c), scope: "sub", filter: isBytes("objectSid", one), attributes: ["cn"] }, 2);
    if (group === undefined) continue;
    for await (const page of d.pages({ base: baseOf(c), scope: "sub", filter: both(...PERSON, within("memberOf", group.dn)), attributes: ["1.1"] })) {
      for (const e of page) if (!out.has(e.dn)) out.set(e.dn, `member of ${group.first("cn") ?? group.dn}`);
    }
  }
  return out;
};

/** 100 ns since 1601, as text; null for never. */
export const fileTime = (text: string | undefined): string | null => {
  const n = Number(text ?? 0);
  return n > 0 && n < Number.MAX_SAFE_INTEGER * 1_000 ? new Date(n / 10_000 - 11_644_473_600_000).toISOString().replace(/\.\d+Z$/, "Z") : null;
};
const latest = (a: string | null, b: string | null): string | null => a === null || (b !== null && b > a) ? b : a;
const SHOWN = ["sAMAccountName", "userAccountControl", "msDS-User-Account-Control-Computed", "accountExpires", "lastLogon", "lastLogonTimestamp", "primaryGroupID"] as const;
const DISABLED = 2, LOCKED = 16, PRIMARY_ADMINS = ["512", "519", "518"];
/** `now` as the controller's own clock has it. */
const foundAt = (e: Entry, rights: ReadonlyMap<string, string>, now: string): FoundAccount => {
  const control = e.first("userAccountControl"), n = Number(control ?? 0), ends = fileTime(e.first("accountExpires")), over = ends !== null && ends <= now;
  const why = rights.get(e.dn) ?? (PRIMARY_ADMINS.includes(e.first("primaryGroupID") ?? "") ? "an administrators' group is its primary group" : undefined);
  const locked = (Number(e.first("msDS-User-Account-Control-Computed") ?? 0) & LOCKED) !== 0;
  return {
    name: e.first("sAMAccountName")!, enabled: control === undefined ? null : (n & DISABLED) === 0 && !over, privileged: why !== undefined,
    lastLogin: latest(fileTime(e.first("lastLogon")), fileTime(e.first("lastLogonTimestamp"))),
    says: [...(why === undefined ? [] : [why]), ...((n & DISABLED) === 0 ? [] : ["disabled"]), ...(over ? [`expired on ${ends.slice(0, 10)}`] : []), ...(locked ? ["locked out"] : [])],
  };
};
export const discovered = async (d: Directory, c: ActiveDirectoryConfig): Promise<FoundAccount[] | { unknown: string }> => {
  const rights = await privileged(d, c), entries: Entry[] = [];
  const [root] = await d.search({ base: "", scope: "base", filter: has("objectClass"), attributes: ["currentTime"] }, 2), clock = root?.first("currentTime") ?? "";
  const now = clock.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d).*$/, "$1-$2-$3T$4:$5:$6Z");
  for await (const page of d.pages({ base: baseOf(c), scope: "sub", filter: both(...PERSON), attributes: [...SHOWN] })) entries.push(...page.filter((e) => e.first("sAMAccountName") !== undefined));
  return entries.length === 0 ? { unknown: `it got in, but is shown no account in ${c.domain}` } : entries.map((e) => foundAt(e, rights, now));
};
