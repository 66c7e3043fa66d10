/** The audit log. Rule: it shows what is recorded, whole; a row without a number is not sequenced yet and says so. */
import type { Check } from "../src/domain/audit-chain.ts";
import { Ago, Badge, Empty, Exact, Facts, PageHead, Post, Table } from "./parts.tsx";
import { factsLine, outcomeTone, said, whence, whoName, type Told } from "./story.tsx";

export type AuditQuery = {
  readonly text: string;
  readonly what: string;
  readonly who: string;
  readonly about: string;
  readonly outcome: string;
  readonly from: string;
  readonly to: string;
};
export type CheckSaid = Check & { readonly byName: string; readonly says: string };
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
    <select name="what" aria-label="Kind of event">
      <option value="">all events</option>
      {names.map((n) => (
        <option value={n} selected={n === q.what}>
          {n}
        </option>
      ))}
    </select>
    <select name="outcome" aria-label="Outcome">
      <option value="">any outcome</option>
      {outcomes.map((o) => (
        <option value={o} selected={o === q.outcome}>
          {o}
        </option>
      ))}
    </select>
    <label class="short">
      from <input type="date" name="from" value={q.from} />
    </label>
    <label class="short">
      to <input type="date" name="to" value={q.to} />
    </label>
    {q.about ? <input type="hidden" name="about" value={q.about} /> : null}
    <button class="small" type="submit">
      Filter
    </button>
    {isFiltered(q) ? (
      <a class="button small quiet" href="/audit">
        Clear
      </a>
    ) : null}
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
const CHECKED = { running: ["busy", "checking"], whole: ["ok", "whole"], broken: ["bad", "not whole"] } as const;
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

type AuditFacts = {
  readonly events: readonly Told[];
  readonly q: AuditQuery;
  readonly names: readonly string[];
  readonly outcomes: readonly string[];
  readonly more: boolean;
  readonly check: CheckSaid | null;
};
export const Audit = ({ events, q, names, outcomes, more, check }: AuditFacts) => (
  <>
    <PageHead
      title="Audit log"
      sub="Every change of state writes its event in the same transaction. Rows are numbered and chained in commit order."
    >
      <Export q={q} />
    </PageHead>
    <LastCheck check={check} />
    <Filters q={q} names={names} outcomes={outcomes} />
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
              <span title={e.what}>{said(e.what)}</span>{" "}
              {e.outcome === "ok" ? null : <Badge tone={outcomeTone(e.outcome)}>{e.outcome}</Badge>}
              {e.why ? <small class="block">{e.why}</small> : null}
              {factsLine(e.facts) ? <small class="muted block">{factsLine(e.facts)}</small> : null}
            </td>
            <td>
              <About about={e.about} />
            </td>
          </tr>
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

const Progress = ({ check: c }: { check: CheckSaid }) => (
  <>
    <progress max={String(Math.max(1, c.upTo + 1))} value={String(c.next)} aria-label="Events checked" />
    <p class="muted">
      {c.events.toLocaleString("en")} of {(c.upTo + 1).toLocaleString("en")} events. This page renews itself; it may be left.
    </p>
  </>
);
export const AuditCheck = ({ check: c, earlier }: { check: CheckSaid; earlier: readonly CheckSaid[] }) => (
  <>
    <PageHead
      title="Check of the audit log"
      sub="Every number once, every event after the one before it, every content as it was hashed."
    >
      <a class="button small quiet" href="/audit">
        The log
      </a>
    </PageHead>
    <section class={`card ${c.state === "broken" ? "alarm" : ""}`}>
      <header>
        <h2 class="wrap">{c.says}</h2>
        <Badge tone={CHECKED[c.state][0]}>{CHECKED[c.state][1]}</Badge>
      </header>
      {c.state === "running" ? <Progress check={c} /> : null}
      <Facts
        rows={[
          [
            "Begun",
            <>
              <Exact at={c.at} /> by {c.byName}
            </>,
          ],
          c.endedAt ? ["Ended", <Exact at={c.endedAt} />] : null,
          ["Numbers", c.next === 0 ? "none yet" : `0 to ${c.next - 1}`],
          ["Head", <code class="wrap">{c.hash}</code>],
          [
            "Without a number yet",
            c.waiting === 0 ? (
              "none"
            ) : (
              <>
                {c.waiting.toLocaleString("en")}, the oldest <Ago at={c.waitingSince} />
              </>
            ),
          ],
        ]}
      />
    </section>
    {c.findings.length === 0 ? null : (
      <section>
        <h2>What is wrong</h2>
        <Table label="Findings" head={["No", "What"]}>
          {c.findings.map((f) => (
            <tr>
              <td class="num">{f.at}</td>
              <td class="wrap">{f.why}</td>
            </tr>
          ))}
        </Table>
        {c.faults > c.findings.length ? (
          <p class="muted">
            {c.faults.toLocaleString("en")} faults in all; the first {c.findings.length} are named.
          </p>
        ) : null}
        <p>
          The events before number {c.findings[0]!.at} hold. Compare with an exported copy:{" "}
          <code>lockstep audit verify FILE</code>, and keep this database as it is.
        </p>
      </section>
    )}
    {earlier.length === 0 ? null : (
      <section>
        <h2>Earlier checks</h2>
        <Table label="Earlier checks" head={["When", "By", "Result"]}>
          {earlier.map((x) => (
            <tr>
              <td>
                <Ago at={x.at} />
              </td>
              <td>{x.byName}</td>
              <td class="wrap">
                <a href={`/audit/checks/${x.id}`}>{x.says}</a>
              </td>
            </tr>
          ))}
        </Table>
      </section>
    )}
    <p class="muted">
      This check trusts the database it reads. What was exported earlier, or lies with somebody else, proves more: compare the
      head.
    </p>
  </>
);
