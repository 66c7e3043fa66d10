/** Stories of password changes and password policies. */
import type { ChangeOutcome } from "../../src/domain/change-outcome.ts";
import type { Advice } from "../../src/domain/rotation-advice.ts";
import type { Rotation } from "../../src/domain/rotation.ts";
import { ChangePassword, type ChangePasswordView } from "../change-password.tsx";
import { PasswordPolicies, PasswordPolicyEdit } from "../password-policies.tsx";
import { ViolationsPage } from "../violations.tsx";
import { PreflightPage } from "../preflight.tsx";
import { RotationPage, type RotationPageFacts } from "../rotation-card.tsx";
import { RotationsPage, type BoardFacts } from "../rotations.tsx";
import { RUNS, TO_ACCEPT } from "./dependents.tsx";
import { as, at, FAR, LONG, medium, NASTY, story, type Story } from "./fixed.tsx";

const base = {
  id: "rot_0123456789abcdefghjk",
  account: "acc_1",
  trigger: "manual",
  reason: "laptop stolen",
  by: "per_operator",
  origin: "given",
  before: "in_sync",
  fence: 1,
  leaseUntil: null,
  attempt: 1,
  rejected: 0,
  sent: true,
  unknownCount: 0,
  firstUnknownAt: null,
  inForce: null,
  waits: 0,
  nextAt: null,
  why: null,
  again: null,
  order: null,
  candidate: "ver_2",
  covers: 3,
  asked: [],
  retry: false,
  applyStartedAt: at(-3),
};
type State = readonly [name: string, over: Record<string, unknown>, outcome: ChangeOutcome, advice: Advice | null];
const facts = ([, over, outcome, advice]: State, more: Partial<RotationPageFacts> = {}): RotationPageFacts => {
  const rotation = as<Rotation>({ ...base, ...over });
  return { rotation, openedAt: at(-4), account: "root@web-1", outcome, advice, byName: "operator", acts: true, runs: [], ...more };
};
const doubt = (why: string, person: boolean): ChangeOutcome => ({ word: "settling", why, person });
const underWay = (why: string | null = null): ChangeOutcome => ({ word: "under_way", why });
const unchanged = (why: string): ChangeOutcome => ({ word: "unchanged", why });
const DOWN = "the target cannot be reached: nothing answers there",
  WAITS = "Nothing was changed yet. It is tried again for as long as it takes; the account keeps its password until then.",
  LOOK = "Look at what the target said, put it right there, and change the password again.",
  SILENT = "The target did not say which password is in force. See that it is up, and that the account that changes it can log in, then ask again.",
  NONE = "No password the vault holds opens this account: somebody changed it on the target. Find out what it is, and type it here.";
const ended = { endedAt: at(-1) },
  dead = { state: "dead_letter", since: at(-60), firstUnknownAt: at(-1500) };
const QUEUED: State = ["queued", { state: "queued", sent: false, candidate: null }, underWay(), null],
  APPLYING: State = ["applying", { state: "applying", as: "administrative", sent: false }, underWay(), null],
  WAITING: State = [
    "waiting",
    { state: "waiting", origin: "generated", sent: false, nextAt: at(2) },
    underWay(DOWN),
    { says: WAITS, moves: ["stop"] },
  ],
  SETTLING: State = [
    "being settled",
    { state: "probing", firstUnknownAt: at(-2), nextAt: at(1) },
    doubt("change: no answer in 30 s", false),
    { says: "The target is asked until it answers; both passwords are kept.", moves: [] },
  ],
  CHANGED: State = ["changed", { state: "committed", ...ended, inForce: "ver_2" }, { word: "changed" }, null],
  UNCHANGED: State = [
    "unchanged",
    { state: "refused", sent: false, ...ended },
    unchanged("BAD PASSWORD: it is based on a dictionary word"),
    { says: LOOK, moves: [] },
  ],
  LOCAL: State = [
    "local, refused",
    { state: "refused", origin: "local", sent: false, ...ended },
    unchanged("this is not the password in force"),
    { says: LOOK, moves: [] },
  ],
  DEAD: State = ["gave up, silent", dead, doubt("no answer in 15 s", true), { says: SILENT, moves: ["again", "tell"] }],
  OLD: State = [
    "gave up, old in force",
    { ...dead, inForce: "ver_1" },
    doubt("found: a person decides", true),
    { says: "An older password of ours is in force: the change never took.", moves: ["again", "keep"] },
  ],
  LOST: State = ["gave up, none opens", dead, doubt("none of our versions is in force", true), { says: NONE, moves: ["tell", "again"] }];
const LEFT = { agent: "agt_1", wanted: at(40), due: at(40), expires: at(1480), fence: 1, epoch: 1, before: false },
  ordered = (name: string, order: Record<string, unknown>, over: Record<string, unknown> = {}): State => [
    `left with the agent, ${name}`,
    { state: "prepared", trigger: "end_of_use", origin: "generated", by: null, reason: "for the end of a use", attempt: 0, order, ...over },
    underWay(),
    null,
  ],
  PLACED = ordered("kept", { ...LEFT, state: "placed" });
