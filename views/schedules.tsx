/**
 * Password changes by the calendar: the list, the days to come, one schedule and its runs. Rule: the next run is what the row says; one that is
 * paused or over shows none.
 */
import type { Schedule } from "../src/domain/schedule.ts";
import { WhoWasTold, type ToldView } from "./delivery-log.tsx";
import { BulkBadge, count } from "./bulk-words.tsx";
import { BulkProgress, type BulkView } from "./bulk.tsx";
import { Ago, Badge, Empty, Facts, PageHead, Press, Table, type Tone } from "./parts.tsx";

export type ScheduleView = {
  readonly schedule: Schedule;
  readonly byName: string;
  readonly moves: readonly ("pause" | "resume" | "end")[];
  /** "every 2 weeks from …": computed where the calendar is. */
  readonly says: string;
  readonly nextText: string | null;
};
export type PlannedView = { readonly id: string; readonly name: string; readonly at: Date; readonly text: string };
const STATE: Record<Schedule["state"], readonly [Tone, string]> = {
  active: ["ok", "active"],
  paused: ["warn", "paused"],
  ended: ["quiet", "over"],
};
export const ScheduleBadge = ({ state }: { state: Schedule["state"] }) => <Badge tone={STATE[state][0]}>{STATE[state][1]}</Badge>;

const Next = ({ v }: { v: ScheduleView }) =>
  v.schedule.state === "active" ? (
    <>
      <Ago at={v.schedule.nextAt} />
      <small class="muted block">{v.nextText}</small>
    </>
  ) : (
    <span class="muted">none</span>
  );

/** By day of the schedule's own wall; a day without a run has no line. */
const Calendar = ({ planned }: { planned: readonly PlannedView[] }) => {
  const days = [...new Set(planned.map((p) => p.text.slice(0, 14)))];
  return (
    <section class="card flat">
      <header>
        <h2>The next days</h2>
      </header>
      {days.length === 0 ? (
        <p class="muted">Nothing is due in the next 31 days.</p>
      ) : (
        <dl class="facts">
          {days.map((d) => (
            <div>
              <dt>{d}</dt>
              <dd>
                {planned
                  .filter((p) => p.text.startsWith(d))
                  .map((p) => (
                    <a class="block wrap" href={`/schedules/${p.id}`}>
                      {p.text.slice(15)} {p.name}
                    </a>
                  ))}
              </dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
};

const Rows = ({ list }: { list: readonly ScheduleView[] }) => (
  <Table label="Schedules" head={["Name", "State", "Next run", "When", "Last run", "By"]} list>
    {list.map((v) => (
      <tr>
        <td>
          <a href={`/schedules/${v.schedule.id}`}>
            <b class="wrap">{v.schedule.name}</b>
          </a>
        </td>
        <td>
          <ScheduleBadge state={v.schedule.state} />
        </td>
        <td data-th="Next run">
          <Next v={v} />
        </td>
        <td class="wrap">{v.says}</td>
        <td data-th="Last run">
          <Ago at={v.schedule.lastRun} />
        </td>
        <td data-th="By">{v.byName}</td>
      </tr>
    ))}
  </Table>
);
type ListProps = { readonly list: readonly ScheduleView[]; readonly planned: readonly PlannedView[]; readonly makes: boolean };
export const Schedules = ({ list, planned, makes }: ListProps) => (
  <>
    <PageHead title="Schedules" sub="Passwords changed by the calendar.">
      <a class="button small quiet" href="/bulk">
        Bulk changes
      </a>
      {makes ? (
        <a class="button small" href="/schedules/new">
          New schedule
        </a>
      ) : null}
    </PageHead>
    {list.length === 0 ? (
      <Empty title="No schedule yet">
        {makes ? (
          <>
            <a href="/schedules/new">Make one</a>: which accounts, when, and in which hours.
          </>
        ) : (
          "Admins and owners schedule password changes; each is listed here."
        )}
      </Empty>
    ) : (
      <>
        <Rows list={list} />
        <Calendar planned={planned} />
      </>
    )}
  </>
);

const about = ({ choice: c }: Schedule): string =>
  [
    c.search === "" ? "" : `what “${c.search}” finds`,
    c.groups.length > 0 ? `groups ${c.groups.join(", ")}` : "",
    c.targets.length > 0 ? `targets ${c.targets.join(", ")}` : "",
    c.accounts.length > 0 ? count(c.accounts.length, "single account") : "",
  ]
    .filter(Boolean)
    .join("; ");
const MOVE = { pause: ["Pause", "quiet"], resume: ["Go on", ""], end: ["End for good", "danger"] } as const;
type OneProps = {
  readonly v: ScheduleView;
  readonly accounts: number | null;
  readonly runs: readonly BulkView[];
  readonly edits: boolean;
  readonly windowText: string | null;
  readonly told: number;
  readonly nobody: string | null;
  readonly deliveries: ToldView;
};
const Runs = ({ runs }: { runs: readonly BulkView[] }) =>
  runs.length === 0 ? (
    <Empty title="No run yet">Each run is listed here with the result of every account.</Empty>
  ) : (
    <Table label="Runs" head={["Begun", "State", "Progress"]} list>
      {runs.map((r) => (
        <tr>
          <td data-th="Begun">
            <a href={`/bulk/${r.bulk.id}`}>
              <Ago at={r.bulk.at} />
            </a>
          </td>
          <td>
            <BulkBadge bulk={r.bulk} counts={r.counts} />
          </td>
          <td class="wrap">
            <BulkProgress counts={r.counts} />
          </td>
        </tr>
      ))}
    </Table>
  );
const About = ({ v, accounts, windowText, told, nobody }: OneProps) => {
  const s = v.schedule;
  return (
    <Facts
      rows={[
        ["State", <ScheduleBadge state={s.state} />],
        ["Next run", <Next v={v} />],
        ["Last run", <Ago at={s.lastRun} />],
        [
          "About",
          <span class="wrap">
            {about(s)}
            {accounts === null ? "" : `: now ${count(accounts, "account")}`}
          </span>,
        ],
        ["Window", windowText ?? "at any time"],
        ["Tries again", s.terms.retries === 0 ? "no" : `${count(s.terms.retries, "time")}, every ${s.terms.retryMinutes} min`],
        [
          "Tells",
          told === 0
            ? "nobody but its author"
            : `${told}${s.notifyBefore > 0 ? `, also ${s.notifyBefore} min before` : ""}${nobody === null ? "" : `; ${nobody}`}`,
        ],
        ["Why", <span class="wrap">{s.reason}</span>],
        ["Saved by", `${v.byName}: its runs change what they may change`],
      ]}
    />
  );
};
export const SchedulePage = (p: OneProps) => {
  const { v, runs, edits } = p,
    s = v.schedule;
  return (
    <>
      <PageHead title={<span class="wrap">{s.name}</span>} sub={v.says}>
        <a class="button small quiet" href="/schedules">
          All schedules
        </a>
        {edits && s.state !== "ended" ? (
          <a class="button small" href={`/schedules/${s.id}/edit`}>
            Change
          </a>
        ) : null}
      </PageHead>
      <section class="card">
        <About {...p} />
        {v.moves.length === 0 ? null : (
          <footer class="moves">
            {v.moves.map((m) => (
              <Press action={`/schedules/${s.id}/${m}`} look={MOVE[m][1]}>
                {MOVE[m][0]}
              </Press>
            ))}
          </footer>
        )}
      </section>
      <h2>Runs</h2>
      <Runs runs={runs} />
      <WhoWasTold {...p.deliveries} />
    </>
  );
};
