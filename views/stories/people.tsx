/** Stories of one's own page, people and groups. */
import { MePage, TokenPage } from "../me.tsx";
import { CHOICES } from "./notices.tsx";
import { PeoplePage } from "../people.tsx";
import { PersonPage, type PersonView } from "../person.tsx";
import { approver, at, NASTY, now, operator, person, requester, story, type Story } from "./fixed.tsx";

export const change = { id: "chg_1", author: "per_operator", authorName: "operator", subject: "pol_1", what: "policy changed", at: at(-3) };
export const groups = [{ id: "grp_1", name: "Web operations", members: ["per_requester"] }];
export const people = {
  people: [requester, approver, operator, person("gone", [], { disabled: true })],
  groups,
  roles: ["user", "approver", "owner", "admin", "auditor"] as const,
  changes: [change],
  me: operator,
  alone: true,
  lastLogins: new Map([["per_approver", at(-90)]]),
};
const token = {
  id: "tok_1",
  label: "pipeline",
  readOnly: true,
  networks: ["10.20.0.0/16"],
  createdAt: at(-900),
  expiresAt: at(9000),
  usedAt: null,
  revokedAt: null,
};

const one: PersonView = {
  person: requester,
  roles: people.roles,
  self: false,
  me: "per_operator",
  groups: ["Web operations"],
  keys: [],
  lastLogin: null,
  changes: [],
};

export const PEOPLE: readonly Story[] = [
  story("me", () => (
    <MePage
      person={approver}
      keys={[{ fingerprint: "SHA256:abc", label: "laptop" }]}
      tokens={[token, { ...token, id: "tok_2", revokedAt: at(-1) }]}
      now={now}
      groups={["Web operations"]}
      choices={CHOICES}
    />
  )),
  story("me, new", () => <MePage person={requester} keys={[]} tokens={[]} now={now} groups={[]} choices={CHOICES} />),
  story("token", () => <TokenPage text="lst_example" label="pipeline" expiresAt={at(900)} />),
  story("people", () => <PeoplePage {...people} />),
  story("person", () => <PersonPage {...one} />),
  story("person, an approver with a reset waiting", () => (
    <PersonPage
      {...one}
      person={approver}
      changes={[{ ...change, subject: "per_approver", what: "second factor of approver reset" }]}
      keys={[{ fingerprint: "SHA256:abc", label: NASTY }]}
      lastLogin={at(-3)}
    />
  )),
  story("person, disabled", () => <PersonPage {...one} person={person("gone", [], { disabled: true, fullName: NASTY })} />),
  story("person, oneself", () => <PersonPage {...one} person={operator} self />),
];
