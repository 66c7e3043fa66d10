/** Requests as rows of a table. Rule: one look for every list of them. */
import type { Request } from "../src/domain/request.ts";
import { Account, Ago, Table } from "./parts.tsx";
import { StateBadge } from "./words.tsx";

export type Listed = { readonly request: Request; readonly requesterName: string; readonly accountName: string; readonly targetName: string;
  /** A shell, or a desktop, can be had on it. */
  readonly carries: boolean; readonly desktop: boolean };

/** Who asked is said where it is not the reader alone. */
type Rows = { list: readonly Listed[]; me: string; label: string; empty?: string };
export const RequestRows = ({ list, me, label, empty }: Rows) => {
  const others = list.some((l) => l.requesterName !== me);
  return list.length === 0 ? (
    <p class="muted">{empty ?? "Nothing here."}</p>
  ) : (
    <Table label={label} head={["Account", ...(others ? ["By"] : []), "Reason", "State", "Asked"]}>
      {list.map((l) => (
        <tr>
          <td>
            <Account account={l.accountName} target={l.targetName} href={`/requests/${l.request.id}`} />
          </td>
          {others ? <td data-th="By">{l.requesterName === me ? "you" : l.requesterName}</td> : null}
          <td class="wrap clip">
            <span class="lines">{l.request.terms.reason}</span>
          </td>
          <td>
            <StateBadge request={l.request} mine={l.requesterName === me} />
          </td>
          <td data-th="Asked">
            <Ago at={l.request.submittedAt} />
          </td>
        </tr>
      ))}
    </Table>
  );
};
