/**
 * Accounts of products with an HTTP API, one template each (http/products.ts). Rule: the account is looked at before it is set, as some products
 * create an unknown one; a verifier goes where the product takes one, else the password itself, under TLS; a login proves nothing where nobody
 * is asked for one.
 */
import type { z } from "zod";
import type { Random } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import { reveal } from "../kernel/reveal.ts";
import { askHttp, HttpFailure, tlsIdentity } from "../wires/http.ts";
import { certificatePin, isLoopback, PLAIN, PLAIN_ELSEWHERE, plainObjection } from "../wires/trust.ts";
import type { ChangeResult, Connector, Credential, FoundAccount, NotTold, TestStage } from "./connector.ts";
import { byWhom, connector, plain, scrubbed, sendable, toldNothing, words } from "./connector.ts";
import { config, enter, isOpen, listed, OPEN, talk, type Ask, type HttpConfig, type Stop, type Told } from "./http/talk.ts";
import { at, isLike, wordsOf, type Json, type Template, type Values } from "./http/template.ts";
import { rabbitHash, rabbitMatcher } from "./http/verifier.ts";

export type { Ask, HttpConfig } from "./http/talk.ts";
type Verb<K extends keyof Connector<HttpConfig>> = NonNullable<Connector<HttpConfig>[K]>;

// eslint-disable-next-line no-control-regex
const forbidden = /[\x00-\x1f\x7f]/;
const NO_NAME = "this cannot be the name of an account here";

const failed = (e: unknown): HttpFailure => (e instanceof HttpFailure ? e : new HttpFailure("cut", "the connection failed in a way we do not know"));
const stageOf = (f: HttpFailure): TestStage => (f.kind === "identity" ? "identity" : "reach");
const notSent = (stage: TestStage, why: string): ChangeResult => ({
  not_sent: stage === "identity" ? "identity" : stage === "reach" ? "unreachable" : "auth_of_as",
  why,
});

const kept = (t: Template, told: Told): Values =>
  Object.fromEntries(Object.entries(t.look.keep ?? {}).map(([name, path]) => [name, (at(told.a.body, path) ?? null) as Json]));
const sent = (t: Template, r: Told): ChangeResult =>
  r.result === "ok" ? "done" : r.result === "unknown" ? { unknown: wordsOf(t, r.a) } : { refused: wordsOf(t, r.a) };
const change =
  (t: Template, ask: Ask, random: Random): Verb<"change"> =>
  async (c, link, account, ch, signal) => {
    const to = reveal(ch.to),
      as = byWhom(account, ch);
    if (!t.naming.fits.test(account.name) || account.name !== account.name.trim()) return { refused: NO_NAME };
    if (!sendable({ forbidden }, to)) return { refused: "the password is empty or holds a control character" };
    if ("refused" in as) return as;
    const hidden = plain(ch.to, ch.from, ch.as?.secret),
      k = talk(t, ask, c, link, signal),
      values = { account: account.name };
    let left = false;
    try {
      const e = await enter(t, k, as, t.look, values);
      if ("stop" in e) return notSent(e.stop.stage, words(e.stop.why, hidden));
      if (!listed(t, e.told, account.name)) return { refused: `account "${account.name}" does not exist` };
      const hash = t.verifier === undefined ? "" : rabbitHash(to, random);
      left = true;
      return scrubbed(sent(t, await k.ask(t.change, { ...values, ...kept(t, e.told), ...(t.verifier ? { hash } : { password: to }) }, e.headers)), [
        ...hidden,
        hash,
      ]);
    } catch (e) {
      const f = failed(e),
        why = words(f.why, hidden);
      return left && f.kind === "cut" ? { unknown: why } : notSent(stageOf(f), why);
    }
  };

const probe =
  (t: Template, ask: Ask): Verb<"probe"> =>
  async (c, link, account, secret, signal) => {
    if (!t.naming.fits.test(account.name)) return { unknown: NO_NAME };
    const k = talk(t, ask, c, link, signal);
    try {
      const l = await k.login({ name: account.name, secret }),
        r = l.result === "ok" && t.proof ? await k.ask(t.proof, {}, l.headers) : l;
      if (r.result === "ok" || r.result === "powerless") return (await isOpen(t, k)) ? { unknown: OPEN } : "yes";
      if (r.result !== "no") return { unknown: words(wordsOf(t, r.a), plain(secret)) };
      return c.tls === "off" ? { unknown: "the login was refused, but over a plain connection nobody knows by whom" } : "no";
    } catch (e) {
      return { unknown: words(failed(e).why, plain(secret)) };
    }
  };

