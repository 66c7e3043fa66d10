/** Requests as rows of a table. Rule: one look for every list of them. */
import type { Request } from "../src/domain/request.ts";
import { Account, Ago, Table } from "./parts.tsx";
import { StateBadge } from "./words.tsx";

export type Listed = { readonly request: Request; readonly requesterName: string; readonly accountName: string; readonly targetName: string };

export const RequestRows = ({ list, me, label, empty }: { list: readonly Listed[]; me: string; label: string; empty?: string }) =>
  list.length === 0 ? (
    <p class="muted">{empty ?? "Nothing here."}</p>
  ) : (
    <Table label={label} head={["Account", "By", "Reason", "State", "Asked"]}>
      {list.map((l) => (
        <tr>
          <td>
            <Account account={l.accountName} target={l.targetName} href={`/requests/${l.request.id}`} />
          </td>
          <td>{l.requesterName}</td>
          <td class="wrap clip">{l.request.terms.reason}</td>
          <td>
            <StateBadge request={l.request} mine={l.requesterName === me} />
          </td>
          <td>
            <Ago at={l.request.submittedAt} />
          </td>
        </tr>
      ))}
    </Table>
  );
