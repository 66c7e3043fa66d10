/** Stories of the desk of those who vote: what matters beside the ask, with nothing against it and with all of it. */
import type { Risk } from "../../src/domain/risk.ts";
import type { CardFacts } from "../request-moves.tsx";
import { Votes } from "../requests.tsx";
import type { Weighed } from "../weigh.tsx";
import { account, as, at, FAR, LONG, NASTY, story, target, type Story } from "./fixed.tsx";
import { CAN, facts, SESSIONS, STATES } from "./requests.tsx";

const risk = (kind: Risk["kind"], says: string, when: Date | null = null): Risk => ({ kind, calm: kind === "again", says, at: when });
const WEIGHED: Readonly<Record<string, Weighed>> = {
  "nothing against it": {
    risks: [risk("again", "requester has had this account 4 times before", at(-4_400))],
    live: [],
    queued: 0,
    state: { word: "available" },
  },
  "much to look at": {
    risks: [
      risk("refused", `requester was denied this account: “${NASTY}”`, at(-190)),
      risk("glass", "requester broke the glass twice in 30 days, on this account too", at(-5_000)),
      risk("marked", "a command rule spoke in 1 of requester's sessions in 30 days", at(-9_000)),
      risk("hours", "outside requester's usual hours: none of 24 requests in 90 days came within two hours of 03:12 UTC"),
      risk("first", "requester has never had this account before"),
    ],
    live: SESSIONS.slice(0, 1),
    queued: 2,
    state: { word: "held", by: "rival", until: at(25) },
  },
};
const HOLDER = as<CardFacts["holders"]>([{ person: "per_rival", personName: "rival", until: at(25), exclusive: true, policy: "pol_1" }]);
const ballot = (weighed: Weighed): CardFacts => ({
  ...facts(STATES["pending"]!, CAN["as an approver"]!),
  weighed,
  holders: weighed.live.length > 0 ? HOLDER : [],
});
const long = (weighed: Weighed): CardFacts => ({ ...ballot(weighed), account: account({ name: LONG }), target: target({ name: FAR }) });

export const VOTES: readonly Story[] = [
  story("votes", () => <Votes cards={[facts(STATES["pending"]!, CAN["as an approver"]!)]} me="approver" />),
  ...Object.entries(WEIGHED).map(([name, weighed]) => story(`votes, ${name}`, () => <Votes cards={[ballot(weighed)]} me="approver" />)),
  story("votes, long names", () => <Votes cards={[long(WEIGHED["much to look at"]!)]} me="approver" />),
  story("votes, none", () => <Votes cards={[]} me="approver" />),
];