const ORDERS = [
  PLACED,
  ordered("not yet", { state: "wished", agent: "agt_1", wanted: at(40) }, { sent: false }),
  ordered("not known", { ...LEFT, state: "sent" }),
  ordered("moved, and away", { ...LEFT, state: "sent", wanted: at(100), before: true }),
  ordered("called in", { ...LEFT, state: "called" }, { state: "probing", firstUnknownAt: at(-2) }),
];
const STATES = [QUEUED, APPLYING, WAITING, SETTLING, CHANGED, UNCHANGED, LOCAL, DEAD, OLD, LOST];
const board: BoardFacts = {
  dead: [facts(LOST), facts(DEAD, { account: `${LONG}@${FAR}` })],
  doubt: [facts(SETTLING)],
  refused: [facts(["", { state: "refused", ...ended }, unchanged(NASTY), { says: LOOK, moves: [] }])],
  waiting: [facts(WAITING)],
  running: [facts(APPLYING)],
  ordered: [facts(PLACED)],
  recent: [facts(CHANGED)],
  trend: Array.from({ length: 14 }, (_, i) => ({ day: `2026-04-${20 + (i % 10)}`, committed: (i * 7) % 12, refused: i % 5 === 3 ? 2 : 0 })),
  dependents: RUNS.filter((l) => ["failed", "unknown", "waiting"].includes(l.run.state)),
  toAccept: TO_ACCEPT,
};
const quiet = board.trend.map((d) => ({ ...d, committed: 0, refused: 0 }));
const nobody = { dead: [], doubt: [], refused: [], waiting: [], running: [], ordered: [], recent: [] };
const none: BoardFacts = { ...nobody, trend: quiet, dependents: [], toAccept: [] };

const SAYS = "20 characters, 1 lower-case letter, 1 upper-case letter, 1 digit, 1 symbol, none of the last 10";
const form: ChangePasswordView = {
  id: "acc_1",
  name: "root@web-1",
  managed: true,
  keys: false,
  holds: [],
  liveSessions: 0,
  policy: { name: "medium", from: "default", says: SAYS },
  hours: 8,
  open: null,
};
const held = as<ChangePasswordView["holds"]>([{ person: "per_requester", personName: "requester", until: at(40), exclusive: true, policy: "pol_1" }]);
const lines = ["low", "medium", "strong"].map((name, i) => ({
  name,
  says: SAYS,
  builtIn: true,
  uses: { platforms: i === 1 ? ["linux-ssh"] : [], targets: i === 2 ? ["web-1", "web-2", "web-3", FAR, "db-1"] : [], accounts: i * 3 },
}));
const platforms = [{ name: "linux-ssh", policy: "medium" }, { name: "postgresql", policy: null }];

export const ROTATIONS: readonly Story[] = [
  story("password changes", () => <RotationsPage board={board} />),
  story("password changes, none", () => <RotationsPage board={none} />),
  ...ORDERS.map((s) => story(`password change, ${s[0]}`, () => <RotationPage f={facts(s, { byName: null })} />)),
  ...STATES.map((s) => story(`password change, ${s[0]}`, () => <RotationPage f={facts(s)} />)),
  story("password change, what depends on it", () => <RotationPage f={facts(CHANGED, { runs: RUNS })} />),
  story("password change, long names", () => (
    <RotationPage
      f={facts(["", { ...UNCHANGED[1], reason: NASTY }, unchanged(NASTY), UNCHANGED[3]], { account: `${LONG}@${FAR}`, acts: false })}
    />
  )),
  story("change a key", () => <ChangePassword {...form} keys />),
  story("change password", () => <ChangePassword {...form} />),
  story("change password, held and refused", () => (
    <ChangePassword
      {...form}
      holds={held}
      liveSessions={2}
      wrong="Unchanged: the password needs at least 20 characters; 1 or more upper-case letters; 1 or more symbols."
      draft={{ how: "type", remote: true, reason: "laptop stolen" }}
    />
  )),
  story("change password, not managed", () => <ChangePassword {...form} name={`${LONG}@${FAR}`} managed={false} />),
  story("change password, under way", () => <ChangePassword {...form} open={{ id: "rot_1", openedAt: at(-2) }} />),
  story("password policies", () => <PasswordPolicies lines={lines} platforms={platforms} manages />),
  story("password policies, for a reader", () => <PasswordPolicies lines={lines} platforms={platforms} manages={false} />),
  story("password policy, own", () => <PasswordPolicyEdit draft={{ ...medium, name: "own", maxAgeDays: 90 }} id="own" uses={lines[2]!.uses} />),
  story("password policy, refused", () => (
    <PasswordPolicyEdit
      draft={{ ...medium, name: "own", allowed: "abc" }}
      id={null}
      wrong="the policy: cannot be met: it wants upper-case letters and leaves none to choose from."
    />
  )),
  story("password policy, built in", () => <PasswordPolicyEdit draft={medium} id="medium" fixed uses={lines[1]!.uses} />),
  story("pre-flight", () => (
    <PreflightPage
      id="acc_1"
      name={`${LONG}@${FAR}`}
      policy="low"
      why={null}
      rules={{ minLength: 14, minAgeDays: 7, maxAgeDays: 30, lockAfter: 2 }}
      conflicts={[
        { stops: false, says: "The target wants 14 characters, policy low makes 12." },
        { stops: true, says: "The target locks an account after 2 refused logins; the broker may spend 2 to find out which password is in force." },
      ]}
    />
  )),
  story("pre-flight, not told", () => (
    <PreflightPage id="acc_1" name="root@web-1" policy="low" rules={null} why="this platform does not tell its rules" conflicts={[]} />
  )),
  story("violations", () => (
    <ViolationsPage
      looked={240}
      list={[
        {
          ...{ account: "acc_1", name: "root@web-1", bound: { policy: medium, from: "target" as const } },
          ...{ broken: ["at least 20 characters", "1 or more symbols"], since: at(-90_000), goneBy: null, acts: true },
        },
        {
          ...{ account: "acc_2", name: `${LONG}@${FAR}`, bound: { policy: medium, from: "default" as const } },
          ...{ broken: [], since: at(-190_000), goneBy: at(-5_000), acts: false },
        },
      ]}
    />
  )),
  story("violations, none", () => <ViolationsPage looked={12} list={[]} />),
];
