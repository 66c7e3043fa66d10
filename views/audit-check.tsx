/** The gap check of the audit log. Rule: the result is said in plain words, with its range and head, and with what it cannot prove. */
import type { Check } from "../src/domain/audit-chain.ts";
import { Ago, Badge, Exact, Facts, PageHead, Table } from "./parts.tsx";

export type CheckSaid = Check & { readonly byName: string; readonly says: string };
export const CHECKED = { running: ["busy", "checking"], whole: ["ok", "whole"], broken: ["bad", "not whole"] } as const;

const Progress = ({ check: c }: { check: CheckSaid }) => (
  <>
    <progress max={String(Math.max(1, c.upTo + 1))} value={String(c.next)} aria-label="Events checked" />
    <p class="muted">
      {c.events.toLocaleString("en")} of {(c.upTo + 1).toLocaleString("en")} events. This page renews itself; it may be left.
    </p>
  </>
);

const CheckFacts = ({ check: c }: { check: CheckSaid }) => (
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
);
const Findings = ({ check: c }: { check: CheckSaid }) => (
  <section>
    <h2>What is wrong</h2>
    <Table label="Findings" head={["No", "What"]}>
      {c.findings.map((f) => (
        <tr>
          <td data-th="No" class="num">{f.at}</td>
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
      The events before number {c.findings[0]!.at} hold. Compare with an exported copy: <code>lockstep audit verify FILE</code>, and keep this
      database as it is.
    </p>
  </section>
);
const Earlier = ({ list }: { list: readonly CheckSaid[] }) => (
  <section>
    <h2>Earlier checks</h2>
    <Table label="Earlier checks" head={["When", "By", "Result"]}>
      {list.map((x) => (
        <tr>
          <td>
            <Ago at={x.at} />
          </td>
          <td data-th="By">{x.byName}</td>
          <td class="wrap">
            <a href={`/audit/checks/${x.id}`}>{x.says}</a>
          </td>
        </tr>
      ))}
    </Table>
  </section>
);
export const AuditCheck = ({ check: c, earlier }: { check: CheckSaid; earlier: readonly CheckSaid[] }) => (
  <>
    <PageHead title="Check of the audit log" sub="Every number once, every event after the one before it, every content as it was hashed.">
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
      <CheckFacts check={c} />
    </section>
    {c.findings.length === 0 ? null : <Findings check={c} />}
    {earlier.length === 0 ? null : <Earlier list={earlier} />}
    <p class="muted">
      This check trusts the database it reads. What was exported earlier, or lies with somebody else, proves more: compare the head.
    </p>
  </>
);
