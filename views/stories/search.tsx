/** Stories of the search over everything. */
import { SearchPage } from "../search.tsx";
import { FAR, NASTY, requester, story, target, type Story } from "./fixed.tsx";
import { listed, SESSIONS, STATES } from "./requests.tsx";

const none = { me: "requester", accounts: [], targets: [], people: [], requests: [], sessions: [], opens: true };
const found = {
  ...none,
  targets: [target({ name: FAR })],
  people: [requester],
  requests: Object.values(STATES).map((r) => listed(r)),
  sessions: SESSIONS,
};

export const SEARCH: readonly Story[] = [
  story("search everything", () => <SearchPage q="web-1" {...found} />),
  story("search everything, nothing found", () => <SearchPage q={NASTY} {...none} />),
  story("search everything, nothing asked", () => <SearchPage q="" {...none} />),
];
