/** Every fragment in its main states, with fixed data. Rule: no clock, no randomness: the same bytes every time. */
import type { Child } from "hono/jsx";
import type { Account, Standing } from "../src/domain/account.ts";
import type { Person } from "../src/domain/person.ts";
import type { Policy } from "../src/domain/policy.ts";
import type { Request } from "../src/domain/request.ts";
import type { Session } from "../src/domain/session.ts";
import type { Target } from "../src/domain/target.ts";
import { AccountPage, Accounts, type AccountCard } from "./accounts.tsx";
import { AskForm, AskSearch } from "./ask.tsx";
import { Audit } from "./audit.tsx";
import { FaultNote, FaultPage } from "./fault.tsx";
import { Here, type HereNow } from "./here.ts";
import { Home, type HomeView, type Listed, type Offered } from "./home.tsx";
import { Layout, type Nav } from "./layout.tsx";
import { EnrolForm, LoginForm, TotpForm } from "./login.tsx";
import { MePage, TokenPage } from "./me.tsx";
import { PeoplePage, PersonPage } from "./people.tsx";
import { Policies, PolicyEdit, PolicyPage } from "./policies.tsx";
import { ReleasePage } from "./release.tsx";
import type { Can, CardFacts } from "./request-card.tsx";
import { RequestPage, Requests, Votes } from "./requests.tsx";
import { PlayPage, SessionPage, Sessions } from "./sessions.tsx";
import { TargetConfirm, TargetNew, TargetPage, Targets } from "./targets.tsx";
import type { Told } from "./story.tsx";

export type Story = { readonly name: string; readonly render: () => Child };

const now = new Date("2026-05-04T09:00:00Z"), at = (minutes: number): Date => new Date(now.getTime() + minutes * 60_000);
export const HERE: HereNow = { nonce: "fixed-nonce", csrf: "fixed-token", now, path: "/", ssh: { host: "broker.example", port: 2222 } };
const LONG = "app_deploy_pipeline_for_the_customer_portal_backend", FAR = "a-target-with-a-rather-long-name.eu-central-1.internal.example";
const NASTY = `<script>alert("x")</script> & 'quotes' ${"long".repeat(40)}`;
const as = <T,>(value: unknown): T => value as T;

const person = (name: string, roles: Person["roles"], over: Partial<Person> = {}): Person => ({ ...as<Person>({ id: `per_${name}` }), name, fullName: `${name[0]!.toUpperCase()}${name.slice(1)} Example`, mail: null, subject: null, employeeNo: null, roles, groups: [], disabled: false, totp: roles.includes("approver"), ...over });
const requester = person("requester", ["user"]), approver = person("approver", ["approver"]), operator = person("operator", ["admin", "user"]);
const target = (over: Partial<Target> = {}): Target => ({ ...as<Target>({ id: "tgt_1", owner: null, administrative: "acc_1", reconcile: null }), name: "web-1", platform: "linux-ssh", host: "192.0.2.10", port: 22, link: "direct", settings: {}, tags: ["production"], identityNo: 1, identityHash: "", locked: false, ...over });
const account = (over: Partial<Account> = {}): Account => ({ ...as<Account>({ id: "acc_1", target: "tgt_1", current: "ver_1", previous: null }), name: "root", credential: "in_sync", block: "none", usedNo: 3, rotatedNo: 3, identityNo: 1, passwordPolicy: "medium", adopted: 2, rotatedAt: at(-90), verifiedAt: at(-30), ...over });
const policy: Policy = as<Policy>({ id: "pol_1", name: "Production, with a second person", active: true, terms: { preset: "session", approvals: 2, maxMinutes: 240, requestTtlMinutes: 1440, startWindowMinutes: 480, reconnectGraceSeconds: 60, reasonMin: 10, ticketPattern: "CHG-\\d+", channels: ["shell", "exec"], record: "head", recordInput: false },
  binding: { requesterGroups: ["grp_1"], requesters: [], approverGroups: [], approvers: ["per_approver"], targets: ["web-*"], tags: [], platforms: [], accountNames: ["root"] } });

