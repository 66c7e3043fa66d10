/**
 * Accounts of an OpenLDAP directory. Rule: a password leaves over verified TLS alone, in the protocol's own field (RFC 3062), for exactly one entry
 * that was looked up first; a refused login is "no" only where somebody can tell it from a lock-out.
 *
 * The administrative account is an entry of its own, never the root DN (which goes past ppolicy), and needs no more than this:
 *     access to attrs=userPassword          by dn.exact="cn=rotator,…" write  by self =w  by anonymous auth
 *     access to attrs=pwdAccountLockedTime  by dn.exact="cn=rotator,…" read
 *     access to attrs=entry,uid             by dn.exact="cn=rotator,…" read              docs/platforms/openldap.md has it whole.
 * Found by trying: 49 is a wrong password, an unknown entry and a lock-out alike; ppolicy calls a password that is set again one "in history", so
 * that answer is settled by a login; the right to write shows by deleting a value that nobody has; a replica answers a change with a referral.
 */
import type { z } from "zod";
import { Fault } from "../kernel/fault.ts";
import type { Link } from "../kernel/link.ts";
import { reveal } from "../kernel/reveal.ts";
import { times } from "../kernel/times.ts";
import { objectionBeside } from "../wires/beside.ts";
import { directoryProof, LDAP, openDirectory, type Directory } from "../wires/ldap.ts";
import { certifiedBy } from "../wires/trust.ts";
import type { Answer, Change, ChangeResult, Connector, Credential, Login, NotTold, TestResult } from "./connector.ts";
import { byWhom, connector, plain, toldNothing } from "./connector.ts";
import { afterSend, atProbe, codeOf, isHistory, kindOf, notSent, isStranger, refusedLogin, whyOf } from "./openldap/answers.ts";
import { discovered, locate, lockOf, mayChangeOthers, rulesAt } from "./openldap/look.ts";
import { config, dnOf, forbidden, identityText, naming, NO_NAME, pin, unsuited, type OpenLdapConfig } from "./openldap/settings.ts";

export type { OpenLdapConfig } from "./openldap/settings.ts";
const LIMIT = times();

/** Bound as `who`; rejects with LdapFailure. */
const login = async (c: OpenLdapConfig, link: Link, who: Credential, signal: AbortSignal): Promise<Directory> => {
  const within = AbortSignal.any([signal, AbortSignal.timeout(LIMIT.changeLimit)]), d = await openDirectory(link, certifiedBy(c), c.encryption, within);
  try { await d.bind(dnOf(c, who.name) ?? who.name, reveal(who.secret)); } catch (e) { d.end(); throw e; }
  return d;
};
const withLogin = async <T>(c: OpenLdapConfig, link: Link, who: Credential, signal: AbortSignal, use: (d: Directory) => Promise<T>): Promise<T> => {
  const d = await login(c, link, who, signal);
  try { return await use(d); } finally { d.end(); }
};

const opens = async (c: OpenLdapConfig, link: Link, who: Credential, signal: AbortSignal): Promise<boolean> => {
  try { (await login(c, link, who, signal)).end(); return true; } catch { return false; }
};

const change = (sending: () => void) => async (c: OpenLdapConfig, link: Link, account: Login, ch: Change, signal: AbortSignal): Promise<ChangeResult> => {
  const wrong = unsuited(account, ch.to), as = byWhom(account, ch), to = reveal(ch.to);
  if (wrong !== undefined) return { refused: wrong };
  if ("refused" in as) return as;
  const hidden = plain(ch.to, ch.from, ch.as?.secret), own = as.name === account.name;
  let sent = false;
  try {
    return await withLogin(c, link, as, signal, async (d): Promise<ChangeResult> => {
      // Whoever is bound is exactly one entry already.
      const at = own ? null : await locate(d, c, account);
      if (at !== null && "not" in at) return { refused: at.not };
      sent = true;
      sending();
      await d.setPassword({ to, ...(at === null ? {} : { user: at.dn }) });
      return "done";
    });
  } catch (e) {
    // A name that reads as a DN to us and not to the server: nothing waits for that to change.
    if (!sent) return codeOf(e) === LDAP.INVALID_DN ? { refused: `${NO_NAME}: ${whyOf(e, hidden)}` } : notSent(e, hidden);
    // Set again after a crash: the target refuses what it has already.
    return isHistory(e) && await opens(c, link, { name: account.name, secret: ch.to }, signal) ? "done" : afterSend(e, hidden);
  }
};

