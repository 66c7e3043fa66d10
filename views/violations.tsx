/** Passwords in force that break their policy. Rule: a violation is named by its rules; nothing of a password is on this page. */
import type { Bound } from "../src/domain/password-policy.ts";
import { Ago, Badge, Empty, PageHead, Table } from "./parts.tsx";

export type ViolationLine = {
  readonly account: string;
  readonly name: string;
  readonly bound: Bound;
  readonly broken: readonly string[];
  readonly since: Date;
  readonly goneBy: Date | null;
  readonly acts: boolean;
};
export const ViolationsPage = ({ list, looked }: { list: readonly ViolationLine[]; looked: number }) => (
  <>
    <PageHead
      title="Policy violations"
      sub={`${list.length} of ${looked} passwords in force break their policy. They were judged just now, inside the vault.`}
    >
      <a class="button small quiet" href="/password-policies">
        Password policies
      </a>
    </PageHead>
    {list.length === 0 ? (
      <Empty title="Every password in force keeps its policy">
        {looked === 0 ? "The vault holds no proven password yet." : "After a policy is changed, this list shows whom it met."}
      </Empty>
    ) : (
      <Table label="Violations" head={["Account", "Policy", "The password in force needs", "Since", "What to do"]} list>
        {list.map((v) => (
          <tr>
            <td>
              <a class="wrap" href={`/accounts/${v.account}`}>
                {v.name}
              </a>
            </td>
            <td>
              {v.bound.policy.name} <small class="muted block">by {v.bound.from}</small>
            </td>
            <td class="wrap">
              {v.broken.map((b) => (
                <span class="block">{b}</span>
              ))}
              {v.goneBy ? (
                <span class="block">
                  <Badge tone="warn">too old</Badge> to be changed since <Ago at={v.goneBy} />
                </span>
              ) : null}
            </td>
            <td>
              <Ago at={v.since} />
            </td>
            <td>{v.acts ? <a href={`/accounts/${v.account}/password`}>Change password</a> : <span class="muted">its owner changes it</span>}</td>
          </tr>
        ))}
      </Table>
    )}
  </>
);
