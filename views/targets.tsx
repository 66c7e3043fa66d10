/** Targets: the list. Rule: what keeps the broker from changing passwords on a target is said in its row. */
import type { Target } from "../src/domain/target.ts";
import { Badge, Empty, Named, PageHead, Table } from "./parts.tsx";

export type TargetLine = { readonly target: Target; readonly accounts: number; readonly blocked: boolean };
export const TargetBadge = ({ target: t, blocked }: { target: Target; blocked: boolean }) =>
  blocked ? (
    <Badge tone="bad">identity changed</Badge>
  ) : t.locked ? (
    <Badge tone="bad">locked</Badge>
  ) : t.administrative ? (
    <Badge tone="ok">ready</Badge>
  ) : (
    <Badge tone="warn">no administrative account</Badge>
  );

/** What the lists of targets and of accounts lead to. */
export const RegisterWays = () => (
  <>
    <a class="button small quiet" href="/collections">
      Groups
    </a>
    <a class="button small quiet" href="/targets/import">
      Import
    </a>
  </>
);

export const Targets = ({ list }: { list: readonly TargetLine[] }) => (
  <>
    <PageHead title="Targets" sub="Machines whose accounts the broker keeps.">
      <RegisterWays />
      <a class="button small" href="/targets/new">
        Add a target
      </a>
    </PageHead>
    {list.length === 0 ? (
      <Empty title="No targets yet">
        <a href="/targets/new">Add the first one</a>: its name and address are enough, the broker fetches its key for you to compare.
      </Empty>
    ) : (
      <Table label="Targets" head={["Target", "State", "Address", "Platform", "Accounts", "Tags"]} list>
        {list.map(({ target: t, accounts, blocked }) => (
          <tr>
            <td>
              <Named href={`/targets/${t.id}`} name={t.name} />
            </td>
            <td>
              <TargetBadge target={t} blocked={blocked} />
            </td>
            <td>
              <code>
                {t.host}:{t.port}
              </code>
            </td>
            <td>{t.platform}</td>
            <td data-th="Accounts" class="num">{accounts}</td>
            <td data-th="Tags">{t.tags.join(", ")}</td>
          </tr>
        ))}
      </Table>
    )}
  </>
);
