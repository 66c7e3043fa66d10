/** Accounts: the table. Rule: a row says whether it can be used now, and by whom it is. */
import type { Account as Value, Hold, Standing } from "../src/domain/account.ts";
import type { Bound } from "../src/domain/password-policy.ts";
import type { Policy } from "../src/domain/policy.ts";
import type { Target } from "../src/domain/target.ts";
import { Account, Ago, Empty, Exact, PageHead, Post, Table } from "./parts.tsx";
import { RegisterWays } from "./targets.tsx";
import { StandingBadge } from "./words.tsx";

export type AccountCard = {
  readonly account: Value;
  readonly target: Target;
  readonly standing: Standing;
  readonly holds: readonly Hold[];
  readonly offers: readonly Policy[];
  readonly manage: boolean;
  /** The password policy in force, and where it comes from. */
  readonly password: Bound;
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

/** What narrows the list, each a link: a word of the search. */
export type Filters = {
  readonly states: readonly string[];
  readonly tags: readonly string[];
  readonly groups: readonly string[];
  readonly targets: readonly string[];
};
const quoted = (word: string): string => (/\s/.test(word) ? `"${word}"` : word);
const Chips = ({ kind, words, q }: { kind: string; words: readonly string[]; q: string }) => (
  <>
    {words.map((w) => {
      const term = `${kind}:${quoted(w)}`,
        on = q.split(/\s+(?=\w+:)/).includes(term);
      return (
        <a
          class="chip-link"
          href={`/accounts?q=${encodeURIComponent(on ? q.replace(term, "").trim() : `${q} ${term}`.trim())}`}
          aria-current={on ? "true" : undefined}
        >
          {w}
        </a>
      );
    })}
  </>
);
const Narrow = ({ filters: f, q }: { filters: Filters; q: string }) =>
  f.states.length + f.tags.length + f.groups.length + f.targets.length < 2 ? null : (
    <details class="narrow-by" open={q !== ""}>
      <summary>Narrow by state, tag, group or target</summary>
      <dl class="facts">
        {(
          [
            ["State", "state", f.states],
            ["Tag", "tag", f.tags],
            ["Group", "group", f.groups],
            ["Target", "target", f.targets],
          ] as const
        ).map(([title, kind, words]) =>
          words.length === 0 ? null : (
            <div>
              <dt>{title}</dt>
              <dd>
                <Chips kind={kind} words={words} q={q} />
              </dd>
            </div>
          ),
        )}
      </dl>
    </details>
  );

const Row = ({ c, picks }: { c: AccountCard; picks: boolean }) => (
  <tr>
    {picks ? (
      <td class="pick">
        {c.manage ? <input type="checkbox" name="account" value={c.account.id} aria-label={`Choose ${c.account.name}@${c.target.name}`} /> : null}
      </td>
    ) : null}
    <td>
      <Account account={c.account.name} target={c.target.name} href={`/accounts/${c.account.id}`} />
      <small class="muted block">{[c.target.platform, ...new Set([...c.target.tags, ...c.account.tags])].join(" · ")}</small>
    </td>
    <td>
      <StandingBadge standing={c.standing} brief />
    </td>
    <td data-th="Held by">
      <HolderOf holds={c.holds} />
    </td>
    <td data-th="Changed">
      <Ago at={c.account.rotatedAt} />
    </td>
    <td data-th="Verified">
      <Ago at={c.account.verifiedAt} />
    </td>
    <td data-th="Policy">{c.offers.map((p) => p.name).join(", ") || <span class="muted">–</span>}</td>
  </tr>
);

const None = ({ q, adds }: { q: string; adds: boolean }) => (
  <Empty title={q ? `Nothing matches “${q}”` : "No accounts yet"}>
    {q ? (
      <>
        Try a part of a name, <code>state:unverified</code>, <code>tag:production</code>, or <a href="/accounts">all of them</a>.
      </>
    ) : adds ? (
      <>
        Add a <a href="/targets">target</a> first, then the accounts on it.
      </>
    ) : (
      "No account is yours to see."
    )}
  </Empty>
);

const HEAD = ["Account", "State", "Held by", "Changed", "Verified", "Policy"] as const;
const Rows = ({ cards, picks }: { cards: readonly AccountCard[]; picks: boolean }) => (
  <Table label="Accounts" head={picks ? ["", ...HEAD] : HEAD} list>
    {cards.map((c) => (
      <Row c={c} picks={picks} />
    ))}
  </Table>
);
/** Chosen by ticking, or all that are shown: the search itself is sent then, so it works without scripts. */
const Picked = ({ cards, q }: { cards: readonly AccountCard[]; q: string }) => (
  <Post action="/accounts/several">
    <Rows cards={cards} picks />
    <input type="hidden" name="q" value={q} />
    <div class="moves several">
      <label class="check">
        <input type="checkbox" name="shown" value="yes" data-picks-all="account" /> All {cards.filter((c) => c.manage).length} shown
      </label>
      <button class="small quiet" type="submit" name="act" value="rotate">
        Change passwords …
      </button>
      <button class="small quiet" type="submit" name="act" value="verify">
        Verify …
      </button>
      <button class="small quiet" type="submit" name="act" value="block">
        Block …
      </button>
      <button class="small quiet" type="submit" name="act" value="unblock">
        Unblock …
      </button>
      <small class="muted">You see who is affected before anything is done.</small>
    </div>
  </Post>
);

export type AccountsView = { readonly cards: readonly AccountCard[]; readonly q: string; readonly adds: boolean; readonly filters: Filters };
export const Accounts = ({ cards, q, adds, filters }: AccountsView) => (
  <>
    <PageHead title="Accounts" sub={`${cards.length} shown`}>
      {adds ? (
        <>
          <RegisterWays />
          <a class="button small" href="/targets">
            Add through its target
          </a>
        </>
      ) : null}
    </PageHead>
    <form class="search" method="get" action="/accounts">
      <input type="search" name="q" value={q} placeholder="Account, target, tag:web, state:held" aria-label="Search accounts" />
      <button class="small quiet" type="submit">
        Search
      </button>
    </form>
    <Narrow filters={filters} q={q} />
    {cards.length === 0 ? (
      <None q={q} adds={adds} />
    ) : cards.some((c) => c.manage) ? (
      <Picked cards={cards} q={q} />
    ) : (
      <Rows cards={cards} picks={false} />
    )}
  </>
);