const request = (facts: Record<string, unknown>, preset = "session"): Request => as<Request>({ id: "req_1", requester: "per_requester", terms: { account: "acc_1", policy: "pol_1", preset, minutes: 60, reason: "restart nginx after the certificate change", ticket: "CHG-1042" }, termsHash: "h", exclusive: true, submittedAt: at(-12), ...facts });
const STATES: Readonly<Record<string, Request>> = {
  pending: request({ state: "pending", expiresAt: at(1400) }), approved: request({ state: "approved", approvedAt: at(-5), minutes: 30, startBy: at(470) }),
  "checked out": request({ state: "checked_out", minutes: 60, checkedOutAt: at(-20), until: at(40) }, "release"), "checked out, ending": request({ state: "checked_out", minutes: 60, checkedOutAt: at(-59.5), until: at(0.5) }),
  closed: request({ state: "closed", checkedOutAt: at(-60), until: at(0), closedAt: at(-5), why: "checked_in", by: "per_requester", reason: "" }), revoked: request({ state: "revoked", by: "per_approver", reason: NASTY, endedAt: at(-1) }),
  denied: request({ state: "denied", by: "per_approver", reason: "Which host?", endedAt: at(-1) }), cancelled: request({ state: "cancelled", by: "per_requester", reason: "", endedAt: at(-1) }), expired: request({ state: "expired", endedAt: at(-1) }), reviewed: request({ state: "reviewed", by: "per_approver", reason: "fine", endedAt: at(-1) }),
};
const NONE: Can = { approve: false, deny: false, cancel: false, show: false, connect: false, giveBack: false, revoke: false };
const CAN: Readonly<Record<string, Can>> = { "as the requester": { ...NONE, cancel: true, show: true, connect: true, giveBack: true }, "as an approver": { ...NONE, approve: true, deny: true, revoke: true } };
const facts = (r: Request, can: Can): CardFacts => ({
  request: r, requester, account: account(), target: target(), policy, standing: { enough: false, have: 1, need: 2, minutes: 60 }, approvers: ["approver", "second-approver"], can, waitsForConfirmation: r.state === "pending", holders: as([]),
  votes: as([{ id: "vot_1", request: "req_1", voter: "per_approver", voterName: "approver", decision: "approve", minutes: 30, reason: "fine", termsHash: "h", at: at(-6) }]),
});
const told = (row: number, what: string, outcome = "ok", why: string | null = null): Told => ({ id: `evt_${row}`, row, at: at(-20 + row), what, who: { kind: "person", id: "per_requester", name: "requester", address: "192.0.2.44", means: "portal" }, about: { request: "req_1", account: "acc_1", version: "ver_1" }, outcome, why, facts: { minutes: 60, until: "2026-05-04T10:00:00.123Z" }, index: row === 3 ? null : row });
const STORY = [told(1, "request.submitted"), told(2, "vote.cast", "ok", NASTY), told(3, "login.refused", "refused", "wrong password")];
const session = (over: Record<string, unknown>): Session => as<Session>({ id: "ses_1", request: "req_1", person: "per_requester", account: "acc_1", target: "tgt_1", protocol: "ssh", address: "192.0.2.44", recording: "rec_1", node: "n", openedAt: at(-9), ...over });
const SESSIONS = [session({ state: "live", liveAt: at(-9) }), session({ id: "ses_2", state: "ended", liveAt: at(-9), endedAt: at(-1), why: "killed", detail: "ended by auditor", bytes: 70_312 }), session({ id: "ses_3", state: "opening" })].map((s) => ({ session: s, personName: "requester", accountName: "root", targetName: "web-1" }));

