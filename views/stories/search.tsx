/** Stories of the one search over everything. */
import { SearchPage } from "../search.tsx";
import { FAR, NASTY, requester, story, target, type Story } from "./fixed.tsx";
import { listed, SESSIONS as LIST, STATES } from "./requests.tsx";

const found = {
  me: "requester",
  accounts: [],
  targets: [target({ name: FAR })],
  people: [requester],
  requests: Object.values(STATES).map((r) => listed(r)),
  sessions: LIST,
  opens: true,
};

export const SEARCH: readonly Story[] = [
  story("search everything", () => <SearchPage q="web-1" {...found} />),
  story("search everything, nothing found", () => <SearchPage q={NASTY} {...found} targets={[]} people={[]} requests={[]} sessions={[]} />),
  story("search everything, nothing asked", () => <SearchPage q="" {...found} targets={[]} people={[]} requests={[]} sessions={[]} />),
];
