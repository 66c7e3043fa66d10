/** Stories of requests: every state as the requester and as an approver see it, the lists, the votes, a released password. */
import type { Request } from "../../src/domain/request.ts";
import type { Session } from "../../src/domain/session.ts";
import type { Certificate, Line } from "../../src/domain/certificate.ts";
import { CertificatePage } from "../certificate.tsx";
import type { Listed } from "../request-rows.tsx";
import { ReleasePage } from "../release.tsx";
import type { Can, CardFacts } from "../request-moves.tsx";
import { RequestPage, Requests } from "../requests.tsx";
import type { Told } from "../story.tsx";
import { account, as, at, FAR, LONG, NASTY, policy, requester, story, target, type Story } from "./fixed.tsx";

const request = (facts: Record<string, unknown>, preset = "session"): Request =>
  as<Request>({
    id: "req_1",
    requester: "per_requester",
    terms: {
      account: "acc_1",
      policy: "pol_1",
      preset,
      minutes: 60,
      reason: "restart nginx after the certificate change",
      ticket: "CHG-1042",
    },
    termsHash: "h",
    exclusive: true,
    submittedAt: at(-12),
    ...facts,
  });
export const STATES: Readonly<Record<string, Request>> = {
  pending: request({ state: "pending", expiresAt: at(1400) }),
  approved: request({ state: "approved", approvedAt: at(-5), minutes: 30, startBy: at(470) }),
  "approved, in the queue": request({ state: "approved", approvedAt: at(-5), minutes: 30, startBy: at(470), pausedAt: at(-4) }),
  "approved, offered": request({ state: "approved", approvedAt: at(-5), minutes: 30, startBy: at(470), offeredUntil: at(4) }),
  "checked out": request({ state: "checked_out", minutes: 60, checkedOutAt: at(-20), until: at(40) }, "release"),
  "checked out, ending": request({ state: "checked_out", minutes: 60, checkedOutAt: at(-59.5), until: at(0.5) }),
  "checked out, resting": request({ state: "checked_out", minutes: 60, checkedOutAt: at(-20), until: at(40), idleWarnedAt: at(-1) }),
  glass: request({ state: "checked_out", minutes: 60, checkedOutAt: at(-20), until: at(40), review: true, exclusive: false }, "break-glass"),
  "closed, to be reviewed": request({
    state: "closed",
    checkedOutAt: at(-60),
    until: at(0),
    closedAt: at(-5),
    why: "expired",
    by: null,
    reason: "",
    review: true,
  }),
  closed: request({ state: "closed", checkedOutAt: at(-60), until: at(0), closedAt: at(-5), why: "checked_in", by: "per_requester", reason: "" }),
  revoked: request({ state: "revoked", by: "per_approver", reason: NASTY, endedAt: at(-1) }),
  denied: request({ state: "denied", by: "per_approver", reason: "Which host?", endedAt: at(-1) }),
  cancelled: request({ state: "cancelled", by: "per_requester", reason: "", endedAt: at(-1) }),
  expired: request({ state: "expired", endedAt: at(-1) }),
  reviewed: request({
    state: "reviewed",
    checkedOutAt: at(-60),
    until: at(0),
    closedAt: at(-5),
    why: "checked_in",
    by: "per_requester",
    reason: "",
    reviewedAt: at(-1),
    reviewer: "per_approver",
    verdict: "Did what the ticket says.",
  }),
};
const QUEUED = "rival holds this account until 09:25 UTC at the latest. You are number 2 of 3 in its queue.";
const NONE: Can = {
  ...{ approve: false, deny: false, cancel: false, show: false, connect: false },
  ...{ desktop: false, giveBack: false, revoke: false, review: false },
};
export const CAN: Readonly<Record<string, Can>> = {
  "as the requester": { ...NONE, cancel: true, show: true, connect: true, giveBack: true },
  "as an approver": { ...NONE, approve: true, deny: true, revoke: true, review: true },
};
export const facts = (r: Request, can: Can, over: Partial<CardFacts> = {}): CardFacts => ({
  request: r,
  requester,
  account: account(),
  target: target(),
  policy,
  standing: { enough: false, have: 1, need: 2, minutes: 60 },
  approvers: ["approver", "second-approver"],
  can,
  waitsForConfirmation: r.state === "pending",
  holders: as([]),
  queue:
    r.state === "approved" && r.pausedAt
      ? { place: 2, of: 3, yours: false, offeredUntil: null, holder: { personName: "rival", until: at(25) }, says: QUEUED }
      : null,
  weighed: null,
  votes: as([
    { id: "vot_1", request: "req_1", voter: "per_approver", voterName: "approver", decision: "approve", minutes: 30, reason: "fine", at: at(-6) },
  ]),
  carries: true,
  ...over,
});
export const told = (row: number, what: string, outcome = "ok", why: string | null = null): Told => ({
  id: `evt_${row}`,
  row,
  at: at(-20 + row),
  what,
  who: { kind: "person", id: "per_requester", name: "requester", address: "192.0.2.44", means: "portal" },
  about: { request: "req_1", account: "acc_1", version: "ver_1" },
  outcome,
  why,
  facts: { minutes: 60, until: "2026-05-04T10:00:00.123Z" },
  index: row === 3 ? null : row,
});
export const STORY = [
  told(1, "request.submitted"),
  told(2, "vote.cast", "ok", NASTY),
  told(3, "login.refused", "refused", "wrong password"),
];
const session = (over: Record<string, unknown>): Session =>
  as<Session>({
    id: "ses_1",
    request: "req_1",
    person: "per_requester",
    account: "acc_1",
    target: "tgt_1",
    protocol: "ssh",
    via: "ssh",
    address: "192.0.2.44",
    recording: "rec_1",
    node: "n",
    openedAt: at(-9),
    ...over,
  });
