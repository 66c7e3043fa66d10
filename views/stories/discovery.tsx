/** What targets say of their accounts, in every state. */
import type { Discovery, Found, Told } from "../../src/domain/discovery.ts";
import { AdoptPreview, AdoptResult, RulePreview, Rules, type RuleLine } from "../adoption.tsx";
import { DiscoveryPage, type DiscoveryPageView, type StagedLine } from "../discovery.tsx";
import { as, at, LONG, NASTY, story, target, type Story } from "./fixed.tsx";

const told = (over: Partial<Told> = {}): Told => ({ enabled: true, privileged: false, lastLogin: at(-120).toISOString(), says: [], ...over });
const line = (name: string, over: Partial<Omit<StagedLine, "found">> & { found?: Partial<Found> } = {}): StagedLine => ({
  ours: null,
  stage: "unmanaged",
  hindered: null,
  warns: [],
  ...over,
  found: {
    ...as<Found>({ target: "tgt_1" }),
    name,
    told: told(),
    changes: [],
    firstAt: at(-9_000),
    seenAt: at(-10),
    goneAt: null,
    ignored: null,
    rule: null,
    ruleSaid: null,
    ...over.found,
  },
});
const NO_ADMIN = "No administrative account is named on web-1, and nobody else may list its accounts. Choose one under Remote reset.";
const CUT = "the list of accounts did not come whole; nothing of it counts";
const SHUT = "it is shut on the target (locked), and a new password could open it";
const ours = { id: "acc_1" as never, credential: "in_sync" as const };
const counts = { found: 9, new: 1, back: 0, gone: 1, became_privileged: 1, no_longer_privileged: 0, enabled: 0, disabled: 1, new_keys: 0 };
const run = (over: object): Discovery => as<Discovery>({ id: "dis_1", target: "tgt_1", trigger: "hand", by: null, at: at(-10), fence: 1, ...over });
const whole = run({ state: "done", endedAt: at(-10), counts, first: false }) as Discovery<"done">;
const app = { warns: ["privileged", "last login 2026-11-25 18:00 UTC: who uses its password today will not get in with it"] };
const list: readonly StagedLine[] = [
  line("clerk", { ...app, found: { told: told({ privileged: true, says: ["group sudo"] }), changes: ["became_privileged"] } }),
  line("deploy", { found: { told: told({ privileged: null, says: ["no password (a key may let in)"] }), changes: ["new"], firstAt: at(-10) } }),
  line("mixed", {
    stage: "kept",
    ours: { ...ours, credential: "unmanaged" },
    found: { told: told({ enabled: null, lastLogin: null }), ruleSaid: "operator may no longer do this there" },
  }),
  line(LONG, { found: { told: told({ says: ["system account", "member of pg_execute_server_program", "expired on 2001-02-03"] }) } }),
  line(NASTY),
  line("root", { stage: "managed", ours, found: { told: told({ privileged: true, says: ["user id 0", "group root"] }) } }),
  line("app1", { stage: "adopting", ours: { ...ours, credential: "adopting" } }),
  line("games", { stage: "ignored", found: { ignored: { by: null, at: at(-60), why: "of the distribution" } } }),
  line("www-data", {
    hindered: "it is shut on the target",
    found: { told: told({ enabled: false, says: ["no login shell"] }), changes: ["disabled"] },
  }),
  line("svc-old", { stage: "gone", found: { goneAt: at(-10), changes: ["gone"] } }),
];
const view = (over: Partial<DiscoveryPageView> = {}): DiscoveryPageView => ({
  target: target(),
  list,
  last: whole,
  whole,
  daily: true,
  cannot: null,
  runs: true,
  adopts: true,
  show: "decide",
  ...over,
});
const rule = (over: Partial<RuleLine>): RuleLine => ({
  ...as<RuleLine>({ id: "rul_1", byName: "operator" }),
  pattern: "svc-*",
  does: "adopt",
  only: "all",
  reason: "services are managed",
  at: at(-3_000),
  targetName: null,
  group: "servers",
  ...over,
});
const draft = { pattern: "svc-*", does: "adopt", only: "all", where: "group servers", reason: "services are managed" } as const;

export const DISCOVERY: readonly Story[] = [
  story("found, to decide", () => <DiscoveryPage {...view()} />),
  story("found, managed", () => <DiscoveryPage {...view({ show: "ours" })} />),
  story("found, put aside", () => <DiscoveryPage {...view({ show: "aside" })} />),
  story("found, cannot log in", () => <DiscoveryPage {...view({ show: "shut" })} />),
  story("found, gone", () => <DiscoveryPage {...view({ show: "gone" })} />),
  story("found, nothing to decide", () => <DiscoveryPage {...view({ list: list.slice(5, 7), daily: false })} />),
  story("found, never listed", () => <DiscoveryPage {...view({ list: [], last: null, whole: null, daily: false })} />),
  story("found, no administrative account", () => (
    <DiscoveryPage {...view({ list: [], last: null, whole: null, daily: false, cannot: NO_ADMIN })} />
  )),
  story("found, being listed", () => <DiscoveryPage {...view({ last: run({ state: "running", leaseUntil: at(1) }) })} />),
  story("found, waiting", () => <DiscoveryPage {...view({ last: run({ state: "waiting" }), whole: null, list: [] })} />),
  story("found, the last listing failed", () => (
    <DiscoveryPage {...view({ last: run({ state: "failed", endedAt: at(-1), why: CUT }) })} />
  )),
  story("found, an auditor looks", () => <DiscoveryPage {...view({ runs: false, adopts: false, whole: { ...whole, first: true } })} />),
  story("adopt, preview", () => (
    <AdoptPreview target={target()} list={[list[0]!, list[1]!, line("shut", { hindered: SHUT })]} />
  )),
  story("adopt, none can be", () => <AdoptPreview target={target()} list={[line("gone", { hindered: "it is gone from the target" })]} />),
  story("adopt, result", () => (
    <AdoptResult
      target={target()}
      list={[
        { name: "clerk", account: "acc_1", ok: true, said: "adoption begun: its password is changed twice, then it is managed" },
        { name: NASTY, account: null, ok: false, said: "left alone: its name is none that the broker takes on this kind of target" },
      ]}
    />
  )),
  story("adoption rules, none", () => <Rules list={[]} makes targets={["web-1"]} groups={["servers"]} />),
  story("adoption rules", () => (
    <Rules
      list={[
        rule({}),
        rule({ pattern: LONG, does: "ignore", only: "unprivileged", group: null, targetName: "web-1", reason: NASTY }),
        rule({ group: null }),
      ]}
      makes
      targets={["web-1"]}
      groups={["servers"]}
    />
  )),
  story("adoption rules, an auditor looks", () => <Rules list={[rule({})]} makes={false} targets={[]} groups={[]} />),
  story("adoption rule, preview", () => <RulePreview draft={draft} list={[{ target: "web-1", line: list[0]! }]} />),
  story("adoption rule, preview of nothing", () => <RulePreview draft={{ ...draft, does: "ignore" }} list={[]} />),
];
