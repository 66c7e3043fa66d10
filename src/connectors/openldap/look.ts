/** Looking at entries. Rule: an account is exactly one entry, at the place its name says; a directory that has two of that name changes neither. */
import type { Directory, Entry, Look } from "../../wires/ldap.ts";
import { both, has, is, LDAP, not } from "../../wires/ldap.ts";
import type { FoundAccount, Login, TargetRules } from "../connector.ts";
import { codeOf } from "./answers.ts";
import { dnOf, isDn, NO_NAME, type OpenLdapConfig } from "./settings.ts";

const absent = async (ask: Promise<Entry[]>): Promise<Entry[]> => {
  try { return await ask; } catch (e) { if (codeOf(e) === LDAP.NO_SUCH_OBJECT) return []; throw e; }
};
const anything = has("objectClass");

/** Its DN as we name it, or the sentence that says why it is not changed. */
export const locate = async (d: Directory, c: OpenLdapConfig, account: Login): Promise<{ dn: string } | { not: string }> => {
  const dn = dnOf(c, account.name);
  if (dn === undefined) return { not: `${NO_NAME}: the target's settings name no base, so give the whole DN` };
  const there = await absent(d.search({ base: dn, scope: "base", filter: anything, attributes: ["1.1"] }, 2));
  if (isDn(account.name)) return there.length === 1 ? { dn } : { not: `entry "${dn}" does not exist, or is not shown to the administrative account` };
  const named = await absent(d.search({ base: c.base, scope: "sub", filter: is(c.attribute, account.name), attributes: ["1.1"] }, 2));
  if (named.length === 0) return { not: `no entry below ${c.base} has ${c.attribute} "${account.name}": the account does not exist there` };
  if (named.length > 1) return { not: `several entries below ${c.base} have ${c.attribute} "${account.name}"; name the one that is meant by its DN` };
  return there.length === 1 && (await d.search({ base: dn, scope: "base", filter: is(c.attribute, account.name), attributes: ["1.1"] }, 2)).length === 1
    ? { dn } : { not: `"${account.name}" is the entry ${named[0]!.dn} and not ${dn}; name it by that DN` };
};

/** Deleting a value nobody has needs the right to change it and changes nothing: 16 from whoever may, 50 for whoever may not. */
const NOBODYS = "{SSHA}lockstep-asks-for-the-right-to-change";
export const mayChangeOthers = async (d: Directory, c: OpenLdapConfig, self: string): Promise<string | undefined> => {
  const base = c.base || (await d.search({ base: "", scope: "base", filter: anything, attributes: ["namingContexts"] }, 2))[0]?.first("namingContexts") || "";
  if ((await absent(d.search({ base: self, scope: "base", filter: anything, attributes: ["1.1"] }, 2))).length === 0) {
    return "it got in but has no entry that it can read, as the root DN has none: that one goes past the password policy. Use a delegated account";
  }
  const seen = await absent(d.search({ base, scope: "sub", filter: both(has(c.attribute), not(is("entryDN", self))), attributes: ["1.1"] }, 20));
  if (seen.length === 0) return `it got in, but sees no account with ${c.attribute} below ${base}`;
  for (const { dn } of seen) {
    try { await d.modify(dn, [{ operation: "delete", attribute: "userPassword", values: [NOBODYS] }]); } catch (e) {
      if (codeOf(e) === LDAP.NO_SUCH_ATTRIBUTE || codeOf(e) === LDAP.CONSTRAINT) return undefined;
      if (codeOf(e) === undefined) throw e;
    }
  }
  return `it got in, but may write the password of none of the ${seen.length} accounts it sees below ${base}`;
};

const LOCKED = "pwdAccountLockedTime", FOR_EVER = "000001010000Z";
/** Asked right after a refused login, which takes a lock away that has run out: what still stands there counts now. */
export const lockOf = async (d: Directory, dn: string): Promise<"open" | { locked: string } | { unknown: string }> => {
  try {
    const forEver = await d.compare(dn, LOCKED, FOR_EVER);
    return { locked: forEver ? "the account is locked on the target by an administrator, so a refused login proves nothing" : "the account is locked out on the target after wrong passwords, so a refused login proves nothing" };
  } catch (e) {
    const code = codeOf(e);
    // No such attribute on the entry, or none in the whole directory: no ppolicy.
    if (code === LDAP.NO_SUCH_ATTRIBUTE || code === LDAP.UNDEFINED_TYPE) return "open";
    if (code === LDAP.INSUFFICIENT_ACCESS) return { unknown: `the login was refused, and the administrative account may not compare ${LOCKED}, so nobody knows whether the account is locked` };
    throw e;
  }
};