export const SESSIONS = [
  session({ state: "live", liveAt: at(-9) }),
  session({
    id: "ses_2",
    state: "ended",
    liveAt: at(-9),
    endedAt: at(-1),
    why: "killed",
    detail: "ended by auditor",
    bytes: 70_312,
  }),
  session({ id: "ses_3", state: "opening" }),
].map((s) => ({ session: s, personName: "requester", accountName: "root", targetName: "web-1" }));
export const listed = (r: Request, accountName = "root", targetName = "web-1"): Listed => ({
  request: r,
  requesterName: "requester",
  accountName,
  targetName,
  carries: targetName !== "db-1",
  desktop: false,
});

const said = (what: Line["what"], tone: Line["tone"], says: string, when: Date | null): Line => ({ what, tone, says, at: when });
const USED = said("used", "ok", "One password left the vault under this request; the person saw it.", at(-60));
const NEW = said("new", "ok", "The new password was proven to be in force by comparing with the target's own record.", at(-4));
const OLD = said("old", "ok", "The old password is refused: the target's own record was compared with it.", at(-1));
const LATER = said(
  "old",
  "open",
  "Whether the old password is refused is not known yet; it is asked at the time beside this.",
  at(1),
);
const ENDED = said("logins", "ok", "SSH logins opened directly on the target: 2 ended.", null);
const DRIFT = said(
  "new",
  "bad",
  "The new password was proven, but a later check found that the target does not take it.",
  at(-1),
);
const certificate = (state: Certificate["state"], says: string, lines: readonly Line[]): Certificate => ({
  state,
  says,
  lines,
  rotation: "rot_1",
});
const CERTIFICATES: Readonly<Record<string, Certificate>> = {
  "nothing used": certificate("unused", "No password left the vault under this request. There is nothing to close.", []),
  "being changed": certificate("open", "The use is over and the password is being changed.", [
    USED,
    said("new", "open", NASTY, null),
  ]),
  "gave up": certificate("failed", "The password could NOT be changed: what was used may still open the account.", [
    USED,
    said("new", "bad", "The change was given up.", null),
  ]),
  "old not known yet": certificate("open", "The password was changed and proven. Not everything about the old one is known.", [
    USED,
    NEW,
    LATER,
    ENDED,
  ]),
  whole: certificate("closed", "Closed: the new password works, the old one does not.", [USED, NEW, OLD, ENDED]),
  drifted: certificate("failed", "The password was changed, but is not in force as it should be.", [USED, DRIFT, OLD, ENDED]),
};

export const REQUESTS: readonly Story[] = [
  ...Object.entries(STATES).flatMap(([state, r]) =>
    Object.entries(CAN).map(([who, can]) =>
      story(`request ${state}, ${who}`, () => (
        <RequestPage
          f={facts(r, can)}
          me={who.endsWith("requester") ? "requester" : "approver"}
          story={STORY}
          sessions={SESSIONS}
        />
      )),
    ),
  ),
  ...Object.entries(CERTIFICATES).flatMap(([name, c]) => [
    story(`request closed, ${name}`, () => (
      <RequestPage
        f={facts(STATES["closed"]!, CAN["as an approver"]!)}
        me="approver"
        story={STORY}
        sessions={[]}
        certificate={c}
      />
    )),
    story(`certificate, ${name}`, () => (
      <CertificatePage
        certificate={c}
        id="req_1"
        account={`${LONG}@${FAR}`}
        requester="requester"
        reason={NASTY}
        ticket="CHG-1042"
      />
    )),
  ]),
  story("requests", () => <Requests list={Object.values(STATES).map((r) => listed(r))} me="requester" tab="all" sees />),
  story("requests, none", () => <Requests list={[]} me="requester" tab="open" sees={false} />),
  story("release", () => (
    <ReleasePage password={`Il1O0"'<&>aB3$`} account="root" target="web-1" until={at(40)} back="/requests/req_1" seconds={20} />
  )),
  story("release, broken glass", () => (
    <ReleasePage
      password="Il1O0-candidate"
      account="root"
      target="web-1"
      until={at(40)}
      back="/requests/req_1"
      seconds={60}
      says="sent to the target; it has not said yet whether it is in force"
      others={[{ no: 3, password: "Was-Before-7!", says: "a login with it worked 2026-05-03 08:00 UTC; not asked since" }]}
    />
  )),
];
