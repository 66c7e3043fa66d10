/**
 * Anything with a command line: a connector made of a command set. Rules: what is sent is what the set says and checked names, and the two
 * passwords where it says so; `not_sent` only before a byte of the change; `refused` only while nothing was made; the rest is unknown.
 *
 * Found by trying: BusyBox prints a prompt before it turns the echo off, so an answer that comes at once stands on the screen (settle);
 * FRRouting says errors as text alone; over Telnet nobody proves anything, so a refused login is not a no.
 */
import type { z } from "zod";
import type { CommandSet, Over, Transcript } from "../domain/command-set/index.ts";
import { systemClock, type Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import type { Link } from "../kernel/link.ts";
import { times } from "../kernel/times.ts";
import { fetchHostKey } from "../wires/ssh.ts";
import { greeting } from "../wires/telnet.ts";
import type { Answer, ChangeResult, Connector, Follower, TestResult } from "./connector.ts";
import { byWhom, connector } from "./connector.ts";
import type { Conversation } from "./command-set/conversation.ts";
import { follow, unfit } from "./command-set/follow.ts";
import { DeviceFailure, failureOf, notSent, reach, stageOf, type Device, type Held } from "./command-set/reach.ts";
import { configFor, forbiddenBy, namingBy, pinBy, SHIPPED, TELNET, unsuited, type Settings } from "./command-set/settings.ts";

export type { Settings as CommandSetSettings } from "./command-set/settings.ts";
export { SHIPPED } from "./command-set/settings.ts";

export const PREFIX = "cli:";
export type Heard = { readonly verb: "probe" | "change" | "test" | "follow"; readonly account: string; readonly over: string; readonly said: Transcript };
export type CommandSetOptions = {
  /** The set a target is bound to, by the version in its settings; undefined: not accepted here. */
  readonly version: (version: string) => CommandSet | undefined; readonly newest: string;
  readonly clock?: Clock;
  /** Gets the scrubbed transcript of each conversation. */
  readonly hear?: (h: Heard) => void;
  /** Called immediately before the new password leaves. */
  readonly onSend?: () => void;
};
const LIMIT = times();
const MISSING = "this version of the command set is not accepted here: look at the target's settings";

/** What the walk of a list of changes says of the change. `after`: on-success, where it was walked. */
const verdict = (o: Over): ChangeResult => {
  if (o.begun && o.is === "ok") return "done";
  if (o.begun && (o.is !== "refused" || o.made)) return { unknown: o.why || "the device's answer decides nothing" };
  if (o.begun) return { refused: o.why || "the device refused it" };
  if (o.is === "ok") return { refused: "the steps of the command set that send the new password did not apply" };
  if (o.is === "refused") return { refused: o.why || "the device refused it" };
  return { not_sent: o.is === "auth" ? "auth_of_as" : "unreachable", why: o.why || "the device did not go along" };
};

type Use<T> = (d: Device, set: CommandSet) => Promise<T>;
type Call = { readonly verb: Heard["verb"]; readonly account: string; readonly c: Settings; readonly link: Link; readonly signal: AbortSignal };
/** Logged in while `use` runs; the transcript is told whatever comes of it. */
const on = async <T>(o: CommandSetOptions, { verb, account, c, link, signal }: Call, held: Held, use: Use<T>): Promise<T> => {
  const set = o.version(c.version), talks: Conversation[] = [];
  if (set === undefined) throw new DeviceFailure("identity", MISSING);
  let d: Device | undefined;
  try {
    d = await reach({ set, clock: o.clock ?? systemClock, onSend: o.onSend, talks }, c, link, held, signal);
    return await use(d, set);
  } finally {
    d?.close();
    o.hear?.({ verb, account, over: c.over, said: talks.flatMap((t) => t.transcript()) });
  }
};
const started = async (d: Device, account: string): Promise<void> => {
  const o = await d.list("start", account);
  if (o.is !== "ok") throw new DeviceFailure(o.is === "auth" || o.is === "refused" ? "auth" : "unreachable", o.why || "the device gave no prompt");
};

const changing = (named: CommandSet, o: CommandSetOptions): Connector<Settings>["change"] => async (c, link, account, ch, signal): Promise<ChangeResult> => {
  const wrong = unsuited(named, account, ch.to), as = byWhom(account, ch);
  if (wrong !== undefined) return { refused: wrong };
  if ("refused" in as) return as;
  let begun = false;
  try {
    return await on(o, { verb: "change", account: account.name, c, link, signal }, { who: as, next: ch.to }, async (d, set): Promise<ChangeResult> => {
      const list = as.name === account.name && set.change.length > 0 ? "change" : "change-with-admin";
      if (set[list].length === 0) return { refused: `${set.called}: accounts change themselves here, nobody else does` };
      await started(d, account.name);
      const made = await d.list(list, account.name), r = verdict(made);
      begun = made.begun;
      if (r !== "done") {
        if (!d.gone()) await d.list("on-failure", account.name);
        return r;
      }
      const after = await d.list("on-success", account.name);
      return after.is === "ok" ? "done" : { unknown: `it was changed, but then: ${after.why}` };
    });
  } catch (e) { return begun ? { unknown: failureOf(e).why } : notSent(e); }
};

const probing = (named: CommandSet, o: CommandSetOptions): Connector<Settings>["probe"] => async (c, link, account, secret, signal): Promise<Answer> => {
  if (!namingBy(named).fits(account.name)) return { unknown: `this cannot be the name of an account of ${named.one}` };
  try {
    return await on(o, { verb: "probe", account: account.name, c, link, signal }, { who: { name: account.name, secret } }, async (d, set): Promise<Answer> => {
      if (set.verify.length === 0) return "yes";
      if (d.over !== "ssh-exec") await started(d, account.name);
      const v = await d.list("verify", account.name);
      if (v.is === "ok") return "yes";
      return v.is === "unknown" || c.over === "telnet" ? { unknown: v.why || "the device's answer decides nothing" } : "no";
    });
  } catch (e) {
    const f = failureOf(e);
    if (f.proof !== null) return f.proof;
    return { unknown: f.kind === "auth" && c.over === "telnet" ? `the login was refused, but over Telnet nobody knows by whom: ${f.why}` : f.why };
  }
};

const testing = (o: CommandSetOptions): NonNullable<Connector<Settings>["test"]> => async (c, link, as, signal): Promise<TestResult> => {
  try {
    return await on(o, { verb: "test", account: as.name, c, link, signal }, { who: as }, async (d): Promise<TestResult> => {
      await started(d, as.name);
      const r = await d.list("rights", as.name);
      return r.is === "ok" ? { ok: true, identity: d.identity } : { ok: false, stage: "right", why: r.why || "it may not change the others" };
    });
  } catch (e) { return { ok: false, stage: stageOf(e), why: failureOf(e).why }; }
};

const following = (o: CommandSetOptions): Follower<Settings> => ({
  does: ["steps"],
  run: async (c, link, task, secret, as, signal) => {
    const set = o.version(c.version), wrong = set === undefined ? MISSING : unfit(set, task, secret);
    if (wrong !== undefined || task.does !== "steps") return { refused: wrong ?? "" };
    let begun = false;
    try {
      return await on(o, { verb: "follow", account: task.account, c, link, signal }, { who: as, ...(secret === null ? {} : { next: secret }) }, async (d) => {
        await started(d, task.account);
        return follow(d, task, (yes) => { begun = yes; });
      });
    } catch (e) { return begun ? { unknown: failureOf(e).why } : notSent(e); }
  },
  rehearse: async (c, link, task, as, signal) => {
    const set = o.version(c.version), wrong = set === undefined ? MISSING : unfit(set, task, null);
    return wrong === undefined ? testing(o)(c, link, as, signal) : { ok: false, stage: "right", why: wrong };
  },
});

/** The key it shows; a device that greets, and not as SSH does, is one of Telnet where the set speaks that. */
const identifying = (named: CommandSet): NonNullable<Connector<Settings>["identity"]> => async (link, signal) => {
  const within = AbortSignal.any([signal, AbortSignal.timeout(LIMIT.targetDial)]);
  try {
    if (named.over.includes("telnet") && (await greeting(await link.connect(within), within)) === "other") return TELNET;
    return await fetchHostKey(link, signal, LIMIT.targetDial);
  } catch (e) {
    if (e instanceof Fault) throw e;
    const f = failureOf(e);
    throw new Fault("upstream", `${link.address.host}:${link.address.port}: ${f.why}.`, { cause: e });
  }
};

export const commandSet = (named: CommandSet, o: CommandSetOptions): Connector<Settings> => connector<Settings>({
  platform: `${PREFIX}${named.set}`, config: configFor(named, o.newest) as unknown as z.ZodType<Settings>,
  forbidden: forbiddenBy(named), naming: namingBy(named), ...(named.change.length > 0 ? { changesItself: true as const } : {}),
  probe: probing(named, o), change: changing(named, o), test: testing(o), identity: identifying(named), pin: pinBy(named),
  ...(Object.keys(named.follow).length > 0 ? { follower: following(o) } : {}),
});

/** One that came with Lockstep. */
export const shippedSet = (set: CommandSet, more: Omit<CommandSetOptions, "version" | "newest"> = {}): Connector<Settings> =>
  commandSet(set, { ...more, newest: SHIPPED, version: (v) => (v === SHIPPED ? set : undefined) });
