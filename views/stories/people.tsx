/** Stories of one's own page, people and groups. */
import { MePage, TokenPage } from "../me.tsx";
import { PeoplePage, PersonPage } from "../people.tsx";
import { approver, at, now, operator, person, requester, story, type Story } from "./fixed.tsx";

export const change = { id: "chg_1", author: "per_operator", authorName: "operator", subject: "pol_1", what: "policy changed", at: at(-3) };
export const groups = [{ id: "grp_1", name: "Web operations", members: ["per_requester"] }];
export const people = {
  people: [requester, approver, operator, person("gone", [], { disabled: true })],
  groups,
  roles: ["user", "approver", "owner", "admin", "auditor"] as const,
  changes: [change],
  me: operator,
  alone: true,
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

export const PEOPLE: readonly Story[] = [
  story("me", () => (
    <MePage
      person={approver}
      keys={[{ fingerprint: "SHA256:abc", label: "laptop" }]}
      tokens={[token, { ...token, id: "tok_2", revokedAt: at(-1) }]}
      now={now}
      groups={["Web operations"]}
    />
  )),
  story("me, new", () => <MePage person={requester} keys={[]} tokens={[]} now={now} groups={[]} />),
  story("token", () => <TokenPage text="lst_example" label="pipeline" expiresAt={at(900)} />),
  story("people", () => <PeoplePage {...people} />),
  story("person", () => <PersonPage person={requester} roles={people.roles} self={false} />),
];
