/** Access policies: the list, and one to read. Rule: a policy reads as sentences before it reads as a form. */
import type { Policy } from "../src/domain/policy.ts";
import { Changes, SingleAdministrator, type ChangeView } from "./changes.tsx";
import { Badge, Empty, minutes, Named, PageHead, Table } from "./parts.tsx";
import { PolicySentences } from "./policy-sections.tsx";
import { votesBy, which, whom, type Names } from "./policy-words.ts";
import { PRESET } from "./words.tsx";

type ListProps = {
  readonly policies: readonly Policy[];
  readonly names: Names;
  readonly changes: readonly ChangeView[];
  readonly me: string;
  readonly manages: boolean;
  readonly alone: boolean;
};
export const Policies = ({ policies, names, changes, me, manages, alone }: ListProps) => (
  <>
    <PageHead title="Policies" sub="Who may ask for which accounts, and how. What no policy gives you does not exist for you.">
      {manages ? (
        <a class="button small" href="/policies/new">
          Add a policy
        </a>
      ) : null}
    </PageHead>
    <SingleAdministrator alone={alone} manages={manages} />
    <Changes changes={changes} me={me} />
    {policies.length === 0 ? (
      <Empty title="No policies yet">Until there is one, nobody can ask for anything.</Empty>
    ) : (
      <Table label="Policies" head={["Policy", "May ask", "For", "Approval", "Longest"]}>
        {policies.map((p) => (
          <tr>
            <td>
              <Named href={`/policies/${p.id}`} name={p.name} />
              {p.active ? null : (
                <>
                  {" "}
                  <Badge tone="quiet">off</Badge>
                </>
              )}
              <small class="muted block">{PRESET[p.terms.preset]}</small>
            </td>
            <td data-th="May ask" class="wrap">{whom(p.binding.requesters, p.binding.requesterGroups, names, "nobody")}</td>
            <td data-th="For" class="wrap">{which(p)}</td>
            <td data-th="Approval" class="wrap">
              {votesBy(p, names, "nobody: shut")}
            </td>
            <td data-th="Longest">{minutes(p.terms.maxMinutes)}</td>
          </tr>
        ))}
      </Table>
    )}
  </>
);

export const PolicyPage = ({ policy: p, names }: { policy: Policy; names: Names }) => (
  <>
    <PageHead title={<span class="wrap">{p.name}</span>} sub={p.active ? <Badge tone="ok">in force</Badge> : <Badge tone="quiet">off</Badge>} />
    <section class="card">
      <PolicySentences policy={p} names={names} />
    </section>
  </>
);
