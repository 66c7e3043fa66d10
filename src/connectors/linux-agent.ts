/**
 * Accounts of a machine that has an agent of ours: listed, proven and changed by its verbs, by the rights it has there. Rule: nobody's
 * administrative password is in it, secrets are sealed to that agent's own key, and an ask that may have left us is unknown until it is answered.
 *
 * On Linux the agent compares by the host's own shadow file and changes by `chpasswd -e`, with a hash it computes: no login is spent. On Windows and
 * macOS (drafts) it proves a password by one login on the machine itself, so there is no comparison of many, and nobody asks the machine's rules or
 * ends logins there. Nothing is told of another machine than the one whose key the broker has pinned; the SSH server's key is pinned for sessions alone.
 */
import { z } from "zod";
import { Fault } from "../kernel/fault.ts";
import type { AgentHand, Link } from "../kernel/link.ts";
import { reveal, revealBytes } from "../kernel/reveal.ts";
import type { Secret } from "../kernel/secret.ts";
import { CONTEXT, REPLIES, type Verb } from "../wires/agent-words.ts";
import { keyPin } from "../wires/ssh.ts";
import type { Answer, Change, ChangeResult, CompareResult, Connector, FoundAccount, Login, NotTold, TargetRules } from "./connector.ts";
import { connector, plain, scrubbed, sendable, TARGET_RULES, words } from "./connector.ts";
import { local } from "./linux-reach.ts";
import { LONGEST } from "./sha512-crypt.ts";
import { naming } from "./windows-names.ts";

// eslint-disable-next-line no-control-regex
const forbidden = /[\x00-\x1f\x7f]/;
const NOT_LOCAL = "this is not the name of a local account",
  NO_AGENT = "no agent stands for this target: enroll one on the machine, and map it here on the agent's page";
export const config = z.object({
  agent: z
    .string()
    .regex(/^agt_[0-9a-z]{20}$/, "the id of an agent")
    .describe("The agent that stands on it. Another one is mapped on that agent's own page."),
  /** Pinned OpenSSH public-key lines of the machine's SSH server; empty: there is none, and so no sessions. */
  hostKeys: z.array(z.string().min(1)).default([]),
});
type Config = z.infer<typeof config>;

const hand = (link: Link): AgentHand => {
  if (!link.agent) throw new Fault("unavailable", NO_AGENT);
  return link.agent;
};
/** Words of ours, or of the agent's; a schema's complaint is neither. */
const why = (e: unknown): string => (e instanceof Fault ? e.message : "the agent's answer could not be read");
const asked = async <V extends Verb>(agent: AgentHand, verb: V, ask: object, signal: AbortSignal): Promise<z.infer<(typeof REPLIES)[V]>> =>
  REPLIES[verb].parse(await agent.call(verb, ask, signal)) as z.infer<(typeof REPLIES)[V]>;

/** What the machines differ in. `longest`: of a password, and what is counted. */
type Kind = { readonly fits: (name: string) => boolean; readonly system: string; readonly longest: number; readonly counted: "bytes" | "characters" };
const LINUX: Kind = { fits: local, system: "Unix", longest: LONGEST, counted: "bytes" },
  MACOS: Kind = { fits: local, system: "macOS", longest: 128, counted: "bytes" },
  WINDOWS: Kind = { fits: naming.fits, system: "Windows", longest: 127, counted: "characters" };

const compare = async (kind: Kind, link: Link, account: Login, secrets: readonly Secret[], signal: AbortSignal): Promise<CompareResult> => {
  if (!kind.fits(account.name)) return { unknown: NOT_LOCAL };
  try {
    const agent = hand(link),
      boxes = await Promise.all(secrets.map((s) => agent.seal(s, CONTEXT.verify(agent.id, account.name))));
    const said = await asked(agent, "verify", { account: account.name, boxes }, signal);
    if (said === "none") return said;
    if ("unknown" in said) return { unknown: words(said.unknown, plain(...secrets)) };
    return said.match < secrets.length ? { match: said.match } : { unknown: "the agent's answer could not be read" };
  } catch (e) {
    return { unknown: words(why(e), plain(...secrets)) };
  }
};
const probe = (kind: Kind) => async (_: Config, link: Link, account: Login, secret: Secret, signal: AbortSignal): Promise<Answer> => {
  const said = await compare(kind, link, account, [secret], signal);
  return said === "none" ? "no" : "match" in said ? "yes" : { unknown: said.unknown };
};

