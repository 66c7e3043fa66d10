/**
 * Accounts of an Active Directory domain. Rule: unicodePwd over verified TLS alone, for exactly one person's entry that was looked up first; what a
 * controller says of an account it says after it has found the password right, but for a lock-out, which proves nothing.
 *
 * The administrative account is delegated, and needs no more than this right on the accounts it changes (tested as written on Samba):
 *     dsacls "OU=Services,DC=corp,DC=example,DC=com" /I:S /G "CORP\rotator:CA;Reset Password;user"
 * Found by trying, on Samba: after a reset the password before it still opens LDAP and NTLM for an hour ("old password allowed period"; Windows has
 * the like for NTLM), Kerberos takes the new one alone: a login that LDAP takes and Kerberos refuses is such an old one. A reset may repeat a
 * password, a change by the account itself may not. Nothing is unlocked by a reset.
 */
import type { z } from "zod";
import { Fault } from "../kernel/fault.ts";
import type { Link } from "../kernel/link.ts";
import { reveal } from "../kernel/reveal.ts";
import { times } from "../kernel/times.ts";
import { objectionBeside } from "../wires/beside.ts";
import { ticketFor } from "../wires/kerberos.ts";
import { directoryProof, has, openDirectory, type Directory, type Modification } from "../wires/ldap.ts";
import type { Trust } from "../wires/tls.ts";
import { certifiedBy } from "../wires/trust.ts";
import { afterSend, atProbe, failed, notSent, isStranger, refusedLogin, whyOf } from "./active-directory/answers.ts";
import { discovered, locate, mayReset, rulesAt } from "./active-directory/look.ts";
import { binder, config, domainIn, forbidden, identityText, isUpn, naming, NO_NAME, pin, realmOf, unicodePwd, unsuited, type ActiveDirectoryConfig } from "./active-directory/settings.ts";
import type { Answer, Change, ChangeResult, Connector, Credential, Login, NotTold, TestResult } from "./connector.ts";
import { byWhom, connector, plain, toldNothing } from "./connector.ts";

export type { ActiveDirectoryConfig } from "./active-directory/settings.ts";
type Config = ActiveDirectoryConfig;
const LIMIT = times();

const login = async (c: Config, link: Link, who: Credential, signal: AbortSignal): Promise<Directory> => {
  const within = AbortSignal.any([signal, AbortSignal.timeout(LIMIT.changeLimit)]), d = await openDirectory(link, certifiedBy(c), c.encryption, within);
  try { await d.bind(binder(c, who.name), reveal(who.secret)); } catch (e) { d.end(); throw e; }
  return d;
};
const withLogin = async <T>(c: Config, link: Link, who: Credential, signal: AbortSignal, use: (d: Directory) => Promise<T>): Promise<T> => {
  const d = await login(c, link, who, signal);
  try { return await use(d); } finally { d.end(); }
};

/** A reset by another one; by itself the old one goes out with the new one, and the domain's history and minimum age count. */
const modification = (own: boolean, from: string, to: string): Modification[] => own
  ? [{ operation: "delete", attribute: "unicodePwd", values: [unicodePwd(from)] }, { operation: "add", attribute: "unicodePwd", values: [unicodePwd(to)] }]
  : [{ operation: "replace", attribute: "unicodePwd", values: [unicodePwd(to)] }];

const change = (sending: () => void) => async (c: Config, link: Link, account: Login, ch: Change, signal: AbortSignal): Promise<ChangeResult> => {
  const wrong = unsuited(account, ch.to), as = byWhom(account, ch), to = reveal(ch.to);
  if (wrong !== undefined) return { refused: wrong };
  if ("refused" in as) return as;
  const hidden = plain(ch.to, ch.from, ch.as?.secret), own = as.name === account.name;
  // Set again after a crash: it would refuse what it has already, as history.
  if (own && to === reveal(as.secret)) return await probe(c, link, account, ch.to, signal) === "yes" ? "done" : { not_sent: "auth_of_as", why: "its present password is not the one that was given" };
  let sent = false;
  try {
    return await withLogin(c, link, as, signal, async (d): Promise<ChangeResult> => {
      const at = await locate(d, c, account);
      if ("not" in at) return { refused: at.not };
      sent = true;
      sending();
      await d.modify(at.dn, modification(own, reveal(as.secret), to));
      return "done";
    });
  } catch (e) { return sent ? afterSend(e, hidden) : notSent(e, hidden); }
};

