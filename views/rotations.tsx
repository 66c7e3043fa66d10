/** Password changes, failures first. Rule: what needs a person stands on top with what to do; colour never carries a meaning alone. */
import type { Child } from "hono/jsx";
import { Runs, type RunLine } from "./dependent-runs.tsx";
import { ToAccept, type DependentLine } from "./dependents.tsx";
import { OutcomeBadge, TRIGGER, type RotationFacts } from "./rotation-card.tsx";
import { Ago, Empty, PageHead, Table } from "./parts.tsx";

export type DayOfTrend = { readonly day: string; readonly committed: number; readonly refused: number };
export type BoardFacts = {
  readonly dead: readonly RotationFacts[];
  readonly doubt: readonly RotationFacts[];
  readonly refused: readonly RotationFacts[];
  readonly waiting: readonly RotationFacts[];
  readonly running: readonly RotationFacts[];
  /** For the end of a use; nothing is being changed. */
  readonly ordered: readonly RotationFacts[];
  readonly recent: readonly RotationFacts[];
  readonly trend: readonly DayOfTrend[];
  readonly dependents: readonly RunLine[];
  readonly toAccept: readonly DependentLine[];
};

const HIGH = 48,
  STEP = 14;
/** Two bars a day on one scale: proven above, refused in its foot. */
const Trend = ({ days }: { days: readonly DayOfTrend[] }) => {
  const most = Math.max(1, ...days.map((d) => d.committed + d.refused)),
    done = days.reduce((n, d) => n + d.committed, 0),
    not = days.reduce((n, d) => n + d.refused, 0),
    high = (n: number) => Math.round((n / most) * HIGH * 10) / 10;
  return (
    <figure class="trend">
      <svg
        viewBox={`0 0 ${days.length * STEP} ${HIGH}`}
        preserveAspectRatio="xMinYMid"
        role="img"
        aria-label={`${done} changed and ${not} unchanged in ${days.length} days`}
      >
        {days.map((d, i) => (
          <g>
            <title>{`${d.day}: ${d.committed} changed, ${d.refused} unchanged`}</title>
            <rect class="base" x={i * STEP} y={HIGH - 1} width={STEP - 3} height={1} />
            <rect class="good" x={i * STEP} y={HIGH - high(d.committed + d.refused)} width={STEP - 3} height={high(d.committed)} />
            <rect class="bad" x={i * STEP} y={HIGH - high(d.refused)} width={STEP - 3} height={high(d.refused)} />
          </g>
        ))}
      </svg>
      <figcaption class="muted">
        Last {days.length} days: <b>{done}</b> changed, <b>{not}</b> unchanged, at most {most} a day.
      </figcaption>
    </figure>
  );
};

const Rows = ({ list, label }: { list: readonly RotationFacts[]; label: string }) => (
  <Table label={label} head={["Account", "Outcome", "Because of", "Opened", "What to do"]} list>
    {list.map((f) => (
      <tr>
        <td>
          <a class="wrap" href={`/rotations/${f.rotation.id}`}>
            {f.account}
          </a>
        </td>
        <td>
          <OutcomeBadge outcome={f.outcome} />
        </td>
        <td>
          {TRIGGER[f.rotation.trigger]}
          {"why" in f.outcome && f.outcome.why ? <small class="muted block wrap">{f.outcome.why}</small> : null}
        </td>
        <td>
          <Ago at={f.openedAt} />
        </td>
        <td class="wrap">{f.advice?.says ?? ""}</td>
      </tr>
    ))}
  </Table>
);
type Titled = { readonly title: string; readonly says: string };
const Counted = ({ title, says, count, children }: Titled & { count: number; children: Child }) =>
  count === 0 ? null : (
    <section>
      <h2>
        {title} <span class="count">{count}</span>
      </h2>
      <p class="muted">{says}</p>
      {children}
    </section>
  );
const Part = ({ list, ...o }: Titled & { list: readonly RotationFacts[] }) => (
  <Counted {...o} count={list.length}>
    <Rows list={list} label={o.title} />
  </Counted>
);
const Followed = ({ list, ...o }: Titled & { list: readonly RunLine[] }) => (
  <Counted {...o} count={list.length}>
    <Runs list={list} whose />
  </Counted>
);

export const RotationsPage = ({ board: b }: { board: BoardFacts }) => {
  const failed = b.dependents.filter((l) => l.run.state !== "waiting"),
    waits = b.dependents.filter((l) => l.run.state === "waiting"),
    bad = b.dead.length + b.doubt.length + b.refused.length + failed.length;
  return (
    <>
      <PageHead
        title="Password changes"
        sub={bad === 0 ? "Nothing has failed, nothing is in doubt." : `${bad} need a look; the worst first.`}
      >
        <a class="button small quiet" href="/password-policies/violations">
          Policy violations
        </a>
      </PageHead>
      <Trend days={b.trend} />
      <div class="stack">
        <Part title="Needs a person" says="The broker tried long enough. Both passwords are kept; the account is given to nobody." list={b.dead} />
        <Followed title="Dependents that need a person" says="The password was changed; what depends on it did not follow." list={failed} />
        <Part title="Being settled" says="Sent, and the outcome is not known yet." list={b.doubt} />
        <Part title="Unchanged" says="Their last change did not happen; the old password is in force." list={b.refused} />
        <Followed title="Dependents that wait" says="Their target is away, or they wait for one that failed." list={waits} />
        {b.toAccept.length === 0 ? null : (
          <section>
            <h2>
              Dependents to accept <span class="count">{b.toAccept.length}</span>
            </h2>
            <p class="muted">What runs on a target with a password is code: nothing of it is done before you have looked at it.</p>
            <ToAccept list={b.toAccept} />
          </section>
        )}
        <Part title="Waiting" says="Not sent yet; tried again by itself." list={b.waiting} />
        <Part title="Under way" says="Being changed right now." list={b.running} />
        <Part title="For the end of a use" says="Their agents have the new password, or take it soon; nothing changes yet." list={b.ordered} />
        {b.recent.length > 0 ? (
          <Part title="Changed lately" says="Proven by a login, or by the target's own hash." list={b.recent} />
        ) : bad + b.waiting.length + b.running.length + b.ordered.length === 0 ? (
          <Empty title="No password was changed yet">Adopt an account on its page: the first two changes make it managed.</Empty>
        ) : null}
      </div>
    </>
  );
};
