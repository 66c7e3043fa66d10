/**
 * Why does it not work? One check after the other, in this order, and after the first that fails nothing that rests on it. Rules: it changes nothing
 * and takes no connection away from an agent that runs; each line says what was found, and the failing one what to do.
 */
import { fingerprintOf } from "../src/crypto/envelope.ts";
import { Fault } from "../src/kernel/fault.ts";
import { ConfMistakes, type Conf } from "./conf.ts";
import type { DialFailure, Step } from "./dial.ts";
import type { Found, Platform } from "./platform.ts";
import type { Standing } from "./state.ts";
import { readConf, stateOf, type Tools } from "./tools.ts";

export const CHECKS = ["rights", "agent.conf", "name", "port", "tls", "portal", "broker key", "enrolled", "UserName", "clock", "accounts"] as const;
export type Name = (typeof CHECKS)[number];
export type Check = { readonly check: Name; readonly ok: boolean; readonly says: string; readonly hint?: string };

/** How it went to reach the broker: tried now, or by the agent that runs. `proven`: the line of the key it proved. */
export type Reached = { readonly proven: string } | { readonly failed: DialFailure };
export type Probing = {
  /** A connection up to the broker's proof of its key, and no further. */
  reach(conf: Conf): Promise<Reached>;
  /** How it stands by its broker's word of just now. Null: it was not told. */
  standing(conf: Conf): Promise<Standing | null>;
  readonly uid: number;
};
const MOST_SKEW = 60_000;

const rights = async ({ platform, places }: Tools, { uid }: Probing, conf: Conf | null, signal: AbortSignal): Promise<Found> => {
  const may = conf?.Mode === "gateway" && uid !== 0 ? { says: "a gateway needs no rights of its own" } : await platform.rights(uid, signal);
  if ("wrong" in may) return may;
  const closed = await platform.closed?.(places.state, signal);
  return closed !== undefined && "wrong" in closed ? closed : may;
};
const confOf = (t: Tools): { conf: Conf } | { wrong: string; hint: string } => {
  try {
    return { conf: readConf(t) };
  } catch (e) {
    return {
      wrong: e instanceof ConfMistakes ? e.mistakes.join("; ") : e instanceof Fault ? e.message : "it cannot be read",
      hint: `put it right in ${t.places.conf}, or paste the line from the portal again`,
    };
  }
};
const ADVICE: Record<Step, (c: Conf) => string> = {
  name: (c) => `write the broker's address as ServerName, or teach this machine's DNS or /etc/hosts the name ${c.ServerName}`,
  port: (c) => `open ${c.ServerName}:${c.ServerPort} for this machine in the firewall between, and look whether the broker runs`,
  proxy: () => "look whether Proxy names the right machine, and whether it may CONNECT to the broker",
  tls: () =>
    "let this machine trust the portal's authority, or write the certificate's fingerprint as Tls=, or Tls=any: BrokerKey proves the broker in any case",
  portal: (c) =>
    `look whether ${c.ServerName}:${c.ServerPort} is the broker's portal and no other server, and whether a proxy in front lets WebSockets through`,
  key: () =>
    "compare BrokerKey (and what lockstep-agent status names) with the fingerprint that the portal shows under Agents; another one means another " +
    "machine, or one in between, or that the old key was retired before this machine heard of the new one: then write the new fingerprint as " +
    "BrokerKey, or enroll it again",
};
/** Which line of the list a failed way belongs to. */
const AT: Record<Step, Name> = { name: "name", port: "port", proxy: "port", tls: "tls", portal: "portal", key: "broker key" };
const PASSED: Record<"name" | "port" | "tls" | "portal" | "broker key", (c: Conf) => string> = {
  name: (c) => `${c.ServerName} is known here`,
  port: (c) => `${c.ServerName}:${c.ServerPort} answers`,
  tls: (c) => (c.Tls === "off" ? "no TLS, as Tls=off says" : `TLS comes about (Tls=${c.Tls})`),
  portal: () => "the portal takes agents",
  "broker key": () => "the broker proved the pinned key",
};
const wayOf = (r: Reached, conf: Conf): Check[] => {
  const order = ["name", "port", "tls", "portal", "broker key"] as const,
    stop = "failed" in r ? order.indexOf(AT[r.failed.step] as (typeof order)[number]) : order.length;
  const passed = order
    .slice(0, stop)
    .map(
      (check): Check => ({
        check,
        ok: true,
        says: PASSED[check](conf) + (check === "broker key" && "proven" in r ? ` ${fingerprintOf(r.proven)}` : ""),
      }),
    );
  return "failed" in r ? [...passed, { check: order[stop]!, ok: false, says: r.failed.why, hint: ADVICE[r.failed.step](conf) }] : passed;
};

