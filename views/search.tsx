/** One page that finds everything its reader may see. Rule: it works without scripts; a kind with nothing in it is not shown. */
import type { Child } from "hono/jsx";
import type { Person } from "../src/domain/person.ts";
import type { Target } from "../src/domain/target.ts";
import type { AccountCard } from "./accounts.tsx";
import { RequestRows, type Listed } from "./request-rows.tsx";
import { Account, Badge, Empty, Named, PageHead, Table } from "./parts.tsx";
import { SessionRows, type SessionListed } from "./sessions.tsx";
import { StandingBadge } from "./words.tsx";

export type SearchView = {
  readonly q: string;
  readonly me: string;
  readonly accounts: readonly AccountCard[];
  readonly targets: readonly Target[];
  readonly people: readonly Person[];
  readonly requests: readonly Listed[];
  readonly sessions: readonly SessionListed[];
  /** May open the pages of people. */
  readonly opens: boolean;
};
const MOST = 10;

type KindProps = { title: string; count: number; more: string; children?: Child };
const Kind = ({ title, count, more, children }: KindProps) =>
  count === 0 ? null : (
    <section>
      <header class="sec">
        <h2>
          {title} ({count})
        </h2>
        {count > MOST ? <a href={more}>All of them</a> : null}
      </header>
      {children}
    </section>
  );

const Accounts = ({ list }: { list: readonly AccountCard[] }) => (
  <Table label="Accounts found" head={["Account", "State", ""]} list>
    {list.slice(0, MOST).map((c) => (
      <tr>
        <td>
          <Account account={c.account.name} target={c.target.name} href={`/accounts/${c.account.id}`} />
        </td>
        <td>
          <StandingBadge standing={c.standing} />
        </td>
        <td class="end">
          {c.offers.length > 0 ? (
            <a class="button small" href={`/ask/${encodeURIComponent(`${c.account.name}@${c.target.name}`)}`}>
              Ask
            </a>
          ) : null}
        </td>
      </tr>
    ))}
  </Table>
);
const Targets = ({ list }: { list: readonly Target[] }) => (
  <Table label="Targets found" head={["Target", "Address"]} list>
    {list.slice(0, MOST).map((t) => (
      <tr>
        <td>
          <Named href={`/targets/${t.id}`} name={t.name} />
        </td>
        <td>
          <code>
            {t.host}:{t.port}
          </code>
        </td>
      </tr>
    ))}
  </Table>
);
const People = ({ list, opens }: { list: readonly Person[]; opens: boolean }) => (
  <Table label="People found" head={["Name", "Roles", "State"]} list>
    {list.slice(0, MOST).map((p) => (
      <tr>
        <td>
          {opens ? <a href={`/people/${p.id}`}>{p.name}</a> : p.name} <small class="muted wrap">{p.fullName}</small>
        </td>
        <td>{p.roles.join(", ")}</td>
        <td>{p.disabled ? <Badge tone="bad">disabled</Badge> : <Badge tone="ok">active</Badge>}</td>
      </tr>
    ))}
  </Table>
);

export const SearchPage = (v: SearchView) => {
  const q = encodeURIComponent(v.q),
    found = v.accounts.length + v.targets.length + v.people.length + v.requests.length + v.sessions.length;
  return (
    <>
      <PageHead
        title={v.q ? <span class="wrap">Search: {v.q}</span> : "Search"}
        sub={v.q ? `${found} found` : "Accounts, targets, people, requests and sessions you may see."}
      />
      <form class="search" method="get" action="/search">
        <input type="search" name="q" value={v.q} placeholder="A name, a reason, a ticket, an address, an id" aria-label="Search everything" />
        <button class="small quiet" type="submit">
          Search
        </button>
      </form>
      {v.q && found === 0 ? (
        <Empty title={`Nothing matches “${v.q}”`}>Try fewer words or a part of one. What you may not see is not found.</Empty>
      ) : null}
      <Kind title="Accounts" count={v.accounts.length} more={`/accounts?q=${q}`}>
        <Accounts list={v.accounts} />
      </Kind>
      <Kind title="Targets" count={v.targets.length} more="/targets">
        <Targets list={v.targets} />
      </Kind>
      <Kind title="Requests" count={v.requests.length} more="/requests?show=all">
        <RequestRows list={v.requests.slice(0, MOST)} me={v.me} label="Requests found" />
      </Kind>
      <Kind title="Sessions" count={v.sessions.length} more="/sessions">
        <SessionRows list={v.sessions.slice(0, MOST)} plays={false} />
      </Kind>
      <Kind title="People" count={v.people.length} more="/people">
        <People list={v.people} opens={v.opens} />
      </Kind>
    </>
  );
};
