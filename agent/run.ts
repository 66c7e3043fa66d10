/**
 * Connected to the broker, again and again. Rules: nothing is answered before the broker has proven a pinned key (law agent-key-pinned), which ones
 * pins.ts says; what a person reads in the log says what to do.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../src/kernel/fault.ts";
import type { Address } from "../src/kernel/link.ts";
import { SignedList, type Deeds } from "../src/wires/agent-words.ts";
import type { Trust } from "../src/wires/tls.ts";
import { carrier, type Carrier } from "./carry.ts";
import type { Conf } from "./conf.ts";
import { deeds } from "./deeds.ts";
import { dial, DialFailure, keepTrying, outcomeOf, wayOut, type Outcome } from "./dial.ts";
import { examine, type Check, type Probing, type Reached } from "./doctor.ts";
import { keeper, type Keeper } from "./keeper.ts";
import { pinnedKeys, pinnedLines } from "./pins.ts";
import { relay } from "./relay.ts";
import { serve, type Served } from "./serve.ts";
import type { Standing, State } from "./state.ts";
import { readConf, stateOf, type Tools } from "./tools.ts";

const AUTHORITIES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];
const trustOf = ({ Tls }: Conf): Trust | null => {
  if (Tls === "off") return null;
  if (Tls === "any") return "whoever";
  if (Tls !== "verify") return { certificates: [Tls] };
  const file = AUTHORITIES.find((f) => existsSync(f));
  if (file === undefined) throw new DialFailure("tls", "this machine keeps no list of authorities to verify the portal by");
  return { authority: readFileSync(file, "utf8") };
};
const addressOf = (pair: string): Address => {
  const at = pair.lastIndexOf(":");
  return { host: pair.slice(0, at).replace(/^\[|\]$/g, ""), port: Number(pair.slice(at + 1)) };
};
const proxyOf = ({ Proxy }: Conf): Address | undefined => (Proxy === undefined ? undefined : addressOf(Proxy.replace(/^http:\/\/|\/$/g, "")));
const CARRIES = "carries";
export const carrierOf = (conf: Conf, state: State): Carrier => {
  const kept = state.note(CARRIES);
  return carrier({
    agent: () => state.agent(),
    own: conf.Mode === "agent",
    brokerKeys: () => pinnedLines(conf, state),
    narrowed: conf.Allow ?? null,
    kept: kept === undefined ? undefined : SignedList.parse(JSON.parse(kept)),
    keep: (signed) => state.keepNote(CARRIES, JSON.stringify(signed)),
  });
};

type Line = { readonly conf: Conf; readonly state: State; readonly verbs: Deeds; readonly carrier: Carrier; readonly keeper: Keeper };
const open = async (t: Tools, l: Omit<Line, "keeper">, agent: string | undefined, signal: AbortSignal): Promise<Served> => {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(t.times.targetDial)]),
    proxy = proxyOf(l.conf);
  const stream = await dial(
    {
      server: { host: l.conf.ServerName, port: l.conf.ServerPort },
      trust: trustOf(l.conf),
      ...(proxy ? { proxy } : {}),
      ...(agent === undefined ? {} : { agent }),
    },
    limit,
  );
  const served = serve(stream, {
    hostKeys: [l.state.hostKey()],
    brokerKeys: pinnedKeys(l.conf, l.state),
    verbs: l.verbs,
    mayCarry: (host, port) => l.carrier.mayCarry(host, port),
    log: t.log,
    handshake: t.times.handshake,
    verbLimit: t.times.agentVerb,
    dial: t.times.targetDial,
    beat: t.times.agentBeat,
  });
  signal.addEventListener("abort", () => served.close(), { once: true });
  return served;
};

const LINK = "link";
/** Who is connected right now, for status and doctor beside it: gone with its connection, and nothing without its process. */
type Connected = { readonly pid: number; readonly since: number };
export const connectedNow = (state: State): Connected | null => {
  const text = state.note(LINK);
  if (text === undefined) return null;
  const c = JSON.parse(text) as Connected;
  try {
    process.kill(c.pid, 0);
    return c;
  } catch {
    return null;
  }
};
const wordOf = (t: Tools, s: Standing | undefined): void =>
  s?.state === "refused"
    ? t.log("error", `the broker does not let this agent in: ${s.why ?? "it said no more"}`)
    : s?.state === "paused"
      ? t.log("warn", `paused by its broker: ${s.why ?? ""}`)
      : undefined;

const NOT_HERE: Probing["standing"] = () => Promise.resolve(null);
/** Everything one agent does with its broker. `told`: each time it said how it stands. */
export const lineOf = (t: Tools, conf: Conf, state: State, told: () => void = () => undefined): Line => {
  const carries = carrierOf(conf, state),
    keeps = keeper(t, state),
    probing = (): Probing => ({ ...probes(t), standing: () => Promise.resolve(state.standing() ?? null) });
  const ours = deeds(t, {
    conf,
    state,
    keeper: keeps,
    allowNo: () => carries.no(),
    examine: (signal) => examine(t, probing(), signal),
    told: () => {
      wordOf(t, state.standing());
      told();
    },
  });
  return { conf, state, keeper: keeps, carrier: carries, verbs: { ...ours, allow: (signed) => Promise.resolve(carries.take(signed)) } };
};

