/** The audit log. Rule: it shows what is recorded, whole; a row without a number is not sequenced yet and says so. */
import { Ago, Badge, Empty, PageHead, Table } from "./parts.tsx";
import { factsLine, outcomeTone, said, whence, whoName, type Told } from "./story.tsx";

export type AuditQuery = { readonly text: string; readonly what: string; readonly about: string };
const HREF: Record<string, string> = { request: "/requests/", session: "/sessions/", account: "/accounts/", target: "/targets/" };

/** The noun leads to the thing where it has a page, the sign behind it to everything the log knows of it. */
const About = ({ about }: { about: Told["about"] }) => (
  <span class="ids">
    {Object.entries(about).map(([noun, id]) => (
      <span class="chip">
        {HREF[noun] === undefined ? (
          <span title={id}>{noun}</span>
        ) : (
          <a href={`${HREF[noun]}${id}`} title={id}>
            {noun}
          </a>
        )}
        <a
          class="filter"
          href={`/audit?about=${encodeURIComponent(id)}`}
          title={`Everything about ${id}`}
          aria-label={`Everything about ${noun} ${id}`}
        >
          ⌕
        </a>
      </span>
    ))}
  </span>
);
const query = (q: AuditQuery, before?: number): string => {
  const p = new URLSearchParams(
    Object.entries({ ...q, ...(before === undefined ? {} : { before: String(before) }) }).filter(([, v]) => v !== ""),
  );
  return `/audit?${p.toString()}`;
};

const Filter = ({ q, names }: { q: AuditQuery; names: readonly string[] }) => (
  <form class="search" method="get" action="/audit">
    <input type="search" name="text" value={q.text} placeholder="Person, address, reason, id" aria-label="Search the log" />
    <select name="what" aria-label="Kind of event">
      <option value="">all events</option>
      {names.map((n) => (
        <option value={n} selected={n === q.what}>
          {n}
        </option>
      ))}
    </select>
    {q.about ? <input type="hidden" name="about" value={q.about} /> : null}
    <button class="small" type="submit">
      Filter
    </button>
    {q.text || q.what || q.about ? (
      <a class="button small quiet" href="/audit">
        Clear
      </a>
    ) : null}
  </form>
);

const Row = ({ e }: { e: Told }) => (
  <tr>
    <td class="num">
      {e.index ?? (
        <span class="muted" title="numbered within a second">
          …
        </span>
      )}
    </td>
    <td>
      <Ago at={e.at} />
    </td>
    <td>
      <b>{whoName(e.who)}</b>
      <small class="muted block whence">{whence(e.who)}</small>
    </td>
    <td class="wrap">
      <span title={e.what}>{said(e.what)}</span> {e.outcome === "ok" ? null : <Badge tone={outcomeTone(e.outcome)}>{e.outcome}</Badge>}
      {e.why ? <small class="block">{e.why}</small> : null}
      {factsLine(e.facts) ? <small class="muted block">{factsLine(e.facts)}</small> : null}
    </td>
    <td>
      <About about={e.about} />
    </td>
  </tr>
);

export const Audit = ({ events, q, names, more }: { events: readonly Told[]; q: AuditQuery; names: readonly string[]; more: boolean }) => (
  <>
    <PageHead
      title="Audit log"
      sub="Every change of state writes its event in the same transaction. Rows are numbered and chained in commit order."
    />
    <Filter q={q} names={names} />
    {q.about ? (
      <p class="muted">
        About <code>{q.about}</code>
      </p>
    ) : null}
    {events.length === 0 ? (
      <Empty title="No event matches">Try fewer words, or clear the filter.</Empty>
    ) : (
      <Table label="Events" head={["No", "When", "Who", "What", "About"]}>
        {events.map((e) => (
          <Row e={e} />
        ))}
      </Table>
    )}
    {more ? (
      <p class="pages">
        <a class="button small quiet" href={query(q, events[events.length - 1]!.row)}>
          Older events
        </a>
      </p>
    ) : null}
  </>
);