const DAY = 86_400, RULES = ["pwdMinLength", "pwdMaxLength", "pwdMinAge", "pwdMaxAge", "pwdInHistory", "pwdMaxFailure", "pwdLockoutDuration", "pwdLockout"] as const;
export const rulesAt = async (d: Directory, c: OpenLdapConfig, dn: string): Promise<TargetRules | { unknown: string }> => {
  const own = await absent(d.search({ base: dn, scope: "base", filter: anything, attributes: ["pwdPolicySubentry"] }, 2)), policy = own[0]?.first("pwdPolicySubentry") ?? c.policy;
  if (policy === "") return { unknown: "the entry names no password policy, and the target's settings name no default one" };
  const [found] = await absent(d.search({ base: policy, scope: "base", filter: anything, attributes: [...RULES] }, 2));
  if (found === undefined) return { unknown: `the policy ${policy} cannot be read` };
  const n = (name: (typeof RULES)[number], per = 1): number | undefined => { const v = Number(found.first(name) ?? 0); return v > 0 ? Math.ceil(v / per) : undefined; };
  const locks = found.first("pwdLockout")?.toUpperCase() === "TRUE";
  const rules = { minLength: n("pwdMinLength"), maxLength: n("pwdMaxLength"), minAgeDays: n("pwdMinAge", DAY), maxAgeDays: n("pwdMaxAge", DAY), remembers: n("pwdInHistory"),
    lockAfter: locks ? n("pwdMaxFailure") : undefined, lockSeconds: locks ? n("pwdLockoutDuration") : undefined };
  return Object.fromEntries(Object.entries(rules).filter(([, v]) => v !== undefined)) as TargetRules;
};

/** 20261125193000Z as a person's clock and ours write it. */
const stamp = (text: string): string => text.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:[.,]\d+)?Z$/, "$1-$2-$3T$4:$5:$6Z");
type Known = { readonly locks: boolean; readonly privileged: ReadonlyMap<string, string> | null };
const foundAt = (c: OpenLdapConfig, e: Entry, { locks, privileged }: Known): FoundAccount => {
  const name = e.first(c.attribute), last = e.first("authTimestamp") ?? e.first("pwdLastSuccess"), dn = name === undefined ? undefined : dnOf(c, name);
  const lock = e.first(LOCKED), group = privileged?.get(e.dn.toLowerCase());
  return {
    name: e.all(c.attribute).length === 1 && dn?.toLowerCase() === e.dn.toLowerCase() ? name! : e.dn, enabled: locks ? lock !== FOR_EVER : null,
    privileged: privileged === null ? null : group !== undefined, ...(last === undefined ? {} : { lastLogin: stamp(last) }),
    says: [...(group === undefined ? [] : [`member of ${group}`]), ...(lock === undefined ? [] : [lock === FOR_EVER ? "locked by an administrator" : `locked out at ${stamp(lock)}`])],
  };
};
/** Whether locks show at all is asked of one entry: an attribute that may not be read looks like one that is not there. */
const showsLocks = async (d: Directory, one: Entry | undefined): Promise<boolean> => one !== undefined && !(typeof (await lockOf(d, one.dn)) === "object" && one.first(LOCKED) === undefined);
const groupsOf = async (d: Directory, c: OpenLdapConfig): Promise<Known["privileged"]> => {
  if (c.privileged.length === 0) return null;
  const groups = await Promise.all(c.privileged.map(async (group) => (await d.search({ base: group, scope: "base", filter: anything, attributes: ["member", "uniqueMember"] }, 2))[0]));
  return new Map(groups.flatMap((g) => g === undefined ? [] : [...g.all("member"), ...g.all("uniqueMember")].map((dn) => [dn.toLowerCase(), g.dn] as const)));
};
export const discovered = async (d: Directory, c: OpenLdapConfig): Promise<FoundAccount[] | { unknown: string }> => {
  const look: Look = { base: c.base, scope: "sub", filter: both(has(c.attribute), has("userPassword")), attributes: [c.attribute, LOCKED, "authTimestamp", "pwdLastSuccess"] };
  const entries: Entry[] = [], privileged = await groupsOf(d, c);
  for await (const page of d.pages(look)) entries.push(...page);
  // Who may not read them is shown none: that is no list of nobody.
  if (entries.length === 0) return { unknown: `it got in, but is shown no entry with ${c.attribute} and a password below ${c.base}` };
  const locks = await showsLocks(d, entries[0]);
  return entries.map((e) => foundAt(c, e, { locks, privileged }));
};
