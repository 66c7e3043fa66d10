/**
 * The verbs of local Windows accounts, whichever way PowerShell is reached. Rule: nobody but an administrator sets a password; a refused login may be a lock-out or a missing right, so it is
 * "no" only when an administrator, on a machine that has proven itself, has seen that nothing else is in the way.
 */
import type { Link } from "../kernel/link.ts";
import { reveal } from "../kernel/reveal.ts";
import type { Answer, ChangeResult, Connector, Credential, Login, NotTold, TestStage } from "./connector.ts";
import { byWhom, plain, scrubbed, sendable, toldNothing, words } from "./connector.ts";
import { naming, NO_NAME } from "./windows-names.ts";
import { changed, inputOf, isAdmin, listIn, lockIn, SCRIPTS } from "./windows-script.ts";

// eslint-disable-next-line no-control-regex
export const forbidden = /[\x00-\x1f\x7f]/;
/** Windows takes 127 characters at a logon. */
const LONGEST = 127;

/** `proof`: what the machine proved itself by. `input` is called as its bytes leave. */
export type Session = { readonly proof: string; run(script: string, input: () => Buffer): Promise<string> };
/** `denied`: let in, and may not. */
export type Failed = { readonly kind: "reach" | "identity" | "login" | "denied"; readonly why: string };
export type Way<C> = {
  /** Only members of Administrators and Remote Management Users get in. */
  readonly remote: boolean;
  session<T>(c: C, link: Link, who: Credential, signal: AbortSignal, use: (s: Session) => Promise<T>): Promise<T>;
  /** One login and nothing else. */
  knock(c: C, link: Link, who: Credential, signal: AbortSignal): Promise<void>;
  failed(e: unknown): Failed;
};
type Verbs<C> = Pick<Connector<C>, "probe" | "change"> & Required<Pick<Connector<C>, "lockedOut" | "test" | "discover">>;

const unsuited = (account: Login, to: string): string | undefined =>
  !naming.fits(account.name) ? NO_NAME : !sendable({ forbidden }, to) ? "the password is empty or holds a control character" : to.length > LONGEST ? `a Windows password has at most ${LONGEST} characters` : undefined;
const notSent = ({ kind, why }: Failed): Extract<ChangeResult, { not_sent: string }> => ({ not_sent: kind === "identity" ? "identity" : kind === "reach" ? "unreachable" : "auth_of_as", why });
const notTold = ({ kind, why }: Failed): NotTold => toldNothing(why, kind === "login", kind === "identity");
const IN_DOUBT = "the login was refused; whether for its password only an administrator can tell";

export const windowsAccounts = <C>(way: Way<C>): Verbs<C> => ({
  change: async (c, link, account, ch, signal) => {
    const to = reveal(ch.to), wrong = unsuited(account, to), as = byWhom(account, ch), hidden = plain(ch.to, ch.from, ch.as?.secret);
    if (wrong !== undefined) return { refused: wrong };
    if ("refused" in as) return as;
    let sent = false;
    const input = (): Buffer => { sent = true; return inputOf(account.name, ch.to); };
    try { return scrubbed(await way.session(c, link, as, signal, async (s) => changed(await s.run(SCRIPTS.set, input))), hidden); } catch (e) {
      const f = way.failed(e);
      return scrubbed(sent ? { unknown: f.why } : notSent(f), hidden);
    }
  },
  probe: async (c, link, account, secret, signal): Promise<Answer> => {
    const wrong = unsuited(account, reveal(secret));
    if (wrong !== undefined) return { unknown: wrong };
    try { await way.knock(c, link, { name: account.name, secret }, signal); return "yes"; } catch (e) {
      const f = way.failed(e);
      return f.kind === "login" ? { unknown: IN_DOUBT, refused: true } : { unknown: words(f.why, plain(secret)) };
    }
  },
  lockedOut: async (c, link, account, as, signal) => {
    if (!naming.fits(account.name)) return { unknown: NO_NAME };
    try { return await way.session(c, link, as, signal, async (s) => lockIn(await s.run(SCRIPTS.look, () => inputOf(account.name)), way.remote)); } catch (e) { return notTold(way.failed(e)); }
  },
  test: async (c, link, as, signal) => {
    try {
      return await way.session(c, link, as, signal, async (s) => {
        const r = isAdmin(await s.run(SCRIPTS.test, () => inputOf()));
        return r === true ? { ok: true, identity: s.proof } : { ok: false, stage: "right", why: r.why };
      });
    } catch (e) {
      const f = way.failed(e), stage: TestStage = f.kind === "denied" ? "right" : f.kind;
      return { ok: false, stage, why: words(f.why, plain(as.secret)) };
    }
  },
  discover: async (c, link, as, signal) => {
    try { return await way.session(c, link, as, signal, async (s) => listIn(await s.run(SCRIPTS.list, () => inputOf()))); } catch (e) { return notTold(way.failed(e)); }
  },
});