const enrolled = (s: Standing | null, has: { agent: boolean; token: boolean }, hints: Platform["hints"]): Found => {
  const again = 'make a new token in the portal under Agents, "Add a host", and paste its line here';
  if (s?.state === "refused" && !/UserName/.test(s.why ?? ""))
    return { wrong: `the broker does not let it in: ${s.why ?? "it said no more"}`, hint: again };
  if (!has.agent && !has.token) return { wrong: "it is not enrolled, and has no token to do so", hint: again };
  if (s === null && !has.agent)
    return { wrong: "it has a token that it has not used yet", hint: `start it: ${hints.start}, or lockstep-agent run` };
  if (s === null)
    return {
      wrong: "the broker did not say how it stands",
      hint: `look whether the portal's agent page calls it revoked, and at the log: ${hints.log}`,
    };
  return { says: s.state === "paused" ? `enrolled, and paused: ${s.why ?? ""}` : has.agent ? "enrolled" : "its token is good" };
};
const userName = (s: Standing, conf: Conf): Found => {
  if (s.state === "refused")
    return {
      wrong: s.why ?? `UserName=${conf.UserName} was refused`,
      hint: `write the login name that the portal printed beside the token as UserName in agent.conf`,
    };
  return s.owner === undefined || s.owner === conf.UserName
    ? { says: `it belongs to ${conf.UserName}` }
    : {
        wrong: `UserName=${conf.UserName}, and by the broker it belongs to ${s.owner}`,
        hint: `write UserName=${s.owner}, or have it given to ${conf.UserName} on the agent's page`,
      };
};
const clock = (s: Standing, hints: Platform["hints"]): Found => {
  const skew = s.heardAt - s.now,
    minutes = Math.round(Math.abs(skew) / 6_000) / 10;
  return Math.abs(skew) <= MOST_SKEW
    ? { says: `the clock is right to ${Math.abs(skew)} ms` }
    : {
        wrong: `this machine's clock is ${minutes} minutes ${skew > 0 ? "ahead of" : "behind"} the broker's`,
        hint: `let a time service set it: ${hints.clock}`,
      };
};
const line = (check: Name, f: Found): Check => ("says" in f ? { check, ok: true, says: f.says } : { check, ok: false, says: f.wrong, hint: f.hint });
export const examine = async (t: Tools, p: Probing, signal: AbortSignal): Promise<Check[]> => {
  const out: Check[] = [],
    read = confOf(t),
    conf = "conf" in read ? read.conf : null;
  /** False: the list ends here. */
  const put = (...checks: readonly Check[]): boolean => {
    out.push(...checks);
    return checks.every((c) => c.ok);
  };
  if (!put(line("rights", await rights(t, p, conf, signal)))) return out;
  if (conf === null) {
    put(line("agent.conf", read as Found));
    return out;
  }
  put(line("agent.conf", { says: `${conf.Mode} of ${conf.UserName}, broker ${conf.ServerName}:${conf.ServerPort}` }));
  if (!put(...wayOf(await p.reach(conf), conf))) return out;
  const state = stateOf(t),
    has = { agent: state.agent() !== undefined, token: state.token() !== undefined },
    s = has.agent || has.token ? await p.standing(conf) : null;
  if (!put(line("enrolled", enrolled(s, has, t.platform.hints)))) return out;
  if (put(line("UserName", userName(s!, conf))) && put(line("clock", clock(s!, t.platform.hints)))) put(line("accounts", conf.Mode === "gateway" ? { says: "a gateway changes no accounts" } : await t.platform.writable(signal)));
  return out;
};
export const printed = (c: Check): string => `${c.ok ? "ok  " : "FAIL"} ${c.check}: ${c.says}${c.hint ? `\n     What to do: ${c.hint}.` : ""}`;