const OLD = "LDAP takes this password and Kerberos does not: it is the one before the last change, which a domain goes on taking for a while (an hour, if nothing else was set)";
/** Kerberos has the last word where it has one to say. */
const byKerberos = async (c: Config, link: Link, { name, secret }: Credential, signal: AbortSignal): Promise<Answer> => {
  const there = c.kerberos === "off" ? undefined : link.beside?.({ host: link.address.host, port: c.kdcPort });
  if (there === undefined) return "yes";
  const ticket = await ticketFor(there, { realm: realmOf(c), principal: isUpn(name) ? name : `${name}@${realmOf(c)}`, enterprise: isUpn(name), password: reveal(secret) }, signal);
  return ticket === "refused" ? { unknown: OLD } : "yes";
};
const elsewhere = async (c: Config, link: Link, who: Credential, signal: AbortSignal): Promise<Answer> => {
  const why = await objectionBeside(link, c.controllers, async (there) => {
    try { (await login(c, there, who, signal)).end(); return undefined; } catch (e) { return failed(e).kind === "unreachable" || atProbe(e, []) === "yes" ? undefined : whyOf(e, plain(who.secret)); }
  });
  return why === undefined ? "yes" : { unknown: `the controller ${why}` };
};
const probe = async (c: Config, link: Link, account: Login, secret: Credential["secret"], signal: AbortSignal): Promise<Answer> => {
  if (!naming.fits(account.name)) return { unknown: NO_NAME };
  // A bind without a password is no login at all (RFC 4513 5.1.2), and lets everybody in.
  if (reveal(secret) === "") return { unknown: "an empty password proves nothing" };
  const who = { name: account.name, secret };
  try { (await login(c, link, who, signal)).end(); } catch (e) { return atProbe(e, plain(secret)); }
  const said = await byKerberos(c, link, who, signal);
  return said === "yes" ? elsewhere(c, link, who, signal) : said;
};

const notTold = (e: unknown, as: Credential): NotTold => toldNothing(whyOf(e, plain(as.secret)), refusedLogin(e), isStranger(e));
/** What goes wrong behind the bind is no refused login. */
const asking = async <T>(c: Config, link: Link, as: Credential, signal: AbortSignal, ask: (d: Directory) => Promise<T | { unknown: string }>): Promise<T | NotTold> => {
  try {
    return await withLogin(c, link, as, signal, async (d) => { try { return await ask(d); } catch (e) { return { unknown: whyOf(e, plain(as.secret)) }; } });
  } catch (e) { return notTold(e, as); }
};

const test: NonNullable<Connector<Config>["test"]> = async (c, link, as, signal): Promise<TestResult> => {
  try {
    return await withLogin(c, link, as, signal, async (d): Promise<TestResult> => {
      const why = await mayReset(d, c, as.name);
      return why === undefined ? { ok: true, identity: d.proof } : { ok: false, stage: "right", why };
    });
  } catch (e) {
    const { kind } = failed(e);
    return { ok: false, stage: kind === "identity" ? "identity" : kind === "answer" ? "login" : "reach", why: whyOf(e, plain(as.secret)) };
  }
};

/** The root of the directory is shown to everybody. */
const domainShown = async (link: Link, trust: Trust, how: "ldaps" | "starttls", signal: AbortSignal): Promise<string | undefined> => {
  const d = await openDirectory(link, trust, how, signal);
  try {
    return domainIn((await d.search({ base: "", scope: "base", filter: has("objectClass"), attributes: ["defaultNamingContext"] }, 2))[0]?.first("defaultNamingContext"));
  } finally { d.end(); }
};

/** `sending` is called immediately before a change leaves. */
export const activeDirectory = (sending: () => void = () => undefined): Connector<Config> => connector<Config>({
  platform: "active-directory", config: config as z.ZodType<Config>, forbidden, naming, changesItself: true, pin, probe, change: change(sending), test,
  lingers: "a domain goes on taking the password before for a while (for NTLM, and on Samba for LDAP: an hour if nothing else was set); Kerberos takes the new one alone",
  preflight: (c, link, account, as, signal) => asking(c, link, as, signal, async (d) => { const at = await locate(d, c, account); return "not" in at ? { unknown: at.not } : rulesAt(d, c, at.dn); }),
  discover: (c, link, as, signal) => asking(c, link, as, signal, (d) => discovered(d, c)),
  identity: async (link, signal) => {
    try {
      const { fingerprint, how } = await directoryProof(link, signal);
      return identityText(fingerprint, await domainShown(link, { certificates: [fingerprint] }, how, signal), how);
    } catch (e) {
      throw new Fault("upstream", `${link.address.host}:${link.address.port}: ${whyOf(e, [])}.`, { cause: e });
    }
  },
});