/** Over a verified certificate a refused login is the administrator's own. */
const notTold = (stop: Stop, c: HttpConfig, as: Credential): NotTold =>
  toldNothing(words(stop.why, plain(as.secret)), stop.stage === "login" && stop.why !== OPEN && c.tls !== "off", stop.stage === "identity");

const compare =
  (t: Template, ask: Ask, v: NonNullable<Template["verifier"]>): Verb<"compare"> =>
  async (c, link, account, secrets, as, signal) => {
    if (!t.naming.fits.test(account.name)) return { unknown: NO_NAME };
    try {
      const e = await enter(t, talk(t, ask, c, link, signal), as, t.look, { account: account.name });
      if ("stop" in e) return notTold(e.stop, c, as);
      if (!listed(t, e.told, account.name)) return { unknown: "the target knows no such account" };
      const fits = isLike(e.told.a.body, v.algorithm.at, v.algorithm.like) ? rabbitMatcher(at(e.told.a.body, v.at)) : null;
      if (fits === null) return { unknown: "the target keeps a kind of verifier that is not computed here" };
      const match = secrets.findIndex((s) => fits(reveal(s)));
      return match < 0 ? "none" : { match };
    } catch (e) {
      const f = failed(e);
      return toldNothing(words(f.why, plain(as.secret)), false, f.kind === "identity");
    }
  };

const foundIn = (t: Template, name: string, entry: unknown): FoundAccount => {
  const mighty = isLike(entry, t.list.mighty.at, t.list.mighty.like),
    off = t.list.off !== undefined && isLike(entry, t.list.off.at, t.list.off.like);
  return { name, enabled: !off, privileged: mighty, says: [...(mighty ? [t.list.mighty.says] : []), ...(off ? [t.list.off!.says] : [])] };
};
const discover =
  (t: Template, ask: Ask): Verb<"discover"> =>
  async (c, link, as, signal) => {
    const k = talk(t, ask, c, link, signal);
    try {
      const e = await enter(t, k, as, t.list.step, {});
      if ("stop" in e) return notTold(e.stop, c, as);
      const items = at(e.told.a.body, t.list.items) ?? [],
        found: FoundAccount[] = [];
      if (!Array.isArray(items)) return { unknown: "it did not answer with a list of its accounts" };
      for (const item of items as unknown[]) {
        const name = at(item, t.list.name);
        if (typeof name !== "string") return { unknown: "it did not answer with a list of its accounts" };
        const more = t.list.each === undefined ? undefined : await k.ask(t.list.each, { account: name }, e.headers);
        if (more !== undefined && more.result !== "ok" && more.result !== "missing") return { unknown: words(wordsOf(t, more.a), plain(as.secret)) };
        if (more?.result !== "missing") found.push(foundIn(t, name, more === undefined ? item : more.a.body));
      }
      return found.sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch (e) {
      const f = failed(e);
      return toldNothing(words(f.why, plain(as.secret)), false, f.kind === "identity");
    }
  };

const test =
  (t: Template, ask: Ask): Verb<"test"> =>
  async (c, link, as, signal) => {
    const hidden = plain(as.secret);
    try {
      const e = await enter(t, talk(t, ask, c, link, signal), as, t.right, {});
      return "stop" in e
        ? { ok: false, stage: e.stop.stage, why: words(e.stop.why, hidden) }
        : { ok: true, identity: e.told.proof ?? "nothing: a plain connection on this machine" };
    } catch (e) {
      const f = failed(e);
      return { ok: false, stage: stageOf(f), why: words(f.why, hidden) };
    }
  };

const COMPARE = "openssl x509 -noout -fingerprint -sha256 -in /where/its/certificate/is.pem";
export const http =
  (t: Template) =>
  (random: Random, ask: Ask = askHttp): Connector<HttpConfig> =>
    connector<HttpConfig>({
      platform: t.platform,
      config: config as z.ZodType<HttpConfig>,
      forbidden,
      objection: plainObjection,
      pin: (identity) => certificatePin(identity, COMPARE, "its configuration: no TLS"),
      naming: { fits: (name) => t.naming.fits.test(name) && name === name.trim(), says: t.naming.says },
      probe: probe(t, ask),
      change: change(t, ask, random),
      discover: discover(t, ask),
      test: test(t, ask),
      ...(t.verifier ? { compare: compare(t, ask, t.verifier) } : {}),
      identity: async (link, signal) => {
        const shown = await tlsIdentity(link, signal);
        if (shown === null && !isLoopback(link.address))
          throw new Fault("upstream", `${link.address.host}:${link.address.port}: ${PLAIN_ELSEWHERE}.`);
        return shown ?? PLAIN;
      },
    });
