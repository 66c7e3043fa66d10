/** Accounts: the table. Rule: a row says whether it can be used now, and by whom it is. */
import type { Account as Value, Hold, Standing } from "../src/domain/account.ts";
import type { Policy } from "../src/domain/policy.ts";
import type { Target } from "../src/domain/target.ts";
import { Account, Ago, Empty, Exact, PageHead, Table } from "./parts.tsx";
import { StandingBadge } from "./words.tsx";

export type AccountCard = {
  readonly account: Value;
  readonly target: Target;
  readonly standing: Standing;
  readonly holds: readonly Hold[];
  readonly offers: readonly Policy[];
  readonly manage: boolean;
};

export const HolderOf = ({ holds }: { holds: readonly Hold[] }) =>
  holds.length === 0 ? (
    <span class="muted">nobody</span>
  ) : (
    <>
      {holds.map((h) => (
        <span class="block">
          {h.personName}{" "}
          <small class="muted">
            until <Exact at={h.until} />
          </small>
        </span>
      ))}
    </>
  );

const Row = ({ c }: { c: AccountCard }) => (
  <tr>
    <td>
      <Account account={c.account.name} target={c.target.name} href={`/accounts/${c.account.id}`} />
      <small class="muted block">{[c.target.platform, ...c.target.tags].join(" · ")}</small>
    </td>
    <td>
      <StandingBadge standing={c.standing} />
    </td>
    <td>
      <HolderOf holds={c.holds} />
    </td>
    <td>
      <Ago at={c.account.rotatedAt} />
    </td>
    <td>
      <Ago at={c.account.verifiedAt} />
    </td>
    <td>{c.offers.map((p) => p.name).join(", ") || <span class="muted">–</span>}</td>
  </tr>
);

const None = ({ q, adds }: { q: string; adds: boolean }) => (
  <Empty title={q ? `Nothing matches “${q}”` : "No accounts yet"}>
    {q ? (
      "Try a part of a name, a state such as unverified, or a tag."
    ) : adds ? (
      <>
        Add a <a href="/targets">target</a> first, then the accounts on it.
      </>
    ) : (
      "No account is yours to see."
    )}
  </Empty>
);

export const Accounts = ({ cards, q, adds }: { cards: readonly AccountCard[]; q: string; adds: boolean }) => (
  <>
    <PageHead title="Accounts" sub={`${cards.length} shown`}>
      {adds ? (
        <a class="button small" href="/targets">
          Add through its target
        </a>
      ) : null}
    </PageHead>
    <form class="search" method="get" action="/accounts">
      <input type="search" name="q" value={q} placeholder="Account, target, state, tag" aria-label="Search accounts" />
      <button class="small quiet" type="submit">
        Search
      </button>
    </form>
    {cards.length === 0 ? (
      <None q={q} adds={adds} />
    ) : (
      <Table label="Accounts" head={["Account", "State", "Held by", "Password changed", "Verified", "Policy"]}>
        {cards.map((c) => (
          <Row c={c} />
        ))}
      </Table>
    )}
  </>
);
