/**
 * Asking a product, as somebody. Rule: what stops an administrative login is known before a byte of a change has left; whom nobody asks for a login
 * proves nothing.
 */
import { z } from "zod";
import type { Link } from "../../kernel/link.ts";
import { reveal } from "../../kernel/reveal.ts";
import type { askHttp } from "../../wires/http.ts";
import { complete, trustOf, trustShape } from "../../wires/trust.ts";
import type { Credential, TestStage } from "../connector.ts";
import { answered, at, fill, outcome, wordsOf, type Answered, type Outcome, type Step, type Template, type Values } from "./template.ts";

export const config = z.object(trustShape).superRefine(complete);
export type HttpConfig = z.infer<typeof config>;
/** How a request is made; a test puts itself in between. */
export type Ask = typeof askHttp;

export const OPEN = "it answers everybody without a login (its authentication is off), so a login proves nothing";

export type Told = { readonly result: Outcome; readonly a: Answered; readonly proof: string | null };
/** One target and one way to ask it. `as` null: nobody. */
export type Talk = { ask(s: Step, values: Values, as: Headers): Promise<Told>; login(who: Credential): Promise<Told & { headers: Headers }> };
type Headers = Readonly<Record<string, string>>;
const NOBODY: Headers = {};

export const talk = (t: Template, ask: Ask, c: HttpConfig, link: Link, signal: AbortSignal): Talk => {
  const one: Talk["ask"] = async (s, values, as) => {
    const f = fill(t, s, values),
      r = await ask({ link, trust: trustOf(c), signal, method: f.method, path: f.path, headers: { ...f.headers, ...as }, body: f.body });
    const a = answered(r.status, r.body);
    return { result: outcome(s.rules, a), a, proof: r.proof };
  };
  const login: Talk["login"] = async (who) => {
    const secret = reveal(who.secret);
    if (t.login === "basic")
      return {
        result: "ok",
        a: { status: 0, body: null },
        proof: null,
        headers: { Authorization: `Basic ${Buffer.from(`${who.name}:${secret}`).toString("base64")}` },
      };
    const r = await one(t.login.step, { account: who.name, password: secret }, NOBODY),
      token = at(r.a.body, t.login.token);
    const whole = typeof token === "string" && /^[\x21-\x7e]{1,4096}$/.test(token);
    return { ...r, result: r.result === "ok" && !whole ? "unknown" : r.result, headers: whole ? { Authorization: token } : NOBODY };
  };
  return { ask: one, login };
};

/** Refused before it was asked for anything, or answered though nobody asked who it is. */
export const isOpen = async (t: Template, k: Talk): Promise<boolean> =>
  t.mayBeOpen === true && t.proof !== undefined && (await k.ask(t.proof, {}, NOBODY)).result === "ok";

/** What stopped an administrative login, before a byte of a change. */
export type Stop = { readonly stage: TestStage; readonly why: string };
const stopOf = (t: Template, r: Told): Stop | undefined => {
  const why = wordsOf(t, r.a);
  return r.result === "ok" || r.result === "missing"
    ? undefined
    : r.result === "no"
      ? { stage: "login", why }
      : r.result === "powerless"
        ? { stage: "right", why: `it got in, but may not: ${why}` }
        : { stage: "reach", why };
};
/** As the administrator, at the question `s`. */
export const enter = async (
  t: Template,
  k: Talk,
  as: Credential,
  s: Step,
  values: Values,
): Promise<{ stop: Stop } | { told: Told; headers: Headers }> => {
  const l = await k.login(as),
    early = stopOf(t, l);
  if (early !== undefined || l.result === "missing") return { stop: early ?? { stage: "login", why: wordsOf(t, l.a) } };
  if (await isOpen(t, k)) return { stop: { stage: "login", why: OPEN } };
  const told = await k.ask(s, values, l.headers),
    stop = stopOf(t, told);
  return stop === undefined ? { told, headers: l.headers } : { stop };
};
export const listed = (t: Template, told: Told, name: string): boolean => {
  const find = t.look.find,
    items = find && at(told.a.body, find.items);
  return find === undefined ? told.result === "ok" : Array.isArray(items) && items.some((i) => at(i, find.name) === name);
};