/** What the other servers say of a password the first one takes. */
const elsewhere = async (c: OpenLdapConfig, link: Link, who: Credential, signal: AbortSignal): Promise<Answer> => {
  const why = await objectionBeside(link, c.replicas, async (there) => {
    try { (await login(c, there, who, signal)).end(); return undefined; } catch (e) { return kindOf(e) === "unreachable" ? undefined : whyOf(e, plain(who.secret)); }
  });
  return why === undefined ? "yes" : { unknown: `the replica ${why}` };
};

const probe = async (c: OpenLdapConfig, link: Link, account: Login, secret: Credential["secret"], signal: AbortSignal): Promise<Answer> => {
  const dn = naming.fits(account.name) ? dnOf(c, account.name) : undefined;
  // A bind without a password is no login at all (RFC 4513 5.1.2), and every server lets it in.
  if (dn === undefined || reveal(secret) === "") return { unknown: dn === undefined ? NO_NAME : "an empty password proves nothing" };
  try { (await login(c, link, { name: dn, secret }, signal)).end(); } catch (e) { return atProbe(e, c.lockout, plain(secret)); }
  return elsewhere(c, link, { name: dn, secret }, signal);
};

/** Of what a whole session came to: an answer after the bind is not one of these. */
const notTold = (e: unknown, as: Credential): NotTold => toldNothing(whyOf(e, plain(as.secret)), refusedLogin(e), isStranger(e));
/** As the administrative account, about one account: a refusal inside the session is no refused login. */
const about = async <T>(c: OpenLdapConfig, link: Link, account: Login, as: Credential, signal: AbortSignal, ask: (d: Directory, dn: string) => Promise<T | { unknown: string }>): Promise<T | NotTold> => {
  try {
    return await withLogin(c, link, as, signal, async (d) => {
      try {
        const at = await locate(d, c, account);
        return "not" in at ? { unknown: at.not } : await ask(d, at.dn);
      } catch (e) { return { unknown: whyOf(e, plain(as.secret)) }; }
    });
  } catch (e) { return notTold(e, as); }
};

const test: NonNullable<Connector<OpenLdapConfig>["test"]> = async (c, link, as, signal): Promise<TestResult> => {
  try {
    return await withLogin(c, link, as, signal, async (d): Promise<TestResult> => {
      const why = await mayChangeOthers(d, c, dnOf(c, as.name) ?? as.name);
      return why === undefined ? { ok: true, identity: d.proof } : { ok: false, stage: "right", why };
    });
  } catch (e) {
    const kind = kindOf(e);
    return { ok: false, stage: kind === "identity" ? "identity" : kind === "answer" ? "login" : "reach", why: whyOf(e, plain(as.secret)) };
  }
};

/** `sending` is called immediately before a change leaves. */
export const openldap = (sending: () => void = () => undefined): Connector<OpenLdapConfig> => connector<OpenLdapConfig>({
  platform: "openldap", config: config as z.ZodType<OpenLdapConfig>, forbidden, naming, changesItself: true, pin, probe, change: change(sending), test,
  lockedOut: (c, link, account, as, signal) => about(c, link, account, as, signal, (d, dn) => lockOf(d, dn)),
  preflight: (c, link, account, as, signal) => about(c, link, account, as, signal, (d, dn) => rulesAt(d, c, dn)),
  discover: async (c, link, as, signal) => {
    if (c.base === "") return { unknown: "the target's settings name no base to look below" };
    try { return await withLogin(c, link, as, signal, (d) => discovered(d, c)); } catch (e) { return notTold(e, as); }
  },
  identity: async (link, signal) => {
    try { const { fingerprint, how } = await directoryProof(link, signal); return identityText(fingerprint, how); } catch (e) {
      throw new Fault("upstream", `${link.address.host}:${link.address.port}: ${whyOf(e, [])}.`, { cause: e });
    }
  },
});