const listed = (r: Request, accountName = "root", targetName = "web-1"): Listed => ({ request: r, requesterName: "requester", accountName, targetName });
const offered = (standing: Standing, name = "root", to = "web-1"): Offered => ({ name, target: to, platform: "linux-ssh", standing, policies: [{ name: policy.name, preset: "session", maxMinutes: 240 }] });
const STANDINGS: readonly Standing[] = [{ word: "available" }, { word: "held", by: "requester", until: at(40) }, { word: "rotating" }, { word: "due" }, { word: "unmanaged" }, { word: "adopting" }, { word: "unverified" }, { word: "quarantined" }, { word: "blocked", why: "identity_changed" }];
const home: HomeView = { me: "requester", mine: Object.values(STATES).slice(0, 4).map((r) => listed(r)).concat(listed(STATES["pending"]!, LONG, FAR)), waiting: [listed(STATES["pending"]!)], offered: STANDINGS.map((s) => offered(s)).concat(offered({ word: "available" }, LONG, FAR)), recent: Object.values(STATES).slice(4).map((r) => listed(r)), asks: true, votes: true };
const card = (standing: Standing, over: Partial<Account> = {}): AccountCard => ({ account: account(over), target: target(), standing, holds: standing.word === "held" ? as([{ person: "per_requester", personName: "requester", until: at(40), exclusive: true, policy: "pol_1" }]) : [], offers: [policy], manage: true });
const history = { rotations: ["committed", "waiting", "dead_letter"].map((state, i) => ({ id: `rot_${i}`, state, trigger: "end_of_use", reason: "the last use is over", why: state === "waiting" ? "unreachable" : null, attempt: i, openedAt: at(-40 * i) })), versions: [{ id: "ver_1", no: 1, status: "current", origin: "generated", createdAt: at(-90), provenAt: at(-89) }],
  closures: [{ id: "c", step: "first", dueAt: at(-80), doneAt: at(-80), newResult: "yes", oldResult: "no" }], exposures: [{ id: "e", personName: "requester", how: "released", at: at(-95), versionNo: 1 }] };
const ask = { id: "pol_1", name: policy.name, preset: "release" as const, maxMinutes: 240, approvals: 2, approvers: ["approver"], reasonMin: 10, ticketPattern: "CHG-\\d+", recordInput: false };
const change = { id: "chg_1", author: "per_operator", authorName: "operator", subject: "pol_1", what: "policy changed", at: at(-3) };
const names = new Map([["grp_1", "Web operations"], ["per_approver", "approver"]]), groups = [{ id: "grp_1", name: "Web operations", members: ["per_requester"] }], draft = { name: "web-1", platform: "linux-ssh", host: "192.0.2.10", port: 22, tags: "production" };
const people = { people: [requester, approver, operator, person("gone", [], { disabled: true })], groups, roles: ["user", "approver", "owner", "admin", "auditor"] as const, changes: [change], me: operator, alone: true };
const token = { id: "tok_1", label: "pipeline", readOnly: true, networks: ["10.20.0.0/16"], createdAt: at(-900), expiresAt: at(9000), usedAt: null, revokedAt: null };
const targetView = { target: target(), accounts: [account(), account({ credential: "unverified" })], fingerprints: ["ssh-ed25519 SHA256:abc"], passwordPolicies: ["low", "medium", "strong"] };

