/** Stories of home and of asking. */
import type { Standing } from "../../src/domain/account.ts";
import { AskForm, AskSearch } from "../ask.tsx";
import { Home, type HomeView, type Offered } from "../home.tsx";
import { at, FAR, LONG, NASTY, policy, story, type Story } from "./fixed.tsx";
import { listed, STATES } from "./requests.tsx";

const offered = (standing: Standing, name = "root", to = "web-1"): Offered => ({
  name,
  target: to,
  platform: "linux-ssh",
  standing,
  policies: [{ name: policy.name, preset: "session", maxMinutes: 240 }],
});
export const STANDINGS: readonly Standing[] = [
  { word: "available" },
  { word: "held", by: "requester", until: at(40) },
  { word: "rotating" },
  { word: "due" },
  { word: "unmanaged" },
  { word: "adopting" },
  { word: "unverified" },
  { word: "quarantined" },
  { word: "blocked", why: "identity_changed" },
];
export const home: HomeView = {
  me: "requester",
  mine: Object.values(STATES)
    .slice(0, 7)
    .map((r) => listed(r))
    .concat(listed(STATES["pending"]!, LONG, FAR)),
  waiting: [listed(STATES["pending"]!)],
  offered: STANDINGS.map((s) => offered(s)).concat(offered({ word: "available" }, LONG, FAR)),
  recent: Object.values(STATES)
    .slice(7)
    .map((r) => listed(r)),
  asks: true,
  votes: true,
  alone: false,
  glass: [],
  toReview: [],
  changes: 0,
  reads: false,
};
export const ask = {
  id: "pol_1",
  name: policy.name,
  preset: "release" as const,
  maxMinutes: 240,
  approvals: 2,
  approvers: ["approver"],
  reasonMin: 10,
  ticketPattern: "CHG-\\d+",
  recordInput: false,
  record: "head" as const,
  hours: null,
  networks: [],
  entries: 0,
  review: false,
  commands: "rules" as const,
};

const CLOSED = "It is open Mon–Fri 08:00–17:00 (Europe/Berlin); next on Mon 2026-05-04 08:00.";
export const HOME: readonly Story[] = [
  story("home", () => <Home {...home} />),
  story("home, empty", () => <Home {...home} mine={[]} waiting={[]} offered={[]} recent={[]} />),
  story("home, the only administrator's", () => <Home {...home} mine={[]} waiting={[]} alone />),
  story("home, an auditor's", () => <Home {...home} mine={[]} waiting={[]} offered={[]} recent={[]} asks={false} votes={false} reads />),
  story("home, changes to confirm", () => <Home {...home} mine={[]} waiting={[]} offered={[]} recent={[]} asks={false} changes={2} reads />),
  story("ask", () => <AskSearch me="requester" offered={home.offered} q="" />),
  story("ask, nothing found", () => <AskSearch me="requester" offered={[]} q={NASTY} />),
  story("ask, form", () => (
    <AskForm
      me="requester"
      carries
      account={LONG}
      target={FAR}
      standing={{ word: "available" }}
      policies={[ask, { ...ask, id: "pol_2", name: "Second" }]}
      chosen={ask}
      holders={[]}
    />
  )),
  story("ask, closed now", () => (
    <AskForm
      me="requester"
      carries
      account="root"
      target="web-1"
      standing={{ word: "available" }}
      policies={[ask]}
      chosen={{
        ...ask,
        entries: 1,
        review: true,
        networks: ["10.20.0.0/16"],
        hours: { text: "Mon–Fri 08:00–17:00 (Europe/Berlin)", closed: CLOSED },
      }}
      holders={[]}
    />
  )),
  story("ask, nobody to approve", () => (
    <AskForm
      me="requester"
      carries
      account="root"
      target="web-1"
      standing={{ word: "due" }}
      policies={[ask]}
      chosen={{ ...ask, approvers: [] }}
      holders={[]}
    />
  )),
  story("ask, break-glass", () => (
    <AskForm
      me="requester"
      carries
      account="root"
      target="web-1"
      standing={{ word: "held", by: "requester", until: at(40) }}
      policies={[ask, { ...ask, id: "pol_2", name: "Emergency", preset: "break-glass" }]}
      chosen={{ ...ask, id: "pol_2", name: "Emergency", preset: "break-glass" }}
      holders={[{ name: "requester", until: at(40) }]}
    />
  )),
  story("home, broken glass", () => (
    <Home {...home} mine={[]} glass={[listed(STATES["glass"]!)]} toReview={[listed(STATES["closed, to be reviewed"]!)]} />
  )),
];
