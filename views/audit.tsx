/** The audit log. Rule: it shows what is recorded, whole; a row without a number is not sequenced yet and says so. */
import { CHECKED, type CheckSaid } from "./audit-check.tsx";
import { SingleAdministrator } from "./changes.tsx";
import { Choice, FromTo, Narrow } from "./inputs.tsx";
import { Ago, Badge, Empty, PageHead, Post, Table } from "./parts.tsx";
import { factsLine, outcomeTone, said, whence, whoName, whyWords, type Told } from "./story.tsx";

export type AuditQuery = {
  readonly text: string;
  readonly what: string;
  readonly who: string;
  readonly about: string;
  readonly outcome: string;
  readonly from: string;
  readonly to: string;
};
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

const isFiltered = (q: AuditQuery): boolean => Object.values(q).some((v) => v !== "");

const Filters = ({ q, names, outcomes }: { q: AuditQuery; names: readonly string[]; outcomes: readonly string[] }) => (
  <form class="search many" method="get" action="/audit">
    <input type="search" name="text" value={q.text} placeholder="Anything: reason, id, fact" aria-label="Search the log" />
    <input type="search" name="who" value={q.who} placeholder="Who: name or address" aria-label="Who did it" />
    <Choice name="what" label="Kind of event" all="all events" of={names} chosen={q.what} />
    <Choice name="outcome" label="Outcome" all="any outcome" of={outcomes} chosen={q.outcome} />
    <FromTo from={q.from} to={q.to} />
    {q.about ? <input type="hidden" name="about" value={q.about} /> : null}
    <Narrow clear={isFiltered(q) ? "/audit" : null} />
  </form>
);

/** What stands in the filter goes with it. */
const Export = ({ q }: { q: AuditQuery }) => (
  <Post action="/audit/export" class="inline">
    {Object.entries(q)
      .filter(([, v]) => v !== "")
      .map(([k, v]) => (
        <input type="hidden" name={k} value={v} />
      ))}
    <span class="muted">{isFiltered(q) ? "Export what matches" : "Export everything"}</span>
    <button class="small quiet" type="submit" name="format" value="jsonl">
      JSON lines
    </button>
    <button class="small quiet" type="submit" name="format" value="csv">
      CSV
    </button>
  </Post>
);
const LastCheck = ({ check: c }: { check: CheckSaid | null }) => (
  <section class="card strip">
    <p>
      {c === null ? (
        <span class="muted">The chain was never checked here.</span>
      ) : (
        <>
          <Badge tone={CHECKED[c.state][0]}>{CHECKED[c.state][1]}</Badge> <a href={`/audit/checks/${c.id}`}>Last check</a>{" "}
          <Ago at={c.endedAt ?? c.at} />
          {c.state === "broken" ? `: ${c.faults} fault${c.faults === 1 ? "" : "s"}` : `, ${c.events.toLocaleString("en")} events`}
        </>
      )}
    </p>
    <Post action="/audit/checks" class="inline">
      <button class="small" type="submit">
        Check the whole log now
      </button>
    </Post>
  </section>
);

const Events = ({ events }: { events: readonly Told[] }) => (
  <Table label="Events" head={["No", "When", "Who", "What", "About"]}>
    {events.map((e) => (
      <tr>
        <td data-th="No" class="num">
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
          {e.why ? <small class="block">{whyWords(e.why)}</small> : null}
          {factsLine(e.facts) ? <small class="muted block">{factsLine(e.facts)}</small> : null}
        </td>
        <td>
          <About about={e.about} />
        </td>
      </tr>
    ))}
  </Table>
);

type AuditFacts = {
  readonly events: readonly Told[];
  readonly q: AuditQuery;
  readonly names: readonly string[];
  readonly outcomes: readonly string[];
  readonly more: boolean;
  readonly check: CheckSaid | null;
  /** One administrator only. */
  readonly alone: boolean;
  readonly manages: boolean;
};
export const Audit = ({ events, q, names, outcomes, more, check, alone, manages }: AuditFacts) => (
  <>
    <PageHead
      title="Audit log"
      sub="Every change of state writes its event in the same transaction. Rows are numbered and chained in commit order."
    >
      <Export q={q} />
    </PageHead>
    <SingleAdministrator alone={alone} manages={manages} />
    <LastCheck check={check} />
    <Filters q={q} names={names} outcomes={outcomes} />
    {q.about ? (
      <p class="muted">
        About <code>{q.about}</code>
      </p>
    ) : null}
    {events.length === 0 ? <Empty title="No event matches">Try fewer words, or clear the filter.</Empty> : <Events events={events} />}
    {more ? (
      <p class="pages">
        <a class="button small quiet" href={query(q, events[events.length - 1]!.row)}>
          Older events
        </a>
      </p>
    ) : null}
  </>
);