const story = (name: string, render: () => Child): Story => ({ name, render });
export const STORIES: readonly Story[] = [
  story("login", () => <LoginForm next="/" />), story("login, refused", () => <LoginForm next="/" refused="Name or password is wrong." name="requester" />), story("code", () => <TotpForm next="/" csrf="t" />), story("enrolment", () => <EnrolForm next="/" csrf="t" sealed="s" secret="JBSWY3DPEHPK3PXP" uri="otpauth://totp/x" refused="This code does not match." />),
  story("home", () => <Home {...home} />), story("home, empty", () => <Home {...home} mine={[]} waiting={[]} offered={[]} recent={[]} />), story("home, an auditor's", () => <Home {...home} mine={[]} waiting={[]} offered={[]} recent={[]} asks={false} votes={false} />),
  story("ask", () => <AskSearch offered={home.offered} q="" />), story("ask, nothing found", () => <AskSearch offered={[]} q={NASTY} />), story("ask, form", () => <AskForm account={LONG} target={FAR} standing={{ word: "available" }} policies={[ask, { ...ask, id: "pol_2", name: "Second" }]} chosen={ask} />), story("ask, nobody to approve", () => <AskForm account="root" target="web-1" standing={{ word: "due" }} policies={[ask]} chosen={{ ...ask, approvers: [] }} />),
  ...Object.entries(STATES).flatMap(([state, r]) => Object.entries(CAN).map(([who, can]) => story(`request ${state}, ${who}`, () => <RequestPage f={facts(r, can)} me={who.endsWith("requester") ? "requester" : "approver"} story={STORY} sessions={SESSIONS} />))),
  story("requests", () => <Requests list={Object.values(STATES).map((r) => listed(r))} me="requester" tab="all" sees />), story("requests, none", () => <Requests list={[]} me="requester" tab="open" sees={false} />), story("votes", () => <Votes cards={[facts(STATES["pending"]!, CAN["as an approver"]!)]} me="approver" />), story("votes, none", () => <Votes cards={[]} me="approver" />),
  story("release", () => <ReleasePage password={`Il1O0"'<&>aB3$`} account="root" target="web-1" until={at(40)} back="/requests/req_1" seconds={20} />),
  story("accounts", () => <Accounts cards={STANDINGS.map((s) => card(s))} q="" adds />), story("accounts, none", () => <Accounts cards={[]} q="" adds />), story("account", () => <AccountPage card={card({ word: "held", by: "requester", until: at(40) })} history={history} />), ...(["unmanaged", "quarantined"] as const).map((c) => story(`account ${c}`, () => <AccountPage card={card({ word: c }, { credential: c })} history={null} />)),
  story("targets", () => <Targets list={[{ target: target(), accounts: 2, blocked: false }, { target: target({ name: FAR, administrative: null }), accounts: 0, blocked: true }]} />), story("targets, none", () => <Targets list={[]} />), story("target, add", () => <TargetNew platforms={["linux-ssh"]} draft={draft} />), story("target, confirm its key", () => <TargetConfirm draft={draft} hostKey="ssh-ed25519 AAAA" fingerprint="SHA256:abc" command="ssh-keygen -lf x" />),
  story("target", () => <TargetPage {...targetView} blocked={false} />), story("target, identity changed", () => <TargetPage {...targetView} blocked />), story("target, new", () => <TargetPage {...targetView} accounts={[]} blocked={false} />),
  story("sessions", () => <Sessions list={SESSIONS} plays live={false} />), story("sessions, none live", () => <Sessions list={[]} plays live />), ...SESSIONS.map((s) => story(`session ${s.session.state}`, () => <SessionPage {...s} can={{ end: true, play: true }} />)), story("player", () => <PlayPage {...SESSIONS[1]!} />),
  story("audit", () => <Audit events={STORY} q={{ text: "", what: "", about: "req_1" }} names={["login.ok"]} more />), story("audit, none", () => <Audit events={[]} q={{ text: NASTY, what: "", about: "" }} names={[]} more={false} />),
  story("me", () => <MePage person={approver} keys={[{ fingerprint: "SHA256:abc", label: "laptop" }]} tokens={[token, { ...token, id: "tok_2", revokedAt: at(-1) }]} now={now} groups={["Web operations"]} />), story("me, new", () => <MePage person={requester} keys={[]} tokens={[]} now={now} groups={[]} />), story("token", () => <TokenPage text="lst_example" label="pipeline" expiresAt={at(900)} />),
  story("people", () => <PeoplePage {...people} />), story("person", () => <PersonPage person={requester} roles={people.roles} self={false} />), story("policies", () => <Policies policies={[policy]} names={names} changes={[change]} me="per_auditor" manages={false} />), story("policies, none", () => <Policies policies={[]} names={names} changes={[]} me="per_operator" manages />), story("policy, edit", () => <PolicyEdit policy={policy} people={people.people} groups={groups} />), story("policy", () => <PolicyPage policy={policy} names={names} />),
  ...(["invalid", "forbidden", "not_found", "conflict", "upstream", "too_many", "unavailable", "internal"] as const).map((code) => story(`fault ${code}`, () => <FaultPage code={code} title="A title" message={NASTY} />)), story("fault note", () => <FaultNote title="A title" message="A sentence." />),
];

const NAV: Nav = { name: "operator", fullName: "Operator Example", roles: ["admin", "user", "approver"], can: new Set(["audit.read", "person.manage", "policy.see", "target.add", "account.ask", "session.play"]), votes: true };
/** As a browser would get it. */
export const pageOf = (s: Story): Child => <Here.Provider value={HERE}><Layout title={s.name} nav={/^(login|code|enrolment)/.test(s.name) ? null : NAV} wide>{s.render() as never}</Layout></Here.Provider>;