/** One whole connection. */
export const once = async (t: Tools, l: Line, signal: AbortSignal): Promise<Outcome> => {
  const { state, conf } = l,
    where = `${conf.ServerName}:${conf.ServerPort}`;
  let served: Served;
  try {
    served = await open(t, l, state.agent(), signal);
  } catch (e) {
    t.log("warn", `${where}: ${e instanceof DialFailure ? e.why : "it cannot be reached"}`);
    return outcomeOf(e);
  }
  try {
    const line = await served.proven;
    if (!state.brokerKeys().includes(line)) state.keepBrokerKeys([line, ...state.brokerKeys()].slice(0, 4));
    state.keepNote(LINK, JSON.stringify({ pid: process.pid, since: t.clock.now().getTime() } satisfies Connected));
    t.log("info", `connected to ${where}`);
    await served.over;
    t.log("info", `the connection to ${where} ended`);
    return state.standing()?.state === "refused" ? "failed" : "worked";
  } catch (e) {
    t.log("error", `${where}: ${e instanceof Error ? e.message : "the connection failed"}. See: lockstep-agent doctor`);
    return "failed";
  } finally {
    rmSync(join(state.dir, LINK), { force: true });
  }
};

const wait = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      },
      timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
/** Where agent.conf says so: a way to the broker for gateways behind this one. That it cannot be opened ends nothing else. */
const relayFor = async (t: Tools, conf: Conf, signal: AbortSignal): Promise<void> => {
  if (conf.Relay === undefined) return;
  const server = { host: conf.ServerName, port: conf.ServerPort },
    proxy = proxyOf(conf);
  try {
    const open = await relay({ listen: addressOf(conf.Relay), server, connect: (s) => wayOut({ server, proxy }, s), limit: t.times.targetDial, most: RELAYED });
    signal.addEventListener("abort", () => open.close(), { once: true });
    t.log("info", `relays to ${conf.ServerName}:${conf.ServerPort} for those who come to ${conf.Relay}`);
  } catch (e) {
    t.log("error", `Relay=${conf.Relay} cannot be opened: ${e instanceof Error ? e.message : "no reason was told"}`);
  }
};
/** Connections of gateways behind this one, at most. */
const RELAYED = 256;

/** Until it is called off. A machine that is not enrolled and cannot be does not knock for ever. */
export const run = async (t: Tools, signal: AbortSignal): Promise<void> => {
  await t.platform.close?.(t.places.state, signal);
  const conf = readConf(t),
    state = stateOf(t),
    line = lineOf(t, conf, state),
    over = new AbortController();
  if (state.agent() === undefined && state.token() === undefined)
    throw new Fault("forbidden", "This machine is not enrolled. Paste the line that the portal prints.");
  const one = async (s: AbortSignal): Promise<Outcome> => {
    const outcome = await once(t, line, s);
    if (state.agent() === undefined && state.standing()?.state === "refused") over.abort();
    return outcome;
  };
  await relayFor(t, conf, signal);
  // Before the first connection: what fell due while this was down is not kept waiting by a broker that is away.
  if (conf.Mode === "agent") void line.keeper.keepTime(() => connectedNow(state)?.pid === process.pid, signal);
  const pauses = { first: t.times.agentRetryFirst, most: t.times.agentRetryMost };
  await keepTrying({ pauses, random: t.random, signal: AbortSignal.any([signal, over.signal]), once: one, wait });
  if (over.signal.aborted) throw new Fault("forbidden", `This machine was not let in: ${state.standing()?.why ?? "its token is not good"}`);
};

const LOOKING = { not_sent: "unreachable" as const, why: "its doctor, or its enrolment, asks at this moment: what runs afterwards takes it" };
/** Until the broker has said how it stands; null: it did not in time. What it leaves behind is what the broker told. */
export const untilTold = async (t: Tools, conf: Conf, state: State, signal: AbortSignal): Promise<Standing | null> => {
  const over = new AbortController(),
    limit = AbortSignal.any([signal, over.signal, AbortSignal.timeout(t.times.agentWord)]);
  let heard = false;
  const all = lineOf(t, conf, state, () => {
    heard = true;
    setTimeout(() => over.abort(), t.times.settle);
  });
  // A look is no time to change anything: it may be over before that is.
  const orders = () => Promise.reject(new Fault("conflict", LOOKING.why));
  const line = { ...all, verbs: { ...all.verbs, orders, change: () => Promise.resolve(LOOKING), "end-logins": () => Promise.resolve({ unknown: LOOKING.why }) } };
  await once(t, line, limit);
  return heard ? (state.standing() ?? null) : null;
};
/** The way out up to the broker's proof, without saying who this is: an agent that runs keeps its connection. */
const reach = async (t: Tools, conf: Conf): Promise<Reached> => {
  const state = stateOf(t),
    over = new AbortController(),
    none = new Proxy({}, { get: () => () => Promise.reject(new Error("not now")) }) as Deeds;
  try {
    const served = await open({ ...t, log: () => undefined }, { conf, state, verbs: none, carrier: carrierOf(conf, state) }, undefined, over.signal);
    try {
      return { proven: await served.proven };
    } catch (e) {
      return { failed: new DialFailure("key", e instanceof Error ? e.message : "the broker did not prove its key") };
    } finally {
      served.close();
    }
  } catch (e) {
    return { failed: e instanceof DialFailure ? e : new DialFailure("port", "it cannot be reached") };
  } finally {
    over.abort();
  }
};
export const probes = (t: Tools): Probing => ({ uid: process.getuid?.() ?? -1, reach: (conf) => reach(t, conf), standing: NOT_HERE });
/** From the command line: an agent that runs was told already; else it is asked now. */
export const doctor = (t: Tools, signal: AbortSignal, more: Partial<Probing> = {}): Promise<Check[]> =>
  examine(
    t,
    {
      ...probes(t),
      standing: (conf) => {
        const state = stateOf(t);
        return connectedNow(state)
          ? Promise.resolve(state.standing() ?? null)
          : state.agent() === undefined
            ? Promise.resolve(state.standing() ?? null)
            : untilTold({ ...t, log: () => undefined }, conf, state, signal);
      },
      ...more,
    },
    signal,
  );
