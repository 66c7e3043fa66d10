/** Every fragment in its main states, with fixed data, by page. Rule: a fragment that shows states has a story for each. */
import type { Child } from "hono/jsx";
import type { Act } from "../src/domain/may.ts";
import { Here } from "./here.ts";
import { Layout, type Nav } from "./layout.tsx";
import { AGENTS } from "./stories/agents.tsx";
import { ACCOUNTS } from "./stories/accounts.tsx";
import { AUDIT } from "./stories/audit.tsx";
import { BULK } from "./stories/bulk.tsx";
import { DESKTOPS } from "./stories/desktops.tsx";
import { DEPENDENTS } from "./stories/dependents.tsx";
import { DEMONSTRATIONS } from "./stories/demonstrations.tsx";
import { DISCOVERY } from "./stories/discovery.tsx";
import { EXPOSURES } from "./stories/exposures.tsx";
import { FAULTS, LOGIN, TERMINALS } from "./stories/door.tsx";
import { HERE, type Story } from "./stories/fixed.tsx";
import { HOME } from "./stories/home.tsx";
import { KEYS } from "./stories/keys.tsx";
import { LOCKS } from "./stories/locks.tsx";
import { NOTICES } from "./stories/notices.tsx";
import { PEOPLE } from "./stories/people.tsx";
import { PLATFORMS } from "./stories/platforms.tsx";
import { POLICIES } from "./stories/policies.tsx";
import { REQUESTS } from "./stories/requests.tsx";
import { VOTES } from "./stories/votes.tsx";
import { ORDERS } from "./stories/orders.tsx";
import { ROTATIONS } from "./stories/rotations.tsx";
import { SEARCH } from "./stories/search.tsx";
import { SESSIONS } from "./stories/sessions.tsx";
import { SESSIONLESS } from "./stories/sessionless.tsx";
import { TARGETS } from "./stories/targets.tsx";

/** By page, as `npm run stories` lists them. */
export const SHELVES: Readonly<Record<string, readonly Story[]>> = {
  Login: LOGIN,
  Terminals: TERMINALS,
  Home: HOME,
  Requests: [...REQUESTS, ...SESSIONLESS, ...KEYS],
  Votes: VOTES,
  Accounts: ACCOUNTS,
  Targets: TARGETS,
  Agents: AGENTS,
  Desktops: DESKTOPS,
  Dependents: DEPENDENTS,
  Discovery: DISCOVERY,
  "Bulk changes": BULK,
  "Password changes": [...ROTATIONS, ...ORDERS],
  Sessions: SESSIONS,
  Search: SEARCH,
  Audit: AUDIT,
  Exposure: EXPOSURES,
  People: PEOPLE,
  Policies: POLICIES,
  "Command sets": [...PLATFORMS, ...DEMONSTRATIONS],
  Locks: LOCKS,
  Notices: NOTICES,
  Faults: FAULTS,
};
export const STORIES: readonly Story[] = Object.values(SHELVES).flat();

const NAV: Nav = {
  name: "operator",
  fullName: "Operator Example",
  roles: ["admin", "user", "approver"],
  votes: true,
  can: new Set<Act>([
    ...(["audit.read", "person.manage", "policy.see", "target.add", "account.ask", "session.play"] as const),
    ...(["exposure.see", "notice.see", "password_policy.see", "platform.see", "agent.list"] as const),
  ]),
};
/** As a browser would get it. */
export const pageOf = (s: Story): Child => (
  <Here.Provider value={HERE}>
    <Layout title={s.name} nav={s.alone ? null : NAV} wide>
      {s.render() as never}
    </Layout>
  </Here.Provider>
);