const unsuited = (kind: Kind, account: Login, to: Secret): string | undefined => {
  if (!kind.fits(account.name)) return NOT_LOCAL;
  if (!sendable({ forbidden }, reveal(to))) return "the password is empty or holds a control character";
  const long = kind.counted === "bytes" ? revealBytes(to).length : reveal(to).length;
  return long > kind.longest ? `a ${kind.system} password has at most ${kind.longest} ${kind.counted}` : undefined;
};
const BY_HAND = { rotation: "by-hand", no: 0, fence: 0, epoch: 0 };
/** Said by the agent before it touched anything. */
const REFUSALS: readonly string[] = ["forbidden", "invalid", "conflict", "not_found"];
/** Only what is known not to have left is `not_sent`, and only a refusal by name is one: whatever else went wrong may have gone wrong afterwards. */
const failed = (e: unknown): ChangeResult =>
  e instanceof Fault && e.code === "unavailable"
    ? { not_sent: "unreachable", why: e.message }
    : e instanceof Fault && REFUSALS.includes(e.code)
      ? { refused: e.message }
      : { unknown: why(e) };
const change = (kind: Kind) => async (_: Config, link: Link, account: Login, { to, order = BY_HAND }: Change, signal: AbortSignal): Promise<ChangeResult> => {
  const wrong = unsuited(kind, account, to);
  if (wrong !== undefined) return { refused: wrong };
  try {
    const agent = hand(link),
      box = await agent.seal(to, CONTEXT.change(agent.id, order.rotation, account.name, order.fence));
    return scrubbed(await asked(agent, "change", { ...order, account: account.name, box }, signal), plain(to));
  } catch (e) {
    return scrubbed(failed(e), plain(to));
  }
};

const discover = async (_: Config, link: Link, _as: unknown, signal: AbortSignal): Promise<readonly FoundAccount[] | NotTold> => {
  try {
    return (await asked(hand(link), "accounts", {}, signal)).accounts.map(({ lastLogin, keys, ...f }) => ({
      ...f,
      ...(lastLogin === undefined ? {} : { lastLogin }),
      ...(keys === undefined ? {} : { keys }),
    }));
  } catch (e) {
    return { unknown: why(e) };
  }
};

const endLogins = async (_: Config, link: Link, account: Login, _as: unknown, signal: AbortSignal): Promise<{ ended: number } | NotTold> => {
  try {
    return await asked(hand(link), "end-logins", { account: account.name }, signal);
  } catch (e) {
    return { unknown: why(e) };
  }
};
/** Only what this version knows by name. */
const preflight = async (_: Config, link: Link, account: Login, _as: unknown, signal: AbortSignal): Promise<TargetRules | NotTold> => {
  try {
    const said = await asked(hand(link), "rules", { account: account.name }, signal);
    return "unknown" in said
      ? said
      : Object.fromEntries(TARGET_RULES.flatMap((name) => (said.rules[name] === undefined ? [] : [[name, said.rules[name]]])));
  } catch (e) {
    return { unknown: why(e) };
  }
};

const common = (kind: Kind) => ({
  unaided: true as const,
  config: config as z.ZodType<Config>,
  forbidden,
  probe: probe(kind),
  change: change(kind),
  discover,
  pin: keyPin,
});
export const linuxAgent = (): Connector<Config> =>
  connector<Config>({
    platform: "linux-agent",
    ...common(LINUX),
    endLogins,
    preflight,
    compare: (_, link, account, secrets, _as, signal) => compare(LINUX, link, account, secrets, signal),
  });
export const windowsAgent = (): Connector<Config> => connector<Config>({ platform: "windows-agent", ...common(WINDOWS), naming });
export const macosAgent = (): Connector<Config> => connector<Config>({ platform: "macos-agent", ...common(MACOS) });
