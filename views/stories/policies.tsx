/** Stories of policies. */
import { Policies, PolicyPage } from "../policies.tsx";
import { PolicyEdit } from "../policy-form.tsx";
import { FAR, NASTY, policy, story, type Story } from "./fixed.tsx";
import { change, groups, people } from "./people.tsx";

const names = new Map([
  ["grp_1", "Web operations"],
  ["per_approver", "approver"],
]);
const tried = { askers: ["requester", "second"], approvers: ["approver"], accounts: ["root@web-1", "root@web-2"], quorum: true, untried: [] };
const ahead = {
  warnings: [
    { account: "root@web-1", says: "The target wants 14 characters, policy low makes 12.", stops: false },
    {
      account: "root@web-2",
      says: "The target lets a password expire after 30 days, and policy medium never changes it for its age: logins would be stopped.",
      stops: true,
    },
  ],
  unknown: 3,
};
const platforms = [{ name: "linux-ssh" }, { name: "cli:busybox", grade: "proven" as const }, { name: "cli:cisco-ios", grade: "draft" as const }];
const form = { ahead: { warnings: [], unknown: 0 }, tried, draft: policy, from: { people: people.people, groups, platforms }, names };

export const POLICIES: readonly Story[] = [
  story("policies", () => <Policies policies={[policy]} names={names} changes={[change]} me="per_auditor" manages={false} alone />),
  story("policies, none", () => <Policies policies={[]} names={names} changes={[]} me="per_operator" manages alone={false} />),
  story("policy, add", () => (
    <PolicyEdit id={null} {...form} draft={{ ...policy, name: "", binding: { ...policy.binding, approvers: [], requesterGroups: [] } }} />
  )),
  story("policy, too few approvers", () => (
    <PolicyEdit id="pol_1" {...form} tried={{ ...tried, approvers: [], quorum: false }} wrong="maxMinutes: too big." />
  )),
  story("policy, for many", () => (
    <PolicyEdit id="pol_1" {...form} tried={{ ...tried, accounts: Array.from({ length: 40 }, (_, i) => `app${i}@web-${i}`) }} />
  )),
  story("policy, against a target's own rules", () => <PolicyEdit id="pol_1" {...form} ahead={ahead} />),
  story("policy, edit", () => <PolicyEdit id="pol_1" {...form} />),
  story("policy, over drafts nobody tried", () => <PolicyEdit id="pol_1" {...form} tried={{ ...tried, untried: ["switch-1", FAR] }} />),
  story("policy", () => <PolicyPage policy={policy} names={names} />),
  story("policy, off, with a nasty name", () => <PolicyPage policy={{ ...policy, name: NASTY, active: false }} names={names} />),
];
